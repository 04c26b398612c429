"""The backtest screen: another process works, this one answers keys; a cancelled worker is gone."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from textual import events

from tests.tui.desk_under_test import Bench, bench
from tests.tui.pictures import said
from tests.tui.waiting import until
from tradetui.tui.backtest_job import (
    BacktestJob,
    BacktestRequest,
    Failed,
    Finished,
    JobEvent,
    Progress,
    parse_line,
    worker_command,
)
from tradetui.tui.screens.backtest import BacktestScreen
from tradetui.tui.viewmodels.curve import MOST_POINTS, curve_lines, thin_out
from tradetui.tui.viewmodels.glyphs import ASCII, BRAILLE, Glyphs

DAY_NS = 86_400 * 10**9
_RESULT = """
import json
print(json.dumps({"progress": 0.5}), flush=True)
print(json.dumps({"metrics": {"sharpe": 1.25, "max_drawdown_pct": -3.5, "sortino": None},
                  "equity": [[n * 86400000000000, 100000 + 10 * n] for n in range(500)], "trades": 12}), flush=True)
"""
_ENDLESS = """
import json, os, sys, time
open(sys.argv[1], "w").write(str(os.getpid()))
print(json.dumps({"progress": 0.25}), flush=True)
time.sleep(600)
"""


def python(code: str, *arguments: str) -> list[str]:
    return [sys.executable, "-c", code, *arguments]


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return not Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].startswith(" Z")


async def events_of(command: list[str]) -> list[JobEvent]:
    return [event async for event in BacktestJob(command).events()]


class TestJob:
    async def test_progress_then_the_result(self) -> None:
        first, last = await events_of(python(_RESULT))
        assert first == Progress(0.5)
        assert isinstance(last, Finished)
        assert last.metrics == {"sharpe": 1.25, "max_drawdown_pct": -3.5, "sortino": None}
        assert (last.trades, last.equity[0], len(last.equity)) == (12, (0, 100_000.0), 500)

    async def test_the_worker_s_own_error_is_the_reason(self) -> None:
        code = 'print(\'{"error": "SPY.csv: no column close"}\')'
        assert await events_of(python(code)) == [Failed("SPY.csv: no column close")]

    async def test_a_worker_that_crashes_leaves_its_last_line(self) -> None:
        (event,) = await events_of(python("raise ValueError('bars are not sorted')"))
        assert event == Failed("ValueError: bars are not sorted")

    async def test_a_worker_that_says_nothing_leaves_its_code(self) -> None:
        assert await events_of(python("raise SystemExit(7)")) == [
            Failed("the worker ended with code 7 and said nothing")
        ]

    async def test_lines_that_are_no_report_are_passed_over(self) -> None:
        code = "print('hello'); print('[]'); print('{}'); print('{\"error\": \"e\"}'); print('{\"progress\": 1}')"
        assert await events_of(python(code)) == [Failed("e")]

    async def test_a_cancelled_worker_is_gone(self, tmp_path: Path) -> None:
        job = BacktestJob(python(_ENDLESS, str(tmp_path / "pid")))
        seen = []
        async for event in job.events():
            seen.append(event)
            job.cancel()
        assert seen == [Progress(0.25)]
        assert not is_running(int((tmp_path / "pid").read_text()))

    @pytest.mark.parametrize(("line", "fraction"), [(b'{"progress": 7}', 1.0), (b'{"progress": -1}', 0.0)])
    def test_progress_stays_between_nothing_and_all(self, line: bytes, fraction: float) -> None:
        assert parse_line(line) == Progress(fraction)

    def test_the_command_holds_what_was_asked(self) -> None:
        request = BacktestRequest(
            home="/h", profile="demo", strategy="momentum", symbols=("SPY", "QQQ"), bars="b.csv", start="2026-01-02"
        )
        command = worker_command(request)
        assert command[1:3] == ["-m", "tradetui.backtest.worker"]
        for option, value in (("--strategy", "momentum"), ("--symbols", "SPY,QQQ"), ("--start", "2026-01-02")):
            assert command[command.index(option) + 1] == value
        assert "--end" not in command


class TestCurve:
    def test_a_long_curve_is_thinned_out_from_end_to_end(self) -> None:
        points = [(n * DAY_NS, float(n)) for n in range(10_000)]
        shown = thin_out(points)
        assert len(shown) == MOST_POINTS
        assert (shown[0], shown[-1]) == (points[0], points[-1])

    @pytest.mark.parametrize("glyphs", [BRAILLE, ASCII])
    def test_it_fills_its_room_and_names_its_ends(self, glyphs: Glyphs) -> None:
        points = [(n * DAY_NS, 100_000.0 + n * n) for n in range(100)]
        lines = [said(line) for line in curve_lines(points, 60, 12, glyphs)]
        assert len(lines) == 12
        assert all(len(line) <= 60 for line in lines)
        text = "\n".join(lines)
        assert "109,801" in text
        assert "1970-01-01" in text
        assert glyphs is BRAILLE or text.isascii()

    @pytest.mark.parametrize(("count", "width", "height"), [(0, 60, 12), (1, 60, 12), (50, 10, 12), (50, 60, 3)])
    def test_without_points_or_room_there_is_none(self, count: int, width: int, height: int) -> None:
        assert curve_lines([(n * DAY_NS, float(n)) for n in range(count)], width, height, BRAILLE) == ()

    def test_a_flat_curve_is_drawn_too(self) -> None:
        assert curve_lines([(n * DAY_NS, 5.0) for n in range(10)], 60, 8, BRAILLE)


@contextlib.asynccontextmanager
async def backtesting(
    command: list[str], size: tuple[int, int] = (80, 24)
) -> AsyncIterator[tuple[Bench, BacktestScreen]]:
    async with bench(size=size) as desk:
        screen = BacktestScreen(home=".", profile="demo", glyphs=BRAILLE, command=command)
        desk.app.push_screen(screen)
        await desk.pilot.pause()
        yield desk, screen


class TestScreen:
    async def test_b_opens_it_and_escape_goes_back(self) -> None:
        async with bench() as desk:
            await desk.press("b")
            assert "BACKTEST" in desk.text
            await desk.press("escape")
            assert "2 QUOTES" in desk.text

    @pytest.mark.parametrize("size", [(80, 24), (120, 40)])
    async def test_metrics_and_curve_are_shown(self, size: tuple[int, int]) -> None:
        async with backtesting(python(_RESULT), size) as (desk, screen):
            await desk.type("bars.csv")
            await desk.press("enter")
            await until(lambda: isinstance(screen.outcome, Finished))
            await desk.pilot.pause()
            assert "sharpe" in desk.text
            assert "1.25" in desk.text
            assert "104,990" in desk.text
            assert "⠤" in desk.text or "⠊" in desk.text or "⡠" in desk.text

    async def test_the_screen_answers_while_the_worker_works_and_escape_ends_it(self, tmp_path: Path) -> None:
        async with backtesting(python(_ENDLESS, str(tmp_path / "pid"))) as (desk, screen):
            await desk.type("bars.csv")
            await desk.press("enter")
            await until(lambda: screen.outcome == Progress(0.25))
            await desk.pilot.pause()
            assert "25%" in desk.text
            await desk.press("ctrl+x")
            assert desk.kinds == ["kill"]
            await desk.press("escape")
            await until(lambda: not screen.running)
            await desk.pilot.pause()
            assert "cancelled" in desk.text
            assert not is_running(int((tmp_path / "pid").read_text()))

    async def test_leaving_the_app_leaves_no_worker(self, tmp_path: Path) -> None:
        async with backtesting(python(_ENDLESS, str(tmp_path / "pid"))) as (desk, screen):
            await desk.type("bars.csv")
            await desk.press("enter")
            await until(lambda: screen.outcome == Progress(0.25))
        assert not is_running(int((tmp_path / "pid").read_text()))

    async def test_leaving_a_worker_that_will_not_end_kills_it(self, tmp_path: Path) -> None:
        deaf = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + _ENDLESS
        async with backtesting(python(deaf, str(tmp_path / "pid"))) as (desk, screen):
            await desk.type("bars.csv")
            await desk.press("enter")
            await until(lambda: screen.outcome == Progress(0.25))
        assert not is_running(int((tmp_path / "pid").read_text()))

    async def test_a_missing_file_name_is_asked_for_and_nothing_is_started(self) -> None:
        async with backtesting(["/nonexistent"]) as (desk, screen):
            await desk.press("enter")
            assert "strategy, symbols and bar file are needed" in desk.text
            assert not screen.running

    async def test_a_worker_that_cannot_be_started_is_one_line(self) -> None:
        async with backtesting(["/nonexistent/python"]) as (desk, screen):
            await desk.type("bars.csv")
            await desk.press("enter")
            await until(lambda: isinstance(screen.outcome, Failed))
            await desk.pilot.pause()
            assert "could not be started: No such file or directory" in desk.text

    async def test_a_path_can_be_pasted(self) -> None:
        async with backtesting(["/nonexistent"]) as (desk, _):
            desk.app.post_message(events.Paste("/data/SPY 1m.parquet\nrest"))
            await desk.pilot.pause()
            assert "/data/SPY 1m.parquet" in desk.text
            assert "rest" not in desk.text
