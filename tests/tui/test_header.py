"""The header: what may never be missing, and what it may not claim."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tui.pictures import picture, sent, status
from tests.tui.scenes import core_row, demo_state, link_row
from tradetui.control.messages import Row
from tradetui.tui.link import Phase
from tradetui.tui.operator import Status
from tradetui.tui.viewmodels.header import fit_header, header_view
from tradetui.tui.viewmodels.picture import Picture


def words(shown: Picture, width: int = 200) -> str:
    items, _ = fit_header(header_view(shown), width)
    return " ".join(item.text.strip() for item in items)


def with_core(**changes: object) -> Picture:
    return picture({**demo_state(), "core": {"core": core_row(**changes)}})


def test_a_calm_paper_day_reads_in_one_line_of_80() -> None:
    assert words(picture(), 80) == "PAPER RUN DU***4567 IB ready data <1s day +412.50 alerts 1 10:31:05 EDT x60"


@pytest.mark.parametrize("state", ["RUN", "PAUSED", "HALTED", "KILLED"])
@pytest.mark.parametrize("mode", ["PAPER", "LIVE", "UNKNOWN"])
@given(width=st.integers(1, 130))
def test_mode_and_trading_state_survive_every_width(mode: str, state: str, width: int) -> None:
    shown = words(with_core(mode=mode, state=state), width)
    assert shown.startswith(f"{mode} {state}")


def test_the_pieces_fit_whenever_mode_and_state_do() -> None:
    view = header_view(with_core(state="KILLED", mode="UNKNOWN"))
    for width in range(20, 130):
        items, blank = fit_header(view, width)
        assert sum(len(item.text) for item in items) + len(items) - 1 + blank <= width


def test_a_state_the_core_no_longer_confirms_carries_a_question_mark() -> None:
    shown = words(picture(link=status(Phase.DOWN)))
    assert "RUN?" in shown
    assert "core not running" in shown
    assert "ready" not in shown


def test_before_the_first_word_of_the_core_nothing_is_claimed() -> None:
    shown = words(picture({}, link=status(Phase.CONNECTING)))
    assert shown.startswith("UNKNOWN STATE UNKNOWN")


def test_data_grows_older_while_the_core_is_silent() -> None:
    assert "data 12s" in words(picture(link=status(Phase.SILENT, 12.0)))


def test_data_that_never_came_has_no_age() -> None:
    state = demo_state()
    state["symbols"] = {"SPY": {"age_s": None}}
    assert "data -" in words(picture(state))


@pytest.mark.parametrize(("speed", "shown"), [(1.0, "EDT"), (60.0, "EDT x60"), (None, "EDT")])
def test_the_clock_says_so_when_it_runs_faster(speed: float | None, shown: str) -> None:
    assert words(with_core(speed=speed)).endswith(shown)


def test_a_kill_is_pending_until_the_core_says_killed() -> None:
    pending = sent("kill", Status.PENDING)
    assert "KILL PENDING" in words(picture(kill=pending))
    accepted = sent("kill", Status.ACCEPTED)
    assert "KILL NOT CONFIRMED" in words(picture(kill=accepted))
    killed = {**demo_state(), "core": {"core": core_row(state="KILLED")}}
    assert "KILLED" in words(picture(killed, kill=accepted))


def test_a_provisional_result_is_marked() -> None:
    state = demo_state()
    state["account"]["account"]["provisional"] = True
    assert "day +412.50*" in words(picture(state))


@pytest.mark.parametrize(("acknowledged", "count"), [(0, 1), (1, 0)])
def test_alerts_count_until_they_were_looked_at(acknowledged: int, count: int) -> None:
    assert f"alerts {count}" in words(picture(acknowledged=acknowledged))


def test_an_undelivered_alert_is_loud() -> None:
    state = demo_state()
    state["alerting"]["alerting"]["undelivered"] = 2
    assert "2 alerts UNDELIVERED" in words(picture(state))


@pytest.mark.parametrize("state", ["DISCONNECTED", "SYNCING", "DEGRADED", "REFUSED"])
def test_only_ready_reads_as_ready(state: str) -> None:
    shown = words(picture({**demo_state(), "link": {"link": link_row(state=state)}}))
    assert f"IB {state}" in shown


junk: st.SearchStrategy[Row] = st.dictionaries(
    st.sampled_from(tuple(core_row())), st.none() | st.booleans() | st.integers() | st.text(max_size=5), max_size=8
)


@given(junk)
def test_a_row_of_the_wrong_shape_never_breaks_the_header(row: Row) -> None:
    assert words(picture({"core": {"core": row}}))
