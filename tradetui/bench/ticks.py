"""Ticks from the socket through IB library, connector and bar aggregator, as fast as they can be read."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from contextlib import suppress
from random import Random

from tradetui.bench.measure import Measurement, Unmeasured, at_least
from tradetui.bench.tick_pump import SYMBOLS
from tradetui.broker.ib.connector import IBConnector
from tradetui.broker.ib.settings import IBSettings
from tradetui.domain.bar import BarSize
from tradetui.domain.clock import Now
from tradetui.domain.events import BarClosed, Event, SessionState
from tradetui.domain.instrument import Instrument
from tradetui.domain.tick import Quote, Trade
from tradetui.marketdata.aggregator import BarAggregator
from tradetui.marketdata.calendar import TradingCalendar

EVENTS = 120_000
LIMIT_S = 60.0


def measure(scale: float) -> list[Measurement]:
    """Return the messages read a second."""
    command = [sys.executable, "-m", "tradetui.bench.tick_pump", str(max(4_000, int(EVENTS * scale)))]
    with subprocess.Popen(  # noqa: S603 (our own interpreter and module)
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as pump:
        try:
            messages, seconds, trades = asyncio.run(_read(pump))
        finally:
            pump.kill()
    return [
        Measurement(
            name="ticks.rate",
            what=f"tick messages read, {messages:,} with {trades:,} trades: library, connector, aggregator",
            value=messages / seconds,
            unit="/s",
            budget=at_least(100_000),
        )
    ]


class _Ears:
    """What the connector tells goes here: trades into bars of three sizes, the rest is counted."""

    def __init__(self, calendar: TradingCalendar) -> None:
        self._bars = BarAggregator(calendar, (BarSize.S5, BarSize.M1, BarSize.M5))
        self.market_ns = 0
        self.trades = 0
        self.quotes = 0
        self.closed: list[BarClosed] = []
        self.state = SessionState.DISCONNECTED
        self.awaited_ns = 0
        self.done = asyncio.Event()

    def now(self) -> Now:
        return Now(self.market_ns, time.monotonic_ns())

    def event(self, event: Event) -> None:
        return None

    def trade(self, trade: Trade) -> None:
        self.trades += 1
        self.closed += self._bars.add(trade)
        if trade.ts_ns // 1_000_000 == self.awaited_ns // 1_000_000:
            self.done.set()

    def quote(self, quote: Quote) -> None:
        self.quotes += 1


async def _read(pump: subprocess.Popen[str]) -> tuple[int, float, int]:
    """Return how many messages were read, in how many seconds, and how many trades came of them."""
    calendar = TradingCalendar.load("XNYS", first_year=2026, last_year=2026)
    ears = _Ears(calendar)
    port = int((await _word(pump, "port"))[1])
    connector = IBConnector(
        IBSettings(port=port),
        calendar,
        events=ears.event,
        trades=ears.trade,
        quotes=ears.quote,
        clock=ears.now,
        rng=Random(1),  # noqa: S311 (jitter)
    )
    connector.watch([Instrument(symbol=symbol) for symbol in SYMBOLS])
    running = asyncio.create_task(connector.run())
    try:
        _, messages, trades, last_ns = await _word(pump, "ready")
        # Ours ahead of every tick, so that none is refused for being from the future.
        ears.market_ns = ears.awaited_ns = int(last_ns)
        ears.trades = 0
        begin = time.perf_counter()
        _say(pump)
        await _until_done(ears, pump)
        seconds = time.perf_counter() - begin
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    if ears.trades != int(trades) or not ears.closed:
        raise Unmeasured(f"{ears.trades} of {trades} trades came through, {len(ears.closed)} bars")
    return int(messages), seconds, ears.trades


async def _until_done(ears: _Ears, pump: subprocess.Popen[str]) -> None:
    deadline = time.perf_counter() + LIMIT_S
    while not ears.done.is_set():
        if pump.poll() is not None or time.perf_counter() > deadline:
            raise Unmeasured(f"{ears.trades} trades came, then no more: {_complaint(pump)}")
        with suppress(TimeoutError):
            await asyncio.wait_for(ears.done.wait(), 1.0)


def _complaint(pump: subprocess.Popen[str]) -> str:
    """End the pump and return its last words."""
    pump.kill()
    lines = pump.stderr.read().strip().splitlines() if pump.stderr is not None else []
    return lines[-1] if lines else "the pump said nothing"


async def _word(pump: subprocess.Popen[str], name: str) -> list[str]:
    if pump.stdout is None:
        raise Unmeasured("the pump has no output")
    words = (await asyncio.wait_for(asyncio.to_thread(pump.stdout.readline), LIMIT_S)).split()
    if words[:1] != [name]:
        raise Unmeasured(f"the pump said {' '.join(words)!r} in place of {name}: {_complaint(pump)}")
    return words


def _say(pump: subprocess.Popen[str]) -> None:
    if pump.stdin is not None:
        pump.stdin.write("go\n")
        pump.stdin.flush()
