"""The exchange and the broker's back office behind the paper gateway, as one pure deterministic object.

No clock, no sockets, no randomness: every call carries market time and returns the events it caused, in IB's order.
Invariants: cash and positions change only by executions, to the micro-dollar; no order trades through its limit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from tradetui.gateway.venue import account_rows, restore
from tradetui.gateway.venue.auctions import Auctions
from tradetui.gateway.venue.backoffice import BackOffice
from tradetui.gateway.venue.book import Book
from tradetui.gateway.venue.clockwork import Clockwork
from tradetui.gateway.venue.conditions import Conditions
from tradetui.gateway.venue.config import VenueConfig
from tradetui.gateway.venue.desk import Desk
from tradetui.gateway.venue.events import VenueEvent
from tradetui.gateway.venue.exercise import exercise
from tradetui.gateway.venue.floor import Floor
from tradetui.gateway.venue.hours import Hours
from tradetui.gateway.venue.intervention import Intervention
from tradetui.gateway.venue.lifecycle import Lifecycle
from tradetui.gateway.venue.listing import Lookup
from tradetui.gateway.venue.matching import Matching
from tradetui.gateway.venue.model import (
    AccountRow,
    AccountValues,
    CommissionReport,
    Contract,
    ContractDetails,
    Execution,
    ExecutionFilter,
    OrderRequest,
    PositionRow,
    VenueOrder,
)
from tradetui.gateway.venue.money import shown, to_dollars
from tradetui.gateway.venue.products import Products
from tradetui.gateway.venue.registry import OrderRegistry
from tradetui.marketdata.calendar import TradingCalendar

#: The client that manual orders belong to.
MANUAL_CLIENT = 0
#: A price and the size at it.
Level = tuple[float, float]


class Venue:
    """Orders in, market data in, events out. All times are market time in UTC ns.

    A time earlier than the latest one seen counts as the latest: several sources may lag each other a little.
    """

    def __init__(
        self,
        *,
        config: VenueConfig,
        calendar: TradingCalendar,
        instruments: Iterable[ContractDetails],
        calendars: Mapping[str, TradingCalendar] | None = None,
        lookup: Lookup | None = None,
        state: Mapping[str, object] | None = None,
    ) -> None:
        """A venue for `instruments` and what `lookup` adds; with `state` (from `to_state`) it continues that one.

        `calendars` are the sessions of security types that do not follow `calendar`.

        Raises OperatorError if `state` is not of this program's making.
        """
        default = Hours(calendar)
        groups = {kind: Hours(each, number) for number, (kind, each) in enumerate((calendars or {}).items(), start=1)}
        books: dict[int, Book] = {}
        self._floor = Floor(
            config=config,
            calendar=calendar,
            hours=(default, *groups.values()),
            books=books,
            orders=OrderRegistry(config.first_perm_id),
            office=BackOffice(config, books),
            products=Products(config, default, groups, books),
            lookup=lookup,
        )
        for details in instruments:
            self._floor.list(details)
        self._conditions = Conditions(self._floor)
        self._lifecycle = Lifecycle(self._floor, self._conditions)
        self._matching = Matching(self._floor, self._lifecycle)
        self._auctions = Auctions(self._lifecycle, self._matching)
        self._desk = Desk(self._floor, self._lifecycle, self._matching, self._conditions)
        self._clockwork = Clockwork(
            self._floor, self._lifecycle, self._matching, self._auctions, self._conditions, self._settle
        )
        self._intervention = Intervention(self._floor, self._lifecycle, self._matching)
        if state is not None:
            restore.from_state(self._floor, self._clockwork, self._conditions, state)

    def next_order_id(self, client_id: int) -> int:
        """The smallest order id this client may use next (nextValidId)."""
        return self._floor.orders.next_order_id(client_id)

    def place(self, client_id: int, order_id: int, request: OrderRequest, now_ns: int) -> list[VenueEvent]:
        """New order, modification (same client and id of a working order), or what-if. Refusals are ErrorEvents."""
        self._clockwork.pass_to(now_ns)
        self._desk.place(client_id, order_id, request)
        return self._drain()

    def place_manual(self, request: OrderRequest, now_ns: int) -> tuple[VenueOrder | None, list[VenueEvent]]:
        """An order typed into TWS by a human: client 0, order id 0, found by others only by perm_id.

        None instead of the order when it was refused in form (the events hold the error).
        """
        self._clockwork.pass_to(now_ns)
        perm_id = self._floor.orders.next_perm_id
        self._desk.place(MANUAL_CLIENT, 0, request)
        order = self._floor.orders.by_perm_id(perm_id)
        return (order.snapshot() if order else None), self._drain()

    def cancel(self, client_id: int, order_id: int, now_ns: int) -> list[VenueEvent]:
        """Cancel by the owner. Errors 10147 (unknown) and 10148 (not cancellable) come back as events."""
        self._clockwork.pass_to(now_ns)
        self._desk.cancel(client_id, order_id)
        return self._drain()

    def cancel_by_perm_id(self, perm_id: int, now_ns: int) -> list[VenueEvent]:
        """Cancel any order as a human at TWS would; an unknown or done one gives no event."""
        self._clockwork.pass_to(now_ns)
        order = self._floor.orders.by_perm_id(perm_id)
        if order is not None:
            self._desk.start_cancel(order)
        return self._drain()

    def cancel_all(self, now_ns: int) -> list[VenueEvent]:
        """reqGlobalCancel: every working order of every client, manual ones included."""
        self._clockwork.pass_to(now_ns)
        for order in self._floor.orders.working():
            self._desk.start_cancel(order)
        return self._drain()

    def intervene(self, action: Callable[[Intervention], None], now_ns: int) -> list[VenueEvent]:
        """What exchange, broker or a human do unasked. Raises LookupError if `action` names what is not there."""
        self._clockwork.pass_to(now_ns)
        action(self._intervention)
        return self._drain()

    def exercise(
        self,
        client_id: int,
        request_id: int,
        account: str,
        contract: Contract,
        *,
        action: int,
        quantity: int,
        override: bool,
        now_ns: int,
    ) -> list[VenueEvent]:
        """Exercise (action 1) a long option or let it lapse (2). A refusal is an ErrorEvent under `request_id`."""
        self._clockwork.pass_to(now_ns)
        refused = exercise(self._floor, account, contract, action=action, quantity=quantity, override=override)
        if refused is not None:
            self._floor.events.append(refused.event(client_id, request_id))
        return self._drain()

    def void_quote(self, con_id: int) -> None:
        """Nothing trades in this instrument until its next quote."""
        self._floor.books[con_id].forget_market()

    def depth(self, con_id: int, rows: int) -> tuple[list[Level], list[Level]]:
        """The best `rows` of bids and asks as (price, size left) that an order would meet; empty without a quote."""
        book = self._book(con_id)
        return self._side(book, -1, rows), self._side(book, 1, rows)

    def _side(self, book: Book, side: int, rows: int) -> list[Level]:
        touch = book.opposite(side)
        if touch is None:
            return []
        found = book.levels(side, touch, min(rows, self._floor.config.depth_levels + 1) - 1)
        return [(to_dollars(price), shown(units, book.lots)) for _, price, units in found if units > 0]

    def lots(self, con_id: int) -> int:
        """How many units of the venue's own counting one share, contract or coin is."""
        return self._floor.books[con_id].lots

    def instrument(self, asked: Contract) -> Contract | None:
        """The one instrument that fits, listed from now on if it was not; None if there is none or several."""
        book = self._floor.find(asked)
        return None if book is None else book.details.contract

    def bind_manual_orders(self, client_id: int) -> list[VenueEvent]:
        """reqAutoOpenOrders / reqOpenOrders of client 0: working manual orders get negative ids of that client."""
        for order in self._floor.orders.working():
            if order.order_id == 0:
                self._floor.orders.bind(order, client_id)
                self._lifecycle.tell(order)
        return self._drain()

    def set_reference_price(self, con_id: int, price: float, volume: int = 0) -> None:
        """The previous close, to value holdings and check margin before the first print, and what the day traded."""
        book = self._book(con_id)
        book.last = book.previous_close = price
        book.volume = volume

    def on_quote(
        self, con_id: int, bid: float, ask: float, bid_size: int, ask_size: int, now_ns: int
    ) -> list[VenueEvent]:
        """A new top of the book; working orders may fill against it."""
        self._clockwork.pass_to(now_ns)
        book = self._floor.books.get(con_id)
        if book is None or book.halted:
            return self._drain() if self._floor.events else []
        book.show(bid, ask, bid_size, ask_size)
        if book.orders:
            self._matching.quote(book, bid, ask)
        if self._conditions.any_watched:
            self._conditions.market_moved(book, by_print=False)
        return self._drain() if self._floor.events or not self._conditions.is_idle else []

    def on_trade(self, con_id: int, price: float, size: int, now_ns: int) -> list[VenueEvent]:
        """A print; the first of a session is its opening price; it triggers stops and fills resting limits."""
        self._clockwork.pass_to(now_ns)
        book = self._floor.books.get(con_id)
        if book is None:
            return self._drain() if self._floor.events else []
        book.last = price
        book.printed = True
        book.volume += size
        if book.halted:
            return self._drain() if self._floor.events else []
        opens = book.hours.is_open and not book.opened
        book.opened = book.opened or opens
        if book.orders:
            if opens:
                self._auctions.opening(book, price)
            self._matching.print(book, price, size * book.lots)
        if self._conditions.any_watched:
            self._conditions.market_moved(book, by_print=True)
            self._conditions.margin_moved()
        return self._drain() if self._floor.events or not self._conditions.is_idle else []

    def halt(self, con_id: int, halted: bool = True) -> None:
        """Trading in one instrument stops or resumes: its quote is void, and what waits trades at the next one."""
        book = self._book(con_id)
        book.halted = halted
        book.forget_market()

    def shares_to_borrow(self, con_id: int) -> int | None:
        """How many shares all accounts together may be short; None for any number."""
        book = self._book(con_id)
        return None if book.short_limit is None else book.short_limit // book.lots

    def set_short_limit(self, con_id: int, shares: int | None, now_ns: int) -> list[VenueEvent]:
        """How many shares all accounts together may be short from now on, None for any number."""
        self._clockwork.pass_to(now_ns)
        book = self._book(con_id)
        book.short_limit = None if shares is None else shares * book.lots
        self._desk.shares_found(book)
        return self._drain()

    def advance(self, now_ns: int) -> list[VenueEvent]:
        """Time passes without data: opens, closes, GTD/DAY expiry, day roll, delayed cancels."""
        self._clockwork.pass_to(now_ns)
        return self._drain()

    def next_wake_ns(self) -> int | None:
        """Market time at which `advance` has something to do even if no data arrives; None before the first call."""
        return self._floor.timers.next_ns()

    @property
    def accounts(self) -> tuple[str, ...]:
        """Account codes, e.g. ('DU1234567',)."""
        return tuple(self._floor.office.accounts)

    def open_orders(self, client_id: int | None = None) -> list[VenueOrder]:
        """Working orders in order of arrival; of one client, or of everybody with None (reqAllOpenOrders)."""
        return [
            order.snapshot()
            for order in self._floor.orders.working()
            if order.transmitted and client_id in (None, order.client_id)
        ]

    def completed_orders(self, api_only: bool = False) -> list[VenueOrder]:
        """Orders done in the current trading day, oldest first; `api_only` leaves manual ones out."""
        return [order.snapshot() for order in self._floor.orders.done() if order.order_id > 0 or not api_only]

    def executions(self, wanted: ExecutionFilter) -> list[tuple[Execution, CommissionReport]]:
        """Executions of the current trading day (since midnight exchange time), oldest first."""
        return self._floor.office.executions(wanted)

    def latest(self, count: int) -> tuple[list[VenueOrder], list[Execution]]:
        """The newest working orders and the newest executions of the day, at most `count` of each, oldest first."""
        working = list(self._floor.orders.working())[-count:]
        return [order.snapshot() for order in working], [each for each, _ in self._floor.office.booked[-count:]]

    @property
    def working_count(self) -> int:
        """How many orders work."""
        return sum(1 for _ in self._floor.orders.working())

    def positions(self, account: str | None = None) -> list[PositionRow]:
        """Open positions (quantity != 0), of one account or all."""
        codes = self.accounts if account is None else (account,)
        return [row for code in codes for row in self.portfolio(code) if row.quantity]

    def position(self, account: str, con_id: int) -> PositionRow | None:
        """One holding, also when it went flat today; None if not held."""
        return self._floor.office.row(account, con_id)

    def portfolio(self, account: str) -> list[PositionRow]:
        """Open positions and those closed today (quantity 0), for updatePortfolio."""
        rows = (self._floor.office.row(account, con_id) for con_id in self._floor.office.accounts[account].holdings)
        return [row for row in rows if row is not None]

    def account_values(self, account: str) -> AccountValues:
        """The account's numbers at the last known prices."""
        return self._floor.office.values(account)

    def account_rows(self, account: str) -> Sequence[AccountRow]:
        """Every IB account line (tag, formatted value, currency) of updateAccountValue."""
        return account_rows.account_rows(self.account_values(account))

    def summary_rows(self, account: str, tags: Sequence[str]) -> Sequence[AccountRow]:
        """The lines for reqAccountSummary; `tags` as sent by the client, incl. $LEDGER, $LEDGER:USD, $LEDGER:ALL."""
        return account_rows.summary_rows(self.account_values(account), tags)

    def to_state(self) -> dict[str, object]:
        """Everything needed to continue, as JSON-serialisable data (see `state_file`)."""
        return restore.to_state(self._floor)

    def _book(self, con_id: int) -> Book:
        book = self._floor.find(Contract.numbered(con_id))
        if book is None:
            raise LookupError(f"no instrument {con_id}")
        return book

    def _settle(self) -> None:
        """Act on every order whose conditions hold: it comes alive, or is cancelled."""
        while (order := self._conditions.due()) is not None:
            if order.request.conditions_cancel:
                self._lifecycle.cancel(order)
                continue
            order.conditional = False
            self._lifecycle.refresh_status(order)
            self._desk.work(order)

    def _drain(self) -> list[VenueEvent]:
        if not self._conditions.is_idle:
            self._settle()
        events, self._floor.events = self._floor.events, []
        return events
