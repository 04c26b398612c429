"""Records reach the journal in order; a failing or hanging journal stops orders, not the core."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence

import pytest

from tradetui.domain.errors import StoreError
from tradetui.domain.records import DayStarted, Note, Record
from tradetui.engine import journal_writer
from tradetui.engine.journal_writer import JournalWriter
from tradetui.store.errors import JournalUnavailable, RecordRefused


def note(number: int) -> Note:
    return Note(ts_ns=number, level="INFO", topic="t", text="")


class Disk:
    """A journal whose disk is moved by hand."""

    def __init__(self) -> None:
        self.transactions: list[list[int]] = []
        self.failure: StoreError | None = None
        self.free = asyncio.Event()
        self.free.set()

    async def commit(self, records: Sequence[Record]) -> None:
        await self.free.wait()
        if self.failure is not None:
            raise self.failure
        for place, record in enumerate(records):
            if record.ts_ns == 666:  # type: ignore[union-attr]
                raise RecordRefused(place, "cannot be stored")
        self.transactions.append([record.ts_ns for record in records])  # type: ignore[union-attr]

    @property
    def written(self) -> list[int]:
        return [number for transaction in self.transactions for number in transaction]


class World:
    """A writer over a disk, with what it reported."""

    def __init__(self) -> None:
        self.disk = Disk()
        self.said: list[str] = []
        self.writer = JournalWriter(
            self.disk,
            on_failed=lambda reason: self.said.append(f"failed: {reason}"),
            on_restored=lambda: self.said.append("restored"),
            limit_s=0.05,
        )


@pytest.fixture
async def world(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    monkeypatch.setattr(journal_writer, "BATCH_S", 0.01)
    monkeypatch.setattr(journal_writer, "RETRY_S", 0.01)
    made = World()
    running = asyncio.create_task(made.writer.run())
    yield made
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def until(condition: Callable[[], bool], limit_s: float = 2.0) -> None:
    async with asyncio.timeout(limit_s):
        while True:
            if condition():
                return
            await asyncio.sleep(0.002)


async def test_a_durable_commit_takes_everything_before_it_along_in_one_transaction(world: World) -> None:
    world.writer.later([note(1)])
    world.writer.later([note(2)])
    await world.writer.commit([note(3)])
    assert world.disk.transactions == [[1, 2, 3]]


async def test_records_nothing_waits_for_are_written_soon_after(world: World) -> None:
    world.writer.later([note(1)])
    world.writer.later([note(2)])
    assert world.disk.transactions == []
    await until(lambda: world.disk.written == [1, 2])


async def test_a_commit_made_during_a_transaction_is_the_next_one(world: World) -> None:
    world.disk.free.clear()
    world.writer.later([note(1)], soon=True)
    waiting = asyncio.create_task(world.writer.commit([note(2)]))
    await asyncio.sleep(0)
    world.disk.free.set()
    await waiting
    assert world.disk.transactions == [[1], [2]]


async def test_a_failed_commit_raises_once_told_and_its_records_are_written_when_the_disk_is_back(world: World) -> None:
    world.disk.failure = JournalUnavailable("disk full")
    with pytest.raises(JournalUnavailable):
        await world.writer.commit([note(1)])
    with pytest.raises(JournalUnavailable):
        await world.writer.commit([note(2)])
    assert world.said == ["failed: disk full"]
    world.disk.failure = None
    await until(lambda: world.disk.written == [1, 2])
    assert world.said == ["failed: disk full", "restored"]


async def test_a_disk_that_hangs_costs_one_time_limit_and_then_nothing(world: World) -> None:
    world.disk.free.clear()
    loop = asyncio.get_running_loop()
    began = loop.time()
    for number in range(20):
        with pytest.raises(JournalUnavailable, match="does not answer"):
            await world.writer.commit([note(number)])
    assert loop.time() - began < 0.05 * 10
    world.disk.free.set()
    await until(lambda: world.disk.written == list(range(20)))
    assert world.said[-1] == "restored"


async def test_a_record_that_cannot_be_stored_is_left_out_and_the_others_are_written(world: World) -> None:
    with pytest.raises(RecordRefused):
        await world.writer.commit([note(1), note(666), note(2)])
    await until(lambda: world.disk.written == [1, 2])
    assert world.writer.lost == 1


async def test_the_backlog_is_bounded_and_loses_log_lines_first(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_writer, "MAX_BACKLOG", 10)
    world.disk.failure = JournalUnavailable("disk full")
    for number in range(8):
        world.writer.later([note(number), DayStarted(date="d", equity=1.0, realized=0.0, ts_ns=100 + number)])
    world.disk.failure = None
    await world.writer.close()
    assert [number for number in world.disk.written if number >= 100] == list(range(100, 108))
    assert world.writer.lost == 16 - len(world.disk.written) > 0


async def test_close_writes_what_is_left(world: World) -> None:
    world.writer.later([note(1)])
    await world.writer.close()
    assert world.disk.written == [1]
