"""Requests that the gateway refuses the way IB refuses an account without the entitlement.

Invariant: a refusal carries IB's own code for it. Everything else that the tables know is answered by other modules.
"""

from typing import Final

from tradetui.gateway.session import codes
from tradetui.gateway.session.client import ClientSession
from tradetui.gateway.session.handlers import Handler, HandlerTable, request_id
from tradetui.gateway.wire import requests as ask
from tradetui.gateway.wire.record import Record


def _refuse(code: int, text: str) -> Handler:
    def refuse(client: ClientSession, request: Record) -> None:
        client.error(request_id(request), code, text)

    return refuse


def _nothing_to_end(_client: ClientSession, _request: Record) -> None:
    """The subscription was refused, so its end needs no answer."""


_NOT_ADVISOR: Final = _refuse(codes.VALIDATING, codes.invalid("Not a financial advisor account"))
_STARTED: Final = _refuse(codes.VALIDATING, codes.invalid("The API session has been started already"))
_NO_WSH: Final = _refuse(codes.NO_WSH, "News feed is not allowed.")

HANDLERS: Final[HandlerTable] = {
    ask.START_API: _STARTED,
    ask.REQUEST_FA: _NOT_ADVISOR,
    ask.REPLACE_FA: _NOT_ADVISOR,
    ask.REQ_FUNDAMENTALS: _refuse(codes.NO_FUNDAMENTALS, "Fundamentals data is not available for this security"),
    ask.CANCEL_FUNDAMENTALS: _nothing_to_end,
    ask.REQ_WSH_META: _NO_WSH,
    ask.CANCEL_WSH_META: _nothing_to_end,
    ask.REQ_WSH_EVENTS: _NO_WSH,
    ask.CANCEL_WSH_EVENTS: _nothing_to_end,
}
