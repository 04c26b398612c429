"""The seeded market at speed: what the ticks made live is what the broker's history says later."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from random import Random

from tests.broker.rig import QUICK, Told
from tradetui.broker.ib.connector import IBConnector
from tradetui.domain.bar import Bar, BarSize
from tradetui.domain.clock import MINUTE_NS, Now
from tradetui.domain.events import BarClosed, SessionState
from tradetui.domain.instrument import Instrument
from tradetui.gateway.assembly import GatewayOptions, build
from tradetui.marketdata.aggregator import BarAggregator
from tradetui.marketdata.calendar import TradingCalendar
from tradetui.marketdata.quality import TickRules

SYMBOLS = ("SPY", "QQQ")
START = "2025-06-02T09:29:00-04:00"


async def test_live_bars_of_a_fast_market_equal_its_history() -> None:
    calendar = TradingCalendar.load(first_year=2024, last_year=2026)
    gateway = build(GatewayOptions(port=0, seed=3, speed=120.0, start=START))
    async with gateway:
        told = Told()
        clock = gateway.hub.clock
        settings = replace(
            QUICK, port=gateway.port, request_timeout_s=10.0, tick_rules=TickRules(max_ahead_ns=10 * MINUTE_NS)
        )
        connector = IBConnector(
            settings,
            calendar,
            events=told.event,
            trades=told.trade,
            quotes=told.quote,
            clock=lambda: Now(clock.now_ns(), time.monotonic_ns()),
            rng=Random(1),
        )
        running = asyncio.create_task(connector.run())
        try:
            live, history = await live_and_history(connector, told, calendar)
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
    assert set(live) == {(symbol, size) for symbol in SYMBOLS for size in ("1m", "5m")}
    for key, bars in live.items():
        assert history[key][-len(bars) :] == bars, key
    assert len(live[("SPY", "1m")]) >= 5


async def live_and_history(
    connector: IBConnector, told: Told, calendar: TradingCalendar
) -> tuple[dict[tuple[str, str], list[Bar]], dict[tuple[str, str], list[Bar]]]:
    """Complete bars made from ticks until a five-minute bar closed, and the history up to the same ends."""
    async with asyncio.timeout(20):
        while connector.link.state is not SessionState.READY:
            told.changed.clear()
            await told.changed.wait()
        instruments = [await connector.qualify(Instrument(symbol=symbol)) for symbol in SYMBOLS]
        connector.watch(instruments)
        aggregator = BarAggregator(calendar, [BarSize.M1, BarSize.M5])
        closed: list[BarClosed] = []
        taken = 0
        while not all(any(b.size == "5m" and b.complete and b.bar.symbol == s for b in closed) for s in SYMBOLS):
            told.changed.clear()
            await told.changed.wait()
            closed += aggregator.add_all(told.trades[taken:])
            taken = len(told.trades)
    live: dict[tuple[str, str], list[Bar]] = {}
    for item in closed:
        if item.complete:
            live.setdefault((item.bar.symbol, item.size), []).append(item.bar)
    history = {
        key: await connector.history(key[0], BarSize(key[1]), len(bars), end_ns=bars[-1].end_ns)
        for key, bars in live.items()
    }
    return live, history
