"""IB's message limits, kept on our side so that an order never waits behind data.

IB ends a session above 50 messages a second. Orders and cancels are written at once; data requests are held back so
far below the limit that a burst of cancels still fits. History has rules of its own.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from tradetui.domain.clock import SECOND_NS

MonoClock = Callable[[], int]

#: Messages of every second that are kept free for orders and cancels.
ORDER_RESERVE = 20


async def _wait_until_free(delay_s: Callable[[], float]) -> None:
    # Others may take the place while we sleep: look again until it is ours, then no await before it is counted.
    delay = delay_s()
    while delay > 0:
        await asyncio.sleep(delay)
        delay = delay_s()


class Pacer:
    """Counts what was written in the last second. `mono_ns` is monotonic time, nanoseconds."""

    def __init__(self, max_per_s: int, mono_ns: MonoClock) -> None:
        self._max = max_per_s
        self._data_max = max(1, max_per_s - ORDER_RESERVE)
        self._mono_ns = mono_ns
        self._written: deque[int] = deque()

    def note(self) -> None:
        """Count one message."""
        self._written.append(self._mono_ns())

    def order_delay_s(self) -> float:
        """Return 0 when an order message may leave now, else the seconds until it may."""
        return self._delay_s(self._max)

    async def data_slot(self) -> None:
        """Wait until a data request may leave, and count it."""
        await _wait_until_free(lambda: self._delay_s(self._data_max))
        self.note()

    def _delay_s(self, limit: int) -> float:
        now = self._mono_ns()
        while self._written and now - self._written[0] >= SECOND_NS:
            self._written.popleft()
        if len(self._written) < limit:
            return 0.0
        # The message that must leave the window first; a clock that stands still must not spin.
        return max((self._written[-limit] + SECOND_NS - now) / SECOND_NS, 0.001)


class HistoryPacer:
    """IB's rules for historical requests: identical within 15 s, 6 in 2 s for one contract, 60 in 10 minutes.

    Source: https://interactivebrokers.github.io/tws-api/historical_limitations.html. The last rule binds bars of 30 s
    or less only. A request waits its turn; it is never refused.
    """

    IDENTICAL_NS = 15 * SECOND_NS
    CONTRACT_NS = 2 * SECOND_NS
    CONTRACT_MAX = 5
    WINDOW_NS = 600 * SECOND_NS
    WINDOW_MAX = 58

    def __init__(self, mono_ns: MonoClock) -> None:
        self._mono_ns = mono_ns
        self._sent: deque[tuple[int, str, str, bool]] = deque()

    async def slot(self, contract: str, request: str, *, small_bars: bool) -> None:
        """Wait until `request` on `contract` breaks no rule, and count it."""
        await _wait_until_free(lambda: self._delay_ns(contract, request, small_bars) / SECOND_NS)
        self._sent.append((self._mono_ns(), contract, request, small_bars))

    def _delay_ns(self, contract: str, request: str, small_bars: bool) -> int:
        now = self._mono_ns()
        while self._sent and now - self._sent[0][0] > self.WINDOW_NS:
            self._sent.popleft()
        same = [sent for sent, _, text, _ in self._sent if text == request]
        here = [sent for sent, name, _, _ in self._sent if name == contract]
        small = [sent for sent, _, _, is_small in self._sent if is_small] if small_bars else []
        delays = [0]
        if same:
            delays.append(same[-1] + self.IDENTICAL_NS - now)
        if len(here) >= self.CONTRACT_MAX:
            delays.append(here[-self.CONTRACT_MAX] + self.CONTRACT_NS - now)
        if len(small) >= self.WINDOW_MAX:
            delays.append(small[-self.WINDOW_MAX] + self.WINDOW_NS - now)
        return max(delays)
