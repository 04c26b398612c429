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
from tradetui.gateway.venue.registry import OrderRegistry
from tradetui.gateway.venue.working import Kind, WorkingOrder
from tradetui.marketdata.calendar import TradingCalendar


class Due(Enum):
    """What a timer does."""

    OPEN = 0
    CLOSE = 1
    MIDNIGHT = 2
    EXPIRE = 3
    ACTIVATE = 4
    CANCEL = 5


@dataclass(slots=True)
class Timers:
    """A heap of (due ns, order of setting, what, perm id)."""

    _heap: list[tuple[int, int, Due, int]] = field(default_factory=list)
    _set: int = 0

    def at(self, due_ns: int, what: Due, perm_id: int = 0) -> None:
        """Set a timer; several at one time fire in the order they were set."""
        self._set += 1
        heapq.heappush(self._heap, (due_ns, self._set, what, perm_id))

    def next_ns(self) -> int | None:
        """When the earliest timer is due."""
        return self._heap[0][0] if self._heap else None

    def pop_due(self, now_ns: int) -> tuple[int, Due, int] | None:
        """Remove and return the earliest timer due by `now_ns` as (due ns, what, perm id)."""
        if not self._heap or self._heap[0][0] > now_ns:
            return None
        due_ns, _, what, perm_id = heapq.heappop(self._heap)
        return due_ns, what, perm_id


@dataclass(slots=True)
class Floor:
    """Books, orders, accounts, calendar, time. `is_open` is true inside a regular session."""

    config: VenueConfig
    calendar: TradingCalendar
    books: dict[int, Book]
    orders: OrderRegistry
    office: BackOffice
    timers: Timers = field(default_factory=Timers)
    events: list[VenueEvent] = field(default_factory=list)
    now_ns: int = 0
    is_open: bool = False

    def may_trade(self, order: WorkingOrder) -> bool:
        """Whether the hours let this order trade: regular session, or outsideRth on an order with a limit."""
        return self.is_open or (order.request.outside_rth and order.kind in (Kind.LIMIT, Kind.STOP_LIMIT))
