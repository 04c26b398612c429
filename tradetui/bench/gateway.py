"""The paper gateway alone, in its own process: order round trips, and ticks to one client."""

from __future__ import annotations

import time

from tradetui.bench.measure import Measurement, at_least, at_most, percentile
from tradetui.bench.stage import Play, open_stage
from tradetui.bench.wire_client import WireClient, is_reply
from tradetui.gateway.wire.place_order import PLACE_ORDER
from tradetui.gateway.wire.record import Value
from tradetui.gateway.wire.replies_account import ORDER_STATUS
from tradetui.gateway.wire.replies_market import TICK_PRICE
from tradetui.gateway.wire.requests import REQ_MARKET_DATA

ORDERS = 300
FLOOD_S = 4.0
SYMBOLS = ("SPY", "QQQ", "DIA", "IWM", "AAPL", "MSFT", "TLT", "GLD")
#: Market seconds per real second: more than the gateway can produce, so that it shows what it can.
FLOOD_SPEED = 50_000.0
NO_LIMITS = "--no-limits"
_TICK_VERSION = 6


def measure(scale: float) -> list[Measurement]:
    """Return the round trip of an order, and ticks a second to one client."""
    trips = _round_trips(max(20, int(ORDERS * scale)))
    rate = _flood(max(1.0, FLOOD_S * scale))
    return [
        Measurement(
            name="gateway.order_p50",
            what="placeOrder to its orderStatus, market at rest",
            value=percentile(trips, 50),
            unit="ms",
            budget=at_most(1),
        ),
        Measurement(name="gateway.order_p99", what="the same, 99th percentile", value=percentile(trips, 99), unit="ms"),
        Measurement(
            name="gateway.ticks",
            what=f"tick messages to one client, {len(SYMBOLS)} symbols, made as they go",
            value=rate,
            unit="/s",
            budget=at_least(100_000),
        ),
    ]


def _round_trips(count: int) -> list[float]:
    """Return the milliseconds of `count` orders that rest far from the market."""
    order: dict[str, Value] = {**stock("SPY"), "action": "BUY", "totalQuantity": 1, "tif": "DAY", "transmit": True}
    trips = []
    with open_stage() as stage:
        port = stage.start_gateway(Play(symbols=(), speed=1.0), NO_LIMITS)
        with WireClient(port, client_id=1) as client:
            for number in range(1, count + 1):
                begin = time.perf_counter()
                client.send(PLACE_ORDER, orderId=number, orderType="LMT", lmtPrice=1.0, **order)
                client.read_until(is_reply(ORDER_STATUS, number))
                trips.append((time.perf_counter() - begin) * 1000)
    return trips


def _flood(seconds: float) -> float:
    """Return messages a second to a client of all symbols."""
    with open_stage() as stage:
        port = stage.start_gateway(Play(symbols=(), speed=FLOOD_SPEED), NO_LIMITS)
        with WireClient(port, client_id=1) as client:
            for number, symbol in enumerate(SYMBOLS, start=1):
                client.send(REQ_MARKET_DATA, reqId=number, genericTicks="233", **stock(symbol))
            client.read_until(is_reply(TICK_PRICE, _TICK_VERSION, len(SYMBOLS)))
            begin = time.perf_counter()
            messages = 0
            while (elapsed := time.perf_counter() - begin) < seconds:
                messages += len(client.read_some())
    return messages / elapsed


def stock(symbol: str) -> dict[str, Value]:
    return {"symbol": symbol, "secType": "STK", "exchange": "SMART", "currency": "USD"}
