"""Reads the broker's clock: to anchor market time in the demo, to measure this machine's error elsewhere.

Invariant: a machine whose clock is off by more than SKEW_LIMIT_S makes no entries, because bars, sessions and order
times would be wrong; one bad reading alone changes nothing.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Protocol

from tradetui.domain.errors import BrokerError
from tradetui.domain.events import HealthChanged
from tradetui.engine.clock import BrokerClock, MarketClock

_log = logging.getLogger(__name__)

SKEW_LIMIT_S = 2.0
#: Market seconds that our time may be ahead of a demo market: more means that the journal belongs to another market.
AHEAD_LIMIT_S = 900.0
_BAD_READINGS = 3
_RETRY_S = 0.05
#: Pause after a reading that took too long to be exact.
_AGAIN_S = 0.01
#: Real seconds between readings: an anchored market clock may jump over a night, a system clock only drifts.
_ANCHOR_EVERY_S = 0.5
_MEASURE_EVERY_S = 20.0


class BrokerTime(Protocol):
    """The broker's clock."""

    async def server_time_ns(self) -> int:
        """Return it, UTC nanoseconds in whole seconds."""


class ClockSync:
    """Keeps `clock` in step with the broker's; `on_timed` is called after every good reading."""

    def __init__(
        self,
        broker: BrokerTime,
        clock: MarketClock,
        report: Callable[[HealthChanged], None],
        on_timed: Callable[[], None],
    ) -> None:
        self._broker = broker
        self._clock = clock
        self._report = report
        self._on_timed = on_timed
        self._bad = 0
        self._healthy = True
        self.skew_s: float | None = None

    async def run(self) -> None:
        """Read again and again; never returns."""
        while True:
            read = await self.read_once()
            await asyncio.sleep(self._pause_s(read=read))

    def _pause_s(self, *, read: bool) -> float:
        if not read:
            return _RETRY_S
        if not isinstance(self._clock, BrokerClock):
            return _MEASURE_EVERY_S
        return _ANCHOR_EVERY_S if self._clock.is_anchored else _AGAIN_S

    async def read_once(self) -> bool:
        """Take one reading; return whether the broker gave one."""
        sent = self._clock.now().mono_ns
        try:
            server_ns = await self._broker.server_time_ns()
        except BrokerError:
            return False
        received = self._clock.now().mono_ns
        self.skew_s = self._clock.observe(server_ns, sent, received)
        _log.debug("the broker's clock was read in %.1f ms", (received - sent) / 1e6)
        if self._clock.is_anchored:
            self._on_timed()
        self._judge(self.skew_s)
        return True

    def _judge(self, skew_s: float | None) -> None:
        if skew_s is None:
            return
        anchored = isinstance(self._clock, BrokerClock)
        bad = abs(skew_s) > (AHEAD_LIMIT_S if anchored else SKEW_LIMIT_S)
        self._bad = self._bad + 1 if bad else 0
        if self._healthy and self._bad >= _BAD_READINGS:
            self._healthy = False
            self._report(HealthChanged("clock", healthy=False, detail=_complaint(skew_s, anchored=anchored)))
        elif not self._healthy and not bad:
            self._healthy = True
            self._report(HealthChanged("clock", healthy=True))


def _complaint(skew_s: float, *, anchored: bool) -> str:
    if anchored:
        return (
            f"the market's clock is {-skew_s:.0f} s behind the journal: it is another market; "
            "stop the demo and remove its data to begin anew"
        )
    return f"this machine's clock is off by {skew_s:+.1f} s against the broker's; correct it (timedatectl set-ntp true)"
