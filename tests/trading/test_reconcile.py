"""Restart, reconnect and the comparison with the broker's own word."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.trading.world import World, settings
from tradetui.domain.account import BrokerPosition
from tradetui.domain.clock import MINUTE_NS
from tradetui.domain.events import (
    CommandKind,
    OrderSeen,
    OrderWritten,
    PositionSeen,
    SessionChanged,
    SessionState,
    SnapshotTaken,
)
from tradetui.domain.latch import TradingState
from tradetui.domain.order import OrderType, Side, TimeInForce
from tradetui.domain.order_state import OrderState
from tradetui.trading.settings import Timing
from tradetui.trading.state import CoreState
from tradetui.trading.view import view


def ready(**changes: object) -> World:
    world = World(settings(**changes))
    world.connect()
    return world


def looks(world: World, count: int, seconds: float = 2.5) -> None:
    """Answer `count` looks, some seconds apart."""
    for _ in range(count):
        world.wait(seconds)
        world.look()


def state(world: World) -> CoreState:
    return world.core.state


def test_opening_cash_comes_from_the_broker_once() -> None:
    world = ready()
    assert state(world).ledger.cash == 1_000_000.0
    world.buy_and_fill()
    world.restart()
    world.connect()
    assert state(world).ledger.opening_cash == 1_000_000.0
    assert state(world).ledger.cash == pytest.approx(world.broker.cash, abs=0.005)


def test_a_restart_pauses_until_a_clean_look_and_then_trades_again() -> None:
    world = ready()
    world.buy_and_fill()
    world.restart()
    assert world.decide(symbol="QQQ") is None
    world.connect()
    world.wait(1)
    assert state(world).trading_state is TradingState.RUN
    assert "core_restart" in world.alerts()
    assert world.decide(symbol="QQQ") is not None


def test_a_working_order_goes_on_working_over_a_restart() -> None:
    world = ready()
    intent_id, _ = world.working()
    world.restart()
    world.connect()
    world.wait(1)
    assert world.cancels == []
    assert world.order(intent_id).state is OrderState.WORKING
    assert state(world).trading_state is TradingState.RUN


def test_a_restart_waits_for_the_operator_where_that_is_set() -> None:
    world = ready(auto_resume=False)
    world.buy_and_fill()
    world.restart()
    world.connect()
    world.wait(1)
    assert state(world).trading_state is TradingState.PAUSED
    assert world.command(CommandKind.RESUME).startswith("done: RUN")
    world.restart()
    world.connect()
    assert state(world).trading_state is TradingState.PAUSED


def test_a_first_start_is_no_restart() -> None:
    world = ready()
    assert state(world).trading_state is TradingState.RUN
    assert "core_restart" not in world.alerts()


def test_an_order_sent_before_the_crash_and_filled_meanwhile_is_found_and_booked_once() -> None:
    world = ready()
    intent_id = world.decide()
    assert intent_id is not None
    perm_id = world.write(intent_id)
    world.restart()
    world.broker.fill(perm_id, 100, 100.0, world.market_ns)
    world.connect()
    order = world.order(intent_id)
    assert (order.state, order.filled) == (OrderState.FILLED, 100)
    assert state(world).ledger.position("SPY").qty == 100
    assert len(world.sent) == 1


def test_an_order_that_died_with_the_core_is_proved_absent_and_frees_its_symbol() -> None:
    world = ready()
    intent_id = world.decide()
    assert intent_id is not None
    world.restart()
    world.connect()
    assert world.order(intent_id).state is OrderState.UNKNOWN
    assert world.decide() is None
    looks(world, 4)
    assert world.order(intent_id).state is OrderState.LOST
    assert "order_failure" in world.alerts()
    assert world.decide() is not None
    assert len(world.sent) == 2


def test_an_order_shown_late_after_a_reconnect_is_adopted_not_sent_again() -> None:
    world = ready()
    intent_id = world.decide()
    assert intent_id is not None
    world.cut()
    world.connect()
    looks(world, 2)
    assert world.order(intent_id).state is OrderState.UNKNOWN
    order = world.broker.accept(world.sent[0].intent, world.sent[0].order_ref)
    world.look()
    assert world.order(intent_id).state is OrderState.WORKING
    assert world.order(intent_id).perm_id == order.perm_id
    assert len(world.sent) == 1


def test_an_incomplete_look_proves_nothing() -> None:
    world = ready()
    intent_id = world.decide()
    assert intent_id is not None
    world.cut()
    world.connect()
    for part in ("open", "completed", "fills"):
        for _ in range(6):
            world.wait(2.5)
            world.look(without=[part])
    assert world.order(intent_id).state is OrderState.UNKNOWN
    assert state(world).last_reconcile_ns is not None


def test_a_young_order_is_not_judged_by_its_absence() -> None:
    world = ready(timing=Timing(grace_looks=1))
    intent_id = world.decide()
    assert intent_id is not None
    world.give(OrderWritten(intent_id, 5, 7))
    world.wait(1)
    world.look()
    assert world.order(intent_id).checks == 0
    world.wait(6)
    world.look()
    assert world.order(intent_id).state is OrderState.LOST


def test_after_a_broker_side_gap_only_the_operator_may_call_an_order_dead() -> None:
    world = ready()
    intent_id = world.decide()
    assert intent_id is not None
    world.give(SessionChanged(SessionState.DEGRADED, "1100 connectivity lost", code=1100))
    world.give(SessionChanged(SessionState.READY, "1102"))
    looks(world, 8)
    assert world.order(intent_id).state is OrderState.UNKNOWN
    assert world.alerts().count("order_unknown") == 1
    assert world.command(CommandKind.CLOSE_UNKNOWN, target=intent_id).startswith("denied: give the evidence")
    assert world.command(CommandKind.CLOSE_UNKNOWN, target="nonsense", reason="x").startswith("denied: no unknown")
    answer = world.command(CommandKind.CLOSE_UNKNOWN, target=intent_id, reason="not in TWS, asked IB")
    assert answer.startswith("done")
    assert world.decide() is not None


def test_an_acknowledged_order_that_vanished_is_unknown_until_its_day_is_over() -> None:
    world = ready()
    intent_id, perm_id = world.working()
    del world.broker.orders[perm_id]
    looks(world, 6)
    assert world.order(intent_id).state is OrderState.UNKNOWN
    world.market_ns += 24 * 60 * MINUTE_NS
    looks(world, 6)
    assert world.order(intent_id).state is OrderState.EXPIRED


def test_a_good_till_cancelled_order_that_vanished_stays_unknown_for_the_operator() -> None:
    world = ready()
    intent_id = world.decide(order_type=OrderType.LIMIT, limit_price=99.0, tif=TimeInForce.GTC)
    assert intent_id is not None
    perm_id = world.write(intent_id)
    world.acknowledge(perm_id)
    del world.broker.orders[perm_id]
    looks(world, 6)
    world.market_ns += 24 * 60 * MINUTE_NS
    looks(world, 6)
    assert world.order(intent_id).state is OrderState.UNKNOWN


def test_an_order_cancelled_while_we_were_away_keeps_its_fills() -> None:
    world = ready()
    intent_id, perm_id = world.working()
    world.cut()
    world.broker.fill(perm_id, 30, 99.0, world.market_ns)
    world.broker.end(perm_id)
    world.connect()
    order = world.order(intent_id)
    assert (order.state, order.filled) == (OrderState.CANCELLED, 30)
    assert "late_fill" not in world.alerts()


def test_a_difference_blocks_the_symbol_at_once_and_alarms_on_the_second_look() -> None:
    world = ready()
    world.broker.positions["SPY"] = 70.0
    world.look()
    assert world.decide() is None
    assert "UNRESOLVED" in world.refusals()
    assert "mismatch" not in world.alerts()
    looks(world, 3)
    assert "mismatch" in world.alerts()
    rows = view(state(world), world.now)
    assert rows["positions"]["SPY"]["mismatch"] is True
    assert rows["positions"]["SPY"]["broker_qty"] == 70
    assert world.decide(symbol="QQQ") is not None
    assert world.sent[-1].intent.symbol == "QQQ", "we never trade to repair"
    world.broker.positions["SPY"] = 0.0
    world.look()
    assert world.decide() is not None


def test_the_operator_adopts_a_difference_with_a_reason() -> None:
    world = ready()
    world.broker.positions["SPY"] = 70.0
    world.look()
    looks(world, 3)
    assert world.command(CommandKind.ADOPT, symbols=("SPY",)).startswith("denied: give a reason")
    assert world.command(CommandKind.ADOPT, symbols=("QQQ",), reason="x").startswith("denied: no position")
    assert world.command(CommandKind.ADOPT, symbols=("SPY",), reason="transferred in").startswith("done")
    position = state(world).ledger.position("SPY")
    assert (position.qty, position.avg_cost) == (70, 100.0)
    assert state(world).ledger.cash == 1_000_000.0
    world.restart()
    world.connect()
    assert state(world).ledger.position("SPY").qty == 70
    assert world.decide() is not None


def test_a_reading_older_than_our_newest_fill_is_not_held_against_us() -> None:
    world = ready()
    before = world.broker.snapshot(world.mono_ns, world.market_ns)
    world.buy_and_fill()
    world.give(SnapshotTaken(before))
    assert state(world).mismatches == {}


def test_an_unknown_position_list_is_not_flat() -> None:
    world = ready()
    world.buy_and_fill()
    world.cut()
    rows = view(state(world), world.now)
    assert rows["positions"]["SPY"]["broker_qty"] is None
    assert rows["positions"]["SPY"]["qty"] == 100


def test_a_position_hint_that_disagrees_asks_for_a_look() -> None:
    world = ready()
    world.looks.clear()
    line = BrokerPosition(account="DU1", symbol="SPY", con_id=1, qty=0.0, avg_cost=0.0)
    world.give(PositionSeen(line))
    assert world.looks == []
    world.give(PositionSeen(replace(line, qty=5.0)))
    assert world.looks == ["the broker reports 5 SPY"]


def test_a_hint_before_the_first_list_is_not_taken_for_the_list() -> None:
    world = World()
    line = BrokerPosition(account="DU1", symbol="SPY", con_id=1, qty=5.0, avg_cost=0.0)
    world.give(PositionSeen(line))
    assert state(world).broker_positions is None


def test_money_that_moved_without_a_booking_is_alerted_once() -> None:
    world = ready()
    looks(world, 2)
    world.broker.cash -= 500.0
    looks(world, 3)
    assert world.alerts().count("cash_difference") == 1
    assert state(world).cash_difference == -500.0


def test_cash_is_not_judged_while_a_fill_is_young_or_a_commission_missing() -> None:
    world = ready()
    _, perm_id = world.working()
    world.broker.fill(perm_id, 100, 99.0, world.market_ns)
    world.broker.commissions.clear()
    looks(world, 3)
    assert state(world).ledger.is_provisional
    assert "cash_difference" not in world.alerts()
    world.give(SnapshotTaken(replace(world.broker.snapshot(world.mono_ns, 0), account=None)))
    snapshot = world.broker.snapshot(world.mono_ns, 0)
    assert snapshot.account is not None
    world.give(SnapshotTaken(replace(snapshot, account=replace(snapshot.account, cash=None))))


def test_a_link_that_stays_down_in_a_session_is_alerted_once_and_closed_when_back() -> None:
    world = ready()
    world.cut()
    world.wait(90)
    assert world.alerts().count("disconnect") == 1
    world.connect()
    assert world.alerts().count("disconnect") == 2


def test_a_refused_link_is_alerted() -> None:
    world = World()
    world.give(SessionChanged(SessionState.REFUSED, "client id 7 is in use", code=326))
    assert "link_refused" in world.alerts()


def test_a_look_that_never_comes_back_is_asked_again() -> None:
    world = ready()
    world.working()
    world.looks.clear()
    world.wait(45)
    assert len(world.looks) >= 2


def test_the_broker_is_looked_at_each_minute_and_more_often_while_orders_work() -> None:
    world = ready()
    world.looks.clear()
    for _ in range(60):
        world.wait(1)
        if state(world).snapshot_asked_mono_ns is not None:
            world.look()
    quiet = len(world.looks)
    assert quiet == 1
    world.working()
    world.looks.clear()
    for _ in range(60):
        world.wait(1)
        if state(world).snapshot_asked_mono_ns is not None:
            world.look()
    assert len(world.looks) >= 5


def test_stale_data_is_alerted_per_symbol_and_closed_when_it_is_back() -> None:
    world = ready()
    world.connected = False
    world.wait(35)
    assert world.alerts().count("stale_data") == 2
    assert world.decide(symbol="QQQ") is not None, "a fresh quote is enough for its symbol"
    world.connected = True
    world.wait(1)
    assert world.alerts().count("stale_data") == 4


def test_manual_trades_that_close_a_strategy_position_are_booked_to_the_strategy() -> None:
    world = ready()
    world.buy_and_fill(qty=100)
    world.broker.manual_trade("SPY", Side.SELL, 60, 101.0, world.market_ns)
    world.look()
    assert state(world).ledger.position_of("cross", "SPY").qty == pytest.approx(40)
    assert "external_fill" in world.alerts()


def test_finished_orders_are_forgotten_when_a_new_day_begins_but_never_live_ones() -> None:
    world = ready()
    done = world.buy_and_fill()
    intent_id, perm_id = world.working(symbol="QQQ")
    world.market_ns += 24 * 60 * MINUTE_NS
    world.wait(1)
    assert world.order(done).state is OrderState.FILLED, "the last thousand stay"
    assert world.order(intent_id).is_live
    world.give(OrderSeen(world.broker.end(perm_id)))
    assert state(world).day is not None
