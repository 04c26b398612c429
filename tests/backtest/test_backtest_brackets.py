"""Protective orders in a backtest: what a bar does to them, and the same strategy in the live core."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import pytest

from tests.backtest.support import CALM_ROW as CALM
from tests.backtest.support import Wanted, columns, fills_of, run_script
from tests.trading.world import STRATEGY, World, limits, settings
from tradetui.backtest.costs import Costs, PerOrder
from tradetui.backtest.engine import Player, RunResult, RunSpec, run
from tradetui.backtest.orders import SimOrder
from tradetui.backtest.sessions import NEVER_NS, Sessions
from tradetui.domain.bar import Bar
from tradetui.domain.clock import MINUTE_NS
from tradetui.domain.events import BarClosed, BarSource, OrderSeen, SignalsProposed
from tradetui.domain.instrument import Instrument
from tradetui.domain.order import Intent, OrderType, Purpose, Side
from tradetui.domain.order_state import OrderState
from tradetui.marketdata.bar_columns import BarColumns
from tradetui.risk.limits import BreakerAction
from tradetui.simulation.setting import OPEN, SESSION_MINUTES
from tradetui.strategy.api import Context, Strategy
from tradetui.trading.settings import Execution, UnfilledPolicy

BUY, SELL = Side.BUY, Side.SELL
ENTRY = Wanted(BUY, stop_loss=95.0, take_profit=105.0)


def prices(result: RunResult) -> list[tuple[float, float]]:
    return [(qty, price) for _, qty, price in fills_of(result)]


@pytest.mark.parametrize(
    ("row", "price"),
    [
        pytest.param([100.0, 101.0, 94.0, 96.0], 95.0, id="the stop is touched"),
        pytest.param([100.0, 106.0, 99.0, 104.0], 105.0, id="the target is touched"),
        pytest.param([100.0, 106.0, 94.0, 100.0], 95.0, id="both are touched: the stop comes first"),
        pytest.param([93.0, 94.0, 92.0, 93.0], 93.0, id="the open jumps over the stop"),
        pytest.param([107.0, 108.0, 106.0, 107.0], 107.0, id="the open betters the target"),
    ],
)
def test_a_bracket_is_ended_by_the_first_price_that_a_pessimist_sees(row: list[float], price: float) -> None:
    result, _ = run_script(columns([CALM, CALM, row, CALM]), {0: [ENTRY]})
    assert prices(result) == [(10.0, 100.0), (-10.0, price)]
    assert sorted(order.state for _, order in result.log.orders) == ["CANCELLED", "FILLED", "FILLED"]


def test_a_short_entry_is_protected_on_the_other_side() -> None:
    wanted = Wanted(SELL, stop_loss=105.0, take_profit=95.0)
    result, _ = run_script(columns([CALM, CALM, [100.0, 106.0, 94.0, 100.0]]), {0: [wanted]})
    assert prices(result) == [(-10.0, 100.0), (10.0, 105.0)]


def test_the_bar_of_the_entry_can_reach_stop_and_target_when_it_fills_at_the_open() -> None:
    for row, price in (([100.0, 101.0, 94.0, 96.0], 95.0), ([100.0, 106.0, 99.0, 104.0], 105.0)):
        result, _ = run_script(columns([CALM, row]), {0: [ENTRY]})
        assert prices(result) == [(10.0, 100.0), (-10.0, price)]


def test_in_the_bar_of_an_entry_that_fills_later_only_the_stop_is_reached() -> None:
    entry = Wanted(BUY, limit=98.0, stop_loss=95.0, take_profit=105.0)
    result, _ = run_script(columns([CALM, [100.0, 106.0, 97.0, 104.0], CALM]), {0: [entry]})
    assert prices(result) == [(10.0, 98.0)]
    result, _ = run_script(columns([CALM, [100.0, 106.0, 94.0, 104.0], CALM]), {0: [entry]})
    assert prices(result) == [(10.0, 98.0), (-10.0, 95.0)]


def test_protection_of_an_entry_that_does_not_fill_does_not_work() -> None:
    entry = Wanted(BUY, limit=90.0, stop_loss=85.0, take_profit=99.0)
    result, _ = run_script(columns([CALM, CALM, CALM]), {0: [entry]})
    assert prices(result) == []
    assert {order.state for _, order in result.log.orders} == {OrderState.WORKING}


def test_a_stop_covers_what_a_capped_entry_has_filled() -> None:
    rows = [[*CALM, 100.0], [100.0, 100.5, 99.5, 100.0, 40.0], [100.0, 100.5, 94.0, 96.0, 1000.0]]
    result, _ = run_script(columns(rows), {0: [Wanted(BUY, 10.0, stop_loss=95.0)]}, volume_cap=0.1)
    assert prices(result) == [(4.0, 100.0), (6.0, 100.0), (-10.0, 95.0)]


def test_a_target_that_fills_in_part_leaves_the_stop_the_rest() -> None:
    rows = [[*CALM, 1000.0], [*CALM, 1000.0], [100.0, 106.0, 99.0, 104.0, 30.0], [100.0, 101.0, 94.0, 96.0, 1000.0]]
    result, _ = run_script(columns(rows), {0: [ENTRY]}, volume_cap=0.1)
    assert prices(result) == [(10.0, 100.0), (-3.0, 105.0), (-7.0, 95.0)]


def test_a_close_takes_the_protection_away_and_a_partial_one_keeps_the_rest_protected() -> None:
    drop = [94.0, 94.5, 93.0, 94.0]
    result, _ = run_script(columns([CALM, CALM, CALM, CALM, drop]), {0: [ENTRY], 2: [Wanted(None)]})
    assert prices(result) == [(10.0, 100.0), (-10.0, 100.0)]
    result, _ = run_script(columns([CALM, CALM, CALM, CALM, drop]), {0: [ENTRY], 2: [Wanted(SELL, 4.0)]})
    assert prices(result) == [(10.0, 100.0), (-4.0, 100.0), (-6.0, 94.0)]


def test_a_stop_can_be_moved_and_asking_for_the_same_changes_nothing() -> None:
    move = Wanted(SELL, stop=98.0, protect=True)
    rows = [CALM, CALM, CALM, CALM, [100.0, 100.0, 97.0, 97.5]]
    result, _ = run_script(columns(rows), {0: [ENTRY], 1: [move], 2: [move]})
    assert prices(result) == [(10.0, 100.0), (-10.0, 98.0)]
    assert len(result.log.orders) == 4


def test_a_stop_that_is_no_price_is_refused_and_the_old_one_stays() -> None:
    bad = Wanted(SELL, stop=-1.0, protect=True)
    result, _ = run_script(columns([CALM, CALM, CALM, [100.0, 100.0, 94.0, 95.0]]), {0: [ENTRY], 1: [bad]})
    assert result.log.refusals == {"FIELDS": 1}
    assert prices(result) == [(10.0, 100.0), (-10.0, 95.0)]


def test_asking_for_protection_while_flat_does_nothing() -> None:
    result, _ = run_script(columns([CALM, CALM]), {0: [Wanted(SELL, stop=98.0, protect=True)]})
    assert result.log.orders == []


def test_a_breaker_that_flattens_ends_the_protection_too() -> None:
    tight = limits(
        symbols=frozenset({"AAA"}), daily_loss_limit=20.0, breaker_action=BreakerAction.FLATTEN, long_only=False
    )
    rows = [CALM, CALM, [100.0, 100.0, 96.0, 96.0], [96.0, 96.5, 90.0, 91.0], [91.0, 92.0, 90.0, 91.0]]
    result, _ = run_script(columns(rows), {0: [ENTRY]}, limits=tight)
    assert prices(result) == [(10.0, 100.0), (-10.0, 96.0)]


def test_a_bracket_that_would_trade_at_once_is_refused_whole() -> None:
    result, _ = run_script(columns([CALM, CALM]), {0: [Wanted(BUY, stop_loss=101.0)]})
    assert result.log.refusals == {"BRACKET": 1}
    assert result.log.orders == []


def test_a_reversal_closes_first_and_opens_with_its_own_protection() -> None:
    script = {0: [ENTRY], 1: [Wanted(SELL, 15.0, stop_loss=104.0)]}
    result, _ = run_script(columns([CALM, CALM, CALM, [100.0, 106.0, 94.0, 100.0]]), script)
    assert prices(result) == [(10.0, 100.0), (-10.0, 100.0), (-5.0, 100.0), (5.0, 104.0)]


# --- the same strategy in the live core -------------------------------------------------------------------------------
class Dice(Strategy):
    """Does at random, from a seed, everything that has to do with protection."""

    def __init__(self, seed: int) -> None:
        super().__init__("SPY")
        self.rng = random.Random(seed)

    def on_bar(self, bar: Bar, ctx: Context) -> None:
        """Roll the dice, the same number of times at every bar."""
        rng = self.rng
        roll, qty, near, far = rng.random(), float(rng.randint(1, 20)), rng.uniform(0.1, 1.5), rng.uniform(0.2, 2.0)
        price, sign = bar.close, 1 if ctx.position > 0 else -1
        if roll < 0.10:
            ctx.buy(qty, stop_loss=price - near, take_profit=price + far)
        elif roll < 0.16:
            ctx.buy(qty, limit=price - near / 2, stop_loss=price - near, take_profit=price + far)
        elif roll < 0.22:
            ctx.sell(qty, stop_loss=price + near, take_profit=price - far)
        elif roll < 0.26:
            ctx.buy(qty)
        elif roll < 0.32:
            ctx.protect(price - sign * near, target=price + sign * far if far < 1.0 else None)
        elif roll < 0.36:
            ctx.close()


@dataclass
class Exchange:
    """Fills the core's orders as the backtest's conventions say, by the broker's rules for families and groups."""

    world: World
    intents: dict[int, Intent] = field(default_factory=dict)
    working: dict[int, SimOrder] = field(default_factory=dict)
    fills: list[tuple[int, float, float]] = field(default_factory=list)
    sent: int = 0
    cancelled: int = 0

    def pump(self) -> None:
        """Take in what the core has sent; a cancel is done at once, before orders that come after it."""
        world = self.world
        while self.sent < len(world.sent) or self.cancelled < len(world.cancels):
            if self.cancelled < len(world.cancels):
                wanted = world.cancels[self.cancelled].intent_id
                self.cancelled += 1
                for perm_id in [perm for perm, intent in self.intents.items() if intent.intent_id == wanted]:
                    self.end(perm_id)
            else:
                self.take(world.sent[self.sent].intent)

    def take(self, intent: Intent) -> None:
        self.sent += 1
        perm_id = self.world.write(intent.intent_id)
        self.intents[perm_id] = intent
        self.working[perm_id] = SimOrder(
            0,
            intent.bar_end_ns,
            intent.side.sign,
            intent.qty,
            intent.order_type,
            intent.limit_price,
            intent.stop_price,
            intent.tif,
            NEVER_NS,
            intent.purpose,
            intent.leg,
            "",
        )
        self.world.acknowledge(perm_id)

    def end(self, perm_id: int) -> None:
        if self.working.pop(perm_id, None) is None:
            return
        self.world.give(OrderSeen(self.world.broker.end(perm_id)))
        mine = self.intents[perm_id].intent_id
        for child in [perm for perm, intent in self.intents.items() if intent.parent_id == mine]:
            self.end(child)  # orders fill whole here: it had no fill

    def is_awake(self, perm_id: int) -> bool:
        parent = self.intents[perm_id].parent_id
        return not parent or all(self.intents[perm].intent_id != parent for perm in self.working)

    def play(self, bar: Bar) -> None:
        """Match one bar: what fills at the open, then stops, then limits, then stops of entries inside the bar."""
        plain = [perm for perm in self.working if self.intents[perm].purpose is not Purpose.STOP]
        for perm_id in plain:
            self.at_open(perm_id, bar)
        awake = [perm for perm in self.working if self.intents[perm].purpose is Purpose.STOP and self.is_awake(perm)]
        for perm_id in awake:
            self.at_open(perm_id, bar)
        for perm_id in sorted([*plain, *awake], key=lambda perm: self.intents[perm].order_type is OrderType.LIMIT):
            self.in_range(perm_id, bar)
        for perm_id in list(self.working):
            if perm_id not in awake and self.intents[perm_id].is_stop_loss and self.is_awake(perm_id):
                self.in_range(perm_id, bar)

    def at_open(self, perm_id: int, bar: Bar) -> None:
        if perm_id in self.working:
            self.fill(perm_id, self.working[perm_id].open_price(bar.open), bar)

    def in_range(self, perm_id: int, bar: Bar) -> None:
        if perm_id in self.working:
            self.fill(perm_id, self.working[perm_id].range_price(bar), bar)

    def fill(self, perm_id: int, price: float | None, bar: Bar) -> None:
        if price is None:
            return
        order, intent = self.working.pop(perm_id), self.intents[perm_id]
        self.world.fill(perm_id, order.qty, price)
        self.fills.append((bar.end_ns, order.qty * order.sign, price))
        if intent.oca_group:
            for other in [perm for perm in self.working if self.intents[perm].oca_group == intent.oca_group]:
                self.end(other)


def market(seed: int, count: int = 150) -> BarColumns:
    rng = random.Random(1000 + seed)
    rows, price = [], 100.0
    for _ in range(count):
        opened = round(price + rng.gauss(0, 0.15), 2)
        close = round(opened + rng.gauss(0, 0.4), 2)
        high, low = max(opened, close) + abs(rng.gauss(0, 0.3)), min(opened, close) - abs(rng.gauss(0, 0.3))
        rows.append([opened, round(high, 2), round(low, 2), close])
        price = close
    made = columns(rows, "SPY")
    return BarColumns(
        symbol="SPY",
        end_ns=made.end_ns - made.end_ns[0] + OPEN + 31 * MINUTE_NS,
        open=made.open,
        high=made.high,
        low=made.low,
        close=made.close,
        volume=made.volume,
    )


def live_fills(bars: BarColumns, seed: int, world: World) -> list[tuple[int, float, float]]:
    """Run the strategy in the core over an exchange that fills as a backtest does."""
    exchange, strategy = Exchange(world), Dice(seed)
    for row in range(len(bars)):
        opened, high, low, close = (float(part[row]) for part in (bars.open, bars.high, bars.low, bars.close))
        bar = Bar("SPY", int(bars.end_ns[row]), opened, high, low, close, 1000.0)
        world.market_ns = bar.end_ns
        exchange.play(bar)
        exchange.pump()
        world.prices["SPY"] = bar.close
        world.quote("SPY", bid=bar.close, ask=bar.close)
        world.give(BarClosed(bar, "1m", BarSource.LIVE))
        told = world.bars[-1].position
        ctx = Context("SPY", told.qty, told.avg_cost, told.working)
        strategy.on_bar(bar, ctx)
        world.give(SignalsProposed(STRATEGY, "SPY", bar.end_ns, tuple(ctx.signals)))
        exchange.pump()
        world.wait(6)
        exchange.pump()
    return exchange.fills


def together(fills: list[tuple[int, float, float]]) -> dict[tuple[int, float], float]:
    """Return the quantity traded in each bar at each price: several stops at one price may come in any order."""
    found: dict[tuple[int, float], float] = {}
    for end_ns, qty, price in fills:
        found[end_ns, price] = found.get((end_ns, price), 0.0) + qty
    return found


@pytest.mark.parametrize("seed", range(12))
def test_a_strategy_with_protection_trades_the_same_in_the_backtest_and_in_the_core(seed: int) -> None:
    rules = limits(long_only=seed % 2 == 0, max_order_qty=1e6, price_collar_pct=50.0, orders_per_minute=1000)
    bars = market(seed)
    sessions = Sessions([OPEN + SESSION_MINUTES * MINUTE_NS], [OPEN])
    spec = RunSpec(limits=rules, sessions=sessions, cash=1_000_000.0, costs=Costs(PerOrder(0.0)))
    result = run([Player(STRATEGY, Dice(seed), Instrument(symbol="SPY"))], {"SPY": bars}, spec)
    tested = [(fill.end_ns, fill.signed_qty, fill.price) for fill in result.log.fill_rows()]
    unfilled = Execution(unfilled_policy=UnfilledPolicy.KEEP)
    world = World(settings(limits=rules, execution=unfilled))
    world.connect()
    assert together(live_fills(bars, seed, world)) == together(tested)
    assert len(tested) > 10
