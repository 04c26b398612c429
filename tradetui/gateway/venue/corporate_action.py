"""Splits and dividends as values: what the events table of a market holds.

Invariant: a split's ratio is an exact fraction, new shares per old one, so that holdings convert without rounding.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """From the session of `ex_date` on, `old` shares are `new` shares."""

    symbol: str
    ex_date: date
    new: int
    old: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Dividend:
    """Who holds the share when the session before `ex_date` ends gets `amount` USD per share on `pay_date`.

    Without a pay date it is paid on the ex-date.
    """

    symbol: str
    ex_date: date
    amount: float
    pay_date: date | None = None


CorporateAction = Split | Dividend
