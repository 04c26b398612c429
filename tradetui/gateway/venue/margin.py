"""Margin rules: what a position of one instrument ties up.

Stocks and ETFs follow Reg T, kept simple and stated: initial 50 % of the market value, long or short; maintenance 25 %
long, 30 % short. Futures tie up a fixed amount per contract; an option that was bought its premium, one that was
written the exchanges' minimum; currencies a small share; coins are paid in full.
Invariant: margin is never negative and grows with the size of the position on either side.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from tradetui.gateway.venue.money import MICROS

INITIAL_RATE = 500_000
MAINTENANCE_LONG_RATE = 250_000
MAINTENANCE_SHORT_RATE = 300_000
CURRENCY_RATE = 30_000
#: Written options: the exchanges' share of the underlying, and the least that is left of it out of the money.
OPTION_RATE = 200_000
OPTION_FLOOR_RATE = 100_000


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


@dataclass(frozen=True, slots=True)
class ContractMargin:
    """A fixed amount per contract, whatever its price: futures."""

    initial_each: int
    maintenance_each: int

    def initial(self, units: int, price: int) -> int:
        """Overnight initial margin of the contracts."""
        return abs(units) * self.initial_each

    def maintenance(self, units: int, price: int) -> int:
        """Overnight maintenance margin of the contracts."""
        return abs(units) * self.maintenance_each


@dataclass(frozen=True, slots=True)
class OptionMargin:
    """Bought: the premium. Written: the premium plus 20 % of the underlying less what it is out of the money, at least
    10 % of it. `spot` gives the underlying's price, None while unknown; `right` is +1 for a call, -1 for a put."""

    strike: int
    right: int
    multiplier: int
    spot: Callable[[], int | None]

    def initial(self, units: int, price: int) -> int:
        """Premium or written margin of the contracts."""
        premium = abs(units) * price * self.multiplier
        if units >= 0:
            return premium
        spot = self.spot() or self.strike
        out = max((self.strike - spot) * self.right, 0)
        least = (spot if self.right > 0 else self.strike) * OPTION_FLOOR_RATE // MICROS
        each = max(spot * OPTION_RATE // MICROS - out, least)
        return premium + abs(units) * each * self.multiplier

    def maintenance(self, units: int, price: int) -> int:
        """As initial: options cannot be margined any lower."""
        return self.initial(units, price)


def buying_power(available_funds: int) -> int:
    """Value of stock that `available_funds` can open, 0 when they are negative."""
    return max(available_funds, 0) * MICROS // INITIAL_RATE
