"""The core's process: every part put together, started in order, supervised, and stopped in order.

Invariants: nothing is sent before the journal was loaded; a STOP file that is there at start is the core's first event;
a part that ends is started again; whatever hangs, the process ends within the stop's time limit.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import os
import random
import secrets
from collections.abc import Mapping

from tradetui.alerts.configured import settings_of
from tradetui.alerts.process import WatcherLaunch, watcher_environ
from tradetui.config import Config
from tradetui.control.messages import Row, State
from tradetui.domain.errors import StoreError
from tradetui.domain.events import (
    Command,
    CommandKind,
    StopFileSeen,
)
from tradetui.engine.alerting import Alerting
from tradetui.engine.clock import BrokerClock
from tradetui.engine.composition import bar_keys_of, core_settings_of, ib_settings_of
from tradetui.engine.control_server import ControlServer, Desk
from tradetui.engine.dump import dump_state, open_stacks
from tradetui.engine.foundation import AccountClaim, Foundation, lay_foundation
from tradetui.engine.health import Heart
from tradetui.engine.host import StrategyHost
from tradetui.engine.inbox import Inbox
from tradetui.engine.latency import OrderLatency
from tradetui.engine.service_notice import ServiceNotice
from tradetui.engine.shell import Shell, ShellDoors, ShellParts, ShellPlan, writer_for
from tradetui.engine.signals import install_signals, unblock_signals
from tradetui.engine.state_rows import ShellFacts, add_shell_rows, mode_of
from tradetui.engine.stop_file import stop_reason, watch_stop_file
from tradetui.engine.stopping import Stopping, cancel_entries
from tradetui.engine.supervisor import Supervisor
from tradetui.home import Paths
from tradetui.marketdata.recorder import BarRecorder
from tradetui.store.reader import Reader
from tradetui.trading.core import TradingCore
from tradetui.trading.view import view

_log = logging.getLogger(__name__)

_FLUSH_S = 5.0
_PRUNE_EVERY = 720


class Engine:
    """One life of the core. Make it inside the running loop, then `run` it once."""

    def __init__(self, foundation: Foundation) -> None:
        self._base = base = foundation
        self._inbox = Inbox()
        self._latency = OrderLatency()
        self._facts = ShellFacts(base.identity, self._latency)
        self._stopping = Stopping()
        self._stacks = open_stacks(base.paths.logs)
        self._supervisor = Supervisor(self._inbox.put_urgent)
        self._notice = ServiceNotice(base.environ)
        self._heart = Heart(
            base.paths.heartbeat, self._inbox.put_urgent, stacks=self._stacks, on_beat=self._notice.alive
        )
        self._claim = AccountClaim(base.config, base.environ, f"profile {base.paths.profile} of {base.paths.home}")
        self._settings = core_settings_of(base.config, base.plans, base.instruments, base.calendar)
        self._core = TradingCore(self._settings, base.image)
        self._writer = writer_for(base.journal, self._inbox)
        self._alerting = Alerting(settings_of(base.config), self._watcher(), self._writer.later, self._facts.deliveries)
        self._hosts = {plan.spec.name: StrategyHost(plan.spec, self._inbox.put) for plan in base.plans}
        self._server = ControlServer(
            Desk(
                state=self._state,
                hello=self._hello,
                command=self._command,
                answer=self._answer,
                blocks=self._blocks,
                uid=os.getuid(),
            )
        )
        self._reader: Reader | None = None
        self._bar_recorder = BarRecorder(base.paths.state / "bars", base.calendar)
        self._shell = self._make_shell()

    @classmethod
    async def open(cls, config: Config, paths: Paths, environ: Mapping[str, str]) -> Engine:
        """Return an engine that is ready to run.

        Raises:
            TradetuiError: why there can be none, in one line.
        """
        return cls(await lay_foundation(config, paths, environ))

    @property
    def stop_file_reason(self) -> str:
        """Why the STOP file forbids trading now, empty when it does not."""
        return stop_reason(self._base.paths.stop_file)

    async def run(self) -> tuple[int, str]:
        """Live until a stop is asked for; return the exit code and the reason.

        Raises:
            OperatorError: the account or the control socket cannot be had.
        """
        install_signals(asyncio.get_running_loop(), stop=self._stopping.ask, kill=self._kill_by_signal, dump=self._dump)
        unblock_signals()
        at_start = self.stop_file_reason
        if at_start:
            self._inbox.put(StopFileSeen(f"{at_start}: it was there at the start"))
        try:
            await self._server.start(self._base.paths.socket_for_core())
            self._start_parts(at_start)
            self._notice.ready()
            await self._stopping.wait()
        finally:
            await self._end()
            self._stopping.disarm()
        return self._stopping.exit_code, self._stopping.reason

    # --- putting together ----------------------------------------------------------------------------------------
    def _make_shell(self) -> Shell:
        base = self._base
        parts = ShellParts(
            core=self._core,
            inbox=self._inbox,
            writer=self._writer,
            supervisor=self._supervisor,
            facts=self._facts,
            hosts=self._hosts,
        )
        plan = ShellPlan(
            core=self._settings,
            instruments=base.instruments,
            link=ib_settings_of(base.config),
            calendar=base.calendar,
            keys=bar_keys_of(base.config, base.plans),
            clock=base.clock,
            rng=random.Random(),  # noqa: S311 (jitter of reconnects)
            first_order_id=base.first_order_id,
        )
        return Shell(parts, plan, self._doors())

    def _doors(self) -> ShellDoors:
        return ShellDoors(
            claim=self._claim.take,
            refuse=lambda problem: self._stopping.ask(problem, exit_code=1),
            reply=self._server.reply,
            alert=self._alerting.send,
            stop=self._stopping.ask,
            stop_reason=lambda: self.stop_file_reason,
            kill_unsaved=self._kill_unsaved,
            record=self._base.recorder.record,
            bars=self._bar_recorder,
            snapshot_s=self._base.config.broker.request_timeout_s,
        )

    def _watcher(self) -> WatcherLaunch:
        paths = self._base.paths
        return WatcherLaunch(
            state_dir=paths.state,
            heartbeat=paths.heartbeat,
            env_file=paths.env_file,
            environ=watcher_environ(self._base.environ),
        )

    def _start_parts(self, stop_file_seen: str) -> None:
        start = self._supervisor.start
        start("heart", self._heart.run)
        self._shell.start_core()
        start("stop-file", lambda: watch_stop_file(self._base.paths.stop_file, self._stop_file_seen, stop_file_seen))
        start("control", self._server.run)
        start("files", self._keep_files)
        self._alerting.start(self._base.open_alerts)
        self._shell.start()

    async def _keep_files(self) -> None:
        """Hand recorded inputs on, and keep the journal's bounded tables within their bounds."""
        for beat in itertools.count(1):
            await asyncio.sleep(_FLUSH_S)
            self._base.recorder.flush()
            if beat % _PRUNE_EVERY == 0:
                try:
                    await self._base.journal.prune()
                except StoreError as error:
                    _log.warning("the journal was not pruned: %s", error)

    # --- what clients see and ask --------------------------------------------------------------------------------
    def _state(self) -> State:
        now = self._base.clock.now()
        facts = self._facts
        facts.loop_lag_ms = self._heart.lag_p99_ms
        facts.source_hashes = {name: host.sha256[:12] for name, host in self._hosts.items()}
        if not isinstance(self._base.clock, BrokerClock):
            facts.clock_skew_s = self._shell.clock_sync.skew_s
        return add_shell_rows(
            view(self._core.state, now), facts, self._shell.broker.link, self._alerting.bridge.health(), now
        )

    def _hello(self) -> Mapping[str, object]:
        identity = self._base.identity
        return {
            "profile": identity.profile,
            "mode": mode_of(self._facts.account),
            "account": self._facts.account,
            "pid": os.getpid(),
            "config_hash": identity.config_hash,
            "ui": self._base.config.ui.model_dump(mode="json"),
        }

    def _answer(self, what: str, args: Mapping[str, object]) -> list[Row]:
        if self._reader is None:
            self._reader = Reader.open(self._base.paths.journal)
        return [dict(row) for row in self._reader.ask(what, args)]

    def _blocks(self, symbol: str | None) -> list[Row]:
        return [dict(row) for row in self._core.entry_blocks(self._base.clock.now(), symbol)]

    def _command(self, command: Command) -> None:
        self._shell.router.command(command)

    # --- what comes from outside ---------------------------------------------------------------------------------
    def _stop_file_seen(self, reason: str) -> None:
        self._inbox.put_urgent(StopFileSeen(reason))

    def _kill_by_signal(self) -> None:
        command_id = f"signal:{secrets.token_hex(8)}"
        self._shell.router.command(
            Command(command_id=command_id, kind=CommandKind.KILL, who="signal SIGUSR1", reason="kill signal")
        )

    def _kill_unsaved(self, text: str) -> None:
        # The latch could not be journaled: the STOP file keeps a restart from trading.
        try:
            with self._base.paths.stop_file.open("a", encoding="utf-8") as file:
                file.write(f"{text}\n")
        except OSError:
            _log.critical("%s; and the STOP file cannot be written", text)

    def _dump(self) -> None:
        stamp = self._base.clock.now().mono_ns
        path = dump_state(self._base.paths.logs, self._state(), self._stacks, stamp)
        _log.warning("state and stacks were asked for by signal: %s", path or "they cannot be written")

    # --- the end -------------------------------------------------------------------------------------------------
    async def _end(self) -> None:
        self._stopping.arm()
        self._notice.stopping()
        self._facts.phase = "stopping"
        for name in self._hosts:
            await self._supervisor.stop(f"strategy {name}")
        left = await cancel_entries(self._core.state.book.live, self._shell.router.command, self._stopping)
        if left:
            _log.warning("%d entries may still be live at the broker", left)
        await self._shell.close_outer()
        for part in ("stop-file", "files"):
            await self._supervisor.stop(part)
        await self._shell.close_core()
        await self._supervisor.close()
        await self._alerting.close()
        await self._server.close(self._stopping.reason)
        await self._close_files()

    async def _close_files(self) -> None:
        await self._writer.close()
        try:
            await self._base.journal.end_run(self._stopping.reason)
        except StoreError as error:
            _log.error("the end of this run was not noted: %s", error)
        await self._base.recorder.close()
        await asyncio.to_thread(self._bar_recorder.close)
        if self._reader is not None:
            self._reader.close()
        await self._base.journal.close()
        self._stacks.close()
        self._claim.release()
        # The profile's lock goes with the process: whoever waits for it finds no process left behind.
