"""The schema's history. A released step is never edited; a change of the schema is a new step at the end."""

from __future__ import annotations

from tradetui.store.migrations import m0001_first, m0002_adjustment_source, m0003_brackets, m0004_control_table

#: SQL of each step, oldest first: step n takes the file from user_version n-1 to n.
STEPS: tuple[str, ...] = (m0001_first.SQL, m0002_adjustment_source.SQL, m0003_brackets.SQL, m0004_control_table.SQL)
