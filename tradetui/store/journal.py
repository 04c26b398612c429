"""The journal's only writer.

Invariants: the records of one step are in the file together or not at all; when `commit` returned they survive a power
cut; when it raised, the caller must take the outcome as "not written" and send nothing that depends on it.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Self

from tradetui.domain.clock import SECOND_NS
from tradetui.domain.errors import StoreError
from tradetui.domain.records import JournalImage, Record
from tradetui.store.disk_check import check_disk
from tradetui.store.errors import JournalBroken, RecordRefused, from_sqlite
from tradetui.store.loading import OpenAlert, load_image, load_open_alerts
from tradetui.store.migrate import migrate
from tradetui.store.sqlite_file import Writer, check_integrity, open_writer
from tradetui.store.statements import Statement, statements_for

#: Lines of the event log kept, and how long a consumed bar is remembered behind the newest one.
NOTES_KEPT = 100_000
CONSUMED_KEPT_NS = 30 * 86_400 * SECOND_NS


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One life of the core, for the audit: which program and configuration wrote what follows."""

    run_id: str
    pid: int
    version: str
    profile: str
    account: str
    config_hash: str


class Journal:
    """The journal of one account. Open it with `open`; use it from one event loop."""

    def __init__(self, connection: Writer, path: Path, wall_ns: Callable[[], int]) -> None:
        self._connection = connection
        self._path = path
        self._wall_ns = wall_ns
        self._broken = ""
        self._run_id = ""

    @classmethod
    async def open(cls, path: Path, *, durable: bool = True, wall_ns: Callable[[], int] = time.time_ns) -> Self:
        """Open the journal at `path`, creating or migrating it, after testing the disk and the whole file.

        Raises:
            StoreError: disk, file or schema cannot be used; one line says why and what to do.
        """
        check_disk(path.parent)
        return await cls.over(await open_writer(path, durable=durable), path, wall_ns=wall_ns)

    @classmethod
    async def over(cls, connection: Writer, path: Path, *, wall_ns: Callable[[], int] = time.time_ns) -> Self:
        """Return the journal behind an open connection, which is closed when the file cannot be used.

        Raises:
            StoreError: file or schema cannot be used.
        """
        try:
            await connection.run(partial(_check_and_migrate, path=path))
        except StoreError:
            await connection.close()
            raise
        return cls(connection, path, wall_ns)

    async def commit(self, records: Sequence[Record]) -> None:
        """Write `records` in one transaction.

        Raises:
            RecordRefused: one of them cannot be stored; nothing was written.
            StoreError: the file cannot be written now; whether these records are in it is not known.
        """
        statements = self._statements(records)
        if self._broken:
            raise JournalBroken(self._broken)
        try:
            await self._connection.run(partial(_write, statements=statements))
        except sqlite3.Error as error:
            raise self._noted(error) from error
        except _StatementFailed as failed:
            raise self._refused(failed, records) from failed

    async def load(self) -> JournalImage:
        """Return what a restart begins from.

        Raises:
            StoreError: the journal cannot be read.
        """
        try:
            return await self._connection.run(load_image)
        except (sqlite3.Error, TypeError, ValueError) as error:
            raise JournalBroken(f"{self._path}: cannot be read back: {error}") from error

    async def highest_order_id(self) -> int:
        """Return the highest order id ever used on a connection, 0 when none was.

        Raises:
            StoreError: the journal cannot be read.
        """
        return await self._number("SELECT coalesce(max(order_id), 0) FROM order_events")

    async def newest_market_ns(self) -> int:
        """Return the market time of the latest equity record, 0 when there is none.

        Raises:
            StoreError: the journal cannot be read.
        """
        # Not the log: a line from before the link was up carries a guessed market time.
        return await self._number("SELECT coalesce((SELECT ts_ns FROM equity ORDER BY seq DESC LIMIT 1), 0)")

    async def open_alerts(self) -> list[OpenAlert]:
        """Return the alerts whose delivery has not ended, oldest first.

        Raises:
            StoreError: the journal cannot be read.
        """
        try:
            return await self._connection.run(load_open_alerts)
        except sqlite3.Error as error:
            raise JournalBroken(f"{self._path}: cannot be read back: {error}") from error

    async def prune(self) -> None:
        """Forget what is only kept for a while.

        Raises:
            StoreError: the journal cannot be written.
        """
        try:
            await self._connection.run(_prune)
        except sqlite3.Error as error:
            raise from_sqlite(error, f"pruning {self._path}") from error

    async def begin_run(self, run: Run) -> None:
        """Note that a life of the core begins.

        Raises:
            StoreError: the journal cannot be written.
        """
        self._run_id = run.run_id
        values = (run.run_id, self._wall_ns(), run.pid, run.version, run.profile, run.account, run.config_hash)
        await self._execute(
            Statement(
                "INSERT INTO runs (run_id, started_wall_ns, pid, version, profile, account, config_hash)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                values,
            )
        )

    async def end_run(self, reason: str) -> None:
        """Note that this life of the core ended in good order.

        Raises:
            StoreError: the journal cannot be written.
        """
        await self._execute(
            Statement(
                "UPDATE runs SET ended_wall_ns = ?, end_reason = ? WHERE run_id = ?",
                (self._wall_ns(), reason, self._run_id),
            )
        )

    async def close(self) -> None:
        """Close the file; idempotent."""
        await self._connection.close()

    async def _number(self, sql: str) -> int:
        try:
            return await self._connection.run(lambda connection: int(connection.execute(sql).fetchone()[0]))
        except sqlite3.Error as error:
            raise JournalBroken(f"{self._path}: cannot be read back: {error}") from error

    async def _execute(self, statement: Statement) -> None:
        try:
            await self._connection.run(partial(_write, statements=[(0, statement)]))
        except (sqlite3.Error, _StatementFailed) as error:
            raise JournalBroken(f"{self._path}: {error}") from error

    def _statements(self, records: Sequence[Record]) -> list[tuple[int, Statement]]:
        wall_ns = self._wall_ns()
        found: list[tuple[int, Statement]] = []
        for position, record in enumerate(records):
            try:
                found.extend((position, statement) for statement in statements_for(record, wall_ns))
            except ValueError as error:
                raise RecordRefused(position, f"{type(record).__name__}: {error}") from error
        return found

    def _noted(self, error: sqlite3.Error) -> StoreError:
        failure = from_sqlite(error, f"writing {self._path}")
        if isinstance(failure, JournalBroken):
            # After an I/O error the page cache may differ from the disk: only a restart's check tells what is there.
            self._broken = f"{failure}; restart tradetui to have the journal checked"
        return failure

    def _refused(self, failed: _StatementFailed, records: Sequence[Record]) -> RecordRefused:
        return RecordRefused(failed.position, f"{type(records[failed.position]).__name__}: {failed}")


class _StatementFailed(Exception):
    """A statement broke a rule of the schema or held a value SQLite cannot take."""

    def __init__(self, position: int, reason: str) -> None:
        super().__init__(reason)
        self.position = position


def _check_and_migrate(connection: sqlite3.Connection, path: Path) -> None:
    try:
        check_integrity(connection)
    except JournalBroken as error:
        raise JournalBroken(
            f"{path}: the journal is damaged ({error}); keep the file, restore a backup next to it or move it away, "
            "and start again: positions and open orders are then read from the broker"
        ) from error
    try:
        migrate(connection, path)
        _prune(connection)
    except sqlite3.Error as error:
        raise from_sqlite(error, f"preparing {path}") from error


def _prune(connection: sqlite3.Connection) -> None:
    connection.execute("DELETE FROM notes WHERE seq <= (SELECT max(seq) FROM notes) - ?", (NOTES_KEPT,))
    connection.execute(
        # The newest bar of each strategy and symbol stays, however old: it is what says that none before it trades.
        "DELETE FROM consumed_bars WHERE bar_end_ns < (SELECT max(bar_end_ns) FROM consumed_bars) - ?"
        " AND bar_end_ns < (SELECT max(bar_end_ns) FROM consumed_bars AS newest"
        " WHERE newest.strategy = consumed_bars.strategy AND newest.symbol = consumed_bars.symbol)",
        (CONSUMED_KEPT_NS,),
    )


def _write(connection: sqlite3.Connection, statements: Sequence[tuple[int, Statement]]) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        for position, statement in statements:
            try:
                connection.execute(statement.sql, statement.values)
            except (sqlite3.IntegrityError, sqlite3.DataError, sqlite3.InterfaceError, OverflowError) as error:
                raise _StatementFailed(position, str(error)) from error
        connection.execute("COMMIT")
    except BaseException:
        # SQLite rolls back by itself after some errors, disk full among them.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
