"""A gateway on a free port with a scripted market, and real ib_insync clients that talk to it."""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.gateway.session.scripted import SPY, STOCKS, ScriptedMarket, SetClock
from tradetui.domain.clock import SECOND_NS
from tradetui.gateway.faults.schedule import Schedule
from tradetui.gateway.market.events import MarketEvent, Quote, Trade
from tradetui.gateway.server import GatewayServer
from tradetui.gateway.session.hub import Settings
from tradetui.gateway.venue.config import VenueConfig
from tradetui.gateway.venue.venue import Venue

with warnings.catch_warnings():
    # eventkit asks for an event loop at import; Python 3.12 and later warn about that.
    warnings.simplefilter("ignore", DeprecationWarning)
    from ib_insync import IB

ACCOUNT = "DU1234567"


@dataclass
class Desk:
    """A running gateway and the levers of its market."""

    gateway: GatewayServer
    market: ScriptedMarket
    clock: SetClock
    clients: list[IB] = field(default_factory=list)

    @property
    def port(self) -> int:
        """Where the gateway listens."""
        return self.gateway.port

    def after(self, seconds: float) -> int:
        """Market time some seconds from now."""
        return self.clock.at_ns + round(seconds * SECOND_NS)

    def play(self, *events: MarketEvent) -> None:
        """Let these events happen, in order, and market time reach the last one."""
        self.market.waiting.extend(events)
        self.clock.at_ns = max(self.clock.at_ns, *(event.time_ns for event in events))
        self.gateway.pump.step()

    def quote(self, bid: float, ask: float, size: int = 500, con_id: int = SPY) -> None:
        self.play(Quote(self.after(0.01), con_id, bid, ask, size, size))

    def trade(self, price: float, size: int = 100, con_id: int = SPY) -> None:
        self.play(Trade(self.after(0.01), con_id, price, size))

    def wait(self, seconds: float) -> None:
        """Let market time pass."""
        self.clock.at_ns = self.after(seconds)
        self.gateway.pump.step()

    async def connect(self, client_id: int = 1, limit: float = 5.0) -> IB:
        ib = IB()  # type: ignore[no-untyped-call]
        self.clients.append(ib)
        await ib.connectAsync("127.0.0.1", self.port, clientId=client_id, timeout=limit)
        return ib

    async def leave(self, ib: IB) -> None:
        """Disconnect one client and wait until the gateway knows."""
        client_id = ib.client.clientId
        ib.disconnect()  # type: ignore[no-untyped-call]
        await until(lambda: client_id not in self.gateway.hub.clients)

    async def close(self) -> None:
        """Disconnect every client and stop the gateway."""
        for ib in self.clients:
            if ib.isConnected():
                ib.disconnect()  # type: ignore[no-untyped-call]
        await self.gateway.stop()


async def start_desk(
    *,
    cash: float = 1_000_000.0,
    accounts: tuple[str, ...] = (ACCOUNT,),
    settings: Settings | None = None,
    control: bool = False,
    schedule: Schedule | None = None,
) -> Desk:
    """A gateway with SPY quoted 430.00 x 430.02, half an hour after the open."""
    market, clock = ScriptedMarket(), SetClock()
    venue = Venue(
        config=VenueConfig(starting_cash=dict.fromkeys(accounts, cash)), calendar=market.calendar, instruments=STOCKS
    )
    gateway = GatewayServer(
        venue=venue,
        market=market,
        clock=clock,
        settings=settings,
        control_port=0 if control else None,
        schedule=schedule,
    )
    try:
        await gateway.start()
    except BaseException:
        await gateway.stop()
        raise
    desk = Desk(gateway, market, clock)
    desk.quote(430.00, 430.02)
    desk.trade(430.01)
    return desk


def errors_of(ib: IB) -> list[tuple[int, int]]:
    """A list that grows by (request or order id, code) with every error or notice the client gets."""
    seen: list[tuple[int, int]] = []

    def note(request_id: int, code: int, *_: object) -> None:
        seen.append((request_id, code))

    ib.errorEvent += note
    return seen


async def until(condition: Callable[[], object], limit: float = 5.0) -> None:
    """Return once the condition holds; fail after `limit` seconds."""
    async with asyncio.timeout(limit):
        while not condition():  # noqa: ASYNC110 - the condition is a client library's state, which has no event
            await asyncio.sleep(0.002)
