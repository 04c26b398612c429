"""Keeps one strategy's host process alive and honest: load, warm-up, deadline per bar, kill, restart, stop.

Invariants: a host is `running` only when it has loaded and has seen every bar in order; a bar that is not answered in
time costs the host its process, never the core its time; MAX_FAILURES in a row stop it until the operator starts it.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tradetui.domain.actions import DeliverBar
from tradetui.domain.bar import Bar
from tradetui.domain.errors import StrategyError
from tradetui.domain.events import Event, SignalsProposed, StrategyStatus
from tradetui.engine.host_messages import Decided, Failed, Load, Loaded, NewBar, Warm, WarmUp
from tradetui.engine.host_process import HostProcess

#: Bars kept for the warm-up of a restarted host, beyond what its indicators need.
_EXTRA_BARS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class HostSpec:
    """What one strategy is: its unique name, where its class is, what it trades."""

    name: str
    strategy: str
    folder: Path
    symbols: tuple[str, ...]
    file: str = ""
    params: Mapping[str, int | float | str | bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class HostTiming:
    """Time limits in real seconds."""

    load_s: float = 15.0
    warm_up_s: float = 30.0
    bar_s: float = 2.0
    restart_s: tuple[float, ...] = (0.5, 2.0, 5.0)
    max_failures: int = 3


class _Hung(StrategyError):
    """An answer did not come in time."""


class StrategyHost:
    """The core's side of one strategy host. `run` is its life; everything else returns at once."""

    def __init__(self, spec: HostSpec, report: Callable[[Event], None], timing: HostTiming | None = None) -> None:
        self.spec = spec
        self._report = report
        self._timing = timing or HostTiming()
        self._recent: dict[str, deque[Bar]] = {symbol: deque(maxlen=_EXTRA_BARS) for symbol in spec.symbols}
        self._process: HostProcess | None = None
        self._live = False
        self._number = 0
        self._due: dict[int, tuple[NewBar, float]] = {}
        self._wanted = asyncio.Event()
        self._wanted.set()
        self._changed = asyncio.Event()
        self._stop_reason = ""
        self._failures = 0
        self._history_complete = asyncio.Event()
        self.warmup_bars: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.sha256 = ""

    def deliver(self, action: DeliverBar) -> None:
        """Hand a closed bar over, or keep it for the host's warm-up while it is not there."""
        bar = action.bar
        recent = self._recent[bar.symbol]
        if recent and bar.end_ns <= recent[-1].end_ns:
            return  # a strategy sees each bar once
        recent.append(bar)
        if self._process is None or not self._live:
            return
        self._number += 1
        message = NewBar(
            number=self._number,
            bar=bar,
            decide=action.decide,
            position=action.position,
            equity=action.equity,
        )
        reads = self._process.send(message)
        if action.decide or not reads:
            # A host that does not read any more is overdue at once.
            self._due[message.number] = (message, _clock() + self._timing.bar_s if reads else 0.0)
            self._changed.set()

    def history_complete(self) -> None:
        """Say that every bar of the past was delivered: the host may go live."""
        self._history_complete.set()

    def switch(self, *, run: bool, reason: str) -> None:
        """Start or stop the strategy by the operator's will."""
        self._stop_reason = reason
        if run:
            self._failures = 0
            self._wanted.set()
        else:
            self._wanted.clear()
        self._changed.set()

    async def run(self) -> None:
        """Keep the strategy running while it is wanted; never returns."""
        while True:
            if not self._wanted.is_set():
                self._status("stopped", self._stop_reason)
                await self._wanted.wait()
            try:
                await self._one_life()
            except StrategyError as error:
                await self._after_failure("hung" if isinstance(error, _Hung) else "failed", str(error))
            finally:
                await self._end_process()

    async def _one_life(self) -> None:
        self._status("loading")
        self._process = process = await HostProcess.start(self.spec.name, self.spec.folder.parent)
        process.send(self._load_message())
        loaded = await self._answer(process, self._timing.load_s, "loading")
        if not isinstance(loaded, Loaded):
            raise StrategyError(f"unexpected answer {type(loaded).__name__} while loading")
        self._take_loaded(loaded)
        self._status("warming")
        if not await self._still_wanted(self._history_complete):
            return
        process.send(WarmUp(self._past_bars()))
        self._live = True
        warm = await self._answer(process, self._timing.warm_up_s, "warming up")
        if not isinstance(warm, Warm):
            raise StrategyError(f"unexpected answer {type(warm).__name__} while warming up")
        self._status("running")
        await self._converse(process)

    def _load_message(self) -> Load:
        spec = self.spec
        return Load(
            name=spec.name,
            strategy=spec.strategy,
            file=spec.file,
            folder=str(spec.folder),
            symbols=spec.symbols,
            params=json.dumps(dict(spec.params)),
        )

    def _take_loaded(self, loaded: Loaded) -> None:
        self.sha256 = loaded.sha256
        for symbol, recent in self._recent.items():
            self._recent[symbol] = deque(recent, maxlen=loaded.warmup_bars + _EXTRA_BARS)
        if not self.warmup_bars.done():
            self.warmup_bars.set_result(loaded.warmup_bars)

    def _past_bars(self) -> tuple[Bar, ...]:
        bars = [bar for recent in self._recent.values() for bar in recent]
        return tuple(sorted(bars, key=lambda bar: bar.end_ns))

    async def _converse(self, process: HostProcess) -> None:
        """Take answers until the strategy is not wanted any more."""
        answer = asyncio.create_task(process.receive())
        try:
            while self._wanted.is_set():
                self._changed.clear()
                changed = asyncio.create_task(self._changed.wait())
                await asyncio.wait({answer, changed}, timeout=self._until_due(), return_when=asyncio.FIRST_COMPLETED)
                changed.cancel()
                if answer.done():
                    self._take_answer(answer.result())
                    answer = asyncio.create_task(process.receive())
                elif self._until_due() == 0.0:
                    raise _Hung(f"no decision within {self._timing.bar_s:g} s")
        finally:
            answer.cancel()
            await asyncio.gather(answer, return_exceptions=True)

    def _take_answer(self, message: object) -> None:
        if isinstance(message, Failed):
            raise StrategyError(message.reason)
        if not isinstance(message, Decided):
            raise StrategyError(f"unexpected answer {type(message).__name__}")
        asked, _ = self._due.pop(message.number, (None, 0.0))
        if asked is None:
            raise StrategyError("a decision on a bar that was not asked about")
        self._failures = 0
        self._report(SignalsProposed(self.spec.name, asked.bar.symbol, asked.bar.end_ns, message.signals))

    async def _answer(self, process: HostProcess, limit_s: float, doing: str) -> object:
        try:
            async with asyncio.timeout(limit_s):
                message = await process.receive()
        except TimeoutError:
            raise _Hung(f"no answer within {limit_s:g} s while {doing}") from None
        if isinstance(message, Failed):
            raise StrategyError(message.reason)
        return message

    async def _still_wanted(self, event: asyncio.Event) -> bool:
        """Wait for `event`; return False when the strategy is stopped before."""
        while not event.is_set() and self._wanted.is_set():
            self._changed.clear()
            waits = {asyncio.create_task(event.wait()), asyncio.create_task(self._changed.wait())}
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            for wait in waits:
                wait.cancel()
        return self._wanted.is_set()

    async def _after_failure(self, state: str, reason: str) -> None:
        self._failures += 1
        await self._end_process()
        self._status(state, reason)
        if self._failures >= self._timing.max_failures:
            self._stop_reason = f"{self._failures} failures in a row; the last: {reason}"
            self._wanted.clear()
            return
        pauses = self._timing.restart_s
        await asyncio.sleep(pauses[min(self._failures, len(pauses)) - 1])

    async def _end_process(self) -> None:
        self._live = False
        self._due.clear()
        process, self._process = self._process, None
        if process is not None:
            await process.kill()

    def _until_due(self) -> float | None:
        """Real seconds until the first answer is overdue, 0.0 when one is, None when none is due."""
        if not self._due:
            return None
        return max(0.0, min(due for _, due in self._due.values()) - _clock())

    def _status(self, state: str, reason: str = "") -> None:
        self._report(StrategyStatus(self.spec.name, state, reason))


def _clock() -> float:
    return asyncio.get_running_loop().time()
