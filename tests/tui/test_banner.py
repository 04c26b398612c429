"""The banner: it says what is not known, and stays until the broker's own figures end it."""

from __future__ import annotations

import pytest

from tests.tui.pictures import picture, said, sent, status
from tests.tui.scenes import core_row, demo_state, link_row, position_row
from tradetui.control.messages import Row, State
from tradetui.tui.link import Phase
from tradetui.tui.operator import Status
from tradetui.tui.viewmodels.banner import RESULT_S, banner_lines
from tradetui.tui.viewmodels.picture import Picture


def texts(shown: Picture) -> list[str]:
    return [said(line).strip() for line in banner_lines(shown)]


def latch(state: str, why: str) -> Row:
    return {"state": state, "who": "ann", "why": why, "ts_ns": 0, "cleared_by": "operator", "symbol": None}


def with_core(**changes: object) -> State:
    return {**demo_state(), "core": {"core": core_row(**changes)}}


def test_a_calm_day_needs_no_banner() -> None:
    assert texts(picture()) == []


def test_a_core_that_is_gone_is_said_with_its_consequence() -> None:
    (line,) = texts(picture(link=status(Phase.DOWN, 12.0, detail="stopped by ann")))
    assert line == "CORE NOT RUNNING  since 12s (stopped by ann); orders at the broker may still be live"


def test_a_silent_core_is_not_called_dead() -> None:
    (line,) = texts(picture(link=status(Phase.SILENT, 4.0)))
    assert line.startswith("CORE NOT ANSWERING  since 4s")
    assert "trading may go on" in line


def test_a_core_of_another_protocol_is_read_only() -> None:
    (line,) = texts(picture(link=status(Phase.LIVE, compatible=False, core_version="2.0")))
    assert line.startswith("READ-ONLY")
    assert "only kill works" in line


def test_a_broker_link_that_is_down_says_how_many_orders_may_be_live() -> None:
    state = {**demo_state(), "link": {"link": link_row(state="DISCONNECTED", reason="socket closed", since_s=42.0)}}
    (line,) = texts(picture(state))
    assert line == "BROKER LINK DISCONNECTED  42s: socket closed; 1 order may be live at the broker, not confirmed"


def test_the_most_severe_reason_is_shown_with_who_and_what_clears_it() -> None:
    state = {**demo_state(), "latches": {"p": latch("PAUSED", "paused"), "d": latch("HALTED", "daily loss 512 of 500")}}
    (line,) = texts(picture(state))
    assert line.startswith("HALTED  daily loss 512 of 500 - by ann")
    assert "cleared by operator" in line
    assert "(+1 more)" in line


def test_a_latch_of_one_symbol_is_not_trading_s_state() -> None:
    state = {**demo_state(), "latches": {"x": {**latch("PAUSED", "mismatch"), "symbol": "SPY"}}}
    assert texts(picture(state)) == []


@pytest.mark.parametrize("told", [Status.ACCEPTED, Status.DONE])
def test_a_kill_needs_both_the_answer_and_the_state(told: Status) -> None:
    (line,) = texts(picture(kill=sent("kill", told, "KILLED")))
    assert line.startswith(f"KILL {told}")
    assert texts(picture(with_core(state="KILLED"), kill=sent("kill", told, "KILLED"))) == []


def test_a_kill_with_orders_in_doubt_is_not_confirmed() -> None:
    (line,) = texts(picture(with_core(state="KILLED", kill_pending=True)))
    assert line == "KILL NOT CONFIRMED  1 orders may be live at the broker"


def test_a_kill_given_without_the_socket_says_that_nobody_confirmed_it() -> None:
    kill = sent("kill", Status.WITHOUT_SOCKET, "the core did not answer: STOP file written. NOT CONFIRMED by the core")
    (line,) = texts(picture(kill=kill))
    assert line.startswith("KILL NOT CONFIRMED")


class TestFlatten:
    def test_a_running_flatten_names_what_the_broker_still_shows(self) -> None:
        (line,) = texts(picture(with_core(flatten="cancelling and closing")))
        assert line == "NOT FLAT  SPY +100, QQQ -40; cancelling and closing"

    def test_an_unknown_position_is_never_flat(self) -> None:
        state = with_core(flatten="reading the broker's position")
        state["positions"] = {"SPY": position_row(0.0, None)}
        (line,) = texts(picture(state))
        assert line.startswith("NOT FLAT  SPY unknown")

    def test_while_the_broker_is_away_nothing_is_proved(self) -> None:
        state = with_core(flatten="cancelling and closing")
        state["positions"] = {}
        state["link"] = {"link": link_row(state="SYNCING")}
        assert texts(picture(state))[0].startswith("NOT FLAT  the broker's positions are not known now")

    def test_no_positions_is_not_proof_before_the_core_says_flat(self) -> None:
        state = with_core(flatten="reading the broker's position")
        state["positions"] = {}
        (line,) = texts(picture(state))
        assert line.startswith("NOT FLAT  nothing held, not yet proved")

    def test_the_proof_is_shown_once_the_core_has_it(self) -> None:
        shown = picture(with_core(flatten="FLAT"), flatten=sent("flatten", Status.DONE, "the broker's list is empty"))
        assert texts(shown) == ["FLAT  the broker's list is empty"]

    def test_an_old_proof_is_not_shown_for_ever(self) -> None:
        assert texts(picture(with_core(flatten="FLAT"))) == []

    def test_a_refused_flatten_is_loud(self) -> None:
        (line,) = texts(picture(flatten=sent("flatten", Status.DENIED, "type flatten to confirm")))
        assert line == "FLATTEN DENIED  type flatten to confirm"


def test_the_result_of_a_command_stays_for_a_while_and_goes() -> None:
    done = sent("pause", Status.DONE, "PAUSED: no new exposure")
    assert texts(picture(latest=done, latest_age_s=1.0)) == ["pause: done: PAUSED: no new exposure"]
    assert texts(picture(latest=done, latest_age_s=RESULT_S + 1)) == []


def test_a_pending_command_stays_until_it_is_answered() -> None:
    assert texts(picture(latest=sent("pause", Status.PENDING), latest_age_s=99.0)) == ["pause: PENDING"]
