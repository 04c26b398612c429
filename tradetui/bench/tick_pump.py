"""A gateway process that sends recorded ticks as fast as the socket takes them: `python -m tradetui.bench.tick_pump N`.

The ticks are encoded by the gateway's own tick board before the clock starts, so that the reader alone is measured.
Prints `port P`; after a client has subscribed, `ready MESSAGES TRADES LAST_NS`; sends all of it on a line of input.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator, Sequence
from random import Random

from tradetui.bench.measure import write_line
from tradetui.domain.clock import SECOND_NS
from tradetui.gateway.assembly import GatewayOptions, build
from tradetui.gateway.market.events import MarketEvent, Quote, Trade
from tradetui.gateway.server import GatewayServer
from tradetui.gateway.session.client import ClientSession
from tradetui.gateway.wire.message import Message

SYMBOLS = ("SPY", "QQQ", "DIA", "IWM")
START = "2026-03-16T10:00-04:00"
QUOTES_PER_TRADE = 3
#: Market time between two events.
_STEP_NS = SECOND_NS // 100
_POLL_S = 0.02


def main(argv: Sequence[str]) -> None:
    """Serve one client."""
    asyncio.run(_serve(int(argv[0])))


async def _serve(events: int) -> None:
    # A market that stands still: what is sent is what was recorded.
    gateway = build(GatewayOptions(speed=0.0, start=START))
    async with gateway:
        write_line(f"port {gateway.port}")
        client = await _subscribed(gateway)
        frames = _Frames()
        gateway.hub.faults.replies["record"] = frames.take
        trades, last_ns = _record(gateway, events)
        gateway.hub.faults.clear()
        write_line(f"ready {len(frames.kept)} {trades} {last_ns}")
        await asyncio.to_thread(sys.stdin.readline)
        connection = next(each for each in gateway.connections if each.client is client)
        connection.transport.write(b"".join(frames.kept))
        # Until the reader has closed its end.
        await asyncio.to_thread(sys.stdin.readline)


async def _subscribed(gateway: GatewayServer) -> ClientSession:
    """Return the client once it holds a line of every symbol. The gateway raises no event for it: it is looked at."""
    while True:
        for client in gateway.hub.clients.values():
            if gateway.hub.ticks.count(client) == len(SYMBOLS):
                return client
        await asyncio.sleep(_POLL_S)


class _Frames:
    """Keeps every frame instead of letting it go."""

    def __init__(self) -> None:
        self.kept: list[bytes] = []

    def take(self, _client: ClientSession, _message: Message, frame: bytes) -> Sequence[bytes]:
        self.kept.append(frame)
        return ()


def _record(gateway: GatewayServer, count: int) -> tuple[int, int]:
    """Let `count` market events reach the tick board; return how many were trades, and the time of the last one."""
    trades = last_ns = 0
    for event in _events(gateway, count):
        gateway.hub.ticks.take(event)
        if isinstance(event, Trade):
            trades, last_ns = trades + 1, event.time_ns
    return trades, last_ns


def _events(gateway: GatewayServer, count: int) -> Iterator[MarketEvent]:
    rng = Random(7)  # noqa: S311 (prices, not secrets)
    hub = gateway.hub
    ids = [contract.con_id for contract in hub.market.contracts() if contract.symbol in SYMBOLS]
    prices = {con_id: hub.market.day_stats(con_id).previous_close or 100.0 for con_id in ids}
    at = hub.now_ns()
    for number in range(count):
        at += _STEP_NS
        con_id = ids[number // (QUOTES_PER_TRADE + 1) % len(ids)]
        price = prices[con_id] = round(prices[con_id] + rng.choice((-0.01, 0.0, 0.01)), 2)
        if number % (QUOTES_PER_TRADE + 1):
            size = 100 * rng.randint(1, 9)
            yield Quote(at, con_id, round(price - 0.01, 2), round(price + 0.01, 2), size, 500)
        else:
            yield Trade(at, con_id, price, 100 * rng.randint(1, 9))


if __name__ == "__main__":
    main(sys.argv[1:])
