"""One client's output: everything written in one loop turn leaves in one write; a slow reader gets less market data.

Invariant: order, account and error messages are never dropped or reordered. While the client does not read, market data
is reduced to the latest frame per stream; when even that does not help, the client is dropped as a whole.
"""

import asyncio
from collections.abc import Callable, Hashable
from typing import Final

HELD_LIMIT: Final = 4 << 20
"""Bytes of reliable messages kept for a client that does not read."""


class Outbox:
    """Frames on their way to one client. `overflow` is called once when the client must be dropped."""

    def __init__(
        self, transport: asyncio.WriteTransport, overflow: Callable[[], None], limit: int = HELD_LIMIT
    ) -> None:
        self._transport = transport
        self._overflow = overflow
        self._limit = limit
        self._loop = asyncio.get_running_loop()
        self._frames: list[bytes] = []
        self._latest: dict[Hashable, bytes] = {}
        self._held = 0
        self._paused = False
        self._scheduled = False
        self._closed = False
        self.piece = 0
        """Largest write in bytes; 0 writes everything at once."""
        self.watch: Callable[[bytes], None] | None = None
        """Sees every frame that is handed to the socket."""
        self.sent = 0
        """Frames handed to the socket."""
        self.conflated = 0
        """Market data frames replaced by a newer one before the client read them."""

    @property
    def paused(self) -> bool:
        """Whether the client reads too slowly at the moment."""
        return self._paused

    def put(self, frame: bytes) -> None:
        """Queue a message that must arrive."""
        if self._closed:
            return
        self._frames.append(frame)
        if self._paused:
            self._held += len(frame)
            if self._held > self._limit:
                self.close()
                self._overflow()
        elif not self._scheduled:
            self._scheduled = True
            self._loop.call_soon(self.flush)

    def put_latest(self, stream: Hashable, frame: bytes) -> None:
        """Queue market data; `stream` names what a newer frame may replace."""
        if not self._paused:
            # What `put` does, without the call: this is the busiest line of the gateway.
            if not self._closed:
                self._frames.append(frame)
                if not self._scheduled:
                    self._scheduled = True
                    self._loop.call_soon(self.flush)
        elif not self._closed:
            self.conflated += stream in self._latest
            self._latest[stream] = frame

    def pause(self) -> None:
        """The socket's buffer is full."""
        self._paused = True

    def resume(self) -> None:
        """The client reads again: everything kept leaves, latest market data last."""
        self._paused = False
        self._held = 0
        self._frames.extend(self._latest.values())
        self._latest.clear()
        self.flush()

    def close(self) -> None:
        """Forget everything; later messages go nowhere."""
        self._closed = True
        self._frames.clear()
        self._latest.clear()

    def flush(self) -> None:
        """Hand what is queued to the socket, now."""
        self._scheduled = False
        if self._frames and not self._paused and not self._closed:
            frames, self._frames = self._frames, []
            self.sent += len(frames)
            if self.watch is not None:
                for frame in frames:
                    self.watch(frame)
            self._write(b"".join(frames))

    def _write(self, data: bytes) -> None:
        if not self.piece:
            self._transport.write(data)
            return
        for start in range(0, len(data), self.piece):
            self._transport.write(data[start : start + self.piece])

    def break_off(self, data: bytes) -> None:
        """Write what is queued and some last bytes, then drop the client."""
        self.flush()
        self._transport.write(data)
        self.cut()

    def cut(self) -> None:
        """Drop the client at once; what is queued is lost."""
        self.close()
        self._overflow()
