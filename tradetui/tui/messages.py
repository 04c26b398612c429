"""Messages inside the UI."""

from __future__ import annotations

from textual.message import Message


class Moved(Message):
    """Something the operator waits for has changed: show it now instead of at the next tick."""

    def can_replace(self, message: Message) -> bool:
        """One of several waiting is enough."""
        return isinstance(message, Moved)
