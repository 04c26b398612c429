"""Cut a TCP byte stream into frames and build frames: u32 big-endian length, then NUL-terminated fields.

Invariant: the reader gives the same frames however the stream was split or joined, and holds at most one maximal frame.
"""

from typing import Final

from tradetui.gateway.wire.errors import FrameError

MAX_FRAME: Final = 0xFFFFFF
"""Largest body the protocol allows, in bytes."""
API_PREFIX: Final = b"API\0"
"""Raw bytes (no length) with which every client opens the conversation."""
_HEADER: Final = 4


def frame(body: bytes) -> bytes:
    """Prefix a message body with its length. Raises FrameError above the protocol's maximum."""
    if len(body) > MAX_FRAME:
        raise FrameError(f"message of {len(body)} bytes exceeds the protocol's {MAX_FRAME}")
    return len(body).to_bytes(_HEADER, "big") + body


def split_fields(body: bytes) -> list[str]:
    """The fields of a body; the terminator after the last field is optional, as the handshake leaves it out."""
    text = body.decode("utf-8", "backslashreplace")
    fields = text.split("\0")
    if fields and not fields[-1]:
        fields.pop()
    return fields


class FrameReader:
    """Incremental reader of one direction of a connection.

    `limit` is the largest accepted body in bytes; `prefixed` says that the stream opens with `API_PREFIX`.
    """

    def __init__(self, *, limit: int = MAX_FRAME, prefixed: bool = False) -> None:
        self._limit = limit
        self._await_prefix = prefixed
        self._buffer = bytearray()

    @property
    def pending(self) -> int:
        """Bytes held back because their frame is not complete."""
        return len(self._buffer)

    def feed(self, data: bytes) -> list[bytes]:
        """Bodies completed by `data`, in order. Raises FrameError on a wrong opening or an oversize length."""
        buffer = self._buffer
        buffer += data
        start = self._skip_prefix()
        bodies: list[bytes] = []
        size = len(buffer)
        while not self._await_prefix and size - start >= _HEADER:
            length = int.from_bytes(buffer[start : start + _HEADER], "big")
            if length > self._limit:
                raise FrameError(f"frame length {length} exceeds the limit of {self._limit} bytes")
            end = start + _HEADER + length
            if end > size:
                break
            bodies.append(bytes(buffer[start + _HEADER : end]))
            start = end
        del buffer[:start]
        return bodies

    def _skip_prefix(self) -> int:
        if not self._await_prefix:
            return 0
        seen = bytes(self._buffer[: len(API_PREFIX)])
        if not API_PREFIX.startswith(seen):
            raise FrameError("the connection does not open with the API handshake")
        if len(seen) < len(API_PREFIX):
            return 0
        self._await_prefix = False
        return len(API_PREFIX)
