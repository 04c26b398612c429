"""Real minutes: the sample strategies trade, the gate holds, and the list to compare a live day with is stable."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.backtest.support import ROOT
from tradetui.backtest.costs import SCHEDULES, Costs
from tradetui.backtest.engine import RunSpec
from tradetui.backtest.replay_check import Decided, Entry, decided_orders
from tradetui.backtest.request import far_limits
from tradetui.backtest.sessions import exchange_sessions
from tradetui.domain.ids import intent_id
from tradetui.domain.order import Side
from tradetui.marketdata.bar_columns import BarColumns
from tradetui.marketdata.bar_file import load_bars
from tradetui.marketdata.calendar import TradingCalendar

FOLDER = ROOT / "strategies"
DAY_START_NS = 1_576_852_200_000_000_000  # 2019-12-20T14:30Z
ENTRIES = (
    Entry(name="ma_crossover", strategy="ma_crossover", symbols=("SPY", "QQQ"), params={"qty": 10}),
    Entry(name="momentum", strategy="momentum", symbols=("DIA", "IWM"), params={"qty": 10}),
)


@pytest.fixture(scope="module")
def minutes(shared_dir: Path) -> dict[str, BarColumns]:
    return load_bars(shared_dir / "data" / "etf_1m_yahoo.parquet")


def spec_of(minutes: dict[str, BarColumns], start_ns: int) -> RunSpec:
    calendar = TradingCalendar.load("XNYS", first_year=2019, last_year=2020)
    return RunSpec(
        limits=far_limits(sorted(minutes)),
        sessions=exchange_sessions(calendar, minutes["SPY"].end_ns),
        costs=Costs(SCHEDULES["ibkr_fixed"], 1.0),
        start_ns=start_ns,
    )


def only(decided: list[Decided], symbol: str) -> list[Decided]:
    return [order for order in decided if order.symbol == symbol]


def test_both_samples_trade_every_symbol_soon_after_the_open(minutes: dict[str, BarColumns]) -> None:
    decided = decided_orders(ENTRIES, FOLDER, minutes, spec_of(minutes, DAY_START_NS))
    for symbol in ("SPY", "QQQ", "DIA", "IWM"):
        mine = only(decided, symbol)
        assert mine[0].side is Side.BUY
        assert mine[0].bar_end_ns - DAY_START_NS < 60 * 60_000_000_000
        assert [order.side for order in mine] == [Side.BUY, Side.SELL] * (len(mine) // 2) + [Side.BUY] * (len(mine) % 2)
    assert decided == sorted(decided)


def test_the_list_names_orders_as_live_trading_does(minutes: dict[str, BarColumns]) -> None:
    first = decided_orders(ENTRIES, FOLDER, minutes, spec_of(minutes, DAY_START_NS))[0]
    assert first.intent_id == intent_id(first.strategy, first.symbol, first.bar_end_ns, first.leg)


def test_strategies_sharing_an_account_decide_as_each_alone_while_no_limit_binds(
    minutes: dict[str, BarColumns],
) -> None:
    spec = spec_of(minutes, DAY_START_NS)
    together = decided_orders(ENTRIES, FOLDER, minutes, spec)
    alone = [order for entry in ENTRIES for order in decided_orders((entry,), FOLDER, minutes, spec)]
    assert together == sorted(alone)


def test_a_day_with_its_history_decides_what_the_whole_file_decides_on_that_day(
    minutes: dict[str, BarColumns],
) -> None:
    # The crossover is flat and its averages are full at the start of this day in both runs.
    crossover = ENTRIES[:1]
    day = decided_orders(crossover, FOLDER, minutes, spec_of(minutes, DAY_START_NS))
    whole = decided_orders(crossover, FOLDER, minutes, spec_of(minutes, 0))
    later = [order for order in whole if order.bar_end_ns >= DAY_START_NS]
    # A position carried over the night sells first; from the first purchase on both are the same.
    for symbol in ("SPY", "QQQ"):
        mine, theirs = only(day, symbol), only(later, symbol)
        begin = next(index for index, order in enumerate(theirs) if order.side is Side.BUY)
        assert mine[-len(theirs[begin:]) :] == theirs[begin:]
