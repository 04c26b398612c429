"""The live stream is one fixed list of sound events, however it is polled and wherever it is joined."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.gateway.market.worlds import CALENDAR, FRIDAY, HALF_DAY, SPY, bars_of, session_on, synthetic
from tradetui.domain.clock import MINUTE_NS
from tradetui.domain.errors import OperatorError
from tradetui.gateway.market.events import Quote, Trade
from tradetui.gateway.market.synthetic import SyntheticMarket, demo_start

#: From the last half hour of the half day into the first half hour of the Monday after it.
START, END = HALF_DAY.close_ns - 30 * MINUTE_NS, session_on(2026, 11, 30).open_ns + 30 * MINUTE_NS
WHOLE = list(synthetic(START).events_until(END))


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(START - MINUTE_NS, END), max_size=30), st.data())
def test_any_polling_steps_give_the_same_events(cuts: list[int], data: st.DataObject) -> None:
    market = synthetic(START)
    seen = []
    for cut in [*sorted(cuts), END]:
        if data.draw(st.booleans()):
            market.next_event_ns()
        polled = market.events_until(cut)
        for _ in range(data.draw(st.integers(0, 40))):
            event = next(polled, None)
            if event is not None:
                seen.append(event)
    seen.extend(market.events_until(END))
    assert seen == WHOLE


def test_events_come_in_time_order_and_only_in_sessions() -> None:
    assert sorted(WHOLE, key=lambda event: (event.time_ns, event.con_id)) == WHOLE
    assert all(CALENDAR.is_open(event.time_ns) for event in WHOLE)
    assert len({(event.time_ns, event.con_id) for event in WHOLE}) == len(WHOLE)


def test_quotes_are_on_the_tick_grid_and_never_crossed() -> None:
    quotes = [event for event in WHOLE if isinstance(event, Quote)]
    assert all(0.01 <= round(quote.ask - quote.bid, 6) <= 0.03 for quote in quotes)
    assert all(round(price * 100) / 100 == price for quote in quotes for price in (quote.bid, quote.ask))
    assert all(size > 0 and size % 100 == 0 for quote in quotes for size in (quote.bid_size, quote.ask_size))


def test_every_trade_happens_at_the_quote_of_its_instrument() -> None:
    book: dict[int, Quote] = {}
    for event in WHOLE:
        if isinstance(event, Quote):
            book[event.con_id] = event
        else:
            assert event.price in (book[event.con_id].bid, book[event.con_id].ask)


def test_a_minute_begins_with_its_first_trade_and_ends_shortly_after_its_last() -> None:
    trades = [event.time_ns for event in WHOLE if isinstance(event, Trade) and event.con_id == SPY]
    firsts: dict[int, int] = {}
    lasts: dict[int, int] = {}
    for ns in trades:
        firsts.setdefault(ns // MINUTE_NS, ns % MINUTE_NS)
        lasts[ns // MINUTE_NS] = ns % MINUTE_NS
    assert len(firsts) == 60
    assert max(firsts.values()) < 10_000_000
    assert min(lasts.values()) > MINUTE_NS - 1_000_000_000


def test_the_next_event_is_announced_and_looking_changes_nothing() -> None:
    market = synthetic(HALF_DAY.close_ns)
    first = market.next_event_ns()
    monday = session_on(2026, 11, 30)
    assert first is not None
    assert monday.open_ns <= first < monday.open_ns + MINUTE_NS
    assert list(market.events_until(first - 1)) == []
    assert [event.time_ns for event in market.events_until(first)] == [first]


def test_a_late_joiner_sees_the_same_events_and_day_statistics() -> None:
    early, late = synthetic(FRIDAY.open_ns), synthetic(FRIDAY.open_ns + 95 * MINUTE_NS + 1)
    cut = FRIDAY.open_ns + 120 * MINUTE_NS
    heard = list(early.events_until(cut))
    assert list(late.events_until(cut)) == [event for event in heard if event.time_ns >= late.start_ns]
    assert late.day_stats(SPY) == early.day_stats(SPY)


def test_day_statistics_add_up_the_session_and_last_until_the_next_open() -> None:
    market = synthetic(HALF_DAY.open_ns)
    trades = [e for e in market.events_until(HALF_DAY.close_ns) if isinstance(e, Trade) and e.con_id == SPY]
    market.next_event_ns()
    list(market.events_until(HALF_DAY.close_ns + 24 * 60 * MINUTE_NS))
    stats = market.day_stats(SPY)
    prices = [trade.price for trade in trades]
    assert (stats.open, stats.high, stats.low, stats.last) == (prices[0], max(prices), min(prices), prices[-1])
    assert stats.volume == sum(trade.size for trade in trades)
    monday = session_on(2026, 11, 30)
    list(market.events_until(monday.open_ns))
    assert (market.day_stats(SPY).volume, market.day_stats(SPY).previous_close) == (0, prices[-1])


def test_the_number_of_ticks_changes_the_way_but_not_the_minutes() -> None:
    cut = FRIDAY.open_ns + 20 * MINUTE_NS
    sparse = bars_of(synthetic(FRIDAY.open_ns, trades=4).events_until(cut), SPY, 60)
    dense = bars_of(synthetic(FRIDAY.open_ns, trades=200).events_until(cut), SPY, 60)
    assert sparse == dense
    assert len(sparse) == 20


def test_seeds_and_companions() -> None:
    cut = FRIDAY.open_ns + MINUTE_NS
    alone = list(synthetic(FRIDAY.open_ns, symbols=("SPY",)).events_until(cut))
    both = [e for e in synthetic(FRIDAY.open_ns).events_until(cut) if e.con_id == SPY]
    other = list(synthetic(FRIDAY.open_ns, seed=8, symbols=("SPY",)).events_until(cut))
    assert alone == both
    assert alone != other


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"symbols": ("SPY", "NOPE")}, "has no NOPE; it has SPY, QQQ"),
        ({"symbols": ("SPY", "SPY")}, "name each of them once"),
        ({"symbols": ()}, "at least one"),
        ({"trades_per_minute": 3}, "3 trades per minute is outside 4..600"),
        ({"seed": -1}, "seed -1 is negative"),
    ],
)
def test_bad_parameters_are_named(kwargs: dict[str, object], message: str) -> None:
    parameters: dict[str, object] = {"seed": 1, "calendar": CALENDAR, "start_ns": FRIDAY.open_ns, **kwargs}
    with pytest.raises(OperatorError, match=message):
        SyntheticMarket(**parameters)  # type: ignore[arg-type]


def test_a_demo_begins_a_minute_before_the_latest_open() -> None:
    assert demo_start(CALENDAR, FRIDAY.open_ns + 5 * MINUTE_NS) == FRIDAY.open_ns - MINUTE_NS
    assert demo_start(CALENDAR, FRIDAY.close_ns + 24 * 60 * MINUTE_NS) == FRIDAY.open_ns - MINUTE_NS
    assert demo_start(CALENDAR, FRIDAY.open_ns - 1) < FRIDAY.open_ns - 60 * MINUTE_NS
