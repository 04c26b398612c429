"""Who trades, at what price and how much, when a quote, a print or an order arrives.

Invariants: a buy never trades above and a sell never below its limit; one quote's displayed size is traded once; a
resting limit at the touch waits behind the size that was there first.

An arriving order takes the displayed size at the quote, and the sizes behind it as far as the venue shows depth. What
is left rests: it trades at its own limit when the other side reaches it, when the tape prints through it, or when
prints at its price have used up the queue in front of it. An order larger than all that is displayed trades on with
the following quotes. Waiting orders are triggered by prints or quotes, then trade like a market or limit order.
"""

from __future__ import annotations

from itertools import takewhile

from tradetui.gateway.venue import pegs
from tradetui.gateway.venue.book import Book
from tradetui.gateway.venue.floor import Floor
from tradetui.gateway.venue.lifecycle import Lifecycle
from tradetui.gateway.venue.model import Liquidity
from tradetui.gateway.venue.money import to_micros
from tradetui.gateway.venue.triggers import Triggers
from tradetui.gateway.venue.working import WorkingOrder


class Matching:
    """Trades working orders against the top of the book and the tape."""

    def __init__(self, floor: Floor, lifecycle: Lifecycle) -> None:
        self._floor = floor
        self._lifecycle = lifecycle
        self._triggers = Triggers(floor)

    def quote(self, book: Book, bid: float, ask: float) -> None:
        """A new quote is in `book`: whoever can trade against it does, best price first."""
        low, high = to_micros(bid), to_micros(ask)
        for order in list(book.pegged.values()):
            pegs.follow(self._floor, order, book)
        if book.met:
            # Deeper orders neither trade nor reach the front of the queue.
            orders = book.ladders[-1].reaching(high) + book.ladders[1].reaching(low)
        else:
            orders, book.met = book.in_priority(), True
        for order in orders:
            self.take(order, book)
        for order in list(book.waiting.values()):
            if self._triggers.by_quote(order, book, low, high):
                self._trigger(order, book)

    def print(self, book: Book, price: float, size: int) -> None:
        """A print of `size` at `price`: resting limits first, then the orders it triggers."""
        at = to_micros(price)
        left = size
        if left > 0:
            for order in book.ladders[-1].reaching(at) + book.ladders[1].reaching(at):
                left -= self._take_print(order, book, at, left)
                if left <= 0:
                    break
        for order in list(book.waiting.values()):
            if self._triggers.by_print(order, book, at):
                self._trigger(order, book)

    def arrive(self, order: WorkingOrder, book: Book) -> None:
        """A live order enters, or re-enters after a change: it may trigger or trade at once."""
        if order.rank == 0 and order.is_live:
            order.rank = self._floor.take_rank()
        book.file(order)
        if not order.is_live or order.is_for_open or order.terms.kind.at_close:
            return
        if order.awaits_trigger:
            if self._triggers.on_arrival(order, book):
                self._trigger(order, book)
            return
        if order.terms.kind.is_pegged:
            pegs.follow(self._floor, order, book)
        self.take(order, book)

    def take(self, order: WorkingOrder, book: Book) -> None:
        """Trade `order` against the displayed quote as far as price and size allow, then let the rest join the book."""
        price = book.opposite(order.side)
        if price is None or not order.is_live or not self._floor.may_trade(order, book):
            return
        limit = order.limit
        if limit is None or (limit - price) * order.side >= 0:
            if order.resting and limit is not None:
                units = self._units(order, book, book.left(order.side))
                if units:
                    book.take(order.side, units)
                    self._trade(order, units, limit, Liquidity.ADDED)
            else:
                self._sweep(order, book, price)
        if not order.is_done:
            order.resting = True
            _keep_place(order, book)

    def cross(self, order: WorkingOrder, book: Book, price: int) -> None:
        """Trade whole in an auction: nobody's displayed size is used."""
        units = self._units(order, book, order.tradable)
        if units:
            self._trade(order, units, price, Liquidity.ADDED)

    def within_reach(self, order: WorkingOrder, book: Book) -> int:
        """Units displayed at prices the order would pay, depth included."""
        price = book.opposite(order.side)
        if price is None or (order.limit is not None and (order.limit - price) * order.side < 0):
            return 0
        return sum(units for _, _, units in self._offers(order, book, price))

    def _sweep(self, order: WorkingOrder, book: Book, price: int) -> None:
        """Take the displayed sizes from the touch on, each at its own price."""
        offers = self._offers(order, book, price)
        wanted = self._units(order, book, sum(units for _, _, units in offers))
        for level, at, available in offers:
            units = min(wanted, available, order.tradable)
            if units <= 0 or order.is_done:
                continue
            wanted -= units
            if level == 0:
                book.take(order.side, units)
            else:
                book.take_deeper(order.side, level, units)
            self._trade(order, units, at, Liquidity.REMOVED)

    def _offers(self, order: WorkingOrder, book: Book, price: int) -> list[tuple[int, int, int]]:
        """(level, price, units left) of what is displayed to the order within its limit, best first."""
        offers = book.levels(order.side, price, self._floor.config.depth_levels)
        return list(takewhile(lambda offer: offer[0] == 0 or _within(order, offer[1]), offers))

    def _trigger(self, order: WorkingOrder, book: Book) -> None:
        order.triggered = True
        order.rank = 0
        self._lifecycle.refresh_status(order)
        self.arrive(order, book)

    def _take_print(self, order: WorkingOrder, book: Book, at: int, left: int) -> int:
        """Let a resting limit take part in a print; return how much of the print it used (queue included)."""
        if order.limit is None or not (order.resting and order.is_live and self._floor.may_trade(order, book)):
            return 0
        beyond = (order.limit - at) * order.side
        if beyond < 0 or (beyond == 0 and order.queue_ahead is None):
            return 0
        ahead = 0
        if beyond == 0 and order.queue_ahead is not None:
            ahead = min(order.queue_ahead, left)
            order.queue_ahead -= ahead
        units = self._units(order, book, left - ahead)
        if units:
            self._trade(order, units, order.limit, Liquidity.ADDED)
        return ahead + units

    def _units(self, order: WorkingOrder, book: Book, available: int) -> int:
        """How much of `available` the order takes; all-or-none and minimum size take nothing rather than too little."""
        units = min(order.tradable, available)
        room = self._floor.room(order, book)
        if room is not None and room < units:
            units = room
        request = order.request
        if request.all_or_none and units < order.leaves:
            return 0
        least = 0 if request.min_quantity is None or order.filled else request.min_quantity * order.lots
        if units < min(least, order.leaves):
            return 0
        return max(units, 0)

    def _trade(self, order: WorkingOrder, units: int, price: int, liquidity: Liquidity) -> None:
        for released in self._lifecycle.fill(order, units, price, liquidity):
            self.arrive(released, self._floor.books[released.con_id])


def _keep_place(order: WorkingOrder, book: Book) -> None:
    """Track the displayed size in front of a resting limit order."""
    best = book.opposite(-order.side)
    if best is None or order.limit is None:
        return
    behind = (best - order.limit) * order.side
    if behind < 0:
        order.queue_ahead = 0
    elif behind == 0:
        shown = book.left(-order.side)
        order.queue_ahead = shown if order.queue_ahead is None else min(order.queue_ahead, shown)


def _within(order: WorkingOrder, price: int) -> bool:
    """Whether an order may trade at a price."""
    return order.limit is None or (order.limit - price) * order.side >= 0
