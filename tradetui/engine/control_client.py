"""One connected client of the control socket, seen from the core.

Invariant: nothing here waits for the client. What it does not read is bounded: first deltas are left out (it catches up
by row), then the connection is dropped.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from tradetui.control.codec import CodecError, encode, state_messages
from tradetui.control.messages import Changes, Row, Section, State

#: Unread bytes beyond which deltas wait, and beyond which the client is dropped.
SLOW_BYTES = 256 << 10
DEAD_BYTES = 4 << 20
#: Real seconds a client may leave everything unread.
DEAD_S = 30.0
MIN_HZ, MAX_HZ = 0.1, 10.0


class ControlClient:
    """State of one connection. `name` is for the log."""

    def __init__(self, writer: asyncio.StreamWriter, name: str) -> None:
        self._writer = writer
        self.name = name
        self.greeted = False
        self._sections: frozenset[str] | None = None
        self._period_s = 0.0
        self._next_s = 0.0
        self._seq = 0
        self._sent: State = {}
        self._subscribed = False
        self._slow_since: float | None = None

    def send(self, message: Mapping[str, object]) -> None:
        """Queue one message."""
        if not self._writer.is_closing():
            self._writer.write(encode(message))

    def subscribe(self, hz: float, sections: Sequence[str], state: State, now_s: float) -> None:
        """Begin to send `sections` (all when empty) of the state, at most `hz` times a second."""
        self._sections = frozenset(sections) or None
        self._period_s = 1 / min(max(hz, MIN_HZ), MAX_HZ)
        self._subscribed = True
        self.snapshot(state, now_s)

    def snapshot(self, state: State, now_s: float) -> None:
        """Send the whole state."""
        self._sent = self._chosen(state)
        self._next_s = now_s + self._period_s
        for message in state_messages("snapshot", _as_changes(self._sent), self._seq):
            self.send(message)
            self._seq = message["seq"] + 1

    def is_due(self, now_s: float) -> bool:
        """Whether this client wants a delta now."""
        return self._subscribed and now_s >= self._next_s and not self._writer.is_closing()

    def delta(self, state: State, now_s: float) -> None:
        """Send what changed since the last message, unless the client is behind with reading."""
        self._next_s = now_s + self._period_s
        if self._unread() > SLOW_BYTES:
            return
        chosen = self._chosen(state)
        changes = difference(self._sent, chosen)
        if not changes:
            return
        self._sent = chosen
        for message in state_messages("delta", changes, self._seq):
            self.send(message)
            self._seq = message["seq"] + 1

    def is_dead(self, now_s: float) -> bool:
        """Whether the client has left too much unread, or anything for too long."""
        unread = self._unread()
        if unread <= SLOW_BYTES:
            self._slow_since = None
            return False
        if self._slow_since is None:
            self._slow_since = now_s
        return unread > DEAD_BYTES or now_s - self._slow_since > DEAD_S

    def drop(self) -> None:
        """Close the connection without waiting for what is unread."""
        self._writer.transport.abort()

    def close(self, reason: str) -> None:
        """Say goodbye and close."""
        try:
            self.send({"t": "bye", "reason": reason})
        except CodecError:
            self.drop()
            return
        self._writer.close()

    def _unread(self) -> int:
        return int(self._writer.transport.get_write_buffer_size())

    def _chosen(self, state: State) -> State:
        if self._sections is None:
            return state
        return {name: rows for name, rows in state.items() if name in self._sections}


def difference(old: State, new: State) -> Changes:
    """Return the rows of `new` that differ from `old`, and None for rows that are gone."""
    changes: Changes = {}
    for name, rows in new.items():
        changed = _changed_rows(old.get(name, {}), rows)
        if changed or name not in old:
            changes[name] = changed
    return changes


def _changed_rows(old: Section, new: Section) -> dict[str, Row | None]:
    changed: dict[str, Row | None] = {key: row for key, row in new.items() if old.get(key) != row}
    changed.update({key: None for key in old if key not in new})
    return changed


def _as_changes(state: State) -> Changes:
    return {name: dict(rows) for name, rows in state.items()}
