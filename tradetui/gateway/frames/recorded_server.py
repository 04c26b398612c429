"""Plays the server side of a frame log to real clients: each gets what the recorded client of its turn got.

Invariant: a recorded reply leaves only after as many requests have come as had come when it was recorded.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from contextlib import suppress

from tradetui.domain.errors import OperatorError
from tradetui.gateway.frames.reading import FrameFile
from tradetui.gateway.frames.row import Row, Way
from tradetui.gateway.wire.errors import WireError
from tradetui.gateway.wire.framing import FrameReader, frame

log = logging.getLogger("tradetui.gateway")

_CHUNK = 1 << 16


class RecordedServer:
    """Serves the connections of a log, one after another, to those who connect."""

    def __init__(self, recording: FrameFile, host: str, port: int) -> None:
        self._conversations = _conversations(recording)
        self._host = host
        self.port = port
        self._server: asyncio.Server | None = None
        self._ended = asyncio.Event()
        self._under_way = 0

    async def start(self) -> None:
        """Listen. Raises OperatorError if the address cannot be used."""
        try:
            self._server = await asyncio.start_server(self._serve, self._host, self.port)
        except OSError as error:
            raise OperatorError(
                f"cannot listen on {self._host}:{self.port}: {error.strerror}; choose another --port"
            ) from None
        self.port = self._server.sockets[0].getsockname()[1]

    async def ended(self) -> None:
        """Wait until every recorded conversation has been played."""
        await self._ended.wait()

    async def stop(self) -> None:
        """Listen no more."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self._conversations:
            writer.close()
            return
        rows = self._conversations.popleft()
        self._under_way += 1
        try:
            await _play(rows, reader, writer)
        except (ConnectionError, WireError, asyncio.IncompleteReadError) as error:
            log.warning("the client left the recording: %s", error or "it hung up")
        finally:
            self._under_way -= 1
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()
            if not self._under_way and not self._conversations:
                self._ended.set()


def _conversations(recording: FrameFile) -> deque[list[Row]]:
    links: dict[int, list[Row]] = {}
    for row in recording.rows():
        if row.way in (Way.IN, Way.OUT):
            links.setdefault(row.link, []).append(row)
    return deque(links.values())


async def _play(rows: list[Row], reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    frames, waiting = FrameReader(prefixed=True), 0
    for row in rows:
        if row.way is Way.OUT:
            writer.write(frame(row.body))
            continue
        await writer.drain()
        while not waiting:
            data = await reader.read(_CHUNK)
            if not data:
                raise ConnectionError("it hung up")
            waiting += len(frames.feed(data))
        waiting -= 1
    await writer.drain()
