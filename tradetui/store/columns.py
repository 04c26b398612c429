"""Frozen dataclasses as table columns: one column per field, the field's name, by the field's annotation.

Invariant: what is read back equals what was written; a value that would not survive (NaN, infinity) is refused.
"""

from __future__ import annotations

import math
import types
from collections.abc import Callable, Sequence
from dataclasses import fields
from enum import Enum
from typing import Generic, TypeVar, Union, get_args, get_origin, get_type_hints

SqlValue = None | int | float | str | bytes
T = TypeVar("T")
Reader = Callable[[SqlValue], object]


class Columns(Generic[T]):
    """The columns of dataclass `kind`; fields in `without` are not stored and read back as their defaults."""

    def __init__(self, kind: type[T], without: frozenset[str] = frozenset()) -> None:
        hints = get_type_hints(kind)
        self.kind = kind
        self.names = tuple(f.name for f in fields(kind) if f.name not in without)  # type: ignore[arg-type]
        self._readers = tuple(_reader(hints[name]) for name in self.names)

    def values(self, item: T) -> tuple[SqlValue, ...]:
        """Return the fields of `item` as column values.

        Raises:
            ValueError: a field holds a number that is not finite, or no storable value.
        """
        return tuple(stored(name, getattr(item, name)) for name in self.names)

    def read(self, row: Sequence[SqlValue], **others: object) -> T:
        """Return the object held by `row`, whose first columns are `names` in order, with `others` not stored there."""
        stored_fields = {name: read(value) for name, read, value in zip(self.names, self._readers, row, strict=False)}
        return self.kind(**stored_fields, **others)

    def listed(self, table: str = "") -> str:
        """Return the column names for a statement, qualified with `table` when given."""
        prefix = f"{table}." if table else ""
        return ", ".join(f'{prefix}"{name}"' for name in self.names)


def select(source: str, *listed: str) -> str:
    """Return a SELECT of the `listed` columns from the table or join `source`."""
    return f"SELECT {', '.join(listed)} FROM {source}"  # noqa: S608 (names of our own code, never values)


def columns_of(kind: type[T], *without: str) -> Columns[T]:
    """Return the columns of dataclass `kind`."""
    return Columns(kind, frozenset(without))


def stored(name: str, value: object) -> SqlValue:
    """Return `value` of the field called `name` as a column value.

    Raises:
        ValueError: it is a number that is not finite, or of a type that has no column type.
    """
    if isinstance(value, Enum):
        value = value.value
    if value is None or isinstance(value, int):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"{name} is {value}, which is no number to keep")
        return value
    if isinstance(value, str):
        return storable_text(value)
    raise ValueError(f"{name} is a {type(value).__name__}, which has no column type")


def storable_text(text: str) -> str:
    """Return `text` with lone surrogates, which UTF-8 cannot hold, written as escapes."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode("utf-8")


def _reader(hint: object) -> Reader:
    if get_origin(hint) in (Union, types.UnionType):
        inner = _reader(next(arg for arg in get_args(hint) if arg is not type(None)))
        return lambda value: None if value is None else inner(value)
    if isinstance(hint, type) and issubclass(hint, Enum | bool | int | float | str):
        # An enum looks its member up by value, the plain types convert what SQLite's storage classes may have changed.
        return hint
    raise TypeError(f"no column type for {hint!r}")
