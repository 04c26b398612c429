"""When to leave a position: small rules that a strategy combines.

A rule is pure: it looks at the holding and the closed bar and says why to leave, or None. What has to be remembered
(bars held, best price) is in `Holding`, which the strategy tracks once per bar; after a restart it begins anew from the
ledger's position, so a time stop counts from there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from tradetui.domain.bar import Bar


@dataclass(frozen=True, slots=True)
class Holding:
    """An open position as its exit rules see it.

    `sign` is +1 for long, `entry` the average cost, `unit` the price distance that risk is measured in (such as the
    ATR when the position was first seen), `bars` closed since then, `best` the best close since then.
    """

    sign: int
    entry: float
    unit: float
    best: float
    bars: int = 0

    def gain(self, price: float) -> float:
        """Return the open profit per unit of quantity at `price`."""
        return self.sign * (price - self.entry)


def track(holding: Holding | None, position: float, avg_cost: float, bar: Bar, unit: float | None) -> Holding | None:
    """Return the holding after `bar`: None when flat, a new one when a position is first seen or turned over."""
    if position == 0:
        return None
    sign = 1 if position > 0 else -1
    if holding is None or holding.sign != sign:
        return Holding(sign, avg_cost, unit or 0.0, bar.close)
    best = max(holding.best, bar.close) if sign > 0 else min(holding.best, bar.close)
    return Holding(sign, avg_cost, holding.unit, best, holding.bars + 1)


class ExitPolicy(Protocol):
    """A rule for leaving."""

    def reason(self, holding: Holding, bar: Bar) -> str | None:
        """Return why to leave at this bar, or None."""


@dataclass(frozen=True, slots=True)
class AtrStop:
    """Leave when price has moved `multiple` units against the entry."""

    multiple: float

    def reason(self, holding: Holding, bar: Bar) -> str | None:
        """Return the reason once the loss is too large; never when the unit is not known."""
        distance = self.multiple * holding.unit
        if distance <= 0 or holding.gain(bar.close) > -distance:
            return None
        return f"stop: {self.multiple:g} ATR against the entry"


@dataclass(frozen=True, slots=True)
class TimeStop:
    """Leave after `bars` closed bars."""

    bars: int

    def reason(self, holding: Holding, bar: Bar) -> str | None:
        """Return the reason once the time is over."""
        return f"time stop: {self.bars} bars" if holding.bars >= self.bars else None


@dataclass(frozen=True, slots=True)
class TrailingLock:
    """Once ahead by `after` units, leave when less than the share `keep` of the best profit is left."""

    after: float
    keep: float

    def reason(self, holding: Holding, bar: Bar) -> str | None:
        """Return the reason once too much of the profit is gone."""
        best = holding.gain(holding.best)
        if holding.unit <= 0 or best < self.after * holding.unit or holding.gain(bar.close) > self.keep * best:
            return None
        return f"trailing lock: less than {self.keep:.0%} of the best profit left"


def first_reason(policies: Sequence[ExitPolicy], holding: Holding, bar: Bar) -> str | None:
    """Return the first policy's reason to leave, in the order given, or None."""
    for policy in policies:
        reason = policy.reason(holding, bar)
        if reason is not None:
            return reason
    return None
