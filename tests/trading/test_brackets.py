"""Brackets and protective stops: what an entry fills is protected, exactly, whatever becomes of its family."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.trading.world import STRATEGY, World, limits, settings
from tradetui.domain.actions import Commit, PlaceOrder
from tradetui.domain.events import (
    BrokerMessage,
    CommandKind,
    FillSeen,
    OrderNotWritten,
    OrderSeen,
    OrderWritten,
    SessionChanged,
    SessionState,
    SignalsProposed,
)
from tradetui.domain.order import Intent, OrderType, Purpose, Side, Signal, TimeInForce
from tradetui.domain.order_state import OrderState
from tradetui.domain.records import OrderSaved
from tradetui.trading.settings import Execution, UnfilledPolicy, Unprotected

STOP, TARGET = 95.0, 110.0


def ready(**changes: object) -> World:
    world = World(settings(**changes))
    world.connect()
    return world


def ready_for(policy: Unprotected) -> World:
    return ready(execution=Execution(unprotected=policy))


def bracket(world: World, qty: float = 100, side: Side = Side.BUY, **changes: object) -> list[Intent]:
    """Have a bracket decided on; return its intents, parent first."""
    before = len(world.sent)
    wanted: dict[str, object] = {"stop_loss": STOP, "take_profit": TARGET, **changes}
    world.decide(side, qty, "SPY", by=STRATEGY, **wanted)
    return [place.intent for place in world.sent[before:]]


def write(world: World, *intents: Intent) -> list[int]:
    """Have orders taken and acknowledged; return their permIds."""
    perms = [world.write(intent.intent_id) for intent in intents]
    for perm_id in perms:
        world.acknowledge(perm_id)
    return perms


def holding(world: World, qty: float = 100) -> tuple[list[Intent], list[int]]:
    """Have a bracket whose parent is filled."""
    family = bracket(world, qty)
    perms = write(world, *family)
    world.fill(perms[0], qty)
    return family, perms


def protect(world: World, stop: float, target: float | None = None) -> None:
    """Have the strategy ask for another protection of what it holds."""
    held = world.core.state.ledger.position_of(STRATEGY, "SPY").qty
    world.decide(
        Side.SELL if held > 0 else Side.BUY,
        abs(held) or 1.0,
        order_type=OrderType.STOP,
        stop_price=stop,
        take_profit=target,
        protects=True,
        tif=TimeInForce.GTC,
        leg="protect",
    )


def cancelled(world: World, *perms: int) -> None:
    """Report cancels as done."""
    for perm_id in perms:
        world.give(OrderSeen(world.broker.end(perm_id)))


def stops(world: World) -> list[tuple[float, float | None]]:
    """Return quantity and price of every live protective stop."""
    live = world.core.state.book.live("SPY")
    return [(order.remaining, order.intent.stop_price) for order in live if order.intent.is_stop_loss]


def settle(world: World) -> None:
    """Let the grace pass in which the broker may put a family right by itself."""
    world.look()
    world.wait(8)


def test_a_bracket_is_journaled_whole_before_any_of_it_is_sent_and_transmitted_by_its_last_order() -> None:
    world = ready()
    bar = world.bar()
    signal = Signal(symbol="SPY", side=Side.BUY, qty=100, stop_loss=STOP, take_profit=TARGET)
    actions = world.give(SignalsProposed(STRATEGY, "SPY", bar.end_ns, (signal,)))
    (commit,) = (action for action in actions if isinstance(action, Commit))
    places = [action for action in actions if isinstance(action, PlaceOrder)]
    saved = [record.order.intent for record in commit.records if isinstance(record, OrderSaved)]
    assert commit.durable
    assert saved == [place.intent for place in places]
    assert actions.index(commit) < actions.index(places[0])
    assert [place.transmit for place in places] == [False, False, True]
    assert len({place.order_ref for place in places}) == 3


def test_the_children_of_an_entry_close_what_it_fills_and_outlive_the_day() -> None:
    world = ready()
    parent, stop, target = bracket(world)
    assert (parent.purpose, parent.side, parent.order_type) == (Purpose.ENTRY, Side.BUY, OrderType.MARKET)
    assert (stop.order_type, stop.stop_price, stop.side) == (OrderType.STOP, STOP, Side.SELL)
    assert (target.order_type, target.limit_price, target.side) == (OrderType.LIMIT, TARGET, Side.SELL)
    for child in (stop, target):
        assert child.purpose is Purpose.STOP
        assert child.parent_id == parent.intent_id
        assert child.tif is TimeInForce.GTC
        assert child.qty == 100
    assert stop.oca_group == target.oca_group != ""


def test_a_single_child_needs_no_group() -> None:
    world = ready()
    _, stop = bracket(world, take_profit=None)
    assert stop.oca_group == ""
    assert stop.is_stop_loss


@pytest.mark.parametrize(
    ("side", "stop", "target", "word"),
    [
        (Side.BUY, 101.0, 110.0, "below"),
        (Side.BUY, 95.0, 99.0, "above"),
        (Side.SELL, 99.0, 90.0, "above"),
        (Side.SELL, 105.0, 101.0, "below"),
    ],
)
def test_a_bracket_that_would_trade_at_once_is_refused_whole(side: Side, stop: float, target: float, word: str) -> None:
    world = ready(limits=limits(long_only=False))
    assert bracket(world, side=side, stop_loss=stop, take_profit=target) == []
    assert world.refusals() == ["BRACKET"]
    assert word in world.core.state.refusals[-1].text


def test_a_bracket_with_a_price_that_is_no_number_is_refused_whole() -> None:
    world = ready()
    assert bracket(world, stop_loss=float("nan")) == []
    assert world.refusals() == ["FIELDS"]


def test_protection_is_no_second_order_and_no_exposure() -> None:
    world = ready(limits=limits(max_position_qty=200))
    holding(world)
    told = world.core.state.ledger.position_of(STRATEGY, "SPY")
    world.bar()
    assert not world.bars[-1].position.working
    assert told.qty == 100
    assert world.decide(Side.BUY, 100) is not None


def test_a_strategys_close_waits_until_the_protection_is_cancelled() -> None:
    world = ready()
    _, perms = holding(world)
    assert world.decide(Side.SELL, 100) is None
    world.bar()
    assert world.bars[-1].position.working
    assert len(world.cancels) == 2
    cancelled(world, perms[1])
    assert world.sent[-1].intent.purpose is Purpose.STOP
    cancelled(world, perms[2])
    last = world.sent[-1].intent
    assert (last.purpose, last.side, last.qty, last.order_type) == (Purpose.EXIT, Side.SELL, 100, OrderType.MARKET)


def test_a_stop_that_fills_while_it_is_cancelled_leaves_nothing_to_close() -> None:
    world = ready()
    _, perms = holding(world)
    world.decide(Side.SELL, 100)
    sent = len(world.sent)
    world.fill(perms[1], 100, STOP)
    cancelled(world, perms[2])
    world.wait(10)
    assert len(world.sent) == sent
    assert world.core.state.ledger.position("SPY").qty == 0
    assert world.core.state.protected == {}


def test_what_a_partial_close_leaves_is_protected_again_at_the_old_prices() -> None:
    world = ready()
    _, perms = holding(world)
    world.decide(Side.SELL, 60)
    cancelled(world, perms[1], perms[2])
    (perm_id,) = write(world, world.sent[-1].intent)
    world.fill(perm_id, 60)
    settle(world)
    assert stops(world) == [(40, STOP)]
    target = world.sent[-1].intent
    assert (target.limit_price, target.qty, target.oca_group) == (TARGET, 40, world.sent[-2].intent.oca_group)


def test_a_close_that_never_comes_after_a_restart_leaves_the_position_protected() -> None:
    world = ready()
    _, perms = holding(world)
    world.decide(Side.SELL, 100)
    cancelled(world, perms[1])
    world.broker.end(perms[2])
    world.restart()
    world.connect()
    settle(world)
    assert stops(world) == [(100, STOP)]


def test_the_other_child_of_a_filled_one_ends_with_it() -> None:
    world = ready()
    _, perms = holding(world)
    world.fill(perms[2], 100, TARGET)
    world.give(OrderSeen(world.broker.end(perms[1])))
    world.wait(20)
    assert "unprotected" not in world.alerts()
    assert world.core.state.protected == {}
    assert world.cancels == []


def test_a_child_that_the_broker_forgets_to_end_is_cancelled() -> None:
    world = ready()
    family, perms = holding(world)
    world.fill(perms[1], 100, STOP)
    settle(world)
    assert [cancel.intent_id for cancel in world.cancels] == [family[2].intent_id]


def test_a_partial_target_lowers_the_stop_without_a_word() -> None:
    world = ready()
    _, perms = holding(world)
    world.fill(perms[2], 30, TARGET)
    world.give(OrderSeen(world.broker.change(perms[1], qty=70.0)))
    world.wait(10)
    assert stops(world) == [(70, STOP)]
    assert not {"foreign_change", "unprotected"} & set(world.alerts())


def test_a_parent_cancelled_after_a_partial_fill_leaves_exactly_that_protected() -> None:
    world = ready()
    parent, stop, target = bracket(world, order_type=OrderType.LIMIT, limit_price=99.0)
    perms = write(world, parent, stop, target)
    world.fill(perms[0], 40, 99.0)
    world.command(CommandKind.CANCEL, target=parent.intent_id)
    world.give(OrderSeen(world.broker.end(perms[0])))
    for perm_id in perms[1:]:
        world.give(OrderSeen(world.broker.change(perm_id, qty=40.0)))
    world.wait(10)
    assert stops(world) == [(40, STOP)]
    assert "foreign_change" not in world.alerts()


def test_children_that_keep_the_whole_quantity_are_replaced_by_what_is_held() -> None:
    world = ready()
    parent, stop, target = bracket(world, order_type=OrderType.LIMIT, limit_price=99.0)
    perms = write(world, parent, stop, target)
    world.fill(perms[0], 40, 99.0)
    world.command(CommandKind.CANCEL, target=parent.intent_id)
    world.give(OrderSeen(world.broker.end(perms[0])))
    settle(world)
    assert {cancel.intent_id for cancel in world.cancels[1:]} == {stop.intent_id, target.intent_id}
    cancelled(world, *perms[1:])
    settle(world)
    assert stops(world) == [(40, STOP)]


def test_children_that_ended_with_a_partly_filled_parent_are_placed_again() -> None:
    world = ready()
    family = bracket(world, order_type=OrderType.LIMIT, limit_price=99.0)
    perms = write(world, *family)
    world.fill(perms[0], 40, 99.0)
    cancelled(world, *reversed(perms))
    settle(world)
    assert stops(world) == [(40, STOP)]
    assert "unprotected" in world.alerts()


def refuse_stop(world: World) -> tuple[list[Intent], list[int]]:
    """Have a bracket filled whose stop was refused by the broker; its target rests."""
    family = bracket(world)
    parent, target = world.write(family[0].intent_id), None
    world.give(OrderWritten(family[1].intent_id, 700, 7))
    target = world.write(family[2].intent_id)
    world.acknowledge(parent)
    world.acknowledge(target)
    world.fill(parent, 100)
    world.give(BrokerMessage(201, "Order rejected - reason: margin", order_id=700))
    return family, [parent, target]


def test_a_refused_stop_is_told_and_placed_again() -> None:
    world = ready()
    family, perms = refuse_stop(world)
    assert world.order(family[1].intent_id).state is OrderState.REJECTED
    settle(world)
    assert world.alerts().count("unprotected") == 1
    cancelled(world, perms[1])
    settle(world)
    assert stops(world) == [(100, STOP)]
    write(world, world.sent[-2].intent, world.sent[-1].intent)
    world.wait(1)
    assert world.core.state.lapses == {}
    assert world.core.state.alerts[-1].closes


def test_a_stop_that_is_refused_every_time_ends_in_a_close() -> None:
    world = ready()
    _, perms = refuse_stop(world)
    settle(world)
    cancelled(world, perms[1])
    for number in range(3):
        settle(world)
        stop = world.sent[-2].intent
        assert stop.is_stop_loss
        world.give(OrderWritten(stop.intent_id, 800 + number, 7))
        world.give(BrokerMessage(201, "Order rejected", order_id=800 + number))
        cancelled(world, *write(world, world.sent[-1].intent))
    settle(world)
    last = world.sent[-1].intent
    assert (last.purpose, last.order_type, last.qty) == (Purpose.EXIT, OrderType.MARKET, 100)
    assert world.alerts().count("unprotected") == 1


def test_by_configuration_a_lost_stop_closes_the_position_at_once() -> None:
    world = ready_for(Unprotected.CLOSE)
    _, perms = refuse_stop(world)
    settle(world)
    cancelled(world, perms[1])
    settle(world)
    assert world.sent[-1].intent.purpose is Purpose.EXIT


def test_by_configuration_a_lost_stop_is_only_told() -> None:
    world = ready_for(Unprotected.ALERT)
    refuse_stop(world)
    sent = len(world.sent)
    settle(world)
    assert "unprotected" in world.alerts()
    assert len(world.sent) == sent
    assert world.cancels == []


def test_a_stop_cancelled_by_hand_is_told_and_not_fought() -> None:
    world = ready()
    _, perms = holding(world)
    sent = len(world.sent)
    cancelled(world, perms[1])
    world.wait(30)
    assert world.alerts().count("unprotected") == 1
    assert "outside this program" in world.core.state.alerts[-1].text
    assert len(world.sent) == sent
    assert world.cancels == []


def test_a_stop_made_smaller_by_hand_is_told_and_not_fought() -> None:
    world = ready()
    _, perms = holding(world)
    world.give(OrderSeen(world.broker.change(perms[1], qty=50.0)))
    world.wait(30)
    assert {"foreign_change", "unprotected"} <= set(world.alerts())
    assert len(world.sent) == 3


def test_a_stop_moved_by_hand_is_shown_as_changed() -> None:
    world = ready()
    family, perms = holding(world)
    world.give(OrderSeen(replace(world.broker.orders[perms[1]], stop_price=90.0)))
    assert world.order(family[1].intent_id).foreign_changed
    assert "foreign_change" in world.alerts()


def test_a_stop_refused_before_its_entry_fills_takes_the_entry_back() -> None:
    world = ready()
    parent, stop = bracket(world, take_profit=None, order_type=OrderType.LIMIT, limit_price=99.0)
    write(world, parent)
    world.give(OrderWritten(stop.intent_id, 700, 7))
    world.give(BrokerMessage(201, "Order rejected", order_id=700))
    world.wait(1)
    assert [cancel.intent_id for cancel in world.cancels] == [parent.intent_id]


def test_a_family_that_was_not_written_whole_is_taken_back() -> None:
    world = ready()
    parent, stop, target = bracket(world)
    world.give(OrderWritten(parent.intent_id, 1, 7))
    world.give(OrderNotWritten(stop.intent_id, "the socket does not take it", certain=True))
    world.give(OrderNotWritten(target.intent_id, "a sibling was not written", certain=True))
    assert world.order(stop.intent_id).state is OrderState.LOST
    assert [cancel.intent_id for cancel in world.cancels] == [parent.intent_id]


def test_a_restart_finds_the_family_again_by_its_references() -> None:
    world = ready()
    family, _ = holding(world)
    world.restart()
    world.connect()
    world.wait(10)
    states = [world.order(intent.intent_id).state for intent in family]
    assert states == [OrderState.FILLED, OrderState.WORKING, OrderState.WORKING]
    assert len(world.sent) == 3
    assert world.core.state.protected == {(STRATEGY, "SPY"): (family[1].intent_id,)}


def test_a_restart_forgets_the_stop_of_a_position_that_is_closed() -> None:
    world = ready()
    _, perms = holding(world)
    world.wait(2)
    world.fill(perms[1], 100, STOP)
    world.give(OrderSeen(world.broker.end(perms[2])))
    world.wait(2)
    world.buy_and_fill(qty=50)
    world.restart()
    assert world.core.state.protected == {}


def test_protection_stays_on_a_kill_and_works_on() -> None:
    world = ready()
    _, perms = holding(world)
    assert world.command(CommandKind.KILL).startswith("done")
    assert world.cancels == []
    world.fill(perms[1], 100, STOP)
    assert world.core.state.ledger.position("SPY").qty == 0


def test_while_killed_a_lost_stop_is_told_and_nothing_is_sent() -> None:
    world = ready()
    family, perms = holding(world)
    world.command(CommandKind.KILL)
    world.command(CommandKind.CANCEL, target=family[1].intent_id)
    cancelled(world, perms[1])
    settle(world)
    assert "unprotected" in world.alerts()
    assert len(world.sent) == 3


def test_a_pause_keeps_protection_and_takes_back_entries_behind_which_it_waits() -> None:
    world = ready()
    parent, _, _ = family = bracket(world, order_type=OrderType.LIMIT, limit_price=99.0)
    write(world, *family)
    world.command(CommandKind.PAUSE)
    assert [cancel.intent_id for cancel in world.cancels] == [parent.intent_id]


def test_a_flatten_cancels_protection_first_and_closes_what_is_held_then() -> None:
    world = ready()
    _, perms = holding(world)
    world.command(CommandKind.FLATTEN, confirm="flatten")
    assert len(world.sent) == 3
    assert len(world.cancels) == 2
    world.broker.fill(perms[1], 30, STOP, world.market_ns)
    world.give(FillSeen(world.broker.fills[-1]))
    cancelled(world, *perms[1:])
    world.wait(1)
    world.look()
    last = world.sent[-1].intent
    assert (last.purpose, last.qty) == (Purpose.FLATTEN, 70)


def test_a_flatten_takes_over_from_a_close_that_waits() -> None:
    world = ready()
    holding(world)
    world.decide(Side.SELL, 100)
    world.command(CommandKind.FLATTEN, confirm="flatten")
    world.wait(1)
    assert world.core.state.held_back == {}


def test_a_new_stop_takes_the_place_of_the_old_one_when_that_is_cancelled() -> None:
    world = ready()
    world.buy_and_fill(qty=100)
    protect(world, 96.0)
    first = world.sent[-1].intent
    assert (first.purpose, first.stop_price, first.qty, first.tif) == (Purpose.STOP, 96.0, 100, TimeInForce.GTC)
    (perm_id,) = write(world, first)
    protect(world, 97.004)
    assert stops(world) == [(100, 96.0)]
    cancelled(world, perm_id)
    assert stops(world) == [(100, 97.01)]


def test_the_same_protection_asked_for_again_changes_nothing() -> None:
    world = ready()
    _, perms = holding(world)
    protect(world, STOP, TARGET)
    assert world.cancels == []
    assert len(world.sent) == 3
    protect(world, STOP)
    assert len(world.cancels) == 2
    cancelled(world, *perms[1:])
    assert [place.intent.order_type for place in world.sent[3:]] == [OrderType.STOP]


def test_a_stop_that_fills_before_it_is_replaced_leaves_nothing_to_protect() -> None:
    world = ready()
    _, perms = holding(world)
    protect(world, 97.0)
    world.fill(perms[1], 100, STOP)
    cancelled(world, perms[2])
    world.wait(10)
    assert len(world.sent) == 3


def test_a_strategy_that_holds_nothing_gets_no_stop() -> None:
    world = ready()
    protect(world, 97.0)
    assert world.sent == []
    assert world.core.state.strategies[STRATEGY].refusals == 1


def test_a_position_sold_by_hand_takes_its_protection_with_it() -> None:
    world = ready()
    _, _ = holding(world)
    fill = world.broker.manual_trade("SPY", Side.SELL, 100, 99.0, world.market_ns)
    world.give(FillSeen(fill))
    settle(world)
    assert len(world.cancels) == 2
    assert "unprotected" not in world.alerts()


def test_nothing_is_done_about_protection_while_the_link_is_in_doubt() -> None:
    world = ready()
    family, _ = holding(world)
    world.give(SessionChanged(SessionState.DEGRADED, "1100"))
    world.wait(30)
    assert world.cancels == []
    assert len(world.sent) == len(family)


def test_an_unfilled_bracket_is_replaced_with_its_protection() -> None:
    world = ready(execution=Execution(unfilled_policy=UnfilledPolicy.MARKET, unfilled_timeout_s=5.0))
    parent, stop, target = bracket(world, order_type=OrderType.LIMIT, limit_price=99.0)
    perms = write(world, parent, stop, target)
    world.fill(perms[0], 40, 99.0)
    world.wait(6)
    assert [cancel.intent_id for cancel in world.cancels] == [parent.intent_id]
    world.give(OrderSeen(world.broker.end(perms[0])))
    for perm_id in perms[1:]:
        world.give(OrderSeen(world.broker.change(perm_id, qty=40.0)))
    world.wait(1)
    again, again_stop, again_target = (place.intent for place in world.sent[3:])
    assert (again.qty, again.order_type, again_stop.qty, again_target.qty) == (60, OrderType.MARKET, 60, 60)
    perms = write(world, again, again_stop, again_target)
    world.fill(perms[0], 60)
    world.wait(10)
    assert sorted(stops(world)) == [(40, STOP), (60, STOP)]
    assert "unprotected" not in world.alerts()


def test_a_close_cancels_the_rest_of_an_entry_that_still_works() -> None:
    world = ready()
    parent, stop, target = bracket(world, order_type=OrderType.LIMIT, limit_price=99.0)
    perms = write(world, parent, stop, target)
    world.fill(perms[0], 40, 99.0)
    world.decide(Side.SELL, 40)
    assert {cancel.intent_id for cancel in world.cancels} == {parent.intent_id, stop.intent_id, target.intent_id}


def test_a_reversal_closes_first_and_opens_through_the_gate() -> None:
    world = ready(limits=limits(long_only=False))
    world.buy_and_fill(qty=100)
    world.decide(Side.SELL, 150)
    first, second = (place.intent for place in world.sent[1:])
    assert (first.purpose, first.qty) == (Purpose.EXIT, 100)
    assert (second.purpose, second.qty) == (Purpose.ENTRY, 50)
    assert world.refusals() == []


def test_a_reversal_of_twice_the_position_is_no_repeated_order() -> None:
    world = ready(limits=limits(long_only=False, duplicate_window_s=30.0))
    world.buy_and_fill(qty=100)
    world.decide(Side.SELL, 200)
    assert [place.intent.qty for place in world.sent] == [100, 100, 100]


def test_the_opening_part_of_a_reversal_is_refused_with_its_reason_while_the_closing_part_goes() -> None:
    world = ready(limits=limits(long_only=False))
    world.buy_and_fill(qty=100)
    world.command(CommandKind.PAUSE)
    world.decide(Side.SELL, 150)
    assert [place.intent.qty for place in world.sent] == [100, 100]
    assert "TRADING_STATE" in world.refusals()


def test_a_reversal_waits_for_the_protection_and_brackets_what_it_opens() -> None:
    world = ready(limits=limits(long_only=False))
    _, perms = holding(world)
    world.decide(Side.SELL, 150, stop_loss=105.0)
    assert len(world.sent) == 3
    world.fill(perms[1], 100, STOP)
    cancelled(world, perms[2])
    entry, stop = (place.intent for place in world.sent[3:])
    assert (entry.purpose, entry.qty) == (Purpose.ENTRY, 50)
    assert (stop.stop_price, stop.qty, stop.side) == (105.0, 50, Side.BUY)


def test_a_close_refused_after_its_protection_was_cancelled_counts_as_refused() -> None:
    world = ready()
    _, perms = holding(world)
    world.decide(Side.SELL, 100)
    world.command(CommandKind.KILL)
    cancelled(world, *perms[1:])
    assert "TRADING_STATE" in world.refusals()
    assert world.core.state.strategies[STRATEGY].refusals == 1


def test_a_sale_that_closes_nothing_leaves_the_protection_of_an_unfilled_entry_alone() -> None:
    world = ready()
    family = bracket(world, order_type=OrderType.LIMIT, limit_price=99.0)
    write(world, *family)
    assert world.decide(Side.SELL, 10) is None
    assert world.cancels == []
    assert "LONG_ONLY" in world.refusals()


def test_the_children_of_an_entry_that_works_on_are_left_to_the_broker() -> None:
    world = ready()
    family = bracket(world, order_type=OrderType.LIMIT, limit_price=99.0)
    perms = write(world, *family)
    world.fill(perms[0], 40, 99.0)
    world.give(FillSeen(world.broker.manual_trade("SPY", Side.SELL, 40, 99.0, world.market_ns)))
    settle(world)
    assert world.cancels == []


def test_a_position_that_cannot_be_protected_is_not_closed_while_the_market_is_closed() -> None:
    world = ready_for(Unprotected.CLOSE)
    _, perms = refuse_stop(world)
    cancelled(world, perms[1])
    world.market_ns += 7 * 3600 * 10**9
    sent = len(world.sent)
    settle(world)
    assert "unprotected" in world.alerts()
    assert len(world.sent) == sent


def test_a_bracket_without_a_known_price_is_refused_for_that() -> None:
    world = ready()
    world.muted.add("SPY")
    del world.core.state.quotes["SPY"]
    assert bracket(world) == []
    assert "STALE_DATA" in world.refusals()
    assert "BRACKET" not in world.refusals()


def test_an_entry_that_ended_without_a_fill_leaves_nothing_to_watch() -> None:
    world = ready()
    family = bracket(world, order_type=OrderType.LIMIT, limit_price=99.0)
    perms = write(world, *family)
    world.command(CommandKind.CANCEL, target=family[0].intent_id)
    cancelled(world, *perms)
    world.wait(10)
    assert world.core.state.protected == {}
    assert "unprotected" not in world.alerts()


def test_a_stop_that_is_too_old_to_be_remembered_is_watched_no_more() -> None:
    world = ready()
    world.core.state.protected[STRATEGY, "SPY"] = ("0123456789abcdef",)
    world.wait(1)
    assert world.core.state.protected == {}


def test_a_close_of_a_quantity_that_is_no_number_leaves_the_protection_alone() -> None:
    world = ready()
    holding(world)
    assert world.decide(Side.SELL, float("nan")) is None
    assert world.refusals()[0] == "FIELDS"
    assert world.cancels == []
