"""A client that speaks the wire by hand: for versions, malformed frames and readers that stop reading."""

from __future__ import annotations

import asyncio
import struct
from typing import Self

from tradetui.gateway.wire.framing import FrameReader, split_fields
from tradetui.gateway.wire.message import Message
from tradetui.gateway.wire.record import Record, Value
from tradetui.gateway.wire.replies_research import REPLIES
from tradetui.gateway.wire.requests import START_API


class RawClient:
    """One socket. `version` is what the gateway agreed to."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._frames = FrameReader()
        self._ready: list[list[str]] = []
        self.version = 0

    @classmethod
    async def open(cls, port: int) -> Self:
        """A connected socket, nothing said yet."""
        return cls(*await asyncio.open_connection("127.0.0.1", port, limit=1 << 22))

    @classmethod
    async def start(cls, port: int, client_id: int = 1, offer: str = "v157..193") -> Self:
        """A client past startApi with the whole greeting read."""
        client = await cls.open(port)
        try:
            client.write(b"API\0" + struct.pack(">I", len(offer)) + offer.encode())
            client.version = int((await client.fields())[0])
            client.send(START_API, clientId=client_id)
            await client.until(lambda fields: fields[:1] == ["4"] and "2158" in fields)
        except BaseException:
            await client.close()
            raise
        return client

    @property
    def unread(self) -> int:
        """Bytes of a frame that has not come whole."""
        return self._frames.pending

    def write(self, data: bytes) -> None:
        """Raw bytes."""
        self._writer.write(data)

    def send(self, message: Message, **values: Value) -> None:
        """A well-formed request."""
        self._writer.write(message.encode(self.version, values))

    def send_fields(self, *fields: object) -> None:
        """A frame of arbitrary fields."""
        body = "".join(f"{field}\0" for field in fields).encode()
        self._writer.write(struct.pack(">I", len(body)) + body)

    async def fields(self, limit: float = 5.0) -> list[str]:
        """The next frame's fields. Raises EOFError when the gateway closed the connection."""
        async with asyncio.timeout(limit):
            while not self._ready:
                data = await self._reader.read(1 << 16)
                if not data:
                    raise EOFError
                self._ready.extend(split_fields(body) for body in self._frames.feed(data))
        return self._ready.pop(0)

    async def until(self, wanted: object, limit: float = 5.0) -> list[str]:
        """The next frame for which `wanted` (a predicate or a Message) holds; earlier ones are dropped."""
        while True:
            fields = await self.fields(limit)
            if isinstance(wanted, Message) and fields[0] == str(wanted.id):
                return fields
            if callable(wanted) and wanted(fields):
                return fields

    async def reply(self, message: Message) -> Record:
        """The next message of one kind, decoded."""
        fields = await self.until(message)
        # The terminator of an empty last field is all there is of it.
        width = len(message.fields(self.version, {}))
        fields += [""] * (width - len(fields))
        return REPLIES[message.id].decode(self.version, fields)

    async def ended(self, limit: float = 5.0) -> bool:
        """Whether the gateway closes the connection within the limit."""
        try:
            while True:
                await self.fields(limit)
        except (EOFError, ConnectionError):
            return True
        except TimeoutError:
            return False

    async def close(self) -> None:
        """Close the socket."""
        self._writer.close()
        try:
            await self._writer.wait_closed()
        except ConnectionError:
            return
