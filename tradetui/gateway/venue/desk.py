"""The order desk: what clients send becomes orders, changes and cancels, or a refusal that changes nothing.

Invariants: an order id is accepted once per client; an order held by `transmit=False` reaches the market only with
the family member that transmits it, parent first; a cancel answered with Cancelled is final.
"""

from __future__ import annotations

from dataclasses import replace

from tradetui.gateway.venue import refusal, validation
from tradetui.gateway.venue.book import Book
from tradetui.gateway.venue.conditions import Conditions
from tradetui.gateway.venue.credit import check_credit, margin_impact
from tradetui.gateway.venue.events import OpenOrderEvent, OrderStatusEvent
from tradetui.gateway.venue.exposure import own_price
from tradetui.gateway.venue.floor import Due, Floor
from tradetui.gateway.venue.lifecycle import Lifecycle
from tradetui.gateway.venue.matching import Matching
from tradetui.gateway.venue.model import Contract, OrderRequest, OrderStatus
from tradetui.gateway.venue.products import LONG_ONLY
from tradetui.gateway.venue.refusal import Refusal
from tradetui.gateway.venue.terms import terms_of
from tradetui.gateway.venue.working import WorkingOrder, is_conditioned, start_prices

#: US stocks trade four hours past the close; DAY orders marked outsideRth live until then.
EXTENDED_NS = 4 * 3600 * 1_000_000_000


class Desk:
    """Accepts, changes and cancels orders on the floor."""

    def __init__(self, floor: Floor, lifecycle: Lifecycle, matching: Matching, conditions: Conditions) -> None:
        self._floor = floor
        self._conditions = conditions
        self._lifecycle = lifecycle
        self._matching = matching

    def place(self, client_id: int, order_id: int, request: OrderRequest) -> None:
        """New order, change of an existing one, or what-if; a refusal is an error event and nothing else."""
        refused = self._place(client_id, order_id, request)
        if refused is not None:
            self._floor.events.append(refused.event(client_id, order_id))

    def _place(self, client_id: int, order_id: int, request: OrderRequest) -> Refusal | None:
        floor = self._floor
        book = floor.find(request.contract)
        if book is None or book.expired:
            return refusal.NO_DEFINITION
        if not book.is_tradable:
            return refusal.NO_TRADING
        request = self._complete(request, book)
        refused = (
            validation.check_account(request, floor.office.accounts)
            or validation.check_request(request, book.details, book.ticks)
            or self._check_time(request, book)
            or self._check_side(request, book)
            or validation.check_conditions(request, self._is_known)
        )
        if refused is not None:
            return refused
        known = floor.orders.find(client_id, order_id) if order_id else None
        if known is not None and not request.what_if:
            return self._modify(known, request, book)
        if order_id > 0 and floor.orders.is_used(client_id, order_id) and not request.what_if:
            return refusal.DUPLICATE_ID
        return self._accept(self._draft(client_id, order_id, request, book), book)

    def _check_side(self, request: OrderRequest, book: Book) -> Refusal | None:
        """What cannot be sold short is sold only as far as it is held."""
        contract = book.details.contract
        if contract.sec_type not in LONG_ONLY or request.action == "BUY":
            return None
        holding = self._floor.office.accounts[request.account].holdings.get(contract.con_id)
        held = holding.quantity if holding else 0
        return refusal.NO_SHORT if round(request.quantity * book.lots) > held else None

    def _is_known(self, con_id: int) -> bool:
        return con_id in self._floor.books or self._floor.find(Contract.numbered(con_id)) is not None

    def _check_time(self, request: OrderRequest, book: Book) -> Refusal | None:
        floor = self._floor
        if request.good_till is not None and request.good_till <= floor.now_ns:
            return refusal.GTD_INVALID
        closes = book.hours.calendar.next_close(floor.now_ns) if validation.KINDS[request.order_type].at_close else 0
        if closes and book.hours.is_open and floor.now_ns > closes - floor.config.close_cutoff_ns:
            return refusal.PAST_CUTOFF
        return None

    def _accept(self, order: WorkingOrder, book: Book) -> Refusal | None:
        request, orders = order.request, self._floor.orders
        parent = None
        if request.parent_id:
            parent = orders.find(order.client_id, request.parent_id)
            if parent is None or parent.status in (OrderStatus.CANCELLED, OrderStatus.INACTIVE):
                return refusal.unknown_parent(request.parent_id)
            order.parent_perm_id = parent.perm_id
            order.release_by(parent)
            if not order.oca_key:
                order.oca_key, order.oca_type = f"#{parent.perm_id}", 3
        if request.what_if:
            return self._answer_what_if(order)
        order.perm_id = orders.allocate_perm_id()
        orders.add(order)
        book.orders[order.perm_id] = order
        if order.expires_ns is not None:
            self._floor.timers.at(order.expires_ns, Due.EXPIRE, order.perm_id)
        if not order.activated and request.good_after is not None:
            self._floor.timers.at(request.good_after, Due.ACTIVATE, order.perm_id)
        if request.transmit:
            self._transmit_family(order, parent)
        return None

    def _transmit_family(self, order: WorkingOrder, parent: WorkingOrder | None) -> None:
        if parent is not None and not parent.transmitted:
            self._transmit(parent)
        if parent is not None:
            for sibling in self._floor.orders.children(parent.perm_id):
                if sibling is not order and not sibling.transmitted:
                    self._transmit(sibling)
        if not order.is_done:
            self._transmit(order)

    def _transmit(self, order: WorkingOrder) -> None:
        if order.is_done:
            return
        order.transmitted = True
        held = order.parent_perm_id != 0 and order.release == 0
        refused = None if held else check_credit(self._floor, order, order.leaves, own_price(order))
        if refused is not None:
            self._lifecycle.reject(order, refused)
            return
        order.status = OrderStatus.PRE_SUBMITTED
        self._lifecycle.tell(order)
        if not held:
            self._notices(order)
        self._locate(order)
        self._conditions.watch(order)
        self.work(order)

    def _locate(self, order: WorkingOrder) -> None:
        """Hold a sale that is larger than what is held and can be borrowed; a child sells what its parent bought."""
        floor = self._floor
        room = None if order.parent_perm_id else floor.room(order, floor.books[order.con_id])
        if room is not None and room < order.leaves:
            order.locating = True
            floor.events.append(refusal.LOCATING.event(order.client_id, order.order_id))

    def shares_found(self, book: Book) -> None:
        """More can be borrowed: orders that fit now go to work."""
        for order in list(book.orders.values()):
            room = self._floor.room(order, book) if order.locating else None
            if room is not None and room >= order.leaves:
                order.locating = False
                self._lifecycle.refresh_status(order)
                self.work(order)

    def work(self, order: WorkingOrder) -> None:
        """Let an order that is new, changed or no longer conditional meet the market; IOC and FOK end here."""
        if order.conditional or order.locating:
            return
        book = self._floor.books[order.con_id]
        tif = order.request.tif
        if tif != "FOK" or self._matching.within_reach(order, book) >= order.leaves:
            self._matching.arrive(order, book)
        if order.is_done:
            return
        if tif in ("IOC", "FOK"):
            self._lifecycle.cancel(order)
        else:
            self._lifecycle.refresh_status(order)

    def _notices(self, order: WorkingOrder) -> None:
        floor, request = self._floor, order.request
        if request.outside_rth and request.order_type == "MKT":
            floor.events.append(refusal.OUTSIDE_RTH_IGNORED.event(order.client_id, order.order_id))
        book = floor.books[order.con_id]
        if not floor.may_trade(order, book) and not book.halted:
            contract = request.contract
            venue = contract.primary_exchange or contract.exchange
            line = f"{request.action} {request.quantity:.15g} {contract.symbol} {venue}"
            opens = floor.calendar.local(book.hours.calendar.next_open(floor.now_ns))
            notice = refusal.held_until_open(line, f"{opens:%Y-%m-%d %H:%M:%S}")
            floor.events.append(notice.event(order.client_id, order.order_id))

    def _answer_what_if(self, order: WorkingOrder) -> Refusal | None:
        order.status = OrderStatus.PRE_SUBMITTED
        impact = margin_impact(self._floor, order)
        snapshot = replace(order.snapshot(), margin=impact, warning_text=impact.warning_text)
        self._floor.events.append(OpenOrderEvent(order.client_id, snapshot))
        return None

    def _modify(self, order: WorkingOrder, request: OrderRequest, book: Book) -> Refusal | None:
        refused = validation.check_modification(order, request)
        if refused is not None:
            return refused
        if order.transmitted:
            refused = self._check_change(order, request)
            if refused is not None:
                return refused
        order.apply_request(replace(request, parent_id=order.request.parent_id))
        if order.parent_perm_id:
            order.release_by(self._floor.orders.by_perm_id(order.parent_perm_id))
        expires = self._expiry(order.request, book)
        if expires != order.expires_ns:
            order.expires_ns = expires
            if expires is not None:
                self._floor.timers.at(expires, Due.EXPIRE, order.perm_id)
        if order.transmitted:
            self._floor.recount(order)
            self._lifecycle.tell(order)
            self._conditions.watch(order)
            self.work(order)
        elif request.transmit:
            self._transmit_family(order, self._floor.orders.by_perm_id(order.parent_perm_id))
        return None

    def _check_change(self, order: WorkingOrder, request: OrderRequest) -> Refusal | None:
        """The credit check for the order as it would be; counted so from then on unless refused."""
        changed = terms_of(request)
        limit, stop = start_prices(changed)
        size = round(request.quantity * order.lots) - order.filled
        return check_credit(self._floor, order, size, limit or stop or changed.limit or 0)

    def cancel(self, client_id: int, order_id: int) -> None:
        """Cancel by the client's id: 10147 for an unknown id, 10148 for a done order."""
        order = self._floor.orders.find(client_id, order_id)
        if order is None:
            self._floor.events.append(refusal.cancel_unknown(order_id).event(client_id, order_id))
        elif order.is_done or order.status is OrderStatus.PENDING_CANCEL:
            refused = refusal.cancel_done(order_id, order.status.value)
            self._floor.events.append(refused.event(client_id, order_id))
        else:
            self.start_cancel(order)

    def start_cancel(self, order: WorkingOrder) -> None:
        """Cancel now, or after the configured latency, during which fills win."""
        latency = self._floor.config.cancel_latency_ns
        if order.is_done or order.status is OrderStatus.PENDING_CANCEL:
            return
        if latency == 0 or not order.transmitted:
            self._lifecycle.cancel(order)
            return
        order.status = OrderStatus.PENDING_CANCEL
        self._floor.events.append(OrderStatusEvent(order.client_id, order.snapshot()))
        self._floor.timers.at(self._floor.now_ns + latency, Due.CANCEL, order.perm_id)

    def _complete(self, request: OrderRequest, book: Book) -> OrderRequest:
        contract = book.routed(request.contract.exchange)
        if contract == request.contract and request.account and request.tif:
            return request
        accounts = tuple(self._floor.office.accounts)
        return replace(
            request,
            contract=contract,
            account=request.account or (accounts[0] if len(accounts) == 1 else ""),
            tif=request.tif or "DAY",
        )

    def _draft(self, client_id: int, order_id: int, request: OrderRequest, book: Book) -> WorkingOrder:
        terms = terms_of(request)
        limit, stop = start_prices(terms)
        now_ns = self._floor.now_ns
        return WorkingOrder(
            perm_id=0,
            client_id=client_id,
            order_id=order_id,
            account=request.account,
            con_id=request.contract.con_id,
            request=request,
            side=validation.SIDES[request.action],
            terms=terms,
            quantity=round(request.quantity * book.lots),
            limit=limit,
            stop=stop,
            placed_ns=now_ns,
            lots=book.lots,
            oca_key=f"{request.account}/{request.oca_group}" if request.oca_group else "",
            oca_type=request.oca_type or (1 if request.oca_group else 0),
            transmitted=False,
            conditional=is_conditioned(request),
            activated=request.good_after is None or request.good_after <= now_ns,
            expires_ns=self._expiry(request, book),
        )

    def _expiry(self, request: OrderRequest, book: Book) -> int | None:
        if request.tif == "GTD":
            return request.good_till
        if request.tif != "DAY":
            return None
        calendar, now_ns = book.hours.calendar, self._floor.now_ns
        if not request.outside_rth:
            return calendar.next_close(now_ns)
        return calendar.next_close(now_ns - EXTENDED_NS) + EXTENDED_NS
