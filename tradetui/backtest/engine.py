"""The event engine: every bar of every lane in time order, each decided at its close, filled from the next open.

At one time stamp: first the bars fill the orders working in their symbols, then equity is marked and the breakers are
judged, then every strategy decides, in (symbol, strategy) order. Invariant: the result depends on bars, strategies and
spec alone: not on chunk size, wall clock, hash seed or which of the two loops ran.
"""

from __future__ import annotations

import gc
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tradetui.backtest.account import Account
from tradetui.backtest.columns import Feed
from tradetui.backtest.costs import Costs, PerOrder
from tradetui.backtest.desk import Desk
from tradetui.backtest.keeper import Keeper
from tradetui.backtest.lane import Lane
from tradetui.backtest.log import RunLog
from tradetui.backtest.matching import Matching
from tradetui.backtest.sessions import NEVER_NS, Sessions
from tradetui.backtest.watch import HaltScope, LossWatch, Trip
from tradetui.domain.bar import Bar
from tradetui.domain.errors import OperatorError, StrategyError
from tradetui.domain.instrument import Instrument
from tradetui.domain.order import OrderType
from tradetui.marketdata.bar_columns import BarColumns
from tradetui.risk.limits import BreakerAction, Limits
from tradetui.strategy.api import Strategy
from tradetui.strategy.failure import describe_failure

CHUNK = 16_384
_MARKET = OrderType.MARKET
Progress = Callable[[float], None]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSpec:
    """Everything a run depends on besides bars and strategies. Bars that end before `start_ns` only warm up."""

    limits: Limits
    sessions: Sessions
    cash: float = 100_000.0
    costs: Costs = field(default_factory=lambda: Costs(PerOrder(0.0)))
    volume_cap: float | None = None
    halt_scope: HaltScope = HaltScope.SESSION
    start_ns: int = 0
    chunk: int = CHUNK

    def __post_init__(self) -> None:
        if not 0 < self.cash < float("inf"):
            raise OperatorError(f"cash is {self.cash!r}; it must be a positive number")
        if self.volume_cap is not None and not 0 < self.volume_cap <= 1:
            raise OperatorError(f"volume cap is {self.volume_cap!r}; it must be a share above 0 and at most 1")


@dataclass(frozen=True, slots=True)
class Player:
    """A strategy made for one symbol. `owner` names it in orders, `file` is its source for error messages."""

    owner: str
    strategy: Strategy
    instrument: Instrument
    file: Path | None = None


@dataclass(frozen=True, slots=True)
class RunResult:
    """The log of a run, with the lanes in log order and the final account."""

    log: RunLog
    lanes: tuple[Lane, ...]
    account: Account
    peak: float


def run(
    players: Sequence[Player], bars: dict[str, BarColumns], spec: RunSpec, progress: Progress | None = None
) -> RunResult:
    """Run `players` over `bars` and return what happened. Players of one symbol decide in the order given.

    Raises:
        StrategyError: strategy code raised; the line names strategy, symbol, bar and its file and line.
    """
    engine = _Engine(players, bars, spec, progress)
    collecting = gc.isenabled()
    gc.disable()
    try:
        return engine.run()
    finally:
        if collecting:
            gc.enable()


class _Engine:
    def __init__(
        self, players: Sequence[Player], bars: dict[str, BarColumns], spec: RunSpec, progress: Progress | None
    ) -> None:
        self._spec = spec
        self._progress = progress
        self._bars = bars
        self._log = RunLog()
        self._account = Account(spec.cash)
        ordered = sorted(players, key=lambda player: player.instrument.symbol)
        self._players = ordered
        self._lanes = [
            Lane(index, player.owner, player.strategy, player.instrument, self._account.equity)
            for index, player in enumerate(ordered)
        ]
        self._account.attach(self._lanes)
        self._watch = LossWatch(spec.limits, self._account, spec.sessions, spec.halt_scope)
        keeper = Keeper(spec.limits, self._account, self._watch, spec.sessions)
        self._desk = Desk(self._account, keeper, spec.sessions, self._log)
        self._matching = Matching(spec.costs, spec.sessions, spec.volume_cap)
        self._feeds = [self._feed(lane) for lane in self._lanes]

    def _feed(self, lane: Lane) -> Feed:
        columns = self._bars[lane.symbol]
        start = int(np.searchsorted(columns.end_ns, self._spec.start_ns))
        return Feed(lane.strategy, columns, start, lambda bar, error: self._failure(lane, bar, error))

    def run(self) -> RunResult:
        if len(self._lanes) == 1:
            self._run_single()
        else:
            self._run_merged()
        self._log.trips = self._watch.trips
        return RunResult(self._log, tuple(self._lanes), self._account, self._watch.peak)

    # --- one lane: bars that cannot matter are not looked at -----------------------------------------------------
    def _run_single(self) -> None:
        lane, feed = self._lanes[0], self._feeds[0]
        rows = len(self._bars[lane.symbol])
        for low in range(feed.first, rows, self._spec.chunk):
            high = min(low + self._spec.chunk, rows)
            self._single_chunk(lane, feed, low, high)
            self._report(high - feed.first, rows - feed.first)

    def _single_chunk(self, lane: Lane, feed: Feed, low: int, high: int) -> None:
        bars, ((a, values_a), (b, values_b), (c, values_c)) = feed.slots(low, high)
        ctx, decide, wishes = lane.ctx, feed.decide, lane.ctx.wishes
        busy, fire_low, fire_high, wake_ns = lane.busy, lane.fire_low, lane.fire_high, lane.wake_ns
        # Indicator values arrive as loop targets: no call, no lookup.
        for bar, a.value, b.value, c.value in zip(bars, values_a, values_b, values_c, strict=False):
            if busy and (bar.low <= fire_low or bar.high >= fire_high or bar.end_ns > wake_ns):
                self._wake(lane, bar)
                busy, fire_low, fire_high, wake_ns = lane.busy, lane.fire_low, lane.fire_high, lane.wake_ns
            lane.bar = bar
            try:
                decide(bar, ctx)
            except (Exception, SystemExit) as error:
                raise self._failure(lane, bar, error) from None
            if wishes:
                self._take(lane, bar)
                busy, fire_low, fire_high, wake_ns = lane.busy, lane.fire_low, lane.fire_high, lane.wake_ns

    def _take(self, lane: Lane, bar: Bar) -> None:
        end_ns = bar.end_ns
        if end_ns > self._watch.day_close_ns:
            self._watch.roll(end_ns)
        self._desk.take(lane, lane.ctx.wishes, end_ns)
        self._arm(lane)

    def _wake(self, lane: Lane, bar: Bar) -> None:
        end_ns = bar.end_ns
        if end_ns > self._watch.day_close_ns:
            self._watch.roll(end_ns)
        if lane.orders or lane.guards:
            self._desk.book(lane, self._matching.match(lane, bar), end_ns)
            lane.tell()
        lane.bar = bar
        self._judge(end_ns)
        self._arm(lane)

    def _arm(self, lane: Lane) -> None:
        """Set the prices and the time that must wake the engine."""
        orders = lane.orders
        if orders:
            lane.busy = True
            if orders[0].order_type is _MARKET:
                lane.fire_low = math.inf  # the next bar, whatever it brings
                return
        elif not lane.qty:
            lane.busy = False
            return
        lane.busy = True
        low, high = self._watch.calm_band(lane)
        wake_ns = self._watch.day_close_ns if lane.qty else NEVER_NS
        for order in (*orders, *lane.guards) if lane.guards else orders:
            below, above = order.triggers()
            low, high, wake_ns = max(low, below), min(high, above), min(wake_ns, order.expires_ns)
        lane.fire_low, lane.fire_high, lane.wake_ns = low, high, wake_ns

    # --- several lanes: time stamp by time stamp -----------------------------------------------------------------
    def _run_merged(self) -> None:
        ends, owners = self._merged_rows()
        cursor = [feed.first for feed in self._feeds]
        low = 0
        while low < len(ends):
            high = self._chunk_end(ends, low)
            lanes = owners[low:high]
            counts = np.bincount(lanes, minlength=len(self._lanes)).tolist()
            feeds = [
                feed.bars(begin, begin + count) for feed, begin, count in zip(self._feeds, cursor, counts, strict=True)
            ]
            cursor = [begin + count for begin, count in zip(cursor, counts, strict=True)]
            self._merged_chunk(ends[low:high].tolist(), lanes.tolist(), feeds)
            low = high
            self._report(high, len(ends))

    def _merged_rows(
        self,
    ) -> tuple[np.ndarray[tuple[int], np.dtype[np.int64]], np.ndarray[tuple[int], np.dtype[np.int64]]]:
        parts = [
            self._bars[lane.symbol].end_ns[feed.first :] for lane, feed in zip(self._lanes, self._feeds, strict=True)
        ]
        ends = np.concatenate(parts)
        owners = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
        order = np.lexsort((owners, ends))
        return ends[order], owners[order]

    def _chunk_end(self, ends: Ints, low: int) -> int:
        # Bars of one time stamp stay together.
        high = min(low + self._spec.chunk, len(ends))
        return int(np.searchsorted(ends, ends[high - 1], side="right"))

    def _merged_chunk(self, ends: list[int], owners: list[int], feeds: list[Iterator[Bar]]) -> None:
        lanes, count, row = self._lanes, len(ends), 0
        while row < count:
            end_ns = ends[row]
            stop = row + 1
            while stop < count and ends[stop] == end_ns:
                stop += 1
            group = [lanes[index] for index in owners[row:stop]]
            self._slice(end_ns, group, [next(feeds[lane.index]) for lane in group])
            row = stop

    def _slice(self, end_ns: int, group: list[Lane], bars: list[Bar]) -> None:
        watch = self._watch
        if end_ns > watch.day_close_ns:
            watch.roll(end_ns)
        exposed = self._account.held_lanes > 0
        for lane, bar in zip(group, bars, strict=True):
            if lane.orders or lane.guards:
                self._desk.book(lane, self._matching.match(lane, bar), end_ns)
                lane.tell()
                exposed = True
        for lane, bar in zip(group, bars, strict=True):
            lane.bar = bar
        if exposed:
            self._judge(end_ns)
        for lane, bar in zip(group, bars, strict=True):
            try:
                self._feeds[lane.index].decide(bar, lane.ctx)
            except (Exception, SystemExit) as error:
                raise self._failure(lane, bar, error) from None
            if lane.ctx.wishes:
                self._desk.take(lane, lane.ctx.wishes, end_ns)

    # --- both ----------------------------------------------------------------------------------------------------
    def _judge(self, end_ns: int) -> None:
        """Mark equity; when a breaker trips, do what the limits say."""
        trip: Trip | None = self._watch.mark(end_ns)
        if trip is None:
            return
        action = self._spec.limits.breaker_action
        for lane in self._lanes:
            if action is not BreakerAction.BLOCK:
                self._desk.cancel(lane, end_ns, entries_only=action is BreakerAction.CANCEL)
            if action is BreakerAction.FLATTEN:
                self._desk.flatten(lane, end_ns)
                lane.tell()

    def _report(self, done: int, total: int) -> None:
        if self._progress is not None:
            self._progress(done / total)

    def _failure(self, lane: Lane, bar: Bar | None, error: BaseException) -> StrategyError:
        player = self._players[lane.index]
        where = f" at the bar ending {bar.end:%Y-%m-%d %H:%M} UTC" if bar is not None else ""
        return StrategyError(
            f"strategy {lane.owner} failed on {lane.symbol}{where}: {describe_failure(error, player.file)}"
        )
