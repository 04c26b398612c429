"""The calendar answers as the exchange's published hours do, and its lookups agree with a linear scan."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradetui.domain.clock import MINUTE_NS, SECOND_NS, to_ns
from tradetui.domain.errors import OperatorError
from tradetui.marketdata import calendar_source
from tradetui.marketdata.calendar import TradingCalendar
from tradetui.marketdata.calendar_source import session_table

NYSE = TradingCalendar.load(first_year=2015, last_year=2027)
FIRST, LAST = NYSE.session(0), NYSE.session(3200)
moments = st.integers(FIRST.open_ns, LAST.close_ns)


def utc(year: int, month: int, day: int, hour: int, minute: int = 0) -> int:
    return to_ns(datetime(year, month, day, hour, minute, tzinfo=UTC))


def test_a_session_includes_its_open_and_excludes_its_close() -> None:
    open_ns, close_ns = utc(2026, 11, 20, 14, 30), utc(2026, 11, 20, 21)
    assert [NYSE.is_open(ns) for ns in (open_ns - 1, open_ns, close_ns - 1, close_ns)] == [False, True, True, False]


def test_daylight_saving_moves_the_utc_open_and_not_the_local_one() -> None:
    friday, monday = NYSE.session_on(date(2026, 10, 30)), NYSE.session_on(date(2026, 11, 2))
    assert friday is not None
    assert monday is not None
    assert (friday.open_ns, monday.open_ns) == (utc(2026, 10, 30, 13, 30), utc(2026, 11, 2, 14, 30))
    assert NYSE.local(friday.open_ns).time() == NYSE.local(monday.open_ns).time()


def test_the_friday_after_thanksgiving_closes_at_one() -> None:
    session = NYSE.session_on(date(2026, 11, 27))
    assert session is not None
    assert session.is_early_close
    assert session.close_ns == utc(2026, 11, 27, 18)
    assert NYSE.session_on(date(2026, 11, 26)) is None


def test_the_last_bar_is_cut_at_an_early_close() -> None:
    session = NYSE.session_on(date(2026, 11, 27))
    assert session is not None
    assert session.bar_ends(3600)[-2:] == [utc(2026, 11, 27, 17, 30), utc(2026, 11, 27, 18)]
    assert NYSE.bar_end(utc(2026, 11, 27, 17, 45), 3600) == session.close_ns
    assert NYSE.bar_end(utc(2026, 11, 27, 15), 86_400) == session.close_ns


def test_a_tick_on_a_bar_boundary_belongs_to_the_next_bar() -> None:
    boundary = utc(2026, 11, 20, 14, 31)
    assert NYSE.bar_end(boundary - 1, 60) == boundary
    assert NYSE.bar_end(boundary, 60) == boundary + MINUTE_NS
    assert NYSE.bar_end(utc(2026, 11, 20, 21), 60) is None


def test_the_evening_counts_for_its_day_and_the_weekend_for_monday() -> None:
    assert NYSE.session_date(utc(2026, 11, 20, 23)) == date(2026, 11, 20)
    assert NYSE.session_date(utc(2026, 11, 21, 12)) == date(2026, 11, 23)
    assert NYSE.session_date(utc(2026, 11, 26, 15)) == date(2026, 11, 27)


def test_minutes_to_the_close_and_since_the_open_are_unknown_when_closed() -> None:
    noon = utc(2026, 11, 20, 17)
    assert (NYSE.minutes_since_open(noon), NYSE.minutes_to_close(noon)) == (150.0, 240.0)
    assert NYSE.minutes_since_open(utc(2026, 11, 21, 17)) is None
    assert NYSE.minutes_to_close(utc(2026, 11, 21, 17)) is None


@given(moments)
def test_lookups_agree_with_each_other_at_any_moment(ns: int) -> None:
    session = NYSE.session_at(ns)
    upcoming = NYSE.current_or_next(ns)
    assert NYSE.next_close(ns) == upcoming.close_ns > ns
    assert NYSE.next_open(ns) > ns
    if ns >= FIRST.close_ns:
        assert ns - 5 * 86_400 * SECOND_NS < NYSE.previous_close(ns) <= ns
    if session is None:
        assert NYSE.next_open(ns) == upcoming.open_ns
    else:
        assert session == upcoming
        assert session.open_ns <= ns < session.close_ns
        assert NYSE.session_date(ns) == session.date == NYSE.local(ns).date()


@given(moments, st.sampled_from([5, 10, 15, 30, 60, 120, 300, 900, 1800, 3600, 86_400]))
def test_every_moment_of_a_session_lies_in_exactly_one_bar(ns: int, bar_seconds: int) -> None:
    session = NYSE.current_or_next(ns)
    inside = session.open_ns + ns % (session.close_ns - session.open_ns)
    ends = session.bar_ends(bar_seconds)
    assert session.bar_end(inside, bar_seconds) == min(end for end in ends if end > inside)
    assert ends == sorted(set(ends))


@given(moments, st.integers(0, 20), st.sampled_from([300, 3600, 86_400]))
def test_bar_boundaries_are_those_of_the_sessions_in_the_window(start: int, days: int, bar_seconds: int) -> None:
    end = start + days * 86_400 * SECOND_NS
    expected = [
        bar
        for index in range(max(0, NYSE.current_or_next(start).index - 1), NYSE.current_or_next(end).index + 1)
        for bar in NYSE.session(index).bar_ends(bar_seconds)
        if start < bar <= end
    ]
    assert NYSE.bar_boundaries(start, end, bar_seconds) == expected


@given(moments)
def test_midnight_is_local_and_strictly_later(ns: int) -> None:
    midnight = NYSE.midnight_after(ns)
    assert ns < midnight <= ns + 25 * 3600 * SECOND_NS
    assert NYSE.local(midnight).time().isoformat() == "00:00:00"
    assert NYSE.local(midnight).date() == NYSE.local(ns).date() + timedelta(days=1)
    assert NYSE.midnight_of(NYSE.local(midnight).date()) == midnight


def test_a_time_outside_the_range_is_an_error_and_not_a_holiday() -> None:
    with pytest.raises(OperatorError, match="covers 2015-01-02 to 2027-12-31, not 2035"):
        NYSE.is_open(utc(2035, 1, 3, 15))
    with pytest.raises(OperatorError, match="check the clock"):
        NYSE.next_open(utc(2028, 3, 1, 15))


def test_an_unknown_exchange_is_named() -> None:
    with pytest.raises(OperatorError, match="'XNOPE' is not known"):
        TradingCalendar.load("XNOPE")


def test_the_cache_file_gives_the_same_sessions_without_the_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "state" / "calendar.bin"
    built = session_table("XNYS", 2024, 2026, cache)
    monkeypatch.setattr(calendar_source, "_from_source", lambda *_: pytest.fail("the cache was not used"))
    assert session_table("XNYS", 2024, 2026, cache) == built
    assert cache.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("damage", [b"", b"junk", b"tradetui-sessions-1\n{}\n", b"tradetui-sessions-1\n[1]\nxx"])
def test_a_damaged_cache_file_is_rebuilt(tmp_path: Path, damage: bytes) -> None:
    cache = tmp_path / "calendar.bin"
    good = session_table("XNYS", 2025, 2025, cache)
    content = cache.read_bytes()
    for broken in (damage, content[:-8], content[:-1] + bytes([content[-1] ^ 1])):
        cache.write_bytes(broken)
        assert session_table("XNYS", 2025, 2025, cache) == good
        assert cache.read_bytes() == content


def test_a_process_that_only_needs_sessions_never_loads_pandas(tmp_path: Path) -> None:
    cache = tmp_path / "calendar.bin"
    code = (
        "import sys\nfrom pathlib import Path\nfrom tradetui.marketdata.calendar_source import session_table\n"
        f"table = session_table('XNYS', 2025, 2025, Path({str(cache)!r}))\n"
        "print(len(table.opens), 'pandas' in sys.modules)\n"
        f"session_table('XNOPE', 2025, 2025, Path({str(cache)!r}))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert done.stdout == "250 False\n"
    assert "OperatorError: exchange calendar 'XNOPE' is not known; use a MIC such as XNYS" in done.stderr
    assert session_table("XNYS", 2025, 2025, cache) == session_table("XNYS", 2025, 2025, None)


def test_a_cache_for_other_years_is_not_believed(tmp_path: Path) -> None:
    cache = tmp_path / "calendar.bin"
    session_table("XNYS", 2025, 2025, cache)
    assert len(session_table("XNYS", 2024, 2025, cache).opens) == 502


def test_sessions_equal_the_published_table(shared_dir: Path) -> None:
    import pyarrow.parquet as pq

    calendar = TradingCalendar.load(first_year=1993, last_year=2026)
    rows = pq.read_table(shared_dir / "data" / "nyse_sessions.parquet").to_pylist()
    published = [(row["session"], to_ns(row["open"]), to_ns(row["close"])) for row in rows]
    ours = [calendar.session(index) for index in range(len(published))]
    assert [(s.date.isoformat(), s.open_ns, s.close_ns) for s in ours] == published
    with pytest.raises(OperatorError):
        calendar.session(len(published))
