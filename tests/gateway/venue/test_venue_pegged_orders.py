"""REL and MIDPRICE: the limit follows the quote, never beyond its cap, and never without a quote."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.gateway.venue.floorplan import FRIDAY, Desk, of_kind, order, story
from tradetui.gateway.venue.events import ErrorEvent, ExecutionEvent
from tradetui.gateway.venue.model import OrderRequest


def test_a_relative_buy_rests_at_the_bid_plus_its_offset_and_follows_it() -> None:
    desk = Desk()
    desk.quote(500.0, 500.10)
    desk.send(order("BUY", 100, "REL", stop=0.02))
    assert desk.trade(500.03, 1000) == []
    desk.quote(500.2, 500.3)
    assert "fill 100 @ 500.22" in story(desk.trade(500.21, 100))


def test_a_relative_sell_rests_below_the_ask_and_never_below_its_cap() -> None:
    desk = Desk()
    desk.quote(500.0, 500.10)
    desk.send(order("SELL", 100, "REL", stop=0.02, limit=500.05))
    desk.quote(499.9, 500.04)
    assert desk.trade(500.04, 100) == []
    assert "fill 100 @ 500.05" in story(desk.trade(500.06, 100))


def test_a_relative_order_may_give_its_offset_as_a_fraction_of_the_quote() -> None:
    desk = Desk()
    desk.quote(500.0, 502.0)
    desk.send(order("BUY", 100, "REL", percent_offset=0.001))
    assert "fill 100 @ 500.5" in story(desk.trade(500.49, 100))


def test_a_relative_order_without_offset_joins_the_queue_at_the_bid() -> None:
    desk = Desk()
    desk.send(order("BUY", 100, "REL"))
    assert desk.trade(500.0, 300) == []
    assert "fill 60 @ 500.0" in story(desk.trade(500.0, 60))


def test_a_relative_offset_that_reaches_the_other_side_trades_there() -> None:
    desk = Desk()
    assert "fill 100 @ 500.01" in story(desk.send(order("BUY", 100, "REL", stop=0.05)))


def test_a_midprice_order_trades_in_the_middle_when_somebody_crosses_it() -> None:
    desk = Desk()
    desk.quote(500.0, 500.05)
    desk.send(order("BUY", 100, "MIDPRICE"))
    assert desk.trade(500.05, 500) == []
    assert "fill 100 @ 500.025" in story(desk.trade(500.0, 500))


def test_a_midprice_order_stops_at_its_cap() -> None:
    desk = Desk()
    desk.quote(500.0, 500.10)
    desk.send(order("BUY", 100, "MIDPRICE", limit=500.02))
    desk.quote(500.04, 500.10)
    assert desk.trade(500.04, 500) == []
    assert "fill 100 @ 500.02" in story(desk.trade(500.01, 500))


@pytest.mark.parametrize("kind", ["REL", "MIDPRICE"])
def test_a_pegged_order_placed_before_the_open_waits_for_the_first_quote(kind: str) -> None:
    desk = Desk(now_ns=FRIDAY.open_ns - 60_000_000_000)
    desk.send(order("BUY", 100, kind))
    desk.pass_to(FRIDAY.open_ns)
    desk.quote(500.0, 500.02)
    assert desk.held() == 0
    desk.trade(499.99, 1000)
    assert desk.held() == 100


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (order("BUY", 100, "REL", stop=-0.01), 321),
        (order("BUY", 100, "MIDPRICE", limit=500.005), 110),
        (order("BUY", 100, "REL", tif="IOC"), 111),
    ],
)
def test_a_peg_that_makes_no_sense_is_refused(request_: OrderRequest, code: int) -> None:
    assert of_kind(Desk().send(request_), ErrorEvent)[0].code == code


STEPS = st.lists(
    st.tuples(st.integers(49_900, 50_100), st.integers(1, 12), st.integers(-8, 8), st.integers(1, 400)), max_size=40
)


@given(STEPS, st.sampled_from(["REL", "MIDPRICE"]), st.booleans(), st.one_of(st.none(), st.integers(49_950, 50_050)))
def test_a_pegged_order_never_trades_beyond_its_cap_or_its_peg(
    steps: list[tuple[int, int, int, int]], kind: str, buy: bool, cap: int | None
) -> None:
    desk = Desk()
    action, side = ("BUY", 1) if buy else ("SELL", -1)
    offset = 0.02 if kind == "REL" else None
    desk.send(order(action, 1000, kind, stop=offset, limit=None if cap is None else cap / 100))
    quote = (50_000, 50_001)
    for bid, spread, away, size in steps:
        events = desk.quote(bid / 100, (bid + spread) / 100)
        quote = (bid, bid + spread)
        events += desk.trade((bid + away) / 100, size)
        best = quote[0] if buy else quote[1]
        peg = best + side * 2 if kind == "REL" else sum(quote) / 2
        for event in of_kind(events, ExecutionEvent):
            price = event.execution.price * 100
            assert (price - peg) * side <= 1e-6
            if cap is not None:
                assert (price - cap) * side <= 1e-6
