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
from tradetui.gateway.venue.listing import Lookup, find_book
from tradetui.gateway.venue.model import Contract, ContractDetails
from tradetui.gateway.venue.products import Products
from tradetui.gateway.venue.registry import OrderRegistry
from tradetui.gateway.venue.working import WorkingOrder
from tradetui.marketdata.calendar import TradingCalendar


class Due(Enum):
    """What a timer does. Several at one moment fire in this order: an auction comes before the day's orders expire."""

    CLOSE = 0
    OPEN = 1
    SETTLE = 2
    MIDNIGHT = 3
    ACTIVATE = 4
    CANCEL = 5
    CONDITION = 6
    EXPIRE = 7
    LIQUIDATE = 8


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
    """Books, orders, accounts, hours, time. `calendar` rolls the days; `hours` are the groups of trading sessions;
    `margin_due` is when the accounts' margin is looked at next, None while nothing is held."""

    config: VenueConfig
    calendar: TradingCalendar
    hours: tuple[Hours, ...]
    books: dict[int, Book]
    orders: OrderRegistry
    office: BackOffice
    products: Products
    lookup: Lookup | None = None
    exposures: Exposures = field(default_factory=Exposures)
    timers: Timers = field(default_factory=Timers)
    events: list[VenueEvent] = field(default_factory=list)
    now_ns: int = 0
    ranks: int = 0
    margin_due: int | None = None

    def find(self, asked: Contract) -> Book | None:
        """The book of the one instrument that fits, listed now if it was not yet; None if there is none."""
        book = find_book(self.books, asked)
        if book is not None or self.lookup is None:
            return book
        details = self.lookup.details(asked)
        if details is None:
            return None
        con_id = details.contract.con_id
        known = self.books.get(con_id)
        return known if known is not None else self.list(details, self.lookup.price(con_id))

    def list(self, details: ContractDetails, price: float | None = None) -> Book:
        """Open the book of an instrument, and that of what it derives from."""
        contract = details.contract
        book = self.books[contract.con_id] = self.products.book(details)
        book.last = book.previous_close = price
        book.opened = book.hours.is_open
        if details.expires_ns is not None:
            book.expired = details.expires_ns <= self.now_ns
            self.timers.at(details.expires_ns, Due.SETTLE, contract.con_id)
        if details.under_con_id and details.under_con_id not in self.books:
            self.find(Contract.numbered(details.under_con_id))
        return book

    def take_rank(self) -> int:
        """The next time priority."""
        self.ranks += 1
        return self.ranks

    def watch_margin(self, due_ns: int | None = None) -> None:
        """Something is held: look at the accounts' margin before long, or at `due_ns`."""
        if self.margin_due is None and self.config.check_margin:
            self.margin_due = due_ns or self.now_ns + self.config.liquidation_every_ns
            self.timers.at(self.margin_due, Due.LIQUIDATE)

    def room(self, order: WorkingOrder, book: Book) -> int | None:
        """Units a sale may take at most, by what is held and what can be borrowed; None without such a limit.

        A liquidation only closes what is held, on either side.
        """
        con_id = order.con_id
        if not order.liquidation and (order.side > 0 or book.short_limit is None):
            return None
        holding = self.office.accounts[order.account].holdings.get(con_id)
        held = holding.quantity if holding else 0
        if order.liquidation:
            return max(-held * order.side, 0)
        holdings = [account.holdings.get(con_id) for account in self.office.accounts.values()]
        short = sum(-each.quantity for each in holdings if each is not None and each.quantity < 0)
        return max((book.short_limit or 0) - short + max(held, 0), 0)

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
