"""Where `Now` comes from: the machine's clock, or the broker's when the market runs at its own speed.

Invariant: within one run market time never goes backwards and monotonic time is never derived from it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

from tradetui.domain.clock import SECOND_NS, Now

MonoClock = Callable[[], int]

#: An answer that took this long (real seconds) is a good reading.
ANSWER_S = 0.05
ENOUGH_READINGS = 10


class MarketClock(Protocol):
    """Tells both times, and learns from the broker's clock."""

    speed: float

    @property
    def is_anchored(self) -> bool:
        """Whether market time is known; before, it is a guess and nothing may be concluded from it."""

    def now(self) -> Now:
        """Return this instant."""

    def observe(self, server_ns: int, sent_mono_ns: int, received_mono_ns: int) -> float | None:
        """Take the broker's clock reading; return the skew in market seconds (broker - ours), None when none counts."""


class SystemClock:
    """UTC of this machine. The broker's clock only measures the skew."""

    def __init__(self, mono_ns: MonoClock = time.monotonic_ns, wall_ns: Callable[[], int] = time.time_ns) -> None:
        self._mono_ns = mono_ns
        self._wall_ns = wall_ns
        self._last_ns = 0
        self.speed = 1.0

    @property
    def is_anchored(self) -> bool:
        """Always: it is the machine's."""
        return True

    def now(self) -> Now:
        """Return this instant."""
        # A clock that was set back stands still until it has caught up: bars and stamps keep their order.
        self._last_ns = max(self._last_ns, self._wall_ns())
        return Now(self._last_ns, self._mono_ns())

    def observe(self, server_ns: int, sent_mono_ns: int, received_mono_ns: int) -> float | None:
        """Return broker time less ours in seconds. IB tells whole seconds, so anything within one second is no skew."""
        elapsed = self._mono_ns() - (sent_mono_ns + received_mono_ns) // 2
        ours = self._wall_ns() - elapsed
        if server_ns <= ours < server_ns + SECOND_NS:
            return 0.0
        difference = server_ns - ours if ours < server_ns else server_ns + SECOND_NS - ours
        return difference / SECOND_NS


class BrokerClock:
    """Market time anchored in the broker's clock, running at `speed`. Before the first reading it stands at `floor_ns`.

    Without a past (`is_guess`) that floor means nothing and the first reading may lie before it.

    A reading is a whole second, so each one bounds the offset from both sides; the bounds of several readings are
    intersected, and thrown away when they contradict each other (the market was paused or began anew).
    """

    def __init__(
        self, speed: float, floor_ns: int, mono_ns: MonoClock = time.monotonic_ns, *, is_guess: bool = False
    ) -> None:
        self.speed = speed
        self._is_guess = is_guess
        self._mono_ns = mono_ns
        self._last_ns = floor_ns
        self._bounds: tuple[float, float] | None = None
        self._readings = 0

    @property
    def is_anchored(self) -> bool:
        """Whether the broker's clock was read well enough to go by, or often enough to expect nothing better."""
        if self._bounds is None:
            return False
        width_ns = self._bounds[1] - self._bounds[0]
        return width_ns <= SECOND_NS * (1 + ANSWER_S * self.speed) or self._readings >= ENOUGH_READINGS

    def now(self) -> Now:
        """Return this instant."""
        mono_ns = self._mono_ns()
        if self._bounds is not None:
            low, high = self._bounds
            self._last_ns = max(self._last_ns, int((low + high) / 2 + mono_ns * self.speed))
        return Now(self._last_ns, mono_ns)

    def observe(self, server_ns: int, sent_mono_ns: int, received_mono_ns: int) -> float | None:
        """Anchor in a reading; return how far (market seconds) our time was ahead of it and has to wait, else 0.0."""
        self._readings += 1
        low = server_ns - received_mono_ns * self.speed
        high = server_ns + SECOND_NS - sent_mono_ns * self.speed
        if self._bounds is not None and low < self._bounds[1] and self._bounds[0] < high:
            low, high = max(low, self._bounds[0]), min(high, self._bounds[1])
        self._bounds = (low, high)
        if self._is_guess:
            self._is_guess = False
            self._last_ns = server_ns
        ahead = self._last_ns - ((low + high) / 2 + received_mono_ns * self.speed)
        return -ahead / SECOND_NS if ahead > 0 else 0.0
