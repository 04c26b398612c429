"""Real processes for end-to-end tests: a paper gateway and a core, in a home of their own, on any free port."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tradetui.control.client import ControlClient, CoreUnavailable
from tradetui.control.messages import State
from tradetui.home import Paths

REPOSITORY = Path(__file__).parents[2]
LIMIT_S = 40.0
MICRO = 1_000_000


@dataclass
class Life:
    """A home with its gateway and its core. Everything started here is ended by `close`."""

    home: Path
    speed: float = 60.0
    seed: int = 7
    environ: dict[str, str] = field(default_factory=dict)
    gateway: subprocess.Popen[str] | None = None
    core: subprocess.Popen[str] | None = None
    port: int = 0

    def __post_init__(self) -> None:
        self.home.mkdir(mode=0o700)
        shutil.copy(REPOSITORY / "config.toml", self.home)
        shutil.copytree(REPOSITORY / "strategies", self.home / "strategies", ignore=shutil.ignore_patterns("__py*"))
        for path in (self.home / "strategies", *(self.home / "strategies").iterdir()):
            path.chmod(0o700)
        kept = {name: value for name, value in os.environ.items() if not name.startswith("TRADETUI_")}
        self.environ = {
            **kept,
            "XDG_STATE_HOME": str(self.home / "xdg"),
            "TRADETUI_CLOCK__SPEED": str(self.speed),
            **self.environ,
        }

    @property
    def paths(self) -> Paths:
        return Paths(self.home, "demo")

    @property
    def account_file(self) -> Path:
        return self.home / "gateway.json"

    def start_gateway(self, *options: str) -> None:
        command = [sys.executable, "-m", "tradetui", "gateway", "--port", str(self.port), "--seed", str(self.seed)]
        command += ["--speed", str(self.speed), "--cash", "100000", "--state", str(self.account_file), *options]
        self.gateway = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=self.environ, cwd=self.home)
        if self.gateway.stdout is None:
            raise AssertionError("no pipe")
        line = self.gateway.stdout.readline()
        if "listening on" not in line:
            raise AssertionError(f"the gateway said {line!r}")
        self.port = int(line.rpartition(":")[2])

    def start_core(self) -> subprocess.Popen[str]:
        if self.core is not None and self.core.poll() is not None:
            _close_pipes(self.core)
        environ = {**self.environ, "TRADETUI_DEMO__PORT": str(self.port)}
        self.core = subprocess.Popen(self._tradetui("run"), stderr=subprocess.PIPE, text=True, env=environ)
        return self.core

    def start(self) -> None:
        self.start_gateway()
        self.start_core()

    def command(self, *words: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self._tradetui(*words),
            capture_output=True,
            text=True,
            env=self.environ,
            timeout=LIMIT_S,
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            check=False,
        )

    def _tradetui(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "tradetui", "--home", str(self.home), "--profile", "demo", *words]

    def state(self) -> State | None:
        socket = self.paths.socket_for_clients()
        if socket is None:
            return None
        try:
            with ControlClient.connect(socket, client="test") as client:
                return client.state()
        except CoreUnavailable:
            return None

    def wait(self, condition: Callable[[State], bool], limit_s: float = LIMIT_S) -> State:
        """Return the first state that meets the condition."""
        deadline = time.monotonic() + limit_s
        state: State | None = None
        while time.monotonic() < deadline:
            if self.core is not None and self.core.poll() is not None:
                raise AssertionError(f"the core ended: {self.core.communicate()[1]}")
            state = self.state()
            if state is not None and condition(state):
                return state
            time.sleep(0.05)
        raise AssertionError(f"never came true; the last state was {json.dumps(state)[:3000]}")

    def wait_trading(self) -> State:
        return self.wait(lambda state: all(row["state"] == "running" for row in state["strategies"].values()))

    def wait_fills(self, count: int) -> State:
        return self.wait(lambda state: len(state["fills"]) >= count)

    def stop_core(self) -> int:
        if self.core is None:
            raise AssertionError("no core")
        self.core.send_signal(signal.SIGTERM)
        return self.core.wait(LIMIT_S)

    def kill_core(self) -> None:
        if self.core is None:
            raise AssertionError("no core")
        self.core.kill()
        self.core.wait(LIMIT_S)

    def stop_gateway(self) -> dict[str, Any]:
        """End the gateway in good order and return what it remembers of the account."""
        if self.gateway is None:
            raise AssertionError("no gateway")
        self.gateway.send_signal(signal.SIGTERM)
        self.gateway.wait(LIMIT_S)
        remembered: dict[str, Any] = json.loads(self.account_file.read_text())
        return remembered

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.paths.journal)) as journal:
            return journal.execute(sql).fetchall()

    def close(self) -> None:
        for process in (self.core, self.gateway):
            if process is None:
                continue
            if process.poll() is None:
                process.kill()
                process.wait(LIMIT_S)
            _close_pipes(process)


def _close_pipes(process: subprocess.Popen[str]) -> None:
    for pipe in (process.stdout, process.stderr):
        if pipe is not None:
            pipe.close()


def processes_of(home: Path) -> list[str]:
    """Return the command lines of running processes that name `home`."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if any(os.fsencode(home) in word for word in words):
            found.append(b" ".join(words).decode(errors="replace"))
    return found
