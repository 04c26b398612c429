"""History equals what was streamed, never knows the future, and answers in IB's terms."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.gateway.market.worlds import CALENDAR, FRIDAY, HALF_DAY, QQQ, SPY, bars_of, session_on, synthetic
from tradetui.domain.clock import MINUTE_NS, SECOND_NS
from tradetui.gateway.market.bars import HistoryBar
from tradetui.gateway.market.market import HistoryError
from tradetui.gateway.market.synthetic import SyntheticMarket

MARKET = synthetic(FRIDAY.open_ns, trades=12)
STREAMED = list(synthetic(HALF_DAY.open_ns, trades=12).events_until(HALF_DAY.close_ns))


def ask(
    duration: str,
    bar_size: str,
    *,
    end_ns: int = FRIDAY.close_ns,
    what: str = "TRADES",
    con_id: int = SPY,
    market: SyntheticMarket = MARKET,
    now_ns: int | None = None,
) -> list[HistoryBar]:
    return market.history(
        con_id,
        end_ns=end_ns,
        duration=duration,
        bar_size=bar_size,
        what=what,
        use_rth=True,
        now_ns=end_ns if now_ns is None else now_ns,
    )


def ohlcv(bars: list[HistoryBar]) -> list[list[float | None]]:
    return [[bar.open, bar.high, bar.low, bar.close, bar.volume] for bar in bars]


@pytest.mark.parametrize(("bar_size", "seconds"), [("5 secs", 5), ("30 secs", 30), ("1 min", 60), ("5 mins", 300)])
@pytest.mark.parametrize("con_id", [SPY, QQQ])
def test_history_equals_the_streamed_bars_to_the_last_bit(bar_size: str, seconds: int, con_id: int) -> None:
    bars = ask("1 D", bar_size, end_ns=HALF_DAY.close_ns, con_id=con_id)
    streamed = bars_of(STREAMED, con_id, seconds)
    assert ohlcv(bars) == list(streamed.values())
    assert [bar.start_ns // (seconds * SECOND_NS) for bar in bars] == list(streamed)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(HALF_DAY.open_ns, HALF_DAY.close_ns - 1),
    st.sampled_from([("5 secs", 5), ("10 secs", 10), ("1 min", 60), ("5 mins", 300), ("30 mins", 1800)]),
)
def test_a_forming_bar_holds_exactly_the_trades_so_far(now_ns: int, size: tuple[str, int]) -> None:
    name, seconds = size
    begin = now_ns // (seconds * SECOND_NS) * seconds * SECOND_NS
    so_far = [event for event in STREAMED if begin <= event.time_ns <= now_ns]
    expected = list(bars_of(so_far, SPY, seconds).values())
    bar = MARKET.forming_bar(SPY, bar_size=name, what="TRADES", use_rth=True, now_ns=now_ns)
    assert ohlcv([bar] if bar else []) == expected
    if bar is not None:
        assert (bar.start_ns, bar.end_ns) == (begin, begin + seconds * SECOND_NS)
        last = ask("1 D", name, end_ns=HALF_DAY.close_ns, now_ns=now_ns)[-1]
        assert last == bar


@pytest.mark.parametrize("size", ["5 secs", "1 min", "15 mins", "1 hour", "1 day"])
def test_the_last_state_of_a_forming_bar_is_the_bar_in_history(size: str) -> None:
    for bar in ask("1 D", size)[-3:]:
        forming = MARKET.forming_bar(SPY, bar_size=size, what="TRADES", use_rth=True, now_ns=bar.end_ns - 1)
        assert forming == bar


@settings(max_examples=20, deadline=None)
@given(st.integers(FRIDAY.open_ns, FRIDAY.close_ns))
def test_nothing_later_than_now_is_told(now_ns: int) -> None:
    bars = ask("2 D", "1 min", end_ns=FRIDAY.close_ns, now_ns=now_ns)
    whole = {bar.start_ns: bar for bar in ask("2 D", "1 min")}
    assert all(bar == whole[bar.start_ns] for bar in bars if bar.end_ns <= now_ns)
    assert all(bar.start_ns <= now_ns for bar in bars)
    assert (bars[-1].volume or 0) <= (whole[bars[-1].start_ns].volume or 0)


def test_bigger_bars_are_sums_of_smaller_ones() -> None:
    minutes, hours, days = ask("5 D", "1 min"), ask("5 D", "1 hour"), ask("5 D", "1 day")
    for big in (hours, days):
        for bar in big:
            inside = [m for m in minutes if bar.start_ns <= m.start_ns < bar.end_ns]
            assert (bar.open, bar.close) == (inside[0].open, inside[-1].close)
            assert (bar.high, bar.low) == (max(m.high for m in inside), min(m.low for m in inside))
            assert bar.volume == sum(m.volume or 0 for m in inside)
    assert [len(minutes), len(hours), len(days)] == [1950, 35, 5]


def test_hour_bars_follow_the_clock_as_at_ib() -> None:
    starts = [f"{CALENDAR.local(bar.start_ns):%H:%M}" for bar in ask("1 D", "1 hour")]
    assert starts == ["09:30", "10:00", "11:00", "12:00", "13:00", "14:00", "15:00"]


def test_weeks_and_months_group_sessions() -> None:
    week = ask("1 W", "1 week")[-1]
    assert CALENDAR.local(week.start_ns).date() == date(2026, 11, 16)
    month = ask("1 M", "1 month")[-1]
    assert CALENDAR.local(month.start_ns).date() == date(2026, 11, 2)
    forming = MARKET.forming_bar(SPY, bar_size="1 month", what="TRADES", use_rth=True, now_ns=FRIDAY.close_ns - 1)
    assert forming == month


@pytest.mark.parametrize(
    ("duration", "first"),
    [
        ("1 D", date(2026, 11, 20)),
        ("2 D", date(2026, 11, 19)),
        ("1 W", date(2026, 11, 16)),
        ("1 M", date(2026, 10, 21)),
        ("1 Y", date(2025, 11, 21)),
    ],
)
def test_durations_reach_back_as_far_as_they_say(duration: str, first: date) -> None:
    assert CALENDAR.local(ask(duration, "1 day")[0].start_ns).date() == first


@pytest.mark.parametrize(
    ("months", "first"), [("1 M", date(2026, 3, 2)), ("3 M", date(2026, 1, 2)), ("13 M", date(2025, 3, 3))]
)
def test_a_month_back_from_a_month_end_is_a_month_end(months: str, first: date) -> None:
    end = session_on(2026, 3, 31).close_ns
    assert CALENDAR.local(ask(months, "1 day", end_ns=end)[0].start_ns).date() == first


def test_seconds_count_trading_time_across_the_night() -> None:
    monday = session_on(2026, 11, 23)
    bars = ask("3600 S", "1 min", end_ns=monday.open_ns + 10 * MINUTE_NS)
    assert len(bars) == 60
    assert bars[0].start_ns == FRIDAY.close_ns - 50 * MINUTE_NS
    at_night = ask("120 S", "1 min", end_ns=FRIDAY.close_ns + 600 * MINUTE_NS)
    assert [bar.end_ns for bar in at_night] == [FRIDAY.close_ns - MINUTE_NS, FRIDAY.close_ns]


def test_quote_bars_surround_the_trades_and_carry_no_volume() -> None:
    trades, bids, asks, mids = (ask("1 D", "5 mins", what=what) for what in ("TRADES", "BID", "ASK", "MIDPOINT"))
    for trade, bid, offer, mid in zip(trades, bids, asks, mids, strict=True):
        assert bid.close < mid.close < offer.close
        assert mid.close == trade.close
        assert (bid.volume, bid.wap, bid.count) == (None, None, None)
    both = ask("1 D", "5 mins", what="BID_ASK")
    assert all(bar.open < bar.close for bar in both)


def test_the_average_price_lies_inside_the_bar() -> None:
    assert all(
        bar.low <= (bar.wap or 0) <= bar.high for size in ("5 secs", "1 min", "1 day") for bar in ask("1 D", size)
    )


@pytest.mark.parametrize(
    ("duration", "bar_size", "what", "code", "text"),
    [
        ("1 D", "7 mins", "TRADES", 321, "bar size setting is invalid"),
        ("1 X", "1 min", "TRADES", 321, "Format of duration"),
        ("0 D", "1 min", "TRADES", 321, "Format of duration"),
        ("90000 S", "1 min", "TRADES", 321, "longer than 86400 seconds"),
        ("400 D", "1 day", "TRADES", 321, "longer than 365 days"),
        ("1 D", "1 min", "GOSSIP", 321, "'GOSSIP' is invalid"),
        ("1 Y", "1 secs", "TRADES", 162, "Time length exceed max"),
    ],
)
def test_bad_requests_get_ibs_refusal(duration: str, bar_size: str, what: str, code: int, text: str) -> None:
    with pytest.raises(HistoryError, match=text) as refused:
        ask(duration, bar_size, what=what)
    assert refused.value.code == code


def test_before_all_data_there_is_nothing() -> None:
    head = MARKET.head_timestamp(SPY, "TRADES", True)
    assert head == CALENDAR.session(0).open_ns
    assert ask("1 D", "1 min", end_ns=head) == []
    assert MARKET.forming_bar(SPY, bar_size="1 min", what="TRADES", use_rth=True, now_ns=FRIDAY.close_ns) is None
