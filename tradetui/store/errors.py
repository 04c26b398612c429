"""How a journal fails, by what the shell does next.

StoreError
├── JournalUnavailable   disk full, locked, read-only: entries stop, the writer tries again
├── JournalBroken        I/O error or damage: no entry until a restart has checked the file
└── RecordRefused        a record no database could hold (a bug of ours); nothing of its transaction was written
"""

from __future__ import annotations

import sqlite3

from tradetui.domain.errors import StoreError

_MAY_PASS = {"SQLITE_FULL", "SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_NOMEM"}


class JournalUnavailable(StoreError):
    """The journal takes no commit now but may again: no new exposure until it does."""


class JournalBroken(StoreError):
    """The journal's file cannot be trusted any more: no new exposure until a restart has checked it."""


class RecordRefused(StoreError):
    """A record holds a value that cannot be stored; `position` is its place in the commit."""

    def __init__(self, position: int, reason: str) -> None:
        super().__init__(reason)
        self.position = position


def from_sqlite(error: sqlite3.Error, doing: str) -> StoreError:
    """Return the StoreError that stands for `error`, raised while `doing` (a phrase such as "writing journal.db")."""
    code = getattr(error, "sqlite_errorname", "")
    # Extended codes such as SQLITE_BUSY_SNAPSHOT begin with their family's name.
    family = "_".join(str(code).split("_")[:2])
    kind = JournalUnavailable if family in _MAY_PASS else JournalBroken
    return kind(f"{doing}: {error}")
