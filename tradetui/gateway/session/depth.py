"""Requests for market depth and for the exchanges that have it.

Invariant: a request id is one subscription; a refused one gets IB's code and leaves nothing behind.
"""

from typing import Final

from tradetui.gateway.session import codes
from tradetui.gateway.session.client import ClientSession
from tradetui.gateway.session.contracts import contract_query, resolve
from tradetui.gateway.session.depth_board import DepthLine
from tradetui.gateway.session.handlers import HandlerTable, request_id
from tradetui.gateway.session.reference import EXCHANGES
from tradetui.gateway.wire import replies_market as reply
from tradetui.gateway.wire import requests as ask
from tradetui.gateway.wire.record import Record, Value

#: Exchanges whose books name who quotes at each row, as at IB.
_WITH_MAKERS: Final = frozenset({"NASDAQ", "ISLAND", "ARCA", "BATS"})
_SMART: Final = "SMART"
_NO_AGGREGATION: Final = 2147483647


def market_depth(client: ClientSession, request: Record) -> None:
    """The rows of one instrument's book, now and as they change."""
    identity = request_id(request)
    board = client.hub.depth
    rows = request.integer("rows") or 0
    if rows < 1:
        client.error(identity, codes.VALIDATING, codes.invalid("Number of rows must be above zero"))
        return
    if board.has(client, identity):
        client.error(identity, codes.DUPLICATE_TICKER, codes.DUPLICATE_TEXT)
        return
    limit = client.hub.settings.max_depth
    if 0 < limit <= board.count(client):
        client.error(identity, codes.MAX_DEPTH, f"Max number ({limit}) of market depth requests has been reached")
        return
    details = resolve(client, identity, contract_query(request))
    if details is None:
        return
    contract = details.contract
    client.hub.market.open(contract.con_id)
    is_smart = request.flag("smartDepth") and contract.exchange == _SMART
    named = is_smart or contract.exchange in _WITH_MAKERS
    maker = contract.primary_exchange if contract.exchange == _SMART else contract.exchange
    board.subscribe(DepthLine(client, identity, contract.con_id, rows, maker if named else "", is_smart))


def cancel_depth(client: ClientSession, request: Record) -> None:
    """End one subscription."""
    identity = request_id(request)
    if not client.hub.depth.unsubscribe(client, identity):
        client.error(identity, codes.NO_DEPTH, f"Can't find the subscribed market depth with tickerId:{identity}")


def depth_exchanges(client: ClientSession, _request: Record) -> None:
    """Where depth can be had, and in which form."""
    rows: Value = [
        Record(
            exchange=exchange,
            secType="STK",
            listingExchange="",
            serviceType="Deep2" if exchange in _WITH_MAKERS else "Deep",
            aggGroup=_NO_AGGREGATION,
        )
        for exchange in EXCHANGES
    ]
    client.send(reply.DEPTH_EXCHANGES, exchanges=rows)


HANDLERS: Final[HandlerTable] = {
    ask.REQ_DEPTH: market_depth,
    ask.CANCEL_DEPTH: cancel_depth,
    ask.REQ_DEPTH_EXCHANGES: depth_exchanges,
}
