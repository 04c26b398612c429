"""From the operator's configuration to what each part of the core is told, in one place.

Invariant: nothing is added to the configuration here but what the strategies' own files say, and a value of config.toml
goes before theirs.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tradetui.broker.ib.settings import IBSettings
from tradetui.config import Config
from tradetui.config.effective import limits_of
from tradetui.domain.bar import BarSize
from tradetui.domain.instrument import Instrument
from tradetui.domain.tick import DataType
from tradetui.engine.host import HostSpec
from tradetui.home import Paths
from tradetui.marketdata.calendar import TradingCalendar
from tradetui.marketdata.quality import TickRules
from tradetui.strategy.loader import strategy_files
from tradetui.strategy.settings import StrategySettings, settings_for
from tradetui.trading.settings import AfterClose, CoreSettings, Execution, StrategySetting, UnfilledPolicy, Unprotected

_DATA_TYPES = {
    "live": DataType.LIVE,
    "frozen": DataType.FROZEN,
    "delayed": DataType.DELAYED,
    "delayed_frozen": DataType.DELAYED_FROZEN,
}


@dataclass(frozen=True, slots=True)
class StrategyPlan:
    """One strategy: what the core is told of it and what its host is told."""

    setting: StrategySetting
    spec: HostSpec


def calendar_of(config: Config, paths: Paths) -> TradingCalendar:
    """Return the exchange's calendar, remembered in the profile's cache.

    Raises:
        OperatorError: there is no such calendar.
    """
    name = config.market.calendar
    return TradingCalendar.load(name, cache_file=paths.cache / f"calendar-{name}.bin")


def plans_of(config: Config, paths: Paths) -> list[StrategyPlan]:
    """Return the enabled strategies in the order of their names.

    Raises:
        OperatorError: a strategy's own settings file is wrong.
    """
    return [
        _plan(config, paths.strategies, name) for name in sorted(config.strategies) if config.strategies[name].enabled
    ]


def _plan(config: Config, folder: Path, name: str) -> StrategyPlan:
    ours = config.strategies[name]
    registered = ours.strategy or name
    theirs: StrategySettings = settings_for(registered, folder)
    symbols = ours.symbols or theirs.symbols or config.market.symbols
    bar_size = ours.bar_size or (theirs.bar_size if theirs.symbols else config.market.bar_size)
    params = {**theirs.params, **ours.params}
    if ours.qty is not None:
        params["qty"] = ours.qty
    return StrategyPlan(
        StrategySetting(name=name, symbols=tuple(symbols), bar_size=bar_size.value),
        HostSpec(
            name=name,
            strategy=registered,
            folder=folder,
            file=ours.file or "",
            symbols=tuple(symbols),
            params=params,
        ),
    )


def instruments_of(config: Config, plans: list[StrategyPlan]) -> dict[str, Instrument]:
    """Return every symbol that is watched or traded, by symbol, not yet qualified by the broker."""
    traded = {symbol for plan in plans for symbol in plan.setting.symbols}
    symbols = [*config.market.symbols, *sorted(traded - set(config.market.symbols))]
    return {symbol: _instrument(config, symbol) for symbol in symbols}


def _instrument(config: Config, symbol: str) -> Instrument:
    given = config.market.instruments.get(symbol)
    if given is None:
        return Instrument(symbol=symbol)
    return Instrument(
        symbol=symbol,
        sec_type=given.sec_type,
        exchange=given.exchange,
        primary_exchange=given.primary_exchange,
        currency=given.currency,
        expiry=given.expiry,
        multiplier=given.multiplier,
    )


def core_settings_of(
    config: Config, plans: list[StrategyPlan], instruments: dict[str, Instrument], calendar: TradingCalendar
) -> CoreSettings:
    """Return what the trading core is told at its start; what the broker says of the instruments comes as events."""
    execution = config.execution
    return CoreSettings(
        account=config.broker.account or "",
        live=config.profile == "live",
        instruments=dict(instruments),
        limits=limits_of(config.risk, config.allowed_symbols()),
        strategies=tuple(plan.setting for plan in plans),
        calendar=calendar,
        execution=Execution(
            unfilled_policy=UnfilledPolicy(execution.unfilled_policy),
            unfilled_timeout_s=execution.unfilled_timeout_s,
            max_reprices=execution.max_reprices,
            outside_rth=execution.outside_rth,
            after_close=AfterClose(execution.after_close),
            unprotected=Unprotected(execution.unprotected),
            max_protects=execution.max_protects,
        ),
        arming=arming_of(config, plans) if config.profile == "live" else {},
    )


def arming_of(config: Config, plans: list[StrategyPlan]) -> dict[str, str]:
    """Return what a live core is armed with, as text by name: all that can change an order, strategy files included."""
    tree = config.model_dump(mode="json", include={"broker", "market", "strategies", "risk", "execution"})
    facts = {".".join(path): json.dumps(value) for path, value in _leaves(tree, ())}
    for plan in plans:
        for file in strategy_files(plan.spec.folder):
            facts[f"file {file.name}"] = _digest(file)
    return facts


def _digest(file: Path) -> str:
    try:
        return hashlib.sha256(file.read_bytes()).hexdigest()[:12]
    except OSError:
        return "unreadable"  # if it is a strategy's, its host says so


def _leaves(node: Mapping[str, object], path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], object]]:
    for name, value in node.items():
        if isinstance(value, dict):
            yield from _leaves(value, (*path, name))
        elif value is not None:
            yield (*path, name), value


def ib_settings_of(config: Config) -> IBSettings:
    """Return what the connector is told."""
    broker = config.broker
    # A market clock that follows the broker's may be behind a trade by a whole night that the market skipped.
    follows_broker = config.profile == "demo" or config.clock.speed != 1
    return IBSettings(
        host=broker.host,
        port=broker.port,
        client_id=broker.client_id,
        account=broker.account or "",
        paper=config.profile != "live",
        data_type=_DATA_TYPES[broker.market_data_type],
        max_messages_per_s=broker.max_messages_per_s,
        connect_timeout_s=broker.connect_timeout_s,
        request_timeout_s=broker.request_timeout_s,
        sync_timeout_s=broker.request_timeout_s,
        reconnect_max_s=broker.reconnect_max_s,
        tick_rules=TickRules(max_ahead_ns=None, max_age_ns=None) if follows_broker else TickRules(),
    )


def bar_keys_of(config: Config, plans: list[StrategyPlan]) -> set[tuple[str, BarSize]]:
    """Return every symbol and size that bars are built for: what strategies decide on, and what the screen shows."""
    keys = {(symbol, BarSize(plan.setting.bar_size)) for plan in plans for symbol in plan.setting.symbols}
    return keys | {(symbol, config.market.bar_size) for symbol in config.market.symbols}
