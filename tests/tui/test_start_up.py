"""The way to the screen: what it imports, what it refuses, and what it says when the core cannot be started."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from textual.theme import Theme

from tests.control.small_core import SmallCore
from tests.tui.scenes import demo_state
from tests.tui.terminal import on_terminal
from tradetui.control.messages import JsonValue, Row
from tradetui.home import Paths
from tradetui.tui.settings import ScreenSettings, settings_of
from tradetui.tui.themes import ANSI, DARK, LIGHT, theme_for

ROOT = Path(__file__).parents[2]
#: Each of these alone would cost more of the 400 ms than all of the UI's own modules, or has no business here.
HEAVY = {
    "aiosqlite",
    "ib_async",
    "ib_insync",
    "loguru",
    "numpy",
    "pandas",
    "pandas_market_calendars",
    "plotext",
    "pyarrow",
    "pydantic",
    "pydantic_settings",
    "requests",
    "sqlite3",
    "twilio",
}


def all_modules_after(code: str) -> list[str]:
    script = f"{code}\nimport json, sys; print(json.dumps(list(sys.modules)))"
    # A clean environment: the measuring of coverage imports modules of its own.
    environ = {"PATH": "/usr/bin:/bin"}
    run = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT, env=environ
    )
    return [str(name) for name in json.loads(run.stdout)]


def modules_after(code: str) -> set[str]:
    return {name.partition(".")[0] for name in all_modules_after(code)}


def inner_modules_after(code: str) -> set[str]:
    script = (
        f"{code}\nimport json, sys; print(json.dumps([name for name in sys.modules if name.startswith('tradetui.')]))"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    return set(json.loads(run.stdout))


_BUILD = """
import os
from pathlib import Path
from tradetui.home import Paths
import tradetui.cli.attach
from tradetui.tui.run import build_app
from tradetui.tui.settings import ScreenSettings
build_app(Paths(Path("."), "demo"), os.environ, ScreenSettings(), encoding="utf-8")
"""


def test_the_screen_starts_without_the_heavy_libraries() -> None:
    assert not modules_after(_BUILD) & HEAVY


def test_the_screen_reaches_the_core_only_through_the_socket() -> None:
    folders = {name.split(".")[1] for name in inner_modules_after(_BUILD)}
    assert folders <= {"cli", "control", "domain", "home", "tui"}


def test_what_the_screen_says_needs_no_textual() -> None:
    names = [file.stem for file in (ROOT / "tradetui/tui/viewmodels").glob("*.py") if file.stem != "__init__"]
    code = "\n".join(f"import tradetui.tui.viewmodels.{name}" for name in names)
    code += "\nimport tradetui.tui.link, tradetui.tui.operator, tradetui.tui.backtest_job, tradetui.tui.commands"
    assert not modules_after(code) & {*HEAVY, "textual", "rich"}


def test_clients_of_the_socket_start_without_asyncio() -> None:
    code = "import tradetui.control.client, tradetui.control.emergency, tradetui.cli.attach"
    assert not modules_after(code) & {*HEAVY, "textual", "rich", "asyncio"}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "config.toml").write_text('default_profile = "demo"\n')
    return tmp_path


def run_without_terminal(home: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tradetui", "--home", str(home)],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "TERM": "xterm", **environ},
        check=False,
    )


def test_without_a_terminal_one_line_points_at_status(home: Path) -> None:
    run = run_without_terminal(home)
    assert (run.returncode, run.stdout) == (1, "")
    assert run.stderr == "tradetui: the screen needs a terminal; use `tradetui status` in scripts and pipes\n"


def test_a_dumb_terminal_is_pointed_at_status(home: Path) -> None:
    run = run_without_terminal(home, TERM="dumb")
    assert (run.returncode, run.stdout) == (1, "")
    assert run.stderr == "tradetui: TERM=dumb: this terminal shows no screen; use `tradetui status` instead\n"


async def test_a_core_that_cannot_start_shows_its_last_words_and_no_screen(home: Path) -> None:
    (home / "config.toml").write_text('default_profile = "demo"\n[risk]\nmax_ordr_qty = 5\n')
    async with on_terminal(["-m", "tradetui", "--home", str(home)], size=(200, 24)) as terminal:
        assert await terminal.wait_for_exit(30) == 1
        await terminal.wait_for("the core ended at its start")
        assert "max_ordr_qty" in terminal.glass.text
        assert "Traceback" not in terminal.glass.text


async def test_a_core_that_hangs_is_attached_to_so_that_it_can_be_killed(home: Path) -> None:
    paths = Paths(home, "demo")
    paths.prepare()
    async with (
        SmallCore(demo_state(), silent=True).serving(paths.socket_for_core()),
        on_terminal(["-m", "tradetui", "--home", str(home)]) as terminal,
    ):
        await terminal.wait_for("STATE UNKNOWN")
        terminal.type("\x18")
        await terminal.wait_for("STOP file written")
    assert paths.stop_file.exists()


async def test_the_screen_is_as_the_core_s_configuration_wants_it(home: Path) -> None:
    paths = Paths(home, "demo")
    paths.prepare()
    wishes: Row = {"theme": "light", "refresh_hz": 5.0, "mouse": True, "ascii": True}
    async with (
        SmallCore(demo_state(), ui=wishes).serving(paths.socket_for_core()) as core,
        on_terminal(["-m", "tradetui", "--home", str(home)]) as terminal,
    ):
        await terminal.wait_for(" RUN ")
        assert terminal.glass.text.isascii()
        assert (await core.wait_for(lambda message: message["t"] == "subscribe"))["hz"] == 5.0


@pytest.mark.parametrize("ui", [None, [], {}, {"theme": 3, "refresh_hz": "fast", "mouse": 1, "ascii": None}])
def test_wishes_that_are_none_leave_the_screen_as_built_in(ui: JsonValue) -> None:
    assert settings_of(ui) == ScreenSettings()


@pytest.mark.parametrize(
    ("environ", "wanted", "theme"),
    [
        ({"TERM": "xterm-256color"}, "tradetui", DARK),
        ({"TERM": "xterm", "COLORTERM": "truecolor"}, "", DARK),
        ({"TERM": "xterm"}, "tradetui", ANSI),
        ({"TERM": "xterm"}, "light", LIGHT),
        ({"TERM": "xterm-256color"}, "tradetui-ansi", ANSI),
        ({"TERM": "xterm-256color", "NO_COLOR": "1"}, "light", ANSI),
    ],
)
def test_the_theme_is_the_wanted_one_or_fits_the_terminal(environ: dict[str, str], wanted: str, theme: Theme) -> None:
    assert theme_for(environ, wanted) == theme.name


async def test_a_screen_that_fails_ends_with_one_line_and_a_private_report(home: Path) -> None:
    paths = Paths(home, "demo")
    paths.prepare()
    code = (
        "from tradetui.tui.screens.main import MainScreen\n"
        "def fail(self, picture): raise RuntimeError('a bug')\n"
        "MainScreen.show = fail\n"
        "import sys; from tradetui.cli.main import main\n"
        f"sys.exit(main(['--home', {str(home)!r}]))"
    )
    async with SmallCore(demo_state()).serving(paths.socket_for_core()) as core:
        async with on_terminal(["-c", code], size=(160, 24)) as terminal:
            assert await terminal.wait_for_exit() == 1
            await terminal.wait_for("the screen failed (RuntimeError), the core goes on")
            assert "Traceback" not in terminal.glass.text
        assert not [message for message in core.received if message["t"] == "command"]
    (report,) = paths.logs.glob("crash-*.log")
    assert "a bug" in report.read_text()
    assert report.stat().st_mode & 0o077 == 0


async def test_the_shell_s_own_suspend_stops_only_the_screen(home: Path) -> None:
    paths = Paths(home, "demo")
    paths.prepare()
    async with (
        SmallCore(demo_state()).serving(paths.socket_for_core()) as core,
        on_terminal(["-m", "tradetui", "--home", str(home)]) as terminal,
    ):
        await terminal.wait_for(" RUN ")
        # The keys themselves do nothing: a stopped screen must not be one slip away.
        terminal.type("\x1a")
        terminal.type("\x1c")
        await core.push({"latches": {"p": {"state": "PAUSED", "why": "still here"}}})
        await terminal.wait_for("still here")
