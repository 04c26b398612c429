"""The simulated box and broker of one episode: gateway, network, disk and the core's successive lives.

Invariant: everything random comes from the episode's seed, and every strike at the stage is one entry of the schedule.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from functools import cache
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

from tradetui.domain.clock import to_ns
from tradetui.domain.events import CommandKind, SessionState
from tradetui.domain.order import OrderRecord
from tradetui.domain.order_state import OrderState
from tradetui.gateway.assembly import make_venue
from tradetui.gateway.control.command import CommandError
from tradetui.gateway.market.clock import MarketClock
from tradetui.gateway.market.synthetic import SyntheticMarket
from tradetui.gateway.server import GatewayServer
from tradetui.gateway.session.hub import Settings
from tradetui.gateway.venue.config import VenueConfig
from tradetui.marketdata.calendar import TradingCalendar
from tradetui.risk.limits import BreakerAction
from tradetui.simulation.setting import ACCOUNT, STRATEGY, SYMBOLS, limits, settings
from tradetui.simulation.shell.disk import Disk, DiskState
from tradetui.simulation.shell.loop import Life, VirtualLoop, context_of
from tradetui.simulation.shell.network import Network
from tradetui.simulation.shell.process import CoreProcess, Replied, Site, Watcher
from tradetui.trading.settings import CoreSettings, Execution, StrategySetting, UnfilledPolicy

START_NS = to_ns(datetime(2026, 3, 16, 9, 35, tzinfo=ZoneInfo("America/New_York")))
TRADES_PER_MINUTE = 8
MAX_MESSAGES = 50
#: Rounds and virtual seconds in which every task has to end after the episode.
BURIALS, BURIAL_S = 5, 10.0


@cache
def calendar() -> TradingCalendar:
    """Return the calendar of the simulated year."""
    return TradingCalendar.load("XNYS", first_year=2026, last_year=2026)


def settings_of(rng: Random) -> CoreSettings:
    """Return the settings of one episode: one or two strategies, wide or narrow limits, any policy."""
    names = (STRATEGY, "trend")[: rng.choice((1, 2))]
    narrow: dict[str, object] = {
        "max_order_notional": 25_000.0,
        "orders_per_minute": 6,
        "max_position_notional": 50_000.0,
        "max_gross_notional": 60_000.0,
    }
    changes = narrow if rng.random() < 0.3 else {}
    return settings(
        account="",
        calendar=calendar(),
        limits=limits(**changes, breaker_action=rng.choice(list(BreakerAction))),
        strategies=tuple(StrategySetting(name=name, symbols=SYMBOLS, bar_size="1m") for name in names),
        execution=Execution(unfilled_policy=rng.choice(list(UnfilledPolicy)), unfilled_timeout_s=4.0),
    )


class Stage:
    """All of one episode's world. `lies` names the strikes after which the gateway's word is not the venue's truth."""

    def __init__(self, loop: VirtualLoop, folder: Path, seed: int, watch: Watcher, replied: Replied) -> None:
        rng = Random(f"{seed}/stage")  # noqa: S311 (repeatable)
        self.loop = loop
        self.network = Network(loop, rng)
        self.speed = rng.choice((12.0, 30.0))
        self.disk = Disk(folder)
        self.lies: Counter[str] = Counter()
        self.sometimes: Counter[str] = Counter()
        self.problem = ""
        self.restarts = 0
        self.killed = False
        self.context = contextvars.copy_context()
        self._gateway_life = Life("gateway")
        market = SyntheticMarket(
            seed=seed, calendar=calendar(), start_ns=START_NS, symbols=SYMBOLS, trades_per_minute=TRADES_PER_MINUTE
        )
        config = VenueConfig(
            starting_cash={ACCOUNT: 1_000_000.0}, cancel_latency_ns=rng.choice((0, 0, 2_000_000_000, 20_000_000_000))
        )
        self.gateway = GatewayServer(
            venue=make_venue(market, config),
            market=market,
            clock=MarketClock(start_ns=START_NS, speed=self.speed, monotonic_ns=loop.mono_ns, calendar=calendar()),
            settings=Settings(max_messages=MAX_MESSAGES),
            wall_s=loop.time,
        )
        self.site = Site(
            loop=loop,
            network=self.network,
            disk=self.disk,
            calendar=calendar(),
            settings=settings_of(rng),
            speed=self.speed,
            start_ns=START_NS,
            seed=seed,
            watch=watch,
            replied=replied,
            broken=self.broken,
        )
        self.process: CoreProcess | None = None
        self._processes: list[CoreProcess] = []  # the dead, too: who forgets them has them collected half-way
        self._over = False

    @property
    def venue_orders(self) -> list[tuple[str, float, bool]]:
        """Every order at the venue: its reference, what is left of it, whether it can still trade."""
        venue = self.gateway.hub.venue
        rows = [*venue.open_orders(), *venue.completed_orders(api_only=False)]
        return [(row.request.order_ref, row.remaining, not row.status.is_done) for row in rows]

    def positions(self) -> dict[str, float]:
        """Return the venue's own positions that are not zero."""
        return {row.contract.symbol: row.quantity for row in self.gateway.hub.venue.positions()}

    def broken(self, problem: str) -> None:
        """Note that an invariant does not hold; the first one counts."""
        self.problem = self.problem or problem

    # --- life --------------------------------------------------------------------------------------------------
    async def open(self) -> None:
        """Start the gateway and the first life of the core."""
        starting = context_of(self._gateway_life).run(self.loop.create_task, self.gateway.start())
        await starting
        self.start_core()

    def start_core(self) -> None:
        """Start the next life of the core, as the service manager would."""
        if not self._over and (self.process is None or not self.process.is_alive):
            self.process = CoreProcess(self.site, self.restarts)
            self._processes.append(self.process)

    def crash(self, down_s: float) -> bool:
        """Kill the core; it comes back after `down_s`."""
        process = self.process
        if self._over or process is None or not process.is_alive:
            return False
        process.kill()
        self.restarts += 1
        if self.disk.state is DiskState.BROKEN:
            self.disk.turn(DiskState.FINE)
        self.loop.call_later(down_s, self.start_core, context=self.context)
        return True

    def later(self, seconds: float, act: Callable[..., object], *args: object) -> None:
        """Do something after a while, whatever dies meanwhile."""
        self.loop.call_later(seconds, act, *args, context=self.context)

    def command(self, kind: CommandKind, **fields: object) -> bool:
        """Give an operator's command to the core that runs."""
        if self.process is None or self.process.shell is None or not self.process.is_alive:
            return False
        self.process.command(kind, **fields)
        return True

    def unkill(self) -> None:
        """Let the operator end a kill, a halt and a pause."""
        self.disk.stop_file.unlink(missing_ok=True)
        self.command(CommandKind.UNKILL, confirm=ACCOUNT[-4:], reason="simulated operator")
        self.command(CommandKind.RESUME)

    def inject(self, **fields: object) -> bool:
        """Start a fault of the gateway's catalogue; return whether it could be."""
        try:
            context_of(self._gateway_life).run(self.gateway.injected.start, dict(fields))
        except CommandError:
            return False
        return True

    # --- what is known -----------------------------------------------------------------------------------------
    def live_orders(self) -> list[OrderRecord]:
        """Return the core's own live orders, none while there is no core."""
        core = self.process.core if self.process is not None and self.process.is_alive else None
        return core.state.book.live() if core is not None else []

    def live_states(self) -> list[OrderState]:
        """Return their states."""
        return [order.state for order in self.live_orders()]

    @property
    def session(self) -> SessionState:
        """The core's own view of the link."""
        core = self.process.core if self.process is not None and self.process.is_alive else None
        return core.state.session if core is not None else SessionState.DISCONNECTED

    async def close(self) -> None:
        """End everything, the dead included."""
        self._over = True
        if self.process is not None:
            self.process.kill()
        await self.gateway.stop()
        for process in self._processes:
            self.loop.bury(process.life)
        me = asyncio.current_task()
        for _ in range(BURIALS):
            rest = [task for task in asyncio.all_tasks(self.loop) if task is not me]
            if not rest:
                return
            for task in rest:
                task.cancel()
            await asyncio.wait(rest, timeout=BURIAL_S)  # what was buried may begin something new
        self.broken(f"I36: {len(rest)} tasks do not end when cancelled: {rest[0].get_name()}")
