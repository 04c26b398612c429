"""History of the seeded market: every bar size, over pages, nights and early closes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import datetime
from random import Random

import pytest

from tests.broker.rig import QUICK, Told
from tradetui.broker.ib.connector import IBConnector
from tradetui.domain.bar import Bar, BarSize
from tradetui.domain.clock import Now, to_ns
from tradetui.domain.events import SessionState
from tradetui.domain.instrument import Instrument
from tradetui.gateway.assembly import GatewayOptions, build
from tradetui.marketdata.calendar import TradingCalendar
from tradetui.marketdata.intervals import interval_at

NYSE = TradingCalendar.load(first_year=2024, last_year=2026)
#: Half an hour into the Monday after the Friday that closes at one.
START = "2025-12-01T10:00:00-05:00"


@dataclass
class Archive:
    connector: IBConnector
    now_ns: int

    async def bars(self, size: BarSize, count: int, end_ns: int | None = None) -> list[Bar]:
        return await self.connector.history("SPY", size, count, end_ns)


@pytest.fixture
async def archive() -> AsyncIterator[Archive]:
    gateway = build(GatewayOptions(port=0, seed=3, speed=0.001, start=START))
    async with gateway:
        told = Told()
        clock = gateway.hub.clock
        connector = IBConnector(
            replace(QUICK, port=gateway.port, sync_timeout_s=10.0, history_timeout_s=20.0),
            NYSE,
            events=told.event,
            trades=told.trade,
            quotes=told.quote,
            clock=lambda: Now(clock.now_ns(), time.monotonic_ns()),
            rng=Random(1),
        )
        connector.watch([Instrument(symbol="SPY")])
        running = asyncio.create_task(connector.run())
        async with asyncio.timeout(20):
            while connector.link.state is not SessionState.READY:
                told.changed.clear()
                await told.changed.wait()
        yield Archive(connector, clock.now_ns())
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def check(bars: list[Bar], size: BarSize, count: int) -> None:
    """Every bar sound, aligned, strictly rising, and as many as asked for without a hole."""
    assert len(bars) == count
    assert all(bar.fault() is None for bar in bars)
    assert all(interval_at(NYSE, bar.end_ns - 1, size) is not None for bar in bars)
    assert all(interval_at(NYSE, bar.end_ns - 1, size)[1] == bar.end_ns for bar in bars)  # type: ignore[index]
    first, last = bars[0].end_ns, bars[-1].end_ns
    assert [bar.end_ns for bar in bars] == NYSE.bar_boundaries(first - 1, last, size.seconds)


@pytest.mark.parametrize(
    ("size", "count"),
    [(BarSize.M1, 800), (BarSize.M5, 100), (BarSize.M15, 60), (BarSize.M30, 40), (BarSize.H1, 30), (BarSize.D1, 25)],
)
async def test_bars_reach_back_over_nights_and_an_early_close_without_a_hole(
    archive: Archive, size: BarSize, count: int
) -> None:
    bars = await archive.bars(size, count)
    check(bars, size, count)
    assert bars[-1].end_ns <= archive.now_ns


async def test_bars_of_seconds_are_paged_back_through_the_night(archive: Archive) -> None:
    # Ten minutes of this session, the rest from the end of Friday's, which is in seconds a long way back.
    end_ns = to_ns_of("2025-12-01T09:40:00-05:00")
    bars = await archive.bars(BarSize.S30, 30, end_ns)
    check(bars, BarSize.S30, 30)
    assert sum(bar.end_ns <= NYSE.previous_close(end_ns) for bar in bars) == 10


async def test_hours_begin_at_the_session_open_as_live_bars_do(archive: Archive) -> None:
    bars = await archive.bars(BarSize.H1, 4, to_ns_of("2025-11-28T13:00:00-05:00"))
    assert [f"{NYSE.local(bar.end_ns):%H:%M}" for bar in bars] == ["10:30", "11:30", "12:30", "13:00"]
    halves = await archive.bars(BarSize.M30, 2, to_ns_of("2025-11-28T10:30:00-05:00"))
    assert (bars[0].open, bars[0].close) == (halves[0].open, halves[1].close)
    assert bars[0].volume == halves[0].volume + halves[1].volume


async def test_a_day_bar_ends_at_the_close_and_the_running_day_is_left_out(archive: Archive) -> None:
    friday, *rest = (await archive.bars(BarSize.D1, 3))[::-1]
    assert friday.end_ns == to_ns_of("2025-11-28T13:00:00-05:00")
    assert rest[0].end_ns == to_ns_of("2025-11-26T16:00:00-05:00")


def to_ns_of(text: str) -> int:
    return to_ns(datetime.fromisoformat(text))
