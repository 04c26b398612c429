"""A private installation for whole-program benchmarks: a home of its own, a gateway process, a core process.

Invariant: everything it started is gone and its folder removed when the `with` block ends, and nothing of it touches
the operator's own homes, ports or locks.
"""

from __future__ import annotations

import math
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

from tradetui.bench.measure import Unmeasured
from tradetui.control.client import ControlClient, CoreUnavailable, connect_core
from tradetui.control.messages import State
from tradetui.home import Paths

PROFILE = "demo"
#: Seconds a process of the stage may take to start, and to end when asked.
START_S = 30.0
END_S = 10.0
_POLL_S = 0.1
_TAIL_LINES = 3
_SECTIONS = ("core", "strategies", "orders")

_CONFIG = """\
default_profile = "demo"
[market]
symbols = [{symbols}]
bar_size = "{bar_size}"
{strategies}
[risk]
max_order_qty = 1000
max_order_notional = 100_000
max_position_qty = 1000
max_position_notional = 100_000
max_gross_notional = 10_000_000
max_leverage = 5.0
max_positions = 100
daily_loss_limit = 1_000_000
max_drawdown_pct = 90
price_collar_pct = 5.0
max_spread_pct = 2.0
orders_per_second = 200
orders_per_minute = 10_000
orders_per_day = 100_000
duplicate_window_s = 0.001
[execution]
unfilled_policy = "keep"
[profile.demo.clock]
speed = {speed}
[profile.demo.demo]
port = {port}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Play:
    """What is played: the market, its speed, the symbols, and the strategy (None: none) with its bar size."""

    symbols: Sequence[str]
    speed: float
    bar_size: str = "5s"
    player: ModuleType | None = None
    market: str = "synthetic"
    skip_closed: bool = False
    start: str = "2026-03-16T10:00-04:00"


@dataclass(slots=True)
class Stage:
    """A home and the processes running on it. `environ` is what its processes are started with."""

    home: Path
    environ: dict[str, str]
    _stack: ExitStack = field(repr=False)
    _processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def paths(self) -> Paths:
        """Where the core's state lies."""
        return Paths(self.home, PROFILE)

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        """Start `tradetui WORDS`; it is ended with the stage."""
        with (self.home / f"{words[-1].lstrip('-')}.err").open("ab") as errors:
            process = subprocess.Popen(  # noqa: S603 (our own interpreter and module)
                [sys.executable, "-m", "tradetui", *words],
                cwd=self.home,
                env=self.environ,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
            )
        self._stack.callback(end, process)
        self._processes.append(process)
        return process

    def start_gateway(self, play: Play, *options: str) -> int:
        """Start a gateway with the market of `play` and further `options`; return its port.

        Raises:
            Unmeasured: it did not start.
        """
        words = [
            "gateway", "--port", "0", *options, "--market", play.market, "--start", play.start,
            "--speed", "max" if math.isinf(play.speed) else str(play.speed),
        ]  # fmt: skip
        if play.symbols and play.market == "synthetic":
            words += ["--symbols", ",".join(play.symbols)]
        process = self.start(*words, *(() if play.skip_closed else ("--keep-closed-hours",)))
        if process.stdout is None:
            raise Unmeasured("the gateway has no output")
        line = process.stdout.readline().decode()
        if ":" not in line:
            raise Unmeasured(f"the gateway did not start: {self.complaints()}")
        return int(line.rsplit(":", 1)[1].partition(",")[0])

    def start_core(self, play: Play, port: int) -> None:
        """Start a core that trades `play` at the gateway on `port`, and wait until it trades.

        Raises:
            Unmeasured: it does not within START_S.
        """
        strategies = self.home / "strategies"
        strategies.mkdir(mode=0o700, exist_ok=True)
        table = ""
        if play.player is not None and play.player.__file__ is not None:
            name = play.player.__name__.rsplit(".", 1)[1]
            shutil.copyfile(play.player.__file__, strategies / f"{name}.py")
            table = f'[strategies.{name}]\nbar_size = "{play.bar_size}"'
        text = _CONFIG.format(
            symbols=", ".join(f'"{symbol}"' for symbol in play.symbols),
            bar_size=play.bar_size,
            strategies=table,
            speed=play.speed,
            port=port,
        )
        (self.home / "config.toml").write_text(text, encoding="utf-8")
        self.run_core()
        self.until(_is_trading, "the core trades")

    @property
    def newest(self) -> subprocess.Popen[bytes]:
        """The process started last."""
        return self._processes[-1]

    def run_core(self) -> subprocess.Popen[bytes]:
        """Start the core of the configuration that `start_core` wrote, and return its process at once."""
        return self.start("--home", str(self.home), "--profile", PROFILE, "run")

    def let_go(self, process: subprocess.Popen[bytes]) -> None:
        """Take it that a process may end now: `until` no longer minds."""
        self._processes.remove(process)

    def client(self) -> ControlClient:
        """Return a connection to the core, closed with the stage."""
        return self._stack.enter_context(connect_core(self.paths, client="bench"))

    def state(self) -> State:
        """Return what a benchmark waits for; empty while the core does not answer."""
        try:
            with connect_core(self.paths, client="bench") as client:
                # Few sections: asking must not become the load that is measured.
                return client.state(_SECTIONS)
        except CoreUnavailable:
            return {}

    def until(self, condition: Callable[[State], bool], what: str, limit_s: float = START_S) -> State:
        """Return the first state for which `condition` holds.

        Raises:
            Unmeasured: `what` did not come to be within `limit_s` real seconds, or a process of the stage ended.
        """
        deadline = time.monotonic() + limit_s
        while time.monotonic() < deadline:
            state = self.state()
            if state and condition(state):
                return state
            if any(process.poll() is not None for process in self._processes):
                raise Unmeasured(f"a process ended before {what}: {self.complaints()}")
            time.sleep(_POLL_S)
        raise Unmeasured(f"waited {limit_s:g} s until {what}: {self.complaints()}")

    def complaints(self) -> str:
        """Return the last lines its processes wrote to standard error."""
        lines = [line for file in sorted(self.home.glob("*.err")) for line in file.read_text("utf-8").splitlines()]
        return " | ".join(lines[-_TAIL_LINES:]) or "no process said why"


@contextmanager
def open_stage() -> Iterator[Stage]:
    """Make a home of its own; end what runs on it and remove it at the end."""
    with ExitStack() as stack:
        home = Path(tempfile.mkdtemp(prefix="tradetui-bench-"))
        stack.callback(shutil.rmtree, home, ignore_errors=True)
        stack.callback(_remove_socket, Paths(home, PROFILE))
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("TRADETUI_", "TWILIO_", "IB_"))
        }
        yield Stage(home, {**kept, "XDG_STATE_HOME": str(home / "state")}, stack)


def end(process: subprocess.Popen[bytes]) -> None:
    """End a process in good order, or at once when it does not go."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    if process.stdout is not None:
        process.stdout.close()


def _remove_socket(paths: Paths) -> None:
    # A home whose path is too long for a socket has its socket in a folder of its own.
    socket = paths.socket_for_clients()
    if socket is not None and not socket.is_relative_to(paths.home):
        shutil.rmtree(socket.parent, ignore_errors=True)


def _is_trading(state: State) -> bool:
    return state["core"]["core"].get("phase") == "trading" and all(
        row.get("state") == "running" for row in state.get("strategies", {}).values()
    )
