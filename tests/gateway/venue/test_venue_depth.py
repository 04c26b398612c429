"""Slippage: a large order walks through the book behind the quote, and pays for it."""

from __future__ import annotations

from collections import defaultdict

from hypothesis import given
from hypothesis import strategies as st

from tests.gateway.venue.floorplan import Desk, of_kind, order, story
from tradetui.gateway.venue.events import ExecutionEvent, VenueEvent
from tradetui.gateway.venue.model import Liquidity, OrderRequest, OrderStatus


def fills(events: list[VenueEvent]) -> list[tuple[float, float]]:
    return [(event.execution.shares, event.execution.price) for event in of_kind(events, ExecutionEvent)]


def test_a_large_market_order_pays_a_tick_more_per_level_and_books_thicken_away_from_the_touch() -> None:
    desk = Desk(depth_levels=3)
    assert fills(desk.send(order("BUY", 1500))) == [(300, 500.01), (600, 500.02), (600, 500.03)]


def test_what_exceeds_the_whole_depth_waits_for_the_next_quotes() -> None:
    desk = Desk(depth_levels=1)
    assert fills(desk.send(order("SELL", 1000))) == [(300, 500.0), (600, 499.99)]
    assert desk.status(1) is OrderStatus.SUBMITTED
    assert fills(desk.quote(499.98, 499.99, bid_size=50)) == [(50, 499.98), (50, 499.97)]


def test_a_limit_order_walks_only_to_its_limit_and_rests_there() -> None:
    desk = Desk(depth_levels=3)
    assert fills(desk.send(order("BUY", 1500, "LMT", limit=500.02))) == [(300, 500.01), (600, 500.02)]
    assert desk.venue.open_orders()[0].remaining == 600


def test_the_next_order_finds_only_what_the_first_one_left() -> None:
    desk = Desk(depth_levels=1)
    desk.send(order("BUY", 400))
    assert fills(desk.send(order("BUY", 400))) == [(400, 500.02)]


def test_a_fill_or_kill_order_counts_the_depth_within_its_limit() -> None:
    desk = Desk(depth_levels=2)
    assert "error 202" in story(desk.send(order("BUY", 1000, "LMT", limit=500.02, tif="FOK")))
    assert fills(desk.send(order("BUY", 900, "LMT", limit=500.02, tif="FOK"))) == [(300, 500.01), (600, 500.02)]


def test_an_all_or_none_order_takes_the_depth_in_one_go_or_nothing() -> None:
    desk = Desk(depth_levels=1)
    assert fills(desk.send(order("BUY", 901, all_or_none=True))) == []
    assert fills(desk.send(order("BUY", 900, all_or_none=True))) == [(300, 500.01), (600, 500.02)]


ORDERS = st.lists(
    st.tuples(st.booleans(), st.integers(1, 3000), st.one_of(st.none(), st.integers(-3, 6))), min_size=1, max_size=8
)


@given(st.lists(st.tuples(st.integers(1, 900), st.integers(1, 900), ORDERS), min_size=1, max_size=6), st.integers(0, 4))
def test_no_price_level_ever_gives_more_than_it_shows_nor_a_worse_price_than_asked(
    quotes: list[tuple[int, int, list[tuple[bool, int, int | None]]]], levels: int
) -> None:
    desk = Desk(depth_levels=levels, check_margin=False)
    limits: dict[int, float | None] = {}
    for bid_size, ask_size, requests in quotes:
        given_out: dict[tuple[str, float], float] = defaultdict(float)
        events = desk.quote(500.0, 500.01, bid_size, ask_size)
        for buys, size, ticks in requests:
            touch = 500.01 if buys else 500.0
            limit = None if ticks is None else round(touch + (ticks if buys else -ticks) / 100, 2)
            request: OrderRequest = order(
                "BUY" if buys else "SELL", size, "MKT" if limit is None else "LMT", limit=limit
            )
            told = desk.send(request)
            limits |= {event.execution.perm_id: limit for event in of_kind(told, ExecutionEvent)}
            events += told
        for fill in (event.execution for event in of_kind(events, ExecutionEvent)):
            limit = limits.get(fill.perm_id)
            if limit is not None:
                assert (limit - fill.price) * (1 if fill.side == "BOT" else -1) > -1e-9
            # A resting order takes the touch at its own limit; only who crosses the spread walks on.
            touch = 500.01 if fill.side == "BOT" else 500.0
            at = fill.price if fill.liquidity is Liquidity.REMOVED else touch
            given_out[fill.side, at] += fill.shares
        for (side, price), shares in given_out.items():
            away = round((price - 500.01) * 100) if side == "BOT" else round((500.0 - price) * 100)
            shown = ask_size if side == "BOT" else bid_size
            assert shares <= shown * (away + 1)
            assert 0 <= away <= levels
