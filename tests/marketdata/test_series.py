"""Recent bars: history and live bars in one line, merged only when they agree."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tradetui.domain.bar import Bar, BarSize
from tradetui.domain.clock import MINUTE_NS
from tradetui.marketdata.series import BarSeries


def bar(minute: int, close: float = 100.0) -> Bar:
    return Bar("SPY", minute * MINUTE_NS, close, close + 1, close - 1, close, 10.0)


def series(*minutes: int, capacity: int = 100) -> BarSeries:
    made = BarSeries("SPY", BarSize.M1, capacity)
    for minute in minutes:
        made.append(bar(minute))
    return made


def ends(made: BarSeries) -> list[int]:
    return [item.end_ns // MINUTE_NS for item in made]


def test_a_bar_that_is_not_newer_changes_nothing() -> None:
    made = series(1, 2)
    assert not made.append(bar(2, close=50.0))
    assert not made.append(bar(1))
    assert [item.close for item in made] == [100.0, 100.0]


def test_an_unsound_bar_is_not_taken() -> None:
    made = series(1)
    assert not made.append(bar(2)._replace(high=1.0))
    assert made.merge([bar(3)._replace(close=float("nan"))]).added == 0
    assert ends(made) == [1]


def test_history_fills_the_gap_and_what_came_before() -> None:
    made = series(10, 13)
    merge = made.merge([bar(minute) for minute in (8, 9, 10, 11, 12)])
    assert (merge.added, merge.compared, merge.consistent, merge.reason) == (4, 1, True, "")
    assert ends(made) == [8, 9, 10, 11, 12, 13]


def test_a_bar_held_is_never_replaced_by_history() -> None:
    made = series(1)
    made.merge([bar(1, close=100.2)])
    assert made.recent(1)[0].close == 100.0


def test_history_that_contradicts_live_bars_is_refused_and_the_split_is_named() -> None:
    made = series(1, 2, 3)
    merge = made.merge([bar(minute, close=25.0) for minute in (0, 1, 2, 3)])
    assert not merge.consistent
    assert merge.ratio == 0.25
    assert "split" in merge.reason
    assert ends(made) == [1, 2, 3]


def test_a_single_revised_bar_is_a_contradiction_without_a_split() -> None:
    made = series(1, 2, 3)
    merge = made.merge([bar(1), bar(2, close=101.0), bar(3)])
    assert not merge.consistent
    assert merge.ratio is None
    assert "1.00%" in merge.reason


def test_the_series_keeps_the_newest_bars_only() -> None:
    made = series(*range(1, 11), capacity=4)
    assert ends(made) == [7, 8, 9, 10]
    made.merge([bar(minute) for minute in range(1, 9)])
    assert ends(made) == [7, 8, 9, 10]
    assert [item.end_ns // MINUTE_NS for item in made.recent(2)] == [9, 10]
    assert made.recent(0) == []
    made.clear()
    assert made.last is None


@given(st.sets(st.integers(1, 40)), st.sets(st.integers(1, 40)))
def test_the_merged_line_is_the_sorted_union(live: set[int], history: set[int]) -> None:
    made = series(*sorted(live))
    made.merge([bar(minute) for minute in sorted(history)])
    assert ends(made) == sorted(live | history)
    assert len(made) == len(live | history)
