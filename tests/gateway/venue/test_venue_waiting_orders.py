"""Orders that wait for a price: trailing stops, if-touched orders, and IB's trigger methods."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.gateway.venue.floorplan import Desk, of_kind, order, story
from tradetui.domain.clock import MINUTE_NS
from tradetui.gateway.venue.events import ErrorEvent, ExecutionEvent, OpenOrderEvent, VenueEvent
from tradetui.gateway.venue.model import OrderRequest, OrderStatus


def stops(events: list[VenueEvent]) -> list[float | None]:
    """The trailing stop prices told by openOrder, in order."""
    return [event.order.request.trail_stop_price for event in of_kind(events, OpenOrderEvent)]


def trail(action: str = "SELL", quantity: float = 100, **fields: object) -> OrderRequest:
    return order(action, quantity, "TRAIL", **fields)  # type: ignore[arg-type]


def test_a_sell_trail_follows_the_last_price_up_and_never_down() -> None:
    desk = Desk()
    desk.trade(500.0)
    assert stops(desk.send(trail(stop=1.0)))[-1] == 499.0
    assert stops(desk.trade(501.5)) == [500.5]
    assert desk.trade(500.9) == []
    assert stops(desk.trade(502.0)) == [501.0]
    assert desk.held() == 0


def test_a_trail_becomes_a_market_order_when_the_price_turns_by_its_amount() -> None:
    desk = Desk()
    desk.trade(500.0)
    desk.send(trail(stop=1.0))
    desk.trade(503.0)
    desk.quote(501.98, 501.99)
    assert story(desk.trade(502.0))[:3] == ["open Submitted", "status Submitted", "fill 100 @ 501.98"]
    assert desk.held() == -100


def test_a_buy_trail_follows_the_price_down() -> None:
    desk = Desk()
    desk.trade(500.0)
    desk.send(trail("BUY", stop=2.0))
    assert stops(desk.trade(495.0)) == [497.0]
    desk.quote(497.0, 497.02)
    assert "fill 100 @ 497.02" in story(desk.trade(497.0))


def test_a_trail_may_begin_at_a_price_of_the_clients_choice() -> None:
    desk = Desk()
    desk.trade(500.0)
    events = desk.send(trail(stop=5.0, trail_stop_price=498.0))
    assert stops(events)[-1] == 498.0
    assert stops(desk.trade(502.0)) == []
    assert stops(desk.trade(503.5)) == [498.5]


def test_a_trailing_percent_is_of_the_price_and_rounded_to_a_tick_away_from_it() -> None:
    desk = Desk()
    desk.trade(500.0)
    assert stops(desk.send(trail(trailing_percent=1.0)))[-1] == 495.0
    assert stops(desk.trade(500.33)) == [495.32]


def test_a_trail_limit_keeps_its_limit_behind_its_stop_and_rests_there() -> None:
    desk = Desk()
    desk.trade(500.0)
    request = order("SELL", 100, "TRAIL LIMIT", stop=1.0, limit_offset=0.2)
    desk.send(request)
    told = of_kind(desk.trade(502.0), OpenOrderEvent)[-1].order.request
    assert (told.trail_stop_price, told.limit_price) == (501.0, 500.8)
    desk.quote(500.5, 500.6)
    assert story(desk.trade(500.9)) == ["open Submitted", "status Submitted"]
    assert desk.held() == 0
    assert "fill 100 @ 500.8" in story(desk.quote(500.85, 500.9))


def test_a_trail_limit_may_name_its_limit_instead_of_an_offset() -> None:
    desk = Desk()
    desk.trade(500.0)
    desk.send(order("BUY", 100, "TRAIL LIMIT", stop=2.0, limit=502.5, trail_stop_price=502.0))
    told = of_kind(desk.trade(499.0), OpenOrderEvent)[-1].order.request
    assert (told.trail_stop_price, told.limit_price) == (501.0, 501.5)


def test_a_trail_without_a_print_yet_begins_at_the_first_one() -> None:
    desk = Desk()
    desk.send(trail(stop=1.0))
    assert desk.venue.open_orders()[0].request.trail_stop_price is None
    assert stops(desk.trade(500.0)) == [499.0]


@pytest.mark.parametrize(
    ("request_", "text"),
    [
        (trail(), "trailing amount"),
        (trail(stop=1.0, trailing_percent=1.0), "trailing amount"),
        (trail(stop=-1.0), "trailing amount"),
        (trail(trailing_percent=100.0), "trailing amount"),
        (order("SELL", 100, "TRAIL LIMIT", stop=1.0), "limit price offset"),
        (order("SELL", 100, "TRAIL LIMIT", stop=1.0, limit=499.0, trail_stop_price=498.0), "limit price offset"),
        (trail(stop=1.0, trail_stop_price=-2.0), "stop price"),
    ],
)
def test_a_trail_without_a_clear_distance_is_refused(request_: OrderRequest, text: str) -> None:
    error = of_kind(Desk().send(request_), ErrorEvent)[0]
    assert (error.code, text in error.text) == (321, True)


def test_a_trailing_child_starts_to_trail_when_its_parent_fills() -> None:
    desk = Desk()
    desk.send(order("BUY", 100, "LMT", limit=499.0, transmit=False), 1)
    desk.send(trail(stop=1.0, parent_id=1), 2)
    assert stops(desk.trade(505.0)) == []
    desk.quote(498.9, 499.0)
    child = next(o for o in desk.venue.open_orders() if o.order_id == 2)
    assert child.request.trail_stop_price == 504.0


@pytest.mark.parametrize(
    ("request_", "quiet", "loud", "fill"),
    [
        (order("BUY", 100, "MIT", stop=499.0), 499.01, 499.0, "fill 100 @ 500.01"),
        (order("SELL", 100, "MIT", stop=501.0), 500.99, 501.0, "fill 100 @ 500.0"),
        (order("SELL", 100, "LIT", stop=501.0, limit=500.0), 500.99, 501.2, "fill 100 @ 500.0"),
        (order("BUY", 100, "LIT", stop=499.0, limit=500.01), 499.5, 498.0, "fill 100 @ 500.01"),
    ],
)
def test_an_if_touched_order_waits_for_the_better_price(
    request_: OrderRequest, quiet: float, loud: float, fill: str
) -> None:
    desk = Desk()
    desk.send(request_)
    assert desk.trade(quiet) == []
    assert fill in story(desk.trade(loud))


def test_a_limit_if_touched_rests_at_its_limit_once_touched() -> None:
    desk = Desk()
    desk.send(order("BUY", 100, "LIT", stop=499.0, limit=498.0))
    assert story(desk.trade(498.9)) == ["open Submitted", "status Submitted"]
    assert "fill 100 @ 498.0" in story(desk.quote(497.9, 498.0))


Shown = tuple[str, float] | tuple[str, float, float]


def show(desk: Desk, event: Shown) -> None:
    if len(event) == 2:
        desk.trade(event[1])
    else:
        desk.quote(event[1], event[2])


#: Method, the events after which it must still wait, and the one that triggers a buy stop at 501.
BUY_STOP_AT_501: list[tuple[int, list[Shown], Shown]] = [
    (0, [("quote", 501.5, 501.6), ("print", 500.9)], ("print", 501.0)),
    (2, [("quote", 501.5, 501.6), ("print", 500.9)], ("print", 501.0)),
    (3, [("print", 501.0), ("print", 500.5), ("print", 501.1)], ("print", 501.0)),
    (4, [("print", 502.0), ("quote", 500.9, 501.2)], ("quote", 501.0, 501.2)),
    (1, [("quote", 501.0, 501.2), ("quote", 500.9, 501.2), ("quote", 501.1, 501.2)], ("quote", 501.0, 501.1)),
    (7, [("quote", 500.9, 501.2), ("print", 500.9)], ("quote", 501.0, 501.2)),
    (7, [("quote", 500.9, 501.2), ("print", 500.9)], ("print", 501.0)),
    (8, [("print", 502.0), ("quote", 500.9, 501.0)], ("quote", 500.9, 501.1)),
]


@pytest.mark.parametrize(("method", "quiet", "loud"), BUY_STOP_AT_501)
def test_each_trigger_method_looks_at_its_own_prices(method: int, quiet: list[Shown], loud: Shown) -> None:
    desk = Desk()
    desk.send(order("BUY", 100, "STP", stop=501.0, trigger_method=method))

    for event in quiet:
        show(desk, event)
        assert desk.status(1) is OrderStatus.PRE_SUBMITTED
    show(desk, loud)
    assert desk.held() == 100


@pytest.mark.parametrize(("method", "bid", "ask"), [(4, 498.9, 499.0), (8, 498.9, 499.1)])
def test_a_sell_stop_by_quotes_looks_at_the_ask_or_the_middle(method: int, bid: float, ask: float) -> None:
    desk = Desk()
    desk.send(order("SELL", 100, "STP", stop=499.0, trigger_method=method))
    assert desk.quote(bid + 0.02, ask + 0.02) == []
    desk.quote(bid, ask)
    assert desk.held() == -100


def test_a_stop_does_not_trigger_outside_its_hours_unless_asked_to() -> None:
    desk = Desk(now_ns=Desk().now_ns + 300 * MINUTE_NS)
    for outside in (False, True):
        desk.send(order("SELL", 10, "STP LMT", stop=499.0, limit=490.0, outside_rth=outside))
    desk.quote(498.0, 498.1)
    desk.trade(498.0)
    assert desk.held() == -10


MOVES = st.lists(st.integers(-40, 40), min_size=1, max_size=60)


@settings(max_examples=150)
@given(MOVES, st.integers(5, 200), st.booleans(), st.booleans())
def test_a_trailing_stop_only_tightens_and_fires_at_the_first_price_through_it(
    moves: list[int], distance: int, sell: bool, percent: bool
) -> None:
    desk = Desk()
    desk.trade(500.0)
    side = -1 if sell else 1
    action = "SELL" if sell else "BUY"
    desk.send(trail(action, trailing_percent=distance / 100) if percent else trail(action, stop=distance / 100))
    best, price = 50_000, 50_000
    for move in moves:
        price += move
        desk.quote((price - 1) / 100, (price + 1) / 100)
        events = desk.trade(price / 100)
        fills = of_kind(events, ExecutionEvent)
        was = best
        best = max(best, price) if sell else min(best, price)
        away = distance * was / 10_000 if percent else distance
        ran = (price - was) * side
        if fills:
            assert ran >= away - 1
            return
        assert ran < away + 1
        shown = next(iter(desk.venue.open_orders())).request.trail_stop_price
        reach = distance * best / 10_000 if percent else distance
        assert shown is not None
        assert abs(shown * 100 - (best + side * reach)) <= 1
        assert (shown * 100 - best) * side >= reach - 1e-6
