"""One client's conversation: its negotiated version, its id, what it subscribed to, and how messages reach it.

Invariant: everything a client subscribed to hangs here, so that dropping the client drops all of it and nothing else.
"""

from __future__ import annotations

import logging
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tradetui.gateway.session.outbox import Outbox
from tradetui.gateway.session.pacing import HistoryPace, MessagePace
from tradetui.gateway.wire.message import Message
from tradetui.gateway.wire.record import Value
from tradetui.gateway.wire.replies_account import ERROR

if TYPE_CHECKING:
    from tradetui.gateway.session.hub import Hub

log = logging.getLogger("tradetui.gateway")


@dataclass(slots=True)
class Subscriptions:
    """Account-side subscriptions of one client; ticks and bars live with their boards."""

    positions: bool = False
    account_updates: str | None = None
    summaries: dict[int, tuple[str, ...]] = field(default_factory=dict)
    positions_multi: dict[int, str] = field(default_factory=dict)
    updates_multi: dict[int, str] = field(default_factory=dict)
    pnl: dict[int, str] = field(default_factory=dict)
    pnl_single: dict[int, tuple[str, int]] = field(default_factory=dict)
    auto_open_orders: bool = False


class ClientSession:
    """A client that finished the handshake. `client_id` is None until startApi."""

    def __init__(self, hub: Hub, outbox: Outbox, version: int, peer: str) -> None:
        self.hub = hub
        self.outbox = outbox
        self.version = version
        self.peer = peer
        self.client_id: int | None = None
        self.market_data_type = 1
        self.subscriptions = Subscriptions()
        self.pace = MessagePace()
        self.history_pace = HistoryPace()
        self.received = 0
        """Requests read from this client."""
        self._known: dict[tuple[Hashable, ...], Hashable] = {}

    @property
    def id(self) -> int:
        """The client id. Raises RuntimeError before startApi."""
        if self.client_id is None:
            raise RuntimeError("the client has no id before startApi")
        return self.client_id

    @property
    def name(self) -> str:
        """How the log names the client."""
        return f"client {self.client_id} at {self.peer}"

    def send(self, message: Message, **values: Value) -> None:
        """Queue a message that must arrive."""
        self.emit(message, message.encode(self.version, values))

    def emit(self, message: Message, frame: bytes) -> None:
        """Queue an encoded message that must arrive."""
        if self.hub.faults.replies:
            for changed in self.hub.faults.frames(self, message, frame):
                self.outbox.put(changed)
        else:
            self.outbox.put(frame)

    def stream(self, message: Message, stream: Hashable, frame: bytes) -> None:
        """Queue market data that a newer frame of the same stream may replace while the client is slow."""
        if self.hub.faults.replies:
            for changed in self.hub.faults.frames(self, message, frame):
                self.outbox.put_latest(stream, changed)
        else:
            self.outbox.put_latest(stream, frame)

    def is_news(self, key: tuple[Hashable, ...], value: Hashable) -> bool:
        """Whether the client has not been told this value under this key; remembers it."""
        if self._known.get(key) == value:
            return False
        self._known[key] = value
        return True

    def forget(self, prefix: tuple[Hashable, ...]) -> None:
        """Treat every key that starts with `prefix` as never told, so that a new subscription gets a full answer."""
        size = len(prefix)
        for key in [key for key in self._known if key[:size] == prefix]:
            del self._known[key]

    def error(self, request_id: int | None, code: int, text: str, reject_json: str = "") -> None:
        """Send an error or notice about a request (-1: about none)."""
        self.send(
            ERROR,
            reqId=-1 if request_id is None else request_id,
            code=code,
            text=text,
            advancedReject=reject_json,
        )
