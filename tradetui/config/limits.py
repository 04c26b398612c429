"""The limits of the risk gate. The invariant: every limit has a finite value; "unlimited" cannot be written.

The defaults are for paper money. Live money must have each key of `REQUIRED_FOR_LIVE` written for it (see `checks`).
The keys are those of the gate's own limits: a key here that the gate does not know would be a limit that does not hold.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from tradetui.config.connection import Symbols
from tradetui.config.values import Minutes, Money, Percent, Quantity, Rate, Seconds, Section

Leverage = Annotated[float, Field(gt=0, le=10, allow_inf_nan=False)]


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


REQUIRED_FOR_LIVE = frozenset(RiskConfig.model_fields) - {"allowed_symbols"}
"""Keys of the risk section that must be written for live money; a default is an opinion about somebody else's money."""
