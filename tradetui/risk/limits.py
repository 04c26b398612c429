"""The operator's limits. There is no default for "unlimited": every limit is a finite number the operator can read."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum

from tradetui.domain.errors import OperatorError


class BreakerAction(StrEnum):
    """What a tripped breaker does: block entries, also cancel working entries, or also flatten."""

    BLOCK = "block"
    CANCEL = "cancel"
    FLATTEN = "flatten"


#: Keys that may be 0: there the rule is switched off.
ZERO_ALLOWED = frozenset({"no_entry_first_minutes", "no_entry_last_minutes", "flat_minutes_before_close"})


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyLimits:
    """What one strategy may do, beside the account's limits: of both, the tighter holds. None: the account's alone.

    Positions, gross and losses are the strategy's own part; rates count its own orders.
    """

    max_order_qty: float | None = None
    max_order_notional: float | None = None
    max_position_qty: float | None = None
    max_position_notional: float | None = None
    max_gross_notional: float | None = None
    orders_per_second: int | None = None
    orders_per_minute: int | None = None
    orders_per_day: int | None = None
    daily_loss_limit: float | None = None
    max_round_trips: int | None = None
    max_denials: int | None = None
    max_losing_streak: int | None = None
    max_rejects: int | None = None
    max_slippage_bps: float | None = None
    flat_minutes_before_close: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SymbolLimits:
    """What may be done in one symbol by all strategies together. None: the account's limit alone holds."""

    max_order_qty: float | None = None
    max_order_notional: float | None = None
    max_position_qty: float | None = None
    max_position_notional: float | None = None
    max_concentration_pct: float | None = None
    price_collar_pct: float | None = None
    max_spread_pct: float | None = None
    daily_loss_limit: float | None = None
    max_round_trips: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Limits of one account. Money in its currency, `_pct` in percent, `_s` in seconds, counts in orders.

    Every number is positive and finite, except those of ZERO_ALLOWED. `sectors` are named groups of symbols, `actions`
    say what a breaker does where it is not `breaker_action`; their keys are the codes of the post-trade controls.
    """

    symbols: frozenset[str]
    max_order_qty: float
    max_order_notional: float
    max_position_qty: float
    max_position_notional: float
    max_gross_notional: float
    max_net_notional: float
    max_leverage: float
    max_positions: int
    max_concentration_pct: float
    max_sector_pct: float
    daily_loss_limit: float
    strategy_loss_limit: float
    symbol_loss_limit: float
    max_drawdown_pct: float
    max_day_drawdown_pct: float
    max_losing_streak: int
    max_round_trips: int
    max_denials: int
    max_rejects: int
    reject_window_s: float
    max_slippage_bps: float
    max_messages_per_minute: int
    max_orders_per_fill: float
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
    flat_minutes_before_close: float = 0.0
    allow_delayed_data: bool = False
    breaker_action: BreakerAction = BreakerAction.CANCEL
    actions: Mapping[str, BreakerAction] = field(default_factory=dict)
    sectors: Mapping[str, frozenset[str]] = field(default_factory=dict)
    strategy: Mapping[str, StrategyLimits] = field(default_factory=dict)
    symbol: Mapping[str, SymbolLimits] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check_numbers(self, "risk")
        for name, own in self.strategy.items():
            _check_numbers(own, f"risk.strategy.{name}")
        for name, of_symbol in self.symbol.items():
            _check_numbers(of_symbol, f"risk.symbol.{name}")
        if self.max_order_notional > self.max_position_notional:
            raise OperatorError("risk.max_order_notional is above risk.max_position_notional; lower it")
        if self.max_position_notional > self.max_gross_notional:
            raise OperatorError("risk.max_position_notional is above risk.max_gross_notional; lower it")

    def action(self, code: str) -> BreakerAction:
        """Return what the post-trade control `code` does when it trips."""
        return self.actions.get(code, self.breaker_action)

    def sector_of(self, symbol: str) -> str | None:
        """Return the sector that `symbol` belongs to, None when it was put in none."""
        return next((name for name, symbols in self.sectors.items() if symbol in symbols), None)


def _check_numbers(limits: Limits | StrategyLimits | SymbolLimits, where: str) -> None:
    for item in fields(limits):
        value = getattr(limits, item.name)
        if isinstance(value, bool) or not isinstance(value, int | float):
            continue
        if not math.isfinite(value) or value < 0 or (value == 0 and item.name not in ZERO_ALLOWED):
            raise OperatorError(f"{where}.{item.name} is {value!r}; it must be a positive finite number")
