"""Moves market time forward: market events into the venue, the venue's answers and the ticks out to clients.

Invariant: everything happens in market-time order. A bar boundary or a venue timer is served before any event at or
after it, and one step does not hold the event loop much longer than its budget.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable
from typing import Final

from tradetui.domain.clock import SECOND_NS
from tradetui.gateway.market.events import MarketEvent, Quote, Trade
from tradetui.gateway.session.hub import Hub

BUDGET_S: Final = 0.02
"""Wall seconds after which a step yields to the clients."""
IDLE_S: Final = 0.25
"""Longest wall time between two steps."""
PNL_EVERY_S: Final = 1.0
_SLICE_NS: Final = 10 * SECOND_NS
_MIN_DELAY_S: Final = 0.001
LEAP_NS: Final = 60 * SECOND_NS
"""How far market time goes in one step at infinite speed."""


class Pump:
    """The gateway's heartbeat. `step` is all of it; `run` calls it for ever."""

    def __init__(self, hub: Hub, wall_s: Callable[[], float] = time.monotonic) -> None:
        self._hub = hub
        self._wall_s = wall_s
        hub.catch_up = self.catch_up
        self._wake = asyncio.Event()
        self._pnl_due = 0.0
        self._held: set[int] = set()

    def wake(self) -> None:
        """Take the next step at once, for instance after the clock was changed."""
        self._wake.set()

    async def run(self) -> None:
        """Step until cancelled."""
        while True:
            delay = self.step()
            if delay > 0 and math.isinf(self._hub.clock.speed):
                delay = self.leap()
            self._wake.clear()
            if delay <= 0:
                await asyncio.sleep(0)
                continue
            try:
                async with asyncio.timeout(delay):
                    await self._wake.wait()
            except TimeoutError:
                continue

    def step(self) -> float:
        """Catch up, then send what has changed. Returns wall seconds until there is more to do."""
        hub = self._hub
        caught_up = self.catch_up()
        hub.accounts.refresh(hub.reached_ns)
        hub.scanner.refresh(hub.reached_ns)
        self._push_pnl()
        return self._delay() if caught_up else 0.0

    def leap(self) -> float:
        """At infinite speed: move the clock on, if there are clients and all keep up. Returns seconds to wait."""
        hub = self._hub
        event_ns = hub.market.next_event_ns()
        if event_ns is None or not hub.clients or any(client.outbox.paused for client in hub.clients.values()):
            return _MIN_DELAY_S
        hub.clock.jump_to(max(event_ns, hub.reached_ns + LEAP_NS))
        return 0.0

    def catch_up(self) -> bool:
        """Bring the market to the clock's time; False if the budget ended first."""
        hub = self._hub
        target_ns = hub.clock.now_ns()
        hub.agenda.run(hub.reached_ns)
        deadline = self._wall_s() + BUDGET_S
        while hub.reached_ns < target_ns and self._wall_s() < deadline:
            self._advance(self._stop(target_ns))
        return hub.reached_ns >= target_ns

    def _stop(self, target_ns: int) -> int:
        """The last moment that can be processed in one piece."""
        hub = self._hub
        next_event = hub.market.next_event_ns()
        reached = hub.reached_ns
        stop = min(target_ns, max(reached + _SLICE_NS, next_event or target_ns))
        for wake in (hub.venue.next_wake_ns(), hub.agenda.next_ns()):
            if wake is not None and reached < wake < stop:
                stop = wake
        boundary = hub.bars.next_ns(reached, next_event)
        # Up to, not including: an event at the boundary belongs to the next bar.
        return stop if boundary is None else min(stop, boundary - 1)

    def _advance(self, stop_ns: int) -> None:
        hub = self._hub
        held = self._held
        for event in hub.market.events_until(stop_ns):
            if event.con_id not in held:
                self.take(event)
        events = hub.venue.advance(stop_ns)
        if events:
            hub.deliver(events)
        hub.depth.refresh_all()
        hub.reached_ns = stop_ns
        hub.bars.reach(stop_ns)
        hub.agenda.run(stop_ns)

    def take(self, event: MarketEvent) -> None:
        """Apply one market event: ticks to subscribers first, then what it does to orders."""
        hub = self._hub
        hub.ticks.take(event)
        hub.prints.take(event)
        hub.bars.stirred = True
        if isinstance(event, Quote):
            events = hub.venue.on_quote(
                event.con_id, event.bid, event.ask, event.bid_size, event.ask_size, event.time_ns
            )
        else:
            events = hub.venue.on_trade(event.con_id, event.price, event.size, event.time_ns)
        if events:
            hub.deliver(events)
        hub.depth.refresh(event.con_id)

    def halt(self, con_id: int, halted: int) -> None:
        """Stop (1 or 2) or resume (0) trading in one instrument; subscribers get the halted tick."""
        self.hold(con_id, bool(halted))
        self._hub.venue.halt(con_id, bool(halted))
        self._hub.ticks.halt(con_id, halted)
        self._hub.depth.refresh(con_id)
        self._announce(con_id, "halted" if halted else "resumed")

    def _announce(self, con_id: int, what: str) -> None:
        for contract in self._hub.market.contracts():
            if contract.con_id == con_id:
                self._hub.bulletins.publish(f"Trading in {contract.symbol} is {what}", contract.primary_exchange)

    def show_price(self, con_id: int, price: float, size: int = 100, spread: float = 0.02) -> tuple[float, float]:
        """A quote around a price and a print at it, now. Returns bid and ask."""
        now_ns = self._hub.now_ns()
        bid, ask = round(price - spread / 2, 6), round(price + spread / 2, 6)
        self.take(Quote(now_ns, con_id, bid, ask, size, size))
        self.take(Trade(now_ns, con_id, price, size))
        return bid, ask

    def hold(self, con_id: int, held: bool) -> None:
        """Keep the market's own events of one instrument out, or let them in again."""
        if held:
            self._held.add(con_id)
        else:
            self._held.discard(con_id)

    def _push_pnl(self) -> None:
        now = self._wall_s()
        if now >= self._pnl_due:
            self._pnl_due = now + PNL_EVERY_S
            self._hub.accounts.refresh_pnl()

    def _delay(self) -> float:
        hub = self._hub
        # Handlers of requests bring market time forward themselves, so idle waits cost nobody any freshness.
        event_ns = hub.market.next_event_ns()
        boundary_ns = hub.bars.next_ns(hub.reached_ns, event_ns)
        moments = (event_ns, hub.venue.next_wake_ns(), hub.agenda.next_ns(), boundary_ns)
        ahead = [moment for moment in moments if moment is not None and moment > hub.reached_ns]
        delay = min((hub.clock.delay_until(moment) for moment in ahead), default=IDLE_S)
        return min(max(delay, _MIN_DELAY_S), IDLE_S)
