"""Tick-by-tick data: every print or every change of the quote, one message each, with its exact second.

Invariant: a slow client loses none of these: they are a record, not a picture.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tradetui.domain.clock import SECOND_NS
from tradetui.gateway.market.events import MarketEvent, Quote, Trade
from tradetui.gateway.session.client import ClientSession
from tradetui.gateway.wire.record import Value
from tradetui.gateway.wire.replies_market import TICK_BY_TICK

LAST, ALL_LAST, BID_ASK, MID_POINT = 1, 2, 3, 4
KINDS: Final = {"Last": LAST, "AllLast": ALL_LAST, "BidAsk": BID_ASK, "MidPoint": MID_POINT}


@dataclass(slots=True)
class PrintLine:
    """One subscription. `ignore_size` leaves out quotes that change sizes only."""

    client: ClientSession
    request_id: int
    con_id: int
    kind: int
    ignore_size: bool
    exchange: str
    told: tuple[float, ...] = ()


class PrintBoard:
    """All tick-by-tick subscriptions, by instrument."""

    def __init__(self) -> None:
        self._lines: dict[int, list[PrintLine]] = {}
        self._by_request: dict[tuple[ClientSession, int], PrintLine] = {}

    def has(self, client: ClientSession, request_id: int) -> bool:
        """Whether the client already uses this request id."""
        return (client, request_id) in self._by_request

    def con_id(self, client: ClientSession, request_id: int) -> int | None:
        """The instrument of one subscription."""
        line = self._by_request.get((client, request_id))
        return None if line is None else line.con_id

    def count(self, client: ClientSession) -> int:
        """Number of subscriptions the client holds."""
        return sum(1 for owner, _ in self._by_request if owner is client)

    def subscribe(self, line: PrintLine) -> None:
        """Follow from here."""
        self._by_request[line.client, line.request_id] = line
        self._lines.setdefault(line.con_id, []).append(line)

    def unsubscribe(self, client: ClientSession, request_id: int) -> bool:
        """End one subscription; False if there is none."""
        line = self._by_request.pop((client, request_id), None)
        if line is None:
            return False
        self._lines[line.con_id].remove(line)
        return True

    def drop(self, client: ClientSession) -> None:
        """End every subscription of a client."""
        for owner, request_id in [key for key in self._by_request if key[0] is client]:
            self.unsubscribe(owner, request_id)

    def take(self, event: MarketEvent) -> None:
        """Tell one market event to those who record it."""
        for line in self._lines.get(event.con_id, ()):
            values = _quote_tick(line, event) if isinstance(event, Quote) else _trade_tick(line, event)
            if values is not None:
                line.client.send(
                    TICK_BY_TICK, reqId=line.request_id, tickType=line.kind, time=event.time_ns // SECOND_NS, **values
                )


def _trade_tick(line: PrintLine, trade: Trade) -> dict[str, Value] | None:
    if line.kind not in (LAST, ALL_LAST):
        return None
    return {"price": trade.price, "size": trade.size, "exchange": line.exchange}


def _quote_tick(line: PrintLine, quote: Quote) -> dict[str, Value] | None:
    if line.kind == MID_POINT:
        middle = (quote.bid + quote.ask) / 2
        return {"mid": middle} if _is_news(line, (middle,)) else None
    if line.kind != BID_ASK:
        return None
    picture = (quote.bid, quote.ask) if line.ignore_size else (quote.bid, quote.ask, quote.bid_size, quote.ask_size)
    if not _is_news(line, picture):
        return None
    return {"bid": quote.bid, "ask": quote.ask, "bidSize": quote.bid_size, "askSize": quote.ask_size}


def _is_news(line: PrintLine, picture: tuple[float, ...]) -> bool:
    if picture == line.told:
        return False
    line.told = picture
    return True
