"""Round trips of each strategy: from flat to flat, with what they earned after commissions.

Invariant: the same executions give the same round trips, live and after a restart, whatever the order in which their
commissions and corrections come: profit is summed from the ledger's own records when it is asked for.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from tradetui.domain.ledger import CLOSERS, BookedFill, Ledger

#: Finished round trips remembered per strategy: no limit counts further back.
REMEMBERED = 1000
_EPSILON = 1e-9


@dataclass(slots=True)
class RoundTrip:
    """One way in and out of a symbol. `parts` are executions with the fraction that belongs to it."""

    symbol: str
    ended_ns: int = 0
    date: str = ""
    parts: list[tuple[BookedFill, float]] = field(default_factory=list)

    def profit(self) -> float | None:
        """Return the money earned; None when its executions do not add up to flat (adopted or corrected shares)."""
        qty = sum(booked.fill.signed_qty * fraction for booked, fraction in self.parts)
        if abs(qty) > _EPSILON:
            return None
        return sum(
            -booked.fill.signed_qty * fraction * booked.fill.price * booked.multiplier
            - (booked.commission or 0.0) * fraction
            for booked, fraction in self.parts
        )


class RoundTrips:
    """Open and finished round trips, fed with every new execution in booking order."""

    def __init__(self, date_of: Callable[[int], str]) -> None:
        self._date_of = date_of
        self._open: dict[tuple[str, str], RoundTrip] = {}
        self._ended: dict[str, deque[RoundTrip]] = {}

    def add(self, booked: BookedFill, ledger: Ledger) -> None:
        """Count a new execution, which `ledger` has just booked."""
        for owner, share in booked.shares:
            if owner not in CLOSERS:
                self._add_share(owner, booked, share, ledger.position_of(owner, booked.fill.symbol).qty)

    def _add_share(self, owner: str, booked: BookedFill, share: float, held: float) -> None:
        traded = booked.fill.signed_qty * share
        if traded == 0:
            return  # a busted trade counts for nothing
        if held * traded > 0 and abs(held) < abs(traded) - _EPSILON:  # through zero: it ends one and begins another
            closing = share * abs(held - traded) / abs(traded)
            self._take(owner, booked, closing)
            self._end(owner, booked)
            self._take(owner, booked, share - closing)
            return
        self._take(owner, booked, share)
        if abs(held) <= _EPSILON:
            self._end(owner, booked)

    def _take(self, owner: str, booked: BookedFill, fraction: float) -> None:
        key = (owner, booked.fill.symbol)
        self._open.setdefault(key, RoundTrip(booked.fill.symbol)).parts.append((booked, fraction))

    def _end(self, owner: str, booked: BookedFill) -> None:
        trip = self._open.pop((owner, booked.fill.symbol))
        trip.ended_ns = booked.fill.ts_ns
        trip.date = self._date_of(booked.fill.ts_ns)
        self._ended.setdefault(owner, deque(maxlen=REMEMBERED)).append(trip)

    def losing_streak(self, strategy: str, since_ns: int) -> int:
        """Return how many of the latest round trips after `since_ns` lost money, one after the other."""
        streak = 0
        for trip in reversed(self._ended.get(strategy, ())):
            profit = trip.profit()
            if trip.ended_ns <= since_ns or (profit is not None and profit >= 0):
                break
            streak += profit is not None
        return streak

    def count(self, strategy: str, symbols: Iterable[str], date: str, since_ns: int) -> dict[str, int]:
        """Return the round trips on `date` after `since_ns`, by symbol."""
        counts = dict.fromkeys(symbols, 0)
        for trip in reversed(self._ended.get(strategy, ())):
            if trip.date != date or trip.ended_ns <= since_ns:
                break
            counts[trip.symbol] = counts.get(trip.symbol, 0) + 1
        return counts
