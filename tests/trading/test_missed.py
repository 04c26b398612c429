"""Fills across midnight: an exact match becomes a labelled adjustment, anything less waits for the operator."""

from __future__ import annotations

import pytest

from tests.trading.world import STRATEGY, World, settings
from tradetui.domain.clock import MINUTE_NS
from tradetui.domain.events import CommandKind, OrderSeen
from tradetui.domain.instrument import Instrument
from tradetui.domain.order import OrderType, Side, TimeInForce
from tradetui.domain.order_state import OrderState
from tradetui.trading.state import CoreState

DAY = 24 * 60 * MINUTE_NS


def ready() -> World:
    world = World(settings())
    world.connect()
    return world


def state(world: World) -> CoreState:
    return world.core.state


def overnight(world: World, perm_id: int, filled: float, price: float = 99.0) -> None:
    """The core dies; the order is filled meanwhile; the next day lists neither the order nor its executions."""
    world.journal.flush()
    if filled:
        world.broker.fill(perm_id, filled, price, world.market_ns)
    if world.broker.is_live(world.broker.orders[perm_id]):
        world.broker.end(perm_id)
    world.broker.new_day()
    world.market_ns += DAY
    world.restart()
    world.connect()


def looks(world: World, count: int = 10) -> None:
    for _ in range(count):
        world.wait(2.5)
        world.look()


def test_a_fill_while_the_core_was_down_over_midnight_is_booked_and_labelled() -> None:
    world = ready()
    intent_id, perm_id = world.working()
    overnight(world, perm_id, 100)
    looks(world)
    ledger = state(world).ledger
    assert (ledger.position("SPY").qty, ledger.position_of(STRATEGY, "SPY").qty) == (100.0, 100.0)
    (booked,) = ledger.adjustments
    assert (booked.who, booked.owner, booked.qty) == ("core", STRATEGY, 100.0)
    assert booked.reason == f"order {intent_id} of 2026-03-02 filled unseen; its executions are listed no more"
    assert booked.cash == pytest.approx(-100 * booked.price)
    assert "missed_fill" in world.alerts()
    assert world.order(intent_id).state is OrderState.EXPIRED
    assert state(world).latches == {}
    looks(world, 3)
    assert len(ledger.adjustments) == 1
    world.restart()
    assert state(world).ledger.position_of(STRATEGY, "SPY").qty == 100.0
    world.connect()
    assert world.decide(symbol="QQQ") is not None


def test_a_future_filled_over_midnight_is_booked_at_its_price_not_at_price_times_multiplier() -> None:
    world = World(settings(instruments={"SPY": Instrument(symbol="SPY", multiplier=50.0)}))
    world.connect()
    _, perm_id = world.working(qty=2.0, limit=99.0)
    world.broker.multipliers["SPY"] = 50.0
    overnight(world, perm_id, 2.0)
    looks(world)
    (booked,) = state(world).ledger.adjustments
    assert (booked.qty, booked.price, booked.cash) == (2.0, 100.0, -10_000.0)


def test_a_resting_exit_that_was_filled_overnight_closes_the_strategys_position() -> None:
    world = ready()
    world.buy_and_fill()
    intent_id = world.decide(Side.SELL, 100, order_type=OrderType.LIMIT, limit_price=105.0, tif=TimeInForce.GTC)
    assert intent_id is not None
    perm_id = world.write(intent_id)
    world.acknowledge(perm_id)
    overnight(world, perm_id, 100, 105.0)
    looks(world)
    assert world.order(intent_id).state is OrderState.EXPIRED
    assert state(world).ledger.position_of(STRATEGY, "SPY").qty == 0.0
    assert state(world).ledger.adjustments[0].price == 105.0
    assert "order_unknown" not in state(world).latches


def test_a_part_of_the_order_is_no_exact_match_and_waits_for_the_operator() -> None:
    world = ready()
    _, perm_id = world.working()
    overnight(world, perm_id, 60)
    looks(world)
    assert state(world).ledger.adjustments == ()
    assert "mismatch:SPY" in state(world).latches
    assert world.command(CommandKind.ADOPT, symbols=("SPY",), reason="60 of it were filled").startswith("done")


def test_an_order_that_only_expired_books_nothing() -> None:
    world = ready()
    _, perm_id = world.working()
    overnight(world, perm_id, 0)
    looks(world)
    assert state(world).ledger.adjustments == ()
    assert state(world).mismatches == {}


def test_todays_orders_are_left_to_their_executions() -> None:
    world = ready()
    _, perm_id = world.working()
    world.broker.positions["SPY"] = 100.0
    world.give(OrderSeen(world.broker.orders[perm_id]))
    looks(world)
    assert state(world).ledger.adjustments == ()
