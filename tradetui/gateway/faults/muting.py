"""Silence and death of market data: frames kept back for a time, and subscriptions that end without a word.

Invariant: only market data is touched; orders, executions and account figures pass.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tradetui.gateway.faults.injection import Injection
from tradetui.gateway.session.client import ClientSession
from tradetui.gateway.session.hub import Hub
from tradetui.gateway.wire import replies_market as reply
from tradetui.gateway.wire.message import Message

TICKS: Final = (
    reply.TICK_PRICE,
    reply.TICK_SIZE,
    reply.TICK_GENERIC,
    reply.TICK_STRING,
    reply.TICK_OPTION,
    reply.TICK_BY_TICK,
    reply.DEPTH,
    reply.DEPTH_L2,
)
BARS: Final = (reply.HISTORY_UPDATE, reply.REALTIME_BAR)
#: Where a message of market data carries its request id, after the message id.
_REQUEST_AT: Final = {
    reply.TICK_PRICE.id: 2,
    reply.TICK_SIZE.id: 2,
    reply.TICK_GENERIC.id: 2,
    reply.TICK_STRING.id: 2,
    reply.DEPTH.id: 2,
    reply.DEPTH_L2.id: 2,
    reply.REALTIME_BAR.id: 2,
}


def request_of(message: Message, frame: bytes) -> int:
    """The request id in a frame of market data."""
    at = _REQUEST_AT.get(message.id, 1)
    return int(frame[4:].split(b"\0", at + 1)[at])


def symbol_of(hub: Hub, client: ClientSession, request_id: int) -> str:
    """The symbol that a market data request of a client is about; empty if it is not known."""
    con_id = hub.con_id_of(client, request_id)
    return next((each.symbol for each in hub.market.contracts() if each.con_id == con_id), "")


def mute(fault: Injection, messages: Sequence[Message]) -> None:
    """Keep market data of the fault's client and symbol back until the fault ends; it is lost, not late."""
    wanted = fault.text("symbol").upper()

    def hook(client: ClientSession, message: Message, frame: bytes) -> Sequence[bytes] | None:
        if fault.integer("client") not in (-1, client.client_id):
            return None
        if wanted and symbol_of(fault.hub, client, request_of(message, frame)) != wanted:
            return None
        return ()

    fault.on_frames(hook, *messages)


def stop_streams(hub: Hub, client: ClientSession) -> None:
    """End every market data subscription of a client without telling it."""
    hub.ticks.drop(client)
    hub.prints.drop(client)
    hub.bars.drop(client)
