"""Faults for any message: the building blocks for what the catalogue does not name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from tradetui.gateway.control.command import CommandError
from tradetui.gateway.faults.fault import Fault, Parameter
from tradetui.gateway.faults.injection import Injection
from tradetui.gateway.session.client import ClientSession
from tradetui.gateway.session.dispatch import perform
from tradetui.gateway.wire.message import Message
from tradetui.gateway.wire.record import Record
from tradetui.gateway.wire.schema import F, Node

_REQUEST: Final = Parameter("message", None, "name or number of the request")
_REPLY: Final = Parameter("message", None, "name or number of the reply")


def swallow_request(fault: Injection) -> None:
    """A request is lost, or acts later."""
    message, seconds = fault.request_named("message"), fault.number("seconds")

    def hook(client: ClientSession, request: Record) -> bool:
        if not fault.acts(client, request.text("symbol"), request.integer("orderId") or 0):
            return False
        if seconds > 0:
            fault.later(seconds, lambda: perform(client, message, request))
        return True

    fault.on_request(message, hook)


def refuse_request(fault: Injection) -> None:
    """A request is answered with an error instead of being done."""
    refuse(fault, fault.request_named("message"), fault.integer("code"), fault.text("text"))


def refuse(fault: Injection, message: Message, code: int, text: str, reject_json: str = "") -> None:
    """Answer requests of one kind with an error code."""

    def hook(client: ClientSession, request: Record) -> bool:
        if not fault.acts(client, request.text("symbol"), request.integer("orderId") or 0):
            return False
        client.error(identity_of(request), code, text, reject_json)
        return True

    fault.on_request(message, hook)


def identity_of(request: Record) -> int | None:
    """The request or order id under which a request is answered."""
    return request.integer("reqId" if "reqId" in request else "orderId")


def repeat_reply(fault: Injection) -> None:
    """A reply is sent several times, or not at all."""
    times = fault.integer("times")

    def hook(client: ClientSession, _message: Message, frame: bytes) -> Sequence[bytes] | None:
        return (frame,) * times if fault.acts(client) else None

    fault.on_frames(hook, fault.reply_named("message"))


def change_reply(fault: Injection) -> None:
    """One field of a reply says something else."""
    message, name, text = fault.reply_named("message"), fault.text("field"), fault.text("value")
    kind = next((node.kind for node in _fields(message.nodes) if node.name == name), None)
    if kind is None:
        raise CommandError(f"{message.name} has no plain field {name!r}")
    try:
        value = kind.decode(text)
    except ValueError:
        raise CommandError(f"value {text!r} is not {kind.name}") from None

    def change(client: ClientSession, record: Record) -> Iterable[Record] | None:
        if not fault.acts(client, record.text("symbol")):
            return None
        record[name] = value
        return (record,)

    fault.on_reply(message, change)


def _fields(nodes: Iterable[Node]) -> Iterable[F]:
    return (node for node in nodes if isinstance(node, F))


GENERAL: Final = (
    Fault(
        "G1",
        "swallow_request",
        "a request vanishes: nothing happens, nothing is answered",
        swallow_request,
        (_REQUEST, Parameter("seconds", 0.0, "market seconds after which it acts after all (0: never)")),
    ),
    Fault(
        "G2",
        "refuse_request",
        "a request is answered with an error code instead of being done",
        refuse_request,
        (_REQUEST, Parameter("code", 0.0, "the code"), Parameter("text", "injected", "the text")),
    ),
    Fault(
        "G3",
        "repeat_reply",
        "a reply is sent several times, or never",
        repeat_reply,
        (_REPLY, Parameter("times", 0.0, "how often (0: never)")),
    ),
    Fault(
        "G4",
        "change_reply",
        "one field of a reply says something else",
        change_reply,
        (_REPLY, Parameter("field", None, "its name"), Parameter("value", "", "what it says")),
    ),
)
