"""Orders for the opening auction: allowed between sessions, waiting over the night, gone after the open."""

from __future__ import annotations

from tests.trading.world import STRATEGY, World, settings
from tradetui.domain.bar import Bar
from tradetui.domain.clock import MINUTE_NS, SECOND_NS
from tradetui.domain.events import BarClosed, BarSource, OrderSeen, SignalsProposed
from tradetui.domain.order import Intent, OrderType, Side, Signal, TimeInForce
from tradetui.domain.order_state import OrderState
from tradetui.simulation.setting import OPEN, SESSION_MINUTES, SYMBOLS
from tradetui.trading.settings import AfterClose, Execution, StrategySetting, UnfilledPolicy

CLOSE = OPEN + SESSION_MINUTES * MINUTE_NS
NEXT_OPEN = OPEN + 24 * 60 * MINUTE_NS


def daily(after_close: AfterClose = AfterClose.NEXT_OPEN, bar_size: str = "1d", **execution: object) -> World:
    world = World(
        settings(
            execution=Execution(after_close=after_close, **execution),  # type: ignore[arg-type]
            strategies=(StrategySetting(name=STRATEGY, symbols=SYMBOLS, bar_size=bar_size),),
        )
    )
    world.connect()
    return world


def decide_at(world: World, ns: int, **changes: object) -> list[Intent]:
    """Have a buy of 10 decided at the bar that closes at `ns`; return what was sent."""
    world.market_ns = ns
    world.mono_ns += SECOND_NS
    size = world.config.strategies[0].bar_size
    world.give(BarClosed(Bar("SPY", ns, 100.0, 100.0, 100.0, 100.0, 1.0), size, BarSource.LIVE))
    fields: dict[str, object] = {"symbol": "SPY", "side": Side.BUY, "qty": 10.0, **changes}
    before = len(world.sent)
    world.give(SignalsProposed(STRATEGY, "SPY", ns, (Signal(**fields),)))  # type: ignore[arg-type]
    return [place.intent for place in world.sent[before:]]


def test_a_daily_bars_market_order_waits_for_the_next_open() -> None:
    world = daily()
    (intent,) = decide_at(world, CLOSE)
    assert (intent.tif, intent.order_type) == (TimeInForce.OPG, OrderType.MARKET)


def test_by_default_it_is_refused_as_any_entry_outside_the_session() -> None:
    world = daily(AfterClose.REFUSE)
    assert decide_at(world, CLOSE) == []
    assert "MARKET_HOURS" in world.refusals()


def test_a_strategy_on_minutes_and_a_limit_order_are_not_moved_to_the_open() -> None:
    assert decide_at(daily(bar_size="1m"), CLOSE) == []
    assert decide_at(daily(), CLOSE, order_type=OrderType.LIMIT, limit_price=99.0) == []
    (intent,) = decide_at(daily(), CLOSE - 60 * MINUTE_NS)
    assert intent.tif is TimeInForce.DAY


def test_a_quote_of_the_evening_is_fresh_enough_for_the_auction_but_some_price_must_be_known() -> None:
    world = daily()
    world.mono_ns += 3600 * SECOND_NS
    assert len(decide_at(world, CLOSE)) == 1
    world = daily()
    del world.core.state.quotes["SPY"]
    assert decide_at(world, CLOSE) == []
    assert "STALE_DATA" in world.refusals()


def test_a_limit_for_the_auction_is_not_cancelled_for_being_unfilled() -> None:
    world = daily(unfilled_policy=UnfilledPolicy.CANCEL, unfilled_timeout_s=5.0)
    (intent,) = decide_at(world, CLOSE + MINUTE_NS, order_type=OrderType.LIMIT, limit_price=99.0, tif=TimeInForce.OPG)
    world.acknowledge(world.write(intent.intent_id))
    world.wait(30)
    assert world.cancels == []


def test_an_order_for_the_open_is_missed_only_when_its_auction_is_over() -> None:
    world = daily()
    (intent,) = decide_at(world, CLOSE)
    perm_id = world.write(intent.intent_id)
    world.acknowledge(perm_id)
    world.broker.archived.add(perm_id)
    world.give(OrderSeen(world.broker.orders[perm_id]))
    del world.broker.orders[perm_id]
    for _ in range(8):
        world.wait(3)
        world.look()
    assert world.order(intent.intent_id).state is OrderState.UNKNOWN
    world.market_ns = NEXT_OPEN + MINUTE_NS
    world.mono_ns += 3600 * SECOND_NS
    for _ in range(8):
        world.wait(3)
        world.look()
    assert world.order(intent.intent_id).state is OrderState.EXPIRED


def test_an_order_for_the_open_decided_in_a_session_is_for_the_open_after_it() -> None:
    world = daily()
    (intent,) = decide_at(world, CLOSE - 30 * MINUTE_NS, tif=TimeInForce.OPG)
    perm_id = world.write(intent.intent_id)
    world.acknowledge(perm_id)
    del world.broker.orders[perm_id]
    world.market_ns = CLOSE + MINUTE_NS
    for _ in range(8):
        world.wait(3)
        world.look()
    assert world.order(intent.intent_id).state is OrderState.UNKNOWN


def test_an_order_for_the_open_outlives_a_restart_in_the_night_and_fills_at_the_open() -> None:
    world = daily()
    (intent,) = decide_at(world, CLOSE)
    perm_id = world.write(intent.intent_id)
    world.acknowledge(perm_id)
    world.restart()
    world.connect()
    world.wait(10)
    assert world.order(intent.intent_id).state is OrderState.WORKING
    world.market_ns = NEXT_OPEN
    world.fill(perm_id, 10, 101.0)
    assert world.order(intent.intent_id).state is OrderState.FILLED
    assert world.core.state.ledger.position_of(STRATEGY, "SPY").qty == 10
