"""Speed of the event backtester, as a ratio to a plain hand-written loop over the same bars on the same machine.

The work is an SMA 20/50 crossover on seeded synthetic minutes: level rule, 100 units, fills at the next open with 1 bp
slippage and 1 USD per order. "Engine" counts everything: columns in, gate, order life cycle, ledger arithmetic, equity
curve and metrics out. "Plain" is what one would write by hand: running sums, no gate, no callbacks, no report.

    python -m tradetui.bench.backtest_speed [--bars 1000000] [--rounds 5] [--json]
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections import deque
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from tradetui.backtest.costs import Costs, PerOrder
from tradetui.backtest.engine import Player, RunSpec, run
from tradetui.backtest.sessions import utc_days
from tradetui.domain.bar import Bar
from tradetui.domain.clock import MINUTE_NS
from tradetui.domain.instrument import Instrument
from tradetui.marketdata.bar_columns import BarColumns
from tradetui.risk.limits import Limits
from tradetui.strategy.api import Context, Strategy
from tradetui.strategy.indicators import SMA

START_NS = 1_577_836_800_000_000_000  # 2020-01-01T00:00Z
Floats = NDArray[np.float64]


class LevelCross(Strategy):
    """Long 100 while SMA(fast) > SMA(slow)."""

    name = "level_cross"
    fast: int = 20
    slow: int = 50
    qty: float = 100.0

    def setup(self) -> None:
        """Declare the averages."""
        self.fast_average = self.use(SMA(self.fast))
        self.slow_average = self.use(SMA(self.slow))

    def on_bar(self, bar: Bar, ctx: Context) -> None:
        """Follow the level."""
        fast, slow = self.fast_average.value, self.slow_average.value
        if fast is None or slow is None:
            return
        if fast > slow:
            if ctx.position == 0:
                ctx.buy(self.qty)
        elif fast < slow and ctx.position > 0:
            ctx.close()


def minute_bars(count: int, seed: int = 7) -> BarColumns:
    """Return `count` one-minute bars of a geometric random walk, 20 % a year, prices in cents."""
    rng, sigma, first = np.random.default_rng(seed), 0.20 / np.sqrt(252 * 390), 100.0
    close = first * np.exp(np.cumsum(rng.normal(0.0, sigma, count)))
    before = np.concatenate(([first], close[:-1]))
    open_ = before * np.exp(rng.normal(0, sigma * 0.15, count))
    high = np.maximum(open_, close) * np.exp(np.abs(rng.normal(0, sigma * 0.5, count)))
    low = np.minimum(open_, close) * np.exp(-np.abs(rng.normal(0, sigma * 0.5, count)))
    opens, highs, lows, closes = (np.maximum(np.round(x, 2), 0.01) for x in (open_, high, low, close))
    return BarColumns(
        symbol="SYN",
        end_ns=START_NS + MINUTE_NS * np.arange(1, count + 1, dtype=np.int64),
        open=opens,
        high=np.maximum(highs, np.maximum(opens, closes)),
        low=np.minimum(lows, np.minimum(opens, closes)),
        close=closes,
        volume=np.maximum(1.0, np.floor(rng.lognormal(8, 0.8, count))),
    )


def roomy_limits(symbol: str) -> Limits:
    """Return limits with every rule switched on and none binding."""
    return Limits(
        symbols=frozenset({symbol}),
        max_order_qty=1e4,
        max_order_notional=1e6,
        max_position_qty=1e4,
        max_position_notional=1e6,
        max_gross_notional=1e7,
        max_net_notional=1e7,
        max_leverage=2.0,
        max_positions=10,
        max_concentration_pct=1e6,
        max_sector_pct=1e6,
        daily_loss_limit=5e4,
        strategy_loss_limit=5e4,
        symbol_loss_limit=5e4,
        max_drawdown_pct=90.0,
        max_day_drawdown_pct=90.0,
        max_losing_streak=1000,
        max_round_trips=1000,
        max_denials=1000,
        max_rejects=1000,
        reject_window_s=60.0,
        max_slippage_bps=1e6,
        max_messages_per_minute=1_000_000,
        max_orders_per_fill=1e6,
        price_collar_pct=5.0,
        max_spread_pct=1.0,
        max_quote_age_s=10.0,
        orders_per_second=5,
        orders_per_minute=30,
        orders_per_day=1000,
        duplicate_window_s=30.0,
        long_only=True,
    )


def engine_run(columns: BarColumns) -> tuple[int, float]:
    """Run the engine with everything counted; return orders and final equity."""
    from tradetui.backtest.equity import equity_curve
    from tradetui.backtest.summary import summarize

    symbol = columns.symbol
    spec = RunSpec(
        limits=roomy_limits(symbol), sessions=utc_days(columns.end_ns), costs=Costs(PerOrder(1.0), slippage_bps=1.0)
    )
    bars = {symbol: columns}
    result = run([Player("level_cross", LevelCross(symbol), Instrument(symbol=symbol))], bars, spec)
    curve = equity_curve(result, bars, spec)
    summarize(result, curve, bars, spec)
    return len(result.log.orders), float(curve.equity[-1])


def plain_run(columns: BarColumns) -> tuple[int, float]:
    """Run the same rule as a plain loop; return orders and final equity."""
    opens, closes = columns.open.tolist(), columns.close.tolist()
    fast: deque[int] = deque(maxlen=20)
    slow: deque[int] = deque(maxlen=50)
    fast_sum = slow_sum = orders = 0
    cash, held, pending = 100_000.0, 0.0, 0.0
    equity = []
    for open_, close in zip(opens, closes, strict=True):
        if pending:
            price = open_ * (1.0001 if pending > 0 else 0.9999)
            cash -= pending * price + 1.0
            held += pending
            pending = 0.0
            orders += 1
        ticks = round(close * 100)
        if len(fast) == 20:
            fast_sum -= fast[0]
        if len(slow) == 50:
            slow_sum -= slow[0]
        fast.append(ticks)
        slow.append(ticks)
        fast_sum += ticks
        slow_sum += ticks
        if len(slow) == 50:
            if fast_sum * 50 > slow_sum * 20:
                if held == 0:
                    pending = 100.0
            elif fast_sum * 50 < slow_sum * 20 and held > 0:
                pending = -held
        equity.append(cash + held * close)
    return orders, equity[-1]


def seconds(work: Callable[[BarColumns], object], columns: BarColumns) -> float:
    """Return the wall time of one run."""
    begin = time.perf_counter()
    work(columns)
    return time.perf_counter() - begin


def measure(count: int, rounds: int) -> dict[str, float]:
    """Return the medians of `rounds` alternating runs over `count` bars.

    Raises:
        ArithmeticError: the two loops disagree, so their speed means nothing.
    """
    columns = minute_bars(count)
    orders, equity = engine_run(columns)
    plain_orders, plain_equity = plain_run(columns)
    if orders != plain_orders or abs(equity - plain_equity) > 1e-4:
        raise ArithmeticError(f"results differ: {orders} {equity} against {plain_orders} {plain_equity}")
    engine, plain = [], []
    for _ in range(rounds):
        engine.append(seconds(engine_run, columns))
        plain.append(seconds(plain_run, columns))
    ratios = [slow / fast for fast, slow in zip(engine, plain, strict=True)]
    return {
        "bars": count,
        "orders": orders,
        "final_equity": round(equity, 4),
        "engine_bars_per_s": round(count / statistics.median(engine)),
        "plain_bars_per_s": round(count / statistics.median(plain)),
        "speed_against_plain_loop": round(statistics.median(ratios), 2),
    }


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bars", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    figures = measure(args.bars, args.rounds)
    lines = [json.dumps(figures)] if args.json else [f"{name:26s} {value:,}" for name, value in figures.items()]
    sys.stdout.write("\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
