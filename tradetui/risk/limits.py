"""The operator's limits. There is no default for "unlimited": every limit is a finite number the operator can read."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from enum import StrEnum

from tradetui.domain.errors import OperatorError


class BreakerAction(StrEnum):
    """What a tripped breaker does: block entries, also cancel working entries, or also flatten."""

    BLOCK = "block"
    CANCEL = "cancel"
    FLATTEN = "flatten"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Limits of one account. Money in its currency, `_pct` in percent, `_s` in seconds, counts in orders.

    Every number is positive and finite, except the no-entry minutes, which may be 0.
    """

    symbols: frozenset[str]
    max_order_qty: float
    max_order_notional: float
    max_position_qty: float
    max_position_notional: float
    max_gross_notional: float
    max_leverage: float
    max_positions: int
    daily_loss_limit: float
    max_drawdown_pct: float
    price_collar_pct: float
    max_spread_pct: float
    max_quote_age_s: float
    orders_per_second: int
    orders_per_minute: int
    orders_per_day: int
    duplicate_window_s: float
    long_only: bool
    no_entry_first_minutes: float = 0.0
    no_entry_last_minutes: float = 0.0
    allow_delayed_data: bool = False
    breaker_action: BreakerAction = BreakerAction.CANCEL

    def __post_init__(self) -> None:
        zero_allowed = {"no_entry_first_minutes", "no_entry_last_minutes"}
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, bool) or not isinstance(value, int | float):
                continue
            if not math.isfinite(value) or value < 0 or (value == 0 and field.name not in zero_allowed):
                raise OperatorError(f"risk.{field.name} is {value!r}; it must be a positive finite number")
        if self.max_order_notional > self.max_position_notional:
            raise OperatorError("risk.max_order_notional is above risk.max_position_notional; lower it")
        if self.max_position_notional > self.max_gross_notional:
            raise OperatorError("risk.max_position_notional is above risk.max_gross_notional; lower it")
