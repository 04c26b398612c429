"""One-minute bars of one instrument and session as columns: the backbone both history and live ticks are made from.

Invariant: starts are increasing whole minutes inside the session; low <= open, close <= high; volumes are whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from tradetui.domain.clock import MINUTE_NS
from tradetui.marketdata.calendar import Session

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Minutes:
    """Columns of equal length n: start (UTC ns), prices (USD), volume (shares), count (trades)."""

    start: Ints
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Ints
    count: Ints

    def __len__(self) -> int:
        return len(self.start)

    def part(self, first: int, last: int) -> Minutes:
        """Rows first..last-1."""
        span = slice(first, last)
        return Minutes(
            self.start[span],
            self.open[span],
            self.high[span],
            self.low[span],
            self.close[span],
            self.volume[span],
            self.count[span],
        )

    def index_at(self, ns: int) -> int:
        """Number of rows that start before `ns`."""
        return int(np.searchsorted(self.start, ns, side="left"))

    def between(self, start_ns: int, end_ns: int) -> Minutes:
        """Rows whose minute lies inside [start_ns, end_ns)."""
        return self.part(self.index_at(start_ns), self.index_at(end_ns - MINUTE_NS + 1))


class MinuteSource(Protocol):
    """Where the minutes come from."""

    def minutes(self, con_id: int, session: Session) -> Minutes:
        """The session's minutes, possibly none; the same answer whenever it is asked."""
        ...

    def first_session(self, con_id: int) -> Session | None:
        """The earliest session with data, None without any."""
        ...

    def last_session(self) -> Session | None:
        """The session after which no data will ever come; None if it never ends."""
        ...
