"""The bad tick filter: one wrong print must not close a bar, trip a breaker or price an order.

Invariant: a price that leaves here is finite, positive and near what the symbol traded at, or the market itself said
it several times over. Rejected ticks are kept, bounded, for the audit.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

from tradetui.domain.clock import SECOND_NS
from tradetui.domain.tick import Trade

#: No price or size reaches this; NaN compares false with it, so one comparison refuses both.
_MAX_PRICE = 1e12


@dataclass(frozen=True, slots=True, kw_only=True)
class TickRules:
    """What counts as a bad tick. Moves are fractions of the reference price.

    `confirm` prints in a row that agree with each other are believed: then the market moved, not the feed. The limits
    on time are None where our market clock follows the feed and may be behind it by any amount.
    """

    max_move: float = 0.10
    max_move_from_prior_close: float = 0.50
    confirm: int = 3
    max_ahead_ns: int | None = 60 * SECOND_NS
    max_age_ns: int | None = 24 * 3600 * SECOND_NS
    kept: int = 200


@dataclass(frozen=True, slots=True)
class Rejected:
    """A tick that was not believed."""

    trade: Trade
    reason: str


class TickFilter:
    """Judges the trades of one symbol in order of arrival."""

    def __init__(self, rules: TickRules | None = None) -> None:
        self._rules = rules or TickRules()
        self._last_good: float | None = None
        self._run: list[float] = []
        self._rejected_in_a_row = 0
        self.rejected: deque[Rejected] = deque(maxlen=self._rules.kept)
        self.rejected_count = 0
        self.moves_accepted = 0

    @property
    def last_good(self) -> float | None:
        """The last price that was believed."""
        return self._last_good

    @property
    def is_first_rejection(self) -> bool:
        """Whether the last trade was rejected and the one before it was not: the moment to tell somebody."""
        return self._rejected_in_a_row == 1

    def judge(self, trade: Trade, market_now_ns: int, prior_close: float | None = None) -> str | None:
        """Return why `trade` is not believed, or None when it is good."""
        reason = self._unsound(trade, market_now_ns)
        if reason is None:
            reason = self._far(trade.price, prior_close)
            if reason is not None and self._confirmed(trade.price):
                self.moves_accepted += 1
                reason = None
        if reason is None:
            self._last_good = trade.price
            self._run.clear()
            self._rejected_in_a_row = 0
            return None
        self._rejected_in_a_row += 1
        self.rejected.append(Rejected(trade, reason))
        self.rejected_count += 1
        return reason

    def _unsound(self, trade: Trade, market_now_ns: int) -> str | None:
        if not (math.isfinite(trade.price) and trade.price > 0):
            return f"price {trade.price} is not a finite positive number"
        if not (math.isfinite(trade.size) and trade.size >= 0):
            return f"size {trade.size} is negative or not finite"
        ahead_ns = trade.ts_ns - market_now_ns
        if self._rules.max_ahead_ns is not None and ahead_ns > self._rules.max_ahead_ns:
            return f"time is {ahead_ns / SECOND_NS:.0f} s in the future"
        if self._rules.max_age_ns is not None and -ahead_ns > self._rules.max_age_ns:
            return f"time is {-ahead_ns / SECOND_NS:.0f} s old"
        return None

    def _far(self, price: float, prior_close: float | None) -> str | None:
        if self._last_good is not None:
            return _move(price, self._last_good, self._rules.max_move, "the last good price")
        if prior_close is not None:
            return _move(price, prior_close, self._rules.max_move_from_prior_close, "the prior close")
        return None

    def _confirmed(self, price: float) -> bool:
        # Agreement is with the run itself: three wild prints that differ wildly confirm nothing.
        if self._run and abs(price / self._run[0] - 1) > self._rules.max_move:
            self._run.clear()
        self._run.append(price)
        return len(self._run) >= self._rules.confirm


def _move(price: float, reference: float, limit: float, name: str) -> str | None:
    move = price / reference - 1
    if abs(move) <= limit:
        return None
    return f"price {price:g} is {move:+.1%} from {name} {reference:g}"


def sound_price(value: float) -> float | None:
    """Return a price that can be, else None: IB says -1 or 0 for "no quote" and max-float for "unset"."""
    return value if 0 < value < _MAX_PRICE else None


def sound_size(value: float) -> float | None:
    """Return a size that can be, else None."""
    return value if 0 <= value < _MAX_PRICE else None


def is_near(price: float | None, reference: float | None, max_distance: float = 0.5) -> bool:
    """Return whether `price` lies within the fraction `max_distance` of `reference`; unknowns contradict nothing."""
    return price is None or reference is None or abs(price / reference - 1) <= max_distance


def sound_book(bid: float | None, ask: float | None, reference: float | None) -> tuple[float | None, float | None]:
    """Return bid and ask without what cannot be true.

    A side far from the last good trade `reference` becomes None; of a crossed book both do.
    """
    bid = bid if is_near(bid, reference) else None
    ask = ask if is_near(ask, reference) else None
    if bid is not None and ask is not None and bid > ask:
        return None, None
    return bid, ask
