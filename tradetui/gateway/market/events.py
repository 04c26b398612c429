"""Market data events: the top of the book and trades, each at an exact market time.

Invariant: a market yields events in (time_ns, con_id, kind) order and never two different lists for one seed or file.
"""

from __future__ import annotations

from typing import NamedTuple


class Quote(NamedTuple):
    """A new top of the book. Prices USD, sizes in shares, both sides always present."""

    time_ns: int
    con_id: int
    bid: float
    ask: float
    bid_size: int
    ask_size: int


class Trade(NamedTuple):
    """A print on the tape; size 0 moves the price without volume (real minute files contain such rows)."""

    time_ns: int
    con_id: int
    price: float
    size: int


MarketEvent = Quote | Trade
