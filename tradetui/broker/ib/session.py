"""One TCP session with the gateway: opened once, lost once, then thrown away.

Invariant: after `open` returned, the handshake, nextValidId and the account list were all received; after `lost` is
set nothing is written any more and every open question has failed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tradetui.broker.ib.errors import mapped_errors
from tradetui.broker.ib.library import Client, new_client
from tradetui.broker.ib.pacing import Pacer
from tradetui.broker.ib.requests import Requests
from tradetui.broker.ib.settings import IBSettings
from tradetui.broker.ib.tap import FaultSink, Handler, Tap
from tradetui.domain.errors import BrokerError, BrokerRefused, BrokerTimeout, NotConnected

#: How long the gateway may take to close its side after we closed ours, real seconds.
FAREWELL_S = 1.0


@dataclass(slots=True)
class Hello:
    """What the gateway told at the start."""

    server_version: int = 0
    next_order_id: int | None = None
    accounts: tuple[str, ...] = ()


class Session:
    """A client of the library with our tap as its wrapper."""

    def __init__(
        self,
        settings: IBSettings,
        pacer: Pacer,
        requests: Requests,
        routes: Mapping[str, Handler],
        on_fault: FaultSink,
    ) -> None:
        self._settings = settings
        self._pacer = pacer
        self._refusal: tuple[int, str] | None = None
        self._saw_handshake = False
        self._ending = ""
        self.hello = Hello()
        self.requests = requests
        self.lost: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        own: dict[str, Handler] = {
            "connectAck": self._on_handshake,
            "nextValidId": self._on_next_id,
            "managedAccounts": self._on_accounts,
        }
        tap = Tap({**routes, **own}, on_fault, settings.tws_timezone)
        self.client: Client = new_client(tap)
        self.client.decoder.logger = tap.decoder_log
        self.client.conn.disconnected.connect(self._on_lost)

    @property
    def is_open(self) -> bool:
        """Whether a write now would reach the transport."""
        transport = self.client.conn.transport
        return self.client.isReady() and transport is not None and not transport.is_closing()

    def note_refusal(self, code: int, text: str) -> None:
        """Remember why the gateway turns this session away; it closes the socket next."""
        self._refusal = (code, text)

    async def open(self) -> Hello:
        """Connect and wait for the whole greeting.

        Raises:
            BrokerRefused: 326, the client id is in use.
            BrokerTimeout, NotConnected: with the probable cause and the remedy in the text.
        """
        settings = self._settings
        connect = asyncio.ensure_future(
            self.client.connectAsync(settings.host, settings.port, settings.client_id, settings.connect_timeout_s)
        )
        try:
            either: list[asyncio.Future[Any]] = [connect, self.lost]
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            # The library never ends its wait when the peer closes; on its own time-out it closes the socket itself.
            if not connect.done():
                raise self._turned_away()
            self._explain(connect)
        finally:
            connect.cancel()
            # Not `await connect` behind a suppress: that would swallow the cancellation of this very task.
            await asyncio.wait({connect})
            if not connect.cancelled():
                connect.exception()
        self.hello.server_version = self.client.serverVersion()
        return self.hello

    @property
    def messages_received(self) -> int:
        """Messages of the gateway so far."""
        return int(self.client.connectionStats().numMsgRecv) if self.client.isReady() else 0

    async def data_slot(self) -> None:
        """Wait for a place below the message limit.

        Raises:
            NotConnected: the session ended meanwhile.
        """
        await self._pacer.data_slot()
        self.check_open()

    def check_open(self) -> None:
        """Raise NotConnected when nothing can be written."""
        if not self.is_open:
            raise NotConnected("there is no session with the gateway; nothing was written")

    def close(self, reason: str) -> None:
        """End the session at once; unsent bytes are dropped, because a dead peer would hold them for ever."""
        transport = self.client.conn.transport
        if transport is not None:
            transport.abort()
        self._on_lost(reason)

    async def finish(self, reason: str) -> None:
        """End the session in good order: what was written arrives, what is under way is still read."""
        transport = self.client.conn.transport
        if transport is not None and not transport.is_closing():
            # A plain close with unread bytes resets the connection, and the peer may lose the cancels just written.
            self._ending = reason
            transport.write_eof()
            await asyncio.wait([self.lost], timeout=FAREWELL_S)
        self.close(reason)

    def _explain(self, connect: asyncio.Future[None]) -> None:
        where = f"{self._settings.host}:{self._settings.port}"
        error = connect.exception()
        if error is None:
            return
        if self._refusal is not None:
            raise self._turned_away()
        if isinstance(error, ConnectionRefusedError):
            raise NotConnected(
                f"nothing listens on {where}; start TWS or IB Gateway with its API socket enabled, "
                "or correct broker.host and broker.port"
            )
        if isinstance(error, TimeoutError):
            raise BrokerTimeout(self._silence(where))
        with mapped_errors(f"connecting to {where}", self._settings.connect_timeout_s):
            # A host name that cannot be one is a ValueError deep in the resolver.
            raise error if isinstance(error, OSError) else OSError(str(error))

    def _silence(self, where: str) -> str:
        if not self._saw_handshake:
            return f"{where} accepted the connection but does not speak; check its API settings and trusted addresses"
        return f"{where} greeted but sent no account or order id; look for a log-in or a dialog on the gateway's screen"

    def _turned_away(self) -> BrokerError:
        if self._refusal is not None:
            return BrokerRefused(*self._refusal)
        where = f"{self._settings.host}:{self._settings.port}"
        return NotConnected(f"{where} closed the connection during start-up; check its API settings")

    def _on_handshake(self) -> None:
        self._saw_handshake = True

    def _on_next_id(self, order_id: int) -> None:
        self.hello.next_order_id = max(order_id, self.hello.next_order_id or 0)

    def _on_accounts(self, accounts: str) -> None:
        self.hello.accounts = tuple(account for account in accounts.split(",") if account)

    def _on_lost(self, reason: str) -> None:
        if not self.lost.done():
            text = self._ending or reason or "the gateway closed the connection"
            self.lost.set_result(text)
            self.requests.break_all(text)
