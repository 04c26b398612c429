"""Whatever happens to a screen and its terminal, the core's heart beats on: no gap above a quarter of a second.

The core and gateway are real, the screens run on real ptys, and market data is drawn all the while.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest

from tests.e2e.beats import Beats
from tests.e2e.box import Box
from tests.tui.terminal import Terminal, on_terminal
from tests.tui.waiting import until

pytestmark = pytest.mark.slow

STALL_S = 15.0
#: A core that waits for a screen does so for as long as the screen stalls; one on a busy machine only beats late.
LIMIT_S = STALL_S / 3


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    box = Box(tmp_path_factory.mktemp("screens"))
    try:
        box.start_gateway()
        box.start_core()
        box.wait_ready()
        box.wait_orders(4)
        yield box
    finally:
        box.close()


@asynccontextmanager
async def screen(box: Box) -> AsyncIterator[Terminal]:
    """Attach a screen and wait until it shows the trading core."""
    command = ["-m", "tradetui", "--home", str(box.home), "--profile", "demo"]
    async with on_terminal(command, size=(120, 40), cwd=box.home) as terminal:
        await terminal.wait_for(lambda text: "RUN" in text and "SPY" in text, 30)
        yield terminal


@asynccontextmanager
async def beating(box: Box) -> AsyncIterator[None]:
    """Demand that the heart beats on during the block; how evenly it does is a figure of the benchmarks."""
    with Beats(box.paths.heartbeat) as beats:
        yield
        seen = beats.count
        await until(lambda: beats.count >= seen + 5, 10)
    assert beats.worst_gap_s <= LIMIT_S, f"the core's own lag p99 {box.row('core')['loop_lag_ms']} ms"


def trades_on(box: Box, before: object) -> bool:
    core = box.row("core")
    return core.get("state") == "RUN" and core["orders_sent"] > before  # type: ignore[operator]


async def test_a_closed_terminal_ends_its_screen_and_does_not_touch_the_core(box: Box) -> None:
    async with beating(box):
        sent = box.row("core")["orders_sent"]
        async with screen(box) as terminal:
            terminal.hang_up()
            await terminal.wait_for_exit()
        await until(lambda: trades_on(box, sent), 30)


async def test_a_killed_screen_does_not_touch_the_core(box: Box) -> None:
    async with beating(box):
        sent = box.row("core")["orders_sent"]
        async with screen(box) as terminal:
            os.kill(terminal.pid, signal.SIGKILL)
            assert await terminal.wait_for_exit() == -signal.SIGKILL
        await until(lambda: trades_on(box, sent), 30)


async def test_a_terminal_that_takes_nothing_holds_up_neither_the_core_nor_a_second_screen(
    box: Box,
) -> None:
    async with beating(box), screen(box) as stalled, screen(box) as other:
        stalled.read(reading=False)
        sent, painted = box.row("core")["orders_sent"], other.bytes_read
        await asyncio.sleep(STALL_S)  # the length of the stall is the input
        assert trades_on(box, sent)
        assert other.bytes_read > painted, "the other screen stood still"
        before = stalled.bytes_read
        stalled.read(reading=True)
        await until(lambda: stalled.bytes_read > before, 10)
        shown = other.glass.text.splitlines()[0]
        await stalled.wait_for(lambda text: "RUN" in text.splitlines()[0], 10)
        assert "RUN" in shown


async def test_q_detaches_and_says_that_trading_goes_on(box: Box) -> None:
    async with beating(box):
        sent = box.row("core")["orders_sent"]
        async with screen(box) as terminal:
            terminal.type("q")
            assert await terminal.wait_for_exit() == 0
            await terminal.wait_for("Detached. Trading goes on (PAPER")
        await until(lambda: trades_on(box, sent), 30)
