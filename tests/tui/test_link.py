"""The link to the core: attaches by itself, asks again after a gap, and never calls old news present."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.control.small_core import SmallCore
from tests.tui.scenes import demo_state
from tests.tui.waiting import until
from tradetui.control.client import CoreUnavailable, command_message
from tradetui.control.codec import Message
from tradetui.home import Paths
from tradetui.tui import link as module
from tradetui.tui.link import SILENT_S, CoreLink, Phase


class Watched:
    """A link, what it reported, and the clock it sees."""

    def __init__(self, paths: Paths) -> None:
        self.now = 0.0
        self.results: list[tuple[str, str, str]] = []
        self.notes: list[str] = []
        self.phases: list[Phase] = []
        self.link = CoreLink(
            paths,
            clock=lambda: self.now,
            on_result=lambda *result: self.results.append(result),
            on_note=self.notes.append,
            on_phase=self._enter,
        )

    @property
    def losses(self) -> int:
        """How often a connection was lost."""
        return list(zip(self.phases, self.phases[1:], strict=False)).count((Phase.LIVE, Phase.DOWN))

    @property
    def phase(self) -> Phase:
        return self.link.status().phase

    def _enter(self, phase: Phase) -> None:
        self.phases.append(phase)


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    paths = Paths(tmp_path, "demo")
    paths.prepare()
    return paths


@pytest.fixture
async def watched(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Watched]:
    monkeypatch.setattr(module, "RETRY_S", 0.001)
    watched = Watched(paths)
    task = asyncio.create_task(watched.link.run())
    yield watched
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


def socket(paths: Paths) -> Path:
    return paths.socket_for_core()


async def test_it_attaches_and_shows_the_whole_state(watched: Watched, paths: Paths) -> None:
    state = demo_state()
    async with SmallCore(state).serving(socket(paths)):
        await until(lambda: watched.phase is Phase.LIVE)
        assert watched.link.state == state


async def test_changes_arrive(watched: Watched, paths: Paths) -> None:
    async with SmallCore(demo_state()).serving(socket(paths)) as core:
        await until(lambda: watched.phase is Phase.LIVE)
        await core.push({"latches": {"kill": {"state": "KILLED"}}})
        await until(lambda: "kill" in watched.link.state["latches"])


async def test_after_a_gap_it_asks_once_and_catches_up(watched: Watched, paths: Paths) -> None:
    async with SmallCore(demo_state()).serving(socket(paths)) as core:
        await until(lambda: watched.phase is Phase.LIVE)
        await core.push({"latches": {"one": {"state": "PAUSED"}}}, lose=True)
        await core.push({"latches": {"two": {"state": "PAUSED"}}})
        await core.push({"latches": {"three": {"state": "PAUSED"}}})
        await until(lambda: len(watched.link.state["latches"]) == 3)
        assert [message["t"] for message in core.received].count("snapshot") == 1


async def test_a_silent_core_is_told_from_a_live_one(watched: Watched, paths: Paths) -> None:
    async with SmallCore(demo_state()).serving(socket(paths)) as core:
        await until(lambda: watched.phase is Phase.LIVE)
        watched.now = SILENT_S + 2
        status = watched.link.status()
        assert (status.phase, status.for_s) == (Phase.SILENT, SILENT_S + 2)
        await core.push({"latches": {}})
        await until(lambda: watched.phase is Phase.LIVE)


async def test_it_attaches_again_to_the_next_core_and_keeps_the_picture_meanwhile(
    watched: Watched, paths: Paths
) -> None:
    async with SmallCore(demo_state()).serving(socket(paths)):
        await until(lambda: watched.phase is Phase.LIVE)
    await until(lambda: watched.phase is Phase.DOWN)
    assert watched.link.state["positions"]
    assert watched.losses == 1
    with pytest.raises(CoreUnavailable):
        watched.link.send(command_message("pause", who="ann"))
    async with SmallCore({"core": {"core": {"state": "PAUSED"}}}).serving(socket(paths)):
        await until(lambda: watched.phase is Phase.LIVE)
        assert watched.link.state == {"core": {"core": {"state": "PAUSED"}}}


async def test_a_core_that_says_goodbye_leaves_its_reason(watched: Watched, paths: Paths) -> None:
    async with SmallCore(demo_state()).serving(socket(paths)) as core:
        await until(lambda: watched.phase is Phase.LIVE)
        core.say({"t": "bye", "reason": "stop ordered by ann"})
        await until(lambda: watched.link.status().detail != "")
    await until(lambda: watched.losses == 1)
    assert watched.link.status().detail == "stop ordered by ann"


async def test_results_and_complaints_are_passed_on(watched: Watched, paths: Paths) -> None:
    async with SmallCore(demo_state()).serving(socket(paths)) as core:
        await until(lambda: watched.phase is Phase.LIVE)
        watched.link.send(command_message("pause", who="ann", command_id="c7"))
        await until(lambda: watched.results == [("c7", "done", "pause done")])
        core.say({"t": "error", "text": "no such message"})
        core.say({"t": "something new"})
        await until(lambda: watched.notes == ["core: no such message"])


async def test_a_core_of_another_protocol_is_shown_as_far_as_it_is_understood(watched: Watched, paths: Paths) -> None:
    async with SmallCore(demo_state(), protocol=9).serving(socket(paths)) as core:
        await until(lambda: watched.phase is Phase.LIVE)
        assert not watched.link.status().compatible
        strange: Message = {"t": "delta", "seq": "seven", "state": []}
        core.say(strange)
        await core.push({"latches": {"kill": {"state": "KILLED"}}})
        await until(lambda: "kill" in watched.link.state["latches"])


async def test_nonsense_from_the_core_costs_the_connection_and_nothing_else(watched: Watched, paths: Paths) -> None:
    async with SmallCore(demo_state()).serving(socket(paths)) as core:
        await until(lambda: watched.phase is Phase.LIVE)
        core.say({"t": "delta", "seq": "seven", "state": []})
        await until(lambda: watched.losses == 1)
        await until(lambda: watched.phase is Phase.LIVE)
        assert watched.link.state == core.state
