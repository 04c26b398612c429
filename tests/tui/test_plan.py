"""The plan: for every window size, panels that do not overlap and a line for content in each."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradetui.tui.viewmodels.plan import LOG, PANELS, QUOTES, Need, Slot, fill, plan, share

counts = st.dictionaries(st.sampled_from(PANELS), st.integers(0, 300))


def overlap(one: Slot, other: Slot) -> bool:
    return (
        one.x < other.x + other.width
        and other.x < one.x + one.width
        and one.y < other.y + other.height
        and other.y < one.y + one.height
    )


@given(st.integers(1, 300), st.integers(1, 120), counts, st.sampled_from(PANELS), st.sampled_from(("", *PANELS)))
def test_panels_fill_the_room_and_never_overlap(
    width: int, height: int, rows: dict[str, int], focus: str, maximised: str
) -> None:
    slots = plan(width, height, rows, focus=focus, maximised=maximised)
    assert slots
    for slot in slots.values():
        assert slot.x >= 0
        assert slot.y >= 0
        assert slot.x + slot.width <= width
        assert slot.y + slot.height <= height
        assert slot.width > 0
        assert slot.height > 0
    assert not any(overlap(one, other) for one, other in itertools.combinations(slots.values(), 2))
    assert sum(slot.width * slot.height for slot in slots.values()) == width * height


@pytest.mark.parametrize(("width", "height"), [(80, 22), (78, 20), (78, 17 + 1), (120, 38), (118, 36), (200, 60)])
def test_all_six_panels_are_there_from_80x24_on_also_with_the_live_border(width: int, height: int) -> None:
    slots = plan(width, height, dict.fromkeys(PANELS, 4))
    assert set(slots) == set(PANELS)
    assert all(slot.height >= 3 for slot in slots.values())


def test_four_symbols_and_their_titles_fit_at_80x24() -> None:
    assert plan(80, 22, dict.fromkeys(PANELS, 4))[QUOTES].height == 6


def test_twenty_symbols_get_the_room_that_others_do_not_need_at_120x40() -> None:
    rows = {**dict.fromkeys(PANELS, 2), QUOTES: 20}
    assert plan(120, 38, rows)[QUOTES].height == 22


@given(st.integers(1, 75), st.integers(6, 40), st.sampled_from(PANELS))
def test_a_narrow_window_shows_the_focused_panel(width: int, height: int, focus: str) -> None:
    slots = plan(width, height, {}, focus=focus)
    assert focus in slots or focus == LOG


@given(st.integers(0, 200), st.lists(st.builds(Need, st.integers(1, 9), st.integers(1, 60)), min_size=1, max_size=5))
def test_sharing_gives_everyone_the_least_and_wastes_nothing(room: int, needs: list[Need]) -> None:
    for lines in (share(room, needs), fill(room, needs)):
        assert all(given >= need.least for given, need in zip(lines, needs, strict=True))
        assert sum(lines) == max(room, sum(need.least for need in needs))
