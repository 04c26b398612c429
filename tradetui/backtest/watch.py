"""The trading day and the loss breakers, judged at bar closes.

A day's loss is measured from the equity at the last close before the day, drawdown from the highest equity so far, as
in the live core. Invariant: a breaker trips at the first close at which its limit is reached, once until cleared.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from tradetui.backtest.account import Account
from tradetui.backtest.lane import Lane
from tradetui.backtest.sessions import Sessions
from tradetui.domain.latch import TradingState
from tradetui.risk.limits import Limits

#: Room for rounding where a loss limit is turned into equity or a price: a share of the figure.
_MARGIN = 1e-6


class HaltScope(StrEnum):
    """How long the daily-loss breaker stops entries: till the next session, as live, or for the rest of the run."""

    SESSION = "session"
    RUN = "run"


@dataclass(frozen=True, slots=True)
class Trip:
    """A breaker that tripped at the close `end_ns`."""

    end_ns: int
    key: str
    text: str


class LossWatch:
    """Day and peak equity, and the trading state that follows from them."""

    __slots__ = (
        "_account",
        "_floor",
        "_limits",
        "_scope",
        "_sessions",
        "day_close_ns",
        "day_equity",
        "day_orders",
        "latches",
        "peak",
        "trips",
    )

    def __init__(self, limits: Limits, account: Account, sessions: Sessions, scope: HaltScope) -> None:
        self._limits = limits
        self._account = account
        self._sessions = sessions
        self._scope = scope
        self.day_close_ns = 0
        self.day_equity = account.opening
        self.peak = account.opening
        self.day_orders = 0
        self.latches: dict[str, Trip] = {}
        self.trips: list[Trip] = []
        self._set_floor()

    @property
    def state(self) -> TradingState:
        """RUN, or HALTED while a breaker is tripped."""
        return TradingState.HALTED if self.latches else TradingState.RUN

    @property
    def why(self) -> str:
        """Why trading is halted, empty when it is not."""
        return "; ".join(trip.text for trip in self.latches.values())

    def roll(self, ns: int) -> None:
        """Begin a new day if `ns` lies in one; positions must still be marked at the closes before it."""
        if ns <= self.day_close_ns:
            return
        self.day_close_ns = self._sessions.close_of(ns)
        self.day_equity = self._account.equity()
        self.day_orders = 0
        if self._scope is HaltScope.SESSION:
            self.latches.pop("daily_loss", None)
        self._set_floor()

    def mark(self, end_ns: int) -> Trip | None:
        """Judge equity at a close; return the breaker that tripped now, if any."""
        equity = self._account.equity()
        if self._floor < equity <= self.peak:
            return None
        if equity > self.peak:
            self.peak = equity
            self._set_floor()
        loss, drawdown = self.day_equity - equity, self.drawdown_pct(equity)
        if loss >= self._limits.daily_loss_limit and "daily_loss" not in self.latches:
            return self._trip(end_ns, "daily_loss", f"the day's loss reached {loss:,.2f}")
        if drawdown >= self._limits.max_drawdown_pct and "drawdown" not in self.latches:
            return self._trip(end_ns, "drawdown", f"the drawdown reached {drawdown:.2f} %")
        return None

    def drawdown_pct(self, equity: float) -> float:
        """Return the percent that `equity` is below the peak."""
        return max(0.0, (1 - equity / self.peak) * 100) if self.peak > 0 else 0.0

    def calm_band(self, lane: Lane) -> tuple[float, float]:
        """Return (low, high) for an account of this one lane: a close inside needs no `mark`."""
        quantity = lane.qty * lane.multiplier
        if quantity == 0:
            return -math.inf, math.inf
        cash = self._account.opening + self._account.flow
        at_floor, at_peak = (self._floor - cash) / quantity, (self.peak - cash) / quantity
        # Room for rounding: crossing the price only causes an exact look.
        if quantity > 0:
            return at_floor + _MARGIN, at_peak - _MARGIN
        return at_peak + _MARGIN, at_floor - _MARGIN

    def _trip(self, end_ns: int, key: str, text: str) -> Trip:
        trip = Trip(end_ns, key, text)
        self.latches[key] = trip
        self.trips.append(trip)
        self._set_floor()
        return trip

    def _set_floor(self) -> None:
        """Set the equity above which no breaker can trip, with room for rounding."""
        floor = -math.inf
        if "daily_loss" not in self.latches:
            floor = self.day_equity - self._limits.daily_loss_limit
        if "drawdown" not in self.latches:
            floor = max(floor, self.peak * (1 - self._limits.max_drawdown_pct / 100))
        self._floor = floor + _MARGIN * abs(self.peak)
