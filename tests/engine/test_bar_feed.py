"""Bars leave in order, each once; gaps are repaired from history; only complete live bars may give orders."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from tradetui.domain.bar import Bar, BarSize
from tradetui.domain.clock import SECOND_NS, Now
from tradetui.domain.errors import BrokerRefused
from tradetui.domain.events import BarClosed, BarSource
from tradetui.domain.tick import Trade
from tradetui.engine import bar_feed
from tradetui.engine.bar_feed import BarFeed
from tradetui.marketdata.aggregator import BarAggregator
from tradetui.marketdata.calendar import TradingCalendar

OPEN_NS = 1_748_871_000 * SECOND_NS  # 2025-06-02 09:30 in New York
MINUTE = 60 * SECOND_NS
M1 = BarSize.M1


def at(minutes: float) -> int:
    return OPEN_NS + int(minutes * MINUTE)


def past_bar(end_minute: int) -> Bar:
    return Bar("SPY", at(end_minute), 10.0, 10.0, 10.0, 10.0, 999.0)


class HandClock:
    """Market time moved by hand."""

    speed = 60.0
    is_anchored = True

    def __init__(self) -> None:
        self.market_ns = at(0.2)

    def now(self) -> Now:
        return Now(self.market_ns, 0)

    def observe(self, server_ns: int, sent_mono_ns: int, received_mono_ns: int) -> float | None:
        raise AssertionError("not asked here")


class World:
    """A feed with its history and what came out."""

    def __init__(self) -> None:
        self.clock = HandClock()
        self.out: list[BarClosed] = []
        self.warm: list[str] = []
        self.troubles: list[str] = []
        self.asked: list[tuple[int, int | None]] = []
        self.answers: list[list[Bar] | Exception] = []
        self.slow = asyncio.Event()
        self.slow.set()
        aggregator = BarAggregator(TradingCalendar.load("XNYS"), [M1])
        self.feed = BarFeed(
            aggregator,
            [("SPY", M1)],
            self.history,
            self.clock,
            self.out.append,
            lambda symbol, size: self.warm.append(symbol),
            lambda symbol, size, reason: self.troubles.append(reason),
        )

    async def history(self, symbol: str, size: BarSize, count: int, end_ns: int | None = None) -> list[Bar]:
        self.asked.append((count, end_ns))
        await self.slow.wait()
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def trade(self, minutes: float, price: float = 20.0) -> None:
        self.clock.market_ns = max(self.clock.market_ns, at(minutes))
        self.feed.take_trade(Trade("SPY", at(minutes), price, 1.0))

    def told(self) -> list[tuple[float, str, bool]]:
        return [((item.bar.end_ns - OPEN_NS) / MINUTE, item.source.value, item.complete) for item in self.out]


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(2):
        while True:
            if condition():
                return
            await asyncio.sleep(0.001)


@pytest.fixture
async def world(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    monkeypatch.setattr(bar_feed, "_RETRY_S", (0.001,))
    monkeypatch.setattr(bar_feed, "LOOK_EVERY_S", 0.001)
    made = World()
    running = asyncio.create_task(made.feed.run())
    yield made
    running.cancel()
    await made.feed.close()
    await asyncio.gather(running, return_exceptions=True)


async def warmed_up(world: World, bars: list[Bar]) -> None:
    world.answers.append(bars)
    world.feed.link_is_up(["SPY"])
    world.feed.warm_up("SPY", M1, 30)
    await until(lambda: world.warm == ["SPY"])


async def test_warm_up_comes_first_and_complete_live_bars_follow(world: World) -> None:
    await warmed_up(world, [past_bar(-1), past_bar(0)])
    world.feed.link_is_up(["SPY"])
    world.answers.append([past_bar(1)])
    world.trade(0.5)
    world.trade(1.5)  # closes the first minute, which began before the link was up
    await until(lambda: len(world.out) == 3)
    world.trade(2.5)
    assert world.told() == [
        (-1, "warmup", True),
        (0, "warmup", True),
        (1, "backfill", True),
        (2, "live", True),
    ]
    assert world.asked == [(60, None), (5, at(1))]


async def test_an_incomplete_bar_that_history_does_not_have_goes_out_as_incomplete(world: World) -> None:
    await warmed_up(world, [past_bar(0)])
    world.answers.append([past_bar(0)])
    world.trade(0.5)
    world.trade(1.5)
    await until(lambda: len(world.out) == 2)
    assert world.told()[-1] == (1, "live", False)


async def test_complete_live_bars_that_wait_for_a_repair_may_still_give_orders(world: World) -> None:
    await warmed_up(world, [past_bar(0)])
    world.slow.clear()
    world.answers.append([past_bar(1), past_bar(2)])
    world.trade(0.5)
    world.trade(1.5)
    world.trade(2.5)
    assert len(world.out) == 1
    world.slow.set()
    await until(lambda: len(world.out) == 3)
    assert world.told()[1:] == [(1, "backfill", True), (2, "live", True)]


async def test_a_repair_that_hangs_or_fails_does_not_hold_live_bars_for_long(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bar_feed, "REPAIR_LIMIT_S", 0.01)
    await warmed_up(world, [past_bar(0)])
    world.slow.clear()
    world.trade(0.5)
    world.trade(1.5)
    await until(lambda: len(world.out) == 2)
    assert world.told()[-1] == (1, "live", False)
    assert "no answer within" in world.troubles[0]


async def test_warm_up_is_tried_until_the_broker_answers_and_says_why_it_waits(world: World) -> None:
    world.answers += [BrokerRefused(162, "pacing violation"), BrokerRefused(162, "pacing violation")]
    await warmed_up(world, [past_bar(0)])
    assert len(world.troubles) == 2
    assert world.told() == [(0, "warmup", True)]


async def test_a_break_of_the_link_makes_the_bars_it_touches_incomplete(world: World) -> None:
    await warmed_up(world, [past_bar(0)])
    world.clock.market_ns = at(1)
    world.feed.link_is_up(["SPY"])
    world.answers += [[past_bar(1)], [past_bar(2), past_bar(3)]]
    world.trade(0.9)
    world.trade(1.1)
    await until(lambda: len(world.out) == 2)
    world.feed.link_is_down()
    world.clock.market_ns = at(2.5)
    world.feed.link_is_up(["SPY"])
    world.trade(2.6)
    world.trade(3.1)
    await until(lambda: len(world.out) == 4)
    world.trade(4.1)
    assert [source for _, source, _ in world.told()] == ["warmup", "backfill", "backfill", "backfill", "live"]


async def test_a_bar_closes_by_time_when_no_trade_follows(world: World) -> None:
    await warmed_up(world, [past_bar(0)])
    world.answers.append([])
    world.trade(0.5)
    world.clock.market_ns = at(1) + int((bar_feed.GRACE_S + 0.01) * 60 * SECOND_NS)
    await until(lambda: len(world.out) == 2)
    assert world.out[-1].source is BarSource.LIVE
