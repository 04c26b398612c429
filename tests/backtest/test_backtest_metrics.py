"""Figures: published values, definitions, and None where nothing can be said."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.backtest.support import DAY_NS, LIMITS, START_NS, Wanted, columns, run_script, sessions_of
from tradetui.backtest import metrics
from tradetui.backtest.costs import Costs, PerOrder
from tradetui.backtest.engine import RunSpec
from tradetui.backtest.equity import equity_curve
from tradetui.backtest.sessions import Sessions, each_bar, exchange_sessions, is_daily, utc_days
from tradetui.backtest.summary import summarize
from tradetui.domain.clock import MINUTE_NS, to_ns
from tradetui.domain.order import Side
from tradetui.marketdata.calendar import TradingCalendar

PERIODS = {"daily": 252, "weekly": 52, "monthly": 12}


# --- published values -------------------------------------------------------------------------------------------------
def growth(returns: list[float]) -> float:
    return math.prod(1 + value for value in returns)


def figure(
    name: str, raw: list[float | None], args: dict[str, Any], series: dict[str, list[float | None]]
) -> float | None:
    known = [value for value in raw if value is not None]
    per_year = PERIODS[args.get("period", "daily")]
    wealth = np.array(np.cumprod([1 + (value or 0.0) for value in raw]) * 100.0, dtype=np.float64)
    drawdown = metrics.max_drawdown(wealth, 100.0)
    # An unknown first return counts as a session, as in the published numbers.
    annual = metrics.annual_return(growth(known), len(raw), per_year)
    match name:
        case "cum_returns_final":
            return growth(known) - 1
        case "max_drawdown":
            return drawdown
        case "annual_return" | "cagr":
            return annual
        case "annual_volatility":
            return metrics.volatility(known, per_year)
        case "calmar_ratio":
            return metrics.calmar(annual, drawdown)
        case "sharpe_ratio":
            rate = args["risk_free"]
            if isinstance(rate, str):
                free = [value for value, kept in zip(series[rate], raw, strict=True) if kept is not None]
                return metrics.sharpe(known, per_year, [value or 0.0 for value in free])
            return metrics.sharpe(known, per_year, rate)
        case "sortino_ratio":
            return metrics.sortino(known, per_year, args["required_return"])
    raise AssertionError(f"the golden file has a new metric {name}")


def test_figures_agree_with_every_published_value(shared_dir: Path) -> None:
    golden = json.loads((shared_dir / "golden/empyrical_metrics.json").read_text())
    for case in golden["expected"]:
        ours = figure(case["metric"], golden["series"][case["series"]], case["args"], golden["series"])
        if case["expected"] == "inf":
            assert ours is None, case["test"]  # infinite there, not computable here
        else:
            assert ours == pytest.approx(case["expected"], abs=golden["tolerance"]["absolute"]), case["test"]
    assert len(golden["expected"]) >= 20


# --- nothing to say ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("returns", [[], [0.01], [0.0, 0.0]])
def test_a_ratio_without_spread_is_unknown(returns: list[float]) -> None:
    assert metrics.sharpe(returns, 252) is None
    assert metrics.sortino(returns, 252) is None


def test_figures_of_nothing_are_unknown_not_infinite() -> None:
    assert metrics.annual_return(0.0, 10, 252) is None
    assert metrics.annual_return(2.0, 0, 252) is None
    assert metrics.annual_return(1e300, 1, 252) is None
    assert metrics.session_returns([100.0, -5.0, 3.0], 100.0) is None
    assert metrics.session_returns([], 100.0) == []
    assert metrics.profit_factor([5.0]) is None
    assert metrics.hit_rate([]) is None
    assert metrics.calmar(0.5, 0.0) is None
    assert metrics.max_drawdown(np.zeros(0), 100.0) == 0.0


@given(st.lists(st.floats(min_value=1.0, max_value=1e6), min_size=1, max_size=50))
def test_the_drawdown_is_the_worst_fall_from_any_earlier_value(values: list[float]) -> None:
    path = [1000.0, *values]
    worst = min(later / earlier - 1 for index, earlier in enumerate(path) for later in path[index:])
    assert metrics.max_drawdown(np.array(values), 1000.0) == pytest.approx(min(0.0, worst), abs=1e-12)


# --- the whole table --------------------------------------------------------------------------------------------------
def test_the_summary_of_a_small_run_can_be_followed_by_hand() -> None:
    bars = columns([[price, price + 1, price - 1, price] for price in (100.0, 102.0, 110.0, 104.0)], step_ns=DAY_NS)
    by_symbol = {"AAA": bars}
    costs = Costs(PerOrder(1.0))
    script = {0: [Wanted(Side.BUY, 10.0)], 2: [Wanted(None)]}
    result, _ = run_script(bars, script, daily=True, costs=costs, cash=10_000.0)
    spec = RunSpec(limits=LIMITS, sessions=each_bar(bars.end_ns), costs=costs, cash=10_000.0)
    curve = equity_curve(result, by_symbol, spec)
    assert curve.equity.tolist() == [10_000.0, 9_999.0, 10_079.0, 10_018.0]
    assert curve.cash.tolist() == [10_000.0, 8_979.0, 8_979.0, 10_018.0]
    assert curve.gross.tolist() == [0.0, 1_020.0, 1_100.0, 0.0]
    figures = summarize(result, curve, by_symbol, spec)
    assert figures["net_profit"] == 18.0
    assert figures["trades"] == 1
    assert figures["avg_trade"] == pytest.approx(18.0)
    assert figures["hit_rate"] == 1.0
    assert figures["fees"] == 2.0
    assert figures["exposure"] == 0.5
    assert figures["traded"] == 2_060.0
    assert figures["max_drawdown"] == pytest.approx(10_018 / 10_079 - 1)
    assert figures["cagr"] == pytest.approx(1.0018 ** (252 / 4) - 1)
    assert figures["turnover"] == pytest.approx(2_060 / 10_024 / (4 / 252))
    assert figures["buy_hold_return"] == pytest.approx(0.04)
    assert figures["buy_hold_max_drawdown"] == pytest.approx(104 / 110 - 1)
    assert figures["median_held_s"] == 2 * 86_400
    assert figures["profit_factor"] is None


def test_buy_and_hold_splits_the_money_and_waits_for_a_symbols_first_bar() -> None:
    early = columns([[100.0, 101.0, 99.0, 100.0]] * 4)
    late = columns([[50.0, 61.0, 49.0, 60.0]], "BBB")
    late_ends = np.array([START_NS + 4 * MINUTE_NS], dtype=np.int64)
    bars = {"AAA": early, "BBB": type(late)(**{**_fields(late), "end_ns": late_ends})}
    result, _ = run_script(bars, {})
    spec = RunSpec(limits=LIMITS, sessions=sessions_of(bars))
    figures = summarize(result, equity_curve(result, bars, spec), bars, spec)
    assert figures["buy_hold_return"] == pytest.approx(0.5 * 0.2)
    assert figures["final_equity"] == 100_000.0


def _fields(part: Any) -> dict[str, Any]:
    return {name: getattr(part, name) for name in part.__slots__}


# --- sessions ---------------------------------------------------------------------------------------------------------
def test_daily_bars_are_sessions_of_their_own() -> None:
    ends = np.array([START_NS, START_NS + DAY_NS, START_NS + 4 * DAY_NS], dtype=np.int64)
    assert is_daily(ends)
    sessions = each_bar(ends)
    assert [sessions.index_of(int(end)) for end in ends] == [0, 1, 2]
    assert sessions.close_after(int(ends[1])) == int(ends[2])
    assert sessions.clock(int(ends[1])) is not None


def test_a_bar_that_ends_at_midnight_belongs_to_the_day_before() -> None:
    ends = np.array([START_NS + DAY_NS, START_NS + DAY_NS + MINUTE_NS], dtype=np.int64)
    sessions = utc_days(ends)
    assert [sessions.index_of(int(end)) for end in ends] == [0, 1]
    assert not is_daily(ends)


def test_exchange_sessions_know_early_closes_and_close_the_market_at_the_close() -> None:
    calendar = TradingCalendar.load("XNYS", first_year=2019, last_year=2020)
    day = datetime(2019, 12, 24, 14, 31, tzinfo=UTC)
    ends = np.array([to_ns(day)], dtype=np.int64)
    sessions: Sessions = exchange_sessions(calendar, ends)
    close_ns = to_ns(datetime(2019, 12, 24, 18, 0, tzinfo=UTC))
    assert sessions.close_of(int(ends[0])) == close_ns
    clock = sessions.clock(int(ends[0]))
    assert clock is not None
    assert clock[0] == 60.0
    assert sessions.clock(close_ns) is None
    assert sessions.close_after(close_ns) == to_ns(datetime(2019, 12, 26, 21, 0, tzinfo=UTC))
