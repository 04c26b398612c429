"""A history bar as clients receive it.

Invariant: `end_ns` is the close time of the bar, `start_ns` its label in IB's history messages.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class HistoryBar:
    """One bar. Volume, count and wap are None for MIDPOINT, BID, ASK and BID_ASK (the wire sends -1)."""

    start_ns: int
    end_ns: int
    open: float
    high: float
    low: float
    close: float
    volume: int | None
    wap: float | None
    count: int | None
