"""The core's shell: what feeds the trading core and what carries out its actions, put together and started in order.

Everything here lives on one event loop and takes time, randomness and the outer world from its maker, so that a
simulation runs this very object. Invariant: no part reaches the socket, the journal or the core but through the others.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random

from tradetui.broker.ib.connector import IBConnector
from tradetui.broker.ib.settings import IBSettings
from tradetui.domain.actions import Reply
from tradetui.domain.alert import Alert
from tradetui.domain.bar import BarSize
from tradetui.domain.clock import Now
from tradetui.domain.events import Event, JournalFailed, JournalRestored
from tradetui.domain.instrument import Instrument
from tradetui.domain.tick import Quote, Trade
from tradetui.engine.bar_feed import BarFeed
from tradetui.engine.broker_gate import BrokerGate
from tradetui.engine.carrier import Carrier, Hands
from tradetui.engine.clock import MarketClock
from tradetui.engine.clock_sync import ClockSync
from tradetui.engine.host_port import StrategyPort
from tradetui.engine.inbox import Inbox
from tradetui.engine.journal_writer import Commits, JournalWriter
from tradetui.engine.router import BarSink, Router
from tradetui.engine.state_rows import ShellFacts
from tradetui.engine.stepper import Stepper, Steps
from tradetui.engine.supervisor import Supervisor
from tradetui.engine.warming import Warming
from tradetui.marketdata.aggregator import BarAggregator
from tradetui.marketdata.calendar import TradingCalendar
from tradetui.trading.settings import CoreSettings

_log = logging.getLogger(__name__)

#: Parts that bring news from outside; they end before the core does.
OUTER_PARTS = ("broker", "clock", "timer", "quotes", "bars")


@dataclass(frozen=True, slots=True, kw_only=True)
class ShellPlan:
    """What is traded, where, and from which time and randomness."""

    core: CoreSettings
    instruments: dict[str, Instrument]
    """The core's own, which are completed when the broker has named them."""
    link: IBSettings
    calendar: TradingCalendar
    keys: set[tuple[str, BarSize]]
    clock: MarketClock
    rng: Random
    first_order_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ShellDoors:
    """The outer world. `stop_reason` is empty while no STOP file forbids new exposure; `record` gets every input."""

    claim: Callable[[str], str]
    refuse: Callable[[str], None]
    reply: Callable[[Reply], None]
    alert: Callable[[Alert], None]
    stop: Callable[[str], None]
    stop_reason: Callable[[], str]
    kill_unsaved: Callable[[str], None]
    record: Callable[[Event, Now], None]
    bars: BarSink
    snapshot_s: float


def writer_for(journal: Commits, inbox: Inbox) -> JournalWriter:
    """Return the journal's writer; the core hears through `inbox` when it fails and when it is back."""
    return JournalWriter(
        journal,
        on_failed=lambda reason: inbox.put_urgent(JournalFailed(reason)),
        on_restored=lambda: inbox.put(JournalRestored()),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ShellParts:
    """What the shell is built around."""

    core: Steps
    inbox: Inbox
    writer: JournalWriter
    supervisor: Supervisor
    facts: ShellFacts
    hosts: Mapping[str, StrategyPort]


class Shell:
    """One core with its link, bars, strategies and journal writer; started and ended in order."""

    def __init__(self, parts: ShellParts, plan: ShellPlan, doors: ShellDoors) -> None:
        self._parts = parts
        self._plan = plan
        self._watching = False
        self._warming_up: asyncio.Task[None] | None = None
        settings, clock, facts = plan.core, plan.clock, parts.facts
        self.router = Router(parts.inbox, clock, facts, facts.latency, doors.bars, self._first_ready)
        self.gate = BrokerGate(
            forward=self.router.from_broker,
            claim=doors.claim,
            refuse=doors.refuse,
            is_timed=lambda: clock.is_anchored,
        )
        self.broker = IBConnector(
            plan.link,
            plan.calendar,
            events=self.gate.take,
            trades=self._trade,
            quotes=self._quote,
            clock=clock.now,
            rng=plan.rng,
            first_order_id=plan.first_order_id,
        )
        strategies = {setting.name: setting for setting in settings.strategies}
        self._warming = Warming(self.broker, plan.instruments, parts.hosts, strategies, parts.inbox.put)
        self.feed = BarFeed(
            BarAggregator(plan.calendar, sorted({size for _, size in plan.keys})),
            plan.keys,
            self.broker.history,
            clock,
            self.router.bar,
            self._warming.lane_is_warm,
            self._warming.lane_has_trouble,
        )
        self.router.attach(self.feed, plan.instruments)
        self.clock_sync = ClockSync(self.broker, clock, parts.inbox.put, self._timed)
        self.carrier = Carrier(self._hands(doors))
        self.stepper = Stepper(parts.core, parts.inbox, clock, self.carrier.carry_out, doors.record)

    def _hands(self, doors: ShellDoors) -> Hands:
        return Hands(
            broker=self.broker,
            journal=self._parts.writer,
            inbox=self._parts.inbox,
            clock=self._plan.clock,
            latency=self._parts.facts.latency,
            hosts=self._parts.hosts,
            reply=doors.reply,
            alert=doors.alert,
            stop=doors.stop,
            stop_reason=doors.stop_reason,
            kill_unsaved=doors.kill_unsaved,
            snapshot_s=doors.snapshot_s,
        )

    def start_core(self) -> None:
        """Start what works without a link: the journal's writer and the core."""
        self._parts.supervisor.start("journal", self._parts.writer.run)
        self._parts.supervisor.start("core", self.stepper.run)

    def start(self) -> None:
        """Start everything else: time, data, strategies, the link."""
        start = self._parts.supervisor.start
        start("timer", self.router.beat)
        start("quotes", self.router.quotes.run)
        start("bars", self.feed.run)
        for name, host in self._parts.hosts.items():
            start(f"strategy {name}", host.run)
        self._parts.facts.subscriptions = len(self._plan.instruments)
        start("clock", self.clock_sync.run)
        start("broker", self.broker.run)
        if self._plan.clock.is_anchored:
            self._timed()

    async def close_outer(self) -> None:
        """End what brings news from outside."""
        if self._warming_up is not None:
            self._warming_up.cancel()
        for part in OUTER_PARTS:
            await self._parts.supervisor.stop(part)

    async def close_core(self) -> None:
        """End what is under way, and let the core take what it was told last."""
        await self.feed.close()
        await self.carrier.close()
        await self._parts.supervisor.stop("core")
        await self.stepper.drain()

    def _timed(self) -> None:
        """Market time is known: ticks can be judged by their age, and events may pass.

        In this order: a READY that was held back counts bars as complete from its moment on.
        """
        if not self._watching:
            self._watching = True
            self.broker.watch(list(self._plan.instruments.values()))
        self.gate.release()

    def _first_ready(self) -> None:
        task = asyncio.get_running_loop().create_task(self._warming.run(self.feed, self._plan.keys))
        task.add_done_callback(_log_failure)
        self._warming_up = task

    def _trade(self, trade: Trade) -> None:
        self.feed.take_trade(trade)

    def _quote(self, quote: Quote) -> None:
        self.feed.see_quote(quote)
        self.router.quotes.take(quote)


def _log_failure(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and task.exception() is not None:
        _log.error("warming up failed", exc_info=task.exception())
