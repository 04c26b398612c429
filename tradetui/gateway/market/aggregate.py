"""Adding up minutes and trades to bars.

Invariant: adding the trades of a minute gives that minute's columns (open, high, low, close, volume), so bars made
either way agree to the last bit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tradetui.gateway.market.minutes import Minutes
from tradetui.gateway.market.tickpath import Ticks


@dataclass(slots=True)
class Sum:
    """Trades of an interval: prices, volume, money value (for the average price) and number of trades."""

    open: float
    high: float
    low: float
    close: float
    volume: int
    value: float
    count: int

    @property
    def wap(self) -> float:
        """Volume-weighted average price, inside the range; the close when nothing was traded."""
        if self.volume == 0:
            return self.close
        return min(max(round(self.value / self.volume, 6), self.low), self.high)


def join(parts: list[Sum]) -> Sum | None:
    """The sum of consecutive intervals, None for none."""
    if not parts:
        return None
    return Sum(
        open=parts[0].open,
        high=max(part.high for part in parts),
        low=min(part.low for part in parts),
        close=parts[-1].close,
        volume=sum(part.volume for part in parts),
        value=sum(part.value for part in parts),
        count=sum(part.count for part in parts),
    )


def sum_groups(minutes: Minutes, edges: list[int]) -> list[tuple[int, int, Sum]]:
    """(begin, end, sum) of every interval between consecutive `edges` that holds a minute.

    Edges are whole minutes; a minute's average price is taken as the mean of its four prices.
    """
    starts = np.searchsorted(minutes.start, np.asarray(edges))
    first, last = starts[:-1], starts[1:]
    filled = np.nonzero(last > first)[0]
    if len(filled) == 0:
        return []
    span = minutes.part(int(first[filled[0]]), int(last[filled[-1]]))
    lows = first[filled] - first[filled[0]]
    ends = last[filled] - first[filled[0]]
    value = (span.open + span.high + span.low + span.close) / 4 * span.volume
    columns = (
        span.open[lows].tolist(),
        np.maximum.reduceat(span.high, lows).tolist(),
        np.minimum.reduceat(span.low, lows).tolist(),
        span.close[ends - 1].tolist(),
        np.add.reduceat(span.volume, lows).tolist(),
        np.add.reduceat(value, lows).tolist(),
        np.add.reduceat(span.count, lows).tolist(),
    )
    sums = (Sum(*row) for row in zip(*columns, strict=True))
    return [(edges[group], edges[group + 1], each) for group, each in zip(filled.tolist(), sums, strict=True)]


def sum_trades(ticks: Ticks, begin_ns: int, end_ns: int) -> Sum | None:
    """The trades at begin_ns <= time < end_ns, None without any."""
    low, high = np.searchsorted(ticks.time, (begin_ns, end_ns))
    chosen = ticks.is_trade[low:high]
    price = ticks.first[low:high][chosen]
    if len(price) == 0:
        return None
    size = ticks.second[low:high][chosen]
    return Sum(
        open=float(price[0]),
        high=float(price.max()),
        low=float(price.min()),
        close=float(price[-1]),
        volume=int(size.sum()),
        value=float(price @ size),
        count=len(price),
    )
