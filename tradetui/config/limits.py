"""The limits of the risk gate. The invariant: every limit has a finite value; "unlimited" cannot be written.

The defaults are for paper money. Live money must have each key of `REQUIRED_FOR_LIVE` written for it (see `checks`).
A narrower limit (symbol, strategy) only ever tightens: the gate applies every limit that is set.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from tradetui.config.connection import Symbols
from tradetui.config.values import Factor, Minutes, Money, Percent, Quantity, Rate, Seconds, Section, Symbol

Leverage = Annotated[float, Field(gt=0, le=10, allow_inf_nan=False)]


class SymbolLimits(Section):
    """Tighter limits for one symbol: [risk.symbols.SYMBOL]. None: the general limit alone."""

    max_order_qty: Quantity | None = None
    max_order_notional: Money | None = None
    max_position_qty: Quantity | None = None
    max_position_notional: Money | None = None


class StrategyLimits(SymbolLimits):
    """Tighter limits for one strategy: [strategies.NAME.limits]. None: the general limit alone."""

    daily_loss_limit: Money | None = None
    orders_per_second: Rate | None = None
    orders_per_minute: Rate | None = None
    orders_per_day: Rate | None = None


class RiskConfig(Section):
    """Limits of the whole account, checked before every order (`max_...`, rates) and while running (losses)."""

    max_order_qty: Quantity = 1_000.0
    max_order_notional: Money = 10_000.0
    max_position_qty: Quantity = 1_000.0
    """Per symbol, working orders included."""
    max_position_notional: Money = 10_000.0
    """Per symbol, working orders included."""
    max_gross_notional: Money = 40_000.0
    """Sum over all symbols, longs and shorts both counted as positive."""
    max_leverage: Leverage = 1.0
    """Gross notional over equity."""
    max_positions: Rate = 10
    daily_loss_limit: Money = 500.0
    """Loss of one trading day, realised and open, at which the breaker trips."""
    max_drawdown_pct: Percent = 3.0
    """Fall of equity below the day's high, in percent, at which the breaker trips."""
    breaker_action: Literal["block", "cancel", "flatten"] = "cancel"
    """What the breaker does besides blocking entries: nothing more, cancel entries, or also close positions."""
    price_collar_pct: Percent = 1.0
    """Distance of an order's price from the last good quote."""
    max_quote_age_s: Seconds = 10.0
    """Age from which a quote is stale and gives no entry."""
    max_spread_multiple: Factor = 3.0
    """Spread over its usual width above which a market order is refused."""
    orders_per_second: Rate = 10
    orders_per_minute: Rate = 60
    orders_per_day: Rate = 500
    strategy_orders_per_second: Rate = 5
    strategy_orders_per_minute: Rate = 20
    strategy_orders_per_day: Rate = 200
    duplicate_window_s: Seconds = 30.0
    """Time in which a second order with the same symbol, side, quantity and price is a duplicate."""
    long_only: bool = True
    allowed_symbols: Symbols | None = None
    """What may be traded; None means the market section's symbols."""
    no_entry_first_minutes: Minutes = 1
    no_entry_last_minutes: Minutes = 5
    flat_at_close: bool = False
    """Close all positions before the session ends."""
    flat_minutes_before_close: Annotated[int, Field(ge=1, le=60)] = 3
    symbols: Mapping[Symbol, SymbolLimits] = Field(default_factory=dict)


REQUIRED_FOR_LIVE = frozenset(RiskConfig.model_fields) - {"allowed_symbols", "symbols", "flat_minutes_before_close"}
"""Keys of the risk section that must be written for live money; a default is an opinion about somebody else's money."""
