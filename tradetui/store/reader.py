"""Questions to the journal, for the control server and for the command line when no core runs.

Invariant: reading never writes, never blocks the writer, and every answer is bounded.
"""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path
from typing import Self

from tradetui.domain.errors import OperatorError
from tradetui.store.answers import ANSWERS, Args, Row
from tradetui.store.errors import from_sqlite
from tradetui.store.explaining import explain, why
from tradetui.store.sqlite_file import open_reader

_QUESTIONS = {**ANSWERS, "explain": explain, "why": why}


class Reader:
    """Reads one journal. Safe to use from several threads, one question at a time."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path
        self._lock = threading.Lock()

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open the journal at `path` for reading.

        Raises:
            StoreError: there is none, or it is not readable.
        """
        connection = open_reader(path)
        connection.row_factory = sqlite3.Row
        return cls(connection, path)

    def ask(self, what: str, args: Args) -> list[Row]:
        """Return the rows that answer `what`; lists of things that happened begin with the newest.

        Raises:
            OperatorError: the question or an argument is not known, or nothing has the id asked for.
            StoreError: the journal cannot be read now.
        """
        answer = _QUESTIONS.get(what)
        if answer is None:
            raise OperatorError(f"no question {what!r}; there are {', '.join(sorted(_QUESTIONS))}")
        try:
            with self._lock:
                return answer(self._connection, args)
        except sqlite3.Error as error:
            raise from_sqlite(error, f"reading {self._path}") from error

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()
