"""What happens to an order and what its owner is told: submitted, filled, cancelled, released, reduced.

Invariants: an order reaches exactly one end; a parent's end never leaves a child that could trade more than the
parent traded; one fill in an OCA group cancels or reduces the others before any of them can trade again.
Event order is IB's: execDetails, openOrder, orderStatus, openOrder with commission, commissionReport.
"""

from __future__ import annotations

from dataclasses import replace

from tradetui.gateway.venue.conditions import Conditions
from tradetui.gateway.venue.events import (
    AccountEvent,
    CommissionEvent,
    ExecutionEvent,
    OpenOrderEvent,
    OrderStatusEvent,
    PositionEvent,
)
from tradetui.gateway.venue.floor import Floor
from tradetui.gateway.venue.model import Liquidity, OrderStatus
from tradetui.gateway.venue.refusal import CANCELED, Refusal
from tradetui.gateway.venue.working import WorkingOrder


class Lifecycle:
    """Moves orders through their states on the floor and records the events."""

    def __init__(self, floor: Floor, conditions: Conditions) -> None:
        self._floor = floor
        self._conditions = conditions

    def tell(self, order: WorkingOrder, *, with_commission: bool = True) -> None:
        """openOrder and orderStatus to the owner."""
        snapshot = order.snapshot(with_commission=with_commission)
        self._floor.events += (
            OpenOrderEvent(order.client_id, snapshot),
            OrderStatusEvent(order.client_id, snapshot),
        )

    def refresh_status(self, order: WorkingOrder) -> None:
        """Bring a working order to the state its circumstances call for, and tell if it changed."""
        if order.is_done or not order.transmitted or order.status is OrderStatus.PENDING_CANCEL:
            return
        held = order.awaits_trigger or not order.is_live or not self._floor.may_trade(order)
        status = OrderStatus.PRE_SUBMITTED if held and not order.filled else OrderStatus.SUBMITTED
        if status is not order.status:
            order.status = status
            self.tell(order)

    def fill(self, order: WorkingOrder, units: int, price: int, liquidity: Liquidity) -> list[WorkingOrder]:
        """Trade `units` at `price`; return the orders this released, which may be able to trade now."""
        floor = self._floor
        execution, report = floor.office.book_fill(order, units, price, liquidity, floor.now_ns)
        floor.events.append(ExecutionEvent(order.client_id, execution))
        floor.recount(order)
        floor.watch_margin()
        if self._conditions.any_watched:
            self._conditions.traded(order.account, order.request.contract, execution.exchange)
        done = order.leaves == 0
        if done:
            self._end(order, OrderStatus.FILLED, f"Filled Size: {order.filled}")
        elif order.status is not OrderStatus.PENDING_CANCEL:
            order.status = OrderStatus.SUBMITTED
        # The first pair of messages goes out before the commission is known, as recorded from a real gateway.
        self.tell(order, with_commission=False)
        if done:
            floor.events.append(OpenOrderEvent(order.client_id, order.snapshot()))
        floor.events.append(CommissionEvent(order.client_id, report))
        row = floor.office.row(order.account, order.con_id)
        if row is not None:
            floor.events += (PositionEvent(row), AccountEvent(order.account))
        self._shrink_siblings(order, units)
        return self._release_children(order)

    def cancel(
        self, order: WorkingOrder, reason: Refusal = CANCELED, status: OrderStatus = OrderStatus.CANCELLED
    ) -> None:
        """End an order without a fill: orderStatus, then the notice; children follow the parent's fills."""
        if order.is_done:
            return
        self._end(order, status, reason.text)
        self._floor.events += (
            OrderStatusEvent(order.client_id, order.snapshot()),
            reason.event(order.client_id, order.order_id),
        )
        for child in self._floor.orders.children(order.perm_id):
            self._cut(child, min(child.quantity, child.release))

    def reject(self, order: WorkingOrder, reason: Refusal) -> None:
        """The broker refuses an order after accepting its form: error first, then Inactive."""
        self._end(order, OrderStatus.INACTIVE, reason.text)
        self._floor.events.append(reason.event(order.client_id, order.order_id))
        self.tell(order)
        for child in self._floor.orders.children(order.perm_id):
            self.cancel(child)

    def _end(self, order: WorkingOrder, status: OrderStatus, text: str) -> None:
        order.status = status
        order.completed_ns = self._floor.now_ns
        order.completed_text = text
        floor = self._floor
        floor.recount(order)
        floor.orders.retire(order)
        self._conditions.forget(order)
        floor.books[order.con_id].remove(order)

    def _shrink_siblings(self, order: WorkingOrder, units: int) -> None:
        for sibling in self._floor.orders.oca_siblings(order):
            if sibling.is_done:
                continue
            if order.oca_type == 1 or order.leaves == 0:
                self.cancel(sibling)
            else:
                kept = sibling.leaves * order.leaves // (order.leaves + units)
                sibling.reduced += sibling.leaves - kept
                self._cut(sibling, sibling.filled + kept)
                if sibling.parent_perm_id:
                    sibling.release_by(self._floor.orders.by_perm_id(sibling.parent_perm_id))
                    self._floor.recount(sibling)

    def _release_children(self, parent: WorkingOrder) -> list[WorkingOrder]:
        children = self._floor.orders.children(parent.perm_id)
        for child in children:
            child.release_by(parent)
            self._floor.recount(child)
            self.refresh_status(child)
        return [child for child in children if child.is_live]

    def _cut(self, order: WorkingOrder, quantity: int) -> None:
        """Lower the total size to `quantity` (>= filled); nothing left means cancelled."""
        if quantity <= order.filled:
            self.cancel(order)
        elif quantity < order.quantity:
            order.quantity = quantity
            order.request = replace(order.request, quantity=quantity / order.lots)
            self._floor.recount(order)
            if order.transmitted:
                self.tell(order)
