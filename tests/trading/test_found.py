"""Faults of the core that the simulation found, each by name."""

from __future__ import annotations

from dataclasses import replace

from tests.trading.world import ACCOUNT, World, settings
from tradetui.domain.events import (
    CommandKind,
    CommissionSeen,
    FillSeen,
    OrderSeen,
    OrderStatusSeen,
    OrderWritten,
    SessionChanged,
    SessionState,
    SnapshotTaken,
)
from tradetui.domain.order import OrderType, Purpose, Side
from tradetui.domain.order_state import OrderState
from tradetui.trading.settings import Execution, StrategySetting, UnfilledPolicy


def ready(**changes: object) -> World:
    world = World(settings(**changes))
    world.connect()
    return world


def test_an_order_that_comes_alive_while_killed_is_cancelled_as_it_appears() -> None:
    world = ready()
    intent_id, perm_id = world.working()
    shown = world.broker.orders[perm_id]
    world.give(OrderSeen(world.broker.end(perm_id)))
    assert world.command(CommandKind.KILL).startswith("done")
    world.give(OrderSeen(shown))
    assert world.order(intent_id).state is OrderState.CANCEL_WANTED
    assert world.cancels[-1].intent_id == intent_id


def test_an_order_lowered_by_hand_to_what_was_filled_is_filled() -> None:
    world = ready()
    intent_id, perm_id = world.working(qty=100)
    world.fill(perm_id, 40)
    world.broker.change(perm_id, qty=40.0, status="Filled")
    world.look()
    assert world.order(intent_id).state is OrderState.FILLED


def test_every_change_by_hand_counts_not_only_the_first() -> None:
    world = ready()
    intent_id, perm_id = world.working(qty=100)
    for qty in (80.0, 30.0):
        world.give(OrderSeen(world.broker.change(perm_id, qty=qty)))
    assert world.order(intent_id).qty == 30.0


def test_a_quantity_raised_by_hand_counts_before_the_executions_of_the_same_look() -> None:
    world = ready()
    intent_id, perm_id = world.working(qty=100)
    world.broker.change(perm_id, qty=150.0)
    world.broker.fill(perm_id, 120, 99.0, world.market_ns)
    world.look()
    assert world.order(intent_id).state is OrderState.PARTIAL
    assert "overfill" not in world.alerts()


def test_a_completed_order_whose_executions_were_busted_becomes_unknown_and_asks_the_operator() -> None:
    world = ready()
    intent_id, perm_id = world.working(qty=10)
    fill = world.broker.fill(perm_id, 10, 99.0, world.market_ns)
    world.broker.correct(fill, 0.0, 99.0)
    for _ in range(6):
        world.wait(6)
        world.look()
    assert world.order(intent_id).state is OrderState.UNKNOWN
    assert world.command(CommandKind.CLOSE_UNKNOWN, target=intent_id, reason="busted").startswith("done")


def test_executions_that_were_busted_are_not_awaited_for_ever() -> None:
    world = ready()
    intent_id, perm_id = world.working(qty=10)
    fill = world.broker.fill(perm_id, 4, 99.0, world.market_ns)
    world.give(OrderSeen(world.broker.end(perm_id)))
    assert world.core.state.reported_filled == {intent_id: 4.0}
    world.give(FillSeen(world.broker.correct(fill, 0.0, 99.0)))
    world.look()
    assert world.core.state.reported_filled == {}
    assert world.decide() is not None


def test_a_strategy_that_sold_shares_of_others_can_buy_again() -> None:
    both = tuple(StrategySetting(name=name, symbols=("SPY", "QQQ"), bar_size="1m") for name in ("cross", "trend"))
    world = ready(strategies=both)
    world.buy_and_fill(qty=100)
    sold = world.decide(Side.SELL, 100, by="trend")
    assert sold is not None
    world.fill(world.write(sold), 100)
    bought = world.decide(Side.BUY, 10, by="trend")
    assert bought is not None
    assert world.order(bought).intent.purpose is Purpose.ENTRY


def repricing(qty: float) -> tuple[World, int]:
    """Return a world whose limit order of `qty` has run out of time and waits for its cancel."""
    world = ready(execution=Execution(unfilled_policy=UnfilledPolicy.REPRICE, unfilled_timeout_s=5.0))
    _, perm_id = world.working(qty=qty)
    world.wait(6)
    return world, perm_id


def test_an_order_is_replaced_when_the_executions_that_were_reported_have_come() -> None:
    world, perm_id = repricing(18)
    fill = world.broker.fill(perm_id, 9, 99.0, world.market_ns)
    world.give(OrderSeen(replace(world.broker.orders[perm_id], status="Cancelled")))
    world.wait(1)
    assert [place.intent.qty for place in world.sent] == [18]
    assert world.refusals() == []
    world.give(FillSeen(fill))
    world.wait(1)
    assert [place.intent.qty for place in world.sent] == [18, 9]


def test_an_order_whose_executions_never_come_is_not_replaced_later() -> None:
    world, perm_id = repricing(18)
    fill = world.broker.fill(perm_id, 9, 99.0, world.market_ns)
    world.give(OrderSeen(replace(world.broker.orders[perm_id], status="Cancelled")))
    world.wait(62)
    world.give(FillSeen(fill))
    world.wait(1)
    assert [place.intent.qty for place in world.sent] == [18]


def test_an_order_whose_whole_quantity_is_on_its_way_is_not_replaced() -> None:
    world, perm_id = repricing(18)
    world.broker.fill(perm_id, 18, 99.0, world.market_ns)
    world.give(OrderSeen(replace(world.broker.orders[perm_id], status="Cancelled")))
    world.give(FillSeen(world.broker.fills[-1]))
    world.wait(1)
    assert [place.intent.qty for place in world.sent] == [18]
    assert world.refusals() == []


def test_a_late_execution_lowers_what_the_next_replacement_asks_for() -> None:
    world, perm_id = repricing(18)
    fill = world.broker.fill(perm_id, 9, 99.0, world.market_ns)
    world.give(OrderSeen(replace(world.broker.orders[perm_id], status="Cancelled", filled=0.0)))
    world.wait(1)
    assert [place.intent.qty for place in world.sent] == [18, 18]
    second = world.write(world.sent[-1].intent.intent_id)
    world.acknowledge(second)
    world.give(FillSeen(fill))
    world.give(CommissionSeen(world.broker.commissions[-1]))
    world.broker.end(perm_id)
    world.wait(6)
    world.give(OrderSeen(world.broker.end(second)))
    world.wait(1)
    assert [place.intent.qty for place in world.sent] == [18, 18, 9]


def test_a_difference_is_confirmed_only_by_a_look_that_read_the_executions() -> None:
    world = ready()
    _, perm_id = world.working(qty=10)
    world.broker.fill(perm_id, 10, 99.0, world.market_ns)
    for _ in range(4):
        world.wait(6)
        world.look(without=["fills"])
    assert not world.core.state.mismatches["SPY"].confirmed
    assert world.decide(symbol="SPY") is None
    world.wait(6)
    world.look()
    assert world.core.state.mismatches == {}


def test_a_reused_order_id_is_not_taken_for_an_order_of_the_earlier_connection() -> None:
    world = ready()
    old = world.decide()
    assert old is not None
    world.write(old)
    world.cut()
    world.broker.orders.clear()
    world.give(SessionChanged(SessionState.CONNECTING, "test"))
    status = OrderStatusSeen(
        order_id=1, client_id=7, perm_id=9100, status="Submitted", filled=0.0, remaining=5.0, avg_price=0.0
    )
    world.give(status)
    assert world.order(old).perm_id is None
    assert world.order(old).state is OrderState.UNKNOWN


def test_a_flatten_that_is_widened_cancels_the_orders_of_its_new_symbols_at_once() -> None:
    world = ready()
    world.buy_and_fill("SPY")
    world.command(CommandKind.FLATTEN, confirm="flatten", symbols=("SPY",))
    intent_id, _ = world.working(symbol="QQQ")
    world.command(CommandKind.FLATTEN, confirm="flatten")
    assert world.cancels[-1].intent_id == intent_id


def test_a_quantity_lowered_by_hand_below_a_corrected_fill_breaks_no_invariant() -> None:
    world = ready()
    intent_id, perm_id = world.working(qty=200)
    world.cut()
    world.broker.change(perm_id, qty=100.0)
    fill = world.broker.fill(perm_id, 100, 99.0, world.market_ns)
    world.broker.correct(fill, 101.0, 99.0)
    world.connect()
    assert world.order(intent_id).filled == 101
    assert "foreign_change" in world.alerts()
    assert not any("I13" in latch.why for latch in world.core.state.latches.values())


def test_an_order_keeps_its_time_when_a_look_only_repeats_what_is_known() -> None:
    world = ready()
    intent_id, perm_id = world.working()
    world.give(OrderSeen(world.broker.end(perm_id)))
    settled = world.order(intent_id)
    world.wait(60)
    world.look()
    assert world.order(intent_id).updated_ns == settled.updated_ns < world.market_ns


def test_a_reading_from_before_a_trade_is_no_proof_of_flat() -> None:
    world = ready()
    world.command(CommandKind.FLATTEN, confirm="flatten", symbols=("SPY",))
    world.look()
    run = world.core.state.flatten
    assert run is not None
    assert run.flat_seen == {"SPY": 1}
    started = world.mono_ns
    world.wait(0.25)
    for side in (Side.BUY, Side.SELL):
        world.give(FillSeen(world.broker.manual_trade("SPY", side, 2, 100.0, world.market_ns)))
    world.give(SnapshotTaken(world.broker.snapshot(world.mono_ns, world.market_ns, started_mono_ns=started)))
    world.look()
    assert run.outcome == ""
    world.wait(0.25)
    world.look()
    assert run.outcome == "FLAT"


def test_a_kill_asks_for_a_cancel_until_the_order_ends_not_only_a_few_times() -> None:
    world = ready()
    world.working()
    world.command(CommandKind.KILL)
    for _ in range(6):
        world.wait(world.config.timing.cancel_retry_s + 1)
        world.look()
    assert len(world.cancels) > world.config.timing.cancel_tries + 1


def test_an_order_killed_before_its_acknowledgement_is_not_lost_to_a_gap() -> None:
    world = ready()
    intent_id = world.decide()
    assert intent_id is not None
    world.give(OrderWritten(intent_id, 1, 7))
    world.command(CommandKind.KILL)
    world.give(SessionChanged(SessionState.DEGRADED, "1100", code=1100))
    world.give(SessionChanged(SessionState.READY, "1102"))
    for _ in range(8):
        world.wait(6)
        world.look()
    assert world.order(intent_id).state is OrderState.UNKNOWN


def test_a_reading_that_shows_shares_undoes_the_proof_of_flat_even_while_the_link_is_in_doubt() -> None:
    world = ready()
    world.command(CommandKind.FLATTEN, confirm="flatten")
    old = world.broker.snapshot(world.mono_ns + 1, world.market_ns)
    world.wait(1)
    world.look()
    world.broker.positions["SPY"] = 14.0
    world.give(SessionChanged(SessionState.DEGRADED, "1100"))
    world.wait(1)
    world.look()
    world.give(SessionChanged(SessionState.READY, "1102", account=ACCOUNT))
    world.give(SnapshotTaken(old))
    run = world.core.state.flatten
    assert run is not None
    assert run.outcome == ""
    world.wait(1)
    world.look()
    assert [place.intent.qty for place in world.sent] == [14.0]


def holding_behind(world: World, *, target: float | None = None, stop: float | None = None) -> list[int]:
    """Have a filled purchase of 100 with its protection resting; return the permIds, parent first."""
    before = len(world.sent)
    world.decide(stop_loss=stop, take_profit=target)
    perms = [world.write(place.intent.intent_id) for place in world.sent[before:]]
    for perm_id in perms:
        world.acknowledge(perm_id)
    world.fill(perms[0], 100)
    return perms


def test_a_busted_purchase_takes_its_lone_take_profit_with_it() -> None:
    world = ready()
    holding_behind(world, target=110.0)
    world.give(FillSeen(world.broker.correct(world.broker.fills[-1], 0.0, 100.0)))
    world.look()
    world.wait(8)
    assert [cancel.intent_id for cancel in world.cancels] == [world.sent[1].intent.intent_id]


def test_an_entry_filled_after_its_end_is_protected_though_its_stop_has_ended() -> None:
    world = ready()
    world.decide(order_type=OrderType.LIMIT, limit_price=99.0, stop_loss=95.0)
    parent, stop = (world.write(place.intent.intent_id) for place in world.sent)
    for perm_id in (parent, stop):
        world.acknowledge(perm_id)
    for perm_id in (parent, stop):
        world.give(OrderSeen(world.broker.end(perm_id)))
    world.wait(1)
    world.fill(parent, 10, 99.0)
    world.look()
    world.wait(8)
    assert "unprotected" in world.alerts()
    again = world.sent[-1].intent
    assert (again.is_stop_loss, again.qty, again.stop_price) == (True, 10, 95.0)


def test_a_newer_stop_keeps_its_price_when_an_older_entry_fills_late() -> None:
    world = ready()
    world.decide(order_type=OrderType.LIMIT, limit_price=99.0, stop_loss=95.0)
    old, old_stop = (world.write(place.intent.intent_id) for place in world.sent)
    for perm_id in (old, old_stop):
        world.acknowledge(perm_id)
        world.give(OrderSeen(world.broker.end(perm_id)))
    world.wait(1)
    holding_behind(world, stop=97.0)
    world.fill(old, 10, 99.0)
    world.look()
    world.wait(8)
    assert (world.sent[-1].intent.qty, world.sent[-1].intent.stop_price) == (10, 97.0)


def test_a_close_that_waits_also_cancels_protection_that_comes_to_life_meanwhile() -> None:
    world = ready()
    holding_behind(world, stop=95.0)
    world.decide(order_type=OrderType.LIMIT, limit_price=99.0, stop_loss=94.0)
    late, late_stop = (world.write(place.intent.intent_id) for place in world.sent[2:])
    for perm_id in (late, late_stop):
        world.acknowledge(perm_id)
    world.decide(Side.SELL, 100)
    assert [cancel.intent_id for cancel in world.cancels] == [world.sent[1].intent.intent_id]
    world.fill(late, 100, 99.0)
    assert world.sent[3].intent.intent_id in {cancel.intent_id for cancel in world.cancels}


def test_a_position_whose_executions_come_after_its_status_is_still_to_be_protected() -> None:
    world = ready()
    world.decide(stop_loss=95.0)
    parent, stop = (world.write(place.intent.intent_id) for place in world.sent)
    for perm_id in (parent, stop):
        world.acknowledge(perm_id)
    world.give(OrderSeen(world.broker.end(stop)))
    status = OrderStatusSeen(
        order_id=1, client_id=7, perm_id=parent, status="Filled", filled=100.0, remaining=0.0, avg_price=100.0
    )
    world.give(status)
    world.fill(parent, 100)
    world.look()
    world.wait(8)
    assert "unprotected" in world.alerts()


def test_an_order_raised_by_hand_works_on_after_executions_that_came_before_the_news() -> None:
    world = ready()
    intent_id, perm_id = world.working(qty=130)
    raised = world.broker.change(perm_id, qty=195.0)
    fill = world.broker.fill(perm_id, 162, 99.0, world.market_ns)
    world.give(FillSeen(fill))
    assert world.order(intent_id).state is OrderState.OVERFILL
    world.give(OrderSeen(raised))
    assert (world.order(intent_id).state, world.order(intent_id).remaining) == (OrderState.PARTIAL, 33.0)
    assert world.command(CommandKind.KILL).startswith("accepted: KILLED; cancelling 1")
    assert world.cancels[-1].intent_id == intent_id


def test_a_flatten_closes_all_that_the_broker_holds_while_executions_are_missing() -> None:
    world = ready()
    world.buy_and_fill(qty=100)
    sold = world.decide(Side.SELL, 40)
    assert sold is not None
    perm_id = world.write(sold)
    world.broker.fill(perm_id, 40, 99.0, world.market_ns)
    world.give(OrderSeen(world.broker.end(perm_id)))
    assert world.core.state.reported_filled == {sold: 40.0}
    world.command(CommandKind.FLATTEN, confirm="flatten")
    world.wait(1)
    world.look(without=["fills"])
    assert [place.intent.qty for place in world.sent[2:]] == [60.0]
    assert world.refusals() == []
