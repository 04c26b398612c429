"""A backtest in a process of its own, read line by line. No Textual here.

The invariant: the UI never computes a backtest itself, and a cancelled or forgotten worker is killed, not waited for.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

from tradetui.tui.viewmodels.curve import Point

#: Longest line a worker may send; an equity curve is thinned out by it before.
_LINE = 1 << 24
_LAST_WORDS = 2000
GRACE_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class BacktestRequest:
    """What to run. `start` and `end` are ISO dates, empty for the whole file."""

    home: str
    profile: str
    strategy: str
    symbols: tuple[str, ...]
    bars: str
    start: str = ""
    end: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """How much is done, 0..1."""

    fraction: float


@dataclass(frozen=True, slots=True)
class Finished:
    """The result: named metrics, equity as (UTC nanoseconds, value), and the number of trades."""

    metrics: dict[str, float | str | None]
    equity: list[Point] = field(default_factory=list)
    trades: int = 0


@dataclass(frozen=True, slots=True)
class Failed:
    """Why there is no result, in one line."""

    reason: str


JobEvent = Progress | Finished | Failed


def worker_command(request: BacktestRequest) -> list[str]:
    """Return the command that runs `request` and reports on standard output, one JSON object per line."""
    command = [sys.executable, "-m", "tradetui.backtest.worker", "--home", request.home, "--profile", request.profile]
    command += ["--strategy", request.strategy, "--symbols", ",".join(request.symbols), "--bars", request.bars]
    for option, value in (("--start", request.start), ("--end", request.end)):
        if value:
            command += [option, value]
    return command


class BacktestJob:
    """One run of a worker."""

    def __init__(self, command: Sequence[str]) -> None:
        self._command = command
        self._process: asyncio.subprocess.Process | None = None
        self._end: asyncio.Task[tuple[int, str]] | None = None
        self._cancelled = False

    async def events(self) -> AsyncIterator[JobEvent]:
        """Run the worker and yield what it reports; ends with Finished or Failed, or with neither when cancelled."""
        process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
            limit=_LINE,
        )
        self._process = process
        if process.stdout is None or process.stderr is None:
            raise RuntimeError("the worker was started without pipes")
        self._end = end = asyncio.create_task(_end_of(process, process.stderr))
        ended = False
        try:
            async for line in process.stdout:
                event = parse_line(line)
                if event is not None and not ended:
                    ended = not isinstance(event, Progress)
                    yield event
        except ValueError:
            ended = True
            yield Failed("the worker sent a line that is too long")
        finally:
            if not self._cancelled:
                self._signal(signal.SIGKILL)
            # The reader may be cancelled more than once; the process is waited for all the same.
            code, said = await asyncio.shield(end)
        if not ended and not self._cancelled:
            yield Failed(said or f"the worker ended with code {code} and said nothing")

    def cancel(self) -> None:
        """End the worker and everything it started: it may tidy up for GRACE_S, then it is killed."""
        self._cancelled = True
        self._signal(signal.SIGTERM)
        asyncio.get_running_loop().call_later(GRACE_S, self._signal, signal.SIGKILL)

    async def close(self) -> None:
        """Cancel, and return when the worker is gone."""
        self.cancel()
        if self._end is not None:
            await asyncio.shield(self._end)

    def _signal(self, number: int) -> None:
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)


def parse_line(line: bytes) -> JobEvent | None:
    """Return what a worker's line reports, or None for a line that reports nothing known."""
    try:
        said = json.loads(line)
    except ValueError:
        return None
    if not isinstance(said, dict):
        return None
    if "error" in said:
        return Failed(str(said["error"]))
    if "metrics" in said and isinstance(said["metrics"], dict):
        trades = said.get("trades")
        return Finished(
            {str(name): _value(value) for name, value in said["metrics"].items()},
            [(int(at), float(value)) for at, value in said.get("equity") or ()],
            trades if isinstance(trades, int) else 0,
        )
    progress = said.get("progress")
    return Progress(min(max(float(progress), 0.0), 1.0)) if isinstance(progress, int | float) else None


def _value(value: object) -> float | str | None:
    if value is None or isinstance(value, float | str):
        return value
    return float(value) if isinstance(value, int) else str(value)


async def _end_of(process: asyncio.subprocess.Process, errors: asyncio.StreamReader) -> tuple[int, str]:
    """Return the exit code and the last line of standard error, when the process has ended."""
    said = await _tail(errors)
    return await process.wait(), said


async def _tail(stream: asyncio.StreamReader) -> str:
    kept = b""
    while data := await stream.read(4096):
        kept = (kept + data)[-_LAST_WORDS:]
    lines = kept.decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else ""
