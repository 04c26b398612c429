"""Who trades, at what price and how much, when a quote, a print or an order arrives.

Invariants: a buy never trades above and a sell never below its limit; one quote's displayed size is traded once; a
resting limit at the touch waits behind the size that was there first.

An arriving order takes the displayed size at the quote. What is left rests: it trades at its own limit when the other
side reaches it, when the tape prints through it, or when prints at its price have used up the queue in front of it.
An order larger than the displayed size trades on with the following quotes. Stops trigger on prints (IB's default
for stocks) inside their hours, then take the quote like a market or limit order.
"""

from __future__ import annotations

from tradetui.gateway.venue.book import Book
from tradetui.gateway.venue.floor import Floor
from tradetui.gateway.venue.lifecycle import Lifecycle
from tradetui.gateway.venue.model import Liquidity
from tradetui.gateway.venue.money import to_micros
from tradetui.gateway.venue.working import WorkingOrder


class Matching:
    """Trades working orders against the top of the book and the tape."""

    def __init__(self, floor: Floor, lifecycle: Lifecycle) -> None:
        self._floor = floor
        self._lifecycle = lifecycle

    def quote(self, book: Book) -> None:
        """A new quote is in `book`: whoever can trade against it does, best price first."""
        for order in book.in_priority():
            self.take(order, book)

    def print(self, book: Book, price: float, size: int) -> None:
        """A print of `size` at `price`: resting limits first, then stops it triggers."""
        at = to_micros(price)
        left = size
        for order in book.in_priority():
            if left <= 0:
                break
            left -= self._take_print(order, book, at, left)
        for order in [order for order in book.orders if order.awaits_trigger]:
            self.try_trigger(order, book)

    def arrive(self, order: WorkingOrder, book: Book) -> None:
        """A live order enters, or re-enters after a change: it may trigger or trade at once."""
        if order.awaits_trigger:
            self.try_trigger(order, book)
        else:
            self.take(order, book)

    def take(self, order: WorkingOrder, book: Book) -> None:
        """Trade `order` against the displayed quote as far as price and size allow, then let the rest join the book."""
        price = book.opposite(order.side)
        if price is None or not order.is_live or not self._floor.may_trade(order):
            return
        if order.limit is None or (order.limit - price) * order.side >= 0:
            units = _units(order, book.left(order.side))
            if units:
                book.take(order.side, units)
                if order.resting and order.limit is not None:
                    self._trade(order, units, order.limit, aggressive=False)
                else:
                    self._trade(order, units, price, aggressive=True)
        if not order.is_done:
            order.resting = True
            _keep_place(order, book)

    def try_trigger(self, order: WorkingOrder, book: Book) -> None:
        """Trigger a stop if the last print of this session is at or through its trigger price."""
        if order.stop is None or not order.is_live or not book.printed or book.last is None:
            return
        if not (self._floor.is_open or order.request.outside_rth):
            return
        if (to_micros(book.last) - order.stop) * order.side >= 0:
            order.triggered = True
            self._lifecycle.refresh_status(order)
            self.take(order, book)

    def _take_print(self, order: WorkingOrder, book: Book, at: int, left: int) -> int:
        """Let a resting limit take part in a print; return how much of the print it used (queue included)."""
        if order.limit is None or not (order.resting and order.is_live and self._floor.may_trade(order)):
            return 0
        beyond = (order.limit - at) * order.side
        if beyond < 0 or (beyond == 0 and order.queue_ahead is None):
            return 0
        ahead = 0
        if beyond == 0 and order.queue_ahead is not None:
            ahead = min(order.queue_ahead, left)
            order.queue_ahead -= ahead
        units = _units(order, left - ahead)
        if units:
            self._trade(order, units, order.limit, aggressive=False)
        return ahead + units

    def _trade(self, order: WorkingOrder, units: int, price: int, aggressive: bool) -> None:
        liquidity = Liquidity.REMOVED if aggressive else Liquidity.ADDED
        for released in self._lifecycle.fill(order, units, price, liquidity):
            self.arrive(released, self._floor.books[released.con_id])


def _units(order: WorkingOrder, available: int) -> int:
    """How much of `available` the order takes; all-or-none and minimum size take nothing rather than too little."""
    units = min(order.tradable, available)
    request = order.request
    if request.all_or_none and units < order.leaves:
        return 0
    if request.min_quantity is not None and order.filled == 0 and units < min(request.min_quantity, order.leaves):
        return 0
    return max(units, 0)


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
