"""A byte proxy between connector and gateway that can cut the connection in the middle of a message."""

from __future__ import annotations

import asyncio
from typing import Self


class _Pipe(asyncio.Protocol):
    """One end; what it receives goes to `other`."""

    def __init__(self, proxy: ByteProxy, *, from_gateway: bool) -> None:
        self._proxy = proxy
        self._from_gateway = from_gateway
        self._early = b""
        self.transport: asyncio.Transport | None = None
        self.other: _Pipe | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._proxy.pipes.append(self)
        if not self._from_gateway:
            self._proxy.join(self)

    def data_received(self, data: bytes) -> None:
        if self.other is None or self.other.transport is None:
            self._early += data
            return
        self._forward(self.other.transport, data)

    def joined(self, other: _Pipe) -> None:
        self.other = other
        if self._early and other.transport is not None:
            early, self._early = self._early, b""
            self._forward(other.transport, early)

    def connection_lost(self, exc: Exception | None) -> None:
        if self.other is not None and self.other.transport is not None:
            self.other.transport.abort()

    def _forward(self, transport: asyncio.Transport, data: bytes) -> None:
        if not self._from_gateway:
            transport.write(data)
            return
        self._proxy.deliver(transport, data)


class ByteProxy:
    """Listens on `port` and forwards to the gateway; `cut_after` ends the stream to the client after so many bytes."""

    def __init__(self, gateway_port: int) -> None:
        self._gateway_port = gateway_port
        self._server: asyncio.Server | None = None
        self._joins: set[asyncio.Task[None]] = set()
        self.cut_after: int | None = None
        self.pipes: list[_Pipe] = []
        self.port = 0

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Pipe(self, from_gateway=False), "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for pipe in self.pipes:
            if pipe.transport is not None:
                pipe.transport.abort()
        await asyncio.gather(*self._joins, return_exceptions=True)
        await self._server.wait_closed()

    def join(self, client: _Pipe) -> None:
        """Connect a new client through to the gateway."""
        task = asyncio.create_task(self._join(client))
        self._joins.add(task)

    def deliver(self, transport: asyncio.Transport, data: bytes) -> None:
        """Hand bytes of the gateway to the client, up to the cut."""
        if self.cut_after is None:
            transport.write(data)
            return
        part, self.cut_after = data[: self.cut_after], self.cut_after - len(data)
        transport.write(part)
        if self.cut_after <= 0:
            self.cut_after = None
            # The bytes before the cut are on their way; the rest of the message never comes.
            transport.close()

    async def _join(self, client: _Pipe) -> None:
        loop = asyncio.get_running_loop()
        _, server = await loop.create_connection(
            lambda: _Pipe(self, from_gateway=True), "127.0.0.1", self._gateway_port
        )
        server.joined(client)
        client.joined(server)
