"""The shared state of the venue's parts, its time, and the list of events being caused.

Invariant: `now_ns` never goes backwards; what is due by then has been done before anything else happens.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from enum import Enum

from tradetui.gateway.venue.backoffice import BackOffice
from tradetui.gateway.venue.book import Book
from tradetui.gateway.venue.config import VenueConfig
from tradetui.gateway.venue.events import VenueEvent
from tradetui.gateway.venue.exposure import Exposures
from tradetui.gateway.venue.hours import Hours
from tradetui.gateway.venue.registry import OrderRegistry
from tradetui.gateway.venue.working import WorkingOrder
from tradetui.marketdata.calendar import TradingCalendar


class Due(Enum):
    """What a timer does. Several at one moment fire in this order: an auction comes before the day's orders expire."""

    CLOSE = 0
    OPEN = 1
    MIDNIGHT = 2
    ACTIVATE = 3
    CANCEL = 4
    CONDITION = 5
    EXPIRE = 6


@dataclass(slots=True)
class Timers:
    """A heap of (due ns, rank of what, order of setting, what, subject); a subject is a perm id or a group of hours."""

    _heap: list[tuple[int, int, int, Due, int]] = field(default_factory=list)
    _set: int = 0

    def at(self, due_ns: int, what: Due, subject: int = 0) -> None:
        """Set a timer; several of one kind at one time fire in the order they were set."""
        self._set += 1
        heapq.heappush(self._heap, (due_ns, what.value, self._set, what, subject))

    def next_ns(self) -> int | None:
        """When the earliest timer is due."""
        return self._heap[0][0] if self._heap else None

    def pop_due(self, now_ns: int) -> tuple[int, Due, int] | None:
        """Remove and return the earliest timer due by `now_ns` as (due ns, what, subject)."""
        if not self._heap or self._heap[0][0] > now_ns:
            return None
        due_ns, _, _, what, subject = heapq.heappop(self._heap)
        return due_ns, what, subject


@dataclass(slots=True)
class Floor:
    """Books, orders, accounts, hours, time. `calendar` rolls the days; `hours` are the groups of trading sessions."""

    config: VenueConfig
    calendar: TradingCalendar
    hours: tuple[Hours, ...]
    books: dict[int, Book]
    orders: OrderRegistry
    office: BackOffice
    exposures: Exposures = field(default_factory=Exposures)
    timers: Timers = field(default_factory=Timers)
    events: list[VenueEvent] = field(default_factory=list)
    now_ns: int = 0
    ranks: int = 0

    def take_rank(self) -> int:
        """The next time priority."""
        self.ranks += 1
        return self.ranks

    def may_trade(self, order: WorkingOrder, book: Book | None = None) -> bool:
        """Whether the hours let this order trade in the continuous market now.

        That is: in a session, or with outsideRth and a limit; not in a halt; never an order for the opening auction.
        """
        book = book or self.books[order.con_id]
        if book.halted or order.is_for_open:
            return False
        return book.hours.is_open or (order.request.outside_rth and order.terms.kind.works_outside)

    def recount(self, order: WorkingOrder) -> None:
        """An order's size or price changed: bring the credit totals up to date."""
        self.exposures.recount(order)
