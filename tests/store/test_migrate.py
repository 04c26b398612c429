"""A journal's schema changes whole, with a backup, and never from a newer program."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tradetui.domain.errors import StoreError
from tradetui.store.migrate import migrate, schema_version
from tradetui.store.migrations import STEPS

ADD_COLOUR = "ALTER TABLE notes ADD COLUMN colour TEXT; CREATE TABLE extra (x);"
BREAKS_HALF_WAY = "CREATE TABLE extra (x); INSERT INTO no_such_table VALUES (1);"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


@pytest.fixture
def connection(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path, isolation_level=None)) as opened:
        yield opened


def add_note(connection: sqlite3.Connection) -> None:
    connection.execute("INSERT INTO notes (ts_ns, level, topic, text, symbol) VALUES (1, 'INFO', 't', 'kept', '')")


def test_a_new_file_gets_every_step_and_no_backup(connection: sqlite3.Connection, path: Path) -> None:
    assert migrate(connection, path) == len(STEPS)
    assert schema_version(connection) == len(STEPS)
    assert migrate(connection, path) == 0
    assert list(path.parent.glob("*.bak")) == []


def test_a_file_with_content_is_backed_up_before_its_schema_changes(connection: sqlite3.Connection, path: Path) -> None:
    migrate(connection, path)
    add_note(connection)
    assert migrate(connection, path, [*STEPS, ADD_COLOUR]) == 1
    backup = path.with_name(f"journal.db.v{len(STEPS)}.bak")
    assert backup.stat().st_mode & 0o777 == 0o600
    with closing(sqlite3.connect(backup)) as old:
        assert old.execute("SELECT text FROM notes").fetchall() == [("kept",)]
        assert schema_version(old) == len(STEPS)


def test_a_step_that_fails_half_way_leaves_the_old_schema(connection: sqlite3.Connection, path: Path) -> None:
    migrate(connection, path)
    add_note(connection)
    with pytest.raises(StoreError, match="nothing was changed"):
        migrate(connection, path, [*STEPS, BREAKS_HALF_WAY])
    assert schema_version(connection) == len(STEPS)
    assert connection.execute("SELECT text FROM notes").fetchall() == [("kept",)]
    assert connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'extra'").fetchone() is None


def test_a_file_from_a_newer_program_is_refused_with_the_remedy(connection: sqlite3.Connection, path: Path) -> None:
    migrate(connection, path, [*STEPS, ADD_COLOUR])
    with pytest.raises(StoreError, match=r"newer tradetui.*update tradetui"):
        migrate(connection, path)
