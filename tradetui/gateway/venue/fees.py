"""IB's fixed commission for US stocks and ETFs, per order: 0.005 a share, at least 1.00, at most 1 % of the value.

Invariant: what the partial fills of one order and day were charged adds up to the fee of the whole: each fill is
charged the order's fee so far minus what was charged before, so the minimum is paid by the first fills and used up by
the later ones. If 1 % of the value is less than the minimum, 1 % is charged. An order that works overnight pays a new
minimum each day, as IB's schedule says. IB reports commissions unrounded (201 shares cost 1.005); so does the venue,
to the micro-dollar. Exchange and regulatory fees are part of the fixed price here.
"""

from __future__ import annotations

from dataclasses import dataclass

from tradetui.gateway.venue.money import MICROS


@dataclass(frozen=True, slots=True, kw_only=True)
class CommissionSchedule:
    """Rates in micro-dollars; `max_share` in parts per million of the trade value."""

    per_unit: int = 5_000
    minimum: int = MICROS
    max_share: int = 10_000

    def fee(self, units: int, value: int) -> int:
        """Fee in micro-dollars of an order that traded `units` worth `value` micro-dollars in one day."""
        if units == 0:
            return 0
        cap = (value * self.max_share + MICROS // 2) // MICROS
        return min(max(units * self.per_unit, self.minimum), cap)


@dataclass(slots=True)
class FeeMeter:
    """What one order traded and was charged on the current trading day."""

    units: int = 0
    value: int = 0
    charged: int = 0

    def charge(self, schedule: CommissionSchedule, units: int, value: int) -> int:
        """Add a fill of `units` worth `value` and return the commission to charge for it, never negative."""
        self.units += units
        self.value += value
        due = schedule.fee(self.units, self.value) - self.charged
        self.charged += due
        return due

    def start_day(self) -> None:
        """A new trading day: the order counts as a new one."""
        self.units = self.value = self.charged = 0
