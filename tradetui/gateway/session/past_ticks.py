"""Requests for ticks of the past.

Invariant: the ticks told are those the live stream showed, none of them later than the market's own time.
"""

from typing import Final

from tradetui.gateway.market.events import Quote, Trade
from tradetui.gateway.session import codes, times
from tradetui.gateway.session.client import ClientSession
from tradetui.gateway.session.contracts import contract_query, resolve
from tradetui.gateway.session.handlers import HandlerTable, request_id
from tradetui.gateway.venue.model import Contract
from tradetui.gateway.wire import replies_market as reply
from tradetui.gateway.wire import requests as ask
from tradetui.gateway.wire.message import Message
from tradetui.gateway.wire.record import Record

MAX_TICKS: Final = 1000
"""Most ticks of one answer, apart from the rest of its last second."""
_KINDS: Final = ("TRADES", "MIDPOINT", "BID_ASK")


def historical_ticks(client: ClientSession, request: Record) -> None:
    """Up to a thousand prints, quotes or mid prices from one moment on, or up to one."""
    identity = request_id(request)
    cause = _refusal(request)
    if cause is not None:
        client.error(identity, codes.NO_HISTORICAL_TICKS, f"Failed to request historical ticks:{cause}")
        return
    details = resolve(client, identity, contract_query(request))
    if details is None:
        return
    try:
        start_ns, end_ns = times.parse(request.text("start")), times.parse(request.text("end"))
    except ValueError:
        client.error(identity, codes.BAD_TIME, codes.BAD_TIME_TEXT)
        return
    now_ns = client.hub.now_ns()
    message, rows = _ticks(
        client, details.contract, request, start_ns, min(now_ns if end_ns is None else end_ns, now_ns) + 1
    )
    client.send(message, reqId=identity, ticks=rows, done=True)


def _refusal(request: Record) -> str | None:
    if request.text("what").upper() not in _KINDS:
        return f"Invalid what to show {request.text('what')}"
    if not 0 < (request.integer("count") or 0) <= MAX_TICKS:
        return f"Number of ticks must be between 1 and {MAX_TICKS}"
    if bool(request.text("start").strip()) == bool(request.text("end").strip()):
        return "Specify either start or end time"
    return None


def _ticks(
    client: ClientSession, contract: Contract, request: Record, start_ns: int | None, stop_ns: int
) -> tuple[Message, list[Record]]:
    market, count = client.hub.market, request.integer("count") or 0
    if request.text("what").upper() == "TRADES":
        trades = market.past_trades(contract.con_id, start_ns, stop_ns, count)
        return reply.HISTORICAL_TICKS_LAST, [_trade(trade, contract.primary_exchange) for trade in trades]
    quotes = market.past_quotes(contract.con_id, start_ns, stop_ns, count)
    if request.text("what").upper() == "BID_ASK":
        return reply.HISTORICAL_TICKS_BID_ASK, [_quote(quote) for quote in _news(quotes, request.flag("ignoreSize"))]
    return reply.HISTORICAL_TICKS, [_middle(quote) for quote in quotes]


def _news(quotes: list[Quote], ignore_size: bool) -> list[Quote]:
    """Without sizes, a quote at the prices of the one before it says nothing."""
    if not ignore_size:
        return quotes
    pairs = zip([None, *quotes], quotes, strict=False)
    return [quote for before, quote in pairs if before is None or (before.bid, before.ask) != (quote.bid, quote.ask)]


def _trade(trade: Trade, exchange: str) -> Record:
    return Record(time=times.epoch(trade.time_ns), price=trade.price, size=trade.size, exchange=exchange, conditions="")


def _quote(quote: Quote) -> Record:
    return Record(
        time=times.epoch(quote.time_ns), bid=quote.bid, ask=quote.ask, bidSize=quote.bid_size, askSize=quote.ask_size
    )


def _middle(quote: Quote) -> Record:
    return Record(time=times.epoch(quote.time_ns), price=(quote.bid + quote.ask) / 2, size=0)


HANDLERS: Final[HandlerTable] = {ask.REQ_HISTORICAL_TICKS: historical_ticks}
