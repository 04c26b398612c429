"""Is this process able to trade: event loop lag, process pauses, the heartbeat file others watch.

Invariant: a loop that stood still for PAUSE_LIMIT_S blocks entries until it has run well again, and leaves the stacks
of that moment in the log file, written by a thread that needs no loop.
"""

from __future__ import annotations

import asyncio
import faulthandler
import os
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import IO

from tradetui.domain.clock import SECOND_NS
from tradetui.domain.events import HealthChanged

BEAT_S = 0.1
PAUSE_LIMIT_S = 2.0
RECOVERED_AFTER_S = 5.0
#: One minute of beats.
_KEPT = 600


class Heart:
    """Beats every BEAT_S: touches the heartbeat file and measures how late each beat came."""

    def __init__(
        self,
        file: Path,
        report: Callable[[HealthChanged], None],
        *,
        stacks: IO[str] | None = None,
        on_beat: Callable[[], None] | None = None,
        mono_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self._file = file
        self._report = report
        self._stacks = stacks
        self._on_beat = on_beat
        self._mono_ns = mono_ns
        self._lags: deque[float] = deque(maxlen=_KEPT)
        self._paused_ns: int | None = None

    async def run(self) -> None:
        """Beat until cancelled."""
        try:
            while True:
                before = self._mono_ns()
                self._arm()
                await asyncio.sleep(BEAT_S)
                self.beat((self._mono_ns() - before) / SECOND_NS - BEAT_S)
        finally:
            faulthandler.cancel_dump_traceback_later()

    def beat(self, lag_s: float) -> None:
        """Take one beat that came `lag_s` late."""
        self._lags.append(max(0.0, lag_s))
        self._touch()
        if self._on_beat is not None:
            self._on_beat()
        now = self._mono_ns()
        if lag_s > PAUSE_LIMIT_S:
            self._paused_ns = now
            text = f"the process stood still for {lag_s:.1f} s"
            self._report(HealthChanged("pause", healthy=False, detail=text))
        elif self._paused_ns is not None and now - self._paused_ns > RECOVERED_AFTER_S * SECOND_NS:
            self._paused_ns = None
            self._report(HealthChanged("pause", healthy=True))

    @property
    def lag_p99_ms(self) -> float | None:
        """99th percentile of the last minute's lag in milliseconds, None before the first beat."""
        if not self._lags:
            return None
        ordered = sorted(self._lags)
        return ordered[int(len(ordered) * 0.99)] * 1000

    def _arm(self) -> None:
        if self._stacks is not None:
            faulthandler.dump_traceback_later(PAUSE_LIMIT_S, exit=False, file=self._stacks)

    def _touch(self) -> None:
        try:
            os.utime(self._file)
        except OSError:
            self._create()

    def _create(self) -> None:
        try:
            os.close(os.open(self._file, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))
        except OSError:
            # A full or read-only disk must not stop the heart: the watcher then reports the silence.
            return


def rss_mb() -> float | None:
    """Return this process's resident memory in MB, None where the system does not tell."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return None
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
