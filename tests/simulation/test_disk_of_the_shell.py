"""I21, I30: with a full, hanging or broken disk no entry leaves, while exits, cancels, flatten and kill go on."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import pytest

from tradetui.domain.actions import Action, Reply
from tradetui.domain.events import CommandKind, Event
from tradetui.domain.latch import TradingState
from tradetui.simulation.coverage import Coverage
from tradetui.simulation.shell.disk import DiskState
from tradetui.simulation.shell.heal import heal
from tradetui.simulation.shell.judge import Judge
from tradetui.simulation.shell.loop import VirtualLoop
from tradetui.simulation.shell.process import CoreProcess
from tradetui.simulation.shell.stage import Stage

SEED = 3
FAILING = (DiskState.FULL, DiskState.HANGS, DiskState.BROKEN)
Act = Callable[[Stage, Judge], Awaitable[None]]


def play(folder: Path, act: Act) -> Stage:
    """Let `act` happen on a stage that trades, then heal; nothing may be broken."""
    loop = VirtualLoop()
    asyncio.set_event_loop(loop)

    async def go() -> Stage:
        def watch(process: CoreProcess, event: Event, actions: Sequence[Action]) -> None:
            judge.step(process, event, actions)

        def replied(process: CoreProcess, reply: Reply) -> None:
            judge.replied(process, reply)

        stage = Stage(loop, folder, SEED, watch, replied)
        loop.network = stage.network
        judge = Judge(stage, Coverage())
        stage.network.tap = judge.wrote
        await stage.open()
        try:
            await until(stage, lambda: bool(stage.positions()) and judge.orders > 3)
            await act(stage, judge)
            await heal(stage, judge)
        finally:
            judge.close()
            await stage.close()
        return stage

    try:
        return loop.run_until_complete(go())
    finally:
        asyncio.set_event_loop(None)
        loop.close()


async def until(stage: Stage, met: Callable[[], bool], limit_s: float = 60.0) -> None:
    end = stage.loop.time() + limit_s
    while not met():
        assert stage.loop.time() < end, "it never came true"
        assert not stage.problem, stage.problem
        await asyncio.sleep(0.1)


def state_of(stage: Stage) -> TradingState:
    process = stage.process
    assert process is not None
    assert process.core is not None
    return process.core.state.trading_state


@pytest.mark.parametrize("failure", FAILING)
def test_no_entry_leaves_while_the_disk_fails_and_a_flatten_still_ends_flat(tmp_path: Path, failure: DiskState) -> None:
    async def act(stage: Stage, judge: Judge) -> None:
        stage.disk.turn(failure)
        await asyncio.sleep(1.0)  # virtual: what was decided before the failure was known has left or was dropped
        before = len(judge.entries_at)
        await asyncio.sleep(10.0)
        assert len(judge.entries_at) == before
        stage.command(CommandKind.FLATTEN, confirm="flatten")
        await until(stage, lambda: not stage.positions())

    assert play(tmp_path, act).problem == ""


@pytest.mark.parametrize("failure", FAILING)
def test_a_kill_that_cannot_be_journaled_outlives_the_process(tmp_path: Path, failure: DiskState) -> None:
    async def act(stage: Stage, judge: Judge) -> None:
        stage.disk.turn(failure)
        stage.command(CommandKind.KILL, reason="the disk fails")
        await until(stage, lambda: state_of(stage) is TradingState.KILLED)
        await until(stage, stage.disk.stop_file.exists)
        stage.crash(0.1)
        stage.disk.turn(DiskState.FINE)
        await asyncio.sleep(5.0)
        assert state_of(stage) is TradingState.KILLED

    assert play(tmp_path, act).problem == ""
