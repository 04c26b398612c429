"""What trading costs in a backtest: commission per order and slippage in basis points.

Commissions are functions of what an order has filled so far, so that an order filled in parts pays its minimum once.
Slippage moves a price against the order: open * (1 + side * bps / 10,000), unrounded; limit prices never slip.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

from tradetui.domain.errors import OperatorError

BPS = 10_000.0


class Commission(Protocol):
    """A commission schedule."""

    def total(self, qty: float, notional: float) -> float:
        """Return the commission of an order that filled `qty` units worth `notional` so far."""


@dataclass(frozen=True, slots=True)
class PerOrder:
    """A fixed amount per order that fills at all."""

    amount: float

    def total(self, qty: float, notional: float) -> float:
        """Return the fixed amount."""
        return self.amount


@dataclass(frozen=True, slots=True)
class PerShare:
    """`rate` per unit, at least `minimum` per order, but at most the fraction `cap` of the order's value."""

    rate: float
    minimum: float
    cap: float

    def total(self, qty: float, notional: float) -> float:
        """Return the schedule's amount."""
        return min(max(self.rate * qty, self.minimum), self.cap * notional)


#: Source: interactivebrokers.com, US stocks, IBKR Pro. Tiered is its highest tier, without exchange fees.
SCHEDULES: dict[str, Commission] = {
    "zero": PerOrder(0.0),
    "ibkr_fixed": PerShare(0.005, 1.0, 0.01),
    "ibkr_tiered": PerShare(0.0035, 0.35, 0.01),
}
_FORMS = "zero, ibkr_fixed, ibkr_tiered, fixed:AMOUNT or per_share:RATE,MINIMUM,CAP"


@dataclass(frozen=True, slots=True)
class Costs:
    """The commission schedule and the slippage of orders that take liquidity (market and stop)."""

    commission: Commission
    slippage_bps: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.slippage_bps < BPS:
            raise OperatorError(f"slippage of {self.slippage_bps!r} bps is not possible; give 0 to 9999")


def parse_commission(text: str) -> Commission:
    """Return the schedule written as `text`.

    Raises:
        OperatorError: `text` is no known schedule.
    """
    if text in SCHEDULES:
        return SCHEDULES[text]
    kind, _, numbers = text.partition(":")
    try:
        values = [float(number) for number in numbers.split(",")]
    except ValueError:
        values = []
    if all(math.isfinite(value) and value >= 0 for value in values):
        if kind == "fixed" and len(values) == 1:
            return PerOrder(values[0])
        if kind == "per_share" and len(values) == 3:
            return PerShare(*values)
    raise OperatorError(f"commission {text!r} is not known; use {_FORMS}")
