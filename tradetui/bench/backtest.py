"""The event backtester: a million bars beside a plain loop over the same bars, and a small run as a whole process."""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

from tradetui.bench.backtest_speed import measure as measure_loops
from tradetui.bench.backtest_speed import minute_bars
from tradetui.bench.measure import Measurement, Unmeasured, at_least, at_most
from tradetui.bench.players import cross
from tradetui.bench.stage import open_stage
from tradetui.domain.clock import to_datetime
from tradetui.marketdata.bar_columns import BarColumns

BARS = 1_000_000
LOOPS = 3
SMALL_BARS = 5_000
RUNS = 7


def measure(scale: float) -> list[Measurement]:
    """Return bars a second, the speed beside a plain loop, and the seconds of `tradetui backtest`."""
    bars = max(20_000, int(BARS * scale))
    loops = measure_loops(bars, LOOPS)
    return [
        Measurement(
            name="backtest.bars",
            what=f"event engine, {bars:,} bars, SMA cross, gate + costs + equity + metrics",
            value=loops["engine_bars_per_s"],
            unit="bars/s",
            budget=at_least(2_500_000),
        ),
        Measurement(
            name="backtest.vs_plain",
            what="the same in multiples of a plain loop's speed that has no gate and no report",
            value=loops["speed_against_plain_loop"],
            unit="x",
        ),
        Measurement(
            name="backtest.process",
            what=f"`tradetui backtest` of {SMALL_BARS:,} bars, whole process, median of {RUNS}",
            value=_process_s(max(3, int(RUNS * scale))),
            unit="s",
            budget=at_most(0.6),
        ),
    ]


def _process_s(runs: int) -> float:
    """Return the median seconds of the command."""
    with open_stage() as stage:
        (stage.home / "config.toml").touch()
        strategies = stage.home / "strategies"
        strategies.mkdir(mode=0o700)
        shutil.copyfile(str(cross.__file__), strategies / "cross.py")
        bars = stage.home / "bars.csv"
        _write(bars, minute_bars(SMALL_BARS))
        words = ["--home", str(stage.home), "backtest", "cross", "--symbols", "SYN", "--bars", str(bars)]
        command = [sys.executable, "-m", "tradetui", *words, "--calendar", "24x7", "--no-limits", "--no-save"]
        taken = []
        for _ in range(runs + 1):
            begin = time.perf_counter()
            done = subprocess.run(  # noqa: S603 (our own interpreter and module)
                command, env=stage.environ, capture_output=True, text=True, check=False
            )
            taken.append(time.perf_counter() - begin)
            if done.returncode:
                raise Unmeasured(f"the backtest failed: {done.stderr.strip()}")
    # The first run compiles modules and fills caches.
    return statistics.median(taken[1:])


def _write(path: Path, bars: BarColumns) -> None:
    columns = (bars.end_ns, bars.open, bars.high, bars.low, bars.close, bars.volume)
    rows = zip(*(column.tolist() for column in columns), strict=True)
    lines = [f"SYN,{to_datetime(end).isoformat()},{o},{h},{low},{c},{v}" for end, o, h, low, c, v in rows]
    path.write_text("\n".join(["symbol,end,open,high,low,close,volume", *lines]) + "\n", encoding="ascii")
