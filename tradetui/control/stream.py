"""Asynchronous client end of the control socket, for programs with an event loop of their own.

The invariant: sending never waits. A core that stops reading is treated as gone, not waited for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from tradetui.control.client import ANSWER_S, CoreNotAnswering, CoreNotRunning, client_hello, require_own_process
from tradetui.control.codec import CodecError, Message, decode, encode
from tradetui.control.messages import MAX_LINE, PROTOCOL

#: Unsent bytes at which the core counts as gone. Commands are a few hundred bytes each.
_MAX_UNSENT = 1 << 18


class ControlStream:
    """One connection to the core, past the exchange of hellos."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self.hello: Message = {}

    @classmethod
    async def open(cls, path: Path, *, client: str, timeout_s: float = ANSWER_S) -> Self:
        """Return a stream connected to the socket at `path`, of whatever protocol the core speaks.

        Raises:
            CoreNotRunning: nothing of ours listens there.
            CoreNotAnswering: no hello came within `timeout_s`.
        """
        try:
            # Not wait_for: before Python 3.12 it can swallow a cancellation.
            async with asyncio.timeout(timeout_s):
                reader, writer = await asyncio.open_unix_connection(path, limit=MAX_LINE)
        except TimeoutError:
            raise CoreNotAnswering(f"{path}: the core does not take connections") from None
        except OSError as error:
            raise CoreNotRunning(f"{path}: {error.strerror or error}") from None
        self = cls(reader, writer)
        try:
            async with asyncio.timeout(timeout_s):
                await self._greet(client)
        except TimeoutError:
            await self.close()
            raise CoreNotAnswering(f"{path}: the core does not answer") from None
        except BaseException:
            await self.close()
            raise
        return self

    @property
    def compatible(self) -> bool:
        """Whether the core speaks our protocol."""
        return self.hello.get("protocol") == PROTOCOL

    def send(self, message: Mapping[str, object]) -> None:
        """Hand `message` to the socket without waiting.

        Raises:
            CoreNotAnswering: the connection is closed, or the core has stopped reading; nothing was sent.
        """
        if self._writer.is_closing() or self._writer.transport.get_write_buffer_size() > _MAX_UNSENT:
            raise CoreNotAnswering("the core does not read its control socket")
        self._writer.write(encode(message))

    async def receive(self) -> Message | None:
        """Return the next message, or None when the core closed the connection.

        Raises:
            CodecError: what came is no control message.
        """
        try:
            line = await self._reader.readline()
        except ValueError:
            raise CodecError("the core sent a line over the limit") from None
        except OSError:
            return None
        return decode(line) if line.endswith(b"\n") else None

    async def close(self) -> None:
        """Close the connection; the core goes on."""
        self._writer.close()
        try:
            await self._writer.wait_closed()
        except OSError:
            return

    async def _greet(self, client: str) -> None:
        sock = self._writer.get_extra_info("socket")
        if sock is not None:
            require_own_process(sock)
        self.send(client_hello(client))
        hello = await self.receive()
        if hello is None or hello["t"] != "hello":
            raise CoreNotAnswering("the core closed the connection before its hello")
        self.hello = hello
