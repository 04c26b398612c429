"""Reads the broker's clock: to anchor market time in the demo, to measure this machine's error elsewhere.

Invariant: a machine whose clock is off by more than SKEW_LIMIT_S makes no entries, because bars, sessions and order
times would be wrong; one bad reading alone changes nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from tradetui.domain.errors import BrokerError
from tradetui.domain.events import HealthChanged
from tradetui.engine.clock import BrokerClock, MarketClock

SKEW_LIMIT_S = 2.0
#: Market seconds that our time may be ahead of a demo market: more means that the journal belongs to another market.
AHEAD_LIMIT_S = 900.0
_BAD_READINGS = 3
_RETRY_S = 0.1
#: Real seconds between readings: an anchored market clock may jump over a night, a system clock only drifts.
_ANCHOR_EVERY_S = 0.5
_MEASURE_EVERY_S = 20.0


class BrokerTime(Protocol):
    """The broker's clock."""

    async def server_time_ns(self) -> int:
        """Return it, UTC nanoseconds in whole seconds."""


class ClockSync:
    """Keeps `clock` in step with the broker's; `on_timed` is called after every reading."""

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
        anchored = isinstance(self._clock, BrokerClock)
        while True:
            read = await self.read_once()
            period = _ANCHOR_EVERY_S if anchored else _MEASURE_EVERY_S
            await asyncio.sleep(period if read else _RETRY_S)

    async def read_once(self) -> bool:
        """Take one reading; return whether the broker gave one."""
        sent = self._clock.now().mono_ns
        try:
            server_ns = await self._broker.server_time_ns()
        except BrokerError:
            return False
        received = self._clock.now().mono_ns
        self.skew_s = self._clock.observe(server_ns, sent, received)
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
