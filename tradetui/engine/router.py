"""Ways of events into the inbox: from the link, the bars, the clock and the operator.

Invariant: whatever the shell has to do about an event is done before the core sees it, so that the core never decides
on a bar with an older quote than the shell has, and a kill overtakes everything that waits.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Protocol

from tradetui.domain.events import (
    BarClosed,
    BarSource,
    BrokerMessage,
    Command,
    CommandKind,
    CommandReceived,
    Event,
    HealthChanged,
    SessionChanged,
    SessionState,
    TimerFired,
)
from tradetui.engine.bar_feed import BarFeed
from tradetui.engine.clock import MarketClock
from tradetui.engine.inbox import Inbox
from tradetui.engine.latency import OrderLatency
from tradetui.engine.quotes import QuoteConflator
from tradetui.engine.state_rows import ShellFacts

TIMER_S = 0.25
#: IB's notices that a market data farm was lost and is back.
FARM_DOWN, FARM_UP = 2103, 2104
_URGENT = frozenset(
    {CommandKind.KILL, CommandKind.FLATTEN, CommandKind.PAUSE, CommandKind.STOP, CommandKind.CANCEL_ALL}
)
_PHASES = {
    SessionState.DISCONNECTED: "starting",
    SessionState.CONNECTING: "starting",
    SessionState.SYNCING: "syncing",
    SessionState.READY: "trading",
    SessionState.DEGRADED: "syncing",
    SessionState.REFUSED: "starting",
}


class BarSink(Protocol):
    """Keeps closed bars."""

    def record(self, closed: BarClosed) -> None:
        """Take one bar; returns at once."""


class Router:
    """Puts events into `inbox`. `on_first_ready` is called once, when the link is ready for the first time."""

    def __init__(
        self,
        inbox: Inbox,
        clock: MarketClock,
        facts: ShellFacts,
        latency: OrderLatency,
        bar_recorder: BarSink,
        on_first_ready: Callable[[], None],
    ) -> None:
        self._inbox = inbox
        self._clock = clock
        self._facts = facts
        self._latency = latency
        self._bar_recorder = bar_recorder
        self._on_first_ready = on_first_ready
        self._feed: BarFeed | None = None
        self._symbols: tuple[str, ...] = ()
        self._up = False
        self._farm_is_down = False
        self._was_ready = False
        self.quotes = QuoteConflator(inbox.put)

    def attach(self, feed: BarFeed, symbols: Iterable[str]) -> None:
        """Name the feed whose trades depend on the link."""
        self._feed = feed
        self._symbols = tuple(symbols)

    def from_broker(self, event: Event) -> None:
        """Take an event of the link."""
        if isinstance(event, SessionChanged):
            self._session(event)
        elif isinstance(event, BrokerMessage):
            self._farm(event.code)
        self._inbox.put(event)

    def bar(self, closed: BarClosed) -> None:
        """Take a closed bar."""
        bar = closed.bar
        if closed.source is BarSource.LIVE:
            self._latency.bar_closed(bar.symbol, bar.end_ns, self._clock.now().mono_ns)
            self._bar_recorder.record(closed)
        self.quotes.flush(bar.symbol)
        self._inbox.put(closed)

    def command(self, command: Command) -> None:
        """Take an operator's command."""
        put = self._inbox.put_urgent if command.kind in _URGENT else self._inbox.put
        put(CommandReceived(command))

    async def beat(self) -> None:
        """Fire the core's timer and watch the inbox; never returns."""
        crowded = False
        while True:
            await asyncio.sleep(TIMER_S)
            if self._inbox.is_crowded != crowded:
                crowded = self._inbox.is_crowded
                detail = f"{len(self._inbox)} events wait: this machine is too slow" if crowded else ""
                self._inbox.put_urgent(HealthChanged("inbox", healthy=not crowded, detail=detail))
            if not crowded:
                self._inbox.put(TimerFired())

    def _farm(self, code: int) -> None:
        # The link stays up while a data farm is down, but trades are missing: bars of that time are not complete.
        if self._feed is None or not self._up:
            return
        if code == FARM_DOWN and not self._farm_is_down:
            self._farm_is_down = True
            self._feed.link_is_down()
        elif code == FARM_UP and self._farm_is_down:
            self._farm_is_down = False
            self._feed.link_is_up(self._symbols)

    def _session(self, event: SessionChanged) -> None:
        facts = self._facts
        facts.account = event.account or facts.account
        if facts.phase != "stopping":
            facts.phase = _PHASES[event.state]
        ready = event.state is SessionState.READY
        if self._feed is not None and ready and not self._up:
            self._feed.link_is_up(self._symbols)
        elif self._feed is not None and self._up and not ready:
            self._feed.link_is_down()
        self._up = ready
        self._farm_is_down = self._farm_is_down and ready
        if ready and not self._was_ready:
            self._was_ready = True
            self._on_first_ready()
