"""Messages per second, measured between looks at a running count."""

from __future__ import annotations

from collections.abc import Callable

from tradetui.domain.clock import SECOND_NS


class Rate:
    """Turns a count that only grows (or starts again at 0) into a rate, renewed at most once a second."""

    def __init__(self, mono_ns: Callable[[], int]) -> None:
        self._mono_ns = mono_ns
        self._count = 0
        self._at_ns = mono_ns()
        self._per_s = 0.0

    def per_s(self, count: int) -> float:
        """Return the rate since the last renewal, given the count now."""
        now = self._mono_ns()
        elapsed_ns = now - self._at_ns
        if elapsed_ns >= SECOND_NS:
            self._per_s = max(0, count - self._count) * SECOND_NS / elapsed_ns
            self._count, self._at_ns = count, now
        return self._per_s
