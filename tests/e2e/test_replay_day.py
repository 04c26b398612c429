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

import numpy as np
import pytest

from tests.e2e.box import Box, wait_for
from tests.e2e.test_kill9 import compare, quiet
from tradetui.backtest.engine import RunSpec
from tradetui.backtest.replay_check import Entry, decided_orders
from tradetui.backtest.sessions import exchange_sessions
from tradetui.config import load_config
from tradetui.domain.clock import MINUTE_NS, to_ns
from tradetui.engine.composition import limits_of
from tradetui.marketdata.bar_file import load_bars
from tradetui.marketdata.calendar import TradingCalendar

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
        wait_for("quiet books", lambda: quiet(box), 60)
        state = box.state()
        assert state is not None
        compare(state, box.statement())
    finally:
        box.close()
    assert live_orders(tmp_path, until) == backtest_orders(tmp_path, bars, until)


def live_orders(home: Path, until: int) -> list[Order]:
    consumed = journal(
        home, "SELECT strategy, symbol, min(bar_end_ns), max(bar_end_ns) FROM consumed_bars GROUP BY 1, 2"
    )
    assert len(consumed) == 4, f"not every strategy decided: {consumed}"
    first = to_ns(datetime.fromisoformat(OPEN)) + MINUTE_NS
    assert all(row[2] <= first + 3 * MINUTE_NS for row in consumed), f"decisions began late: {consumed}"  # type: ignore[operator]
    rows = journal(home, "SELECT bar_end_ns, symbol, strategy, side, qty FROM intents WHERE purpose != 'flatten'")
    orders = sorted(Order(*row) for row in rows)  # type: ignore[arg-type]
    assert len(orders) >= 8, "the morning traded too little to prove anything"
    return [order for order in orders if order.bar_end_ns <= until]


def backtest_orders(home: Path, bars: Path, until: int) -> list[Order]:
    config = load_config(home, "demo", {})
    calendar = TradingCalendar.load()
    columns = load_bars(bars, ["SPY", "QQQ"])
    ends = np.concatenate([item.end_ns for item in columns.values()])
    spec = RunSpec(
        limits=limits_of(config),
        sessions=exchange_sessions(calendar, ends),
        cash=1_000_000.0,
        start_ns=to_ns(datetime.fromisoformat(OPEN)) + MINUTE_NS,
    )
    entries = [
        Entry(name="ma_crossover", strategy="ma_crossover", symbols=("SPY", "QQQ"), params={"qty": 10}),
        Entry(name="quick", strategy="ma_crossover", symbols=("SPY", "QQQ"), params={"qty": 7, "fast": 3, "slow": 10}),
    ]
    decided = decided_orders(entries, home / "strategies", columns, spec)
    return sorted(
        Order(item.bar_end_ns, item.symbol, item.strategy, item.side.value, item.qty)
        for item in decided
        if item.bar_end_ns <= until
    )
