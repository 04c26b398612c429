"""`tradetui demo` as a newcomer gives it: in an empty folder, without configuration, account or network."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.e2e.box import wait_for
from tests.e2e.processes import environ_of, processes_of
from tests.tui.terminal import on_terminal
from tradetui.control.client import CoreUnavailable, connect_core
from tradetui.control.messages import State
from tradetui.home import Paths

pytestmark = pytest.mark.slow

SYMBOLS = ("SPY", "QQQ", "DIA", "IWM")
LIVES_WITHIN_S = 60.0
CANARY = "7011e7ca5e7011e7ca5e7011e7ca5eaa"
CREDENTIALS = {"TWILIO_ACCOUNT_SID": f"AC{CANARY}", "TWILIO_AUTH_TOKEN": CANARY}
#: How many different values of what make a living market.
WANTED = {
    **{f"bars of {symbol}": 3 for symbol in SYMBOLS},
    "orders": 1,
    "fills": 1,
    "positions": 1,
    "profit or loss": 4,
}


@dataclass
class Newcomer:
    """Somebody in an empty folder of an empty home."""

    home: Path
    seen: dict[str, set[object]] = field(default_factory=dict)
    known: dict[str, frozenset[str]] = field(default_factory=dict)

    @property
    def environ(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("TRADETUI", "XDG"))}
        return {**kept, "HOME": str(self.home), **CREDENTIALS}

    @property
    def folder(self) -> Path:
        return self.home / "empty"

    @property
    def paths(self) -> Paths:
        return Paths(self.home / ".local" / "state" / "tradetui-demo", "demo")

    def gives(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "tradetui", *words],
            cwd=self.folder,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def demo(self) -> set[int]:
        """Give `demo --no-ui` and return the processes that run then: gateway and core, whose children come and go."""
        started = self.gives("demo", "--no-ui")
        assert (started.returncode, started.stdout) == (0, ""), started.stderr
        said = re.search(r"look: `tradetui (.+)`;", started.stderr)
        assert said is not None, started.stderr
        told = self.gives(*shlex.split(said[1]))
        assert told.returncode == 0, f"what the demo tells to type does not work here: {told.stderr}"
        return self.main_processes()

    def main_processes(self) -> set[int]:
        verbs = (" gateway ", " run")
        return {pid for pid, command in processes_of(self.home).items() if any(verb in command for verb in verbs)}

    def state(self) -> State:
        try:
            with connect_core(self.paths, client="test") as client:
                return client.state()
        except CoreUnavailable:
            return {}

    def has_seen_it_live(self) -> bool:
        """Look once more; return whether bars of every symbol, new orders and fills, and moving money were seen."""
        state = self.state()
        if not state:
            return False
        if not self.known:
            self.known = {name: frozenset(state[name]) for name in ("orders", "fills")}
        for symbol, row in state["symbols"].items():
            self._note(f"bars of {symbol}", row["bar_end_ns"])
        for name, known in self.known.items():
            self.seen.setdefault(name, set()).update(state[name].keys() - known)
        self.seen.setdefault("positions", set()).update(state["positions"])
        self._note("profit or loss", state["account"]["account"]["day_pnl"])
        return all(len(self.seen[name]) >= count for name, count in WANTED.items())

    def _note(self, what: str, value: object) -> None:
        self.seen.setdefault(what, set()).update({value} - {None})


@pytest.fixture
def newcomer(tmp_path: Path) -> Iterator[Newcomer]:
    person = Newcomer(tmp_path)
    person.folder.mkdir()
    try:
        yield person
    finally:
        person.gives("demo", "--stop")


def test_the_demo_lives_within_a_minute_is_found_again_ends_without_a_trace_and_begins_anew(newcomer: Newcomer) -> None:
    for _ in range(2):
        began = time.monotonic()
        first = newcomer.demo()
        assert len(first) == 2
        newcomer.seen, newcomer.known = {}, {}
        wait_for("a living market", newcomer.has_seen_it_live, LIVES_WITHIN_S)
        assert time.monotonic() - began <= LIVES_WITHIN_S
        assert newcomer.demo() == first, "the same demo was started twice"
        holders = [command for pid, command in processes_of(newcomer.home).items() if CANARY in str(environ_of(pid))]
        assert all(" run" in command or "alerts.watcher" in command for command in holders), holders

        ended = newcomer.gives("demo", "--stop")
        assert (ended.returncode, ended.stdout, ended.stderr) == (0, "the demo has ended\n", "")
        wait_for("an end of every process", lambda: not processes_of(newcomer.home), 5)
        again = newcomer.gives("demo", "--stop")
        assert (again.returncode, again.stdout) == (0, "no demo is running\n")
    assert not list(newcomer.folder.iterdir()), "the demo left something in the folder it was started in"


async def test_the_demos_screen_can_be_left_and_entered_again(newcomer: Newcomer) -> None:
    command = ["-m", "tradetui", "demo"]
    for wanted in ("starting the paper gateway", "the demo runs"):
        before = newcomer.main_processes()
        async with on_terminal(
            command, size=(120, 40), cwd=newcomer.folder, environ={"HOME": str(newcomer.home)}
        ) as terminal:
            await terminal.wait_for(wanted, 30)
            await terminal.wait_for(lambda text: "PAPER" in text and all(name in text for name in SYMBOLS), 30)
            terminal.type("q")
            assert await terminal.wait_for_exit() == 0
            await terminal.wait_for("Detached. Trading goes on")
            assert f"--home {newcomer.paths.home}" in "".join(terminal.glass.text.split("\n"))
        assert not before or newcomer.main_processes() == before
    assert newcomer.gives("demo", "--stop").returncode == 0
    wait_for("an end of every process", lambda: not processes_of(newcomer.home), 5)
