"""The language in which layouts are declared: fields, constants, conditional and repeated groups, version gates.

Invariant: a layout is data. The same nodes drive decoding, encoding, fast templates and documentation, so they agree.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from tradetui.gateway.wire.errors import FieldError
from tradetui.gateway.wire.kinds import FLAG, INT, TEXT, Kind, Scalar
from tradetui.gateway.wire.record import Record
from tradetui.gateway.wire.versions import NEVER


class Cursor:
    """Sequential reader over the fields of one message."""

    __slots__ = ("_at", "_fields", "_message")

    def __init__(self, message: str, fields: Sequence[str], at: int = 0) -> None:
        self._message = message
        self._fields = fields
        self._at = at

    def take(self, name: str) -> str:
        """The next field's text. Raises FieldError at the end of the message."""
        if self._at >= len(self._fields):
            raise FieldError(self._message, name, "is missing: the message ends before it")
        text = self._fields[self._at]
        self._at += 1
        return text

    def parse(self, name: str, kind: Kind) -> Scalar:
        """The next field's value. Raises FieldError if it cannot be read."""
        text = self.take(name)
        try:
            return kind.decode(text)
        except ValueError:
            raise FieldError(self._message, name, f"is not {kind.name}: {text[:60]!r}") from None

    @property
    def left(self) -> int:
        """Fields not yet read."""
        return len(self._fields) - self._at

    @property
    def message(self) -> str:
        """Name of the message, for error texts."""
        return self._message


@dataclass(frozen=True, slots=True)
class Node:
    """Part of a layout. `since` and `until` gate it by server version: present when since <= version < until."""

    since: int = field(default=0, kw_only=True)
    until: int = field(default=NEVER, kw_only=True)

    def active(self, version: int) -> bool:
        """Whether the node exists at a server version."""
        return self.since <= version < self.until

    def read(self, cursor: Cursor, record: Record, version: int) -> None:
        """Decode the node's fields into `record`. Raises FieldError."""
        raise NotImplementedError

    def write(self, record: Record, out: list[str], version: int) -> None:
        """Append the node's fields to `out`. Raises ValueError or TypeError on a value the kind cannot spell."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class F(Node):
    """One named scalar field. `default` is written if the record lacks it; `optional` lets a message end before it."""

    name: str
    kind: Kind = TEXT
    default: Scalar = None
    optional: bool = field(default=False, kw_only=True)

    def read(self, cursor: Cursor, record: Record, version: int) -> None:
        if self.optional and not cursor.left:
            record[self.name] = self.kind.decode("")
            return
        record[self.name] = cursor.parse(self.name, self.kind)

    def write(self, record: Record, out: list[str], version: int) -> None:
        # Defaults enter the record, so that a group that depends on this field sees what is on the wire.
        value = record.setdefault(self.name, self.default)
        if isinstance(value, list):
            raise TypeError(f"{self.name} is a scalar field")
        out.append(self.kind.encoder(version)(value))


@dataclass(frozen=True, slots=True)
class C(Node):
    """A constant, such as a message's own version; any value is accepted when reading."""

    text: str
    name: str = "version"

    def read(self, cursor: Cursor, record: Record, version: int) -> None:
        cursor.take(self.name)

    def write(self, record: Record, out: list[str], version: int) -> None:
        out.append(self.text)


@dataclass(frozen=True, slots=True)
class Condition:
    """When a conditional group is present, judged by one field already read.

    Without `equals`: the field is set, true, non-empty and, for numbers, above zero.
    """

    name: str
    equals: tuple[Scalar, ...] = ()

    def holds(self, record: Record) -> bool:
        """Whether the group follows."""
        value = record.get(self.name)
        if self.equals:
            return value in self.equals
        if isinstance(value, int | float):
            return value > 0
        return bool(value)


@dataclass(frozen=True, slots=True)
class When(Node):
    """Fields that are present only under a condition."""

    condition: Condition
    nodes: tuple[Node, ...]

    def read(self, cursor: Cursor, record: Record, version: int) -> None:
        if self.condition.holds(record):
            read_all(self.nodes, cursor, record, version)

    def write(self, record: Record, out: list[str], version: int) -> None:
        if self.condition.holds(record):
            write_all(self.nodes, record, out, version)


@dataclass(frozen=True, slots=True)
class Rows(Node):
    """A count followed by that many rows."""

    name: str
    nodes: tuple[Node, ...]

    def read(self, cursor: Cursor, record: Record, version: int) -> None:
        counted = cursor.parse(f"number of {self.name}", INT)
        count = int(counted or 0)
        # Every row has at least one field: a count above what is left is a lie, refused before any allocation.
        if count < 0 or count > cursor.left:
            raise FieldError(cursor.message, f"number of {self.name}", f"is impossible: {count}")
        rows = []
        for _ in range(count):
            row = Record()
            read_all(self.nodes, cursor, row, version)
            rows.append(row)
        record[self.name] = rows

    def write(self, record: Record, out: list[str], version: int) -> None:
        rows = record.rows(self.name)
        out.append(str(len(rows)))
        for row in rows:
            write_all(self.nodes, Record(row), out, version)


def read_all(nodes: Sequence[Node], cursor: Cursor, record: Record, version: int) -> None:
    """Decode consecutive nodes that exist at `version`."""
    for node in nodes:
        if node.since <= version < node.until:
            node.read(cursor, record, version)


def write_all(nodes: Sequence[Node], record: Record, out: list[str], version: int) -> None:
    """Encode consecutive nodes that exist at `version`."""
    for node in nodes:
        if node.since <= version < node.until:
            node.write(record, out, version)


def flag(name: str, *, since: int = 0, until: int = NEVER) -> F:
    """A flag that defaults to false."""
    return F(name, FLAG, False, since=since, until=until)
