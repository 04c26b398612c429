"""Performance figures, each defined here once. None means it cannot be computed; never infinity or NaN.

Returns are session returns: equity at a session's last bar over that of the session before (the first over the opening
cash). Annualising uses `per_year` sessions (252 for exchanges, 365 for round-the-clock data).

    CAGR         growth ** (per_year / sessions) - 1
    volatility   sample standard deviation (n - 1) * sqrt(per_year)
    Sharpe       mean excess return / its sample standard deviation * sqrt(per_year); risk-free 0 unless given
    Sortino      mean excess return * per_year / (root mean square of min(excess, 0) * sqrt(per_year))
    drawdown     lowest equity / highest equity before it - 1, over bars, the opening cash included
    Calmar       CAGR / |maximum drawdown|

Sums use `math.fsum`, so that neither the order of additions nor the machine's vector unit shows in a figure.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def session_returns(equity: Sequence[float], opening: float) -> list[float] | None:
    """Return the change of equity from session to session, None when equity was not positive throughout."""
    before = [opening, *equity[:-1]] if equity else []
    if any(value <= 0 for value in before):
        return None
    return [now / then - 1.0 for now, then in zip(equity, before, strict=True)]


def annual_return(growth: float, sessions: int, per_year: float) -> float | None:
    """Return the compound annual growth rate of money that grew `growth`-fold in `sessions` sessions."""
    if sessions < 1 or growth <= 0:
        return None
    try:
        return float(growth ** (per_year / sessions)) - 1.0
    except OverflowError:
        return None


def volatility(returns: Sequence[float], per_year: float) -> float | None:
    """Return the annualised sample standard deviation."""
    deviation = _deviation(returns)
    return None if deviation is None else deviation * math.sqrt(per_year)


def sharpe(returns: Sequence[float], per_year: float, risk_free: float | Sequence[float] = 0.0) -> float | None:
    """Return the Sharpe ratio; `risk_free` is per session, one rate or one per session."""
    excess = _excess(returns, risk_free)
    deviation = _deviation(excess)
    if not deviation:
        return None
    return math.fsum(excess) / len(excess) / deviation * math.sqrt(per_year)


def sortino(returns: Sequence[float], per_year: float, required: float = 0.0) -> float | None:
    """Return the Sortino ratio against a `required` return per session; None when no session lost."""
    excess = _excess(returns, required)
    if not excess:
        return None
    downside = math.sqrt(math.fsum(min(value, 0.0) ** 2 for value in excess) / len(excess))
    if not downside:
        return None
    return math.fsum(excess) / len(excess) * per_year / (downside * math.sqrt(per_year))


def max_drawdown(equity: Floats, opening: float) -> float:
    """Return the deepest fall below an earlier high as a fraction at most 0."""
    if not len(equity):
        return 0.0
    highs = np.maximum.accumulate(equity)
    np.maximum(highs, opening, out=highs)
    return min(0.0, float(np.divide(equity, highs, out=highs).min()) - 1.0)


def calmar(annual: float | None, drawdown: float) -> float | None:
    """Return annual return over the size of the maximum drawdown."""
    return None if annual is None or not drawdown else annual / abs(drawdown)


def hit_rate(profits: Sequence[float]) -> float | None:
    """Return the share of trades that made money."""
    return sum(profit > 0 for profit in profits) / len(profits) if profits else None


def profit_factor(profits: Sequence[float]) -> float | None:
    """Return gross gains over gross losses; None without a loss."""
    losses = -math.fsum(profit for profit in profits if profit < 0)
    return math.fsum(profit for profit in profits if profit > 0) / losses if losses else None


def _excess(returns: Sequence[float], less: float | Sequence[float]) -> list[float]:
    if isinstance(less, int | float):
        return [value - less for value in returns]
    return [value - rate for value, rate in zip(returns, less, strict=True)]


def _deviation(values: Sequence[float]) -> float | None:
    count = len(values)
    if count < 2:
        return None
    mean = math.fsum(values) / count
    return math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (count - 1))
