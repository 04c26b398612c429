"""How long an operator waits: `tradetui` to its first paint and to data, `tradetui status` as a whole process."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Sequence

from tradetui.bench.measure import Measurement, Unmeasured, at_most
from tradetui.bench.stage import PROFILE, Play, Stage, open_stage
from tradetui.bench.terminal import Terminal

SYMBOLS = ("SPY", "QQQ", "DIA", "IWM")
SCREENS = 5
COMMANDS = 9
LIMIT_S = 20.0
#: Painted with the first frame, and with the first data.
_FRAME, _DATA = "QUOTES", "IWM"


def measure(scale: float) -> list[Measurement]:
    """Return the times, medians of several starts, with a bare interpreter's start beside them."""
    with open_stage() as stage:
        play = Play(symbols=SYMBOLS, speed=1.0)
        stage.start_core(play, stage.start_gateway(play))
        paints = [_paint(stage) for _ in range(max(1, int(SCREENS * scale)) + 1)][1:]
        runs = max(3, int(COMMANDS * scale))
        status = _median_ms(stage, (*_tradetui(stage), "status"), runs)
        bare = _median_ms(stage, (sys.executable, "-c", "pass"), runs)
    return [
        Measurement(
            name="start.first_paint",
            what="`tradetui` to its first paint, core running",
            value=statistics.median(first for first, _ in paints) * 1000,
            unit="ms",
            budget=at_most(400),
        ),
        Measurement(
            name="start.data",
            what="`tradetui` to the first quotes on the screen",
            value=statistics.median(data for _, data in paints) * 1000,
            unit="ms",
        ),
        Measurement(
            name="start.status", what="`tradetui status`, whole process", value=status, unit="ms", budget=at_most(150)
        ),
        Measurement(name="start.python", what="a bare interpreter, for comparison", value=bare, unit="ms"),
    ]


def _tradetui(stage: Stage) -> tuple[str, ...]:
    return sys.executable, "-m", "tradetui", "--home", str(stage.home), "--profile", PROFILE


def _paint(stage: Stage) -> tuple[float, float]:
    """Return the seconds to the first frame and to the first data of one screen."""
    with Terminal(_tradetui(stage), stage.environ) as terminal:
        return terminal.seconds_until(_FRAME, LIMIT_S), terminal.seconds_until(_DATA, LIMIT_S)


def _median_ms(stage: Stage, command: Sequence[str], runs: int) -> float:
    taken = []
    for _ in range(runs + 1):
        begin = time.perf_counter()
        done = subprocess.run(  # noqa: S603 (our own interpreter)
            command, env=stage.environ, capture_output=True, text=True, check=False
        )
        taken.append((time.perf_counter() - begin) * 1000)
        if done.returncode:
            raise Unmeasured(f"{command[-1]} failed: {done.stderr.strip()}")
    # The first run fills caches.
    return statistics.median(taken[1:])
