"""Margin rules: what a position of one instrument ties up.

Stocks and ETFs follow Reg T, kept simple and stated: initial 50 % of the market value, long or short; maintenance 25 %
long, 30 % short. Invariant: margin is never negative and grows with the size of the position on either side.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from tradetui.gateway.venue.money import MICROS

INITIAL_RATE = 500_000
MAINTENANCE_LONG_RATE = 250_000
MAINTENANCE_SHORT_RATE = 300_000


class MarginRule(Protocol):
    """Margin in micro-dollars of signed `units` at `price` micro-dollars."""

    def initial(self, units: int, price: int) -> int:
        """What opening or keeping the position overnight takes."""
        ...

    def maintenance(self, units: int, price: int) -> int:
        """Below this equity the broker liquidates."""
        ...


@dataclass(frozen=True, slots=True)
class ValueMargin:
    """A share of the market value, in parts per million; `lots` units make one share, worth `multiplier` prices."""

    multiplier: int = 1
    lots: int = 1
    initial_rate: int = INITIAL_RATE
    long_rate: int = MAINTENANCE_LONG_RATE
    short_rate: int = MAINTENANCE_SHORT_RATE

    def initial(self, units: int, price: int) -> int:
        """Initial rate of the absolute value."""
        return abs(units) * price * self.multiplier // self.lots * self.initial_rate // MICROS

    def maintenance(self, units: int, price: int) -> int:
        """Long or short rate of the absolute value."""
        rate = self.long_rate if units > 0 else self.short_rate
        return abs(units) * price * self.multiplier // self.lots * rate // MICROS


def buying_power(available_funds: int) -> int:
    """Value of stock that `available_funds` can open, 0 when they are negative."""
    return max(available_funds, 0) * MICROS // INITIAL_RATE
