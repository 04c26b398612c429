"""Bars. `end_ns` is the close time; a bar is closed, finite and ordered or it does not exist."""

from __future__ import annotations

import math
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from tradetui.domain.clock import SECOND_NS, to_datetime
from tradetui.domain.errors import OperatorError


class BarSize(StrEnum):
    """Supported bar sizes; a day bar is one exchange session."""

    S5 = "5s"
    S10 = "10s"
    S15 = "15s"
    S30 = "30s"
    M1 = "1m"
    M2 = "2m"
    M5 = "5m"
    M15 = "15m"
    M30 = "30m"
    H1 = "1h"
    D1 = "1d"

    @property
    def seconds(self) -> int:
        """Length in seconds; 86,400 for a day bar, whose real length is the session's."""
        unit = {"s": 1, "m": 60, "h": 3600, "d": 86_400}[self.value[-1]]
        return int(self.value[:-1]) * unit

    @property
    def nanos(self) -> int:
        """Length in nanoseconds."""
        return self.seconds * SECOND_NS

    @classmethod
    def parse(cls, text: str) -> BarSize:
        """Return the bar size written as `text`.

        Raises:
            OperatorError: `text` is no supported size.
        """
        try:
            return cls(text.strip())
        except ValueError:
            raise OperatorError(f"bar size {text!r} is not known; use one of {', '.join(cls)}") from None


class Bar(NamedTuple):
    """One closed bar. Prices in the instrument's currency, `volume` in units traded, `end_ns` UTC nanoseconds.

    A named tuple, because a backtest makes millions: a tuple is built in C, a frozen dataclass six times slower.
    """

    symbol: str
    end_ns: int
    open: float
    high: float
    low: float
    close: float
    volume: float

    @property
    def end(self) -> datetime:
        """Close time as a timezone-aware UTC datetime."""
        return to_datetime(self.end_ns)

    def fault(self) -> str | None:
        """Return why this bar must not reach a strategy, or None when it is sound."""
        prices = (self.open, self.high, self.low, self.close)
        if not all(math.isfinite(price) and price > 0 for price in prices):
            return "a price is not a finite positive number"
        if not (self.low <= min(self.open, self.close) and max(self.open, self.close) <= self.high):
            return "open or close lies outside low..high"
        if not math.isfinite(self.volume) or self.volume < 0:
            return "the volume is negative or not finite"
        return None
