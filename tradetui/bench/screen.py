"""What a screen costs the line and the processor: twenty symbols that all move, and a market that is closed."""

from __future__ import annotations

import sys
import time

from tradetui.bench.market_file import symbols, write_market
from tradetui.bench.measure import Measurement, at_most
from tradetui.bench.stage import PROFILE, Play, Stage, open_stage
from tradetui.bench.terminal import COLUMNS, LINES, Terminal

SYMBOLS = 20
WATCH_S = 15.0
#: Real seconds after the first data in which the picture still builds up.
SETTLE_S = 3.0
LIMIT_S = 20.0


def measure(scale: float) -> list[Measurement]:
    """Return bytes a second and processor share, busy and idle."""
    busy_bytes, busy_cpu = _busy(scale)
    idle_bytes, idle_cpu = _idle(scale)
    size = f"{COLUMNS}x{LINES}"
    return [
        Measurement(
            name="screen.bytes",
            what=f"bytes to a {size} terminal, {SYMBOLS} symbols that all move, 2 Hz",
            value=busy_bytes / 1000,
            unit="kB/s",
            budget=at_most(2.5),
        ),
        Measurement(
            name="screen.cpu", what="processor of the screen meanwhile", value=busy_cpu, unit="%", budget=at_most(5)
        ),
        Measurement(
            name="screen.idle",
            what="bytes while the market is closed and only the clock moves",
            value=idle_bytes / 1000,
            unit="kB/s",
            budget=at_most(0.3),
        ),
        Measurement(name="screen.idle_cpu", what="processor of the screen meanwhile", value=idle_cpu, unit="%"),
    ]


def _busy(scale: float) -> tuple[float, float]:
    names = symbols(SYMBOLS)
    with open_stage() as stage:
        market = stage.home / "bars.csv"
        write_market(market, names)
        play = Play(symbols=names, speed=20.0, bar_size="1m", market=f"replay:{market}")
        stage.start_core(play, stage.start_gateway(play))
        return _watch(stage, names[0], scale)


def _idle(scale: float) -> tuple[float, float]:
    play = Play(symbols=("SPY", "QQQ", "DIA", "IWM"), speed=1.0, bar_size="1m", start="2026-03-16T18:00-04:00")
    with open_stage() as stage:
        stage.start_core(play, stage.start_gateway(play))
        return _watch(stage, "SPY", scale)


def _watch(stage: Stage, symbol: str, scale: float) -> tuple[float, float]:
    """Return bytes a second and the percentage of one processor of a screen that shows `symbol`."""
    command = (sys.executable, "-m", "tradetui", "--home", str(stage.home), "--profile", PROFILE)
    with Terminal(command, stage.environ) as terminal:
        terminal.seconds_until(symbol, LIMIT_S)
        terminal.read_for(max(0.5, SETTLE_S * scale))
        begin, cpu_s = time.perf_counter(), terminal.cpu_s()
        count = terminal.read_for(max(2.0, WATCH_S * scale))
        elapsed = time.perf_counter() - begin
        return count / elapsed, (terminal.cpu_s() - cpu_s) / elapsed * 100
