"""Closed bars to larger closed bars, with the alignment of live bars.

Why: IB aligns its hour bars with the clock (09:30-10:00, 10:00-11:00), ours begin at the session open.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from tradetui.domain.bar import Bar, BarSize
from tradetui.marketdata.calendar import TradingCalendar
from tradetui.marketdata.intervals import interval_at


def regroup(calendar: TradingCalendar, bars: Iterable[Bar], size: BarSize, *, regular_hours: bool = True) -> list[Bar]:
    """Return bars of `size` made of shorter ones of one symbol, oldest first; bars outside any interval are left out.

    The first one made may lack its beginning when `bars` begins inside its interval.
    """

    def end_of(bar: Bar) -> int | None:
        found = interval_at(calendar, bar.end_ns - 1, size, regular_hours=regular_hours)
        return found[1] if found is not None else None

    return [_joined(end_ns, list(group)) for end_ns, group in groupby(bars, end_of) if end_ns is not None]


def _joined(end_ns: int, bars: list[Bar]) -> Bar:
    return Bar(
        bars[0].symbol,
        end_ns,
        bars[0].open,
        max(bar.high for bar in bars),
        min(bar.low for bar in bars),
        bars[-1].close,
        sum(bar.volume for bar in bars),
    )
