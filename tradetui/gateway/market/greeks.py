"""Black and Scholes for one option: value, sensitivities, and the volatility that a price implies.

No interest, no dividends, and years of 365 days, as the synthetic chains are priced. Invariant: the value at the
implied volatility is the price that implied it, to a hundredth of a cent.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

YEAR_NS: Final = 365 * 86_400 * 1_000_000_000
_DAYS: Final = 365.0
_MAX_VOLATILITY: Final = 10.0
_PRECISION: Final = 1e-4
_STEPS: Final = 80


@dataclass(frozen=True, slots=True)
class Terms:
    """One option: strike in USD, `right` +1 for a call and -1 for a put, its last moment in UTC ns."""

    strike: float
    right: int
    expires_ns: int

    def years(self, now_ns: int) -> float:
        """What is left of its life, 0 when it is over."""
        return max(self.expires_ns - now_ns, 0) / YEAR_NS


@dataclass(frozen=True, slots=True)
class Greeks:
    """An option's value in USD and how it moves: per dollar, per dollar squared, per point of volatility, per day."""

    volatility: float
    value: float
    delta: float
    gamma: float
    vega: float
    theta: float


def greeks(terms: Terms, spot: float, volatility: float, now_ns: int) -> Greeks | None:
    """Everything about an option at a volatility; None when it has expired or a number is not above zero."""
    years = terms.years(now_ns)
    if min(spot, terms.strike, volatility, years) <= 0:
        return None
    spread = volatility * math.sqrt(years)
    d1 = math.log(spot / terms.strike) / spread + spread / 2
    density = math.exp(-d1 * d1 / 2) / math.sqrt(2 * math.pi)
    right = terms.right
    return Greeks(
        volatility=volatility,
        value=right * (spot * _normal(right * d1) - terms.strike * _normal(right * (d1 - spread))),
        delta=right * _normal(right * d1),
        gamma=density / (spot * spread),
        vega=spot * density * math.sqrt(years) / 100,
        theta=-spot * density * volatility / (2 * math.sqrt(years)) / _DAYS,
    )


def implied(terms: Terms, spot: float, price: float, now_ns: int) -> Greeks | None:
    """The option at the volatility that gives `price`; None when no volatility does."""
    low, high = 1e-4, _MAX_VOLATILITY
    bottom, top = greeks(terms, spot, low, now_ns), greeks(terms, spot, high, now_ns)
    if bottom is None or top is None or not bottom.value + _PRECISION < price < top.value:
        return None
    found = top
    for _ in range(_STEPS):
        middle = greeks(terms, spot, (low + high) / 2, now_ns)
        if middle is None:
            return None
        found = middle
        if abs(middle.value - price) < _PRECISION / 100:
            break
        low, high = (middle.volatility, high) if middle.value < price else (low, middle.volatility)
    return found


def _normal(x: float) -> float:
    return 0.5 * math.erfc(-x / math.sqrt(2))
