"""Trades become bars, the same bars however the trades are cut into calls."""

from __future__ import annotations

from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradetui.domain.bar import Bar, BarSize
from tradetui.domain.clock import MINUTE_NS, SECOND_NS
from tradetui.domain.events import BarClosed, BarSource
from tradetui.domain.tick import Quote, Trade
from tradetui.marketdata.aggregator import BarAggregator
from tradetui.marketdata.calendar import Session, TradingCalendar
from tradetui.marketdata.intervals import interval_at

NYSE = TradingCalendar.load(first_year=2024, last_year=2026)
SIZES = [BarSize.S5, BarSize.M1, BarSize.M15, BarSize.H1, BarSize.D1]


def session_on(day: date) -> Session:
    session = NYSE.session_on(day)
    assert session is not None
    return session


DAY = session_on(date(2026, 1, 6))
EARLY = session_on(date(2025, 11, 28))


def at(seconds: float, session: Session = DAY) -> int:
    return session.open_ns + int(seconds * SECOND_NS)


def trade(seconds: float, price: float = 10.0, size: float = 1.0, symbol: str = "SPY") -> Trade:
    return Trade(symbol, at(seconds), price, size)


def minute_bars(*, whole: bool = True) -> BarAggregator:
    aggregator = BarAggregator(NYSE, [BarSize.M1])
    if whole:
        aggregator.mark_live(0, "SPY")
    return aggregator


def test_a_bar_holds_first_highest_lowest_last_price_and_the_sum_of_sizes() -> None:
    aggregator = minute_bars()
    prices = [(1, 10.0, 5.0), (20, 12.0, 1.0), (40, 9.0, 2.0), (59.9, 11.0, 4.0)]
    assert aggregator.add_all(trade(*item) for item in prices) == []
    closed = aggregator.add(trade(60, 11.5))
    bar = Bar("SPY", at(60), 10.0, 12.0, 9.0, 11.0, 12.0)
    assert closed == [BarClosed(bar, "1m", BarSource.LIVE, complete=True)]


def test_a_trade_on_the_boundary_belongs_to_the_next_bar() -> None:
    aggregator = minute_bars()
    closed = aggregator.add_all([trade(0, 1.0), trade(60, 2.0), trade(120, 3.0)])
    assert [(item.bar.open, item.bar.end_ns) for item in closed] == [(1.0, at(60)), (2.0, at(120))]


def test_an_interval_without_a_trade_has_no_bar() -> None:
    closed = minute_bars().add_all([trade(10), trade(400), trade(500)])
    assert [item.bar.end_ns for item in closed] == [at(60), at(420)]


def test_the_clock_closes_a_bar_only_after_its_end_and_the_grace() -> None:
    aggregator = minute_bars()
    aggregator.add(trade(10))
    assert aggregator.close_due(at(59)) == []
    assert aggregator.close_due(at(61), grace_ns=2 * SECOND_NS) == []
    assert [item.bar.end_ns for item in aggregator.close_due(at(62), grace_ns=2 * SECOND_NS)] == [at(60)]
    assert aggregator.close_due(at(1000)) == []


def test_a_late_trade_within_the_grace_counts_and_one_after_it_is_dropped_and_counted() -> None:
    aggregator = minute_bars()
    aggregator.add(trade(10, size=1.0))
    aggregator.close_due(at(61), grace_ns=2 * SECOND_NS)
    aggregator.add(trade(59, size=2.0))
    assert aggregator.close_due(at(62), grace_ns=2 * SECOND_NS)[0].bar.volume == 3.0
    assert aggregator.add(trade(59.5, size=4.0)) == []
    assert aggregator.counts["SPY"].late == 1
    assert aggregator.close_due(at(300)) == []


def test_bars_closed_by_the_clock_come_in_order_of_their_end() -> None:
    aggregator = BarAggregator(NYSE, [BarSize.M1, BarSize.S5])
    aggregator.add_all([trade(0, symbol="QQQ"), trade(55, symbol="SPY"), trade(3, symbol="DIA")])
    closed = aggregator.close_due(at(120))
    assert [(item.bar.symbol, item.size) for item in closed] == [
        ("QQQ", "5s"),
        ("DIA", "5s"),
        ("QQQ", "1m"),
        ("SPY", "5s"),
        ("SPY", "1m"),
        ("DIA", "1m"),
    ]


def test_the_last_bar_is_cut_at_an_early_close() -> None:
    aggregator = BarAggregator(NYSE, [BarSize.H1, BarSize.D1])
    aggregator.add(Trade("SPY", EARLY.close_ns - SECOND_NS, 10.0, 1.0))
    ends = {item.size: item.bar.end_ns for item in aggregator.close_due(EARLY.close_ns)}
    assert EARLY.is_early_close
    assert ends == {"1h": EARLY.close_ns, "1d": EARLY.close_ns}


def test_a_day_bar_ends_at_the_close_of_its_session() -> None:
    aggregator = BarAggregator(NYSE, [BarSize.D1])
    aggregator.add_all([trade(0, 10.0), trade(3600, 12.0)])
    (closed,) = aggregator.close_due(DAY.close_ns)
    assert (closed.bar.end_ns, closed.bar.open, closed.bar.close) == (DAY.close_ns, 10.0, 12.0)


def test_trades_outside_regular_hours_are_ignored_and_counted() -> None:
    aggregator = minute_bars()
    closed = aggregator.add_all([trade(-1), trade(10), Trade("SPY", DAY.close_ns, 11.0, 1.0)])
    assert [item.bar.end_ns for item in closed] == [at(60)]
    assert aggregator.counts["SPY"].outside == 2
    assert aggregator.forming("SPY", BarSize.M1) is None


def test_extended_hours_bars_never_cross_the_open_or_the_close() -> None:
    aggregator = BarAggregator(NYSE, [BarSize.H1, BarSize.D1], regular_hours=False)
    after_close = Trade("SPY", DAY.close_ns + SECOND_NS, 11.0, 1.0)
    closed = aggregator.add_all([trade(-1), trade(1), after_close])
    closed += aggregator.close_due(DAY.close_ns + 2 * 60 * MINUTE_NS)
    hours = [item.bar.end_ns for item in closed if item.size == "1h"]
    assert hours == [DAY.open_ns, at(3600), DAY.close_ns + 60 * MINUTE_NS]
    assert [item.bar.open for item in closed if item.size == "1d"] == [10.0]


def test_a_gap_flags_every_bar_it_touches_and_no_other() -> None:
    aggregator = minute_bars()
    aggregator.add(trade(10))
    aggregator.mark_gap(at(70), "SPY")
    aggregator.mark_live(at(130))
    closed = aggregator.add_all(trade(second) for second in (65, 125, 185, 245))
    assert [item.complete for item in closed] == [True, False, False, True]


def test_a_trade_does_not_end_a_gap_that_was_declared() -> None:
    aggregator = minute_bars()
    aggregator.mark_gap(at(10))
    closed = aggregator.add_all(trade(second) for second in (20, 80, 140))
    assert [item.complete for item in closed] == [False, False]


def test_the_first_bar_of_a_stream_never_spoken_of_is_incomplete_and_the_second_complete() -> None:
    closed = minute_bars(whole=False).add_all([trade(30), trade(61), trade(121)])
    assert [item.complete for item in closed] == [False, True]


def quote(seconds: float, bid: float | None) -> Quote:
    return Quote(symbol="SPY", ts_ns=at(seconds), mono_ns=0, bid=bid)


def test_a_blank_quote_begins_a_gap_and_the_first_price_ends_it() -> None:
    aggregator = minute_bars()
    aggregator.see_quote(quote(70, None))
    aggregator.see_quote(quote(80, None))
    aggregator.see_quote(quote(130, 10.0))
    aggregator.see_quote(quote(140, 10.1))
    closed = aggregator.add_all(trade(second) for second in (10, 65, 125, 185, 245))
    assert [item.complete for item in closed] == [True, False, False, True]


def test_many_short_gaps_are_remembered_in_bounded_space_and_never_flag_too_few() -> None:
    aggregator = BarAggregator(NYSE, [BarSize.H1])
    aggregator.mark_live(0, "SPY")
    for second in range(0, 400, 2):
        aggregator.mark_gap(at(second))
        aggregator.mark_live(at(second + 1))
    closed = aggregator.add_all([trade(0), trade(3601), trade(7201)])
    assert [item.complete for item in closed] == [False, True]
    assert len(aggregator._streams["SPY"].gaps) == 0


def test_the_forming_bar_can_be_looked_at() -> None:
    aggregator = minute_bars()
    aggregator.add_all([trade(1, 10.0), trade(2, 12.0)])
    assert aggregator.forming("SPY", BarSize.M1) == Bar("SPY", at(60), 10.0, 12.0, 10.0, 12.0, 2.0)
    assert aggregator.forming("QQQ", BarSize.M1) is None


ticks = st.lists(
    st.tuples(
        st.integers(-600, 24_000),
        st.integers(900, 1100),
        st.integers(0, 500),
        st.sampled_from(["SPY", "QQQ"]),
    ),
    max_size=120,
)


def trades_of(rows: list[tuple[int, int, int, str]]) -> list[Trade]:
    return [trade(second, cents / 100, float(size), symbol) for second, cents, size, symbol in rows]


def keyed(closed: list[BarClosed]) -> list[tuple[str, str, BarClosed]]:
    return sorted(((item.bar.symbol, item.size, item) for item in closed), key=lambda row: (*row[:2], row[2].bar))


@given(ticks, st.lists(st.integers(0, 120), max_size=8))
def test_the_bars_do_not_depend_on_how_trades_are_cut_into_calls(
    rows: list[tuple[int, int, int, str]], cuts: list[int]
) -> None:
    trades = trades_of(rows)
    one_by_one = BarAggregator(NYSE, SIZES)
    single = [item for one in trades for item in one_by_one.add(one)]
    bursts = BarAggregator(NYSE, SIZES)
    edges = sorted({0, len(trades), *(min(cut, len(trades)) for cut in cuts)})
    burst = [item for left, right in pairwise(edges) for item in bursts.add_all(trades[left:right])]
    end = DAY.close_ns + MINUTE_NS
    assert single + one_by_one.close_due(end) == burst + bursts.close_due(end)


@given(ticks, st.sets(st.integers(0, 120), max_size=8))
def test_closing_by_the_clock_between_trades_in_order_changes_no_bar(
    rows: list[tuple[int, int, int, str]], looks: set[int]
) -> None:
    trades = trades_of(sorted(rows))
    calm, watched = BarAggregator(NYSE, SIZES), BarAggregator(NYSE, SIZES)
    plain = calm.add_all(trades) + calm.close_due(DAY.close_ns)
    seen: list[BarClosed] = []
    for index, one in enumerate(trades):
        seen += watched.add(one)
        if index in looks:
            seen += watched.close_due(one.ts_ns)
    seen += watched.close_due(DAY.close_ns)
    assert keyed(plain) == keyed(seen)


@given(ticks)
def test_the_bars_of_one_size_do_not_depend_on_the_other_sizes_built(rows: list[tuple[int, int, int, str]]) -> None:
    trades = trades_of(rows)
    alone, together = BarAggregator(NYSE, [BarSize.M1]), BarAggregator(NYSE, SIZES)
    assert alone.add_all(trades) == [item for item in together.add_all(trades) if item.size == "1m"]


@given(ticks)
def test_every_bar_is_sound_and_bars_of_a_symbol_come_in_time_order(rows: list[tuple[int, int, int, str]]) -> None:
    aggregator = BarAggregator(NYSE, [BarSize.M1])
    closed = aggregator.add_all(trades_of(rows)) + aggregator.close_due(DAY.close_ns)
    assert all(item.bar.fault() is None for item in closed)
    for symbol in ("SPY", "QQQ"):
        ends = [item.bar.end_ns for item in closed if item.bar.symbol == symbol]
        assert ends == sorted(set(ends))


@given(st.integers(EARLY.open_ns - 3 * 86_400 * SECOND_NS, EARLY.close_ns + 86_400 * SECOND_NS), st.sampled_from(SIZES))
def test_intervals_tile_extended_time_without_overlap(ts_ns: int, size: BarSize) -> None:
    found = interval_at(NYSE, ts_ns, size, regular_hours=False)
    if found is None:
        assert size is BarSize.D1
        return
    start_ns, end_ns = found
    assert start_ns <= ts_ns < end_ns
    assert interval_at(NYSE, start_ns, size, regular_hours=False) == found
    assert interval_at(NYSE, end_ns - 1, size, regular_hours=False) == found
    assert NYSE.session_at(start_ns) == NYSE.session_at(end_ns - 1)


@pytest.mark.parametrize("size", [BarSize.S5, BarSize.M1, BarSize.M15, BarSize.H1])
def test_intervals_in_a_session_agree_with_the_calendar(size: BarSize) -> None:
    for ts_ns in range(DAY.open_ns, DAY.close_ns, 1117 * SECOND_NS):
        found = interval_at(NYSE, ts_ns, size)
        assert found is not None
        assert found[1] == NYSE.bar_end(ts_ns, size.seconds)
