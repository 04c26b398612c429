"""Brackets and OCA groups: held until sent, released by fills, and never more traded than the group allows."""

from __future__ import annotations

import pytest

from tests.gateway.venue.floorplan import MONDAY, Desk, of_kind, order, story
from tradetui.gateway.venue.events import ErrorEvent, ExecutionEvent, OpenOrderEvent
from tradetui.gateway.venue.model import OrderStatus


def bracket(desk: Desk, *, entry: float = 499.0, quantity: float = 100, target: float = 510.0) -> list[str]:
    """Buy at `entry`, take profit at `target`, stop at 490; ids 1, 2, 3. Returns the story."""
    lines = story(desk.send(order("BUY", quantity, "LMT", limit=entry, transmit=False), 1))
    lines += story(desk.send(order("SELL", quantity, "LMT", limit=target, parent_id=1, transmit=False), 2))
    lines += story(desk.send(order("SELL", quantity, "STP", stop=490.0, parent_id=1), 3))
    return lines


def test_nothing_is_sent_until_the_last_leg_transmits_and_then_parent_first() -> None:
    desk = Desk()
    assert desk.send(order("BUY", 100, "LMT", limit=499.0, transmit=False), 1) == []
    assert desk.venue.open_orders() == []
    assert desk.quote(498.0, 498.5) == []
    desk.quote(500.0, 500.01)
    assert desk.send(order("SELL", 100, "LMT", limit=510.0, parent_id=1, transmit=False), 2) == []
    events = desk.send(order("SELL", 100, "STP", stop=490.0, parent_id=1), 3)
    assert [e.order.order_id for e in of_kind(events, OpenOrderEvent)] == [1, 1, 2, 3]
    held = {o.order_id: (o.status.value, o.why_held) for o in desk.venue.open_orders()}
    assert held == {1: ("Submitted", ""), 2: ("PreSubmitted", "child"), 3: ("PreSubmitted", "child,trigger")}


def test_the_parents_fill_wakes_the_children() -> None:
    desk = Desk()
    bracket(desk)
    desk.quote(498.9, 498.95)
    held = {o.order_id: (o.status.value, o.why_held) for o in desk.venue.open_orders()}
    assert held == {2: ("Submitted", ""), 3: ("PreSubmitted", "trigger")}


def test_held_children_trade_nothing_whatever_the_market_does() -> None:
    desk = Desk()
    bracket(desk, entry=470.0)
    assert desk.quote(520.0, 520.1) == []
    assert desk.trade(480.0) == []
    assert desk.held() == 0


@pytest.mark.parametrize(("price", "loser"), [(511.0, 3), (489.0, 2)])
def test_the_target_ends_the_stop_and_the_stop_ends_the_target(price: float, loser: int) -> None:
    desk = Desk()
    bracket(desk)
    desk.quote(498.9, 498.95)
    lines = story([*desk.quote(price, price + 0.1), *desk.trade(price)])
    assert lines[-2:] == ["status Cancelled", "error 202"]
    assert (desk.held(), desk.status(loser)) == (0, OrderStatus.CANCELLED)
    assert desk.venue.open_orders() == []


def test_a_partly_filled_parent_releases_only_what_it_filled() -> None:
    desk = Desk()
    bracket(desk, quantity=400)
    desk.quote(498.9, 498.95, ask_size=150)
    desk.quote(510.5, 510.6, bid_size=1000)
    assert (desk.held(), desk.status(1), desk.status(2)) == (0, OrderStatus.SUBMITTED, OrderStatus.SUBMITTED)
    desk.quote(498.9, 498.95, ask_size=250)
    desk.trade(489.0)
    assert desk.held() == 0


def test_cancelling_a_partly_filled_parent_leaves_its_fill_protected() -> None:
    desk = Desk()
    bracket(desk, quantity=400)
    desk.quote(498.9, 498.95, ask_size=150)
    desk.quote(500.0, 500.01)
    desk.cancel(1)
    sizes = {o.order_id: (o.request.quantity, o.remaining) for o in desk.venue.open_orders()}
    assert sizes == {2: (150, 150), 3: (150, 150)}
    desk.trade(489.0)
    assert (desk.held(), desk.venue.open_orders()) == (0, [])


def test_cancelling_an_unfilled_parent_ends_the_children() -> None:
    desk = Desk()
    bracket(desk)
    assert story(desk.cancel(1)) == ["status Cancelled", "error 202"] * 3
    assert desk.venue.open_orders() == []


def test_a_rejected_parent_ends_the_children() -> None:
    desk = Desk()
    lines = bracket(desk, quantity=1e6)
    assert lines[:3] == ["error 201", "open Inactive", "status Inactive"]
    assert lines[3:] == ["status Cancelled", "error 202"] * 2
    assert desk.venue.open_orders() == []


def test_a_held_parent_can_be_transmitted_or_cancelled_alone() -> None:
    desk = Desk()
    parent = order("BUY", 100, "LMT", limit=499.0, transmit=False)
    desk.send(parent, 1)
    assert story(desk.send(order("BUY", 100, "LMT", limit=499.5), 1))[-1] == "status Submitted"
    desk.send(parent, 2)
    assert story(desk.cancel(2)) == ["status Cancelled", "error 202"]


def test_an_order_that_was_not_transmitted_is_never_mentioned() -> None:
    desk = Desk()
    desk.send(order("BUY", 100, "LMT", limit=500.01, tif="GTC"), 1)
    desk.send(order("BUY", 100, "LMT", limit=499.0, tif="GTC"), 2)
    desk.send(order("SELL", 100, "LMT", limit=510.0, parent_id=2, transmit=False, tif="GTC"), 3)
    told = [*desk.quote(498.9, 498.95), *desk.pass_to(MONDAY.open_ns)]
    assert {e.order.order_id for e in of_kind(told, OpenOrderEvent)} == {2}


def test_a_child_added_later_follows_what_the_parent_has_filled() -> None:
    desk = Desk()
    desk.send(order("BUY", 400, "LMT", limit=500.01), 1)
    desk.send(order("SELL", 400, "LMT", limit=510.0, parent_id=1), 2)
    desk.quote(510.5, 510.6, bid_size=1000)
    assert desk.held() == 0
    desk.cancel(1)
    assert [error.code for error in of_kind(desk.send(order("SELL", 1, parent_id=1), 3), ErrorEvent)] == [135]


def test_what_one_child_sold_the_other_cannot_sell_again_while_the_parent_is_half_filled() -> None:
    desk = Desk()
    bracket(desk, quantity=200)
    desk.quote(498.9, 498.95, ask_size=100)
    desk.quote(510.5, 510.6, bid_size=100)
    assert desk.held() == 0
    desk.quote(485.0, 485.1, ask_size=0)
    desk.trade(489.0, 0)
    assert desk.held() == 0


def test_a_changed_child_keeps_its_share() -> None:
    desk = Desk()
    bracket(desk, quantity=200)
    desk.quote(498.9, 498.95, ask_size=100)
    desk.send(order("SELL", 100, "LMT", limit=505.0, parent_id=1), 2)
    desk.quote(505.5, 505.6)
    assert desk.held() == 50


def oca(desk: Desk, kind: int, *, sizes: tuple[int, int] = (100, 100)) -> None:
    """Two sells of one OCA group at 501 and 502, ids 1 and 2."""
    for order_id, (size, limit) in enumerate(zip(sizes, (501.0, 502.0), strict=True), start=1):
        desk.send(order("SELL", size, "LMT", limit=limit, oca_group="exit", oca_type=kind), order_id)


@pytest.mark.parametrize("kind", [0, 1])
def test_oca_type_one_cancels_the_rest_at_the_first_fill(kind: int) -> None:
    desk = Desk()
    oca(desk, kind)
    lines = story(desk.quote(501.5, 501.6, bid_size=40))
    assert lines[-2:] == ["status Cancelled", "error 202"]
    assert [(o.order_id, o.remaining) for o in desk.venue.open_orders()] == [(1, 60)]


@pytest.mark.parametrize("kind", [2, 3])
def test_oca_types_two_and_three_reduce_the_rest_in_proportion(kind: int) -> None:
    desk = Desk()
    oca(desk, kind, sizes=(100, 200))
    desk.quote(501.5, 501.6, bid_size=40)
    assert [(o.order_id, o.remaining) for o in desk.venue.open_orders()] == [(1, 60), (2, 120)]
    desk.quote(501.5, 501.6, bid_size=60)
    assert desk.venue.open_orders() == []


def test_one_quote_through_a_whole_group_fills_one_order() -> None:
    desk = Desk()
    oca(desk, 1)
    fills = of_kind(desk.quote(505.0, 505.1, bid_size=1000), ExecutionEvent)
    assert [(f.execution.order_id, f.execution.shares) for f in fills] == [(1, 100)]
    assert desk.held() == -100


def test_groups_of_different_accounts_are_different_groups() -> None:
    desk = Desk(starting_cash={"DU1": 1e6, "DU2": 1e6})
    for order_id, account in enumerate(("DU1", "DU2"), start=1):
        desk.send(order("SELL", 100, "LMT", limit=501.0, oca_group="exit", account=account), order_id)
    desk.quote(501.5, 501.6, bid_size=100)
    assert [o.request.account for o in desk.venue.open_orders()] == ["DU2"]


def test_cancelling_one_of_a_group_leaves_the_others() -> None:
    desk = Desk()
    oca(desk, 1)
    desk.cancel(1)
    assert [o.order_id for o in desk.venue.open_orders()] == [2]
