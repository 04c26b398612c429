"""Random markets, scripted strategies and short ways to run them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from hypothesis import strategies as st

from tradetui.backtest.costs import SCHEDULES, Costs, PerOrder
from tradetui.backtest.engine import Player, RunResult, RunSpec, run
from tradetui.backtest.sessions import Sessions, each_bar, utc_days
from tradetui.bench import backtest_speed
from tradetui.domain.bar import Bar
from tradetui.domain.clock import MINUTE_NS
from tradetui.domain.instrument import Instrument
from tradetui.domain.order import Side, TimeInForce
from tradetui.marketdata.bar_columns import BarColumns
from tradetui.risk.limits import BreakerAction, Limits, SymbolLimits
from tradetui.strategy.api import Context, Strategy

ROOT = Path(__file__).parents[2]
START_NS = 1_577_836_800_000_000_000  # 2020-01-01T00:00Z
DAY_NS = 24 * 60 * MINUTE_NS

LIMITS = Limits(
    symbols=frozenset({"AAA", "BBB", "CCC"}),
    max_order_qty=1e6,
    max_order_notional=1e9,
    max_position_qty=1e6,
    max_position_notional=1e9,
    max_gross_notional=1e9,
    max_net_notional=1e9,
    max_leverage=1000.0,
    max_positions=10,
    max_concentration_pct=1e6,
    max_sector_pct=1e6,
    daily_loss_limit=1e9,
    strategy_loss_limit=1e9,
    symbol_loss_limit=1e9,
    max_drawdown_pct=1e6,
    max_day_drawdown_pct=1e6,
    max_losing_streak=1000,
    max_round_trips=1000,
    max_denials=1000,
    max_rejects=1000,
    reject_window_s=60.0,
    max_slippage_bps=1e6,
    max_messages_per_minute=1_000_000,
    max_orders_per_fill=1e6,
    price_collar_pct=1e6,
    max_spread_pct=1e6,
    max_quote_age_s=10.0,
    orders_per_second=1000,
    orders_per_minute=1000,
    orders_per_day=100_000,
    duplicate_window_s=1e-6,
    long_only=False,
)
FREE = Costs(PerOrder(0.0))
CALM_ROW = [100.0, 100.5, 99.5, 100.0]


@dataclass(frozen=True)
class Wanted:
    """One scripted wish: an order, a close when `side` is None, or a stop around what is held with `protect`."""

    side: Side | None
    qty: float = 10.0
    limit: float | None = None
    stop: float | None = None
    tif: TimeInForce = TimeInForce.DAY
    leg: str = "main"
    stop_loss: float | None = None
    take_profit: float | None = None
    protect: bool = False


class Scripted(Strategy):
    """Wants what the script says at each bar, counted from the first bar it sees."""

    name = "scripted"

    def __init__(self, symbol: str, script: Mapping[int, Sequence[Wanted]]) -> None:
        super().__init__(symbol)
        self.script = script
        self.seen: list[tuple[Bar, float, float, bool, float | None]] = []

    def on_bar(self, bar: Bar, ctx: Context) -> None:
        """Note what is seen and follow the script."""
        for wanted in self.script.get(len(self.seen), ()):
            if wanted.protect:
                ctx.protect(wanted.stop or 0.0, target=wanted.take_profit)
                continue
            if wanted.side is None:
                ctx.close()
                continue
            order = ctx.buy if wanted.side is Side.BUY else ctx.sell
            order(
                wanted.qty,
                limit=wanted.limit,
                stop=wanted.stop,
                tif=wanted.tif,
                leg=wanted.leg,
                stop_loss=wanted.stop_loss,
                take_profit=wanted.take_profit,
            )
        self.seen.append((bar, ctx.position, ctx.avg_cost, ctx.working, ctx.equity))


def columns(rows: Sequence[Sequence[float]], symbol: str = "AAA", *, step_ns: int = MINUTE_NS) -> BarColumns:
    """Return bars from rows of open, high, low, close and optionally volume."""
    table = np.array([[*row, 1000.0][:5] for row in rows], dtype=np.float64)
    o, high, low, c, v = (np.ascontiguousarray(table[:, index]) for index in range(5))
    ends = START_NS + step_ns * np.arange(1, len(table) + 1, dtype=np.int64)
    return BarColumns(symbol=symbol, end_ns=ends, open=o, high=high, low=low, close=c, volume=v)


def sessions_of(bars: Mapping[str, BarColumns], *, daily: bool = False) -> Sessions:
    ends = np.unique(np.concatenate([part.end_ns for part in bars.values()]))
    return each_bar(ends) if daily else utc_days(ends)


def run_script(
    bars: BarColumns | Mapping[str, BarColumns],
    script: Mapping[int, Sequence[Wanted]],
    *,
    limits: Limits = LIMITS,
    daily: bool = False,
    **spec: Any,
) -> tuple[RunResult, dict[str, Scripted]]:
    """Run one scripted strategy per symbol; return the result and the strategies by symbol."""
    by_symbol = {bars.symbol: bars} if isinstance(bars, BarColumns) else dict(bars)
    made = {symbol: Scripted(symbol, script) for symbol in by_symbol}
    players = [Player("scripted", strategy, Instrument(symbol=symbol)) for symbol, strategy in made.items()]
    given = {"costs": FREE, "sessions": sessions_of(by_symbol, daily=daily), **spec}
    return run(players, by_symbol, RunSpec(limits=limits, **given)), made


def fills_of(result: RunResult) -> list[tuple[int, float, float]]:
    """Return (bar number counted from 1, signed quantity, price) of each fill on a minute grid."""
    return [((fill[2] - START_NS) // MINUTE_NS, fill[3], fill[4]) for fill in result.log.fills]


def log_of(result: RunResult) -> object:
    """Return everything that a run recorded, comparable."""
    orders = [
        (lane, order.decided_ns, order.sign, order.qty, order.left, order.state, order.ended_ns, order.commission)
        for lane, order in result.log.orders
    ]
    fills = [(fill[0], fill[1].number, *fill[2:]) for fill in result.log.fills]
    return orders, fills, result.log.refused, result.log.refusals, result.log.trips, result.account.flow


def tight(**changes: Any) -> Limits:
    """Return the free limits with some made tighter."""
    return replace(LIMITS, **changes)


# --- random markets and scripts ---------------------------------------------------------------------------------------
ticks = st.integers(min_value=-40, max_value=40)


@st.composite
def markets(draw: st.DrawFn, symbol: str = "AAA", least: int = 5, most: int = 50) -> BarColumns:
    """Bars near 100 on the cent grid, with gaps between bars, some minutes missing and some days skipped."""
    rows, ends = [], []
    price, minute = 10_000, 0
    for _ in range(draw(st.integers(min_value=least, max_value=most))):
        minute += draw(st.sampled_from([1, 1, 1, 2, 1440]))
        first, second = price + draw(ticks), price + draw(ticks)
        high = max(first, second) + abs(draw(ticks))
        low = min(first, second) - abs(draw(ticks))
        rows.append([first / 100, high / 100, low / 100, second / 100, draw(st.sampled_from([0.0, 7.0, 1000.0]))])
        ends.append(START_NS + minute * MINUTE_NS)
        price = min(max(second, 9_000), 11_000)
    made = columns(rows, symbol)
    return replace(made, end_ns=np.array(ends, dtype=np.int64))


prices = st.integers(min_value=9_900, max_value=10_100).map(lambda tick: tick / 100)
wishes = st.one_of(
    st.just(Wanted(None)),
    st.builds(
        Wanted,
        side=st.sampled_from([Side.BUY, Side.SELL]),
        qty=st.sampled_from([1.0, 10.0, 33.0]),
        limit=st.none() | prices,
        stop=st.none() | prices,
        tif=st.sampled_from(list(TimeInForce)),
        leg=st.sampled_from(["main", "second"]),
    ),
)
scripts = st.dictionaries(st.integers(min_value=0, max_value=45), st.lists(wishes, min_size=1, max_size=2), max_size=20)
cost_models = st.builds(
    Costs,
    st.sampled_from([PerOrder(0.0), PerOrder(1.0), SCHEDULES["ibkr_fixed"]]),
    st.sampled_from([0.0, 1.0, 25.0]),
)
tight_limits = st.builds(
    tight,
    max_order_notional=st.sampled_from([500.0, 1_100.0]),
    max_position_notional=st.sampled_from([1_100.0, 2_000.0]),
    max_gross_notional=st.sampled_from([3_000.0, 1e9]),
    max_leverage=st.sampled_from([0.02, 1000.0]),
    max_positions=st.sampled_from([1, 10]),
    max_net_notional=st.sampled_from([2_500.0, 1e9]),
    max_concentration_pct=st.sampled_from([1.5, 1e6]),
    max_sector_pct=st.sampled_from([2.0, 1e6]),
    sectors=st.sampled_from([{}, {"letters": frozenset({"AAA", "BBB"})}]),
    symbol=st.sampled_from([{}, {"AAA": SymbolLimits(max_position_qty=12.0)}]),
    daily_loss_limit=st.sampled_from([5.0, 50.0, 1e9]),
    max_drawdown_pct=st.sampled_from([0.02, 1e6]),
    price_collar_pct=st.sampled_from([0.5, 1e6]),
    orders_per_minute=st.sampled_from([1, 1000]),
    orders_per_day=st.sampled_from([3, 100_000]),
    duplicate_window_s=st.sampled_from([1e-6, 90.0]),
    long_only=st.booleans(),
    no_entry_first_minutes=st.sampled_from([0.0, 3.0]),
    breaker_action=st.sampled_from(list(BreakerAction)),
)


def load_bench() -> ModuleType:
    """Return the backtest's bench: its generator makes the reference markets."""
    return backtest_speed


def daily_walk(count: int = 5000, seed: int = 7) -> BarColumns:
    """Return the reference daily bars: a geometric walk, 20 % a year with a drift of 2 bp a day, on weekdays."""
    rng, sigma = np.random.default_rng(seed), 0.20 / math.sqrt(252)
    close = 100.0 * np.exp(np.cumsum(rng.normal(0.0002, sigma, count)))
    before = np.concatenate(([100.0], close[:-1]))
    open_ = before * np.exp(rng.normal(0, sigma * 0.15, count))
    high = np.maximum(open_, close) * np.exp(np.abs(rng.normal(0, sigma * 0.5, count)))
    low = np.minimum(open_, close) * np.exp(-np.abs(rng.normal(0, sigma * 0.5, count)))
    opens, highs, lows, closes = (np.maximum(np.round(x, 2), 0.01) for x in (open_, high, low, close))
    days = np.arange(np.datetime64("2004-01-02"), np.datetime64("2004-01-02") + np.timedelta64(2 * count, "D"))
    weekdays = days[np.is_busday(days)][:count]
    return BarColumns(
        symbol="AAA",
        end_ns=weekdays.astype("datetime64[ns]").astype(np.int64),
        open=opens,
        high=np.maximum(highs, np.maximum(opens, closes)),
        low=np.minimum(lows, np.minimum(opens, closes)),
        close=closes,
        volume=np.ones(count),
    )
