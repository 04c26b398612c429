"""The real core in this process, trading on a gateway that plays a scenario in the same loop."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

from tests.e2e.players import config_of
from tradetui.broker.ib.settings import IBSettings
from tradetui.config import Config, load_config
from tradetui.control.client import command_message
from tradetui.control.stream import ControlStream
from tradetui.domain.events import SessionState
from tradetui.domain.instrument import Instrument
from tradetui.domain.ledger import Ledger
from tradetui.engine import engine as composed
from tradetui.engine.composition import StrategyPlan, core_settings_of, ib_settings_of
from tradetui.engine.engine import Engine
from tradetui.gateway.server import GatewayServer
from tradetui.home import Paths
from tradetui.marketdata.calendar import TradingCalendar
from tradetui.store.loading import load_image
from tradetui.trading.settings import CoreSettings

SPEED = 30.0
LIMIT_S = 60.0

_STRATEGY = '''\
from tradetui.domain.bar import Bar
from tradetui.strategy.api import Context, Strategy, register


@register("player")
class Player(Strategy):
    """Buys when flat and sells when long, at the market; or holds; or rests with limits that are cancelled in time."""

    qty: float = 10

    def on_bar(self, bar: Bar, ctx: Context) -> None:
        if ctx.working:
            return
        if ctx.position:
            {exit}
        else:
            {entry}
'''
_ENTRIES = {
    "market": 'ctx.buy(self.qty, reason="flips")',
    "hold": 'ctx.buy(self.qty, reason="holds")',
    "resting": 'ctx.buy(self.qty, limit=round(bar.close * 0.97, 2), reason="rests")',
}


def _impatient_link(config: Config) -> IBSettings:
    """The core's own watchdogs at the speed of a test: they go by real seconds."""
    quick = replace(ib_settings_of(config), heartbeat_s=1.0, heartbeat_limit_s=1.0, line_retry_s=1.0)
    return replace(quick, request_timeout_s=3.0, sync_timeout_s=3.0)


def _impatient_core(
    config: Config, plans: list[StrategyPlan], instruments: dict[str, Instrument], calendar: TradingCalendar
) -> CoreSettings:
    settings = core_settings_of(config, plans, instruments, calendar)
    looks = replace(settings.timing, ack_timeout_s=2.0, grace_interval_s=0.5, position_quiet_s=1.0)
    return replace(settings, timing=replace(looks, reconcile_every_s=3.0, watch_every_s=2.0, cancel_retry_s=1.0))


class Trader:
    """The core with one strategy. After `stop` its journal holds what it knows."""

    def __init__(self, home: Path, gateway: GatewayServer, orders: str) -> None:
        self.paths = Paths(home, "demo")
        text = config_of(["player"], symbols=["SPY"], speed=SPEED)
        text = text.replace('unfilled_policy = "keep"', 'unfilled_policy = "cancel"\nunfilled_timeout_s = 1')
        text = text.replace("[market]\n", '[market]\nbar_size = "5s"\n')
        (home / "config.toml").write_text(text)
        (home / "strategies").mkdir(mode=0o700)
        file = home / "strategies" / "player.py"
        exit_ = "return" if orders == "hold" else 'ctx.close(reason="flips")'
        file.write_text(_STRATEGY.replace("{entry}", _ENTRIES[orders]).replace("{exit}", exit_))
        file.chmod(0o600)
        self._environ = {
            "HOME": str(home),
            "PATH": os.defpath,
            "XDG_STATE_HOME": str(home / "xdg"),
            "TRADETUI_DEMO__PORT": str(gateway.port),
        }
        self._patch = pytest.MonkeyPatch()
        self._engine: Engine | None = None
        self._running: asyncio.Task[tuple[int, str]] | None = None
        self._handlers = {number: signal.getsignal(number) for number in (signal.SIGHUP, signal.SIGPIPE)}

    @property
    def engine(self) -> Engine:
        if self._engine is None:
            raise AssertionError("not started")
        return self._engine

    @property
    def fills(self) -> int:
        return self.engine._core.state.ledger.fill_count

    @property
    def settled_bars(self) -> int:
        """Bars that the core has closed."""
        return sum(self.engine._core.state.bar_counts.values())

    @property
    def held(self) -> dict[str, float]:
        return {each.symbol: each.qty for each in self.engine._core.state.ledger.positions() if each.qty}

    @property
    def unsettled(self) -> bool:
        """Whether the core still has live orders, provisional figures, or no link."""
        state = self.engine._core.state
        return bool(state.book.live()) or state.ledger.is_provisional or state.session is not SessionState.READY

    @property
    def mismatches(self) -> bool:
        return bool(self.engine._core.state.mismatches)

    async def start(self) -> None:
        self._patch.setattr(composed, "ib_settings_of", _impatient_link)
        self._patch.setattr(composed, "core_settings_of", _impatient_core)
        self._engine = await Engine.open(load_config(self.paths.home, "demo", self._environ), self.paths, self._environ)
        self._running = asyncio.create_task(self._engine.run())

    async def until(self, what: str, condition: Callable[[], object], limit_s: float = LIMIT_S) -> None:
        """Return once the condition holds; fail naming what never came."""
        try:
            async with asyncio.timeout(limit_s):
                while not condition():
                    if self._running is not None and self._running.done():
                        raise AssertionError(f"the core ended: {self._running.result()}")
                    await asyncio.sleep(0.02)
        except TimeoutError:
            raise AssertionError(f"within {limit_s:g} s {what} never came") from None

    async def pause(self) -> None:
        """Let it enter nothing any more."""
        path = self.paths.socket_for_clients()
        if path is None:
            raise AssertionError("no socket")
        client = await ControlStream.open(path, client="test")
        client.send(command_message("pause", who="test", reason="end of the scenario"))
        await client.close()

    async def stop(self) -> None:
        if self._running is None:
            return
        self.engine._stopping.ask("end of the scenario")
        await asyncio.wait_for(self._running, LIMIT_S)
        # The lock goes with the process; here the process goes on.
        self.engine._base.lock.release()
        self._running = None

    def ledger(self) -> Ledger:
        """The books as the journal has them."""
        with closing(sqlite3.connect(self.paths.journal)) as journal:
            image = load_image(journal)
        ledger = Ledger()
        if image.opening_cash is not None:
            ledger.open_cash(image.opening_cash)
        for saved in image.fills:
            ledger.book_fill(saved.fill, saved.owner, saved.multiplier)
        for commission in image.commissions:
            ledger.book_commission(commission)
        return ledger

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()
        self._patch.undo()
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
