"""A command of the control channel and its typed arguments.

Invariant: a wrong argument is refused with its name and reason before anything happens.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tradetui.gateway.server import GatewayServer

Json = dict[str, object]
Command = Callable[["GatewayServer", "Arguments"], Json]
"""Does one command and returns what to answer besides `ok`. Raises CommandError."""


class CommandError(ValueError):
    """A command that cannot be done; its text is the answer."""


class Arguments:
    """The fields of one command line, read with their types."""

    def __init__(self, fields: Json) -> None:
        self._fields = fields

    @property
    def fields(self) -> Json:
        """All fields as given."""
        return self._fields

    def text(self, name: str, default: str | None = None) -> str:
        """A text argument. Raises CommandError if it is missing without default or no text."""
        value = self._fields.get(name, default)
        if not isinstance(value, str):
            raise CommandError(f"{name} must be text")
        return value

    def number(self, name: str, default: float | None = None) -> float:
        """A numeric argument. Raises CommandError if it is missing without default or no number."""
        value = self._fields.get(name, default)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise CommandError(f"{name} must be a number")
        return float(value)

    def integer(self, name: str, default: int | None = None) -> int:
        """A whole-number argument. Raises CommandError if it is missing without default or not whole."""
        value = self.number(name, default)
        if not value.is_integer():
            raise CommandError(f"{name} must be a whole number")
        return int(value)

    def flag(self, name: str, default: bool) -> bool:
        """A true/false argument. Raises CommandError if it is neither."""
        value = self._fields.get(name, default)
        if not isinstance(value, bool):
            raise CommandError(f"{name} must be true or false")
        return value

    def has(self, name: str) -> bool:
        """Whether the argument was given."""
        return name in self._fields
