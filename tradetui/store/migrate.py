"""Brings a journal file to this program's schema.

Invariants: each step is one transaction, so a crash leaves the old schema or the new one; a file with trades in it is
backed up before its schema changes; a schema from a newer program is refused, never guessed at.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Sequence
from pathlib import Path

from tradetui.domain.errors import StoreError
from tradetui.store.errors import from_sqlite
from tradetui.store.migrations import STEPS


def migrate(connection: sqlite3.Connection, path: Path, steps: Sequence[str] = STEPS) -> int:
    """Apply the missing steps to the journal at `path`; return how many there were.

    Raises:
        StoreError: the file was written by a newer program, or a step failed and was undone.
    """
    version = schema_version(connection)
    if version > len(steps):
        raise StoreError(
            f"{path}: written by a newer tradetui (schema {version}, this program knows {len(steps)}); update tradetui"
        )
    missing = steps[version:]
    if missing and version > 0:
        _back_up(connection, path.with_name(f"{path.name}.v{version}.bak"))
    for number, step in enumerate(missing, version + 1):
        _apply(connection, step, number)
    return len(missing)


def schema_version(connection: sqlite3.Connection) -> int:
    """Return the number of steps the file has had."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _apply(connection: sqlite3.Connection, step: str, number: int) -> None:
    try:
        connection.executescript(f"BEGIN IMMEDIATE;\n{step}\n;PRAGMA user_version = {number};\nCOMMIT;")
    except sqlite3.Error as error:
        if connection.in_transaction:
            connection.rollback()
        raise from_sqlite(error, f"changing the journal's schema to version {number}; nothing was changed") from error


def _back_up(connection: sqlite3.Connection, target: Path) -> None:
    try:
        target.unlink(missing_ok=True)
        os.close(os.open(target, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        copy = sqlite3.connect(target)
        try:
            connection.backup(copy)
        finally:
            copy.close()
    except (OSError, sqlite3.Error) as error:
        raise StoreError(f"{target}: cannot back the journal up before changing its schema: {error}") from error
