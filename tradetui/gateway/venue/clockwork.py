"""What happens because time passes: open, close, day roll, expiry, delayed starts and cancels.

Invariant: everything due is done in time order, each at its own due time, before the call that came later is served,
however far apart two calls are (a demo may skip a weekend in one step).
"""

from __future__ import annotations

from collections.abc import Callable

from tradetui.gateway.venue.auctions import Auctions
from tradetui.gateway.venue.conditions import Conditions
from tradetui.gateway.venue.corporate import CorporateDesk
from tradetui.gateway.venue.floor import Due, Floor
from tradetui.gateway.venue.hours import Hours
from tradetui.gateway.venue.lifecycle import Lifecycle
from tradetui.gateway.venue.liquidation import Liquidation
from tradetui.gateway.venue.matching import Matching
from tradetui.gateway.venue.model import OrderStatus
from tradetui.gateway.venue.settlement import Settlement
from tradetui.gateway.venue.working import WorkingOrder


class Clockwork:
    """Fires the floor's timers."""

    def __init__(
        self,
        floor: Floor,
        lifecycle: Lifecycle,
        matching: Matching,
        auctions: Auctions,
        conditions: Conditions,
        settle: Callable[[], None],
    ) -> None:
        """`settle` acts on conditions that hold; it is called at the moment of each timer."""
        self._floor = floor
        self._conditions = conditions
        self._settle = settle
        self._lifecycle = lifecycle
        self._matching = matching
        self._auctions = auctions
        self._corporate = CorporateDesk(floor, lifecycle)
        self._settlement = Settlement(floor, lifecycle)
        self._liquidation = Liquidation(floor, lifecycle, matching)
        self._started = False

    def start(self, now_ns: int, *, resumed: bool = False) -> None:
        """Take the first moment: learn which markets are open and set the recurring timers.

        A venue that starts inside a session has missed its opening auction, unless it was `resumed` from a state.
        """
        floor = self._floor
        self._started = True
        floor.now_ns = now_ns
        for hours in floor.hours:
            hours.is_open = hours.calendar.is_open(now_ns)
            floor.timers.at(hours.calendar.next_open(now_ns), Due.OPEN, hours.number)
            floor.timers.at(hours.calendar.next_close(now_ns), Due.CLOSE, hours.number)
        floor.timers.at(floor.calendar.midnight_after(now_ns), Due.MIDNIGHT)
        for book in () if resumed else floor.books.values():
            book.opened = book.hours.is_open

    def pass_to(self, now_ns: int) -> None:
        """Let time pass to `now_ns`; an earlier time leaves the clock where it is."""
        floor = self._floor
        if not self._started:
            self.start(now_ns)
        if now_ns < floor.now_ns:
            return
        while (due := floor.timers.pop_due(now_ns)) is not None:
            floor.now_ns = max(floor.now_ns, due[0])
            self._fire(due[1], due[2])
            if not self._conditions.is_idle:
                self._settle()
        floor.now_ns = now_ns

    def _fire(self, what: Due, subject: int) -> None:
        match what:
            case Due.OPEN:
                self._open(self._floor.hours[subject])
            case Due.CLOSE:
                self._close(self._floor.hours[subject])
            case Due.SETTLE:
                self._settlement.expire(subject)
            case Due.MIDNIGHT:
                self._roll_day()
            case Due.LIQUIDATE:
                self._liquidation.look()
            case Due.EXPIRE | Due.ACTIVATE | Due.CANCEL | Due.CONDITION:
                named = self._floor.orders.by_perm_id(subject)
                if named is not None and not named.is_done:
                    self._order_due(named, what)

    def _roll_day(self) -> None:
        floor = self._floor
        today = floor.calendar.local(floor.now_ns).date()
        floor.office.start_day(new_month=today.day == 1)
        floor.orders.forget_done()
        for order in floor.orders.working():
            order.meter.start_day()
        self._corporate.start_day(today)
        floor.timers.at(floor.calendar.midnight_after(floor.now_ns), Due.MIDNIGHT)

    def _order_due(self, order: WorkingOrder, what: Due) -> None:
        if what is Due.CONDITION:
            self._conditions.time_passed(order)
            return
        if what is Due.ACTIVATE:
            order.activated = True
            self._lifecycle.refresh_status(order)
            self._matching.arrive(order, self._floor.books[order.con_id])
            return
        expired = order.expires_ns is not None and order.expires_ns <= self._floor.now_ns
        if order.status is OrderStatus.PENDING_CANCEL if what is Due.CANCEL else expired:
            self._lifecycle.cancel(order)

    def _open(self, hours: Hours) -> None:
        floor = self._floor
        hours.is_open = True
        for book in floor.books.values():
            if book.hours is hours:
                # The first quote of a session is the opening price: orders that waited trade there, not at their limit.
                book.forget_market()
                book.opened = False
                book.volume = 0
        for order in floor.orders.working():
            self._lifecycle.refresh_status(order)
        self._conditions.session_opened()
        floor.timers.at(hours.calendar.next_open(floor.now_ns), Due.OPEN, hours.number)

    def _close(self, hours: Hours) -> None:
        floor = self._floor
        for book in floor.books.values():
            if book.hours is hours:
                self._auctions.closing(book)
                book.previous_close = book.last
        hours.is_open = False
        for book in floor.books.values():
            if book.hours is hours:
                book.forget_market()
        floor.timers.at(hours.calendar.next_close(floor.now_ns), Due.CLOSE, hours.number)
