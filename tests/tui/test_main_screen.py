"""The main screen under the operator's hands."""

from __future__ import annotations

import asyncio

import pytest

from tests.tui.desk_under_test import Bench, bench
from tests.tui.pictures import status
from tests.tui.scenes import core_row, demo_state, log_row, symbol_row
from tradetui.control.messages import State
from tradetui.tui.link import Phase
from tradetui.tui.screens.dialog import GUARD_S
from tradetui.tui.screens.main import MainScreen
from tradetui.tui.viewmodels.glyphs import ASCII
from tradetui.tui.viewmodels.plan import PANELS

TITLES = ("1 CONNECTION", "2 QUOTES", "3 POSITIONS", "4 ORDERS", "5 RISK", "6 LOG")


def live_state() -> State:
    return {**demo_state(), "core": {"core": core_row(mode="LIVE", account="U7654321", speed=1.0)}}


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
@pytest.mark.parametrize("mode", ["PAPER", "LIVE"])
async def test_all_six_panels_header_and_kill_key_are_on_one_screen(size: tuple[int, int], mode: str) -> None:
    async with bench(live_state() if mode == "LIVE" else demo_state(), size) as desk:
        assert all(title in desk.text for title in TITLES)
        assert mode in desk.text.splitlines()[1 if mode == "LIVE" else 0]
        assert "^X KILL" in desk.text


async def test_live_is_a_frame_around_the_whole_screen_and_a_word() -> None:
    async with bench(live_state()) as desk:
        lines = desk.text.splitlines()
        assert "LIVE - REAL MONEY" in lines[0]
        assert all(line.startswith("┃") for line in lines[1:-1])
        await desk.set_core(mode="PAPER")
        assert "REAL MONEY" not in desk.text


@pytest.mark.parametrize("size", [(59, 24), (80, 15), (30, 8), (12, 4)])
async def test_a_window_that_is_too_small_keeps_header_and_kill(size: tuple[int, int]) -> None:
    async with bench(size=size) as desk:
        assert desk.text.startswith(" ^X KILL ")
        assert "QUOTES" not in desk.text
        if size[0] >= 50:
            assert f"terminal too small: have {size[0]}x{size[1]}, need 60x16" in desk.text
            assert "PAPER" in desk.text
        await desk.press("ctrl+x")
        assert desk.kinds == ["kill"]


@pytest.mark.parametrize("size", [(1, 1), (2, 1), (1, 30), (300, 2), (60, 16), (61, 17), (75, 20), (80, 18)])
async def test_no_window_size_breaks_it(size: tuple[int, int]) -> None:
    async with bench(live_state(), size) as desk:
        await desk.press("3", "enter", "j", "escape", "ctrl+f")
        await desk.wait_out_guard()
        await desk.press("escape", "question_mark", "ctrl+x")
        assert desk.kinds == ["kill"]


class TestPanels:
    @pytest.mark.parametrize(("key", "panel"), list(zip("123456", PANELS, strict=True)))
    async def test_digits_move_the_focus(self, key: str, panel: str) -> None:
        async with bench() as desk:
            await desk.press(key)
            assert desk.app.main.focused_panel.id == panel

    async def test_tab_goes_round_all_panels(self) -> None:
        async with bench() as desk:
            seen: list[str] = []
            for _ in PANELS:
                await desk.press("tab")
                seen.append(desk.app.main.focused_panel.id or "")
            assert sorted(seen) == sorted(PANELS)
            await desk.press("shift+tab")
            assert desk.app.main.focused_panel.id == seen[-2]

    async def test_enter_zooms_and_escape_brings_the_others_back(self) -> None:
        async with bench() as desk:
            await desk.press("4", "enter")
            assert "4 ORDERS" in desk.text
            assert "6 LOG" not in desk.text
            assert "STRATEGY" in desk.text or "NOTE" in desk.text
            await desk.press("escape")
            assert all(title in desk.text for title in TITLES)

    async def test_in_a_narrow_window_a_digit_brings_its_panel_forward(self) -> None:
        async with bench(size=(64, 20)) as desk:
            assert "5 RISK" not in desk.text
            await desk.press("5")
            assert "5 RISK" in desk.text
            assert "6 LOG" in desk.text

    async def test_the_cursor_stays_on_its_row_when_rows_move(self) -> None:
        async with bench() as desk:
            await desk.press("4", "j", "j")
            panel = desk.app.main.focused_panel
            key = panel.cursor_key
            desk.state["orders"] = dict(reversed(desk.state["orders"].items()))
            desk.state["orders"]["o9"] = {**desk.state["orders"]["o3"], "symbol": "NEW"}
            desk.app.tick()
            assert panel.cursor_key == key
            await desk.press("G")
            last = panel.cursor_key
            await desk.press("j")
            assert panel.cursor_key == last
            await desk.press("g")
            assert panel.cursor_key != last

    async def test_a_filter_shows_only_rows_that_hold_its_text_until_escape(self) -> None:
        async with bench() as desk:
            await desk.press("2", "slash")
            await desk.type("qq")
            assert "QQQ" in desk.text
            assert "IWM    " not in desk.text.split("3 POSITIONS")[0]
            await desk.press("enter")
            assert "2 QUOTES /qq" in desk.text
            await desk.press("escape")
            assert "IWM    " in desk.text.split("3 POSITIONS")[0]

    async def test_keys_typed_into_the_filter_are_no_commands(self) -> None:
        async with bench() as desk:
            await desk.press("slash")
            await desk.type("q3p")
            assert desk.app.main.focused_panel.id == "quotes"
            assert desk.app.main.focused_panel.filter_text == "q3p"
            assert not desk.app.main.frozen
            assert desk.app.is_running

    async def test_the_log_follows_its_end_until_it_is_scrolled(self) -> None:
        async with bench() as desk:
            desk.state["log"] = {str(n): log_row(f"event number {n}") for n in range(50)}
            desk.app.tick()
            await desk.press("6")
            assert "event number 49" in desk.text
            await desk.press("g")
            desk.state["log"]["50"] = log_row("event number 50")
            desk.app.tick()
            await desk.pilot.pause()
            assert "connected, server version 178" in desk.text
            assert "event number 50" not in desk.text
            await desk.press("G")
            assert "event number 50" in desk.text


async def test_new_prices_are_shown_at_the_tick() -> None:
    async with bench() as desk:
        desk.state["symbols"]["SPY"] = symbol_row(0, last=777.77)
        desk.app.tick()
        await desk.pilot.pause()
        assert "777.77" in desk.text


async def test_frozen_panels_stand_still_while_header_and_kill_go_on() -> None:
    async with bench() as desk:
        await desk.press("p")
        assert "FROZEN" in desk.text
        desk.state["symbols"]["SPY"] = symbol_row(0, last=777.77)
        await desk.set_core(state="PAUSED")
        assert "777.77" not in desk.text
        assert "PAUSED" in desk.text
        await desk.press("ctrl+x")
        assert desk.kinds == ["kill"]
        await desk.press("p")
        assert "777.77" in desk.text


async def test_a_core_that_is_gone_turns_the_screen_stale_and_says_so() -> None:
    async with bench(status=status(Phase.DOWN, 5.0, detail="stop ordered by ann")) as desk:
        assert "CORE NOT RUNNING" in desk.text
        assert "RUN?" in desk.text
        assert all(panel.stale for panel in map(desk.app.main.board.panel, PANELS))


async def test_foreign_text_cannot_use_markup_or_escape_sequences() -> None:
    state = demo_state()
    state["log"]["6"] = log_row("[red]not red[/red] \x1b[2J\x1b[31mwiped\x07")
    state["link"]["link"]["reason"] = "[bold"
    async with bench(state) as desk:
        assert "[red]not red[/red] ?[2J?[31mwiped?" in desk.text
        assert "\x1b" not in desk.text


class TestKill:
    async def test_one_chord_sends_it_and_shows_it_pending_until_the_core_says_killed(self) -> None:
        async with bench() as desk:
            await desk.press("ctrl+x")
            assert desk.kinds == ["kill"]
            assert "KILL PENDING" in desk.text
            await desk.answer("accepted", "KILLED; cancelling 1 orders")
            assert "KILL NOT CONFIRMED" in desk.text
            await desk.set_core(state="KILLED")
            assert "KILL PENDING" not in desk.text
            assert " KILLED " in desk.text.splitlines()[0]

    async def test_a_kill_that_was_confirmed_is_history_after_the_un_kill(self) -> None:
        async with bench() as desk:
            await desk.press("ctrl+x")
            await desk.answer("done", "KILLED; no order of ours is live")
            await desk.set_core(state="KILLED")
            await desk.set_core(state="PAUSED")
            assert "KILL" not in desk.text.replace("^X KILL", "").split("6 LOG")[0]

    @pytest.mark.parametrize(
        "opening", ["ctrl+f", "question_mark", "colon", "ctrl+c", "slash", "a", "b", "p", "enter", "v", "r"]
    )
    async def test_it_works_whatever_is_open(self, opening: str) -> None:
        async with bench() as desk:
            await desk.press(opening)
            await desk.press("ctrl+x")
            assert [kind for kind in desk.kinds if kind != "ack"] == ["kill"]

    async def test_it_works_inside_the_type_ahead_guard(self) -> None:
        async with bench() as desk:
            await desk.pilot.press("ctrl+f", "ctrl+x")
            await desk.pilot.pause()
            assert desk.kinds == ["kill"]

    async def test_it_is_offered_whatever_the_state(self) -> None:
        async with bench() as desk:
            await desk.set_core(state="KILLED")
            await desk.press("ctrl+x")
            assert desk.kinds == ["kill"]

    async def test_without_a_connection_it_goes_around_the_socket_and_says_so(self) -> None:
        async with bench(status=status(Phase.DOWN)) as desk:
            desk.cut = True
            await desk.press("ctrl+x")
            async with asyncio.timeout(5):
                while "STOP file written" not in desk.text:
                    desk.app.tick()
                    await desk.pilot.pause()
            assert desk.stops == 1
            assert "KILL NOT CONFIRMED" in desk.text


class TestPauseAndRefusals:
    async def test_pause_is_one_chord_and_shows_the_core_s_answer(self) -> None:
        async with bench() as desk:
            await desk.press("ctrl+e")
            assert desk.kinds == ["pause"]
            assert "pause: PENDING" in desk.text
            await desk.answer("done", "PAUSED: no new exposure")
            assert "pause: done: PAUSED: no new exposure" in desk.text

    async def test_a_refused_command_says_why_and_sends_nothing(self) -> None:
        async with bench() as desk:
            await desk.press("ctrl+r")
            assert desk.sent == []
            assert "resume refused: trading runs" in desk.text

    async def test_with_another_protocol_everything_but_the_kill_is_refused(self) -> None:
        async with bench(status=status(Phase.LIVE, compatible=False, core_version="9")) as desk:
            await desk.press("ctrl+e", "ctrl+f", "ctrl+x")
            assert desk.kinds == ["kill"]
            assert "READ-ONLY" in desk.text


async def test_no_bare_key_orders_anything_of_the_core() -> None:
    """That alerts were read is told to the core, so that other screens know; it changes nothing in trading."""
    async with bench() as desk:
        for key in (*"abcdefghijklmnoprstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0789", "enter", "space", "delete"):
            await desk.pilot.press(key)
            desk.now += GUARD_S + 0.01
            await desk.pilot.press("escape")
            assert set(desk.kinds) <= {"ack"}, key


async def test_mashing_keys_never_leaves_a_kill() -> None:
    state = {**demo_state(), "core": {"core": core_row(state="KILLED")}}
    async with bench(state) as desk:
        for key in ("ctrl+u", "ctrl+r", "enter", "y", "enter", "tab", "enter", "ctrl+u", "enter", "ctrl+f", "enter"):
            await desk.press(key)
            await desk.wait_out_guard()
        assert desk.sent == []


async def test_q_ends_the_screen_with_exit_code_0_and_sends_nothing() -> None:
    async with bench() as desk:
        await desk.press("q")
        assert desk.app.return_value == 0
        assert desk.sent == []


async def test_a_terminal_of_ascii_gets_nothing_else_in_any_box() -> None:
    state = live_state()
    state["log"]["6"] = log_row("Kürzel → naïve 漢")
    async with bench(state, glyphs=ASCII) as desk:
        for key in ("ctrl+f", "question_mark", "colon", "ctrl+c", "a"):
            await desk.press(key)
            assert desk.text.isascii(), key
            await desk.wait_out_guard()
            await desk.press("escape")
        assert "K?rzel" in desk.text


async def test_looking_at_the_alerts_takes_them_as_read() -> None:
    async with bench() as desk:
        assert "alerts 1" in desk.text
        await desk.press("a")
        assert "broker link lost for 4 s" in desk.text
        await desk.wait_out_guard()
        await desk.press("escape")
        assert "alerts 0" in desk.text


async def test_themes_change_in_a_circle() -> None:
    async with bench() as desk:
        first = desk.app.theme
        seen = []
        for _ in range(3):
            await desk.press("t")
            seen.append(desk.app.theme)
        assert seen[-1] == first
        assert len(set(seen)) == 3


async def test_a_bug_in_the_screen_ends_the_screen_without_a_traceback_of_locals(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: MainScreen, shown: object) -> None:
        secret = "in a local variable"
        raise RuntimeError(len(secret))

    failed: list[Bench] = []
    with pytest.raises(RuntimeError):
        await _run_until_it_fails(monkeypatch, fail, failed)
    assert isinstance(failed[0].app.failure, RuntimeError)
    assert "local variable" not in capsys.readouterr().err


async def _run_until_it_fails(monkeypatch: pytest.MonkeyPatch, fail: object, failed: list[Bench]) -> None:
    async with bench() as desk:
        failed.append(desk)
        monkeypatch.setattr(MainScreen, "show", fail)
        await desk.pilot.pause(0.6)
