"""What the gateway itself has to do at a market time: later replies, ends of faults, scheduled faults.

Invariant: actions run in time order, those of one moment in the order they were set, and never before their time.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field

Action = Callable[[], object]


@dataclass(slots=True)
class Agenda:
    """A heap of (due ns, order of setting, action)."""

    _heap: list[tuple[int, int, Action]] = field(default_factory=list)
    _set: int = 0

    def at(self, due_ns: int, action: Action) -> None:
        """Do `action` once market time has reached `due_ns`."""
        self._set += 1
        heapq.heappush(self._heap, (due_ns, self._set, action))

    def next_ns(self) -> int | None:
        """When the earliest action is due."""
        return self._heap[0][0] if self._heap else None

    def run(self, now_ns: int) -> None:
        """Do everything due by `now_ns`; what an action adds for then is done too."""
        while self._heap and self._heap[0][0] <= now_ns:
            heapq.heappop(self._heap)[2]()
