"""Records every input of the trading core, so that a day can be replayed step by step.

Kept in a file of its own, written in compressed batches on its own thread: recording never delays a commit and its
failure never stops trading. Invariant: memory and file are bounded; the oldest batches go first.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Self, cast

from tradetui.domain.clock import Now
from tradetui.domain.errors import StoreError
from tradetui.domain.events import Event, TimerFired
from tradetui.domain.records import JournalImage
from tradetui.store.plain import from_plain, from_tagged, to_plain, to_tagged
from tradetui.store.sqlite_file import WriterConnection, open_reader, open_writer

BATCH_STEPS = 2000
#: Batches that may wait for a slow disk; beyond it new ones are dropped and counted.
MAX_WAITING = 32
MAX_FILE_BYTES = 256 << 20

_SCHEMA = """
CREATE TABLE IF NOT EXISTS starts (run_id TEXT PRIMARY KEY, config TEXT NOT NULL, image BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS batches (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    run_id TEXT NOT NULL,
    first_step INTEGER NOT NULL,
    steps INTEGER NOT NULL,
    size INTEGER NOT NULL,
    data BLOB NOT NULL
);
"""


@dataclass(frozen=True, slots=True)
class Step:
    """One input of the core with the instant it was handed in."""

    event: Event
    now: Now


class InputRecorder:
    """Takes the inputs of one run. Never raises after it was opened; `dropped` counts steps that were not kept."""

    def __init__(self, connection: WriterConnection, run_id: str, max_bytes: int) -> None:
        self._connection = connection
        self._run_id = run_id
        self._max_bytes = max_bytes
        self._lines: list[bytes] = []
        self._first_step = 0
        self._waiting: set[asyncio.Task[None]] = set()
        self.dropped = 0

    @classmethod
    async def open(
        cls, path: Path, run_id: str, image: JournalImage, config: str, *, max_bytes: int = MAX_FILE_BYTES
    ) -> Self:
        """Begin to record run `run_id`, which starts from `image` under the configuration text `config`.

        Raises:
            StoreError: the file cannot be written.
        """
        connection = await open_writer(path, durable=False)
        start = zlib.compress(json.dumps(to_plain(image)).encode())
        try:
            await connection.run(partial(_begin, run_id=run_id, config=config, image=start))
        except sqlite3.Error as error:
            await connection.close()
            raise StoreError(f"{path}: {error}") from error
        return cls(connection, run_id, max_bytes)

    def record(self, event: Event, now: Now) -> None:
        """Take one input."""
        try:
            line = json.dumps([now.market_ns, now.mono_ns, to_tagged(event)])
        except (TypeError, ValueError):
            self.dropped += 1
            line = json.dumps([now.market_ns, now.mono_ns, to_tagged(TimerFired())])
        self._lines.append(line.encode())
        if len(self._lines) >= BATCH_STEPS:
            self.flush()

    def flush(self) -> None:
        """Hand what was taken to the writing thread."""
        lines, self._lines = self._lines, []
        first, self._first_step = self._first_step, self._first_step + len(lines)
        if not lines:
            return
        if len(self._waiting) >= MAX_WAITING:
            self.dropped += len(lines)
            return
        task = asyncio.get_running_loop().create_task(self._write(first, lines))
        self._waiting.add(task)
        task.add_done_callback(self._waiting.discard)

    async def close(self) -> None:
        """Write what is left and close the file."""
        self.flush()
        if self._waiting:
            await asyncio.gather(*self._waiting)
        await self._connection.close()

    async def _write(self, first: int, lines: list[bytes]) -> None:
        work = partial(_add_batch, run_id=self._run_id, first=first, lines=lines, max_bytes=self._max_bytes)
        try:
            await self._connection.run(work)
        except (sqlite3.Error, ValueError):
            self.dropped += len(lines)


def read_start(path: Path, run_id: str) -> tuple[JournalImage, str]:
    """Return the image and the configuration text that run `run_id` began with.

    Raises:
        StoreError: the file is unreadable or does not hold that run.
    """
    with closing(open_reader(path)) as connection:
        row = connection.execute("SELECT image, config FROM starts WHERE run_id = ?", (run_id,)).fetchone()
    if row is None:
        raise StoreError(f"{path}: holds no run {run_id!r}")
    return from_plain(JournalImage, json.loads(zlib.decompress(row[0]))), str(row[1])


def read_steps(path: Path, run_id: str) -> Iterator[Step]:
    """Yield the recorded inputs of run `run_id` in order.

    Raises:
        StoreError: the file is unreadable, or its first steps were pruned.
    """
    expected = 0
    with closing(open_reader(path)) as connection:
        query = "SELECT first_step, data FROM batches WHERE run_id = ? ORDER BY seq"
        for first, data in connection.execute(query, (run_id,)):
            if first != expected:
                raise StoreError(f"{path}: steps {expected} to {first - 1} of run {run_id!r} were not kept")
            for line in zlib.decompress(data).split(b"\n"):
                market_ns, mono_ns, event = json.loads(line)
                yield Step(cast(Event, from_tagged(Event, event)), Now(market_ns, mono_ns))
                expected += 1


def _begin(connection: sqlite3.Connection, run_id: str, config: str, image: bytes) -> None:
    connection.executescript(_SCHEMA)
    connection.execute("INSERT INTO starts (run_id, config, image) VALUES (?, ?, ?)", (run_id, config, image))


def _add_batch(connection: sqlite3.Connection, run_id: str, first: int, lines: list[bytes], max_bytes: int) -> None:
    data = zlib.compress(b"\n".join(lines), level=3)
    values = (run_id, first, len(lines), len(data), data)
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.execute("INSERT INTO batches (run_id, first_step, steps, size, data) VALUES (?, ?, ?, ?, ?)", values)
        _prune(connection, max_bytes)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _prune(connection: sqlite3.Connection, max_bytes: int) -> None:
    (held,) = connection.execute("SELECT coalesce(sum(size), 0) FROM batches").fetchone()
    while held > max_bytes:
        seq, size = connection.execute("SELECT seq, size FROM batches ORDER BY seq LIMIT 1").fetchone()
        connection.execute("DELETE FROM batches WHERE seq = ?", (seq,))
        held -= size
    connection.execute(
        "DELETE FROM starts WHERE run_id NOT IN (SELECT run_id FROM batches) AND rowid < "
        "(SELECT max(rowid) FROM starts)"
    )
