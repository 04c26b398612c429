"""A connector on a real socket against a real gateway, with everything it told in lists a test can wait on."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any, TypeVar

from tests.gateway.session.scripted import STOCKS, ScriptedMarket, SetClock
from tradetui.broker.ib.connector import IBConnector
from tradetui.broker.ib.settings import IBSettings
from tradetui.domain.clock import SECOND_NS, Now
from tradetui.domain.events import Event, SessionChanged, SessionState, SnapshotTaken
from tradetui.domain.ids import intent_id, order_ref
from tradetui.domain.instrument import Instrument
from tradetui.domain.order import Intent, OrderType, Purpose, Side, TimeInForce
from tradetui.domain.tick import Quote as DomainQuote
from tradetui.domain.tick import Trade as DomainTrade
from tradetui.gateway.market.events import MarketEvent, Quote, Trade
from tradetui.gateway.server import GatewayServer
from tradetui.gateway.session.client import ClientSession
from tradetui.gateway.session.hub import Settings
from tradetui.gateway.venue.config import VenueConfig
from tradetui.gateway.venue.model import OrderRequest
from tradetui.gateway.venue.venue import Venue
from tradetui.gateway.wire.message import Message
from tradetui.gateway.wire.record import Record

ACCOUNT = "DU1234567"
SPY_ID = STOCKS[0].contract.con_id
SPY = Instrument(symbol="SPY", con_id=SPY_ID)
QQQ = Instrument(symbol="QQQ", con_id=STOCKS[1].contract.con_id)

#: Time limits short enough for tests, long enough for a busy machine.
QUICK = IBSettings(
    client_id=42,
    connect_timeout_s=2.0,
    request_timeout_s=2.0,
    sync_timeout_s=2.0,
    history_timeout_s=5.0,
    reconnect_first_s=0.02,
    reconnect_max_s=0.05,
    heartbeat_s=30.0,
    heartbeat_limit_s=0.1,
    client_id_patience_s=0.2,
    line_retry_s=0.05,
)

EventT = TypeVar("EventT")


@dataclass
class Told:
    """What the connector told, in order."""

    events: list[Event] = field(default_factory=list)
    trades: list[DomainTrade] = field(default_factory=list)
    quotes: list[DomainQuote] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def event(self, event: Event) -> None:
        self.events.append(event)
        self.changed.set()

    def trade(self, trade: DomainTrade) -> None:
        self.trades.append(trade)
        self.changed.set()

    def quote(self, quote: DomainQuote) -> None:
        self.quotes.append(quote)
        self.changed.set()

    def of(self, kind: type[EventT]) -> list[EventT]:
        return [event for event in self.events if isinstance(event, kind)]

    def states(self) -> list[SessionState]:
        return [event.state for event in self.of(SessionChanged)]

    def snapshots(self) -> list[Any]:
        return [event.snapshot for event in self.of(SnapshotTaken)]


@dataclass
class Rig:
    """A gateway whose market a test plays by hand, and a connector with its ears."""

    gateway: GatewayServer
    market: ScriptedMarket
    clock: SetClock
    told: Told = field(default_factory=Told)
    running: list[asyncio.Task[None]] = field(default_factory=list)

    # --- the connector -----------------------------------------------------------------------------------------
    def connector(
        self,
        settings: IBSettings = QUICK,
        *,
        told: Told | None = None,
        first_order_id: int = 1,
        port: int | None = None,
    ) -> IBConnector:
        """Make a connector to this gateway (or another port); it is not running yet."""
        ears = told or self.told
        made = IBConnector(
            replace(settings, port=port or self.gateway.port),
            self.market.calendar,
            events=ears.event,
            trades=ears.trade,
            quotes=ears.quote,
            clock=self.now,
            rng=Random(1),
            first_order_id=first_order_id,
        )
        made.watch([SPY])
        return made

    def run(self, connector: IBConnector) -> asyncio.Task[None]:
        """Run a connector until the test ends."""
        task = asyncio.create_task(connector.run())
        self.running.append(task)
        return task

    async def ready(self, settings: IBSettings = QUICK, *, first_order_id: int = 1) -> IBConnector:
        """Return a connector that is READY."""
        connector = self.connector(settings, first_order_id=first_order_id)
        self.run(connector)
        await self.until(lambda: connector.link.state is SessionState.READY)
        return connector

    async def until(self, condition: Callable[[], object], limit_s: float = 10.0, told: Told | None = None) -> None:
        """Return once the condition holds; looked at whenever the connector told something, and now and then."""
        ears = told or self.told
        async with asyncio.timeout(limit_s):
            while not condition():
                ears.changed.clear()
                try:
                    await asyncio.wait_for(ears.changed.wait(), 0.02)
                except TimeoutError:
                    continue

    async def settle(self, connector: IBConnector) -> None:
        """Wait until everything the gateway sent so far has been read: an answer to a later question is in."""
        await connector.server_time_ns()

    def now(self) -> Now:
        return Now(self.clock.at_ns, time.monotonic_ns())

    # --- the market --------------------------------------------------------------------------------------------
    def after(self, seconds: float) -> int:
        return self.clock.at_ns + round(seconds * SECOND_NS)

    def play(self, *events: MarketEvent) -> None:
        """Let market events happen, in order."""
        self.market.waiting.extend(events)
        self.clock.at_ns = max(self.clock.at_ns, *(event.time_ns for event in events))
        self.gateway.pump.step()

    def quote(self, bid: float, ask: float, size: int = 500) -> None:
        self.play(Quote(self.after(0.01), SPY_ID, bid, ask, size, size))

    def trade(self, price: float, size: int = 100, seconds: float = 0.01) -> None:
        self.play(Trade(self.after(seconds), SPY_ID, price, size))

    # --- faults ------------------------------------------------------------------------------------------------
    def swallow(self, name: str, *messages: Message) -> None:
        """Let the gateway ignore these requests."""
        ids = {message.id for message in messages}

        def hook(_client: ClientSession, message: Message, _request: Record) -> bool:
            return message.id in ids

        self.gateway.hub.faults.requests[name] = hook

    def replace_replies(self, name: str, wanted: Message, change: Callable[[bytes], Sequence[bytes]]) -> None:
        """Let the gateway send other frames in place of one kind of reply."""

        def hook(_client: ClientSession, message: Message, frame: bytes) -> Sequence[bytes] | None:
            return change(frame) if message.id == wanted.id else None

        self.gateway.hub.faults.replies[name] = hook

    def heal(self) -> None:
        self.gateway.hub.faults.clear()

    def error(self, code: int, text: str, request_id: int | None = None) -> None:
        """Let the gateway send an error message to every client."""
        for client in self.gateway.hub.clients.values():
            client.error(request_id, code, text)

    async def close(self) -> None:
        for task in self.running:
            task.cancel()
        await asyncio.gather(*self.running, return_exceptions=True)
        await self.gateway.stop()


async def start_rig(*, account: str = ACCOUNT, cash: float = 1_000_000.0) -> Rig:
    """A gateway with SPY quoted 430.00 x 430.02, half an hour after the open."""
    market, clock = ScriptedMarket(), SetClock()
    venue = Venue(config=VenueConfig(starting_cash={account: cash}), calendar=market.calendar, instruments=STOCKS)
    gateway = GatewayServer(venue=venue, market=market, clock=clock, settings=Settings())
    await gateway.start()
    rig = Rig(gateway, market, clock)
    rig.quote(430.00, 430.02)
    rig.trade(430.01)
    return rig


def intent(
    side: Side = Side.BUY,
    qty: float = 100,
    *,
    order_type: OrderType = OrderType.MARKET,
    limit: float | None = None,
    stop: float | None = None,
    leg: str = "main",
    symbol: str = "SPY",
) -> Intent:
    """An intent with an identity of its own per leg."""
    return Intent(
        intent_id=intent_id("cross", symbol, 1, leg),
        strategy="cross",
        symbol=symbol,
        side=side,
        qty=qty,
        purpose=Purpose.ENTRY,
        order_type=order_type,
        tif=TimeInForce.DAY,
        limit_price=limit,
        stop_price=stop,
    )


def manual_trade(rig: Rig, symbol: str, qty: float, side: str = "BUY") -> None:
    """Let somebody trade by hand in the broker's own program."""
    contract = next(stock.contract for stock in STOCKS if stock.contract.symbol == symbol)
    rig.play(Quote(rig.after(0.01), contract.con_id, 500.00, 500.02, 500, 500))
    request = OrderRequest(contract=contract, action=side, quantity=qty, order_type="MKT", account=ACCOUNT)
    _, events = rig.gateway.hub.venue.place_manual(request, rig.clock.at_ns)
    rig.gateway.hub.deliver(events)
    rig.gateway.pump.step()


def ref_of(wanted: Intent) -> str:
    return order_ref(wanted.strategy, wanted.intent_id)
