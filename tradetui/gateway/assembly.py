"""Puts a gateway together from an operator's options: calendar, market, clock, venue, server.

Invariant: every option is checked before anything listens; what cannot be used is named with its remedy.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final

from tradetui.domain.clock import SECOND_NS, to_ns
from tradetui.domain.errors import OperatorError
from tradetui.gateway.faults.schedule import Schedule
from tradetui.gateway.faults.schedule import load as load_schedule
from tradetui.gateway.frames.heading import REPLAY, heading_of
from tradetui.gateway.frames.log import FrameLog
from tradetui.gateway.market.clock import MarketClock, SkipClosed
from tradetui.gateway.market.market import Market
from tradetui.gateway.market.replay import ReplayMarket
from tradetui.gateway.market.synthetic import DEFAULT_SYMBOLS, SyntheticMarket, demo_start
from tradetui.gateway.market.tickmaker import trades_per_minute
from tradetui.gateway.scenarios.playing import arm
from tradetui.gateway.scenarios.scenario import Scenario
from tradetui.gateway.server import GatewayServer, check_host
from tradetui.gateway.session.hub import DataPermission, Settings
from tradetui.gateway.venue import state_file
from tradetui.gateway.venue.config import VenueConfig
from tradetui.gateway.venue.corporate_action import CorporateAction
from tradetui.gateway.venue.rules import load_rules
from tradetui.gateway.venue.venue import Venue
from tradetui.gateway.wire.versions import CEILING, DEFAULT_CAP, FLOOR
from tradetui.marketdata.calendar import TradingCalendar

_MAX_PORT: Final = 65_535
MAX_MESSAGES: Final = 50
"""IB's limit of requests per second and client."""
DEPTH_LEVELS: Final = 4
"""Ticks of book behind the quote: what reqMktDepth shows and what a large order walks through."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayOptions:
    """What `tradetui gateway` can be told. `account` is a code, or several separated by commas.

    `start` is ISO with zone; None lets the market choose.

    `symbols` are the synthetic market's shares. An infinite `speed` is as fast as the clients can take it.
    """

    host: str = "127.0.0.1"
    port: int = 0
    allow_remote: bool = False
    seed: int = 1
    market: str = "synthetic"
    symbols: tuple[str, ...] = DEFAULT_SYMBOLS
    speed: float = 1.0
    start: str | None = None
    skip_closed: bool = True
    max_version: int = DEFAULT_CAP
    account: str = "DU1234567"
    cash: float = 1_000_000.0
    control_port: int | None = None
    state: Path | None = None
    faults: Path | None = None
    limits: bool = True
    read_only: bool = False
    data: str = "live"
    frame_log: Path | None = None
    rules: Path | None = None

    @property
    def accounts(self) -> tuple[str, ...]:
        """The account codes under this login, in order."""
        return tuple(code.strip() for code in self.account.split(","))


def build(
    options: GatewayOptions,
    *,
    scenario: Scenario | None = None,
    wall_ns: Callable[[], int] = time.time_ns,
    monotonic_ns: Callable[[], int] = time.monotonic_ns,
) -> GatewayServer:
    """A gateway ready to start; a scenario's market and faults go before those of the options. Raises OperatorError."""
    _check(options)
    state = None if options.state is None else state_file.load(options.state)
    schedule = Schedule() if options.faults is None else load_schedule(options.faults)
    if scenario is not None:
        options = replace(options, market=scenario.market, start=scenario.start, seed=scenario.seed)
        schedule = scenario.schedule
    built_ns = wall_ns()
    gateway = assemble(options, state=state, schedule=schedule, wall_ns=built_ns, monotonic_ns=monotonic_ns)
    if scenario is not None:
        arm(scenario, gateway)
    if options.frame_log is not None:
        FrameLog(options.frame_log, heading_of(options, state, schedule, built_ns)).attach(gateway.hub)
    return gateway


def assemble(
    options: GatewayOptions,
    *,
    state: Mapping[str, object] | None,
    schedule: Schedule,
    wall_ns: int,
    monotonic_ns: Callable[[], int] = time.monotonic_ns,
) -> GatewayServer:
    """A gateway with this account and these faults, as one built at `wall_ns`. Raises OperatorError."""
    # The cached calendar starts the gateway a second earlier: the source imports pandas.
    cache = None if options.state is None else options.state.with_name("calendar-XNYS.bin")
    calendar = TradingCalendar.load(cache_file=cache)
    # A new instance number per run: execution ids of two runs without a common state never meet.
    config = VenueConfig(
        starting_cash=dict.fromkeys(options.accounts, options.cash),
        instance=wall_ns // SECOND_NS,
        depth_levels=DEPTH_LEVELS,
    )
    if options.rules is not None:
        config = load_rules(options.rules, config)
    market = _market(options, calendar, _start(options, state), wall_ns, config.corporate_actions)
    venue = make_venue(market, config, state)
    clock = MarketClock(
        start_ns=market.start_ns,
        speed=options.speed,
        monotonic_ns=monotonic_ns,
        calendar=calendar,
        skip=SkipClosed() if options.skip_closed else None,
    )
    return GatewayServer(
        venue=venue,
        market=market,
        clock=clock,
        host=options.host,
        port=options.port,
        settings=_settings(options),
        control_port=options.control_port,
        schedule=schedule,
        # One clock for all: under a time moved by hand a step must not end early because the machine is busy.
        wall_s=lambda: monotonic_ns() / SECOND_NS,
    )


def _settings(options: GatewayOptions) -> Settings:
    try:
        data = DataPermission(options.data)
    except ValueError:
        known = ", ".join(each.value for each in DataPermission)
        raise OperatorError(f"--data {options.data!r} is unknown; give one of {known}") from None
    settings = Settings(max_version=options.max_version, read_only=options.read_only, data=data)
    if options.limits:
        return replace(settings, max_messages=MAX_MESSAGES, history_pacing=True)
    return replace(settings, max_lines=0, max_tick_by_tick=0, max_summaries=0, max_depth=0)


def make_venue(market: Market, config: VenueConfig, state: Mapping[str, object] | None = None) -> Venue:
    """A venue for every instrument of a market; without `state` it values holdings at the previous close at first.

    Raises OperatorError if `state` is not a saved venue.
    """
    contracts = market.contracts()
    details = [market.contract_details(contract, market.start_ns)[0] for contract in contracts]
    venue = Venue(config=config, calendar=market.calendar, instruments=details, lookup=market, state=state)
    if state is None:
        for contract in contracts:
            close = market.day_stats(contract.con_id).previous_close
            if close is not None:
                venue.set_reference_price(contract.con_id, close)
    return venue


def _check(options: GatewayOptions) -> None:
    check_host(options.host, allow_remote=options.allow_remote)
    for name, port in (("--port", options.port), ("--control-port", options.control_port or 0)):
        if not 0 <= port <= _MAX_PORT:
            raise OperatorError(f"{name} {port} is not a port; give 0 to {_MAX_PORT}")
    if not FLOOR <= options.max_version <= CEILING:
        raise OperatorError(f"--max-version {options.max_version} is not spoken here; give {FLOOR} to {CEILING}")
    if not math.isfinite(options.cash) or options.cash < 0:
        raise OperatorError(f"--cash {options.cash} is not an amount; give US dollars, 0 or more")
    for code in options.accounts:
        if not code.isascii() or not code.isalnum():
            raise OperatorError(
                f"--account {code!r} is not an account code; give one like DU1234567, or several: DU1,DU2"
            )


def _start(options: GatewayOptions, state: Mapping[str, object] | None) -> int | None:
    asked = None if options.start is None else _moment(options.start)
    reached = None if state is None else state.get("now_ns")
    if not isinstance(reached, int):
        return asked
    # The account's past must not lie in the market's future.
    return max(reached, asked or reached)


def _moment(text: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise OperatorError(f"--start {text!r} is not a time; give one like 2026-03-16T09:30-04:00") from None
    if moment.tzinfo is None:
        raise OperatorError(f"--start {text!r} has no time zone; add one, such as -04:00 or Z")
    return to_ns(moment)


def _market(
    options: GatewayOptions,
    calendar: TradingCalendar,
    start_ns: int | None,
    wall_ns: int,
    actions: Sequence[CorporateAction],
) -> Market:
    trades = trades_per_minute(options.speed)
    if options.market == "synthetic":
        begin = demo_start(calendar, wall_ns) if start_ns is None else start_ns
        return SyntheticMarket(
            seed=options.seed,
            calendar=calendar,
            start_ns=begin,
            symbols=options.symbols,
            trades_per_minute=trades,
            actions=actions,
        )
    if options.market.startswith(REPLAY):
        path = Path(options.market.removeprefix(REPLAY))
        return ReplayMarket(
            path, calendar=calendar, seed=options.seed, start_ns=start_ns, trades_per_minute=trades, actions=actions
        )
    raise OperatorError(f"--market {options.market!r} is unknown; give synthetic or replay:FILE")
