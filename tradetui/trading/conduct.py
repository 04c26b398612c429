"""How trading has gone besides profit: messages, fills, refusals and slippage of the day.

Invariant: memory is bounded (one minute of messages, one window of rejects, one number for the rest), and a count costs
the same at the end of a day as at its beginning.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from tradetui.domain.clock import MINUTE_NS, SECOND_NS, Now
from tradetui.domain.fill import Fill
from tradetui.domain.order import Intent, Purpose

#: Messages remembered: far above what the broker takes in a minute (50 a second).
_MESSAGES = 10_000
#: Rejects remembered per strategy: as many as a limit can count.
_REJECTS = 1_000


@dataclass(slots=True)
class StrategyConduct:
    """One strategy's part. `rejects` are real times, monotonic nanoseconds; `slippage_bps` is the day's worst."""

    denials: int = 0
    rejects: deque[int] = field(default_factory=lambda: deque(maxlen=_REJECTS))
    slippage_bps: float | None = None


class Conduct:
    """Counts of one day; `begin_day` starts them anew."""

    def __init__(self) -> None:
        self.messages_today = 0
        self.fills_today = 0
        self._minute: deque[int] = deque(maxlen=_MESSAGES)
        self._strategies: dict[str, StrategyConduct] = {}

    def begin_day(self) -> None:
        """Forget the counts of the day; rates go on."""
        self.messages_today = self.fills_today = 0
        for own in self._strategies.values():
            own.slippage_bps = None

    def of(self, strategy: str) -> StrategyConduct:
        """Return the part of `strategy`."""
        return self._strategies.setdefault(strategy, StrategyConduct())

    def rearm(self, strategy: str) -> None:
        """Forget what `strategy` did so far."""
        self._strategies.pop(strategy, None)

    def message(self, now: Now) -> None:
        """Count an order or a cancel."""
        self.messages_today += 1
        self._minute.append(now.mono_ns)

    def messages_in_minute(self, now: Now) -> int:
        """Return the messages of the last minute (real time)."""
        while self._minute and now.mono_ns - self._minute[0] >= MINUTE_NS:
            self._minute.popleft()
        return len(self._minute)

    def rejects(self, strategy: str, now: Now, window_s: float) -> int:
        """Return the broker's rejects of `strategy` within `window_s` (real time)."""
        return sum(now.mono_ns - at < window_s * SECOND_NS for at in self.of(strategy).rejects)

    def fill(self, intent: Intent, fill: Fill) -> None:
        """Count a fill and keep the worst slippage of its strategy."""
        self.fills_today += 1
        slipped = slippage_bps(intent, fill)
        own = self.of(intent.strategy)
        if slipped is not None and (own.slippage_bps is None or slipped > own.slippage_bps):
            own.slippage_bps = slipped

    @property
    def orders_per_fill(self) -> float:
        """(orders + cancels) / (fills + 1) of the day, as IB measures order efficiency."""
        return self.messages_today / (self.fills_today + 1)


def slippage_bps(intent: Intent, fill: Fill) -> float | None:
    """Return how much worse than expected a fill was, in hundredths of a percent; negative when it was better.

    A stop is expected at its trigger, any other order at the price seen when it was decided. The operator's flatten is
    not judged: it takes any price on purpose. None when there is nothing to compare with.
    """
    expected = intent.stop_price if intent.stop_price is not None else intent.reference_price
    if intent.purpose is Purpose.FLATTEN or expected is None or expected <= 0:
        return None
    return (fill.price / expected - 1.0) * fill.side.sign * 10_000
