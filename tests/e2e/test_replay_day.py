"""Real minutes through the gateway: the live core and the backtester decide the same orders from the same bars.

The strategies here decide by closes alone. One whose exits depend on its entry price (a trailing stop) may leave at
another bar, because a backtest fills at the next open and the market a moment later: that is slippage, not an error.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.e2e.box import Box, wait_for
from tests.e2e.test_kill9 import compare, quiet_books
from tradetui.backtest.engine import RunSpec
from tradetui.backtest.replay_check import Entry, decided_orders
from tradetui.backtest.sessions import exchange_sessions
from tradetui.config import load_config
from tradetui.config.effective import limits_of
from tradetui.domain.clock import MINUTE_NS, to_ns
from tradetui.marketdata.bar_file import load_bars
from tradetui.marketdata.calendar import TradingCalendar
from tradetui.strategy.api import ParamValue

REPOSITORY = Path(__file__).parents[2]
OPEN = "2019-12-18T09:30:00-05:00"
#: The gateway begins before the open, so that the core is ready when the first bar closes.
BEFORE_OPEN = "2019-12-18T09:15:00-05:00"
MARKET_MINUTES = 75
CONFIG = """\
[broker]
client_id = 7

[market]
symbols = ["SPY", "QQQ"]

[strategies.ma_crossover]
symbols = ["SPY", "QQQ"]
qty = 10

[strategies.quick]
strategy = "ma_crossover"
symbols = ["SPY", "QQQ"]
qty = 7
params = { fast = 3, slow = 10 }

[risk]
max_order_qty = 100
max_order_notional = 100_000
max_position_qty = 100
max_position_notional = 100_000
max_gross_notional = 400_000
max_leverage = 1.0
daily_loss_limit = 50_000
max_drawdown_pct = 50.0
orders_per_second = 100
orders_per_minute = 3_000
orders_per_day = 100_000
duplicate_window_s = 0.001

[profile.demo.clock]
speed = 60
"""


class Order(NamedTuple):
    """What must be equal: when it was decided, by whom, and what."""

    bar_end_ns: int
    symbol: str
    strategy: str
    side: str
    qty: float


def journal(home: Path, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(f"file:{home}/data/demo/journal.db?mode=ro", uri=True)) as connection:
        return list(connection.execute(query))


@pytest.mark.slow
def test_a_replayed_morning_gives_the_orders_of_the_backtest_and_the_gateways_books(
    tmp_path: Path, shared_dir: Path
) -> None:
    bars = shared_dir / "data" / "etf_1m_yahoo.parquet"
    sources = {"ma_crossover": (REPOSITORY / "strategies" / "ma_crossover.py").read_text()}
    box = Box(tmp_path, market=f"replay:{bars}", start=BEFORE_OPEN, strategies=sources, config=CONFIG)
    until = to_ns(datetime.fromisoformat(OPEN)) + MARKET_MINUTES * MINUTE_NS
    try:
        box.start_gateway("--keep-closed-hours")
        box.start_core()
        box.wait_ready()
        wait_for("the end of the morning", lambda: (box.row("core").get("market_ns") or 0) > until, 150)  # type: ignore[operator]
        box.command("pause")
        compare(*wait_for("quiet books", lambda: quiet_books(box), 60))
        assert len(box.statement()["executions"]) >= 8, "the morning traded too little to prove anything"
    finally:
        box.close()
    first = first_bars(tmp_path)
    assert live_orders(tmp_path, until) == backtest_orders(tmp_path, bars, first, until)


def first_bars(home: Path) -> dict[tuple[str, str], int]:
    """The first bar that each (strategy, symbol) decided on: a busy machine may miss a bar or two after the open."""
    rows = journal(home, "SELECT strategy, symbol, min(bar_end_ns) FROM consumed_bars GROUP BY 1, 2")
    first = {(str(row[0]), str(row[1])): int(str(row[2])) for row in rows}
    assert len(first) == 4, f"not every strategy decided: {first}"
    latest = to_ns(datetime.fromisoformat(OPEN)) + 5 * MINUTE_NS
    assert all(bar_end_ns <= latest for bar_end_ns in first.values()), f"decisions began late: {first}"
    return first


def live_orders(home: Path, until: int) -> list[Order]:
    rows = journal(home, "SELECT bar_end_ns, symbol, strategy, side, qty FROM intents WHERE purpose != 'flatten'")
    orders = sorted(Order(*row) for row in rows)  # type: ignore[arg-type]
    assert len(orders) >= 8, "the morning traded too little to prove anything"
    return [order for order in orders if order.bar_end_ns <= until]


def backtest_orders(home: Path, bars: Path, first: dict[tuple[str, str], int], until: int) -> list[Order]:
    config = load_config(home, "demo", {})
    calendar = TradingCalendar.load()
    params: dict[str, dict[str, ParamValue]] = {"ma_crossover": {"qty": 10}, "quick": {"qty": 7, "fast": 3, "slow": 10}}
    orders: list[Order] = []
    for (name, symbol), start_ns in first.items():
        columns = load_bars(bars, [symbol])
        spec = RunSpec(
            limits=limits_of(config.risk, config.allowed_symbols()),
            sessions=exchange_sessions(calendar, columns[symbol].end_ns),
            cash=1_000_000.0,
            start_ns=start_ns,
        )
        entry = Entry(name=name, strategy="ma_crossover", symbols=(symbol,), params=params[name])
        decided = decided_orders([entry], home / "strategies", columns, spec)
        orders += [Order(item.bar_end_ns, item.symbol, item.strategy, item.side.value, item.qty) for item in decided]
    return sorted(order for order in orders if order.bar_end_ns <= until)
