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
    OPERATOR_TYPED = "operator, typed with a reason"


@dataclass(frozen=True, slots=True, kw_only=True)
class Latch:
    """One reason to trade less. `key` is unique: setting it again keeps the first. `ts_ns` is market time."""

    key: str
    state: TradingState
    who: str
    why: str
    ts_ns: int
    cleared_by: ClearedBy
    symbol: str | None = None
    session_date: str = ""
