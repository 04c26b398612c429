"""Faults of cancels (O9, O10): filled all the same, refused, lost.

Invariant: a fill after a cancel is a real one in the venue's books; only the acknowledgement before it was a lie.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from tradetui.gateway.faults.fault import Fault, Parameter
from tradetui.gateway.faults.injection import Injection
from tradetui.gateway.faults.order_deeds import ACTS_AFTER_ALL, hold_order_news, intervene, live_order
from tradetui.gateway.session.client import ClientSession
from tradetui.gateway.session.dispatch import perform
from tradetui.gateway.venue.events import ErrorEvent, OrderStatusEvent, VenueEvent
from tradetui.gateway.venue.model import OrderStatus, VenueOrder
from tradetui.gateway.wire import requests as ask
from tradetui.gateway.wire.record import Record


def fill_after_cancel(fault: Injection) -> None:
    """A cancel is acknowledged, and the order trades nevertheless."""
    told, hold = fault.choice("told", ("Cancelled", "PendingCancel")), hold_order_news(fault)

    def act(client: ClientSession, request: Record) -> bool:
        order_id = request.integer("orderId") or 0
        order = live_order(fault, client.id, order_id)
        if order is None or not fault.acts(client, order.request.contract.symbol, order_id):
            return False
        status = OrderStatus(told)
        news: list[VenueEvent] = [OrderStatusEvent(client.id, replace(order, status=status))]
        if status is OrderStatus.CANCELLED:
            news.append(ErrorEvent(client.id, order_id, 202, "Order Canceled - reason:"))
        fault.hub.tell(news)
        hold(client.id, order_id, fault.number("seconds"))
        fault.later(fault.number("seconds"), lambda: _fill(fault, order))
        return True

    fault.on_request(ask.CANCEL_ORDER, act)


def _fill(fault: Injection, order: VenueOrder) -> None:
    quantity = fault.number("quantity")
    lots = round(quantity * fault.hub.venue.lots(order.request.contract.con_id)) if quantity else None
    intervene(fault, lambda venue: venue.fill(order.perm_id, lots))
    if quantity:
        # The cancel takes effect after all, for what did not trade.
        intervene(fault, lambda venue: venue.cancel(order.perm_id))


def cancel_refused(fault: Injection) -> None:
    """A cancel of a live order is refused; the order works on."""
    code = fault.integer("code")

    def act(client: ClientSession, request: Record) -> bool:
        order_id = request.integer("orderId") or 0
        if not fault.acts(client, order_id=order_id):
            return False
        texts = {
            10147: f"OrderId {order_id} that needs to be cancelled is not found.",
            10148: f"OrderId {order_id} that needs to be cancelled cannot be cancelled, state: {fault.text('state')}.",
            161: f"Cancel attempted when order is not in a cancellable state.  Order permId = {order_id}",
        }
        client.error(order_id, code, texts.get(code, "Cancel refused"))
        return True

    fault.on_request(ask.CANCEL_ORDER, act)


def cancel_swallowed(fault: Injection) -> None:
    """A cancel vanishes on its way."""
    seconds = fault.number("seconds")

    def act(client: ClientSession, request: Record) -> bool:
        if not fault.acts(client, order_id=request.integer("orderId") or 0):
            return False
        if seconds > 0:
            fault.later(seconds, lambda: perform(client, ask.CANCEL_ORDER, request))
        return True

    fault.on_request(ask.CANCEL_ORDER, act)


ORDER_CANCELS: Final = (
    Fault(
        "O9",
        "fill_after_cancel",
        "a cancel is acknowledged or pending, and then the order fills",
        fill_after_cancel,
        (
            Parameter("told", "Cancelled", "Cancelled or PendingCancel: what the client is told first"),
            Parameter("seconds", 2.0, "market seconds until the fill"),
            Parameter("quantity", 0.0, "how much fills; the rest is cancelled (0: all)"),
        ),
        1,
    ),
    Fault(
        "O10",
        "cancel_refused",
        "10147, 10148 or 161 for the cancel of a live order",
        cancel_refused,
        (
            Parameter("code", 10148.0, "10147, 10148 or 161"),
            Parameter("state", "PendingCancel", "the state that 10148 names"),
        ),
        1,
    ),
    Fault("O10b", "cancel_swallowed", "a cancel vanishes, or acts late", cancel_swallowed, (ACTS_AFTER_ALL,), 1),
)
