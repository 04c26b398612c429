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
    open_trips: dict[int, _Open] = {}
    trades: list[Trade] = []
    for lane, _, end_ns, signed, price, commission, _, realized, _, position in fills:
        before = position - signed
        trip = open_trips.get(lane)
        if trip is None:
            trip = open_trips[lane] = _Open(1 if signed > 0 else -1, end_ns)
        opening = before == 0 or (before > 0) == (signed > 0)
        trip.profit += realized
        if opening:
            trip.commission += commission
            trip.enter(abs(signed), price, position)
            continue
        closing = min(abs(signed), abs(before))
        share = commission * closing / abs(signed)
        trip.commission += share
        trip.leave(closing, price)
        if position and (position > 0) == (before > 0):
            continue
        trades.append(trip.closed(lane, end_ns))
        del open_trips[lane]
        if position:
            trip = open_trips[lane] = _Open(1 if position > 0 else -1, end_ns)
            trip.commission = commission - share
            trip.enter(abs(position), price, position)
    return trades
