"""Market time: a clock that may run faster than the wall and may skip the hours in which the exchange sleeps.

At infinite speed the clock stands wherever it was put last: whoever plays the market moves it on as fast as it can.
Invariant: market time never goes backwards, whatever happens to the speed. The wall enters only as a monotonic
nanosecond source handed in, so a test moves it by hand.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from tradetui.domain.clock import SECOND_NS
from tradetui.domain.errors import OperatorError
from tradetui.marketdata.calendar import TradingCalendar


@dataclass(frozen=True, slots=True, kw_only=True)
class SkipClosed:
    """Jump over closed hours: from `linger_s` market seconds after a close to `lead_s` before the next open."""

    linger_s: float = 60.0
    lead_s: float = 60.0


class MarketClock:
    """market time = start + (monotonic now - monotonic start) * speed, minus the gaps that are skipped."""

    def __init__(
        self,
        *,
        start_ns: int,
        speed: float,
        monotonic_ns: Callable[[], int],
        calendar: TradingCalendar,
        skip: SkipClosed | None = None,
    ) -> None:
        """A clock that stands at `start_ns` now. Raises OperatorError for a speed below 0."""
        self._monotonic_ns = monotonic_ns
        self._calendar = calendar
        self._skip = skip
        self._base_mono = monotonic_ns()
        self._base_market = start_ns
        self._speed = _checked(speed)
        self._leap_ns = start_ns
        self._settle()

    @property
    def speed(self) -> float:
        """Market seconds per wall second; 0 while paused, infinite when moved by `jump_to` alone."""
        return self._speed

    def now_ns(self) -> int:
        """Market time, UTC nanoseconds."""
        elapsed = 0 if math.isinf(self._speed) else int((self._monotonic_ns() - self._base_mono) * self._speed)
        now = self._base_market + elapsed
        while self._skip is not None and now >= self._leap_ns:
            # Time that ran on past the gap's beginning counts on its far side: a late look loses nothing.
            overrun = now - self._leap_ns
            self._rebase(self._leap_ns)
            self._settle()
            self._base_market += overrun
            now = self._base_market
        return now

    def set_speed(self, speed: float) -> None:
        """Change the speed from now on; 0 pauses. Raises OperatorError for a speed below 0."""
        checked = _checked(speed)
        self._rebase(self.now_ns())
        self._speed = checked

    def jump_to(self, market_ns: int) -> None:
        """Go forward to `market_ns` at once; an earlier time changes nothing."""
        self._rebase(max(market_ns, self.now_ns()))
        self._settle()

    def delay_until(self, market_ns: int) -> float:
        """Wall seconds until market time reaches `market_ns`: 0 if it has, infinity while paused."""
        now = self.now_ns()
        if market_ns <= now:
            return 0.0
        if self._speed == 0:
            return math.inf
        return self._running_ns(now, market_ns) / self._speed / SECOND_NS

    def _running_ns(self, now: int, target: int) -> int:
        """Market nanoseconds the clock really runs through between two times, skipped gaps left out."""
        if self._skip is None:
            return target - now
        total = 0
        while True:
            leap, landing = self._next_gap(now, self._skip)
            if target < leap:
                return total + target - now
            total += leap - now
            if target <= landing:
                return total
            now = landing

    def _rebase(self, market_ns: int) -> None:
        self._base_market = market_ns
        self._base_mono = self._monotonic_ns()

    def _settle(self) -> None:
        """Leap to the far side of the gap that the base time has entered, and note where the next one begins."""
        if self._skip is None:
            return
        while True:
            leap, landing = self._next_gap(self._base_market, self._skip)
            if self._base_market < leap:
                break
            self._base_market = landing
        self._leap_ns = leap

    def _next_gap(self, ns: int, skip: SkipClosed) -> tuple[int, int]:
        """(start, end) of the skipped gap that contains `ns` or comes next after it."""
        linger, lead = int(skip.linger_s * SECOND_NS), int(skip.lead_s * SECOND_NS)
        calendar = self._calendar
        session = calendar.current_or_next(ns)
        if ns < session.open_ns - lead:
            # Before the first session of the range there is no close to linger after.
            before = calendar.session(session.index - 1).close_ns + linger if session.index else ns
            if before < session.open_ns - lead:
                return before, session.open_ns - lead
        return session.close_ns + linger, calendar.next_open(session.close_ns) - lead


def _checked(speed: float) -> float:
    if math.isnan(speed) or speed < 0:
        raise OperatorError(f"market speed {speed} is not usable; give a number of 0 or more, such as 60")
    return float(speed)
