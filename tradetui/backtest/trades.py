"""Round trips: from flat to flat in one strategy and symbol. A fill through zero ends one trip and begins the next.

Invariant: the profits of all closed trips plus what open positions have realised add up to the realised profit.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from tradetui.backtest.log import FillTuple


class Trade(NamedTuple):
    """A closed round trip. Times are the ends of the bars that filled it; `qty` is the largest size held.

    `profit` is net of the commissions of all its fills; `entry_price` and `exit_price` are averages by quantity.
    """

    lane: int
    sign: int
    qty: float
    entry_ns: int
    exit_ns: int
    entry_price: float
    exit_price: float
    profit: float
    commission: float


class _Open:
    """A trip that is not closed yet."""

    __slots__ = ("commission", "entry_ns", "in_qty", "in_value", "out_qty", "out_value", "peak", "profit", "sign")

    def __init__(self, sign: int, entry_ns: int) -> None:
        self.sign = sign
        self.entry_ns = entry_ns
        self.peak = self.profit = self.commission = 0.0
        self.in_qty = self.in_value = self.out_qty = self.out_value = 0.0

    @classmethod
    def of(cls, entry: FillTuple) -> _Open:
        trip = cls(1 if entry[3] > 0 else -1, entry[2])
        trip.profit, trip.commission = entry[7], entry[5]
        trip.enter(abs(entry[3]), entry[4], entry[9])
        return trip

    def enter(self, qty: float, price: float, held: float) -> None:
        self.in_qty += qty
        self.in_value += qty * price
        self.peak = max(self.peak, abs(held))

    def leave(self, qty: float, price: float) -> None:
        self.out_qty += qty
        self.out_value += qty * price

    def closed(self, lane: int, exit_ns: int) -> Trade:
        return Trade(
            lane,
            self.sign,
            self.peak,
            self.entry_ns,
            exit_ns,
            self.in_value / self.in_qty,
            self.out_value / self.out_qty,
            self.profit,
            self.commission,
        )


def round_trips(fills: Iterable[FillTuple]) -> list[Trade]:
    """Return the closed round trips in the order they were closed."""
    entries: dict[int, FillTuple | _Open] = {}
    trades: list[Trade] = []
    for fill in fills:
        lane, _, end_ns, signed, price, commission, _, realized, _, position = fill
        trip = entries.get(lane)
        if trip is None:
            entries[lane] = fill
        elif position == 0 and type(trip) is tuple:
            # One fill in, one fill out: by far the most frequent trip.
            del entries[lane]
            qty, paid = abs(trip[3]), trip[5]
            sign = 1 if signed < 0 else -1
            cost, gain = qty * trip[4] / qty, qty * price / qty
            trades.append(Trade(lane, sign, qty, trip[2], end_ns, cost, gain, trip[7] + realized, paid + commission))
        else:
            entries[lane] = trip = trip if isinstance(trip, _Open) else _Open.of(trip)
            trades += _continue(entries, trip, fill)
    return trades


def _continue(entries: dict[int, FillTuple | _Open], trip: _Open, fill: FillTuple) -> list[Trade]:
    """Take another fill of an open trip; return the trip if that closed it."""
    lane, _, end_ns, signed, price, commission, _, realized, _, position = fill
    before = position - signed
    trip.profit += realized
    if (before > 0) == (signed > 0):
        trip.commission += commission
        trip.enter(abs(signed), price, position)
        return []
    closing = min(abs(signed), abs(before))
    share = commission * closing / abs(signed)
    trip.commission += share
    trip.leave(closing, price)
    if position and (position > 0) == (before > 0):
        return []
    del entries[lane]
    if position:
        turned = entries[lane] = _Open(1 if position > 0 else -1, end_ns)
        turned.commission = commission - share
        turned.enter(abs(position), price, position)
    return [trip.closed(lane, end_ns)]
