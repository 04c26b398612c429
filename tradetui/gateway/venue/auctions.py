"""The opening and the closing auction: one price for everybody who asked for it.

Invariants: an auction order trades at the auction's price or not at all, and never through its limit; what is left
after its auction is cancelled, so no auction order ever meets the continuous market.
"""

from __future__ import annotations

from collections.abc import Iterable

from tradetui.gateway.venue.book import Book
from tradetui.gateway.venue.lifecycle import Lifecycle
from tradetui.gateway.venue.matching import Matching
from tradetui.gateway.venue.money import to_micros
from tradetui.gateway.venue.working import WorkingOrder


class Auctions:
    """Crosses the orders filed for an auction."""

    def __init__(self, lifecycle: Lifecycle, matching: Matching) -> None:
        self._lifecycle = lifecycle
        self._matching = matching

    def opening(self, book: Book, price: float) -> None:
        """The session's first print is the opening price."""
        self._cross(book, list(book.for_open.values()), to_micros(price))

    def closing(self, book: Book) -> None:
        """The session ends: its last print is the closing price; without a print there is no auction."""
        price = to_micros(book.last) if book.printed and book.last is not None and not book.halted else None
        self._cross(book, list(book.for_close.values()), price)

    def _cross(self, book: Book, orders: Iterable[WorkingOrder], price: int | None) -> None:
        for order in orders:
            if price is not None and order.is_live and _reaches(order, price):
                self._matching.cross(order, book, price)
            if not order.is_done:
                self._lifecycle.cancel(order)


def _reaches(order: WorkingOrder, price: int) -> bool:
    return order.limit is None or (order.limit - price) * order.side >= 0
