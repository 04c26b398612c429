"""Cost of one decision of the risk gate, with every control switched on and none refusing."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from tradetui.bench.measure import Measurement, Unmeasured, cost_us
from tradetui.domain.instrument import Instrument
from tradetui.domain.order import Intent, OrderType, Purpose, Side, TimeInForce
from tradetui.risk.gate import ENTRY_CONTROLS, ORDER_CONTROLS, Gate
from tradetui.risk.limits import Limits, StrategyLimits, SymbolLimits
from tradetui.simulation.setting import STRATEGY, settings
from tradetui.simulation.world import World
from tradetui.trading.exposure import view_for
from tradetui.trading.settings import StrategySetting

ROUNDS = 20_000
SYMBOLS = tuple(f"S{number:02}" for number in range(20))


def measure(scale: float) -> list[Measurement]:
    """Return the cost of one order with 20 positions held and 20 orders working: judged alone, and with its facts."""
    world = busy_world()
    state, now, instrument = world.core.state, world.now, world.config.instruments[SYMBOLS[3]]
    gate, entry = Gate(state.limits), an_entry()
    leave = replace(entry, side=Side.SELL, purpose=Purpose.EXIT, strategy=STRATEGY)
    view, held = view_for(state, now, entry, instrument), view_for(state, now, leave, instrument)
    for order, facts in ((entry, view), (leave, held)):
        refused = gate.check(order, facts).refusals
        if refused:
            raise Unmeasured(f"the gate refuses the order that is to be timed: {refused[0].text}")
    rounds = max(1, int(ROUNDS * scale))
    count = len(ORDER_CONTROLS) + len(ENTRY_CONTROLS)
    works: list[tuple[str, str, Callable[[], object]]] = [
        ("gate.entry", f"one decision on an entry, {count} controls", lambda: gate.check(entry, view)),
        ("gate.exit", f"one decision on an exit, {len(ORDER_CONTROLS)} controls", lambda: gate.check(leave, held)),
        (
            "gate.whole",
            f"an entry's facts gathered and judged: {len(SYMBOLS)} positions, {len(state.book.live())} live orders",
            lambda: gate.check(entry, view_for(state, now, entry, instrument)),
        ),
    ]
    return [
        Measurement(name=name, what=what, value=cost_us(work, rounds, time.perf_counter), unit="us")
        for name, what, work in works
    ]


def busy_world() -> World:
    """Return a core that holds every symbol and has an order working in each."""
    strategies = tuple(StrategySetting(name=name, symbols=SYMBOLS, bar_size="1m") for name in (STRATEGY, "bench"))
    instruments = {symbol: Instrument(symbol=symbol) for symbol in SYMBOLS}
    world = World(settings(limits=roomy_limits(*SYMBOLS), instruments=instruments, strategies=strategies))
    world.connect()
    for symbol in SYMBOLS:
        world.buy_and_fill(symbol)
    for symbol in SYMBOLS:
        world.working(symbol=symbol, qty=10)
    world.wait(0.25)
    return world


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
        sectors={"first": frozenset(symbols[:10]), "second": frozenset(symbols[10:])},
        strategy={"bench": StrategyLimits(max_position_qty=1e4, max_gross_notional=1e8, orders_per_day=1_000_000)},
        symbol={symbols[0]: SymbolLimits(max_order_qty=1e4)},
    )


def an_entry() -> Intent:
    """Return a limit order near the market."""
    return Intent(
        intent_id="i1",
        strategy="bench",
        symbol=SYMBOLS[3],
        side=Side.BUY,
        qty=100,
        purpose=Purpose.ENTRY,
        order_type=OrderType.LIMIT,
        tif=TimeInForce.DAY,
        limit_price=100.0,
    )
