"""Opening and closing auctions: MOC, LOC, and orders with time in force OPG."""

from __future__ import annotations

import pytest

from tests.gateway.venue.floorplan import FRIDAY, MONDAY, SPY, Desk, of_kind, order, story
from tradetui.domain.clock import MINUTE_NS, SECOND_NS
from tradetui.gateway.venue.events import ErrorEvent, ExecutionEvent
from tradetui.gateway.venue.model import Contract, ContractDetails, OrderRequest, OrderStatus
from tradetui.gateway.venue.ticks import TickRule
from tradetui.gateway.venue.validation import check_request


def test_orders_on_close_trade_at_the_last_print_when_the_session_ends() -> None:
    desk = Desk()
    desk.send(order("BUY", 2000, "MOC"))
    desk.send(order("SELL", 500, "LOC", limit=501.0))
    assert [desk.status(1), desk.status(2)] == [OrderStatus.SUBMITTED, OrderStatus.SUBMITTED]
    desk.quote(501.5, 501.6)
    assert desk.trade(501.5) == []
    fills = [event.execution for event in of_kind(desk.pass_to(FRIDAY.close_ns), ExecutionEvent)]
    assert [(f.side, f.shares, f.price, f.time_ns) for f in fills] == [
        ("BOT", 2000, 501.5, FRIDAY.close_ns),
        ("SLD", 500, 501.5, FRIDAY.close_ns),
    ]


def test_a_limit_on_close_beyond_the_closing_price_is_cancelled() -> None:
    desk = Desk()
    desk.send(order("BUY", 100, "LOC", limit=499.0))
    desk.trade(500.0)
    assert story(desk.pass_to(FRIDAY.close_ns)) == ["status Cancelled", "error 202"]


def test_without_a_print_there_is_no_closing_auction() -> None:
    desk = Desk()
    desk.send(order("BUY", 100, "MOC"))
    assert story(desk.pass_to(FRIDAY.close_ns)) == ["status Cancelled", "error 202"]
    assert desk.held() == 0


def test_an_order_on_close_after_the_cut_off_is_refused_and_at_night_waits_for_the_next_close() -> None:
    desk = Desk()
    desk.pass_to(FRIDAY.close_ns - 10 * MINUTE_NS + SECOND_NS)
    assert of_kind(desk.send(order("BUY", 100, "MOC")), ErrorEvent)[0].code == 201
    desk.pass_to(FRIDAY.close_ns + MINUTE_NS)
    assert of_kind(desk.send(order("BUY", 100, "MOC")), ErrorEvent)[0].code == 399
    desk.pass_to(MONDAY.open_ns + MINUTE_NS)
    desk.trade(502.0)
    assert "fill 100 @ 502.0" in story(desk.pass_to(MONDAY.close_ns))


def test_an_opening_order_trades_at_the_first_print_and_what_has_no_price_is_cancelled() -> None:
    desk = Desk(now_ns=FRIDAY.open_ns - 10 * MINUTE_NS)
    assert of_kind(desk.send(order("BUY", 700, "MKT", tif="OPG")), ErrorEvent)[0].code == 399
    desk.send(order("BUY", 100, "LMT", limit=499.0, tif="OPG"))
    desk.send(order("SELL", 100, "LMT", limit=499.5, tif="OPG"))
    desk.pass_to(FRIDAY.open_ns)
    assert story(desk.quote(498.0, 498.5)) == []
    fills = [e.execution for e in of_kind(desk.trade(500.0), ExecutionEvent)]
    assert [(f.side, f.shares, f.price) for f in fills] == [("BOT", 700, 500.0), ("SLD", 100, 500.0)]
    assert desk.status(2) is OrderStatus.CANCELLED
    assert desk.venue.open_orders() == []


def test_an_opening_order_sent_during_the_day_waits_for_the_next_open() -> None:
    desk = Desk()
    desk.trade(500.0)
    desk.send(order("BUY", 100, "MKT", tif="OPG"))
    desk.quote(490.0, 490.01)
    desk.trade(490.0)
    desk.pass_to(MONDAY.open_ns)
    desk.quote(505.0, 505.01)
    assert "fill 100 @ 504.0" in story(desk.trade(504.0))


def test_a_halt_stops_everything_and_the_reopening_is_not_an_opening_auction() -> None:
    desk = Desk()
    desk.trade(500.0)
    desk.send(order("BUY", 100, "LMT", limit=499.0))
    desk.send(order("SELL", 100, "STP", stop=499.0))
    desk.send(order("BUY", 50, "MKT", tif="OPG"))
    desk.venue.halt(SPY.con_id)
    assert desk.quote(490.0, 490.1) == []
    assert desk.trade(490.0) == []
    assert story(desk.send(order("BUY", 10))) == ["open PreSubmitted", "status PreSubmitted"]
    desk.venue.halt(SPY.con_id, halted=False)
    desk.quote(495.0, 495.1)
    assert desk.held() == 110
    assert desk.trade(495.0) != []
    assert desk.held() == 10
    assert [o.order_id for o in desk.venue.open_orders()] == [3]


def test_a_halt_over_the_close_means_no_closing_auction() -> None:
    desk = Desk()
    desk.trade(500.0)
    desk.send(order("BUY", 100, "MOC"))
    desk.venue.halt(SPY.con_id)
    assert story(desk.pass_to(FRIDAY.close_ns)) == ["status Cancelled", "error 202"]


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (order("BUY", 100, "MOC", tif="GTC"), 111),
        (order("BUY", 100, "LOC", limit=500.0, tif="IOC"), 111),
        (order("BUY", 100, "LOC"), 321),
        (order("BUY", 100, "STP", stop=500.0, tif="OPG"), 111),
        (order("BUY", 100, "MOC", tif="OPG"), 111),
    ],
)
def test_an_auction_order_that_makes_no_sense_is_refused(request_: OrderRequest, code: int) -> None:
    assert of_kind(Desk().send(request_), ErrorEvent)[0].code == code


def test_an_instrument_without_auctions_refuses_auction_orders() -> None:
    future = Contract(con_id=1, symbol="ES", sec_type="FUT", multiplier="50")
    details = ContractDetails(contract=future, market_name="ES", long_name="ES", min_tick=0.25)
    refused = check_request(order("BUY", 1, "MOC", contract=future), details, TickRule([(0.0, 0.25)]))
    assert refused is not None
    assert refused.code == 387


def test_auction_orders_of_a_bracket_release_their_children() -> None:
    desk = Desk(now_ns=FRIDAY.open_ns - MINUTE_NS)
    desk.send(order("BUY", 100, "MKT", tif="OPG", transmit=False), 1)
    desk.send(order("SELL", 100, "STP", stop=490.0, parent_id=1, transmit=False), 2)
    desk.send(order("SELL", 100, "MOC", parent_id=1), 3)
    desk.pass_to(FRIDAY.open_ns)
    desk.quote(500.0, 500.01)
    desk.trade(500.0)
    assert desk.held() == 100
    desk.trade(503.0)
    desk.pass_to(FRIDAY.close_ns)
    assert (desk.held(), desk.venue.open_orders()) == (0, [])
