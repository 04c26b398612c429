"""One row of a frame log: what went over one connection, when, in which direction.

Invariant: `parse(row.line())` gives the row back, byte for byte, even for bytes that are no text.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum

from tradetui.gateway.wire.framing import split_fields


class Way(StrEnum):
    """What a row tells."""

    IN = "<"
    """From the client to the gateway."""
    OUT = ">"
    """From the gateway to the client."""
    OPENED = "+"
    CLOSED = "-"
    CONTROL = "!"
    """A command of the control channel or a key of the console, as one JSON object."""


class RowError(ValueError):
    """A line that is no row; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """`wall_ns` and `market_ns` are UTC, `link` numbers connections from 1 (0: none), `body` has no length prefix."""

    wall_ns: int
    market_ns: int
    way: Way
    link: int = 0
    client_id: int | None = None
    body: bytes = b""

    @property
    def fields(self) -> list[str]:
        """The body's fields."""
        return split_fields(self.body)

    def line(self) -> str:
        """The row as one line of JSON; `f` are the fields, or `x` the body in hex where the fields do not give it."""
        row: dict[str, object] = {"t": self.wall_ns, "m": self.market_ns, "d": self.way.value}
        if self.link:
            row |= {"n": self.link, "c": self.client_id}
        if self.way in (Way.IN, Way.OUT, Way.CONTROL):
            fields = self.fields
            if _joined(fields) == self.body:
                row["f"] = fields
            else:
                row["x"] = self.body.hex()
        return json.dumps(row, separators=(",", ":")) + "\n"


def parse(line: str) -> Row:
    """Read one line. Raises RowError."""
    try:
        data = json.loads(line)
        fields, raw = data.get("f"), data.get("x")
        return Row(
            wall_ns=int(data["t"]),
            market_ns=int(data["m"]),
            way=Way(data["d"]),
            link=int(data.get("n", 0)),
            client_id=data.get("c"),
            body=bytes.fromhex(raw) if raw is not None else _joined(fields or []),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise RowError(f"not a row of a frame log: {error}") from None


def _joined(fields: list[str]) -> bytes:
    return "".join(f"{field}\0" for field in fields).encode("utf-8", "surrogatepass")
