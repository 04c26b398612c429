"""A message type: its id, its name and its layout, with the codec that interprets the layout.

Invariant: `decode(encode(record))` returns the record's fields at every server version.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from tradetui.gateway.wire.errors import FieldError
from tradetui.gateway.wire.framing import frame
from tradetui.gateway.wire.kinds import Encoder, Scalar
from tradetui.gateway.wire.record import Record, Value
from tradetui.gateway.wire.schema import C, Cursor, F, Node, read_all, write_all


@dataclass(frozen=True, slots=True, eq=False)
class Message:
    """One entry of the protocol's catalogue."""

    id: int
    name: str
    nodes: tuple[Node, ...]

    def fields(self, version: int, values: dict[str, Value]) -> list[str]:
        """The message as wire fields, its id first. Raises FieldError on a value that cannot be spelled."""
        out = [str(self.id)]
        try:
            write_all(self.nodes, Record(values), out, version)
        except (TypeError, ValueError) as error:
            raise FieldError(self.name, "record", f"cannot be written: {error}") from error
        return out

    def encode(self, version: int, values: dict[str, Value]) -> bytes:
        """The message as one frame."""
        return frame(("\0".join(self.fields(version, values)) + "\0").encode())

    def decode(self, version: int, fields: Sequence[str]) -> Record:
        """Read wire fields (id first). Surplus fields are ignored. Raises FieldError."""
        record = Record()
        read_all(self.nodes, Cursor(self.name, fields, at=1), record, version)
        return record


class Template:
    """Fast encoder of a flat message: positional values in table order, no record.

    Built from the message's own layout, so it cannot drift from it. Used where thousands of ticks a second are written.
    """

    __slots__ = ("_encoders", "_head", "names")

    def __init__(self, message: Message, version: int) -> None:
        head = str(message.id) + "\0"
        names: list[str] = []
        encoders: list[Encoder] = []
        for node in message.nodes:
            if not node.active(version):
                continue
            if isinstance(node, C) and not encoders:
                head += node.text + "\0"
            elif isinstance(node, F):
                names.append(node.name)
                encoders.append(node.kind.encoder(version))
            else:
                raise TypeError(f"{message.name} is not flat")
        self._head = head
        self._encoders = tuple(encoders)
        self.names = tuple(names)

    def __call__(self, *values: Scalar) -> bytes:
        """One frame. Raises ValueError unless exactly one value per field is given."""
        if len(values) != len(self._encoders):
            raise ValueError(f"{len(self._encoders)} values expected, {len(values)} given")
        return framed(self.opening(*values), b"")

    def opening(self, *values: Scalar) -> bytes:
        """The body up to and including the first `len(values)` fields: constant for one subscription."""
        fields = [encode(value) for encode, value in zip(self._encoders, values, strict=False)]
        return (self._head + "\0".join(fields) + "\0").encode()

    def rest(self, *values: Scalar) -> bytes:
        """The last `len(values)` fields of the body: the same for every subscriber of one event."""
        if len(values) == 1:
            # Sizes and strings, most of what a market says.
            return f"{self._encoders[-1](values[0])}\0".encode()
        encoders = self._encoders[-len(values) :]
        return ("\0".join([encode(value) for encode, value in zip(encoders, values, strict=True)]) + "\0").encode()


def framed(opening: bytes, rest: bytes) -> bytes:
    """A frame from the two parts of a body."""
    return (len(opening) + len(rest)).to_bytes(4, "big") + opening + rest


@cache
def template(message: Message, version: int) -> Template:
    """The shared template of a message at a version. Raises TypeError if its layout is not flat."""
    return Template(message, version)
