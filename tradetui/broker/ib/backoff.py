"""Pauses between connection attempts: growing, jittered, and forgotten only after a session that lasted."""

from __future__ import annotations

import random


class Backoff:
    """Pauses from `first_s` doubling up to `max_s`, each cut by a random part of up to a half, never below `first_s`.

    The jitter keeps several programs from knocking in step after a gateway's restart.
    """

    def __init__(self, first_s: float, max_s: float, rng: random.Random) -> None:
        self._first_s = first_s
        self._max_s = max_s
        self._rng = rng
        self._failures = 0

    def next_s(self) -> float:
        """Return the next pause in seconds."""
        whole = min(self._max_s, self._first_s * 2.0 ** min(self._failures, 30))
        self._failures += 1
        return max(self._first_s, whole * (1 - self._rng.random() / 2))

    def reset(self) -> None:
        """Begin with the shortest pause again."""
        self._failures = 0
