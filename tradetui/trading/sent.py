"""Orders that left, for the rate, day and repetition limits.

Invariant: a count is exact however many orders the day has had, and costs the same at its end as at its beginning.
Memory is bounded: a minute of orders, one number per strategy and day, REMEMBERED distinct orders.
"""

from __future__ import annotations

from collections import Counter, OrderedDict, deque
from dataclasses import dataclass

from tradetui.domain.clock import MINUTE_NS, SECOND_NS, Now
from tradetui.domain.order import Side
from tradetui.risk.view import OrderCounts

#: Distinct orders whose latest time is remembered.
REMEMBERED = 5000

Likeness = tuple[str, str, Side, float, float | None]


@dataclass(frozen=True, slots=True)
class SentOrder:
    """An order that left. `mono_ns` is 0 for orders of an earlier run: their age in seconds is not known."""

    mono_ns: int
    date: str
    strategy: str
    symbol: str
    side: Side
    qty: float
    price: float | None

    @property
    def likeness(self) -> Likeness:
        """What makes two orders the same order sent twice. Two strategies may want the same thing."""
        return self.strategy, self.symbol, self.side, self.qty, self.price


class SentLog:
    """Every order that left, in order of `mono_ns`."""

    def __init__(self) -> None:
        self._minute: deque[SentOrder] = deque()
        self._minute_by: Counter[str] = Counter()
        self._date = ""
        self._day_by: Counter[str] = Counter()
        self._latest: OrderedDict[Likeness, int] = OrderedDict()

    def add(self, order: SentOrder) -> None:
        """Count an order. A new date begins a new day."""
        if order.date != self._date:
            self._date = order.date
            self._day_by.clear()
        self._day_by[order.strategy] += 1
        if not order.mono_ns:
            return
        self._minute.append(order)
        self._minute_by[order.strategy] += 1
        self._latest[order.likeness] = order.mono_ns
        self._latest.move_to_end(order.likeness)
        if len(self._latest) > REMEMBERED:
            self._latest.popitem(last=False)

    def counts(self, now: Now, date: str, strategy: str) -> OrderCounts:
        """Return what `strategy` and all strategies sent in the last second and minute, and on `date`."""
        self._forget_older(now.mono_ns - MINUTE_NS)
        second = strategy_second = 0
        for order in reversed(self._minute):
            if now.mono_ns - order.mono_ns >= SECOND_NS:
                break
            second += 1
            strategy_second += order.strategy == strategy
        today = date == self._date
        return OrderCounts(
            strategy_second=strategy_second,
            strategy_minute=self._minute_by[strategy],
            strategy_day=self._day_by[strategy] if today else 0,
            second=second,
            minute=len(self._minute),
            day=self.on(date),
        )

    def on(self, date: str) -> int:
        """Return how many orders left on `date`."""
        return self._day_by.total() if date == self._date else 0

    def in_last_minute(self, now: Now) -> int:
        """Return how many orders left within the last minute."""
        return sum(now.mono_ns - order.mono_ns < MINUTE_NS for order in self._minute)

    def age_s(self, now: Now, likeness: Likeness) -> float | None:
        """Return the real seconds since an order like this left, None when none did in this run."""
        left = self._latest.get(likeness)
        return None if left is None else (now.mono_ns - left) / SECOND_NS

    def _forget_older(self, mono_ns: int) -> None:
        while self._minute and self._minute[0].mono_ns <= mono_ns:
            self._minute_by[self._minute.popleft().strategy] -= 1
