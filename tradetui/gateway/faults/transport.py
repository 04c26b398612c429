"""Faults of the connection itself (T1 to T11): refused, mute, half-open, cut, garbled, slow.

Durations here are wall seconds, as a network has no market time, except the delay of a reply.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from functools import partial
from typing import Final

from tradetui.gateway.faults.fault import Fault, Parameter
from tradetui.gateway.faults.injection import Injection
from tradetui.gateway.session.client import ClientSession
from tradetui.gateway.session.connection import Connection
from tradetui.gateway.session.faults import Admission
from tradetui.gateway.wire.framing import frame as framed
from tradetui.gateway.wire.framing import split_fields
from tradetui.gateway.wire.message import Message

_MESSAGE: Final = Parameter("message", None, "name or number of the reply")
#: A length no client can accept: the largest that fits in 31 bits.
_OVERSIZE: Final = b"\x7f\xff\xff\xff"


def refuse_connections(fault: Injection) -> None:
    """Close the port for a while."""
    fault.gateway.close_port(fault.number("seconds"))
    fault.end()


def close_on_accept(fault: Injection) -> None:
    """Accept, then close."""
    fault.admit(Admission.RESET if fault.flag("reset") else Admission.CLOSE)


def mute_handshake(fault: Injection) -> None:
    """Accept, never answer."""
    fault.admit(Admission.MUTE)


def no_login(fault: Injection) -> None:
    """Answer the handshake, never become ready."""
    fault.admit(Admission.HALF_LOGIN if fault.flag("half") else Admission.NO_LOGIN)


def half_open(fault: Injection) -> None:
    """Neither read nor write while every socket stays open."""
    for connection in _connections(fault):
        connection.silence(True)
        fault.at_end(partial(connection.silence, False))
    seconds = fault.number("seconds")
    if seconds > 0:
        fault.later_by_wall(seconds, fault.end)


def reset_mid_frame(fault: Injection) -> None:
    """Send half a reply, then reset the connection."""

    def cut(client: ClientSession, _message: Message, frame: bytes) -> Sequence[bytes] | None:
        if not fault.acts(client):
            return None
        for connection in _connections(fault):
            if connection.client is client:
                _linger_not(connection)
        client.outbox.break_off(frame[: len(frame) // 2])
        return ()

    name = fault.text("message")
    fault.on_frames(cut, *([fault.reply_named("message")] if name else []))


def split_writes(fault: Injection) -> None:
    """Write a few bytes at a time."""
    size = fault.integer("size")

    def cut_up(connection: Connection) -> None:
        connection.outbox.piece = size

    for connection in tuple(fault.gateway.connections):
        cut_up(connection)
    fault.on_connection(cut_up)
    fault.at_end(lambda: _write_whole(fault))


def _write_whole(fault: Injection) -> None:
    for connection in tuple(fault.gateway.connections):
        connection.outbox.piece = 0


def garble_reply(fault: Injection) -> None:
    """Spoil one field, cut fields off, or add some."""
    message, at, cut = fault.reply_named("message"), fault.integer("position"), fault.integer("cut")

    def spoil(client: ClientSession, _message: Message, frame: bytes) -> Sequence[bytes] | None:
        if not fault.acts(client):
            return None
        fields = split_fields(frame[4:])
        if 0 < at < len(fields):
            fields[at] = fault.text("text")
        fields = fields[: max(len(fields) - cut, 1)] + ["0"] * fault.integer("extra")
        return (framed("".join(f"{field}\0" for field in fields).encode()),)

    fault.on_frames(spoil, message)


def oversize_length(fault: Injection) -> None:
    """Announce a message that no client may accept."""
    for client in fault.clients():
        if fault.acts(client):
            client.outbox.put(_OVERSIZE)
    fault.end()


def slow_reply(fault: Injection) -> None:
    """Hold a reply back, or lose it."""
    seconds = fault.number("seconds")

    def hold(client: ClientSession, _message: Message, frame: bytes) -> Sequence[bytes] | None:
        if not fault.acts(client):
            return None
        if seconds > 0:
            fault.later(seconds, lambda: client.outbox.put(frame))
        return ()

    fault.on_frames(hold, fault.reply_named("message"))


def _connections(fault: Injection) -> list[Connection]:
    wanted = fault.integer("client")
    return [
        connection
        for connection in tuple(fault.gateway.connections)
        if wanted == -1 or (connection.client is not None and connection.client.client_id == wanted)
    ]


def _linger_not(connection: Connection) -> None:
    plug = connection.transport.get_extra_info("socket")
    if plug is not None:
        # With no time to linger, closing resets the connection instead of ending it in good order.
        plug.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")


TRANSPORT: Final = (
    Fault(
        "T1",
        "refuse_connections",
        "the port is closed: connecting is refused",
        refuse_connections,
        (Parameter("seconds", 5.0, "wall seconds until it listens again"),),
    ),
    Fault(
        "T2",
        "close_on_accept",
        "a new connection is accepted and closed at once",
        close_on_accept,
        (Parameter("reset", False, "reset it instead of closing it in good order"),),
        1,
    ),
    Fault("T3", "mute_handshake", "a new connection is accepted and never answered", mute_handshake, (), 1),
    Fault(
        "T4",
        "no_login",
        "the handshake is answered, account list and order id never come",
        no_login,
        (Parameter("half", False, "the account list comes, the order id does not"),),
        1,
    ),
    Fault(
        "T5",
        "half_open",
        "sockets stay open, nothing is read or written any more",
        half_open,
        (Parameter("seconds", 0.0, "wall seconds until all of it arrives after all (0: never)"),),
    ),
    Fault(
        "T6",
        "reset_mid_frame",
        "a reply breaks off in the middle and the connection is reset",
        reset_mid_frame,
        (Parameter("message", "", "which reply (default: the next one)"),),
        1,
    ),
    Fault(
        "T7",
        "split_writes",
        "everything is written a few bytes at a time",
        split_writes,
        (Parameter("size", 1.0, "bytes per write"),),
    ),
    Fault(
        "T8",
        "stall",
        "nothing moves for a while, then all of it arrives at once",
        half_open,
        (Parameter("seconds", 20.0, "wall seconds"),),
    ),
    Fault(
        "T9",
        "garble_reply",
        "a reply has a spoilt field, or too few or too many fields",
        garble_reply,
        (
            _MESSAGE,
            Parameter("position", 0.0, "number of the field to spoil (the message id is 0)"),
            Parameter("text", "garbage", "what stands there instead"),
            Parameter("cut", 0.0, "fields cut off at the end"),
            Parameter("extra", 0.0, "fields added at the end"),
        ),
        1,
    ),
    Fault("T10", "oversize_length", "a message announces an impossible length", oversize_length),
    Fault(
        "T11",
        "slow_reply",
        "a reply (an end marker, say) comes late or never",
        slow_reply,
        (_MESSAGE, Parameter("seconds", 0.0, "market seconds late (0: never)")),
        1,
    ),
)
