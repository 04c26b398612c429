"""The console: what it shows, what its keys do, and that it leaves terminal and gateway in order."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from rich.console import Console

from tests.gateway.faults.conversation import SPY, buy_limit, buy_market, heard, start
from tests.gateway.session.desk import Desk
from tests.gateway.session.raw_client import RawClient
from tradetui.gateway.assembly import GatewayOptions, build
from tradetui.gateway.console.keys import Keyboard
from tradetui.gateway.console.screen import KEYS, render
from tradetui.gateway.console.snapshot import ROWS, Observer
from tradetui.gateway.server import GatewayServer
from tradetui.gateway.wire import requests as ask

LIMIT_S = 40.0


def shown(desk: Desk, *log: str, prompt: str = "") -> str:
    console = Console(width=140, height=60, record=True, file=open(os.devnull, "w"))  # noqa: PTH123, SIM115
    with console.file:
        console.print(render(Observer(desk.gateway, deque(log)).look("SPY"), prompt))
    return console.export_text()


async def test_clients_orders_fills_and_faults_are_shown(desk: Desk, client: RawClient) -> None:
    buy_market(client, 1)
    buy_limit(client, 2, orderRef="mine")
    await heard(client)
    start(desk, "nightly_reset", after=60.0)
    screen = shown(desk, "10:00:00 client 1 connected", prompt="typed")
    assert re.search(r"^1 +127\.0\.0\.1:\d+ +178", screen, re.MULTILINE)
    assert "BUY 100 SPY LMT 420 DAY" in screen
    assert "BOT 100 SPY at 430.02" in screen
    assert "orders: 1 work" in screen
    assert "nightly_reset (waiting)" in screen
    assert "SPY 430.01" in screen
    assert "client 1 connected" in screen
    assert "typed" in screen
    assert KEYS in screen


async def test_what_a_client_writes_cannot_reach_the_terminal_as_commands(desk: Desk, client: RawClient) -> None:
    buy_limit(client, 1, orderRef="\x1b[2Jgone[bold]")
    await heard(client)
    screen = shown(desk, "a line with \x1b]0;title\x07")
    assert "\x1b" not in screen
    assert "?[2Jgone[bold]" in screen
    assert "\x07" not in screen


async def test_rates_are_messages_a_second_since_the_last_look(desk: Desk, client: RawClient) -> None:
    now = 0.0
    observer = Observer(desk.gateway, deque(), lambda: now)
    observer.look("SPY")
    for _ in range(10):
        client.send(ask.REQ_MATCHING_SYMBOLS, reqId=1, pattern="S")
    await heard(client)
    now = 2.0
    [row] = observer.look("SPY").clients
    assert (row.asked_rate, row.told_rate) == (5.5, 5.5)


async def test_a_long_day_costs_no_more_rows(desk: Desk, client: RawClient) -> None:
    for number in range(1, 31):
        buy_limit(client, number)
    await heard(client)
    shot = Observer(desk.gateway, deque()).look("SPY")
    assert (len(shot.orders), shot.working) == (ROWS, 30)
    assert shot.orders[-1].order_id == 30


@dataclass
class Keys:
    gateway: GatewayServer
    board: Keyboard
    quits: list[bool]

    def press(self, text: str) -> str:
        for key in text:
            self.board.press(key)
        return self.board.prompt


@pytest.fixture
async def keys() -> AsyncIterator[Keys]:
    async with build(GatewayOptions(start="2026-03-16T10:00-04:00", speed=2.0)) as gateway:
        quits: list[bool] = []
        yield Keys(gateway, Keyboard(gateway, lambda: quits.append(True)), quits)


async def test_keys_pause_and_change_the_speed(keys: Keys) -> None:
    clock = keys.gateway.hub.clock
    assert keys.press("p") == "market time stands still"
    assert clock.speed == 0
    assert keys.press("p") == "goes on"
    assert clock.speed == 2
    keys.press("++-")
    assert clock.speed == 4


async def test_keys_move_and_halt_the_chosen_symbol(keys: Keys) -> None:
    client = await RawClient.start(keys.gateway.port)
    client.send(ask.REQ_MARKET_DATA, reqId=1, **SPY)
    assert keys.press("h") == "SPY is halted"
    last = keys.gateway.hub.market.day_stats(756733).last
    said = keys.press("u")
    assert said.startswith("SPY printed at") or said == "SPY has no price yet"
    assert (last is None) == (said == "SPY has no price yet")
    keys.press("d")
    assert keys.press("h") == "SPY trades again"
    keys.press("s")
    assert keys.board.symbol == "QQQ"
    await client.close()


async def test_a_fault_is_typed_started_and_ended(keys: Keys) -> None:
    assert keys.press("f").startswith("fault, such as")
    assert keys.press("haltx\x7f symbol=QQQ").endswith("halt symbol=QQQ_")
    assert keys.press("\r") == "halt is set"
    [fault] = keys.gateway.injected.listing()
    assert fault["kind"] == "halt"
    assert keys.press("c") == "every fault ended"
    assert keys.gateway.injected.listing() == []


async def test_what_cannot_be_done_is_said_and_nothing_ends(keys: Keys) -> None:
    assert "unknown fault" in keys.press("fnonsense\r")
    assert "name=value" in keys.press("fhalt SPY\r")
    assert keys.press("fhalt\x1b") == ""
    assert keys.press("f\r") == ""
    assert keys.press("?") == ""
    assert keys.quits == []
    keys.press("q")
    assert keys.quits == [True]


@dataclass
class Terminal:
    """A gateway with a console on a terminal of its own."""

    process: subprocess.Popen[bytes]
    descriptor: int
    seen: bytes = b""

    def until(self, text: str) -> None:
        deadline = time.monotonic() + LIMIT_S
        while text.encode() not in self.seen:
            if time.monotonic() > deadline:
                raise AssertionError(f"{text!r} never came; the screen said {self.seen[-2000:]!r}")
            self.seen += os.read(self.descriptor, 1 << 16)

    def press(self, key: str) -> None:
        self.seen = b""
        os.write(self.descriptor, key.encode())

    def ended(self) -> int:
        """Read on, so that it can write its last words, and return the exit code."""
        deadline = time.monotonic() + LIMIT_S
        while self.process.poll() is None and time.monotonic() < deadline:
            try:
                self.seen += os.read(self.descriptor, 1 << 16)
            except OSError:
                break
        return self.process.wait(LIMIT_S)


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "tradetui", "gateway", "--port", "0", "--state", str(tmp_path / "venue.json")]
    process = subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, env={**os.environ, "TERM": "xterm-256color"}
    )
    os.close(theirs)
    yield Terminal(process, ours)
    if process.poll() is None:
        process.kill()
        process.wait()
    os.close(ours)


@pytest.mark.slow
def test_on_a_terminal_it_shows_itself_takes_keys_and_ends_with_q(terminal: Terminal, tmp_path: Path) -> None:
    terminal.until("paper gateway")
    terminal.press("p")
    terminal.until("stands still")
    terminal.press("q")
    assert terminal.ended() == 0
    assert b"\x1b[?1049l" in terminal.seen
    assert (tmp_path / "venue.json").exists()


@pytest.mark.slow
def test_an_interrupt_ends_it_in_order_even_while_the_terminal_stalls(terminal: Terminal, tmp_path: Path) -> None:
    terminal.until("paper gateway")
    # Nobody reads the terminal from here on: the gateway must not wait for it.
    terminal.process.send_signal(signal.SIGINT)
    assert terminal.ended() == 0
    assert (tmp_path / "venue.json").exists()
