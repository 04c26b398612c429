"""A gateway on the synthetic market, half an hour into a Monday, its clock in the test's hand."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from ib_insync import IB, Contract, Order, Trade

from tests.gateway.session.desk import until
from tests.gateway.session.scripted import SetClock
from tradetui.domain.clock import SECOND_NS, to_ns
from tradetui.gateway.assembly import DEPTH_LEVELS, make_venue
from tradetui.gateway.market.synthetic import SyntheticMarket
from tradetui.gateway.server import GatewayServer
from tradetui.gateway.session.hub import Settings
from tradetui.gateway.venue.config import VenueConfig
from tradetui.marketdata.calendar import TradingCalendar

ZONE: Final = ZoneInfo("America/New_York")
START: Final = datetime(2026, 3, 16, 10, 0, tzinfo=ZONE)
CALENDAR: Final = TradingCalendar.load("XNYS", first_year=2024, last_year=2027)


@dataclass
class World:
    """The running gateway, the market behind it and its clock."""

    gateway: GatewayServer
    market: SyntheticMarket
    clock: SetClock
    clients: list[IB] = field(default_factory=list)

    @property
    def now_ns(self) -> int:
        return self.clock.at_ns

    def wait(self, seconds: float) -> None:
        """Let market time pass and the gateway catch up with it."""
        self.clock.at_ns += round(seconds * SECOND_NS)
        while self.gateway.hub.now_ns() < self.clock.at_ns:
            self.gateway.pump.step()

    async def connect(self, client_id: int = 1) -> IB:
        """A connected ib_insync client."""
        ib = IB()  # type: ignore[no-untyped-call]
        self.clients.append(ib)
        await ib.connectAsync("127.0.0.1", self.gateway.port, clientId=client_id, timeout=5)
        return ib

    async def fill(self, ib: IB, contract: Contract, order: Order) -> Trade:
        """Send an order and let market time pass until it has traded."""
        trade = ib.placeOrder(contract, order)
        await until(lambda: trade.orderStatus.status != "PendingSubmit")
        for _ in range(12):
            # An answered question means that everything sent before it has arrived.
            await ib.reqCurrentTimeAsync()
            if trade.orderStatus.status == "Filled":
                return trade
            self.wait(10)
        raise AssertionError(trade.log)

    async def close(self) -> None:
        """Disconnect every client and stop the gateway."""
        for ib in self.clients:
            if ib.isConnected():
                ib.disconnect()  # type: ignore[no-untyped-call]
        await self.gateway.stop()


async def start_world(
    *, symbols: tuple[str, ...] = ("SPY", "QQQ", "AAPL"), settings: Settings | None = None, start: datetime = START
) -> World:
    """A gateway with a handful of instruments that tick eight times a minute."""
    start_ns = to_ns(start)
    market = SyntheticMarket(seed=7, calendar=CALENDAR, start_ns=start_ns, symbols=symbols, trades_per_minute=8)
    clock = SetClock(start_ns)
    venue = make_venue(market, VenueConfig(depth_levels=DEPTH_LEVELS))
    gateway = GatewayServer(venue=venue, market=market, clock=clock, settings=settings)
    world = World(gateway, market, clock)
    try:
        await gateway.start()
    except BaseException:
        await gateway.stop()
        raise
    world.wait(30)
    return world
