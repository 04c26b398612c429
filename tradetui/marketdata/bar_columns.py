"""Bars of one symbol as columns, and the check that they are sound before anything trades on them.

Invariant: a BarColumns that passed `fault_of` is sorted by strictly rising end, finite, and ordered low..high.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tradetui.domain.bar import Bar


@dataclass(frozen=True, slots=True, kw_only=True)
class BarColumns:
    """Bars of `symbol`, oldest first, all arrays of one length.

    `end_ns` is the close time (int64 UTC ns); prices and volume are float64.
    """

    symbol: str
    end_ns: NDArray[np.int64]
    open: NDArray[np.float64]
    high: NDArray[np.float64]
    low: NDArray[np.float64]
    close: NDArray[np.float64]
    volume: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.end_ns)

    def bars(self) -> Iterator[Bar]:
        """Yield the rows as bars."""
        columns = (self.end_ns, self.open, self.high, self.low, self.close, self.volume)
        for row in zip(*(column.tolist() for column in columns), strict=True):
            yield Bar(self.symbol, *row)


@dataclass(frozen=True, slots=True)
class Fault:
    """The first unsound row: its position in the columns, and why."""

    index: int
    reason: str


def fault_of(columns: BarColumns) -> Fault | None:
    """Return the first fault in file order, or None when every bar may reach a strategy."""
    faults = [fault for fault in (_time_fault(columns), _value_fault(columns)) if fault is not None]
    return min(faults, key=lambda fault: fault.index) if faults else None


def _time_fault(columns: BarColumns) -> Fault | None:
    steps = np.diff(columns.end_ns)
    bad = np.flatnonzero(steps <= 0)
    if not len(bad):
        return None
    index = int(bad[0])
    reason = "repeats the end of the row before" if steps[index] == 0 else "ends before the row before it"
    return Fault(index + 1, reason)


def _value_fault(columns: BarColumns) -> Fault | None:
    prices = np.stack((columns.open, columns.high, columns.low, columns.close))
    with np.errstate(invalid="ignore"):
        wrong_price: NDArray[np.bool_] = np.any(~(np.isfinite(prices) & (prices > 0)), axis=0)
        wrong_range = (columns.low > np.minimum(columns.open, columns.close)) | (
            columns.high < np.maximum(columns.open, columns.close)
        )
        wrong_volume = ~(np.isfinite(columns.volume) & (columns.volume >= 0))
    bad = np.flatnonzero(wrong_price | wrong_range | wrong_volume)
    if not len(bad):
        return None
    index = int(bad[0])
    if wrong_price[index]:
        return Fault(index, "has a price that is not a finite positive number")
    if wrong_range[index]:
        return Fault(index, "has open or close outside low..high")
    return Fault(index, "has a volume that is negative or not a number")
