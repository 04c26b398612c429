"""Bars to the core: built from live trades, warmed up and repaired from the broker's history.

Invariant: per symbol and size, bars leave in time order, each end once; a bar that missed trades is replaced by the
broker's own where it has it, and only a complete live bar is marked as one that may lead to an order.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol

from tradetui.domain.bar import Bar, BarSize
from tradetui.domain.clock import SECOND_NS
from tradetui.domain.errors import BrokerError
from tradetui.domain.events import BarClosed, BarSource
from tradetui.domain.tick import Quote, Trade
from tradetui.engine.clock import MarketClock
from tradetui.marketdata.aggregator import BarAggregator

#: Real seconds that trades of a closed bar may still be on their way.
GRACE_S = 0.2
LOOK_EVERY_S = 0.025
#: Bars fetched where no strategy needs more: enough for the screen's small charts.
SCREEN_BARS = 60
#: Real seconds that live bars wait for the repair of an incomplete one.
REPAIR_LIMIT_S = 5.0
_MAX_WAITING = 2000
_MAX_FETCH = 1000
_RETRY_S = (1.0, 3.0, 10.0, 30.0)

Key = tuple[str, BarSize]


class History(Protocol):
    """Where past bars come from."""

    def __call__(self, symbol: str, size: BarSize, count: int, end_ns: int | None = None) -> Awaitable[list[Bar]]:
        """Return up to `count` closed bars, oldest first."""


@dataclass(slots=True)
class _Lane:
    """One symbol and size. `waiting` holds live bars while older ones are fetched."""

    symbol: str
    size: BarSize
    wanted: int = SCREEN_BARS
    last_end_ns: int = 0
    warm: bool = False
    fetching: bool = False
    waiting: list[BarClosed] = field(default_factory=list)


class BarFeed:
    """Feeds `sink` with closed bars; `on_warm` is told when a lane has its past, `on_trouble` why it has not yet."""

    def __init__(
        self,
        aggregator: BarAggregator,
        keys: Iterable[Key],
        history: History,
        clock: MarketClock,
        sink: Callable[[BarClosed], None],
        on_warm: Callable[[str, BarSize], None],
        on_trouble: Callable[[str, BarSize, str], None],
    ) -> None:
        self._aggregator = aggregator
        self._lanes = {key: _Lane(*key) for key in sorted(set(keys))}
        self._history = history
        self._clock = clock
        self._sink = sink
        self._on_warm = on_warm
        self._on_trouble = on_trouble
        self._fetches: set[asyncio.Task[None]] = set()

    def take_trade(self, trade: Trade) -> None:
        """Take one trade; hot path."""
        for closed in self._aggregator.add(trade):
            self._closed(closed)

    def see_quote(self, quote: Quote) -> None:
        """Take a quote: a blank one says that the symbol's data line is not delivering."""
        self._aggregator.see_quote(quote)

    def link_is_up(self, symbols: Iterable[str]) -> None:
        """Say that every trade of `symbols` arrives from now on."""
        now_ns = self._clock.now().market_ns
        for symbol in symbols:
            self._aggregator.mark_live(now_ns, symbol)

    def link_is_down(self) -> None:
        """Say that trades may be missing from now on."""
        self._aggregator.mark_gap(self._clock.now().market_ns)

    def warm_up(self, symbol: str, size: BarSize, count: int) -> None:
        """Fetch at least `count` past bars of a lane once; asked again it fetches only what is new."""
        lane = self._lanes[symbol, size]
        lane.wanted = max(lane.wanted, count)
        if not lane.warm:
            self._fetch(lane)

    async def run(self) -> None:
        """Close bars whose time is over; never returns."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            if not self._clock.is_anchored:
                continue
            grace_ns = int(GRACE_S * self._clock.speed * SECOND_NS)
            for closed in self._aggregator.close_due(self._clock.now().market_ns, grace_ns):
                self._closed(closed)

    async def close(self) -> None:
        """End every fetch."""
        for task in self._fetches:
            task.cancel()
        await asyncio.gather(*self._fetches, return_exceptions=True)

    def _closed(self, closed: BarClosed) -> None:
        lane = self._lanes.get((closed.bar.symbol, BarSize(closed.size)))
        if lane is None or closed.bar.end_ns <= lane.last_end_ns:
            return
        if lane.warm and not lane.fetching and closed.complete:
            self._emit(lane, closed)
            return
        lane.waiting.append(closed)
        del lane.waiting[:-_MAX_WAITING]
        if lane.warm and not lane.fetching:
            self._fetch(lane)

    def _fetch(self, lane: _Lane) -> None:
        if lane.fetching:
            return
        lane.fetching = True
        task = asyncio.get_running_loop().create_task(self._repair(lane))
        self._fetches.add(task)
        task.add_done_callback(self._fetches.discard)

    async def _repair(self, lane: _Lane) -> None:
        """Fetch what the lane lacks, emit it, then emit the live bars that waited."""
        tries = 0
        while True:
            try:
                bars = await self._past(lane)
                break
            except (BrokerError, TimeoutError) as error:
                reason = str(error) or f"no answer within {REPAIR_LIMIT_S:g} s"
                self._on_trouble(lane.symbol, lane.size, reason)
                if lane.warm:
                    bars = []  # an incomplete bar is late enough: it goes out as it is, and gives no order
                    break
            await asyncio.sleep(_RETRY_S[min(tries, len(_RETRY_S) - 1)])
            tries += 1
        self._emit_past(lane, bars)
        was_warm, lane.warm, lane.fetching = lane.warm, True, False
        waiting, lane.waiting = lane.waiting, []
        for closed in waiting:
            if closed.bar.end_ns > lane.last_end_ns:
                self._emit(lane, closed)
        if not was_warm:
            self._on_warm(lane.symbol, lane.size)

    async def _past(self, lane: _Lane) -> list[Bar]:
        if not lane.warm or not lane.waiting:
            return await self._history(lane.symbol, lane.size, self._count(lane), None)
        # With an end of its own the request is not the same as one just made, which IB would hold back for 15 s.
        end_ns = lane.waiting[-1].bar.end_ns
        wanted = self._history(lane.symbol, lane.size, self._count(lane), end_ns)
        async with asyncio.timeout(REPAIR_LIMIT_S):
            return await wanted

    def _count(self, lane: _Lane) -> int:
        if not lane.warm or not lane.waiting:
            return min(lane.wanted, _MAX_FETCH)
        missing = (lane.waiting[-1].bar.end_ns - lane.last_end_ns) // lane.size.nanos
        return int(min(max(missing + 2, 5), _MAX_FETCH))

    def _emit_past(self, lane: _Lane, bars: list[Bar]) -> None:
        # A complete live bar that waited stays live: strategies may still decide on it.
        live_from = min((item.bar.end_ns for item in lane.waiting if item.complete), default=2**63)
        source = BarSource.BACKFILL if lane.warm else BarSource.WARMUP
        for bar in bars:
            if lane.last_end_ns < bar.end_ns < live_from:
                self._emit(lane, BarClosed(bar, lane.size.value, source))

    def _emit(self, lane: _Lane, closed: BarClosed) -> None:
        lane.last_end_ns = closed.bar.end_ns
        self._sink(closed)
