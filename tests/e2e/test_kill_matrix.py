"""Every way to kill, under every condition it may be needed in: latched at once, no order left, none sent after it.

One core per condition; between two ways it is un-killed and trades again, which is tested on the way.
"""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from pathlib import Path

import pytest

from tests.e2e.box import Box, wait_for
from tests.e2e.players import HANG, REST, config_of
from tradetui.bench.wire_tap import WireTap
from tradetui.control.client import CoreUnavailable, client_hello, command_message
from tradetui.control.codec import encode

pytestmark = pytest.mark.slow

LATCHED_S = 3.0
DEAD_S = 10.0


class Cabled(Box):
    """A box whose cable to the gateway can be pulled."""

    tap: WireTap

    def start_gateway(self, *options: str) -> None:
        super().start_gateway(*options)
        self.tap = WireTap(self.port)
        self.port = self.tap.port

    def close(self) -> None:
        super().close()
        self.tap.__exit__(None, None, None)


# --- ways --------------------------------------------------------------------------------------------------------
def by_socket(box: Box) -> None:
    """What a screen sends. It does not wait for more than the first word."""
    with suppress(CoreUnavailable), box.client() as client:
        next(client.command(command_message("kill", who="screen"), timeout_s=1.0))


def by_shell(box: Box) -> None:
    box.cli("kill", "--reason", "matrix")


def by_stop_file(box: Box) -> None:
    box.paths.stop_file.touch()


def by_signal(box: Box) -> None:
    assert box.core is not None
    os.kill(box.core.pid, signal.SIGUSR1)


WAYS: tuple[Callable[[Box], None], ...] = (by_socket, by_shell, by_stop_file, by_signal)


# --- conditions --------------------------------------------------------------------------------------------------
@contextmanager
def calm(box: Cabled) -> Iterator[None]:
    yield


@contextmanager
def dead_screen(box: Cabled) -> Iterator[None]:
    """A screen is attached that asks for everything and reads nothing."""
    path = box.paths.socket_for_clients()
    assert path is not None
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as screen:
        screen.connect(str(path))
        screen.sendall(encode(client_hello("dead screen")) + encode({"t": "subscribe", "hz": 10.0}))
        yield


@contextmanager
def failing_database(box: Cabled) -> Iterator[None]:
    """Another program holds the journal's write lock."""
    with closing(sqlite3.connect(box.paths.journal, isolation_level=None, timeout=30)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")
    wait_for("the journal takes writes again", lambda: box.row("core").get("journal") == "ok")


@contextmanager
def disconnected(box: Cabled) -> Iterator[None]:
    box.tap.unplug()
    wait_for("the core notices", lambda: box.row("link").get("state") != "READY")
    yield
    box.tap.plug()


CONDITIONS = (calm, dead_screen, failing_database, disconnected)


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Cabled]:
    yield from resting_box(tmp_path, ["rest"], {"rest": REST})


@pytest.fixture
def hung(tmp_path: Path) -> Iterator[Cabled]:
    """A core with a strategy beside the resting one that never comes back from its first bar."""
    yield from resting_box(tmp_path, ["rest", "stuck"], {"rest": REST, "stuck": HANG})


def resting_box(home: Path, names: list[str], strategies: dict[str, str]) -> Iterator[Cabled]:
    made = Cabled(home, config=config_of(names, broker="reconnect_max_s = 1"), strategies=strategies)
    made.start_gateway()
    try:
        made.start_core()
        made.wait_ready()
        wait_resting(made)
        yield made
    finally:
        made.close()


def resting(box: Box) -> int:
    return len(box.statement()["open_orders"])


def orders_ever(box: Box) -> int:
    statement = box.statement()
    return len(statement["open_orders"]) + len(statement["completed_orders"])


def wait_resting(box: Box) -> None:
    wait_for("a resting order in each symbol", lambda: resting(box) == 4)


def wait_latched(box: Box) -> None:
    begin = time.monotonic()
    wait_for("KILLED", lambda: box.row("core").get("state") == "KILLED", 15)
    assert time.monotonic() - begin < LATCHED_S


def wait_dead_and_quiet(box: Box) -> None:
    """No order works at the broker, and bars bring no new one."""
    wait_for("every order ended", lambda: resting(box) == 0, DEAD_S)
    ever, bars = orders_ever(box), box.row("core").get("bars")
    wait_for("more bars", lambda: box.row("core").get("bars") != bars)
    assert orders_ever(box) == ever


def trade_again(box: Box) -> None:
    box.paths.stop_file.unlink(missing_ok=True)
    wait_for("READY", lambda: box.row("link").get("state") == "READY")
    wait_for("an un-kill", lambda: box.command("unkill", confirm="4567", reason="next way")[-1][0] == "done")
    assert box.command("resume")[-1][1].startswith("RUN")
    wait_resting(box)


@pytest.mark.parametrize("condition", CONDITIONS, ids=lambda condition: condition.__name__)
def test_every_way_to_kill_works(box: Cabled, condition: Callable[[Cabled], AbstractContextManager[None]]) -> None:
    for way in WAYS:
        with condition(box):
            way(box)
            wait_latched(box)
        wait_dead_and_quiet(box)
        trade_again(box)


def test_every_way_to_kill_works_while_a_strategy_hangs(hung: Cabled) -> None:
    for way in WAYS:
        way(hung)
        wait_latched(hung)
        wait_dead_and_quiet(hung)
        trade_again(hung)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_a_kill_during_the_start_is_latched_and_what_rests_from_before_is_cancelled(
    box: Cabled, way: Callable[[Box], None]
) -> None:
    box.kill_core()
    assert resting(box) == 4
    box.tap.unplug()
    box.start_core()
    if way is by_signal:
        # Not before Python runs our first line: until then the signal's default ends the process, and nothing trades.
        assert box.core is not None
        pid = str(box.core.pid)
        wait_for("the core's lock", lambda: box.paths.lock.exists() and pid in box.paths.lock.read_text())
    elif way is by_socket:
        wait_for("the core's socket", lambda: bool(box.row("core")))
    way(box)
    wait_for("KILLED", lambda: box.row("core").get("state") == "KILLED")
    box.tap.plug()
    wait_for("READY", lambda: box.row("link").get("state") == "READY")
    wait_dead_and_quiet(box)
    assert box.row("core")["orders_sent"] == 0


def test_pause_and_flatten_work_while_a_screen_is_dead_and_a_strategy_hangs(hung: Cabled) -> None:
    with dead_screen(hung):
        assert hung.cli("pause", "--reason", "matrix").returncode == 0
        wait_for("the entries end", lambda: resting(hung) == 0, DEAD_S)
        flat = hung.cli("flatten", "--yes")
        assert (flat.returncode, "FLAT" in flat.stdout) == (0, True)


def test_a_flatten_while_disconnected_says_so_and_is_carried_out_when_the_broker_is_back(box: Cabled) -> None:
    with disconnected(box):
        unproved = box.cli("flatten", "--yes", "--wait", "1")
        assert unproved.returncode == 1
        assert "NOT FLAT yet, nothing proved" in unproved.stderr
    wait_for("flat", lambda: box.row("core").get("flatten") == "FLAT")
