"""The equity curve, computed once after the run from the fill log: same operations as bar by bar, so the same bits.

Invariant: `equity[i]` equals `Account.equity()` as it stood after the fills and at the closes of time stamp i.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tradetui.backtest.engine import RunResult, RunSpec
from tradetui.backtest.lane import Lane
from tradetui.backtest.log import FillTuple
from tradetui.marketdata.bar_columns import BarColumns

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class EquityCurve:
    """Account figures at each time stamp that has a bar. `gross` is the unsigned value of all positions."""

    end_ns: Ints
    equity: Floats
    cash: Floats
    gross: Floats


def equity_curve(result: RunResult, bars: dict[str, BarColumns], spec: RunSpec) -> EquityCurve:
    """Return the curve over all bars that end at or after `spec.start_ns`."""
    times = time_stamps(result, bars, spec)
    fills = result.log.fills
    rows = np.searchsorted(times, np.array([fill[2] for fill in fills], dtype=np.int64))
    cash = _held_on(rows, [fill[8] for fill in fills], len(times))
    cash += spec.cash
    equity, gross = cash, np.zeros(len(times))
    for first in result.account.symbols:
        value = _quantity(first, fills, rows, len(times), single=len(result.lanes) == 1) * closes_at(
            times, bars[first.symbol]
        )
        if first.multiplier != 1.0:
            value *= first.multiplier
        equity = equity + value
        gross += np.abs(value, out=value)
    return EquityCurve(end_ns=times, equity=equity, cash=cash, gross=gross)


def _quantity(first: Lane, fills: Sequence[FillTuple], rows: Ints, size: int, *, single: bool) -> Floats:
    """Return what the account holds in the symbol of lane `first` at each time; `single`: there is no other lane."""
    if len(first.peers) == 1 and single:
        return _held_on(rows, [fill[9] for fill in fills], size)
    quantity = np.zeros(size)
    for lane in first.peers:
        mine = [index for index, fill in enumerate(fills) if fill[0] == lane.index]
        quantity += _held_on(rows[mine], [fills[index][9] for index in mine], size)
    return quantity


def time_stamps(result: RunResult, bars: dict[str, BarColumns], spec: RunSpec) -> Ints:
    """Return every distinct bar end of the traded symbols from `spec.start_ns` on, sorted."""
    ends = [bars[lane.symbol].end_ns for lane in result.account.symbols]
    merged = ends[0] if len(ends) == 1 else np.unique(np.concatenate(ends))
    return merged[np.searchsorted(merged, spec.start_ns) :]


def closes_at(times: Ints, columns: BarColumns) -> Floats:
    """Return the latest close at each time, 0 before the first bar (where nothing can be held)."""
    if len(columns) >= len(times) and np.array_equal(columns.end_ns[-len(times) :], times):
        return columns.close[-len(times) :] if len(times) else columns.close[:0]
    rows = np.searchsorted(columns.end_ns, times, side="right") - 1
    return np.where(rows >= 0, columns.close[np.maximum(rows, 0)], 0.0)


def _held_on(rows: Ints, values: Sequence[float], size: int) -> Floats:
    """Return a step function: from row rows[k] on, values[k] (the last one where rows repeat); 0 before."""
    lengths = np.diff(rows, prepend=0, append=size)
    return np.repeat(np.array([0.0, *values]), lengths)
