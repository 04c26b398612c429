"""IB's commissions: fixed and tiered, per order and trading day.

Invariant: what the partial fills of one order and day were charged adds up to the fee of the whole: each fill is
charged the order's fee so far minus what was charged before, so the minimum is paid by the first fills and used up by
the later ones. If the cap (1 % of a stock trade's value) is less than the minimum, the cap is charged. An order that
works overnight pays a new minimum each day, as IB's schedule says. IB reports commissions unrounded (201 shares cost
1.005); so does the venue, to the micro-dollar.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tradetui.gateway.venue.money import MICROS


@dataclass(frozen=True, slots=True, kw_only=True)
class ThirdPartyFees:
    """What exchanges, the clearing house and the regulators take per fill, passed on by the tiered plan.

    Micro-dollars per share, `sec_rate` in parts per billion of the value sold. A rebate is a negative fee.
    """

    remove: int = 3_000
    add: int = -2_000
    clearing: int = 200
    sec_rate: int = 27_800
    finra: int = 166

    def of_fill(self, units: int, value: int, side: int, removed: bool) -> int:
        """Fees in micro-dollars of one fill of `units` worth `value`; side -1 is a sale."""
        total = units * ((self.remove if removed else self.add) + self.clearing)
        if side < 0:
            total += value * self.sec_rate // 1_000_000_000 + units * self.finra
        return total


@dataclass(frozen=True, slots=True, kw_only=True)
class CommissionSchedule:
    """IB's fixed price for US stocks by default. Rates in micro-dollars per unit, shares in parts per million.

    `tiers` make it IB's tiered plan: (units of the month from which on, rate per unit), ascending from 0, instead of
    `per_unit`; `third_party` fees come on top of it. `max_share` 0 means no cap.
    """

    per_unit: int = 5_000
    per_value: int = 0
    minimum: int = MICROS
    max_share: int = 10_000
    tiers: tuple[tuple[int, int], ...] = ()
    third_party: ThirdPartyFees | None = None

    def fee(self, units: int, value: int, lots: int = 1, month_units: int = 0) -> int:
        """IB's part in micro-dollars for an order that traded `units` worth `value` micro-dollars in one day.

        `month_units` is what the account traded this month before the order.
        """
        if units == 0:
            return 0
        amount = self._by_units(units, month_units) // lots + value * self.per_value // MICROS
        amount = max(amount, self.minimum)
        return min(amount, (value * self.max_share + MICROS // 2) // MICROS) if self.max_share else amount

    def _by_units(self, units: int, before: int) -> int:
        if not self.tiers:
            return units * self.per_unit
        total, end = 0, before + units
        ends = [start for start, _ in self.tiers[1:]] + [end]
        for (start, rate), stop in zip(self.tiers, ends, strict=True):
            total += max(min(stop, end) - max(start, before), 0) * rate
        return total


#: IB's tiered plan for US stocks.
TIERED = CommissionSchedule(
    minimum=350_000,
    tiers=((0, 3_500), (300_000, 2_000), (3_000_000, 1_500), (20_000_000, 1_000), (100_000_000, 500)),
    third_party=ThirdPartyFees(),
)
FUTURES = CommissionSchedule(per_unit=2_250_000, minimum=0, max_share=0)
CURRENCIES = CommissionSchedule(per_unit=0, per_value=20, minimum=2 * MICROS, max_share=0)
CRYPTO = CommissionSchedule(per_unit=0, per_value=1_800, minimum=1_750_000, max_share=10_000)
OPTIONS = CommissionSchedule(per_unit=650_000, minimum=MICROS, max_share=0)
#: By security type; stocks pay what the venue is configured with.
SCHEDULES: Mapping[str, CommissionSchedule] = {
    "FUT": FUTURES,
    "CASH": CURRENCIES,
    "CRYPTO": CRYPTO,
    "OPT": OPTIONS,
}


@dataclass(slots=True)
class FeeMeter:
    """What one order traded and was charged by IB on the current trading day.

    `before` is what its account had traded in the month when the order's first fill of the day came.
    """

    units: int = 0
    value: int = 0
    charged: int = 0
    before: int = field(default=-1)

    def charge(
        self,
        schedule: CommissionSchedule,
        units: int,
        value: int,
        *,
        lots: int = 1,
        month_units: int = 0,
        side: int = 1,
        removed: bool = True,
    ) -> int:
        """Add a fill of `units` worth `value` and return the commission to charge for it.

        Never negative, except where the exchange's rebate exceeds a tiered commission.
        """
        if self.before < 0:
            self.before = month_units
        self.units += units
        self.value += value
        due = schedule.fee(self.units, self.value, lots, self.before) - self.charged
        self.charged += due
        extra = schedule.third_party
        return due if extra is None else due + extra.of_fill(units, value, side, removed)

    def start_day(self) -> None:
        """A new trading day: the order counts as a new one."""
        self.units = self.value = self.charged = 0
        self.before = -1
