"""How regularly a core beats, seen from outside: the times at which its heartbeat file was touched."""

from __future__ import annotations

import threading
import time
from itertools import pairwise
from pathlib import Path

_LOOK_S = 0.005


class Beats:
    """Watches a heartbeat file in a thread of its own from `with` on."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._times_ns: list[int] = []
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    @property
    def count(self) -> int:
        """Beats seen so far."""
        return len(self._times_ns)

    @property
    def worst_gap_s(self) -> float:
        """Longest time between two beats, the one that is under way included."""
        times = [*self._times_ns, time.time_ns()]
        return max(later - earlier for earlier, later in pairwise(times)) / 1e9

    def __enter__(self) -> Beats:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        # The kernel stamps each touch, so that a late look here does not make a gap unless it misses a whole beat.
        while not self._done.wait(_LOOK_S):
            touched = self._file.stat().st_mtime_ns
            if not self._times_ns or touched != self._times_ns[-1]:
                self._times_ns.append(touched)
