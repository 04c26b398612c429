"""Conditional orders: sent or cancelled when IB's conditions hold, joined by AND and OR."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.gateway.venue.floorplan import ACCOUNT, FRIDAY, MONDAY, NOON, QQQ, SPY, Desk, of_kind, order, story
from tradetui.domain.clock import MINUTE_NS, SECOND_NS
from tradetui.gateway.venue.condition import Condition, ConditionKind
from tradetui.gateway.venue.events import ErrorEvent
from tradetui.gateway.venue.model import OrderRequest, OrderStatus


def price(
    threshold: float, *, more: bool = True, con_id: int = QQQ.con_id, method: int = 2, join: str = "a"
) -> Condition:
    return Condition(
        kind=ConditionKind.PRICE,
        is_more=more,
        con_id=con_id,
        price=threshold,
        trigger_method=method,
        and_next=join == "a",
    )


def at(moment_ns: int, *, more: bool = True) -> Condition:
    return Condition(kind=ConditionKind.TIME, is_more=more, time_ns=moment_ns)


def when(*conditions: Condition, **fields: object) -> OrderRequest:
    return replace(order("BUY", 100), conditions=conditions, **fields)  # type: ignore[arg-type]


def test_a_conditional_order_waits_for_the_price_of_another_instrument() -> None:
    desk = Desk()
    assert story(desk.send(when(price(405.0)))) == ["open PreSubmitted", "status PreSubmitted"]
    desk.quote(499.0, 499.01)
    assert desk.trade(404.99, contract=QQQ) == []
    assert story(desk.trade(405.0, contract=QQQ))[:3] == ["open Submitted", "status Submitted", "fill 100 @ 499.01"]


@pytest.mark.parametrize(("more", "moment"), [(True, 405.0), (False, 395.0)])
def test_a_price_condition_may_look_up_or_down(more: bool, moment: float) -> None:
    desk = Desk()
    desk.send(when(price(moment, more=more)))
    desk.trade(400.0, contract=QQQ)
    assert desk.held() == 0
    desk.trade(moment, contract=QQQ)
    assert desk.held() == 100


def test_a_price_condition_by_double_last_needs_two_prints_in_a_row() -> None:
    desk = Desk()
    desk.send(when(price(405.0, method=3)))
    for last in (405.0, 404.0, 406.0):
        desk.trade(last, contract=QQQ)
        assert desk.held() == 0
    desk.trade(405.0, contract=QQQ)
    assert desk.held() == 100


@pytest.mark.parametrize(
    ("method", "more", "bid", "ask"), [(4, True, 405.0, 405.1), (4, False, 394.9, 395.0), (8, True, 404.9, 405.1)]
)
def test_a_price_condition_by_quotes_ignores_prints(method: int, more: bool, bid: float, ask: float) -> None:
    desk = Desk()
    desk.send(when(price(405.0 if more else 395.0, more=more, method=method)))
    desk.trade(420.0 if more else 380.0, contract=QQQ)
    assert desk.held() == 0
    desk.quote(bid, ask, contract=QQQ)
    assert desk.held() == 100


def test_a_condition_that_already_holds_sends_the_order_at_once() -> None:
    desk = Desk()
    desk.trade(410.0, contract=QQQ)
    assert "fill 100 @ 500.01" in story(desk.send(when(price(405.0))))


def test_a_time_condition_sends_the_order_at_its_moment() -> None:
    desk = Desk()
    desk.send(when(at(NOON + 30 * SECOND_NS)))
    assert desk.pass_s(29) == []
    assert "fill 100 @ 500.01" in story(desk.pass_s(60))
    assert desk.venue.completed_orders()[0].completed_ns == NOON + 30 * SECOND_NS


def test_an_execution_condition_waits_for_a_trade_in_its_symbol() -> None:
    desk = Desk()
    desk.send(when(Condition(kind=ConditionKind.EXECUTION, symbol="QQQ", sec_type="STK", exchange="SMART")))
    desk.send(order("BUY", 1))
    assert desk.status(1) is OrderStatus.PRE_SUBMITTED
    desk.send(order("BUY", 1, contract=QQQ))
    assert desk.status(1) is OrderStatus.FILLED


def test_a_volume_condition_counts_the_days_prints() -> None:
    desk = Desk()
    desk.send(when(Condition(kind=ConditionKind.VOLUME, con_id=SPY.con_id, volume=250)))
    desk.trade(500.0, 100)
    desk.trade(500.0, 149)
    assert desk.held() == 0
    desk.trade(500.0, 1)
    assert desk.held() == 100


def test_a_percent_change_is_since_the_previous_close() -> None:
    desk = Desk()
    desk.venue.set_reference_price(QQQ.con_id, 400.0)
    desk.send(when(Condition(kind=ConditionKind.PERCENT_CHANGE, con_id=QQQ.con_id, is_more=False, percent=-2.0)))
    desk.trade(392.01, contract=QQQ)
    assert desk.held() == 0
    desk.trade(392.0, contract=QQQ)
    assert desk.held() == 100


def test_a_margin_condition_looks_at_the_accounts_cushion() -> None:
    desk = Desk(starting_cash={ACCOUNT: 60_000.0})
    desk.send(order("BUY", 200))
    desk.send(
        replace(order("SELL", 100), conditions=(Condition(kind=ConditionKind.MARGIN, is_more=False, percent=30),))
    )
    desk.trade(480.0)
    assert desk.held() == 200
    desk.trade(300.0)
    assert desk.held() == 100


def test_an_order_may_be_cancelled_by_its_condition_instead() -> None:
    desk = Desk()
    desk.send(replace(order("BUY", 100, "LMT", limit=490.0), conditions=(price(405.0),), conditions_cancel=True))
    assert desk.status(1) is OrderStatus.SUBMITTED
    assert story(desk.trade(405.0, contract=QQQ)) == ["status Cancelled", "error 202"]


def test_a_filled_order_is_not_cancelled_by_its_condition() -> None:
    desk = Desk()
    desk.send(when(price(405.0), conditions_cancel=True))
    assert desk.trade(405.0, contract=QQQ) == []
    assert desk.status(1) is OrderStatus.FILLED


def test_conditions_are_deaf_outside_the_session_unless_told_to_listen() -> None:
    desk = Desk()
    for deaf in (False, True):
        desk.send(when(at(FRIDAY.close_ns + MINUTE_NS), tif="GTC", conditions_ignore_rth=not deaf))
    told = desk.pass_to(FRIDAY.close_ns + 2 * MINUTE_NS)
    assert [desk.venue.open_orders()[i].request.conditions_ignore_rth for i in (0, 1)] == [True, False]
    assert story(told) == []
    desk.pass_to(MONDAY.open_ns)
    desk.quote(500.0, 500.01)
    assert desk.held() == 200


def test_a_conditional_immediate_order_lives_until_its_moment_and_ends_there() -> None:
    desk = Desk()
    desk.quote(500.0, 500.01, ask_size=40)
    desk.send(when(price(405.0), tif="IOC"))
    assert desk.status(1) is OrderStatus.PRE_SUBMITTED
    assert "fill 40 @ 500.01" in story(desk.trade(405.0, contract=QQQ))
    assert desk.status(1) is OrderStatus.CANCELLED


def test_a_conditional_order_that_is_held_back_is_not_watched_before_it_is_sent() -> None:
    desk = Desk()
    desk.send(when(price(405.0), transmit=False), 1)
    assert desk.trade(406.0, contract=QQQ) == []
    desk.send(when(price(405.0)), 1)
    assert desk.held() == 100


def test_new_conditions_replace_the_old_ones() -> None:
    desk = Desk()
    desk.send(when(price(405.0)), 1)
    desk.send(when(price(410.0)), 1)
    desk.trade(406.0, contract=QQQ)
    assert desk.held() == 0
    desk.trade(410.0, contract=QQQ)
    assert desk.held() == 100


@pytest.mark.parametrize(
    "condition",
    [
        price(1.0, con_id=999),
        price(float("nan")),
        price(1.0, method=5),
        at(0),
        Condition(kind=ConditionKind.EXECUTION),
    ],
)
def test_a_condition_that_cannot_be_watched_is_refused(condition: Condition) -> None:
    assert of_kind(Desk().send(when(condition)), ErrorEvent)[0].code == 321


@settings(max_examples=200)
@given(
    st.lists(st.tuples(st.integers(395, 405), st.booleans(), st.sampled_from("ao")), min_size=1, max_size=5),
    st.lists(st.integers(393, 407), min_size=1, max_size=12),
)
def test_an_order_comes_alive_at_the_first_price_at_which_a_group_of_ands_holds(
    wanted: list[tuple[int, bool, str]], prints: list[int]
) -> None:
    desk = Desk()
    desk.send(when(*(price(float(level), more=more, join=join) for level, more, join in wanted)))
    assert desk.held() == 0
    for last in prints:
        desk.trade(float(last), contract=QQQ)
        text = ""
        for level, more, join in wanted:
            text += f" {last >= level if more else last <= level} {'and' if join == 'a' else 'or'}"
        holds = eval(text.rsplit(" ", 1)[0])  # Python binds `and` tighter than `or`, as IB does
        assert (desk.held() == 100) == holds
        if holds:
            return
