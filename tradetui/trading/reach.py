"""What the live orders of one symbol can lead to, in units. Worked out once, used until an order or a fill changes."""

from __future__ import annotations

from dataclasses import dataclass

from tradetui.risk.view import Exposure


@dataclass(frozen=True, slots=True)
class Reach:
    """`worst` is the largest absolute quantity, `low` and `high` the signed range, `opening` what orders may add."""

    exposure: Exposure
    worst: float
    low: float
    high: float
    opening: float


def reach_of(exposure: Exposure) -> Reach:
    """Return what `exposure` can lead to."""
    worst = exposure.worst
    return Reach(
        exposure=exposure,
        worst=worst,
        low=exposure.held - exposure.selling,
        high=exposure.held + exposure.buying,
        opening=max(0.0, worst - abs(exposure.held)),
    )
