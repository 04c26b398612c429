"""What exchange, broker or a human do to orders and holdings although no client asked: fills out of the blue, trades
corrected or broken, orders edited or cancelled by hand, transfers, splits, liquidation.

Invariant: an intervention is told like any event of its kind, and what it changes is in the books, so that every later
question is answered with it. Only `overfill` and `revise` may make an order's fills differ from its size.
"""

from __future__ import annotations

from dataclasses import replace

from tradetui.gateway.venue.corporate import CorporateDesk
from tradetui.gateway.venue.events import AccountEvent, CommissionEvent, ExecutionEvent, PositionEvent
from tradetui.gateway.venue.fees import FeeMeter
from tradetui.gateway.venue.floor import Due, Floor
from tradetui.gateway.venue.lifecycle import Lifecycle
from tradetui.gateway.venue.matching import Matching
from tradetui.gateway.venue.model import CommissionReport, Execution, Liquidity, OrderRequest, OrderStatus
from tradetui.gateway.venue.money import to_micros
from tradetui.gateway.venue.refusal import CANCELED, Refusal
from tradetui.gateway.venue.terms import terms_of
from tradetui.gateway.venue.working import WorkingOrder


class Intervention:
    """Acts on the floor past the desk. Orders are named by perm id; unknown ones raise LookupError."""

    def __init__(self, floor: Floor, lifecycle: Lifecycle, matching: Matching) -> None:
        self._floor = floor
        self._lifecycle = lifecycle
        self._matching = matching

    def fill(self, perm_id: int, units: int | None = None, price: float | None = None) -> None:
        """Trade a working order (all that is left of it, at its limit or the mark, unless told otherwise)."""
        order = self._working(perm_id)
        quantity = min(order.leaves if units is None else units, order.leaves)
        if quantity <= 0:
            return
        for released in self._lifecycle.fill(order, quantity, self._price(order, price), Liquidity.REMOVED):
            self._matching.arrive(released, self._floor.books[released.con_id])

    def overfill(self, perm_id: int, units: int, price: float | None = None) -> None:
        """Execute more than an order asked for, or an order that is done."""
        order = self._order(perm_id)
        self._book(order, units, self._price(order, price), liquidation=False)

    def liquidate(self, account: str, con_id: int, units: int) -> None:
        """The broker closes `units` of a holding at the mark; no client owns the order."""
        floor = self._floor
        details = floor.books[con_id].details
        holding = floor.office.accounts[account].holdings[con_id]
        side = -1 if holding.quantity > 0 else 1
        request = OrderRequest(
            contract=details.contract,
            action="BUY" if side > 0 else "SELL",
            quantity=float(units),
            order_type="MKT",
            account=account,
        )
        order = self._draft(request, side, units)
        self._book(order, units, self._price(order, None), liquidation=True)

    def revise(self, exec_id: str, shares: int, price: float) -> None:
        """Correct a trade of today: the same execution under its next revision; 0 shares break it."""
        office = self._floor.office
        at = next((at for at, (old, _) in enumerate(office.booked) if old.exec_id == exec_id), None)
        if at is None:
            raise LookupError(f"no execution {exec_id} today")
        old, charge = office.booked[at]
        sign = 1 if old.side == "BOT" else -1
        book = self._floor.books[old.contract.con_id]
        account = office.accounts[old.account]
        before, after = round(old.shares * book.lots), shares * book.lots
        account.apply(book, -sign * before, to_micros(old.price), 0)
        account.apply(book, sign * after, to_micros(price), 0)
        order = self._floor.orders.by_perm_id(old.perm_id)
        if order is not None:
            order.filled += after - before
            order.filled_value += after * to_micros(price) - before * to_micros(old.price)
            self._floor.recount(order)
        new = replace(old, exec_id=_next_revision(exec_id), shares=shares, price=price)
        office.booked[at] = (new, replace(charge, exec_id=new.exec_id))
        self._tell_booked(old.client_id, *office.booked[at])

    def cancel(self, perm_id: int, reason: Refusal = CANCELED) -> None:
        """Cancel a working order without being asked."""
        self._lifecycle.cancel(self._working(perm_id), reason)

    def edit(self, perm_id: int, *, quantity: float | None = None, limit: float | None = None) -> None:
        """Change size or limit as a human at the broker's screen does."""
        order = self._working(perm_id)
        request = order.request
        order.apply_request(
            replace(
                request,
                quantity=request.quantity if quantity is None else quantity,
                limit_price=request.limit_price if limit is None else limit,
            )
        )
        self._floor.recount(order)
        self._lifecycle.tell(order)
        self._matching.arrive(order, self._floor.books[order.con_id])

    def split_in_two(self, perm_id: int, request: OrderRequest) -> None:
        """A second live order, as `request` says, under the ids of the first; the first works on."""
        order = self._working(perm_id)
        twin = replace(order, perm_id=self._floor.orders.allocate_perm_id(), filled=0, filled_value=0, commission=0)
        twin.meter = FeeMeter()
        twin.rank = twin.counted = twin.counted_price = 0
        twin.lose_place()
        twin.apply_request(replace(request, parent_id=order.request.parent_id))
        self._floor.orders.add(twin)
        self._floor.books[twin.con_id].orders[twin.perm_id] = twin
        self._floor.recount(twin)
        if twin.expires_ns is not None:
            self._floor.timers.at(twin.expires_ns, Due.EXPIRE, twin.perm_id)
        self._lifecycle.tell(twin)
        self._matching.arrive(twin, self._floor.books[twin.con_id])

    def rename(self, perm_id: int, client_id: int, order_id: int) -> None:
        """The order comes back under other ids."""
        order = self._working(perm_id)
        order.client_id, order.order_id = client_id, order_id
        self._floor.orders.add(order)

    def leave_group(self, perm_id: int) -> None:
        """The order's fill or end no longer concerns the others of its OCA group, nor theirs it."""
        self._floor.orders.leave_group(self._working(perm_id))

    def transfer(self, account: str, con_id: int, quantity: int, price: float) -> None:
        """Shares come in (or, negative, go out) without a trade, at a cost basis of `price`."""
        book = self._floor.books[con_id]
        owner = self._floor.office.accounts[account]
        value = book.value(quantity * book.lots, to_micros(price))
        owner.apply(book, quantity * book.lots, to_micros(price), 0)
        owner.cash += value
        self._tell_holding(account, con_id)

    def split_shares(self, con_id: int, new: int, old: int) -> None:
        """A stock split `new` for `old`: holdings change, working orders of the instrument are cancelled."""
        CorporateDesk(self._floor, self._lifecycle).split(self._floor.books[con_id], new, old)

    def _order(self, perm_id: int) -> WorkingOrder:
        order = self._floor.orders.by_perm_id(perm_id)
        if order is None:
            raise LookupError(f"no order {perm_id} today")
        return order

    def _working(self, perm_id: int) -> WorkingOrder:
        order = self._order(perm_id)
        if order.is_done:
            raise LookupError(f"order {perm_id} is done")
        return order

    def _price(self, order: WorkingOrder, price: float | None) -> int:
        if price is not None:
            return to_micros(price)
        mark = self._floor.books[order.con_id].mark()
        return order.limit or mark or order.stop or 0

    def _draft(self, request: OrderRequest, side: int, units: int) -> WorkingOrder:
        return WorkingOrder(
            perm_id=self._floor.orders.allocate_perm_id(),
            client_id=0,
            order_id=0,
            account=request.account,
            con_id=request.contract.con_id,
            request=request,
            side=side,
            terms=terms_of(request),
            quantity=units,
            limit=None,
            stop=None,
            lots=self._floor.books[request.contract.con_id].lots,
            placed_ns=self._floor.now_ns,
            status=OrderStatus.FILLED,
        )

    def _book(self, order: WorkingOrder, units: int, price: int, *, liquidation: bool) -> None:
        office = self._floor.office
        execution, report = office.book_fill(order, units, price, Liquidity.REMOVED, self._floor.now_ns)
        if liquidation:
            execution = replace(execution, liquidation=True)
            office.booked[-1] = (execution, report)
        self._tell_booked(order.client_id, execution, report)

    def _tell_booked(self, client_id: int, execution: Execution, report: CommissionReport) -> None:
        self._floor.events += (ExecutionEvent(client_id, execution), CommissionEvent(client_id, report))
        self._tell_holding(execution.account, execution.contract.con_id)

    def _tell_holding(self, account: str, con_id: int) -> None:
        row = self._floor.office.row(account, con_id)
        if row is not None:
            self._floor.events.append(PositionEvent(row))
        self._floor.events.append(AccountEvent(account))


def _next_revision(exec_id: str) -> str:
    stem, _, revision = exec_id.rpartition(".")
    return f"{stem}.{int(revision) + 1:02d}"
