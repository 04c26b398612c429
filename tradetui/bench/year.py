"""A simulated year at the paper gateway: daily sessions of four symbols, played as fast as the client reads.

The client follows all four, buys each on one day and sells it on the next, and sees every tick that the market makes.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

from tradetui.bench.measure import Measurement, Unmeasured, at_most
from tradetui.bench.stage import Play, open_stage
from tradetui.bench.wire_client import WireClient
from tradetui.gateway.wire.place_order import PLACE_ORDER
from tradetui.gateway.wire.record import Value
from tradetui.gateway.wire.replies_account import EXECUTION
from tradetui.gateway.wire.replies_market import TICK_STRING
from tradetui.gateway.wire.requests import REQ_MARKET_DATA

SYMBOLS = ("SPY", "QQQ", "DIA", "IWM")
SESSIONS = 252
START = "2025-01-02T09:29-05:00"
_DAY_S = 86_400
_LAST_TIME = b"45"


@dataclass(slots=True)
class Trader:
    """Trades once a day. `sessions` counts days on which the first symbol printed."""

    client: WireClient
    sessions: int = 0
    messages: int = 0
    fills: int = 0
    _day: int = 0
    _orders: int = 0

    def hear(self, body: bytes) -> None:
        """Take one message; the day's first print is the time to trade."""
        self.messages += 1
        if body.startswith(b"%d\0" % EXECUTION.id):
            self.fills += 1
        elif body.startswith(b"%d\0" % TICK_STRING.id):
            _, _, request, kind, text, *_ = body.split(b"\0")
            if request == b"1" and kind == _LAST_TIME and int(text) // _DAY_S > self._day:
                self._day = int(text) // _DAY_S
                self._trade()

    def _trade(self) -> None:
        self.sessions += 1
        action = "BUY" if self.sessions % 2 else "SELL"
        for symbol in SYMBOLS:
            self._orders += 1
            self.client.send(
                PLACE_ORDER, orderId=self._orders, **stock(symbol), action=action, totalQuantity=10, orderType="MKT",
                tif="GTC", transmit=True,
            )  # fmt: skip


def measure(scale: float) -> list[Measurement]:
    """Return the seconds that a year takes."""
    wanted = max(5, int(SESSIONS * scale))
    with open_stage() as stage:
        port = stage.start_gateway(Play(symbols=SYMBOLS, speed=math.inf, start=START, skip_closed=True))
        with WireClient(port, client_id=1) as client:
            trader = Trader(client)
            for number, symbol in enumerate(SYMBOLS, start=1):
                client.send(REQ_MARKET_DATA, reqId=number, **stock(symbol))
            begin = time.perf_counter()
            while trader.sessions < wanted:
                for body in client.read_some():
                    trader.hear(body)
            took = time.perf_counter() - begin
    if trader.fills < (trader.sessions - 2) * len(SYMBOLS):
        raise Unmeasured(f"only {trader.fills} fills in {trader.sessions} sessions")
    return [
        Measurement(
            name="gateway.year",
            what=f"{SESSIONS} sessions, {len(SYMBOLS)} symbols, one trading client",
            value=took * SESSIONS / trader.sessions,
            unit="s",
            budget=at_most(180),
        ),
        Measurement(
            name="gateway.year_messages",
            what="messages the client read meanwhile",
            value=trader.messages / took,
            unit="/s",
        ),
    ]


def stock(symbol: str) -> dict[str, Value]:
    """A US stock routed SMART."""
    return {"symbol": symbol, "secType": "STK", "exchange": "SMART", "currency": "USD"}
