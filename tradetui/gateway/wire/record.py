"""A decoded message: field name to value, with typed access so that callers need no casts.

Invariant: a getter never guesses: a field asked for as what it is not raises TypeError (our fault, not the peer's).
"""

from __future__ import annotations

from typing import Union

from tradetui.gateway.wire.kinds import Scalar

Value = Union[Scalar, "list[Record]"]


class Record(dict[str, Value]):
    """Fields of one message or of one row of a repeated group."""

    def text(self, name: str) -> str:
        """A text field; absent reads as empty."""
        value = self.get(name)
        if value is None:
            return ""
        if isinstance(value, str):
            return value
        raise TypeError(f"{name} is not text")

    def integer(self, name: str) -> int | None:
        """An integer field; None if unset or absent."""
        value = self.get(name)
        if value is None or isinstance(value, int):
            return value
        raise TypeError(f"{name} is not an integer")

    def number(self, name: str) -> float | None:
        """A numeric field; None if unset or absent."""
        value = self.get(name)
        if value is None or isinstance(value, int | float):
            return value
        raise TypeError(f"{name} is not a number")

    def flag(self, name: str) -> bool:
        """A flag; absent reads as False."""
        return bool(self.get(name))

    def rows(self, name: str) -> list[Record]:
        """The rows of a repeated group; absent reads as none."""
        value = self.get(name)
        if value is None:
            return []
        if isinstance(value, list):
            return value
        raise TypeError(f"{name} is not a repeated group")
