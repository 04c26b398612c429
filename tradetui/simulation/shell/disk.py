"""The disk of a simulated box: one real SQLite file that is slow, full, hangs or breaks when told.

Invariant: work runs in the order it was asked for, each transaction whole or not at all; a killed process writes
nothing any more. The commit itself takes no time, so that a crash falls before it or behind it, never into it: torn
files are tested with real processes.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from enum import Enum
from pathlib import Path
from typing import TypeVar

from tradetui.simulation.shell.loop import Life
from tradetui.store.sqlite_file import connect_writer

T = TypeVar("T")


class DiskState(Enum):
    """What a write meets."""

    FINE = "fine"
    FULL = "full"
    HANGS = "hangs"
    BROKEN = "broken"


class Disk:
    """One folder's disk. `before_s` and `after_s` are what a transaction takes before and after it is durable."""

    def __init__(self, folder: Path) -> None:
        self.journal = folder / "journal.db"
        self.stop_file = folder / "STOP"
        self.before_s = 0.0002
        self.after_s = 0.0001
        self.state = DiskState.FINE
        self.committed: Callable[[], None] = lambda: None
        self._fine = asyncio.Event()
        self._fine.set()

    def turn(self, state: DiskState) -> None:
        """Let writes meet `state` from now on."""
        self.state = state
        if state is DiskState.HANGS:
            self._fine.clear()
        else:
            self._fine.set()

    async def wait_fine(self) -> None:
        """Return when the disk answers."""
        await self._fine.wait()


class DiskConnection:
    """A `Writer` on the disk, for one life of the core."""

    def __init__(self, disk: Disk, life: Life) -> None:
        self._disk = disk
        self._life = life
        self._turn = asyncio.Lock()
        self._connection = connect_writer(disk.journal, durable=False)

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Return what `work` returns.

        Raises:
            sqlite3.Error: the disk took nothing.
        """
        async with self._turn:
            await asyncio.sleep(self._disk.before_s)
            await self._disk.wait_fine()
            if self._life.dead:
                raise _error("the process is dead", "SQLITE_IOERR")
            if self._disk.state is DiskState.FULL:
                raise _error("database or disk is full", "SQLITE_FULL")
            if self._disk.state is DiskState.BROKEN:
                raise _error("disk I/O error", "SQLITE_IOERR")
            result = work(self._connection)
            self._disk.committed()
            await asyncio.sleep(self._disk.after_s)
            return result

    async def close(self) -> None:
        """Close the file; idempotent."""
        self._connection.close()


def _error(text: str, name: str) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError(text)
    error.sqlite_errorname = name
    return error
