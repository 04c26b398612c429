"""Orders are told and traded as IB does it: message order, hours, times in force, changes, cancels, refusals."""

from __future__ import annotations

import pytest

from tests.gateway.venue.floorplan import (
    ACCOUNT,
    CALENDAR,
    FRIDAY,
    MONDAY,
    NOON,
    QQQ,
    SPY,
    Desk,
    of_kind,
    order,
    story,
)
from tradetui.domain.clock import MINUTE_NS, SECOND_NS
from tradetui.gateway.venue.events import (
    AccountEvent,
    CommissionEvent,
    ErrorEvent,
    ExecutionEvent,
    OpenOrderEvent,
    OrderStatusEvent,
    PositionEvent,
)
from tradetui.gateway.venue.model import Contract, ExecutionFilter, Liquidity, OrderRequest, OrderStatus


def test_a_market_order_is_told_as_recorded_from_a_real_gateway() -> None:
    events = Desk().send(order())
    assert story(events) == [
        "open PreSubmitted",
        "status PreSubmitted",
        "fill 100 @ 500.01",
        "open Filled",
        "status Filled",
        "open Filled",
        "commission 1.0",
    ]
    assert [open_.order.commission for open_ in of_kind(events, OpenOrderEvent)] == [None, None, 1.0]
    assert [type(event) for event in events[-2:]] == [PositionEvent, AccountEvent]


def test_an_execution_names_its_order_and_runs_its_totals() -> None:
    desk = Desk()
    first = desk.send(order(quantity=500, order_ref="intent-7"))
    second = desk.quote(500.02, 500.03, ask_size=1000)
    fills = [event.execution for event in of_kind([*first, *second], ExecutionEvent)]
    assert [(fill.shares, fill.price, fill.cum_qty) for fill in fills] == [(300, 500.01, 300), (200, 500.03, 500)]
    assert fills[1].avg_price == pytest.approx(500.018)
    assert {(fill.order_ref, fill.client_id, fill.order_id, fill.side) for fill in fills} == {("intent-7", 1, 1, "BOT")}
    assert len({fill.exec_id for fill in fills}) == 2
    assert all(fill.exec_id.count(".") == 3 and fill.exec_id.endswith(".01.01") for fill in fills)
    assert fills[0].liquidity is Liquidity.REMOVED


def test_a_partly_filled_order_is_submitted_and_keeps_its_average() -> None:
    desk = Desk()
    events = desk.send(order(quantity=500))
    assert story(events)[-3:] == ["open Submitted", "status Submitted", "commission 1.5"]
    status = of_kind(events, OrderStatusEvent)[-1].order
    assert (status.filled, status.remaining, status.avg_fill_price, status.last_fill_price) == (
        300,
        200,
        500.01,
        500.01,
    )


def test_a_passive_limit_order_waits_and_fills_at_its_own_price() -> None:
    desk = Desk()
    assert story(desk.send(order("BUY", 100, "LMT", limit=499.95))) == [
        "open PreSubmitted",
        "status PreSubmitted",
        "open Submitted",
        "status Submitted",
    ]
    assert desk.quote(499.96, 499.97) == []
    fill = of_kind(desk.quote(499.90, 499.91), ExecutionEvent)[0].execution
    assert (fill.price, fill.liquidity) == (499.95, Liquidity.ADDED)


def test_a_marketable_limit_order_gets_the_better_quote() -> None:
    fill = of_kind(Desk().send(order("SELL", 100, "LMT", limit=499.50)), ExecutionEvent)[0].execution
    assert (fill.price, fill.side) == (500.00, "SLD")


def test_events_go_to_the_owner_only() -> None:
    desk = Desk()
    desk.send(order("BUY", 100, "LMT", limit=499.0), client=5)
    events = desk.quote(498.0, 498.5)
    addressed = [e for e in events if not isinstance(e, PositionEvent | AccountEvent)]
    assert {event.client_id for event in addressed} == {5}


def test_one_quote_cannot_be_taken_twice() -> None:
    desk = Desk()
    desk.send(order(quantity=200))
    events = desk.send(order(quantity=200))
    assert "fill 100 @ 500.01" in story(events)
    assert story(desk.send(order(quantity=10)))[-1] == "status Submitted"
    assert [line for line in story(desk.quote(500.0, 500.02)) if "fill" in line] == [
        "fill 100 @ 500.02",
        "fill 10 @ 500.02",
    ]


def test_a_resting_order_waits_behind_the_size_that_was_there_first() -> None:
    desk = Desk()
    desk.send(order("BUY", 100, "LMT", limit=500.00))
    assert desk.trade(500.00, 250) == []
    assert [line for line in story(desk.trade(500.00, 80)) if "fill" in line] == ["fill 30 @ 500.0"]
    assert [line for line in story(desk.trade(499.99, 500)) if "fill" in line] == ["fill 70 @ 500.0"]


def test_an_order_away_from_the_best_price_has_no_place_in_the_queue() -> None:
    desk = Desk()
    desk.send(order("SELL", 100, "LMT", limit=500.05))
    assert desk.trade(500.05, 1000) == []
    desk.quote(500.04, 500.05, ask_size=200)
    assert desk.trade(500.05, 200) == []
    assert "fill 100 @ 500.05" in story(desk.trade(500.05, 200))


def test_an_order_that_improves_the_quote_is_first_in_line() -> None:
    desk = Desk()
    desk.quote(500.00, 500.05)
    desk.send(order("BUY", 100, "LMT", limit=500.02))
    assert "fill 60 @ 500.02" in story(desk.trade(500.02, 60))


def test_better_prices_trade_first_then_earlier_ones() -> None:
    desk = Desk()
    for limit in (499.90, 499.95, 499.95):
        desk.send(order("BUY", 100, "LMT", limit=limit))
    fills = [e.execution for e in of_kind(desk.quote(499.0, 499.01, ask_size=250), ExecutionEvent)]
    assert [(fill.order_id, fill.shares) for fill in fills] == [(2, 100), (3, 100), (1, 50)]


def test_all_or_none_waits_for_enough() -> None:
    desk = Desk()
    desk.send(order(quantity=400, all_or_none=True))
    assert desk.held() == 0
    desk.quote(500.0, 500.01, ask_size=400)
    assert desk.held() == 400


def test_a_minimum_quantity_holds_for_the_first_fill() -> None:
    desk = Desk()
    desk.send(order(quantity=500, min_quantity=400))
    assert desk.held() == 0
    desk.quote(500.0, 500.01, ask_size=450)
    desk.quote(500.0, 500.01, ask_size=10)
    assert desk.held() == 460


def test_a_stop_waits_for_a_print_and_then_takes_the_quote() -> None:
    desk = Desk()
    placed = desk.send(order("SELL", 100, "STP", stop=499.50))
    held = of_kind(placed, OpenOrderEvent)[-1].order
    assert (held.status, held.why_held) == (OrderStatus.PRE_SUBMITTED, "trigger")
    assert desk.quote(499.30, 499.32) == []
    assert story(desk.trade(499.50))[:3] == ["open Submitted", "status Submitted", "fill 100 @ 499.3"]


def test_a_stop_limit_never_trades_beyond_its_limit() -> None:
    desk = Desk()
    desk.send(order("SELL", 100, "STP LMT", stop=499.50, limit=499.40))
    desk.quote(499.30, 499.32)
    assert [line for line in story(desk.trade(499.45)) if "fill" in line] == []
    assert "fill 100 @ 499.4" in story(desk.quote(499.45, 499.50))


def test_a_stop_that_is_already_through_triggers_at_once() -> None:
    desk = Desk()
    desk.trade(499.00)
    assert "fill 100 @ 500.0" in story(desk.send(order("SELL", 100, "STP", stop=499.50)))


def test_yesterdays_print_triggers_nothing() -> None:
    desk = Desk()
    desk.trade(499.00)
    desk.pass_to(MONDAY.open_ns + SECOND_NS)
    desk.quote(500.0, 500.01)
    desk.send(order("SELL", 100, "STP", stop=499.50))
    assert desk.held() == 0
    desk.trade(499.0)
    assert desk.held() == -100


def test_a_market_order_at_night_waits_for_the_open_and_says_so() -> None:
    desk = Desk(now_ns=FRIDAY.close_ns + 60 * MINUTE_NS)
    events = desk.send(order())
    assert story(events) == ["open PreSubmitted", "status PreSubmitted", "error 399"]
    assert of_kind(events, ErrorEvent)[0].text == (
        "Order Message:\nBUY 100 SPY ARCA\n"
        "Warning: your order will not be placed at the exchange until 2026-11-23 09:30:00 US/Eastern"
    )
    assert story(desk.pass_to(MONDAY.open_ns)) == ["open Submitted", "status Submitted"]
    assert "fill 100 @ 505.0" in story(desk.quote(504.9, 505.0))


def test_a_limit_order_over_night_opens_at_the_opening_quote() -> None:
    desk = Desk()
    desk.send(order("BUY", 100, "LMT", limit=499.0, tif="GTC"))
    desk.pass_to(MONDAY.open_ns + SECOND_NS)
    assert "fill 100 @ 490.0" in story(desk.quote(489.9, 490.0))


def test_quotes_of_the_last_session_fill_nothing_after_the_close() -> None:
    desk = Desk()
    desk.pass_to(FRIDAY.close_ns)
    assert "fill" not in " ".join(story(desk.send(order())))
    desk.pass_to(MONDAY.open_ns + 1)
    assert desk.held() == 0


def test_a_day_order_ends_at_the_close_and_a_gtc_order_lives_on() -> None:
    desk = Desk()
    desk.send(order("BUY", 100, "LMT", limit=400.0))
    desk.send(order("BUY", 100, "LMT", limit=400.0, tif="GTC"))
    assert story(desk.pass_to(FRIDAY.close_ns)) == ["status Cancelled", "error 202"]
    assert [o.order_id for o in desk.venue.open_orders()] == [2]
    assert [o.order_id for o in desk.venue.completed_orders()] == [1]


def test_a_day_order_of_the_evening_lives_until_the_next_close() -> None:
    desk = Desk(now_ns=FRIDAY.close_ns + MINUTE_NS)
    desk.send(order("BUY", 100, "LMT", limit=400.0))
    desk.pass_to(MONDAY.close_ns - 1)
    assert len(desk.venue.open_orders()) == 1
    desk.pass_to(MONDAY.close_ns)
    assert desk.venue.open_orders() == []


def test_outside_rth_lives_until_eight_in_the_evening_and_may_trade() -> None:
    desk = Desk()
    desk.send(order("BUY", 100, "LMT", limit=400.0, outside_rth=True))
    desk.pass_to(FRIDAY.close_ns + 239 * MINUTE_NS)
    assert "fill 40 @ 399.5" in story(desk.quote(399.0, 399.5, ask_size=40))
    assert story(desk.pass_to(FRIDAY.close_ns + 240 * MINUTE_NS)) == ["status Cancelled", "error 202"]


def test_outside_rth_is_ignored_on_a_market_order_with_a_notice() -> None:
    assert "error 2109" in story(Desk().send(order(outside_rth=True)))


def test_ioc_takes_what_is_there_and_cancels_the_rest() -> None:
    desk = Desk()
    lines = story(desk.send(order(quantity=500, order_type="LMT", limit=500.01, tif="IOC")))
    assert [lines[2], *lines[-2:]] == ["fill 300 @ 500.01", "status Cancelled", "error 202"]
    assert story(desk.send(order("BUY", 10, "LMT", limit=499.0, tif="IOC")))[-2:] == ["status Cancelled", "error 202"]


def test_fok_is_all_now_or_nothing() -> None:
    desk = Desk()
    desk.send(order(quantity=301, order_type="LMT", limit=500.01, tif="FOK"))
    desk.send(order(quantity=300, order_type="LMT", limit=500.00, tif="FOK"))
    assert desk.held() == 0
    desk.send(order(quantity=300, order_type="LMT", limit=500.01, tif="FOK"))
    assert desk.held() == 300


def test_gtd_ends_at_its_time_and_a_past_one_is_refused() -> None:
    desk = Desk()
    desk.send(order("BUY", 1, "LMT", limit=400.0, tif="GTD", good_till=NOON + 90 * SECOND_NS))
    assert desk.venue.next_wake_ns() == NOON + 90 * SECOND_NS
    desk.pass_s(89)
    assert story(desk.pass_s(1)) == ["status Cancelled", "error 202"]
    assert story(desk.send(order("BUY", 1, "LMT", limit=400.0, tif="GTD", good_till=NOON))) == ["error 334"]


def test_good_after_time_keeps_an_order_back() -> None:
    desk = Desk()
    desk.send(order(good_after=NOON + 60 * SECOND_NS))
    assert desk.status(1) is OrderStatus.PRE_SUBMITTED
    lines = story(desk.pass_s(60))
    assert lines[:2] == ["open Submitted", "status Submitted"]
    assert "fill 100 @ 500.01" in lines


def test_an_order_is_changed_by_its_own_id() -> None:
    desk = Desk()
    desk.send(order("BUY", 100, "LMT", limit=499.0), 7)
    assert story(desk.send(order("BUY", 150, "LMT", limit=499.5), 7)) == ["open Submitted", "status Submitted"]
    working = desk.venue.open_orders()[0]
    assert (working.request.quantity, working.request.limit_price, working.remaining) == (150, 499.5, 150)
    assert "fill 150 @ 500.01" in story(desk.send(order("BUY", 150, "LMT", limit=501.0), 7))


def test_a_changed_order_keeps_its_perm_id_and_fills() -> None:
    desk = Desk()
    desk.send(order("BUY", 500, "LMT", limit=500.01), 3)
    before = desk.venue.open_orders()[0]
    desk.send(order("BUY", 400, "LMT", limit=499.0), 3)
    after = desk.venue.open_orders()[0]
    assert (after.perm_id, after.filled, after.remaining) == (before.perm_id, 300, 100)


def test_a_changed_expiry_replaces_the_old_one() -> None:
    desk = Desk()
    desk.send(order("BUY", 1, "LMT", limit=400.0), 1)
    desk.send(order("BUY", 1, "LMT", limit=400.0, tif="GTC"), 1)
    desk.pass_to(FRIDAY.close_ns)
    assert desk.status(1) is OrderStatus.SUBMITTED
    desk.send(order("BUY", 1, "LMT", limit=400.0), 1)
    desk.pass_to(MONDAY.close_ns)
    assert desk.status(1) is OrderStatus.CANCELLED


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (order("SELL", 100, "LMT", limit=500.5), 105),
        (order("BUY", 100, "LMT", limit=399.0, contract=QQQ), 105),
        (order("BUY", 100, "LMT", limit=499.001), 110),
        (order("BUY", 100, "LMT", limit=499.0, oca_group="late"), 10326),
        (order("BUY", 1e7, "LMT", limit=499.0), 201),
    ],
)
def test_a_refused_change_leaves_the_order_working_as_it_was(change: OrderRequest, code: int) -> None:
    desk = Desk()
    desk.send(order("BUY", 100, "LMT", limit=499.0), 1)
    before = desk.venue.open_orders()
    assert story(desk.send(change, 1)) == [f"error {code}"]
    assert desk.venue.open_orders() == before


def test_done_orders_cannot_be_changed_and_their_ids_are_spent() -> None:
    desk = Desk()
    desk.send(order(), 1)
    desk.send(order("BUY", 1, "LMT", limit=400.0), 2)
    desk.cancel(2)
    assert story(desk.send(order(), 1)) == ["error 104"]
    assert story(desk.send(order(), 2)) == ["error 103"]
    desk.pass_to(MONDAY.open_ns)
    assert story(desk.send(order(), 1)) == ["error 103"]


def test_a_size_below_the_filled_size_is_refused() -> None:
    desk = Desk()
    desk.send(order(quantity=500), 1)
    assert story(desk.send(order(quantity=300), 1)) == ["error 321"]


def test_a_cancel_is_told_as_status_then_notice() -> None:
    desk = Desk()
    desk.send(order("BUY", 100, "LMT", limit=499.0), 1)
    events = desk.cancel(1)
    assert story(events) == ["status Cancelled", "error 202"]
    assert of_kind(events, ErrorEvent)[0].text == "Order Canceled - reason:"
    assert desk.quote(498.0, 498.5) == []


def test_cancels_that_come_too_late_or_from_strangers_are_told_so() -> None:
    desk = Desk()
    desk.send(order(), 1)
    late, strange = desk.cancel(1), desk.cancel(1, client=2)
    assert (
        of_kind(late, ErrorEvent)[0].text == "OrderId 1 that needs to be cancelled cannot be cancelled, state: Filled."
    )
    assert story(late) == ["error 10148"]
    assert of_kind(strange, ErrorEvent)[0].text == "OrderId 1 that needs to be cancelled is not found."
    assert story(strange) == ["error 10147"]


def test_a_fill_wins_the_race_against_a_slow_cancel() -> None:
    desk = Desk(cancel_latency_ns=SECOND_NS)
    desk.send(order("BUY", 400, "LMT", limit=499.0), 1)
    assert story(desk.cancel(1)) == ["status PendingCancel"]
    assert story(desk.cancel(1)) == ["error 10148"]
    assert story(desk.send(order("BUY", 500, "LMT", limit=499.0), 1)) == ["error 201"]
    lines = story(desk.quote(498.0, 498.5))
    assert lines[:3] == ["fill 300 @ 499.0", "open PendingCancel", "status PendingCancel"]
    assert story(desk.pass_s(1)) == ["status Cancelled", "error 202"]
    done = desk.venue.completed_orders()[0]
    assert (done.filled, done.remaining) == (300, 100)


def test_a_complete_fill_makes_a_slow_cancel_void() -> None:
    desk = Desk(cancel_latency_ns=SECOND_NS)
    desk.send(order("BUY", 100, "LMT", limit=499.0), 1)
    desk.cancel(1)
    assert story(desk.quote(498.0, 498.5))[1] == "open Filled"
    assert desk.pass_s(2) == []


def test_global_cancel_ends_every_order_of_everybody() -> None:
    desk = Desk()
    desk.send(order("BUY", 1, "LMT", limit=400.0), 1, client=1)
    desk.send(order("BUY", 1, "LMT", limit=400.0), 1, client=2)
    desk.venue.place_manual(order("BUY", 1, "LMT", limit=400.0), desk.now_ns)
    assert story(desk.venue.cancel_all(desk.now_ns)) == ["status Cancelled", "error 202"] * 3
    assert desk.venue.open_orders() == []


def test_order_ids_rise_per_client() -> None:
    desk = Desk()
    assert desk.venue.next_order_id(1) == 1
    desk.send(order("BUY", 1, "LMT", limit=400.0), 10)
    assert story(desk.send(order(), 9)) == ["error 103"]
    assert (desk.venue.next_order_id(1), desk.venue.next_order_id(2)) == (11, 1)


def test_perm_ids_and_exec_ids_differ_between_instances() -> None:
    one, two = Desk(instance=1_790_000_000), Desk(instance=1_790_000_001)
    for desk in (one, two):
        desk.send(order())
    ids = [
        {(e.execution.perm_id, e.execution.exec_id) for e in of_kind(d.send(order("SELL")), ExecutionEvent)}
        for d in (one, two)
    ]
    assert ids[0].isdisjoint(ids[1])
    perm_id = next(iter(ids[0]))[0]
    assert 0 < perm_id < 2**31


def test_a_manual_order_belongs_to_client_zero_and_can_be_bound() -> None:
    desk = Desk()
    placed, events = desk.venue.place_manual(order("BUY", 1, "LMT", limit=400.0), desk.now_ns)
    assert placed is not None
    assert (placed.client_id, placed.order_id) == (0, 0)
    assert {e.client_id for e in of_kind(events, OpenOrderEvent)} == {0}
    bound = of_kind(desk.venue.bind_manual_orders(0), OrderStatusEvent)[0].order
    assert (bound.order_id, bound.perm_id) == (-1, placed.perm_id)
    assert desk.venue.bind_manual_orders(0) == []
    assert story(desk.send(order("BUY", 2, "LMT", limit=401.0), -1, client=0)) == ["open Submitted", "status Submitted"]
    assert story(desk.cancel(-1, client=0)) == ["status Cancelled", "error 202"]


def test_a_human_cancels_by_perm_id_and_a_refused_manual_order_does_not_exist() -> None:
    desk = Desk()
    desk.send(order("BUY", 1, "LMT", limit=400.0))
    perm_id = desk.venue.open_orders()[0].perm_id
    assert story(desk.venue.cancel_by_perm_id(perm_id, desk.now_ns)) == ["status Cancelled", "error 202"]
    assert desk.venue.cancel_by_perm_id(perm_id, desk.now_ns) == []
    refused, events = desk.venue.place_manual(order(quantity=0), desk.now_ns)
    assert (refused, story(events)) == (None, ["error 434"])


def test_executions_are_filtered_and_forgotten_at_midnight() -> None:
    desk = Desk()
    desk.send(order(), client=1)
    desk.pass_s(10)
    desk.send(order("SELL", 50, contract=QQQ), client=2, order_id=1)
    everything = ExecutionFilter()
    count = len(desk.venue.executions(everything))
    found = [
        desk.venue.executions(wanted)
        for wanted in (
            ExecutionFilter(client_id=2),
            ExecutionFilter(symbol="QQQ"),
            ExecutionFilter(side="SELL"),
            ExecutionFilter(since_ns=desk.now_ns),
            ExecutionFilter(account=ACCOUNT, sec_type="STK", exchange="SMART"),
        )
    ]
    assert (count, [len(rows) for rows in found]) == (2, [1, 1, 1, 1, 2])
    execution, report = found[0][0]
    assert (execution.exec_id, report.realized_pnl) == (report.exec_id, None)
    desk.pass_to(CALENDAR.midnight_after(desk.now_ns))
    assert desk.venue.executions(everything) == []
    assert desk.venue.completed_orders() == []


@pytest.mark.parametrize(
    ("request_", "code", "text"),
    [
        (order(contract=Contract(con_id=1, symbol="SPY")), 200, "No security definition"),
        (order(contract=Contract(con_id=0, symbol="NOPE")), 200, "No security definition"),
        (order(contract=Contract(con_id=756733, symbol="QQQ")), 200, "No security definition"),
        (order(contract=Contract(con_id=0, symbol="SPY", exchange="")), 321, "Missing order exchange"),
        (order("HOLD"), 321, "Invalid order action 'HOLD'"),
        (order(quantity=0), 434, "cannot be zero"),
        (order(quantity=-5), 321, "Invalid order size"),
        (order(quantity=0.5), 10243, "Fractional"),
        (order(order_type="PEG MID"), 387, "Unsupported order type"),
        (order(order_type="LMT"), 321, "valid limit price"),
        (order(order_type="LMT", limit=-1.0), 321, "valid limit price"),
        (order(order_type="STP"), 321, "valid stop price"),
        (order(order_type="LMT", limit=500.005), 110, "minimum price variation"),
        (order(order_type="STP LMT", limit=500.0, stop=499.999), 110, "minimum price variation"),
        (order(tif="SOON"), 10052, "Invalid time in force:SOON"),
        (order(tif="GTD"), 334, "Good Till Date"),
        (order(order_type="STP", stop=499.0, tif="IOC"), 111, "incompatible"),
        (order(account="DU999"), 321, "Invalid account code"),
        (order(parent_id=77), 135, "Can't find order with ID =77"),
        (order(oca_type=9), 321, "Invalid OCA type"),
        (order(trigger_method=5), 321, "Trigger method 5"),
        (order(quantity=1e6), 201, "MUST EXCEED THE INITIAL MARGIN"),
    ],
)
def test_a_bad_order_gets_ibs_code_and_leaves_no_position(request_: OrderRequest, code: int, text: str) -> None:
    desk = Desk()
    error = of_kind(desk.send(request_), ErrorEvent)[0]
    assert (error.code, error.client_id, error.order_id) == (code, 1, 1)
    assert text in error.text
    assert desk.venue.open_orders() == []
    assert desk.venue.positions() == []


def test_a_price_with_float_noise_is_still_on_the_tick() -> None:
    assert story(Desk().send(order(order_type="LMT", limit=0.1 + 0.2 + 499.7)))[0] == "open PreSubmitted"


def test_a_contract_may_be_named_by_its_fields_and_routed_anywhere() -> None:
    desk = Desk()
    asked = Contract(con_id=0, symbol="SPY", sec_type="STK", exchange="ARCA", currency="USD")
    opened = of_kind(desk.send(order(contract=asked)), OpenOrderEvent)[0].order.request.contract
    assert (opened.con_id, opened.exchange, opened.primary_exchange) == (SPY.con_id, "ARCA", "ARCA")


def test_with_several_accounts_an_order_must_name_one() -> None:
    desk = Desk(starting_cash={"DU1": 1000.0, "DU2": 200_000.0})
    assert story(desk.send(order())) == ["error 435"]
    desk.send(order(account="DU2"))
    assert [(row.account, row.quantity) for row in desk.venue.positions()] == [("DU2", 100)]
    assert desk.venue.positions("DU1") == []


def test_a_rejected_order_is_inactive_and_completed() -> None:
    desk = Desk()
    assert story(desk.send(order(quantity=1e6))) == ["error 201", "open Inactive", "status Inactive"]
    assert [o.status for o in desk.venue.completed_orders()] == [OrderStatus.INACTIVE]
    assert of_kind(desk.send(order(quantity=1e6), 1), CommissionEvent) == []
