"""Trades to bars: the same aggregator live, in simulation and in tests.

Invariants: the bars depend on the sequence of trades alone, never on how it is cut into calls; the bars of one size do
not depend on which other sizes are built; a closed bar never changes. No clock in here: time comes with the calls.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tradetui.domain.bar import Bar, BarSize
from tradetui.domain.events import BarClosed, BarSource
from tradetui.domain.tick import Quote, Trade
from tradetui.marketdata.calendar import TradingCalendar
from tradetui.marketdata.intervals import interval_at

#: A gap that has not ended yet ends here.
_NEVER = 2**63 - 1

#: Gaps remembered per symbol; beyond it the oldest two become one, which can only flag too many bars.
_MAX_GAPS = 64


@dataclass(slots=True)
class AggregatorCounts:
    """Trades that made no bar: `late` for a bar already closed, `outside` regular hours."""

    late: int = 0
    outside: int = 0


@dataclass(slots=True)
class _Gap:
    from_ns: int
    to_ns: int = _NEVER


class _Forming:
    """One bar in the making; `end_ns` 0 means none. `floor_ns` is the end of the last closed bar."""

    __slots__ = ("close", "end_ns", "floor_ns", "high", "low", "open", "size", "start_ns", "volume")

    def __init__(self, size: BarSize) -> None:
        self.size = size
        self.start_ns = 0
        self.end_ns = 0
        self.floor_ns = 0
        self.open = self.high = self.low = self.close = self.volume = 0.0

    def begin(self, start_ns: int, end_ns: int, price: float, size: float) -> None:
        """Open the bar [start_ns, end_ns) with its first trade."""
        self.start_ns = start_ns
        self.end_ns = end_ns
        self.open = self.high = self.low = self.close = price
        self.volume = size

    def bar(self, symbol: str) -> Bar:
        """Return the bar as far as it has gone."""
        return Bar(symbol, self.end_ns, self.open, self.high, self.low, self.close, self.volume)

    def clear(self) -> None:
        """Forget the bar that was closed, and refuse whatever comes late for it."""
        self.floor_ns = self.end_ns
        self.start_ns = self.end_ns = 0


class _Stream:
    """One symbol: a forming bar per size, and the gaps of its stream. What came before the first trade is a gap."""

    __slots__ = ("forming", "gaps", "symbol", "unseen")

    def __init__(self, symbol: str, sizes: Sequence[BarSize]) -> None:
        self.symbol = symbol
        self.forming = [_Forming(size) for size in sizes]
        self.gaps = [_Gap(0)]
        self.unseen = True

    def begin_gap(self, at_ns: int) -> None:
        """From `at_ns` on trades may be missing. A gap that is still open goes on."""
        self.unseen = False
        if self.gaps and self.gaps[-1].to_ns == _NEVER:
            return
        self.gaps.append(_Gap(at_ns))
        if len(self.gaps) > _MAX_GAPS:
            self.gaps[0:2] = [_Gap(self.gaps[0].from_ns, self.gaps[1].to_ns)]

    def end_gap(self, at_ns: int) -> None:
        """From `at_ns` on every trade arrives."""
        self.unseen = False
        if self.gaps and self.gaps[-1].to_ns == _NEVER:
            self.gaps[-1].to_ns = max(at_ns, self.gaps[-1].from_ns)

    def is_whole(self, bar: _Forming) -> bool:
        """Return whether no gap touches the bar's interval."""
        return not any(gap.from_ns < bar.end_ns and gap.to_ns > bar.start_ns for gap in self.gaps)

    def forget_old_gaps(self) -> None:
        """Drop gaps that end before every bar that can still come."""
        oldest = min(bar.start_ns or bar.floor_ns for bar in self.forming)
        if self.gaps:
            self.gaps = [gap for gap in self.gaps if gap.to_ns > oldest]


class BarAggregator:
    """Builds bars of several sizes for any number of symbols.

    Bars are aligned with the session open, the last one is cut at the close (early closes too), and an interval
    without a trade has no bar. Trades outside regular hours are counted and ignored unless `regular_hours` is False.
    """

    def __init__(self, calendar: TradingCalendar, sizes: Sequence[BarSize], *, regular_hours: bool = True) -> None:
        self._calendar = calendar
        self._sizes = tuple(sorted(set(sizes), key=lambda size: size.seconds))
        self._regular_hours = regular_hours
        self._streams: dict[str, _Stream] = {}
        self._next_end_ns = _NEVER
        self.counts: dict[str, AggregatorCounts] = {}

    def add(self, trade: Trade) -> list[BarClosed]:
        """Take one trade; return the bars it closed, shortest size first."""
        closed: list[BarClosed] = []
        self._take(trade, closed)
        return closed

    def add_all(self, trades: Iterable[Trade]) -> list[BarClosed]:
        """Take trades in order of arrival; return the bars they closed, in order."""
        closed: list[BarClosed] = []
        for trade in trades:
            self._take(trade, closed)
        return closed

    def close_due(self, market_now_ns: int, grace_ns: int = 0) -> list[BarClosed]:
        """Close every bar that ended at or before `market_now_ns - grace_ns`; return them in order of their end.

        The grace lets trades on their way still count; one that comes later is dropped as late.
        """
        limit_ns = market_now_ns - grace_ns
        if limit_ns < self._next_end_ns:
            return []
        due = [
            (stream, bar)
            for stream in self._streams.values()
            for bar in stream.forming
            if bar.end_ns and bar.end_ns <= limit_ns
        ]
        due.sort(key=lambda pair: pair[1].end_ns)
        closed: list[BarClosed] = []
        for stream, bar in due:
            _close(stream, bar, closed)
        ends = (bar.end_ns for stream in self._streams.values() for bar in stream.forming if bar.end_ns)
        self._next_end_ns = min(ends, default=_NEVER)
        return closed

    def mark_gap(self, at_ns: int, symbol: str | None = None) -> None:
        """Say that from market time `at_ns` on trades of `symbol` (None: all) may be missing.

        Every bar that the gap touches is flagged incomplete. Only `mark_live` ends it: a trade proves no completeness.
        """
        for stream in self._chosen(symbol):
            stream.begin_gap(at_ns)

    def mark_live(self, at_ns: int, symbol: str | None = None) -> None:
        """Say that from market time `at_ns` on every trade of `symbol` (None: all known) arrives.

        A symbol never spoken of counts as live from its first trade on, so its first bar is incomplete.
        """
        for stream in self._chosen(symbol):
            stream.end_gap(at_ns)

    def see_quote(self, quote: Quote) -> None:
        """Take note of a symbol's line: a quote without any price says it is dead, the next with one that it lives.

        The connector tells a blank quote when a line was lost or refused, and the first prices once it streams again.
        """
        stream = self._stream(quote.symbol)
        if quote.bid is None and quote.ask is None and quote.last is None:
            stream.begin_gap(quote.ts_ns)
        else:
            stream.end_gap(quote.ts_ns)

    def forming(self, symbol: str, size: BarSize) -> Bar | None:
        """Return the bar in the making, None between bars. For the screen only: it is not closed."""
        stream = self._streams.get(symbol)
        bars = [bar for bar in stream.forming if bar.size is size and bar.end_ns] if stream else []
        return bars[0].bar(symbol) if bars else None

    def _chosen(self, symbol: str | None) -> list[_Stream]:
        return list(self._streams.values()) if symbol is None else [self._stream(symbol)]

    def _stream(self, symbol: str) -> _Stream:
        stream = self._streams.get(symbol)
        if stream is None:
            stream = self._streams[symbol] = _Stream(symbol, self._sizes)
            self.counts[symbol] = AggregatorCounts()
        return stream

    def _take(self, trade: Trade, closed: list[BarClosed]) -> None:
        # The hot path: one trade inside the bars it extends.
        ts_ns = trade.ts_ns
        stream = self._streams.get(trade.symbol) or self._stream(trade.symbol)
        if stream.unseen:
            stream.end_gap(ts_ns)
        price = trade.price
        for bar in stream.forming:
            if bar.start_ns <= ts_ns < bar.end_ns:
                if price > bar.high:
                    bar.high = price
                elif price < bar.low:
                    bar.low = price
                bar.close = price
                bar.volume += trade.size
            else:
                self._cross(stream, bar, trade, closed)

    def _cross(self, stream: _Stream, bar: _Forming, trade: Trade, closed: list[BarClosed]) -> None:
        # The trade lies outside the forming bar: late, outside hours, or the first of a new bar.
        if trade.ts_ns < max(bar.start_ns, bar.floor_ns):
            self.counts[stream.symbol].late += 1
            return
        interval = interval_at(self._calendar, trade.ts_ns, bar.size, regular_hours=self._regular_hours)
        if bar.end_ns:
            _close(stream, bar, closed)
        if interval is None:
            self.counts[stream.symbol].outside += 1
            return
        bar.begin(*interval, trade.price, trade.size)
        self._next_end_ns = min(self._next_end_ns, bar.end_ns)


def _close(stream: _Stream, bar: _Forming, closed: list[BarClosed]) -> None:
    whole = stream.is_whole(bar)
    closed.append(BarClosed(bar.bar(stream.symbol), bar.size.value, BarSource.LIVE, whole))
    bar.clear()
    stream.forget_old_gaps()
