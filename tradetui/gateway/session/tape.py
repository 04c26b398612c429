"""The running state of one instrument as L1 subscribers see it: book top, last print, and the session's statistics.

Invariant: volume, high, low and VWAP cover exactly one session and start afresh with the next one's first print.
"""

from __future__ import annotations

from dataclasses import dataclass

from tradetui.gateway.market.events import Quote, Trade
from tradetui.gateway.market.market import Market


@dataclass(slots=True)
class Tape:
    """Prices USD, sizes in shares or contracts, times UTC ns; None before the first event."""

    con_id: int
    bid: float | None = None
    ask: float | None = None
    bid_size: int = 0
    ask_size: int = 0
    last: float | None = None
    last_size: int = 0
    last_ns: int = 0
    open: float | None = None
    high: float | None = None
    low: float | None = None
    previous_close: float | None = None
    volume: int = 0
    turnover: float = 0.0
    weighed: int = 0
    halted: int = 0
    session_close_ns: int = 0

    @classmethod
    def of(cls, market: Market, con_id: int) -> Tape:
        """The tape as the market's already polled events left it."""
        tape = cls(con_id)
        quote = market.quote(con_id)
        if quote is not None:
            tape.bid, tape.ask, tape.bid_size, tape.ask_size = quote.bid, quote.ask, quote.bid_size, quote.ask_size
        stats = market.day_stats(con_id)
        tape.last, tape.last_size, tape.last_ns = stats.last, stats.last_size or 0, stats.last_ns or 0
        tape.open, tape.high, tape.low, tape.volume = stats.open, stats.high, stats.low, stats.volume
        tape.previous_close = stats.previous_close
        if stats.last_ns is not None:
            tape.session_close_ns = market.calendar.current_or_next(stats.last_ns).close_ns
        return tape

    @property
    def vwap(self) -> float | None:
        """Volume-weighted price of the prints seen in this session."""
        return round(self.turnover / self.weighed, 8) if self.weighed else self.last

    def take_quote(self, quote: Quote) -> None:
        """Replace the top of the book."""
        self.bid, self.ask, self.bid_size, self.ask_size = quote.bid, quote.ask, quote.bid_size, quote.ask_size

    def take_trade(self, trade: Trade, market: Market) -> None:
        """Add a print."""
        price = trade.price
        if trade.time_ns >= self.session_close_ns:
            self._start_session(trade, market)
        self.last, self.last_size, self.last_ns = price, trade.size, trade.time_ns
        self.high = price if self.high is None or price > self.high else self.high
        self.low = price if self.low is None or price < self.low else self.low
        self.volume += trade.size
        self.weighed += trade.size
        self.turnover += price * trade.size

    def _start_session(self, trade: Trade, market: Market) -> None:
        self.session_close_ns = market.calendar.current_or_next(trade.time_ns).close_ns
        self.previous_close = market.day_stats(self.con_id).previous_close
        self.open = self.high = self.low = trade.price
        self.volume = self.weighed = 0
        self.turnover = 0.0
