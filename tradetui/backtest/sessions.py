"""Trading sessions as a backtest sees them: when a DAY order ends, when a day begins, whether the market is open.

A bar belongs to the session whose close is the first at or after the bar's end. Invariant: closes rise strictly.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tradetui.domain.clock import SECOND_NS

if TYPE_CHECKING:
    from tradetui.marketdata.calendar import TradingCalendar

DAY_NS = 86_400 * SECOND_NS
#: Bars at least this far apart are sessions of their own.
_DAILY_GAP_NS = DAY_NS // 2
NEVER_NS = 2**63 - 1
_HALF_DAY_S = 43_200.0


@dataclass(frozen=True, slots=True)
class Sessions:
    """Session times in UTC nanoseconds, oldest first; `per_year` of them annualise a figure.

    `opens` is empty when the market counts as always open. That is so for daily bars too: an order decided at the close
    is sent at the next open, which is inside the session.
    """

    closes: Sequence[int]
    opens: Sequence[int] = ()
    per_year: int = 252

    def close_after(self, ns: int) -> int:
        """Return the first close strictly after `ns`, NEVER_NS when there is none."""
        index = bisect_right(self.closes, ns)
        return self.closes[index] if index < len(self.closes) else NEVER_NS

    def close_of(self, end_ns: int) -> int:
        """Return the close of the session that the bar ending at `end_ns` belongs to."""
        index = bisect_left(self.closes, end_ns)
        return self.closes[index] if index < len(self.closes) else NEVER_NS

    def index_of(self, end_ns: int) -> int:
        """Return the number of the session that the bar ending at `end_ns` belongs to."""
        return bisect_left(self.closes, end_ns)

    def clock(self, ns: int) -> tuple[float, float] | None:
        """Return seconds since the open and to the close at `ns`, None when the market is closed."""
        if not self.opens:
            return _HALF_DAY_S, _HALF_DAY_S
        index = bisect_right(self.opens, ns) - 1
        if index < 0 or ns >= self.closes[index]:
            return None
        return (ns - self.opens[index]) / SECOND_NS, (self.closes[index] - ns) / SECOND_NS


def is_daily(ends: NDArray[np.int64]) -> bool:
    """Return whether bars that end at `ends` (sorted, distinct) are a session each."""
    return len(ends) < 2 or int(np.diff(ends).min()) >= _DAILY_GAP_NS


def each_bar(ends: NDArray[np.int64]) -> Sessions:
    """Return sessions for daily bars: one per bar, the market always open."""
    return Sessions(ends.tolist())


def utc_days(ends: NDArray[np.int64]) -> Sessions:
    """Return a session per UTC date that has bars (a bar that ends at midnight belongs to the day before)."""
    days = np.unique((ends - 1) // DAY_NS)
    return Sessions(((days + 1) * DAY_NS).tolist(), per_year=365)


def exchange_sessions(calendar: TradingCalendar, ends: NDArray[np.int64]) -> Sessions:
    """Return the exchange's sessions over the bars' range and some days around it.

    Raises:
        OperatorError: the bars lie outside the calendar's years.
    """
    first, last = calendar.current_or_next(int(ends[0]) - 1), calendar.current_or_next(int(ends[-1]) - 1)
    sessions = list(calendar.sessions_between(first.open_ns - 10 * DAY_NS, last.close_ns + 10 * DAY_NS))
    return Sessions([session.close_ns for session in sessions], [session.open_ns for session in sessions])
