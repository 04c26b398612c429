"""Finding the instrument a client means: by con_id, else by the fields it filled in.

Invariant: an order never lands on an instrument that contradicts any field the client gave.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from tradetui.gateway.venue.book import Book
from tradetui.gateway.venue.model import Contract, ContractDetails


def find_book(books: Mapping[int, Book], asked: Contract) -> Book | None:
    """The one book that fits, None if there is none or the request is ambiguous."""
    if asked.con_id:
        book = books.get(asked.con_id)
        return book if book is not None and fits(asked, book.details.contract) else None
    found = [book for book in books.values() if fits(asked, book.details.contract)]
    return found[0] if len(found) == 1 else None


class Lookup(Protocol):
    """Where the venue learns of instruments it was not given at its start: option chains, later expiries."""

    def details(self, asked: Contract) -> ContractDetails | None:
        """The one instrument that fits, None if there is none or several."""
        ...

    def price(self, con_id: int) -> float | None:
        """Its last known price, None if there is none."""
        ...


def fits(asked: Contract, listed: Contract) -> bool:
    """Whether every non-empty identifying field of `asked` agrees with `listed` (exchange is routing, not identity)."""
    pairs = (
        (asked.symbol, listed.symbol),
        (asked.sec_type, listed.sec_type),
        (asked.currency, listed.currency),
        (asked.local_symbol, listed.local_symbol),
        (asked.trading_class, listed.trading_class),
        (asked.primary_exchange, listed.primary_exchange),
        (asked.multiplier, listed.multiplier),
    )
    return (
        all(not wanted or wanted == actual for wanted, actual in pairs)
        and listed.last_trade_date.startswith(asked.last_trade_date)
        and (asked.right in ("", "?", "0") or asked.right[:1] == listed.right[:1])
        and (asked.strike == 0 or asked.strike == listed.strike)
    )
