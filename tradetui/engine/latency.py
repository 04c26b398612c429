"""How long an order takes from the closed bar to its bytes on the socket. Bounded memory, exact percentiles of it."""

from __future__ import annotations

from collections import deque

KEPT = 1000
_PENDING = 256
_MS = 1_000_000


class OrderLatency:
    """Fed with the moments of one process's monotonic clock, nanoseconds."""

    def __init__(self) -> None:
        self._closed: dict[tuple[str, int], int] = {}
        self._samples: deque[int] = deque(maxlen=KEPT)

    def bar_closed(self, symbol: str, bar_end_ns: int, mono_ns: int) -> None:
        """Note when a bar was found closed."""
        self._closed[symbol, bar_end_ns] = mono_ns
        if len(self._closed) > _PENDING:
            del self._closed[next(iter(self._closed))]

    def order_written(self, symbol: str, bar_end_ns: int, mono_ns: int) -> None:
        """Note when the bytes of an order decided on that bar were handed to the socket."""
        began = self._closed.get((symbol, bar_end_ns))
        if began is not None:
            self._samples.append(mono_ns - began)

    def percentile_ms(self, percent: float) -> float | None:
        """Return the percentile of the latest samples in milliseconds, None without samples."""
        if not self._samples:
            return None
        ordered = sorted(self._samples)
        return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))] / _MS
