"""Cost of one decision of the risk gate, with every control switched on and none refusing."""

from __future__ import annotations

import time
from dataclasses import replace

from tradetui.bench.measure import Measurement, Unmeasured, cost_us
from tradetui.domain.clock import SECOND_NS, Now
from tradetui.domain.instrument import Instrument
from tradetui.domain.order import Intent, OrderType, Purpose, Side, TimeInForce
from tradetui.domain.tick import Quote
from tradetui.risk.gate import ENTRY_CONTROLS, ORDER_CONTROLS, Gate
from tradetui.risk.limits import Limits
from tradetui.risk.view import Exposure, OrderCounts, RiskView

ROUNDS = 20_000


def measure(scale: float) -> list[Measurement]:
    """Return the cost of checking an entry and of checking an exit."""
    gate = Gate(roomy_limits("SPY"))
    entry, view = an_entry(), a_view()
    leave = replace(entry, side=Side.SELL, purpose=Purpose.EXIT)
    held = replace(view, exposure=Exposure(held=100.0))
    if not (gate.check(entry, view).allowed and gate.check(leave, held).allowed):
        raise Unmeasured("the gate refuses the order that is to be timed")
    rounds = max(1, int(ROUNDS * scale))
    count = len(ORDER_CONTROLS) + len(ENTRY_CONTROLS)
    return [
        Measurement(
            name="gate.entry",
            what=f"one decision on an entry, {count} controls",
            value=cost_us(lambda: gate.check(entry, view), rounds, time.perf_counter),
            unit="us",
        ),
        Measurement(
            name="gate.exit",
            what=f"one decision on an exit, {len(ORDER_CONTROLS)} controls",
            value=cost_us(lambda: gate.check(leave, held), rounds, time.perf_counter),
            unit="us",
        ),
    ]


def roomy_limits(*symbols: str) -> Limits:
    """Return limits with every rule on and none binding."""
    return Limits(
        symbols=frozenset(symbols),
        max_order_qty=1e4,
        max_order_notional=1e6,
        max_position_qty=1e4,
        max_position_notional=1e6,
        max_gross_notional=1e8,
        max_net_notional=1e8,
        max_leverage=10.0,
        max_positions=100,
        max_concentration_pct=1e6,
        max_sector_pct=1e6,
        daily_loss_limit=1e6,
        strategy_loss_limit=1e6,
        symbol_loss_limit=1e6,
        max_drawdown_pct=90.0,
        max_day_drawdown_pct=90.0,
        max_losing_streak=1000,
        max_round_trips=1000,
        max_denials=1000,
        max_rejects=1000,
        reject_window_s=60.0,
        max_slippage_bps=1e6,
        max_messages_per_minute=1_000_000,
        max_orders_per_fill=1e6,
        price_collar_pct=5.0,
        max_spread_pct=1.0,
        max_quote_age_s=10.0,
        orders_per_second=1_000_000,
        orders_per_minute=1_000_000,
        orders_per_day=1_000_000,
        duplicate_window_s=0.001,
        long_only=True,
        no_entry_first_minutes=1,
        no_entry_last_minutes=1,
    )


def an_entry() -> Intent:
    """Return a limit order near the market."""
    return Intent(
        intent_id="i1",
        strategy="bench",
        symbol="SPY",
        side=Side.BUY,
        qty=100,
        purpose=Purpose.ENTRY,
        order_type=OrderType.LIMIT,
        tif=TimeInForce.DAY,
        limit_price=100.0,
    )


def a_view() -> RiskView:
    """Return a calm moment of a trading day."""
    now = Now(1_000 * SECOND_NS, 500 * SECOND_NS)
    return RiskView(
        now=now,
        instrument=Instrument(symbol="SPY"),
        since_open_s=3600.0,
        to_close_s=3600.0,
        quote=Quote(symbol="SPY", ts_ns=now.market_ns, mono_ns=now.mono_ns, bid=99.99, ask=100.01, last=100.0),
        gross_other=10_000.0,
        symbols_other=3,
        equity=100_000.0,
        available_funds=100_000.0,
        day_pnl=0.0,
        drawdown_pct=0.0,
        counts=OrderCounts(1, 5, 50, 1, 5, 50),
    )
