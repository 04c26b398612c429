"""When a group of instruments trades.

Invariant: `is_open` changes only when the venue's clockwork says so, so every order of a group sees the same session.
"""

from __future__ import annotations

from dataclasses import dataclass

from tradetui.marketdata.calendar import TradingCalendar


@dataclass(slots=True)
class Hours:
    """The sessions of one group, whether one is running, and its number on the floor."""

    calendar: TradingCalendar
    number: int = 0
    is_open: bool = False
