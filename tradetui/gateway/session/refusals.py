"""Requests that the gateway refuses the way IB refuses an account without the entitlement.

Invariant: every request the tables know is either handled or refused here; none is met with silence.
"""

from typing import Final

from tradetui.gateway.session import codes
from tradetui.gateway.session.client import ClientSession
from tradetui.gateway.session.handlers import Handler, HandlerTable, request_id
from tradetui.gateway.wire import requests as ask
from tradetui.gateway.wire.message import Message
from tradetui.gateway.wire.record import Record


def _refuse(code: int, text: str) -> Handler:
    def refuse(client: ClientSession, request: Record) -> None:
        client.error(request_id(request), code, text)

    return refuse


def _nothing_to_end(_client: ClientSession, _request: Record) -> None:
    """The subscription was refused, so its end needs no answer."""


_NOT_ADVISOR: Final = _refuse(codes.VALIDATING, codes.invalid("Not a financial advisor account"))
_UNSUPPORTED: Final = _refuse(codes.VALIDATING, codes.invalid("Not supported by this gateway"))
_NO_WSH: Final = _refuse(codes.NO_WSH, "News feed is not allowed.")

_REFUSED: Final[dict[Message, Handler]] = {
    ask.REQUEST_FA: _NOT_ADVISOR,
    ask.REPLACE_FA: _NOT_ADVISOR,
    ask.REQ_FUNDAMENTALS: _refuse(codes.NO_FUNDAMENTALS, "Fundamentals data is not available for this security"),
    ask.REQ_WSH_META: _NO_WSH,
    ask.REQ_WSH_EVENTS: _NO_WSH,
}
_ENDED: Final = tuple(message for message in ask.REQUESTS.values() if message.name.startswith("cancel"))

HANDLERS: Final[HandlerTable] = {
    **dict.fromkeys(ask.REQUESTS.values(), _UNSUPPORTED),
    **dict.fromkeys(_ENDED, _nothing_to_end),
    **_REFUSED,
}
"""The fallback table: handlers of other modules replace its entries."""
