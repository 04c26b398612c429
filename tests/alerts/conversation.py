"""The core's side of a conversation with a watcher, in this process or in one of its own."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from tradetui.alerts.channels.base import Channel
from tradetui.alerts.delivery import DeliveryState
from tradetui.alerts.pipes import LineReader, LineWriter
from tradetui.alerts.session import Session, Surroundings
from tradetui.alerts.settings import AlertSettings
from tradetui.alerts.wire import (
    MAX_LINE,
    Bye,
    FromWatcher,
    Report,
    Status,
    Submission,
    ToWatcher,
    decode_from_watcher,
    encode,
)
from tradetui.domain.alert import Alert, Severity

LIMIT_S = 15.0


@dataclass
class Conversation:
    """Says things to a watcher and waits for its answers."""

    reader: LineReader
    writer: LineWriter
    heard: list[FromWatcher] = field(default_factory=list)

    def say(self, message: ToWatcher) -> None:
        assert self.writer.write(encode(message))

    def alert(
        self, number: int, cause: str = "kill", severity: Severity = Severity.CRITICAL, text: str = "killed"
    ) -> None:
        alert = Alert(number=number, severity=severity, cause=cause, text=text, market_ns=0)
        self.say(Submission(alert=alert, wall_ns=time.time_ns()))

    def bye(self) -> None:
        self.say(Bye())

    async def hear(self, wanted: Callable[[FromWatcher], bool], limit_s: float = LIMIT_S) -> FromWatcher:
        """Return the first message that is wanted, from now on."""
        async with asyncio.timeout(limit_s):
            while True:
                line = await self.reader.line()
                assert line is not None, f"the watcher went away; it said {self.heard}"
                message = decode_from_watcher(line)
                self.heard.append(message)
                if wanted(message):
                    return message

    async def state(self, number: int | None, state: DeliveryState) -> Report:
        """Return the report that the message reached `state`."""
        found = await self.hear(lambda m: isinstance(m, Report) and m.number == number and m.state is state)
        assert isinstance(found, Report)
        return found

    async def status(self, topic: str) -> Status:
        found = await self.hear(lambda m: isinstance(m, Status) and m.topic == topic)
        assert isinstance(found, Status)
        return found

    def states(self, number: int) -> list[DeliveryState]:
        return [m.state for m in self.heard if isinstance(m, Report) and m.number == number]


@dataclass
class World:
    """What a session sees of the machine, in the hands of a test."""

    state: Path
    parent: int = 1
    offset_ns: int = 0
    jitter: Callable[[], float] = lambda: 0.0

    @property
    def heartbeat(self) -> Path:
        return self.state / "heartbeat"

    def beat(self) -> None:
        self.heartbeat.touch()

    def surroundings(self) -> Surroundings:
        return Surroundings(
            mono_ns=lambda: time.monotonic_ns() + self.offset_ns,
            wall_ns=time.time_ns,
            jitter=self.jitter,
            ppid=lambda: self.parent,
            heartbeat=self.heartbeat,
            state=self.state,
            look_every_s=0.01,
        )


@dataclass
class Running:
    """A session in this process."""

    core: Conversation
    session: Session
    task: asyncio.Task[None]

    async def ended(self, limit_s: float = LIMIT_S) -> None:
        async with asyncio.timeout(limit_s):
            await self.task


@asynccontextmanager
async def session_of(
    settings: AlertSettings, channel: Channel | str, world: World, *, backlog: int = 1 << 20
) -> AsyncIterator[Running]:
    """A session that talks over real pipes."""
    to_watcher, to_core = _pipe(), _pipe()
    watcher_reader = await LineReader.connect(to_watcher[0], limit=MAX_LINE)
    watcher_writer = await LineWriter.connect(to_core[1], limit=backlog)
    core = Conversation(
        await LineReader.connect(to_core[0], limit=MAX_LINE), await LineWriter.connect(to_watcher[1], limit=1 << 20)
    )
    session = Session(settings, channel, reader=watcher_reader, writer=watcher_writer, around=world.surroundings())
    running = Running(core, session, asyncio.ensure_future(session.run()))
    try:
        yield running
    finally:
        running.task.cancel()
        await asyncio.gather(running.task, return_exceptions=True)
        for reader in (watcher_reader, core.reader):
            reader.close()
        for writer in (watcher_writer, core.writer):
            writer.abort()
            await writer.closed()


def _pipe() -> tuple[IO[bytes], IO[bytes]]:
    read_end, write_end = os.pipe()
    return os.fdopen(read_end, "rb", buffering=0), os.fdopen(write_end, "wb", buffering=0)
