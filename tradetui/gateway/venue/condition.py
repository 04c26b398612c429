"""What a conditional order waits for, as values.

Invariant: a condition names everything it needs; which of its fields count follows from its kind alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class ConditionKind(Enum):
    """IB's conditions with IB's numbers."""

    PRICE = 1
    TIME = 3
    MARGIN = 4
    EXECUTION = 5
    VOLUME = 6
    PERCENT_CHANGE = 7

    watches_contract: bool
    """It is about an instrument named by con_id."""

    def __init__(self, number: int) -> None:
        self.watches_contract = number in (1, 6, 7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One condition. `is_more` means at or above the threshold, else at or below; `and_next` joins it to the next.

    Thresholds: `price` USD and `trigger_method` for PRICE, `time_ns` for TIME, `percent` for MARGIN (the cushion:
    excess liquidity in percent of net liquidation) and PERCENT_CHANGE (since the previous close), `volume` of the day
    for VOLUME. EXECUTION waits for any trade of the account in `symbol`, `sec_type` and, if named, `exchange`.
    """

    kind: ConditionKind
    and_next: bool = True
    is_more: bool = True
    con_id: int = 0
    exchange: str = ""
    symbol: str = ""
    sec_type: str = ""
    price: float = 0.0
    trigger_method: int = 0
    time_ns: int = 0
    percent: float = 0.0
    volume: int = 0
