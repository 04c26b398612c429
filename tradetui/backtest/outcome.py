"""A finished run with everything that is reported of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from tradetui.backtest.engine import Progress, RunResult, RunSpec, run
from tradetui.backtest.equity import EquityCurve, equity_curve
from tradetui.backtest.identity import JsonTree, identity
from tradetui.backtest.request import Prepared
from tradetui.backtest.summary import Metrics, summarize
from tradetui.backtest.trades import Trade, round_trips
from tradetui.domain.clock import to_datetime
from tradetui.marketdata.bar_columns import BarColumns


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Result, equity curve, round trips and figures of a run, with its identity."""

    identity: JsonTree
    bars: dict[str, BarColumns]
    spec: RunSpec
    result: RunResult
    curve: EquityCurve
    trades: tuple[Trade, ...]
    metrics: Metrics
    notes: tuple[str, ...]

    @property
    def run_id(self) -> str:
        """The run's id: derived from its inputs."""
        return str(self.identity["run_id"])


def run_prepared(prepared: Prepared, progress: Progress | None = None) -> Outcome:
    """Run and evaluate.

    Raises:
        StrategyError: strategy code failed.
    """
    # Before the run: a strategy may change its own parameters while it trades.
    about = identity(prepared)
    result = run(prepared.players, prepared.bars, prepared.spec, progress)
    curve = equity_curve(result, prepared.bars, prepared.spec)
    trades = round_trips(result.log.fills)
    return Outcome(
        identity=about,
        bars=prepared.bars,
        spec=prepared.spec,
        result=result,
        curve=curve,
        trades=tuple(trades),
        metrics=summarize(result, curve, prepared.bars, prepared.spec, trades),
        notes=(*prepared.notes, *_notes(result)),
    )


def thinned(curve: EquityCurve, most: int) -> list[tuple[int, float]]:
    """Return at most `most` points (UTC ns, equity), evenly spread, the first and the last among them."""
    count = len(curve.end_ns)
    rows = np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(np.int64))
    return list(zip(curve.end_ns[rows].tolist(), curve.equity[rows].tolist(), strict=True))


def _notes(result: RunResult) -> list[str]:
    log = result.log
    notes = [f"breaker tripped {to_datetime(trip.end_ns):%Y-%m-%d %H:%M} UTC: {trip.text}" for trip in log.trips[:3]]
    if len(log.trips) > 3:
        notes.append(f"breakers tripped {len(log.trips)} times in all")
    if log.refusals:
        counts = ", ".join(f"{code} {count:,}" for code, count in Counter(log.refusals).most_common())
        notes.append(f"orders refused by the risk gate: {counts} (first: {log.refused[0].text})")
    open_lanes = [f"{lane.qty:g} {lane.symbol}" for lane in result.lanes if lane.qty]
    if open_lanes:
        notes.append(f"still held at the end: {', '.join(open_lanes)}")
    return notes
