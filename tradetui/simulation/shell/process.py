"""One life of the simulated core process: journal opened, core restored, shell put together and started; then killed.

Invariant: nothing of a killed life acts any more. What the next life knows is the disk, as with a real `kill -9`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from random import Random

from tradetui.broker.ib.settings import IBSettings
from tradetui.domain.actions import Action, Reply
from tradetui.domain.alert import Alert
from tradetui.domain.bar import BarSize
from tradetui.domain.clock import Now
from tradetui.domain.events import BarClosed, Command, CommandKind, Event, StopFileSeen
from tradetui.domain.instrument import Instrument
from tradetui.engine.clock import BrokerClock
from tradetui.engine.host_port import StrategyPort
from tradetui.engine.inbox import Inbox
from tradetui.engine.latency import OrderLatency
from tradetui.engine.shell import Shell, ShellDoors, ShellParts, ShellPlan, writer_for
from tradetui.engine.state_rows import Identity, ShellFacts
from tradetui.engine.stop_file import stop_reason, watch_stop_file
from tradetui.engine.supervisor import Supervisor
from tradetui.marketdata.calendar import TradingCalendar
from tradetui.marketdata.quality import TickRules
from tradetui.simulation.shell.disk import Disk, DiskConnection
from tradetui.simulation.shell.loop import Life, VirtualLoop, context_of
from tradetui.simulation.shell.network import PORT, Network
from tradetui.simulation.shell.strategies import SimulatedStrategy
from tradetui.store.journal import Journal
from tradetui.trading.core import TradingCore
from tradetui.trading.settings import CoreSettings

LINK = IBSettings(
    port=PORT,
    client_id=7,
    connect_timeout_s=2.0,
    request_timeout_s=3.0,
    sync_timeout_s=3.0,
    history_timeout_s=8.0,
    reconnect_first_s=0.2,
    reconnect_max_s=2.0,
    stable_after_s=5.0,
    heartbeat_s=5.0,
    heartbeat_limit_s=2.0,
    doubt_limit_s=15.0,
    line_retry_s=5.0,
    tick_rules=TickRules(max_ahead_ns=None, max_age_ns=None),
)
Watcher = Callable[["CoreProcess", Event, Sequence[Action]], None]
Replied = Callable[["CoreProcess", Reply], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What every life of the core finds: its box, its configuration and whoever watches."""

    loop: VirtualLoop
    network: Network
    disk: Disk
    calendar: TradingCalendar
    settings: CoreSettings
    speed: float
    start_ns: int
    seed: int
    watch: Watcher
    replied: Replied
    broken: Callable[[str], None]


class _NoBars:
    """Keeps no bars: the recorder writes from a thread."""

    def record(self, closed: BarClosed) -> None:
        """Forget the bar."""


class _Watched:
    """The trading core, with the simulation looking at every step."""

    def __init__(self, process: CoreProcess, core: TradingCore) -> None:
        self._process = process
        self._core = core

    def step(self, event: Event, now: Now) -> list[Action]:
        """Take one event; the watcher sees it with what came of it."""
        actions = self._core.step(event, now)
        self._process.site.watch(self._process, event, actions)
        return actions


class CoreProcess:
    """A core process. `core` and `shell` are there once it has loaded its journal."""

    def __init__(self, site: Site, number: int) -> None:
        self.site = site
        self.life = Life(f"core {number}")
        self.core: TradingCore | None = None
        self.shell: Shell | None = None
        self.alerts: list[Alert] = []
        self.refused = ""
        self._number = number
        self._commands = 0
        context_of(self.life).run(self._begin)

    def _begin(self) -> None:
        self._main = self.site.loop.create_task(self._live())

    @property
    def is_alive(self) -> bool:
        """Whether it was not killed and has not ended by itself."""
        return not self.life.dead and not self._main.done()

    @property
    def failure(self) -> BaseException | None:
        """Why it ended by itself, None while it has not."""
        return self._main.exception() if self._main.done() and not self._main.cancelled() else None

    def kill(self) -> None:
        """`kill -9`: at this instant it stops; the kernel closes its sockets."""
        self.life.dead = True
        self.site.network.process_died(self.life)

    def command(self, kind: CommandKind, **fields: object) -> str:
        """Give an operator's command, as the control server hands it in; return its id."""
        self._commands += 1
        command_id = f"sim-{self._number}-{self._commands}"
        command = Command(command_id=command_id, kind=kind, who="operator", **fields)  # type: ignore[arg-type]
        if self.shell is not None and self.is_alive:
            context_of(self.life).run(self.shell.router.command, command)
        return command_id

    # --- its life ----------------------------------------------------------------------------------------------
    async def _live(self) -> None:
        site = self.site
        journal = await Journal.over(DiskConnection(site.disk, self.life), site.disk.journal, wall_ns=lambda: 0)
        image = await journal.load()
        newest_ns = await journal.newest_market_ns()
        clock = BrokerClock(site.speed, newest_ns or site.start_ns, site.loop.mono_ns, is_guess=not newest_ns)
        instruments: dict[str, Instrument] = dict(site.settings.instruments)
        settings = replace(site.settings, instruments=instruments)
        self.core = TradingCore(settings, image)
        inbox = Inbox()
        facts = ShellFacts(_IDENTITY, OrderLatency())
        supervisor = Supervisor(inbox.put_urgent)
        hosts: dict[str, StrategyPort] = {
            item.name: SimulatedStrategy(item.name, site.seed, inbox.put, site.broken) for item in settings.strategies
        }
        parts = ShellParts(
            core=_Watched(self, self.core),
            inbox=inbox,
            writer=writer_for(journal, inbox),
            supervisor=supervisor,
            facts=facts,
            hosts=hosts,
        )
        plan = ShellPlan(
            core=settings,
            instruments=instruments,
            link=LINK,
            calendar=site.calendar,
            keys={(symbol, BarSize(item.bar_size)) for item in settings.strategies for symbol in item.symbols},
            clock=clock,
            rng=Random(f"{site.seed}/link/{self._number}"),  # noqa: S311 (repeatable)
            first_order_id=await journal.highest_order_id() + 1,
        )
        self.shell = Shell(parts, plan, self._doors())
        at_start = stop_reason(site.disk.stop_file)
        if at_start:
            inbox.put(StopFileSeen(at_start))
        self.shell.start_core()
        supervisor.start("stop-file", lambda: watch_stop_file(site.disk.stop_file, self._stop_seen(inbox), at_start))
        self.shell.start()
        await asyncio.get_running_loop().create_future()

    def _stop_seen(self, inbox: Inbox) -> Callable[[str], None]:
        return lambda reason: inbox.put_urgent(StopFileSeen(reason))

    def _doors(self) -> ShellDoors:
        disk = self.site.disk
        return ShellDoors(
            claim=lambda _account: "",
            refuse=self._refuse,
            reply=lambda reply: self.site.replied(self, reply),
            alert=self.alerts.append,
            stop=self._refuse,
            stop_reason=lambda: stop_reason(disk.stop_file),
            kill_unsaved=lambda text: _append(disk, text),
            record=lambda _event, _now: None,
            bars=_NoBars(),
            snapshot_s=LINK.request_timeout_s,
        )

    def _refuse(self, problem: str) -> None:
        self.refused = problem


_IDENTITY = Identity(
    profile="demo", config_hash="", run_id="simulated", started_ns=0, speed=1.0, exchange_tz="America/New_York"
)


def _append(disk: Disk, text: str) -> None:
    with disk.stop_file.open("a", encoding="utf-8") as file:
        file.write(f"{text}\n")
