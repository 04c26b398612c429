"""The broker port: the only door between the trading core's shell and a broker.

Facts come out as domain events through one sink, called on the event loop in the order the broker sent them; the sink
only queues and cannot fail. Orders go in through `place` and `cancel`, which write to the socket before they return.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from tradetui.domain.bar import Bar, BarSize
from tradetui.domain.events import BrokerSnapshot, Event, SessionState
from tradetui.domain.instrument import Instrument
from tradetui.domain.order import Intent
from tradetui.domain.tick import Quote, Trade

EventSink = Callable[[Event], None]
TradeSink = Callable[[Trade], None]
QuoteSink = Callable[[Quote], None]


@dataclass(frozen=True, slots=True)
class Written:
    """Where an order went: its `order_id` on the connection of client `client_id`."""

    order_id: int
    client_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkFacts:
    """What the screen shows of the link. `round_trip_ms` and `clock_skew_s` are None until measured."""

    state: SessionState
    host: str
    port: int
    client_id: int
    account: str
    server_version: int | None
    since_mono_ns: int
    reconnects: int
    messages_per_s: float
    round_trip_ms: float | None
    clock_skew_s: float | None
    reason: str


class BrokerPort(Protocol):
    """A connection to one broker account that keeps itself alive."""

    async def run(self) -> None:
        """Connect and stay connected with jittered back-off until cancelled; report every change to the event sink."""

    async def close(self) -> None:
        """End the session in good order; idempotent."""

    @property
    def link(self) -> LinkFacts:
        """Facts about the link now."""

    def place(self, intent: Intent, order_ref: str, *, transmit: bool = True) -> Written:
        """Write one order to the socket; one that is not transmitted works only when the last of its family is.

        Raises:
            NotConnected: nothing was written.
            BrokerError: the write failed part-way; the order may be live.
        """

    def cancel(self, order_id: int, client_id: int) -> None:
        """Write a cancel for an order of this program.

        Raises:
            NotConnected: nothing was written; ask again after the reconnect.
        """

    async def snapshot(self, timeout_s: float) -> BrokerSnapshot:
        """Ask for orders, completed orders, executions, positions and account; each part to its end marker or None."""

    def watch(self, instruments: Sequence[Instrument]) -> None:
        """Set the symbols whose quotes and trades stream; kept across reconnects."""

    async def qualify(self, instrument: Instrument) -> Instrument:
        """Return the instrument with contract id and tick size from the broker.

        Raises:
            BrokerRefused: no such contract, or several match.
            BrokerTimeout: no complete answer in time.
        """

    async def history(self, symbol: str, size: BarSize, count: int, end_ns: int | None = None) -> list[Bar]:
        """Return up to `count` closed bars, oldest first, of a watched symbol; none ends after `end_ns` (None: now).

        Raises:
            BrokerError: refused, timed out or not connected; never an empty list in place of an error.
        """

    async def server_time_ns(self) -> int:
        """Return the broker's clock, UTC nanoseconds (whole seconds at IB)."""
