"""A core that trades on a paper gateway of its own, reached only as an operator reaches it: by commands and by looking.

The invariant: what a drill claims of the broker is read from the gateway's own books, never from the core's.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import cast

from tradetui.bench.stage import END_S, PROFILE, Play, Stage, open_stage
from tradetui.bench.wire_tap import WireTap
from tradetui.control.client import CoreUnavailable, connect_core
from tradetui.control.messages import JsonValue, Row, State
from tradetui.drills.players import drill as player
from tradetui.drills.record import DrillFailed

SYMBOLS = ("SPY", "QQQ", "DIA", "IWM")
LIMIT_S = 40.0
_POLL_S = 0.1
_TAIL_LINES = 15
Json = dict[str, JsonValue]


class Rig:
    """The processes of one drill. `tap` is the cable between core and gateway."""

    def __init__(self, stage: Stage, tap: WireTap, control_port: int) -> None:
        self._stage = stage
        self._control_port = control_port
        self.tap = tap

    def start(self, play: Play) -> None:
        """Start the core and wait until it holds a position and keeps an order working in each symbol."""
        self._stage.start_core(play, self.tap.port)
        self._core = self._stage.newest
        self.until(lambda state: len(live_orders(state)) == len(SYMBOLS) and _holds(state), "positions and orders")

    def restart(self) -> None:
        """Start the core again, and return at once."""
        self._core = self._stage.run_core()

    def kill_core(self) -> None:
        """`kill -9` the core."""
        self._stage.let_go(self._core)
        self._core.kill()
        self._core.wait(END_S)

    def stop_core(self) -> None:
        """End the core in good order."""
        self._stage.let_go(self._core)
        self.tradetui("stop")
        self._core.wait(END_S)

    def tradetui(self, *words: str, code: int = 0, says: str = "") -> str:
        """Give a command as another shell would; return what it said, both streams.

        Raises:
            DrillFailed: it did not end with `code`, or did not say `says`.
        """
        command = [sys.executable, "-m", "tradetui", "--home", str(self._stage.home), "--profile", PROFILE, *words]
        ended = subprocess.run(  # noqa: S603 (our own interpreter and module)
            command,
            cwd=self._stage.home,
            env=self._stage.environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=LIMIT_S + 30,
            check=False,
        )
        said = " / ".join((ended.stdout + ended.stderr).split("\n")).strip(" /")
        if ended.returncode != code or says not in said:
            wanted = f"{code} and {says!r}" if says else str(code)
            raise DrillFailed(f"tradetui {' '.join(words)} ended with {ended.returncode}, not {wanted}: {said}")
        return said

    def state(self) -> State:
        """Return the core's state, empty while it does not answer."""
        try:
            with connect_core(self._stage.paths, client="drill") as client:
                return client.state()
        except CoreUnavailable:
            return {}

    def until(self, condition: Callable[[State], bool], what: str, limit_s: float = LIMIT_S) -> State:
        """Return the first state for which `condition` holds.

        Raises:
            DrillFailed: `what` did not come to be within `limit_s`.
        """
        deadline = time.monotonic() + limit_s
        state: State = {}
        while time.monotonic() < deadline:
            state = self.state()
            if state and condition(state):
                return state
            time.sleep(_POLL_S)
        raise DrillFailed(f"waited {limit_s:g} s in vain for: {what}; {_in_short(state)}")

    def statement(self) -> Json:
        """Return the gateway's own books.

        Raises:
            DrillFailed: it does not answer.
        """
        try:
            with socket.create_connection(("127.0.0.1", self._control_port), timeout=10) as sock:
                sock.sendall(b'{"cmd": "statement"}\n')
                return cast(Json, json.loads(sock.makefile().readline()))
        except (OSError, ValueError) as error:
            raise DrillFailed(f"the paper gateway does not tell its books: {error}") from None

    def log_tail(self) -> str:
        """Return the last lines of the core's log and of what its processes complained."""
        lines: list[str] = []
        for file in (*sorted(self._stage.home.glob("*.err")), *sorted(self._stage.paths.logs.glob("*.log"))):
            lines += [f"{file.name}: {line}" for line in file.read_text("utf-8", "replace").splitlines()[-_TAIL_LINES:]]
        return "\n".join(lines)


@contextmanager
def open_rig() -> Iterator[tuple[Rig, Play]]:
    """Start a paper gateway and lay the cable; everything is ended and removed at the end.

    Raises:
        OperatorError: the gateway did not start.
    """
    play = Play(symbols=SYMBOLS, speed=20, player=player)
    with open_stage() as stage:
        control_port = _free_port()
        port = stage.start_gateway(play, "--control-port", str(control_port))
        with WireTap(port) as tap:
            yield Rig(stage, tap, control_port), play


def core_row(state: State) -> Row:
    """Return the core's own row."""
    return state.get("core", {}).get("core", {})


def live_orders(state: State) -> list[str]:
    """Return the ids of our orders that may be live."""
    return [key for key, row in state.get("orders", {}).items() if row.get("live")]


def held_by_us(state: State) -> dict[str, float]:
    """Return the positions of our books."""
    return {symbol: _number(row.get("qty")) for symbol, row in state.get("positions", {}).items() if row.get("qty")}


def held_at_broker(statement: Json) -> dict[str, float]:
    """Return the positions of the gateway's books."""
    found: dict[str, float] = {}
    for row in _rows(statement, "positions"):
        contract = row.get("contract")
        if isinstance(contract, dict) and row.get("quantity"):
            found[str(contract.get("symbol"))] = _number(row.get("quantity"))
    return found


def order_refs(statement: Json) -> list[str]:
    """Return our reference of every order the gateway ever took, one per order."""
    found = []
    for row in (*_rows(statement, "open_orders"), *_rows(statement, "completed_orders")):
        request = row.get("request")
        found.append(str(request.get("order_ref")) if isinstance(request, dict) else "")
    return found


def open_orders(statement: Json) -> int:
    """Return how many orders work at the gateway."""
    return len(_rows(statement, "open_orders"))


def _in_short(state: State) -> str:
    if not state:
        return "the core does not answer"
    core, link = core_row(state), state.get("link", {}).get("link", {})
    return f"the core is {core.get('state')} ({core.get('why')}), its link {link.get('state')}: {link.get('reason')}"


def _rows(statement: Json, name: str) -> list[Json]:
    rows = statement.get(name)
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _number(value: JsonValue) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def _holds(state: State) -> bool:
    return set(held_by_us(state)) == set(SYMBOLS)


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])
