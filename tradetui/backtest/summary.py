"""All figures of a run in one flat, ordered table of JSON values, the buy-and-hold baseline beside them."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from tradetui.backtest import metrics
from tradetui.backtest.engine import RunResult, RunSpec
from tradetui.backtest.equity import EquityCurve, closes_at
from tradetui.backtest.trades import Trade, round_trips
from tradetui.domain.clock import SECOND_NS
from tradetui.marketdata.bar_columns import BarColumns

Metrics = dict[str, float | int | None]


def summarize(
    result: RunResult,
    curve: EquityCurve,
    bars: dict[str, BarColumns],
    spec: RunSpec,
    trades: list[Trade] | None = None,
) -> Metrics:
    """Return every figure of the run; money in the account's currency, rates as fractions, times in seconds.

    `trades` are the run's round trips, computed here when not given.
    """
    closed = round_trips(result.log.fills) if trades is None else trades
    marks = session_marks(curve, spec)
    return {
        **_returns(curve, marks, spec),
        **_activity(result, curve, marks, spec),
        **_trades(closed),
        **_baseline(result, curve, bars, spec),
    }


def session_marks(curve: EquityCurve, spec: RunSpec) -> NDArray[np.intp]:
    """Return the row of each session's last time stamp."""
    times = curve.end_ns
    if not len(times):
        return np.zeros(0, dtype=np.intp)
    closes = np.array(spec.sessions.closes, dtype=np.int64)
    rows = np.append(np.searchsorted(times, closes, side="right") - 1, len(times) - 1)
    return np.unique(rows[rows >= 0])


def _returns(curve: EquityCurve, marks: NDArray[np.intp], spec: RunSpec) -> Metrics:
    per_year = spec.sessions.per_year
    equity = curve.equity[marks].tolist()
    final = equity[-1] if equity else spec.cash
    returns = metrics.session_returns(equity, spec.cash)
    annual = metrics.annual_return(final / spec.cash, len(equity), per_year)
    drawdown = metrics.max_drawdown(curve.equity, spec.cash)
    return {
        "final_equity": final,
        "net_profit": final - spec.cash,
        "total_return": final / spec.cash - 1.0,
        "cagr": annual,
        "volatility": None if returns is None else metrics.volatility(returns, per_year),
        "sharpe": None if returns is None else metrics.sharpe(returns, per_year),
        "sortino": None if returns is None else metrics.sortino(returns, per_year),
        "max_drawdown": drawdown,
        "calmar": metrics.calmar(annual, drawdown),
        "sessions": len(equity),
    }


def _activity(result: RunResult, curve: EquityCurve, marks: NDArray[np.intp], spec: RunSpec) -> Metrics:
    log, lanes = result.log, result.lanes
    traded = math.fsum([abs(fill[3]) * fill[4] * lanes[fill[0]].multiplier for fill in log.fills])
    bars = len(curve.end_ns)
    years = len(marks) / spec.sessions.per_year
    mean_equity = math.fsum(curve.equity[marks].tolist()) / len(marks) if len(marks) else 0.0
    return {
        "bars": bars,
        "orders": len(log.orders),
        "fills": len(log.fills),
        "refused": sum(log.refusals.values()),
        "breaker_trips": len(log.trips),
        "exposure": int(np.count_nonzero(curve.gross)) / bars if bars else None,
        "turnover": traded / mean_equity / years if years and mean_equity > 0 else None,
        "traded": traded,
        "fees": math.fsum([fill[5] for fill in log.fills]),
        "slippage": math.fsum([fill[6] for fill in log.fills]),
        "open_positions": sum(lane.qty != 0 for lane in lanes),
    }


def _trades(closed: list[Trade]) -> Metrics:
    profits = [trade.profit for trade in closed]
    held = [(trade.exit_ns - trade.entry_ns) / SECOND_NS for trade in closed]
    return {
        "trades": len(closed),
        "hit_rate": metrics.hit_rate(profits),
        "avg_trade": math.fsum(profits) / len(profits) if profits else None,
        "best_trade": max(profits, default=None),
        "worst_trade": min(profits, default=None),
        "profit_factor": metrics.profit_factor(profits),
        "median_held_s": _median(held),
    }


def _median(values: list[float]) -> float | None:
    # Not the statistics module: its import costs more than a short backtest.
    if not values:
        return None
    ordered, middle = sorted(values), len(values) // 2
    return ordered[middle] if len(values) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def _baseline(result: RunResult, curve: EquityCurve, bars: dict[str, BarColumns], spec: RunSpec) -> Metrics:
    """Buy and hold: equal money in every symbol at its first open, no costs, fractions allowed."""
    symbols = result.account.symbols
    share = spec.cash / len(symbols)
    equity = np.zeros(len(curve.end_ns))
    for lane in symbols:
        columns = bars[lane.symbol]
        row = int(np.searchsorted(columns.end_ns, spec.start_ns))
        if row == len(columns):
            equity += share
            continue
        begin = int(np.searchsorted(curve.end_ns, columns.end_ns[row]))
        equity[:begin] += share
        equity[begin:] += closes_at(curve.end_ns[begin:], columns) * (share / columns.open[row])
    final = float(equity[-1]) if len(equity) else spec.cash
    sessions = len(session_marks(curve, spec))
    return {
        "buy_hold_return": final / spec.cash - 1.0,
        "buy_hold_cagr": metrics.annual_return(final / spec.cash, sessions, spec.sessions.per_year),
        "buy_hold_max_drawdown": metrics.max_drawdown(equity, spec.cash),
    }
