"""TCP without sockets: ordered bytes with latency, cut into pieces, stalled, lost or delivered before a cut.

Invariant: what arrives is a prefix of what was written, in order; after a cut nothing more arrives, and each end hears
of the loss once. A killed process hears nothing; its peer sees the connection end, as the kernel does it.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from tradetui.simulation.shell.loop import LIFE, VirtualLoop

PORT = 4002
Tap = Callable[["End", bytes], None]


@dataclass
class Weather:
    """How the network behaves now. `piece` 0 delivers what was written in one piece."""

    latency_s: float = 0.0004
    piece: int = 0
    stalled: bool = False


class _Name:
    """Stands in for a listening socket: it knows its address."""

    def __init__(self, port: int) -> None:
        self._port = port

    def getsockname(self) -> tuple[str, int]:
        """Return host and port."""
        return ("127.0.0.1", self._port)


class Listener:
    """What `create_server` returns."""

    def __init__(self, network: Network, factory: Callable[[], asyncio.Protocol], port: int) -> None:
        self._network = network
        self.factory = factory
        self.context = contextvars.copy_context()
        self.port = port
        self.sockets = [_Name(port)]

    def close(self) -> None:
        """Listen no more."""
        if self._network.listeners.get(self.port) is self:
            del self._network.listeners[self.port]

    async def wait_closed(self) -> None:
        """Return at once."""


class End(asyncio.Transport):
    """One end of a connection."""

    def __init__(self, network: Network, protocol: asyncio.Protocol, context: contextvars.Context) -> None:
        super().__init__()
        self.network = network
        self.protocol = protocol
        self.context = context
        self.peer: End = self
        self.is_server = False
        self.version = 0
        self._closing = False
        self._lost = False
        self._reading = True
        self._waiting: deque[bytes | None] = deque()
        self._last_due = 0.0

    # --- what protocols call -----------------------------------------------------------------------------------
    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send bytes to the other end."""
        if self._closing or self._lost or not data:
            return
        content = bytes(data)
        self.network.tap(self, content)
        size = self.network.weather.piece or len(content)
        for start in range(0, len(content), size):
            self.peer.expect(content[start : start + size])

    def write_eof(self) -> None:
        """Say that nothing more comes."""
        if not self._closing and not self._lost:
            self.peer.expect(None)

    def can_write_eof(self) -> bool:
        """Return True."""
        return True

    def close(self) -> None:
        """End the connection behind what was written."""
        if self._closing:
            return
        self._closing = True
        self.peer.expect(None)
        self._end_soon(None)

    def abort(self) -> None:
        """End the connection at once."""
        if not self._lost:
            self._closing = True
            self.peer.expect(None)
            self._end_soon(None)

    def is_closing(self) -> bool:
        """Return whether it was closed or lost."""
        return self._closing or self._lost

    def pause_reading(self) -> None:
        """Deliver nothing for now."""
        self._reading = False

    def resume_reading(self) -> None:
        """Deliver what waits, then everything as it comes."""
        self._reading = True
        self._flush()

    def get_write_buffer_size(self) -> int:
        """Return 0: the kernel takes everything."""
        return 0

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """There is no buffer to limit."""

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Return the peer's name; there is no socket."""
        return ("127.0.0.1", 50_000) if name == "peername" else default

    # --- the wire ----------------------------------------------------------------------------------------------
    def expect(self, data: bytes | None) -> None:
        """Take `data` (None: the end) after the latency, behind everything before it."""
        loop = self.network.loop
        self._last_due = max(self._last_due + 1e-7, loop.time() + self.network.weather.latency_s)
        loop.call_at(self._last_due, self._arrived, data, context=self.context)

    def _arrived(self, data: bytes | None) -> None:
        if not self._lost:
            self._waiting.append(data)
            self._flush()

    def _flush(self) -> None:
        while self._waiting and self._reading and not self._lost and not self.network.weather.stalled:
            data = self._waiting.popleft()
            if data is None:
                self.protocol.eof_received()
                self._closing = True
                self._end_soon(None)
                return
            if not self._closing:
                self.protocol.data_received(data)

    def resume(self) -> None:
        """The network moves again."""
        self.network.loop.call_soon(self._flush, context=self.context)

    def _end_soon(self, error: Exception | None) -> None:
        if not self._lost:
            self._lost = True
            self.network.forget(self)
            self.network.loop.call_soon(self.protocol.connection_lost, error, context=self.context)

    def reset(self) -> None:
        """The connection is gone: nothing more arrives, the protocol hears of it."""
        self._closing = True
        self._waiting.clear()
        self._end_soon(ConnectionResetError(104, "Connection reset by peer"))

    def vanish(self) -> None:
        """The process of this end is dead: the kernel ends the connection behind what was written."""
        if not self._lost:
            self._closing = self._lost = True
            self.network.forget(self)
            self.peer.expect(None)


class Network:
    """Listeners and connections. `tap` sees everything that is written."""

    def __init__(self, loop: VirtualLoop, rng: Random) -> None:
        self.loop = loop
        self.rng = rng
        self.weather = Weather()
        self.listeners: dict[int, Listener] = {}
        self.ends: list[End] = []
        self.tap: Tap = lambda _end, _data: None

    def listen(self, factory: Callable[[], asyncio.Protocol], port: int | None) -> Listener:
        """Listen on `port`, 0 for the usual one."""
        listener = Listener(self, factory, port or PORT)
        self.listeners[listener.port] = listener
        return listener

    async def connect(
        self, factory: Callable[[], asyncio.Protocol], port: int
    ) -> tuple[asyncio.Transport, asyncio.Protocol]:
        """Connect to a listener.

        Raises:
            ConnectionRefusedError: nothing listens there.
        """
        await asyncio.sleep(self.weather.latency_s)
        listener = self.listeners.get(port)
        if listener is None:
            raise ConnectionRefusedError(111, "Connection refused")
        near = End(self, factory(), contextvars.copy_context())
        far = End(self, listener.context.copy().run(listener.factory), listener.context.copy())
        near.peer, far.peer = far, near
        far.is_server = True
        self.ends += [near, far]
        far.context.run(far.protocol.connection_made, far)
        near.protocol.connection_made(near)
        return near, near.protocol

    def forget(self, end: End) -> None:
        """Note that an end has heard of its loss."""
        if end in self.ends:
            self.ends.remove(end)

    def cut(self) -> int:
        """Break every connection at once: what is under way is lost. Return how many ends there were."""
        ends = list(self.ends)
        for end in ends:
            end.reset()
        return len(ends)

    def cut_after(self, delay_s: float) -> None:
        """Break every connection for the client now, for the gateway after it has read what is under way."""
        for end in list(self.ends):
            if end.is_server:
                self.loop.call_later(delay_s, end.reset, context=end.context)
            else:
                end.reset()

    def stall(self, stalled: bool) -> None:
        """Deliver nothing any more, or deliver everything that waited."""
        self.weather.stalled = stalled
        if not stalled:
            for end in list(self.ends):
                end.resume()

    def process_died(self, context_life: object) -> None:
        """End the connections of a killed process as its kernel does."""
        for end in list(self.ends):
            if end.context.get(LIFE) is context_life:
                end.vanish()
