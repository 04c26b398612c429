"""Painting by changed cells on the real app: equal to a full repaint, never waiting, and stock when it fails."""

from __future__ import annotations

import itertools
import re

import pytest
from rich.text import Text

from tests.tui.recording import recorded
from tests.tui.scenes import core_row, demo_state, symbol_row
from tradetui.tui.screenshot import still_app
from tradetui.tui.term.paint import STOCK_PAINT_VARIABLE
from tradetui.tui.themes import ANSI, DARK


@pytest.mark.parametrize("theme", [DARK.name, ANSI.name])
async def test_after_any_use_the_terminal_equals_a_full_repaint(theme: str) -> None:
    state = demo_state(20)
    seconds = itertools.count()
    async with recorded(still_app(state, theme=theme, clock=lambda: float(next(seconds))), (100, 30)) as shown:
        steps = ("3", "j", "enter", "escape", "question_mark", "j", "escape", "colon", "f", "escape", "ctrl+f", "x")
        for key in (*steps, "escape", "slash", "s", "enter", "escape", "6", "g", "t", "t", "t"):
            await shown.pilot.press(key)
            await shown.pilot.pause()
            assert shown.glass.cells == shown.repainted().cells, key
            state["symbols"]["SPY"] = symbol_row(0, last=100.0 + len(key))
            shown.app.tick()


async def test_without_colours_no_colour_is_sent_and_what_is_below_a_box_stays(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with recorded(still_app(demo_state(), theme=ANSI.name)) as shown:
        await shown.pilot.press("ctrl+f")
        await shown.pilot.pause()
        codes = {code for found in re.findall(r"\x1b\[([0-9;]*)m", shown.taken()) for code in found.split(";")}
        assert codes <= {"", "0", "1", "2", "7", "22", "27"}
        assert "2 QUOTES" in shown.glass.text
        assert "type the word flatten" in shown.glass.text


async def test_resizing_leaves_no_rest_of_the_old_size() -> None:
    async with recorded(still_app(demo_state()), (80, 24)) as shown:
        for size in ((120, 40), (60, 16), (59, 15), (20, 3), (1, 1), (200, 60), (80, 24)):
            await shown.resize(*size)
            await shown.pilot.pause(0.05)
            assert shown.glass.cells == shown.repainted().cells, size


async def test_a_tick_without_news_writes_nothing() -> None:
    async with recorded(still_app(demo_state(20)), (120, 40)) as shown:
        shown.taken()
        for _ in range(5):
            shown.app.tick()
            await shown.pilot.pause()
        assert shown.taken() == ""


async def test_a_terminal_that_does_not_keep_up_gets_the_newest_picture_later() -> None:
    state = demo_state()
    async with recorded(still_app(state)) as shown:
        shown.taken()
        shown.make_busy(busy=True)
        for second in range(20):
            state["core"] = {"core": core_row(speed=float(second + 2))}
            shown.app.tick()
            await shown.pilot.pause()
        assert shown.taken() == ""
        assert shown.app.frames_dropped >= 20
        shown.make_busy(busy=False)
        await shown.pilot.pause(0.25)
        assert "x21" in shown.glass.text
        assert shown.glass.cells == shown.repainted().cells


async def test_redraw_sends_every_cell_again() -> None:
    async with recorded(still_app(demo_state())) as shown:
        shown.taken()
        await shown.pilot.press("ctrl+l")
        await shown.pilot.pause(0.05)
        assert len(shown.taken()) > 80 * 20


async def test_painting_that_fails_falls_back_to_stock_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    async with recorded(still_app(demo_state())) as shown:
        cells = shown.app._cells
        assert cells is not None

        def fail() -> str:
            raise ValueError("a changed private part of Textual")

        monkeypatch.setattr(cells, "take_changes", fail)
        await shown.pilot.press("3")
        await shown.pilot.pause(0.1)
        assert shown.app.stock_paint
        shown.app.tick()
        await shown.pilot.pause(0.1)
        assert shown.glass.cells == shown.repainted().cells
        assert "painting by cells failed" in shown.app.operator.lines[-1].text


async def test_stock_painting_can_be_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(STOCK_PAINT_VARIABLE, "1")
    async with recorded(still_app(demo_state())) as shown:
        assert shown.glass.cells == shown.repainted().cells
        assert shown.app._cells is None


async def test_an_update_of_an_unknown_kind_is_left_to_stock_painting() -> None:
    async with recorded(still_app(demo_state())) as shown:
        shown.app._display(shown.app.screen, Text("from another version"))
        assert shown.app.stock_paint
