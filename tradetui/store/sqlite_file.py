"""One SQLite file: how it is created, checked and opened for the only writer and for readers.

Invariants: the file is private (0600); writes go through one connection in WAL mode and a commit that returned survives
a power cut; a locked file is reported within BUSY_TIMEOUT_MS; readers cannot write.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Protocol, TypeVar, cast

import aiosqlite

from tradetui.domain.errors import StoreError
from tradetui.store.errors import JournalBroken, from_sqlite

T = TypeVar("T")

BUSY_TIMEOUT_MS = 250
#: First version with STRICT tables.
OLDEST_SQLITE = (3, 37, 0)


class Writer(Protocol):
    """Runs work on the one connection that writes."""

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Return what `work` returns; the work of two callers never overlaps."""

    async def close(self) -> None:
        """Close the file; idempotent."""


class WriterConnection(aiosqlite.Connection):
    """The one connection that writes, on aiosqlite's thread."""

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Return what `work` returns, run on the connection's thread.

        One hop to the thread costs more than a small statement: a transaction of several statements goes as one.
        """
        return cast(T, await self._execute(work, self._conn))  # type: ignore[no-untyped-call]


async def open_writer(path: Path, *, durable: bool = True) -> WriterConnection:
    """Open `path` for writing, creating it when absent.

    Raises:
        StoreError: the file is not usable, with the reason.
    """
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        needed = ".".join(map(str, OLDEST_SQLITE))
        raise StoreError(f"SQLite {sqlite3.sqlite_version} is too old; use a Python built with {needed} or later")
    _create_private(path)
    connection = WriterConnection(partial(_connect, path), iter_chunk_size=64)
    try:
        await connection
        await connection.run(partial(_prepare_writer, durable=durable))
    except sqlite3.Error as error:
        await connection.close()
        raise from_sqlite(error, f"opening {path}") from error
    except StoreError:
        await connection.close()
        raise
    return connection


def connect_writer(path: Path, *, durable: bool) -> sqlite3.Connection:
    """Return a plain connection that writes, for whoever brings a way of its own to run work on it.

    Raises:
        StoreError, sqlite3.Error: the file is not usable.
    """
    _create_private(path)
    connection = _connect(path)
    _prepare_writer(connection, durable)
    return connection


def open_reader(path: Path) -> sqlite3.Connection:
    """Open `path` for reading only; the connection may be used by one thread at a time.

    Raises:
        StoreError: there is no such file or it is not readable.
    """
    if not path.exists():
        raise StoreError(f"{path}: there is no journal yet")
    try:
        connection = sqlite3.connect(
            f"file:{_uri_path(path)}?mode=ro", uri=True, timeout=BUSY_TIMEOUT_MS / 1000, check_same_thread=False
        )
        connection.execute("PRAGMA query_only = ON")
        connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()
    except sqlite3.Error as error:
        raise from_sqlite(error, f"reading {path}") from error
    return connection


def check_integrity(connection: sqlite3.Connection) -> None:
    """Look for damage in the whole file.

    Raises:
        JournalBroken: there is some.
    """
    try:
        found = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.Error as error:
        raise JournalBroken(str(error)) from error
    answer = " ".join(str(found[0]).split()) if found else "the check gave no answer"
    if answer != "ok":
        raise JournalBroken(answer)


def _connect(path: Path) -> sqlite3.Connection:
    # isolation_level None: this module begins and ends every transaction itself.
    return sqlite3.connect(path, timeout=BUSY_TIMEOUT_MS / 1000, isolation_level=None)


def _prepare_writer(connection: sqlite3.Connection, durable: bool) -> None:
    mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()
    if mode is None or mode[0] != "wal":
        raise StoreError("this file system cannot hold a journal in WAL mode; use a local disk")
    connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA temp_store = MEMORY")


def _create_private(path: Path) -> None:
    # SQLite would create the file with the umask's bits; -wal and -shm take over the mode of the main file.
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        path.chmod(0o600)
    except OSError as error:
        raise StoreError(f"{path}: cannot be written: {error.strerror}") from error


def _uri_path(path: Path) -> str:
    return str(path.absolute()).replace("%", "%25").replace("?", "%3f").replace("#", "%23")
