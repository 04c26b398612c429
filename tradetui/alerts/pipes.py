"""Lines over pipes for both sides: reading that survives over-long lines, writing that never waits.

Invariant: a writer never blocks its event loop and never holds more than `limit` bytes; what does not fit is refused,
so the caller knows.
"""

from __future__ import annotations

import asyncio
from typing import IO


class LineWriter(asyncio.BaseProtocol):
    """Writes whole lines to a pipe."""

    def __init__(self, *, limit: int) -> None:
        self._limit = limit
        self._transport: asyncio.WriteTransport | None = None
        self._writable = asyncio.Event()
        self._closed = asyncio.Event()

    @classmethod
    async def connect(cls, pipe: IO[bytes], *, limit: int) -> LineWriter:
        """Return a writer that owns `pipe`."""
        loop = asyncio.get_running_loop()
        transport, writer = await loop.connect_write_pipe(lambda: cls(limit=limit), pipe)
        transport.set_write_buffer_limits(high=limit // 2)
        return writer

    @property
    def is_closed(self) -> bool:
        """Whether the other side went away or `close` ended."""
        return self._closed.is_set()

    def write(self, line: bytes) -> bool:
        """Queue one line; False when the pipe is closed or holds too much already."""
        transport = self._transport
        if transport is None or transport.is_closing() or self.is_closed:
            return False
        if transport.get_write_buffer_size() + len(line) > self._limit:
            return False
        transport.write(line)
        return True

    async def writable(self) -> None:
        """Wait until the backlog is small again or the pipe is closed."""
        await self._writable.wait()

    def close(self) -> None:
        """Close after what is queued was written."""
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """Close at once and forget what is queued."""
        if self._transport is not None:
            self._transport.abort()

    async def closed(self) -> None:
        """Wait until the pipe is closed."""
        await self._closed.wait()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by asyncio."""
        if isinstance(transport, asyncio.WriteTransport):
            self._transport = transport
        self._writable.set()

    def pause_writing(self) -> None:
        """Called by asyncio."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """Called by asyncio."""
        self._writable.set()

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by asyncio."""
        self._transport = None  # asyncio's pipe transport cannot be closed a second time
        self._closed.set()
        self._writable.set()


class LineReader:
    """Reads lines of at most `limit` bytes; longer ones are skipped whole."""

    def __init__(self, stream: asyncio.StreamReader, transport: asyncio.BaseTransport) -> None:
        self._stream = stream
        self._transport = transport

    @classmethod
    async def connect(cls, pipe: IO[bytes], *, limit: int) -> LineReader:
        """Return a reader that owns `pipe`."""
        stream = asyncio.StreamReader(limit=limit)
        loop = asyncio.get_running_loop()
        transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(stream), pipe)
        return cls(stream, transport)

    async def line(self) -> bytes | None:
        """Return the next line, empty for one that was too long, None at the end."""
        try:
            return await self._stream.readuntil(b"\n")
        except asyncio.IncompleteReadError:
            return None  # the other side died while writing: half a line says nothing
        except asyncio.LimitOverrunError as error:
            await self._skip(error.consumed)
            return b""

    def close(self) -> None:
        """Close the pipe."""
        self._transport.close()

    async def _skip(self, consumed: int) -> None:
        while True:
            await self._stream.readexactly(max(1, consumed))
            try:
                await self._stream.readuntil(b"\n")
                return
            except asyncio.IncompleteReadError:
                return
            except asyncio.LimitOverrunError as error:
                consumed = error.consumed
