"""Commits for the core: durable ones awaited, the rest in batches, and a backlog while the journal fails.

Invariants: records reach the journal in the order the core made them; `commit` returns only when its records and all
before them are durable; a journal that hangs holds the core no longer than COMMIT_LIMIT_S; nothing that failed is
forgotten while there is room, because fills and cancels happened whatever the disk says.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Protocol

from tradetui.domain.errors import StoreError
from tradetui.domain.records import Note, Record
from tradetui.store.errors import JournalUnavailable, RecordRefused

_log = logging.getLogger(__name__)

COMMIT_LIMIT_S = 0.25
BATCH_S = 0.1
RETRY_S = 1.0
#: Records kept while the journal fails; beyond it log lines go first, then the oldest.
MAX_BACKLOG = 50_000


class Commits(Protocol):
    """What the writer needs of a journal."""

    async def commit(self, records: Sequence[Record]) -> None:
        """Write `records` in one transaction.

        Raises:
            StoreError: they must be taken as not written.
        """


class JournalWriter:
    """Puts the core's records into the journal. `on_failed` and `on_restored` are called once per change."""

    def __init__(
        self,
        journal: Commits,
        *,
        on_failed: Callable[[str], None],
        on_restored: Callable[[], None],
        limit_s: float = COMMIT_LIMIT_S,
    ) -> None:
        self._journal = journal
        self._on_failed = on_failed
        self._on_restored = on_restored
        self._limit_s = limit_s
        self._pending: list[Record] = []
        self._batch: list[Record] = []
        self._running: asyncio.Task[StoreError | None] | None = None
        self._hangs = False
        self._kept = 0
        self._work = asyncio.Event()
        self.failing = ""
        self.lost = 0

    def later(self, records: Sequence[Record], *, soon: bool = False) -> None:
        """Take records that nothing waits for: they are written within BATCH_S, or at once when `soon`."""
        self._keep(records)
        self._work.set()
        if soon and not self.failing and (self._running is None or self._running.done()):
            self._begin()

    async def commit(self, records: Sequence[Record]) -> None:
        """Write `records`, and everything before them, durably.

        Raises:
            StoreError: it did not happen in time; the records stay in the backlog, orders that need them must not go.
        """
        self._keep(records)
        mine = self._kept
        # A batch may be under way already: then ours is the transaction after it.
        while self._kept - len(self._pending) - len(self._batch) < mine:
            await self._flush()

    async def run(self) -> None:
        """Write what `later` took; while the journal fails, try again and again. Never returns."""
        while True:
            await self._work.wait()
            await asyncio.sleep(RETRY_S if self.failing else BATCH_S)
            try:
                await self._flush()
            except StoreError:
                continue
            if not self._pending:
                self._work.clear()

    async def close(self) -> None:
        """Write what is left, as far as the journal takes it."""
        try:
            while self._pending or self._batch:
                await self._flush()
        except StoreError as error:
            _log.critical("%d journal records were not written: %s", len(self._pending) + len(self._batch), error)

    async def _flush(self) -> None:
        """Run the transaction under way, or one with all that is pending, to its end."""
        if self._running is None or self._running.done():
            self._begin()
        running = self._running
        if running is None:
            return
        if not self._hangs:
            await asyncio.wait({running}, timeout=self._limit_s)
        if not running.done():
            self._hangs = True
            self._work.set()
            self._failed("the journal does not answer; the disk may hang")
            raise JournalUnavailable(self.failing)
        failure = running.result()
        if failure is not None:
            raise failure

    def _begin(self) -> None:
        self._hangs = False
        self._running = None
        if self._pending:
            self._batch, self._pending = self._pending, []
            self._running = asyncio.get_running_loop().create_task(self._write(self._batch))

    async def _write(self, batch: list[Record]) -> StoreError | None:
        try:
            await self._journal.commit(batch)
        except RecordRefused as error:
            _log.critical("the journal cannot hold %r: %s", batch[error.position], error)
            self.lost += 1
            self._give_back([record for place, record in enumerate(batch) if place != error.position], str(error))
            return error
        except StoreError as error:
            self._give_back(batch, str(error))
            return error
        except Exception as error:
            _log.exception("the journal failed in a way it should not")
            self._give_back(batch, f"{type(error).__name__}: {error}")
            return JournalUnavailable(self.failing)
        self._batch = []
        if self.failing:
            self.failing = ""
            self._on_restored()
        return None

    def _give_back(self, batch: list[Record], reason: str) -> None:
        self._pending[:0] = batch
        self._batch = []
        self._bound()
        self._work.set()
        self._failed(reason)

    def _keep(self, records: Sequence[Record]) -> None:
        self._pending.extend(records)
        self._kept += len(records)
        self._bound()

    def _bound(self) -> None:
        if len(self._pending) <= MAX_BACKLOG:
            return
        before = len(self._pending)
        facts: list[Record] = [record for record in self._pending if not isinstance(record, Note)]
        self._pending = facts[-MAX_BACKLOG:]
        self.lost += before - len(self._pending)

    def _failed(self, reason: str) -> None:
        if not self.failing:
            self._on_failed(reason)
        self.failing = reason
