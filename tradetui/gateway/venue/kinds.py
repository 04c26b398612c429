"""Order types and trigger methods: what each one needs and how it behaves, in one table.

Invariant: a kind's traits are fixed when the module is loaded; nothing else in the venue compares type names.
"""

from __future__ import annotations

from enum import Enum

_NEEDS_LIMIT = frozenset({"LMT", "STP LMT", "LIT", "LOC"})
_MAY_LIMIT = frozenset({"TRAIL LIMIT", "REL", "MIDPRICE"})
_NEEDS_STOP = frozenset({"STP", "STP LMT", "MIT", "LIT"})
_TOUCH = frozenset({"MIT", "LIT"})
_TRAILS = frozenset({"TRAIL", "TRAIL LIMIT"})
_PEGGED = frozenset({"REL", "MIDPRICE"})
_AT_CLOSE = frozenset({"MOC", "LOC"})
_OUTSIDE = frozenset({"LMT", "STP LMT", "LIT", "TRAIL LIMIT"})


class Kind(Enum):
    """Order types the venue works, with IB's spelling."""

    MARKET = "MKT"
    LIMIT = "LMT"
    STOP = "STP"
    STOP_LIMIT = "STP LMT"
    TRAIL = "TRAIL"
    TRAIL_LIMIT = "TRAIL LIMIT"
    MARKET_IF_TOUCHED = "MIT"
    LIMIT_IF_TOUCHED = "LIT"
    MARKET_ON_CLOSE = "MOC"
    LIMIT_ON_CLOSE = "LOC"
    RELATIVE = "REL"
    MIDPRICE = "MIDPRICE"

    needs_limit: bool
    """It must carry a limit price."""
    may_limit: bool
    """It may carry a limit price: its cap, or where the limit of a trailing order begins."""
    needs_stop: bool
    """It must carry a trigger price (aux price)."""
    is_touch: bool
    """It triggers when the price comes from the worse side: a buy when it falls to the trigger."""
    trails: bool
    """Its trigger follows the market."""
    is_pegged: bool
    """Its limit follows the quote."""
    at_close: bool
    """It trades in the closing auction only."""
    waits: bool
    """It does nothing until it is triggered."""
    works_outside: bool
    """With outsideRth it may trade before and after the regular session."""

    def __init__(self, text: str) -> None:
        self.needs_limit = text in _NEEDS_LIMIT
        self.may_limit = text in _MAY_LIMIT
        self.needs_stop = text in _NEEDS_STOP
        self.is_touch = text in _TOUCH
        self.trails = text in _TRAILS
        self.is_pegged = text in _PEGGED
        self.at_close = text in _AT_CLOSE
        self.waits = text in _NEEDS_STOP or text in _TRAILS
        self.works_outside = text in _OUTSIDE


class TriggerMethod(Enum):
    """IB's ways of deciding that a trigger price was reached, with IB's numbers (0 is the instrument's default)."""

    DOUBLE_BID_ASK = 1
    LAST = 2
    DOUBLE_LAST = 3
    BID_ASK = 4
    LAST_OR_BID_ASK = 7
    MIDPOINT = 8

    by_last: bool
    """It looks at prints."""
    by_quote: bool
    """It looks at quotes: a buy at the bid, a sell at the ask (midpoint: at the middle)."""
    needed: int
    """How many prices in a row must be at or through the trigger."""

    def __init__(self, number: int) -> None:
        self.by_last = number in (2, 3, 7)
        self.by_quote = number in (1, 4, 7, 8)
        self.needed = 2 if number in (1, 3) else 1


#: What method 0 means by security type; last for all others.
_DEFAULTS = {"CASH": TriggerMethod.BID_ASK, "OPT": TriggerMethod.DOUBLE_BID_ASK}
METHODS = {method.value: method for method in TriggerMethod}


def trigger_method(number: int, sec_type: str) -> TriggerMethod:
    """The method an order's number means for an instrument; `number` is 0 or one of METHODS."""
    return METHODS[number] if number else _DEFAULTS.get(sec_type, TriggerMethod.LAST)
