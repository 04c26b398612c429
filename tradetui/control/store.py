"""A client's copy of the core's state, kept by snapshots and deltas. Pure: no socket, no clock, no screen.

The invariant: what `state` shows was at some moment the whole state of the core. A gap in the numbering, a delta before
a snapshot or half a snapshot never changes it; the client asks for a snapshot again and the old state stays until then.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from tradetui.control.codec import CodecError
from tradetui.control.messages import JsonValue, Row, Section, State

_EMPTY: Section = {}


class Applied(Enum):
    """What became of a state message."""

    COMPLETE = "the state is whole and newer"
    PARTIAL = "a part of a snapshot; the rest follows"
    GAP = "a message is missing: ask for a snapshot"


class Store:
    """The state as last confirmed by the core, and which sections changed when."""

    def __init__(self) -> None:
        self._state: State = {}
        self._incoming: State | None = None
        self._next_seq: int | None = None
        self._version = 0
        self._changed_at: dict[str, int] = {}

    @property
    def version(self) -> int:
        """Rises by one with every message that changed the state."""
        return self._version

    @property
    def state(self) -> Mapping[str, Section]:
        """Sections -> key -> row. Rows are replaced, never changed in place."""
        return self._state

    @property
    def synced(self) -> bool:
        """Whether the next delta can be applied."""
        return self._next_seq is not None and self._incoming is None

    def section(self, name: str) -> Section:
        """Return the rows of section `name`, empty when there are none."""
        return self._state.get(name, _EMPTY)

    def row(self, section: str) -> Row | None:
        """Return the one row of a section that holds a single row under its own name, or None."""
        return self.section(section).get(section)

    def changed_since(self, version: int) -> frozenset[str]:
        """Return the names of the sections that changed after `version`."""
        return frozenset(name for name, changed in self._changed_at.items() if changed > version)

    def forget_numbering(self) -> None:
        """Take a new connection into account: only a snapshot can follow. The state stays as it was."""
        self._next_seq = None
        self._incoming = None

    def apply(self, message: Mapping[str, JsonValue]) -> Applied:
        """Apply a `snapshot` or `delta` message.

        Raises:
            CodecError: the message has not the shape of a state message; nothing was changed.
        """
        seq, changes = _parse(message)
        if message["t"] == "snapshot":
            return self._apply_snapshot(seq, changes, last=message.get("last") is not False)
        if self._next_seq != seq or self._incoming is not None:
            self.forget_numbering()
            return Applied.GAP
        self._next_seq = seq + 1
        self._apply_delta(changes)
        return Applied.COMPLETE

    def _apply_snapshot(self, seq: int, changes: dict[str, dict[str, Row | None]], *, last: bool) -> Applied:
        continues = self._incoming is not None and self._next_seq == seq
        incoming = self._incoming if continues and self._incoming is not None else {}
        for name, rows in changes.items():
            incoming.setdefault(name, {}).update({key: row for key, row in rows.items() if row is not None})
        self._next_seq = seq + 1
        if not last:
            self._incoming = incoming
            return Applied.PARTIAL
        self._incoming = None
        self._replace(incoming)
        return Applied.COMPLETE

    def _replace(self, incoming: State) -> None:
        self._version += 1
        for name in self._state.keys() | incoming.keys():
            if self._state.get(name) != incoming.get(name):
                self._changed_at[name] = self._version
        self._state = incoming

    def _apply_delta(self, changes: dict[str, dict[str, Row | None]]) -> None:
        if not changes:
            return
        self._version += 1
        for name, rows in changes.items():
            section = self._state.setdefault(name, {})
            for key, row in rows.items():
                if row is None:
                    section.pop(key, None)
                else:
                    section[key] = row
            self._changed_at[name] = self._version


def _parse(message: Mapping[str, JsonValue]) -> tuple[int, dict[str, dict[str, Row | None]]]:
    seq = message.get("seq")
    state = message.get("state")
    if not isinstance(seq, int) or isinstance(seq, bool) or not isinstance(state, dict):
        raise CodecError("a state message without a whole number 'seq' or an object 'state'")
    changes: dict[str, dict[str, Row | None]] = {}
    for name, rows in state.items():
        if not isinstance(rows, dict):
            raise CodecError(f"section {name!r} is no object")
        checked: dict[str, Row | None] = {}
        for key, row in rows.items():
            if row is not None and not isinstance(row, dict):
                raise CodecError(f"row {key!r} of section {name!r} is no object")
            checked[key] = row
        changes[name] = checked
    return seq, changes
