"""The limits of the risk gate. The invariant: every limit has a finite value; "unlimited" cannot be written.

The defaults are for paper money. Live money must have each key of `REQUIRED_FOR_LIVE` written for it (see `checks`).
The keys are those of the gate's own limits: a key here that the gate does not know would be a limit that does not hold.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from tradetui.config.connection import Symbols
from tradetui.config.values import Bps, Minutes, Money, Name, Percent, Quantity, Rate, Seconds, Section, Symbol

Leverage = Annotated[float, Field(gt=0, le=10, allow_inf_nan=False)]
Few = Annotated[int, Field(gt=0, le=1_000)]
"""Round trips, losses, denials in a row: the core remembers no more of them."""
Slippage = Annotated[Bps, Field(gt=0)]
OrdersPerFill = Annotated[float, Field(ge=1, le=100_000, allow_inf_nan=False)]
Action = Literal["block", "cancel", "flatten"]
Breaker = Literal[
    "daily_loss",
    "drawdown",
    "day_drawdown",
    "strategy_loss",
    "symbol_loss",
    "losing_streak",
    "round_trips",
    "denials",
    "rejects",
    "slippage",
    "messages",
    "orders_per_fill",
]
"""The post-trade controls, by the names under which `tradetui risk` and `tradetui why` show them."""


class StrategyRiskConfig(Section):
    """What one strategy may do, of its own part: [risk.strategy.NAME]. The tighter of these and [risk] holds."""

    max_order_qty: Quantity | None = None
    max_order_notional: Money | None = None
    max_position_qty: Quantity | None = None
    max_position_notional: Money | None = None
    max_gross_notional: Money | None = None
    orders_per_second: Rate | None = None
    orders_per_minute: Rate | None = None
    orders_per_day: Rate | None = None
    daily_loss_limit: Money | None = None
    max_round_trips: Few | None = None
    max_denials: Few | None = None
    max_losing_streak: Few | None = None
    max_rejects: Few | None = None
    max_slippage_bps: Slippage | None = None
    flat_minutes_before_close: Minutes | None = None
    """Its positions are closed this long before the close, whatever else the account holds."""


class SymbolRiskConfig(Section):
    """What may be done in one symbol by all strategies: [risk.symbol.SYM]. The tighter of these and [risk] holds."""

    max_order_qty: Quantity | None = None
    max_order_notional: Money | None = None
    max_position_qty: Quantity | None = None
    max_position_notional: Money | None = None
    max_concentration_pct: Percent | None = None
    price_collar_pct: Percent | None = None
    max_spread_pct: Percent | None = None
    daily_loss_limit: Money | None = None
    max_round_trips: Few | None = None


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
    max_net_notional: Money | None = None
    """Longs less shorts, the worse way round, working orders included; None means max_gross_notional."""
    max_leverage: Leverage = 1.0
    """Gross notional over equity."""
    max_positions: Rate = 10
    max_concentration_pct: Percent = 25.0
    """Share of equity that one symbol may have, working orders included."""
    max_sector_pct: Percent = 50.0
    """Share of equity that the symbols of one sector may have together."""
    sectors: Mapping[str, Symbols] = Field(default_factory=dict)
    """Groups of symbols that move together: [risk.sectors] technology = ["QQQ", "XLK"]."""
    daily_loss_limit: Money = 500.0
    """Loss of one trading day, realised and open, at which the breaker trips."""
    strategy_loss_limit: Money | None = None
    """The same for each strategy alone; None means daily_loss_limit."""
    symbol_loss_limit: Money | None = None
    """The same for each symbol alone; None means daily_loss_limit."""
    max_drawdown_pct: Percent = 3.0
    """Fall of equity below its highest ever, in percent, at which the breaker trips."""
    max_day_drawdown_pct: Percent | None = None
    """Fall of equity below the day's high, in percent, at which the breaker trips; None means max_drawdown_pct."""
    max_losing_streak: Few = 8
    """Round trips in a row that lose money after commissions, from which a strategy is off until it is re-armed."""
    max_round_trips: Few = 20
    """Round trips per strategy, symbol and day from which the strategy is off until it is re-armed."""
    max_denials: Few = 3
    """Faulty orders in a row (size, rate, price, repetition) from which a strategy is off until it is re-armed."""
    max_rejects: Few = 3
    """Orders of a strategy that the broker refused within `reject_window_s`, from which it is off until re-armed."""
    reject_window_s: Seconds = 300.0
    max_slippage_bps: Slippage = 50.0
    """How much worse than the price at the decision a fill may be before its strategy is off until it is re-armed."""
    max_messages_per_minute: Rate = 120
    """Orders and cancels; cancels and exits are sent whatever it says."""
    max_orders_per_fill: OrdersPerFill = 20.0
    """(orders + cancels) / (fills + 1) of a day. Interactive Brokers calls more than 20 excessive."""
    breaker_action: Action = "cancel"
    """What a breaker does besides blocking entries: nothing more, cancel entries, or also close positions."""
    actions: Mapping[Breaker, Action] = Field(default_factory=dict)
    """The same for single breakers: [risk.actions] daily_loss = "flatten"."""
    flat_minutes_before_close: Minutes = 0
    """Everything is closed this long before the close and stays so until the next session; 0 means never."""
    price_collar_pct: Percent = 1.0
    """Distance of an order's price from the last good quote."""
    max_quote_age_s: Seconds = 10.0
    """Age from which a quote is stale and gives no entry."""
    allow_delayed_data: bool = False
    """Whether delayed quotes may give entries, for a paper account without market data subscriptions."""
    max_spread_pct: Percent = 0.5
    """Spread in percent of the price above which no entry is made."""
    orders_per_second: Rate = 10
    """Counted in real time, for the whole account and so for each strategy; likewise the next two."""
    orders_per_minute: Rate = 60
    orders_per_day: Rate = 500
    duplicate_window_s: Seconds = 30.0
    """Time in which a second order with the same symbol, side, quantity and price is a duplicate."""
    long_only: bool = True
    allowed_symbols: Symbols | None = None
    """What may be traded; None means the market section's symbols."""
    no_entry_first_minutes: Minutes = 1
    no_entry_last_minutes: Minutes = 5
    strategy: Mapping[Name, StrategyRiskConfig] = Field(default_factory=dict)
    symbol: Mapping[Symbol, SymbolRiskConfig] = Field(default_factory=dict)


_TIGHTEN_FURTHER = {
    "allowed_symbols",
    "max_net_notional",
    "max_concentration_pct",
    "max_sector_pct",
    "sectors",
    "strategy_loss_limit",
    "symbol_loss_limit",
    "max_day_drawdown_pct",
    "max_losing_streak",
    "max_round_trips",
    "max_denials",
    "max_rejects",
    "reject_window_s",
    "max_slippage_bps",
    "max_messages_per_minute",
    "max_orders_per_fill",
    "actions",
    "flat_minutes_before_close",
    "strategy",
    "symbol",
}
REQUIRED_FOR_LIVE = frozenset(RiskConfig.model_fields) - _TIGHTEN_FURTHER
"""Keys of the risk section that must be written for live money; a default is an opinion about somebody else's money.

The others only make the written ones tighter: left out, they can stop trading early but never let it go further.
"""
