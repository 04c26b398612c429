"""What the operator asks for, turned into what the engine needs: strategy, bars, limits, costs, sessions.

A value is taken from the request, else from config.toml, else from the strategy's own file, else from its code. The
gate gets the limits that live trading would have, except that the requested symbols are the allowed ones.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tradetui.backtest.costs import Costs, parse_commission
from tradetui.backtest.engine import Player, RunSpec
from tradetui.backtest.sessions import Sessions, each_bar, exchange_sessions, is_daily, utc_days
from tradetui.backtest.watch import HaltScope
from tradetui.domain.clock import to_datetime, to_ns
from tradetui.domain.errors import OperatorError
from tradetui.domain.instrument import Instrument
from tradetui.home import Paths
from tradetui.marketdata.bar_columns import BarColumns
from tradetui.marketdata.bar_file import load_bars
from tradetui.risk.limits import BreakerAction, Limits
from tradetui.strategy.api import ParamValue, parse_param
from tradetui.strategy.loader import LoadedStrategy, load_strategy
from tradetui.strategy.settings import StrategySettings, merged, settings_for

if TYPE_CHECKING:
    from tradetui.config import Config

#: A calendar of round-the-clock markets; others are exchange codes (MIC).
ALWAYS = "24x7"
#: Limits of a run without limits: finite, as everywhere, and out of reach.
_FAR = 1e15


@dataclass(frozen=True, slots=True, kw_only=True)
class BacktestRequest:
    """One backtest. None means "as configured"; `params` values given as text are read by the parameter's type.

    `start` and `end` are ISO dates (UTC, `end` inclusive) or times with a zone; bars before `start` warm up.
    """

    strategy: str
    bars: Path
    symbols: tuple[str, ...] = ()
    start: str | None = None
    end: str | None = None
    params: Mapping[str, ParamValue] = field(default_factory=dict)
    cash: float | None = None
    slippage_bps: float | None = None
    commission: str | None = None
    volume_cap: float | None = None
    calendar: str | None = None
    limits: bool = True
    halt_scope: HaltScope = HaltScope.SESSION


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A run ready to go, with what identifies it."""

    players: tuple[Player, ...]
    bars: dict[str, BarColumns]
    spec: RunSpec
    strategy: LoadedStrategy
    bar_file: Path
    calendar: str
    commission: str
    notes: tuple[str, ...]


def prepare(request: BacktestRequest, paths: Paths) -> Prepared:
    """Return the run that `request` asks for.

    Raises:
        OperatorError: strategy, parameters, bar file, symbols, range, costs or configuration are wrong.
    """
    from tradetui.config import load_config
    from tradetui.config.effective import limits_of

    config = load_config(paths.home, paths.profile, os.environ)
    strategy, settings = _strategy(request, config, paths.strategies)
    symbols = request.symbols or settings.symbols
    if not symbols:
        raise OperatorError(f"strategy {strategy.name} names no symbols; give --symbols")
    start_ns, end_ns = _instant(request.start, "--from", 0), _instant(request.end, "--to", 1)
    bars = _cut(load_bars(request.bars, list(symbols)), start_ns, end_ns, request.bars)
    params = {**settings.params, **_typed(strategy, request.params)}
    players = tuple(
        Player(strategy.name, strategy.make(symbol, params), _instrument(config, symbol), strategy.file)
        for symbol in symbols
    )
    calendar = request.calendar or config.market.calendar
    commission = request.commission or config.backtest.commission
    spec = RunSpec(
        limits=limits_of(config.risk, symbols) if request.limits else far_limits(symbols),
        sessions=_sessions(bars, calendar, paths),
        cash=_given(request.cash, config.backtest.cash),
        costs=Costs(parse_commission(commission), _given(request.slippage_bps, config.backtest.slippage_bps)),
        volume_cap=request.volume_cap,
        halt_scope=request.halt_scope,
        start_ns=start_ns or 0,
    )
    notes = _notes(players, bars, spec)
    return Prepared(
        players=players, bars=bars, spec=spec, strategy=strategy, bar_file=request.bars, calendar=calendar,
        commission=commission, notes=notes,
    )  # fmt: skip


def far_limits(symbols: Sequence[str]) -> Limits:
    """Return limits that bind nowhere, for research on the bare signal. Market hours still hold."""
    return Limits(
        symbols=frozenset(symbols),
        max_order_qty=_FAR,
        max_order_notional=_FAR,
        max_position_qty=_FAR,
        max_position_notional=_FAR,
        max_gross_notional=_FAR,
        max_net_notional=_FAR,
        max_leverage=_FAR,
        max_positions=10**9,
        max_concentration_pct=_FAR,
        max_sector_pct=_FAR,
        daily_loss_limit=_FAR,
        strategy_loss_limit=_FAR,
        symbol_loss_limit=_FAR,
        max_drawdown_pct=_FAR,
        max_day_drawdown_pct=_FAR,
        max_losing_streak=10**9,
        max_round_trips=10**9,
        max_denials=10**9,
        max_rejects=10**9,
        reject_window_s=1e-6,
        max_slippage_bps=_FAR,
        max_messages_per_minute=10**9,
        max_orders_per_fill=_FAR,
        price_collar_pct=_FAR,
        max_spread_pct=_FAR,
        max_quote_age_s=_FAR,
        orders_per_second=10**9,
        orders_per_minute=10**9,
        orders_per_day=10**9,
        duplicate_window_s=1e-6,
        long_only=False,
        breaker_action=BreakerAction.BLOCK,
    )


def _strategy(request: BacktestRequest, config: Config, folder: Path) -> tuple[LoadedStrategy, StrategySettings]:
    """Return the class and its settings; the name may be that of a [strategies.NAME] table."""
    ours = config.strategies.get(request.strategy)
    if ours is None:
        loaded = load_strategy(request.strategy, folder)
    else:
        loaded = load_strategy(ours.strategy or request.strategy, folder, ours.file or "")
    settings = settings_for(loaded.name, folder)
    if ours is not None:
        settings = merged(settings, symbols=ours.symbols, bar_size=ours.bar_size, qty=ours.qty, params=ours.params)
        loaded = replace(loaded, name=request.strategy)
    return loaded, settings


def _given(value: float | None, configured: float) -> float:
    return configured if value is None else value


def _typed(strategy: LoadedStrategy, params: Mapping[str, ParamValue]) -> dict[str, ParamValue]:
    return {
        name: parse_param(strategy.cls, name, value) if isinstance(value, str) else value
        for name, value in params.items()
    }


def _instrument(config: Config, symbol: str) -> Instrument:
    given = config.market.instruments.get(symbol)
    return Instrument(symbol=symbol) if given is None else Instrument(symbol=symbol, multiplier=given.multiplier)


def _instant(text: str | None, option: str, add_days: int) -> int | None:
    """Return UTC ns of a date (plus `add_days`) or of a time with a zone; None when not given."""
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise OperatorError(f"{option} {text!r} is no date; give YYYY-MM-DD or a time such as ...T14:30Z") from None
    if len(text) <= len("2020-01-01"):
        return to_ns(moment.replace(tzinfo=UTC) + timedelta(days=add_days))
    if moment.tzinfo is None:
        raise OperatorError(f"{option} {text!r} has no time zone; add Z for UTC")
    return to_ns(moment)


def _cut(bars: dict[str, BarColumns], start_ns: int | None, end_ns: int | None, file: Path) -> dict[str, BarColumns]:
    """Return the bars that end by `end_ns`; refuse a symbol without any from `start_ns` on."""
    cut: dict[str, BarColumns] = {}
    for symbol, columns in bars.items():
        size = len(columns) if end_ns is None else int(np.searchsorted(columns.end_ns, end_ns, side="right"))
        if size == 0 or (start_ns is not None and columns.end_ns[size - 1] < start_ns):
            first, last = to_datetime(int(columns.end_ns[0])), to_datetime(int(columns.end_ns[-1]))
            raise OperatorError(
                f"bar file {file} has no bars of {symbol} in the range asked for; it holds {first:%Y-%m-%d} to "
                f"{last:%Y-%m-%d}"
            )
        cut[symbol] = columns if size == len(columns) else _head(columns, size)
    return cut


def _head(columns: BarColumns, size: int) -> BarColumns:
    arrays = {item.name: getattr(columns, item.name)[:size] for item in fields(BarColumns) if item.name != "symbol"}
    return BarColumns(symbol=columns.symbol, **arrays)


def _sessions(bars: dict[str, BarColumns], calendar: str, paths: Paths) -> Sessions:
    ends = np.unique(np.concatenate([columns.end_ns for columns in bars.values()]))
    if is_daily(ends):
        return each_bar(ends)
    if calendar == ALWAYS:
        return utc_days(ends)
    from tradetui.marketdata.calendar import TradingCalendar

    # The same file as the core's: whoever comes first pays for making it.
    cache = paths.cache / f"calendar-{calendar}.bin"
    return exchange_sessions(TradingCalendar.load(calendar, cache_file=cache), ends)


def _notes(players: Sequence[Player], bars: dict[str, BarColumns], spec: RunSpec) -> tuple[str, ...]:
    notes = []
    for player in players:
        symbol, need = player.instrument.symbol, player.strategy.warmup_bars
        have = len(bars[symbol])
        if have < need:
            notes.append(f"{symbol}: {have} bars are fewer than the {need} that {player.owner} needs to begin")
    if not math.isclose(spec.sessions.per_year, 252):
        notes.append(f"figures are annualised with {spec.sessions.per_year} sessions a year")
    return tuple(notes)
