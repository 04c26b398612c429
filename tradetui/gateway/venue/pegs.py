"""Orders whose limit follows the quote: REL and MIDPRICE.

Invariant: a pegged order never has a limit beyond its cap, and none at all without a quote, so it cannot trade blind.
"""

from __future__ import annotations

from tradetui.gateway.venue.book import Book
from tradetui.gateway.venue.floor import Floor
from tradetui.gateway.venue.kinds import Kind
from tradetui.gateway.venue.money import MICROS, to_micros
from tradetui.gateway.venue.working import WorkingOrder


def follow(floor: Floor, order: WorkingOrder, book: Book) -> None:
    """Give a pegged order the limit that the present quote calls for; a new price is a new place in the queue."""
    if book.bid is None or book.ask is None:
        return
    limit = _price(order, book, to_micros(book.bid), to_micros(book.ask))
    if limit == order.limit:
        return
    order.limit = limit
    order.lose_place()
    order.rank = floor.take_rank()
    floor.recount(order)
    book.file(order)


def _price(order: WorkingOrder, book: Book, bid: int, ask: int) -> int:
    terms = order.terms
    if terms.kind is Kind.MIDPRICE:
        # The middle may be half a tick: midpoint trades print there.
        price = (bid + ask) // 2
    else:
        best = bid if order.side > 0 else ask
        offset = terms.offset if terms.offset_share is None else best * terms.offset_share // MICROS
        wanted = best + order.side * offset
        price = book.ticks.down(wanted) if order.side > 0 else book.ticks.up(wanted)
    if terms.limit is None:
        return price
    return min(price, terms.limit) if order.side > 0 else max(price, terms.limit)
