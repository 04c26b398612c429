"""When waiting orders come alive: stops, if-touched orders and trailing stops, by each of IB's trigger methods.

Invariants: a trailing stop moves only with the market's favour, never back; an order triggers only inside the hours it
may trade in, and once.
"""

from __future__ import annotations

from tradetui.gateway.venue.book import Book
from tradetui.gateway.venue.events import OpenOrderEvent
from tradetui.gateway.venue.floor import Floor
from tradetui.gateway.venue.kinds import TriggerMethod
from tradetui.gateway.venue.money import MICROS, to_micros
from tradetui.gateway.venue.working import WorkingOrder


class Triggers:
    """Looks at prices for orders that wait. Each method returns whether the order triggers now."""

    def __init__(self, floor: Floor) -> None:
        self._floor = floor

    def by_print(self, order: WorkingOrder, book: Book, price: int) -> bool:
        """A print at `price`."""
        return order.terms.method.by_last and self._sees(order, book, price)

    def by_quote(self, order: WorkingOrder, book: Book, bid: int, ask: int) -> bool:
        """A new quote."""
        method = order.terms.method
        return method.by_quote and self._sees(order, book, _quoted(order, method, bid, ask))

    def on_arrival(self, order: WorkingOrder, book: Book) -> bool:
        """The order is new or changed: what the market last showed counts."""
        method = order.terms.method
        if method.by_last and book.printed and book.last is not None and self._sees(order, book, to_micros(book.last)):
            return True
        if not method.by_quote or book.bid is None or book.ask is None:
            return False
        return self._sees(order, book, _quoted(order, method, to_micros(book.bid), to_micros(book.ask)))

    def _sees(self, order: WorkingOrder, book: Book, price: int) -> bool:
        if not order.is_live or book.halted or not (book.hours.is_open or order.request.outside_rth):
            return False
        if order.terms.kind.trails:
            self._trail(order, book, price)
        if order.stop is None:
            return False
        # A stop waits for the price to run against it, an if-touched order for it to come back.
        towards = -order.side if order.terms.kind.is_touch else order.side
        if (price - order.stop) * towards < 0:
            order.hits = 0
            return False
        order.hits += 1
        return order.hits >= order.terms.method.needed

    def _trail(self, order: WorkingOrder, book: Book, price: int) -> None:
        """Move the stop after a favourable price; its owner is told."""
        terms = order.terms
        distance = terms.trail or (price * (terms.trail_share or 0) // MICROS)
        wanted = price + order.side * distance
        stop = book.ticks.up(wanted) if order.side > 0 else book.ticks.down(wanted)
        if order.stop is not None and (stop - order.stop) * order.side >= 0:
            return
        self.set_stop(order, stop)
        self._floor.events.append(OpenOrderEvent(order.client_id, order.snapshot()))

    def set_stop(self, order: WorkingOrder, stop: int) -> None:
        """Put the stop of a trailing order at `stop`, its limit beyond it."""
        order.stop = stop
        if order.terms.gap is not None:
            order.limit = stop + order.side * order.terms.gap
        self._floor.recount(order)


def _quoted(order: WorkingOrder, method: TriggerMethod, bid: int, ask: int) -> int:
    """The price of a quote that a method compares: a buy stop looks at the bid, a sell stop at the ask.

    An if-touched order looks at the side it would trade with.
    """
    if method is TriggerMethod.MIDPOINT:
        return (bid + ask) // 2
    return bid if (order.side > 0) != order.terms.kind.is_touch else ask
