"""How many units to want: pure functions of money, price and risk, always cut down to whole lots.

Invariant: a size is never more than the rule allows and never negative; what is unknown gives 0.
"""

from __future__ import annotations

import math


def whole_lots(qty: float, lot: float = 1.0) -> float:
    """Return `qty` cut down to a multiple of `lot`, 0 when less than one lot or not a finite positive number."""
    if not math.isfinite(qty) or qty <= 0:
        return 0.0
    # The small addition forgives 2.9999999999 lots that arithmetic made of 3.
    return round(math.floor(qty / lot + 1e-9) * lot, 10)


def by_notional(money: float, price: float, *, multiplier: float = 1.0, lot: float = 1.0) -> float:
    """Return the most units whose value at `price` is at most `money`."""
    value = price * multiplier
    return whole_lots(money / value, lot) if value > 0 else 0.0


def by_risk(
    equity: float | None, fraction: float, stop_distance: float, *, multiplier: float = 1.0, lot: float = 1.0
) -> float:
    """Return the most units that lose at most `fraction` of `equity` when price moves `stop_distance` against them."""
    if equity is None or equity <= 0 or stop_distance <= 0:
        return 0.0
    return whole_lots(equity * fraction / (stop_distance * multiplier), lot)
