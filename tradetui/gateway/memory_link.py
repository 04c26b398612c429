"""A client's end of a connection without a socket: bytes in by call, replies counted and thrown away.

Invariant: the gateway's own Connection runs on it unchanged; only the kernel between the two is left out.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from tradetui.gateway.server import GatewayServer
from tradetui.gateway.session.connection import Connection
from tradetui.gateway.wire.framing import API_PREFIX, FrameReader, frame
from tradetui.gateway.wire.requests import START_API


class MemoryTransport(asyncio.Transport):
    """Takes what the gateway writes; `taken` sees it. Closing it reaches the protocol in the next loop turn."""

    def __init__(self, protocol: Connection, taken: Callable[[bytes], None]) -> None:
        super().__init__({"peername": ("memory", 0)})
        self._link = protocol
        self._taken = taken
        self._closing = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Hand a write to the client at once."""
        self._taken(bytes(data))

    def is_closing(self) -> bool:
        """Whether the end has come."""
        return self._closing

    def close(self) -> None:
        """End the connection."""
        if not self._closing:
            self._closing = True
            asyncio.get_running_loop().call_soon(self._link.connection_lost, None)

    def abort(self) -> None:
        """End the connection."""
        self.close()

    def pause_reading(self) -> None:
        """Nothing to do: bytes come by call only."""

    def resume_reading(self) -> None:
        """Nothing to do: bytes come by call only."""

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Nothing is ever buffered."""


class MemoryClient:
    """One client of a gateway. `replies` holds the bodies told so far when `keep` is true; `told` counts bytes."""

    def __init__(self, gateway: GatewayServer, *, keep: bool = False) -> None:
        self.connection = gateway.new_connection()
        self.replies: list[bytes] = []
        self.told = 0
        self._keep = keep
        self._frames = FrameReader()
        self._transport = MemoryTransport(self.connection, self._take)
        self.connection.connection_made(self._transport)

    @property
    def is_open(self) -> bool:
        """Whether the gateway still listens to it."""
        return not self._transport.is_closing()

    @property
    def version(self) -> int:
        """The negotiated version; 0 before the handshake."""
        return 0 if self.connection.client is None else self.connection.client.version

    @property
    def is_ready(self) -> bool:
        """Whether it is past startApi."""
        client = self.connection.client
        return client is not None and client.client_id is not None

    def feed(self, data: bytes) -> None:
        """Let the gateway read some bytes."""
        if self.is_open:
            self.connection.data_received(data)

    def log_in(self, client_id: int, version: int) -> None:
        """Shake hands at one version and start the API."""
        self.feed(API_PREFIX + frame(f"v157..{version}".encode()))
        self.feed(START_API.encode(self.version or version, {"clientId": client_id}))

    def close(self) -> None:
        """Hang up."""
        self._transport.close()

    def _take(self, data: bytes) -> None:
        self.told += len(data)
        if self._keep:
            self.replies += self._frames.feed(data)
