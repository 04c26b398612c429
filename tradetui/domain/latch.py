"""Trading-state latches: the state of trading is the most severe latch that is set.

A latch stores who set it, when, why and what clears it. A restart never clears a latch by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum


class TradingState(IntEnum):
    """Severity order: a higher value forbids more."""

    RUN = 0
    PAUSED = 1
    HALTED = 2
    KILLED = 3


class ClearedBy(StrEnum):
    """What may clear a latch."""

    AUTOMATIC = "automatic"
    NEXT_SESSION = "next session"
    OPERATOR = "operator"
    ARMING = "arm"
    REARM = "operator, by re-arming the strategy"
    OPERATOR_TYPED = "operator, typed with a reason"


@dataclass(frozen=True, slots=True, kw_only=True)
class Latch:
    """One reason to trade less. `key` is unique: setting it again keeps the first. `ts_ns` is market time.

    `symbol` or `strategy` narrow it to that symbol or strategy. `flatten_pending`: what it covers has to be closed, and
    no flatten that began since has proved it flat; a restart goes on from here.
    """

    key: str
    state: TradingState
    who: str
    why: str
    ts_ns: int
    cleared_by: ClearedBy
    symbol: str | None = None
    session_date: str = ""
    strategy: str | None = None
    flatten_pending: bool = False

    def covers(self, strategy: str, symbol: str) -> bool:
        """Return whether the latch speaks of an order of `strategy` in `symbol`."""
        return self.symbol in (None, symbol) and self.strategy in (None, strategy)

    @property
    def is_general(self) -> bool:
        """Whether it speaks of the whole account."""
        return self.symbol is None and self.strategy is None
