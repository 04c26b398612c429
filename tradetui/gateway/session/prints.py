"""Requests for tick-by-tick data.

Invariant: a request id is one subscription; a refused one gets IB's code and leaves nothing behind.
"""

from typing import Final

from tradetui.gateway.session import codes
from tradetui.gateway.session.client import ClientSession
from tradetui.gateway.session.contracts import contract_query, resolve
from tradetui.gateway.session.handlers import HandlerTable, request_id
from tradetui.gateway.session.print_board import KINDS, PrintLine
from tradetui.gateway.wire import requests as ask
from tradetui.gateway.wire.record import Record


def tick_by_tick(client: ClientSession, request: Record) -> None:
    """Every print, or every change of the quote, of one instrument."""
    identity = request_id(request)
    board = client.hub.prints
    kind = KINDS.get(request.text("tickType"))
    if kind is None:
        client.error(identity, codes.VALIDATING, codes.invalid(f"Invalid tick type {request.text('tickType')}"))
        return
    if board.has(client, identity):
        client.error(identity, codes.DUPLICATE_TICKER, codes.DUPLICATE_TEXT)
        return
    if 0 < client.hub.settings.max_tick_by_tick <= board.count(client):
        client.error(identity, codes.TICK_BY_TICK_LIMIT, "Max number of tick-by-tick requests has been reached.")
        return
    details = resolve(client, identity, contract_query(request))
    if details is None:
        return
    contract = details.contract
    client.hub.market.open(contract.con_id)
    board.subscribe(
        PrintLine(client, identity, contract.con_id, kind, request.flag("ignoreSize"), contract.primary_exchange)
    )


def cancel_tick_by_tick(client: ClientSession, request: Record) -> None:
    """End one subscription."""
    identity = request_id(request)
    if not client.hub.prints.unsubscribe(client, identity):
        client.error(identity, codes.NO_TICKER, f"Can't find EId with tickerId:{identity}")


HANDLERS: Final[HandlerTable] = {
    ask.REQ_TICK_BY_TICK: tick_by_tick,
    ask.CANCEL_TICK_BY_TICK: cancel_tick_by_tick,
}
