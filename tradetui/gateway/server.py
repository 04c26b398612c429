"""The paper gateway as one object: listens, accepts clients, runs the market.

Invariant: after the `async with` block no task, socket or timer is left; the venue's state stays with its owner.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Final, Self

from tradetui.domain.errors import OperatorError
from tradetui.gateway.control.channel import ControlChannel
from tradetui.gateway.faults.running import RunningFaults
from tradetui.gateway.faults.schedule import Schedule
from tradetui.gateway.market.market import Market
from tradetui.gateway.session.connection import Connection
from tradetui.gateway.session.faults import Admission
from tradetui.gateway.session.hub import Hub, MarketClock, Settings
from tradetui.gateway.session.pump import Pump
from tradetui.gateway.venue.venue import Venue

RETURN_RETRY_S: Final = 1.0

log = logging.getLogger("tradetui.gateway")


def check_host(host: str, *, allow_remote: bool) -> None:
    """Refuse to listen beyond this machine unless told to. Raises OperatorError."""
    if allow_remote or host == "localhost":
        return
    with suppress(ValueError):
        if ipaddress.ip_address(host).is_loopback:
            return
    raise OperatorError(
        f"--host {host}: the paper gateway has no password and listens on this machine only; "
        "use 127.0.0.1, or add --allow-remote"
    )


class GatewayServer:
    """A running gateway. `port` 0 takes any free port; read `port` once running. `control_port` None: no control."""

    def __init__(
        self,
        *,
        venue: Venue,
        market: Market,
        clock: MarketClock,
        host: str = "127.0.0.1",
        port: int = 0,
        settings: Settings | None = None,
        control_port: int | None = None,
        schedule: Schedule | None = None,
        wall_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self.hub = Hub(venue=venue, market=market, clock=clock, settings=settings or Settings())
        self.pump = Pump(self.hub, wall_s)
        self.schedule = schedule or Schedule()
        self.injected = RunningFaults(self, self.schedule.seed)
        self.connections: set[Connection] = set()
        self.speed_before_pause = clock.speed
        self._host = host
        self._port = port
        self._server: asyncio.Server | None = None
        self._pumping: asyncio.Task[None] | None = None
        self._returning: asyncio.Task[None] | None = None
        self._timers: list[asyncio.TimerHandle] = []
        self.control = None if control_port is None else ControlChannel(self, control_port)

    async def start(self) -> None:
        """Listen and start the market. Raises OperatorError if the address cannot be used."""
        try:
            await self._listen()
        except OSError as error:
            reason = error.strerror or str(error)
            raise OperatorError(
                f"cannot listen on {self._host}:{self._port}: {reason}; choose another --port (0 takes any free one)"
            ) from error
        if self.control is not None:
            await self.control.start()
        self.schedule.start(self)
        self._pumping = asyncio.create_task(self.pump.run(), name="gateway-pump")

    async def _listen(self) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self.new_connection, self._host, self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    def new_connection(self) -> Connection:
        """The server's end of one more connection."""
        return Connection(self.hub, self._opened, self._closed)

    @property
    def host(self) -> str:
        """The address it listens on."""
        return self._host

    @property
    def port(self) -> int:
        """The port it listens on."""
        return self._port

    async def serve(self) -> None:
        """Run until cancelled. Raises what ended the market, if it failed."""
        if self._pumping is None:
            raise RuntimeError("the gateway is not started")
        await asyncio.shield(self._pumping)

    async def stop(self) -> None:
        """End every fault, tell clients what is queued, close every socket in good order and stop the market."""
        self.injected.clear()
        if self._pumping is not None:
            self._pumping.cancel()
            with suppress(asyncio.CancelledError):
                await self._pumping
            self._pumping = None
        for timer in self._timers:
            timer.cancel()
        if self._returning is not None:
            self._returning.cancel()
            await asyncio.gather(self._returning, return_exceptions=True)
        if self.control is not None:
            await self.control.stop()
        for connection in tuple(self.connections):
            connection.leave()
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
            self._server = None
        # Lets every connection learn of its end.
        await asyncio.sleep(0)
        if self.hub.frame_log is not None:
            self.hub.frame_log.close()

    def drop_clients(self) -> int:
        """Cut every client's socket without a word, as a gateway's restart does. Returns how many."""
        connections = tuple(self.connections)
        for connection in connections:
            connection.abort()
        return len(connections)

    def silence(self, seconds: float) -> int:
        """Neither read nor write on any present connection for some wall seconds. Returns how many."""
        connections = tuple(self.connections)
        for connection in connections:
            connection.silence(True)
        self._timers.append(asyncio.get_running_loop().call_later(seconds, self._unsilence, connections))
        return len(connections)

    def close_port(self, seconds: float) -> None:
        """Listen no more for some wall seconds: connecting is refused, present connections stay."""
        if self._server is None:
            return
        self._server.close()
        self._server = None
        self._returning = asyncio.create_task(self._return_after(seconds), name="gateway-return")

    async def _return_after(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        while self._server is None:
            try:
                await self._listen()
            except OSError as error:
                log.warning("cannot listen on %s:%d again: %s; trying on", self._host, self._port, error)
                await asyncio.sleep(RETURN_RETRY_S)

    @staticmethod
    def _unsilence(connections: tuple[Connection, ...]) -> None:
        for connection in connections:
            connection.silence(False)

    def _opened(self, connection: Connection) -> Admission:
        if asyncio.get_running_loop().time() < self.hub.faults.refuse_until:
            return Admission.RESET
        self.connections.add(connection)
        return self.hub.faults.admission(connection)

    def _closed(self, connection: Connection) -> None:
        self.connections.discard(connection)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()
