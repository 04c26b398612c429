"""Step 4: post-trade controls, limits that change in two phases, and the limits version of every verdict.

`limit_changes` and `rearms` are histories and take no update and no delete; `limits` and `day_figures` are the present.
"""

_APPEND_ONLY = ("limit_changes", "rearms")

SQL = """
ALTER TABLE latches ADD COLUMN strategy TEXT;
ALTER TABLE latches ADD COLUMN flatten_pending INTEGER NOT NULL DEFAULT 0;
ALTER TABLE equity ADD COLUMN day_high REAL;
ALTER TABLE orders ADD COLUMN limits_version INTEGER NOT NULL DEFAULT 0;
ALTER TABLE refusals ADD COLUMN limits_version INTEGER NOT NULL DEFAULT 0;

CREATE TABLE day_figures (
    date TEXT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    value REAL NOT NULL,
    PRIMARY KEY (date, kind, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE rearms (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    strategy TEXT NOT NULL,
    who TEXT NOT NULL,
    reason TEXT NOT NULL,
    ts_ns INTEGER NOT NULL
) STRICT;

CREATE TABLE limits (
    name TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    what TEXT NOT NULL,
    file_value REAL,
    value REAL,
    staged REAL,
    staged_date TEXT NOT NULL,
    who TEXT NOT NULL,
    reason TEXT NOT NULL,
    ts_ns INTEGER NOT NULL
) STRICT;

CREATE TABLE limit_changes (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    version INTEGER NOT NULL,
    what TEXT NOT NULL,
    file_value REAL,
    value REAL,
    staged REAL,
    staged_date TEXT NOT NULL,
    who TEXT NOT NULL,
    reason TEXT NOT NULL,
    ts_ns INTEGER NOT NULL
) STRICT;
"""

SQL += "".join(
    f"""
CREATE TRIGGER {table}_take_no_update BEFORE UPDATE ON {table}
BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END;
CREATE TRIGGER {table}_take_no_delete BEFORE DELETE ON {table}
BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END;
"""
    for table in _APPEND_ONLY
)
