"""The journal: one SQLite file that a restart, an audit and a replay begin from."""
