"""As fast as the clients can take it: the market waits for its clients, whole days pass in moments, futures roll."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from tests.gateway.session.desk import until
from tests.gateway.session.raw_client import RawClient
from tradetui.domain.clock import to_ns
from tradetui.gateway.assembly import make_venue
from tradetui.gateway.control.channel import ControlChannel
from tradetui.gateway.market.clock import MarketClock, SkipClosed
from tradetui.gateway.market.synthetic import SyntheticMarket
from tradetui.gateway.server import GatewayServer
from tradetui.gateway.venue.config import VenueConfig
from tradetui.gateway.wire.place_order import PLACE_ORDER
from tradetui.gateway.wire.record import Value
from tradetui.gateway.wire.replies_account import EXECUTION, ORDER_STATUS, POSITION
from tradetui.gateway.wire.replies_market import CONTRACT_DETAILS, TICK_PRICE
from tradetui.gateway.wire.requests import REQ_CONTRACT_DETAILS, REQ_MARKET_DATA, REQ_POSITIONS
from tradetui.marketdata.calendar import TradingCalendar

CALENDAR = TradingCalendar.load("XNYS", first_year=2026, last_year=2026)
#: A Tuesday morning; June's contract ends on the Thursday after it, the day before the holiday on its third Friday.
START_NS = to_ns(datetime(2026, 6, 16, 14, 0, tzinfo=UTC))
ES: dict[str, Value] = {
    "symbol": "ES", "secType": "FUT", "exchange": "CME", "currency": "USD", "expiry": "202606",
}  # fmt: skip


@pytest.fixture
async def gateway() -> AsyncIterator[GatewayServer]:
    market = SyntheticMarket(seed=1, calendar=CALENDAR, start_ns=START_NS, symbols=("SPY",), trades_per_minute=4)
    clock = MarketClock(start_ns=START_NS, speed=math.inf, monotonic_ns=lambda: 0, calendar=CALENDAR, skip=SkipClosed())
    async with GatewayServer(venue=make_venue(market, VenueConfig()), market=market, clock=clock) as running:
        yield running


async def test_the_market_waits_for_a_client_and_then_days_pass_at_once(gateway: GatewayServer) -> None:
    for _ in range(20):
        await asyncio.sleep(0.001)
    assert gateway.hub.reached_ns == START_NS
    client = await RawClient.start(gateway.port)
    third = CALENDAR.session(CALENDAR.current_or_next(START_NS).index + 2)
    await until(lambda: gateway.hub.reached_ns > third.open_ns)
    await client.close()
    await until(lambda: not gateway.hub.clients)
    stood = gateway.hub.reached_ns
    for _ in range(20):
        await asyncio.sleep(0.001)
    assert gateway.hub.reached_ns == stood


async def test_the_market_waits_for_a_client_that_does_not_read(gateway: GatewayServer) -> None:
    client = await RawClient.start(gateway.port)
    gateway.hub.clients[1].outbox.pause()
    stood = gateway.hub.reached_ns
    for _ in range(20):
        await asyncio.sleep(0.001)
    assert gateway.hub.reached_ns <= stood + 120_000_000_000
    gateway.hub.clients[1].outbox.resume()
    await until(lambda: gateway.hub.reached_ns > stood + 3_600_000_000_000)
    await client.close()


async def test_a_future_is_found_streams_when_asked_for_and_is_settled_when_it_ends(gateway: GatewayServer) -> None:
    client = await RawClient.start(gateway.port)
    client.send(REQ_CONTRACT_DETAILS, reqId=1, **ES)
    details = await client.reply(CONTRACT_DETAILS)
    assert (details["localSymbol"], details["minTick"], details["multiplier"]) == ("ESM6", 0.25, "50")
    client.send(REQ_MARKET_DATA, reqId=2, **ES)
    tick = await client.reply(TICK_PRICE)
    price = tick["price"]
    assert isinstance(price, float)
    assert price % 0.25 == 0
    client.send(PLACE_ORDER, orderId=1, **ES, action="BUY", totalQuantity=2, orderType="MKT", tif="GTC", transmit=True)
    filled = await client.reply(EXECUTION)
    assert (filled["localSymbol"], filled["shares"]) == ("ESM6", 2)
    client.send(REQ_POSITIONS)
    held = await client.until(lambda fields: fields[0] == str(POSITION.id))
    assert "ESM6" in held
    account = gateway.hub.venue.accounts[0]

    async def read_on() -> None:
        while True:
            await client.fields()

    reading = asyncio.create_task(read_on())
    await until(lambda: not gateway.hub.venue.positions(account), limit=30)
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)
    assert CALENDAR.local(gateway.hub.reached_ns).date().isoformat() >= "2026-06-18"
    await client.close()


async def test_the_control_channel_finds_a_future_by_its_local_symbol(gateway: GatewayServer) -> None:
    def ask(**command: object) -> dict[str, object]:
        return ControlChannel(gateway, 0).answer(json.dumps(command).encode())

    told = ask(cmd="set_price", symbol="ESM6", price=5000.25, hold=True)
    assert (told["bid"], told["ask"]) == (5000.0, 5000.5)
    client = await RawClient.start(gateway.port)
    client.send(PLACE_ORDER, orderId=1, **ES, action="BUY", totalQuantity=1, orderType="MKT", tif="GTC", transmit=True)
    assert (await client.reply(EXECUTION))["price"] == 5000.5
    assert ask(cmd="halt", symbol="ESM6")["halted"] == 1
    client.send(PLACE_ORDER, orderId=2, **ES, action="BUY", totalQuantity=1, orderType="MKT", tif="GTC", transmit=True)
    status = await client.until(lambda fields: fields[:2] == [str(ORDER_STATUS.id), "2"])
    assert status[2] == "PreSubmitted"
    assert "unknown symbol 'ESM9X'" in str(ask(cmd="halt", symbol="ESM9X")["error"])
    await client.close()
