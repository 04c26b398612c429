"""What must be there before a core can live: locks, calendar, strategies' plans, journal and its image.

Invariant: the profile's lock is taken before any file of the profile is touched; on any failure everything taken is
given back and the reason is one line.
"""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tradetui import __version__
from tradetui.config import Config, config_hash
from tradetui.domain.errors import TradetuiError
from tradetui.domain.instrument import Instrument
from tradetui.domain.records import JournalImage
from tradetui.engine.clock import BrokerClock, MarketClock, SystemClock
from tradetui.engine.composition import StrategyPlan, calendar_of, instruments_of, plans_of
from tradetui.engine.locks import AlreadyRunning, Lock, account_lock_path
from tradetui.engine.state_rows import Identity
from tradetui.home import Paths
from tradetui.marketdata.calendar import TradingCalendar
from tradetui.store.inputs import InputRecorder
from tradetui.store.journal import Journal, Run
from tradetui.store.loading import OpenAlert


@dataclass(frozen=True, slots=True, kw_only=True)
class Foundation:
    """Everything a core is built on."""

    config: Config
    paths: Paths
    environ: Mapping[str, str]
    lock: Lock
    calendar: TradingCalendar
    plans: list[StrategyPlan]
    instruments: dict[str, Instrument]
    journal: Journal
    image: JournalImage
    recorder: InputRecorder
    clock: MarketClock
    identity: Identity
    first_order_id: int
    open_alerts: list[OpenAlert]


async def lay_foundation(config: Config, paths: Paths, environ: Mapping[str, str]) -> Foundation:
    """Lock, check and load everything.

    Raises:
        TradetuiError: why this core cannot live, in one line.
    """
    paths.prepare()
    lock = Lock.take(paths.lock, f"profile {paths.profile} of {paths.home}")
    try:
        calendar = calendar_of(config, paths)
        plans = plans_of(config, paths)
        journal = await Journal.open(paths.journal, durable=config.store.sync == "full")
    except TradetuiError:
        lock.release()
        raise
    try:
        return await _loaded(config, paths, environ, lock, calendar, plans, journal)
    except TradetuiError:
        await journal.close()
        lock.release()
        raise


async def _loaded(
    config: Config,
    paths: Paths,
    environ: Mapping[str, str],
    lock: Lock,
    calendar: TradingCalendar,
    plans: list[StrategyPlan],
    journal: Journal,
) -> Foundation:
    image = await journal.load()
    clock = await _clock(config, journal)
    digest = config_hash(config)
    run_id = f"{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{secrets.token_hex(3)}"
    # A recording is handed around to replay a day: telephone numbers and the ping address stay at home.
    recorded = config.model_dump_json(exclude={"alerts"})
    recorder = await InputRecorder.open(paths.state / "inputs.db", run_id, image, recorded)
    await journal.begin_run(
        Run(
            run_id=run_id,
            pid=os.getpid(),
            version=__version__,
            profile=paths.profile,
            account=config.broker.account or "",
            config_hash=digest,
        )
    )
    return Foundation(
        config=config,
        paths=paths,
        environ=environ,
        lock=lock,
        calendar=calendar,
        plans=plans,
        instruments=instruments_of(config, plans),
        journal=journal,
        image=image,
        recorder=recorder,
        clock=clock,
        identity=Identity(
            profile=paths.profile,
            config_hash=digest,
            run_id=run_id,
            started_ns=clock.now().market_ns,
            speed=clock.speed,
            exchange_tz=calendar.zone.key,
        ),
        first_order_id=await journal.highest_order_id() + 1,
        open_alerts=await journal.open_alerts(),
    )


async def _clock(config: Config, journal: Journal) -> MarketClock:
    if config.profile != "demo" and config.clock.speed == 1:
        return SystemClock()
    newest_ns = await journal.newest_market_ns()
    return BrokerClock(config.clock.speed, newest_ns or time.time_ns(), is_guess=not newest_ns)


class AccountClaim:
    """This process's claim on the broker account it trades."""

    def __init__(self, config: Config, environ: Mapping[str, str], what: str) -> None:
        # A demo account exists once per gateway, a real one once in the world.
        self._suffix = f"-{config.broker.host}-{config.broker.port}" if config.profile == "demo" else ""
        self._environ = environ
        self._what = what
        self._lock: Lock | None = None
        self._account = ""

    def take(self, account: str) -> str:
        """Take the lock of `account`; return why that failed, or an empty text."""
        if self._lock is not None and account == self._account:
            return ""
        self.release()
        try:
            path: Path = account_lock_path(account + self._suffix, self._environ)
            self._lock = Lock.take(path, f"account {account} ({self._what})")
        except AlreadyRunning as error:
            return str(error)
        except TradetuiError as error:
            return f"the account cannot be locked: {error}"
        self._account = account
        return ""

    def release(self) -> None:
        """Give the account up."""
        if self._lock is not None:
            self._lock.release()
            self._lock = None
