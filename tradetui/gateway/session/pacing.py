"""IB's limits on how fast a client may ask: messages per second, and historical requests.

Invariant: within the limits a client never notices them; beyond them it gets IB's code; if it goes on, it is dropped.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Hashable
from typing import Final

from tradetui.gateway.market.market import HistoryError
from tradetui.gateway.market.request import bar_seconds
from tradetui.gateway.wire.record import Record

WINDOW_S: Final = 1.0
#: A client that breaks the message limit in more windows than this is disconnected.
MAX_BREACHES: Final = 3
_SMALL_BAR_S: Final = 30
_IDENTICAL_S: Final = 15.0
_BURST_S, _BURST = 2.0, 6
_LONG_S, _LONG = 600.0, 60


class MessagePace:
    """Requests of one client in the last second, by wall time."""

    def __init__(self) -> None:
        self._times: deque[float] = deque()
        self._breach_at = -WINDOW_S
        self.breaches = 0

    def admits(self, limit: int) -> bool:
        """Count one request; whether it is within `limit` per second (0: no limit)."""
        if not limit:
            return True
        now = asyncio.get_running_loop().time()
        times = self._times
        while times and now - times[0] >= WINDOW_S:
            times.popleft()
        if len(times) < limit:
            times.append(now)
            return True
        if now - self._breach_at >= WINDOW_S:
            self._breach_at = now
            self.breaches += 1
        return False


class HistoryPace:
    """Historical requests of one client for small bars: IB's pacing rules."""

    def __init__(self) -> None:
        self._asked: deque[tuple[float, Hashable, Hashable, int]] = deque()

    def admits(self, request: Record, con_id: int) -> bool:
        """Count one request; whether it breaks none of the rules."""
        if not _is_small(request.text("barSize")):
            return True
        now = asyncio.get_running_loop().time()
        while self._asked and now - self._asked[0][0] >= _LONG_S:
            self._asked.popleft()
        what = request.text("what").upper()
        target = (con_id, request.text("exchange"), what)
        whole = (target, request.text("end"), request.text("duration"), request.text("barSize"), request.flag("useRth"))
        weight = 2 if what == "BID_ASK" else 1
        asked = self._asked
        identical = any(w == whole and now - at < _IDENTICAL_S for at, _, w, _ in asked)
        burst = sum(1 for at, t, _, _ in asked if t == target and now - at < _BURST_S) >= _BURST - 1
        many = sum(each[3] for each in asked) + weight > _LONG
        if identical or burst or many:
            return False
        asked.append((now, target, whole, weight))
        return True


def _is_small(bar_size: str) -> bool:
    try:
        return bar_seconds(bar_size) <= _SMALL_BAR_S
    except HistoryError:
        return False
