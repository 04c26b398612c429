"""One TCP connection: bytes to frames, the handshake, startApi, then requests.

Invariant: a client is in the hub exactly from a successful startApi until its socket is gone.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from tradetui.gateway.session import codes, times
from tradetui.gateway.session.client import ClientSession
from tradetui.gateway.session.dispatch import dispatch
from tradetui.gateway.session.faults import Admission
from tradetui.gateway.session.hub import Hub
from tradetui.gateway.session.outbox import Outbox
from tradetui.gateway.wire.errors import WireError
from tradetui.gateway.wire.framing import FrameReader, frame, split_fields
from tradetui.gateway.wire.handshake import greeting, negotiate, parse_offer
from tradetui.gateway.wire.replies_account import MANAGED_ACCOUNTS, NEXT_VALID_ID
from tradetui.gateway.wire.requests import START_API

log = logging.getLogger("tradetui.gateway")

REQUEST_LIMIT: Final = 1 << 20
"""Largest request in bytes; the longest real one, an order with legs and conditions, is a few kilobytes."""
WRITE_BUFFER: Final = 1 << 18
"""Bytes the socket may hold before the client counts as slow."""


class Connection(asyncio.Protocol):
    """The server's end of one client's socket. `closed` is called once when the socket is gone."""

    def __init__(
        self, hub: Hub, opened: Callable[[Connection], Admission], closed: Callable[[Connection], None]
    ) -> None:
        self._hub = hub
        self._opened = opened
        self._closed = closed
        self._reader = FrameReader(limit=REQUEST_LIMIT, prefixed=True)
        self._transport: asyncio.Transport | None = None
        self._outbox: Outbox | None = None
        self._admission = Admission.SERVE
        self._link = 0
        self.client: ClientSession | None = None

    # --- asyncio's callbacks ------------------------------------------------------------------------------------
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client connected."""
        if not isinstance(transport, asyncio.Transport):
            raise TypeError("the gateway serves stream sockets only")
        self._transport = transport
        transport.set_write_buffer_limits(high=WRITE_BUFFER)
        self._outbox = Outbox(transport, self.abort)
        if self._hub.frame_log is not None:
            self._link = self._hub.frame_log.opened(self)
        self._admission = self._opened(self)
        if self._admission is Admission.RESET:
            self.abort()
        elif self._admission is Admission.CLOSE:
            transport.close()

    def data_received(self, data: bytes) -> None:
        """Bytes arrived; a stream that cannot be cut into frames ends the connection."""
        if self._admission is Admission.MUTE:
            return
        try:
            for body in self._reader.feed(data):
                self._frame(body)
                if self._link and self._hub.frame_log is not None:
                    self._hub.frame_log.came(self._link, self, body)
        except WireError as error:
            log.warning("%s: %s; closing", self.peer, error)
            self.close()

    def pause_writing(self) -> None:
        """The client reads too slowly."""
        if self._outbox is not None:
            self._outbox.pause()

    def resume_writing(self) -> None:
        """The client reads again."""
        if self._outbox is not None:
            self._outbox.resume()

    def connection_lost(self, exc: Exception | None) -> None:
        """The socket is gone."""
        if self._outbox is not None:
            self._outbox.close()
        if self.client is not None:
            log.info("%s disconnected", self.client.name)
            self._hub.leave(self.client)
        if self._link and self._hub.frame_log is not None:
            self._hub.frame_log.closed(self._link, self)
        self._closed(self)

    # --- the conversation ---------------------------------------------------------------------------------------
    @property
    def peer(self) -> str:
        """The client's address, for the log."""
        peer = self._transport.get_extra_info("peername") if self._transport else None
        return f"{peer[0]}:{peer[1]}" if isinstance(peer, tuple) and len(peer) > 1 else "unknown"

    @property
    def outbox(self) -> Outbox:
        """Its output. Raises RuntimeError before the connection is made."""
        if self._outbox is None:
            raise RuntimeError("not connected")
        return self._outbox

    @property
    def transport(self) -> asyncio.Transport:
        """The socket. Raises RuntimeError before the connection is made."""
        if self._transport is None:
            raise RuntimeError("not connected")
        return self._transport

    def close(self) -> None:
        """Send what is queued, then end the connection."""
        if self._transport is not None:
            # After the outbox's own flush, which was scheduled before.
            asyncio.get_running_loop().call_soon(self._transport.close)

    def silence(self, silent: bool) -> None:
        """Stop (or resume) reading and writing while the socket stays open."""
        if self._transport is None or self._outbox is None or self._transport.is_closing():
            return
        if silent:
            self._transport.pause_reading()
            self._outbox.pause()
        else:
            self._transport.resume_reading()
            self._outbox.resume()

    def leave(self) -> None:
        """Send what the client still takes, then end the connection; one that does not read is cut."""
        if self._transport is None or self._outbox is None:
            return
        if self._outbox.paused:
            self._transport.abort()
        else:
            self._outbox.flush()
            self._transport.close()

    def abort(self) -> None:
        """End the connection at once; queued messages are lost."""
        if self._transport is not None:
            self._transport.abort()

    def _frame(self, body: bytes) -> None:
        if self._transport is None or self._transport.is_closing() or self._outbox is None:
            return
        if self.client is None:
            self._greet(body, self._outbox)
        elif self.client.client_id is None:
            self._start(self.client, split_fields(body))
        else:
            dispatch(self.client, split_fields(body))

    def _greet(self, body: bytes, outbox: Outbox) -> None:
        offer = parse_offer(body)
        version = negotiate(offer, self._hub.settings.max_version)
        if version is None:
            log.warning("%s offers versions %d..%d; none in common", self.peer, offer.lowest, offer.highest)
            self.close()
            return
        outbox.put(frame(greeting(version, times.zoned(self._hub.clock.now_ns() + self._hub.skew_ns))))
        self.client = ClientSession(self._hub, outbox, version, self.peer)

    def _start(self, client: ClientSession, fields: list[str]) -> None:
        if fields[:1] != [str(START_API.id)]:
            log.warning("%s: message before startApi ignored", self.peer)
            return
        client_id = START_API.decode(client.version, fields).integer("clientId") or 0
        if not self._hub.join(client, client_id):
            log.warning("%s: client id %d is in use", self.peer, client_id)
            client.error(None, codes.IN_USE, codes.IN_USE_TEXT)
            self.client = None
            self.close()
            return
        log.info("%s connected at version %d", client.name, client.version)
        if self._admission is not Admission.NO_LOGIN:
            client.send(MANAGED_ACCOUNTS, accounts=",".join(self._hub.venue.accounts))
        if self._admission is not Admission.SERVE:
            return
        client.send(NEXT_VALID_ID, orderId=self._hub.venue.next_order_id(client_id))
        for code, text in codes.FARMS:
            client.error(None, code, text)
