"""Faults that change the venue itself (O16 to O26, F47 to F72): revised trades, foreign orders, edits by hand.

Invariant: each is a real change in the venue's books, found again by every later question.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from operator import methodcaller
from typing import Final

from tradetui.gateway.control.command import CommandError
from tradetui.gateway.faults.fault import Fault, Parameter
from tradetui.gateway.faults.injection import Injection
from tradetui.gateway.faults.order_deeds import intervene, live_order
from tradetui.gateway.session import order_in
from tradetui.gateway.session.client import ClientSession
from tradetui.gateway.session.contracts import contract_query
from tradetui.gateway.venue.events import ErrorEvent
from tradetui.gateway.venue.model import ExecutionFilter, OrderRequest, VenueOrder
from tradetui.gateway.venue.refusal import Refusal
from tradetui.gateway.wire import requests as ask
from tradetui.gateway.wire.place_order import PLACE_ORDER
from tradetui.gateway.wire.record import Record


def _open_orders(fault: Injection) -> Iterator[VenueOrder]:
    """Working orders on which the fault acts."""
    for order in fault.hub.venue.open_orders():
        client = fault.hub.clients.get(order.client_id)
        if fault.integer("client") not in (-1, order.client_id):
            continue
        if fault.acts(client, order.request.contract.symbol, order.order_id):
            yield order


def execution_revised(fault: Injection) -> None:
    """The last execution is corrected, or broken."""
    wanted = ExecutionFilter(symbol=fault.text("symbol").upper())
    order_id = fault.integer("order_id")
    found = [each for each, _ in fault.hub.venue.executions(wanted) if order_id in (0, each.order_id)]
    if not found:
        raise CommandError("there is no execution today that could be revised")
    last = found[-1]
    shares = last.shares if fault.number("shares") < 0 else fault.number("shares")
    price = fault.number("price") or last.price
    lots = round(shares * fault.hub.venue.lots(last.contract.con_id))
    intervene(fault, lambda venue: venue.revise(last.exec_id, lots, price))
    fault.end()


def foreign_order(fault: Injection) -> None:
    """Another client, or a human, places an order."""
    hub, contract = fault.hub, fault.contract()
    limit = fault.number("limit_price")
    request = OrderRequest(
        contract=contract,
        action=fault.text("action").upper(),
        quantity=fault.number("quantity"),
        order_type="LMT" if limit else "MKT",
        limit_price=limit or None,
        tif="GTC",
        account=hub.account,
        order_ref=fault.text("order_ref"),
    )
    owner = fault.integer("owner")
    if owner == 0:
        _, events = hub.venue.place_manual(request, hub.now_ns())
    else:
        events = hub.venue.place(owner, hub.venue.next_order_id(owner), request, hub.now_ns())
    hub.deliver(events)
    fault.end()
    refusals = [event.text for event in events if isinstance(event, ErrorEvent)]
    if refusals:
        raise CommandError("; ".join(refusals))


def oca_race(fault: Injection) -> None:
    """Orders of an OCA group lose sight of each other: both may fill."""
    for order in _open_orders(fault):
        intervene(fault, methodcaller("leave_group", order.perm_id))
    fault.end()


def order_renamed(fault: Injection) -> None:
    """Orders come back under other ids."""
    for order in _open_orders(fault):
        owner = order.client_id if fault.integer("owner") < 0 else fault.integer("owner")
        new_id = order.order_id + fault.integer("shift")
        intervene(fault, methodcaller("rename", order.perm_id, owner, new_id))
    fault.end()


def cancel_all_partly(fault: Injection) -> None:
    """The global cancel reaches only some orders."""

    def hook(client: ClientSession, _request: Record) -> bool:
        if not fault.acts(client):
            return False
        orders = fault.hub.venue.open_orders()
        reached = orders[: round(len(orders) * fault.number("share"))]
        for order in reached:
            fault.hub.deliver(fault.hub.venue.cancel_by_perm_id(order.perm_id, fault.hub.now_ns()))
        return True

    fault.on_request(ask.GLOBAL_CANCEL, hook)


def broker_cancels(fault: Injection) -> None:
    """The broker, or a human, cancels orders that nobody asked to cancel."""
    reason = Refusal(202, f"Order Canceled - reason:{fault.text('reason')}")
    for order in _open_orders(fault):
        intervene(fault, methodcaller("cancel", order.perm_id, reason))
    fault.end()


def edited_by_hand(fault: Injection) -> None:
    """Somebody changes an order at the broker's own screen."""
    quantity, limit = fault.number("quantity") or None, fault.number("limit_price") or None
    for order in _open_orders(fault):
        intervene(fault, methodcaller("edit", order.perm_id, quantity=quantity, limit=limit))
    fault.end()


def split_on_modify(fault: Injection) -> None:
    """A modification makes a second live order under the same order id."""

    def hook(client: ClientSession, request: Record) -> bool:
        order = live_order(fault, client.id, request.integer("orderId") or 0)
        if order is None or not fault.acts(client, request.text("symbol"), order.order_id):
            return False
        asked = order_in.order_request(request, contract_query(request), fault.hub.account)
        second = replace(asked, contract=order.request.contract)
        intervene(fault, lambda venue: venue.split_in_two(order.perm_id, second))
        return True

    fault.on_request(PLACE_ORDER, hook)


def overfill(fault: Injection) -> None:
    """The last order that traded gets more than it asked for."""
    found = [each for each, _ in fault.hub.venue.executions(ExecutionFilter(symbol=fault.text("symbol").upper()))]
    order_id = fault.integer("order_id")
    traded = [each for each in found if order_id in (0, each.order_id)]
    if not traded:
        raise CommandError("no order has traded today")
    lots = round(fault.number("quantity") * fault.hub.venue.lots(traded[-1].contract.con_id))
    intervene(fault, lambda venue: venue.overfill(traded[-1].perm_id, lots, traded[-1].price))
    fault.end()


def fill_now(fault: Injection) -> None:
    """Working orders fill, whatever the market says."""
    quantity, price = fault.number("quantity"), fault.number("price") or None
    for order in _open_orders(fault):
        lots = round(quantity * fault.hub.venue.lots(order.request.contract.con_id)) if quantity else None
        intervene(fault, methodcaller("fill", order.perm_id, lots, price))
    fault.end()


INTERVENTIONS: Final = (
    Fault(
        "O16",
        "execution_revised",
        "an execution is corrected (.02 replaces .01), or broken",
        execution_revised,
        (
            Parameter("shares", -1.0, "the corrected size; 0 breaks the trade (-1: as it was)"),
            Parameter("price", 0.0, "the corrected price (0: as it was)"),
        ),
    ),
    Fault(
        "O18",
        "foreign_order",
        "another client, or a human, places an order",
        foreign_order,
        (
            Parameter("owner", 0.0, "client id (0: by hand, with order id 0)"),
            Parameter("action", "BUY", "BUY or SELL"),
            Parameter("quantity", 10.0, "how much"),
            Parameter("limit_price", 0.0, "limit price (0: at the market)"),
            Parameter("order_ref", "", "its orderRef"),
        ),
    ),
    Fault("O21", "oca_race", "orders of an OCA group no longer cancel each other: both may fill", oca_race),
    Fault(
        "O22",
        "fill_now",
        "working orders fill out of the blue, at any price",
        fill_now,
        (
            Parameter("quantity", 0.0, "how much (0: all)"),
            Parameter("price", 0.0, "at what price (0: limit or market)"),
        ),
    ),
    Fault(
        "O24",
        "order_renamed",
        "working orders get other ids",
        order_renamed,
        (Parameter("shift", 100.0, "how far the order id moves"), Parameter("owner", -1.0, "new client id (-1: same)")),
    ),
    Fault(
        "O25",
        "cancel_all_partly",
        "the global cancel reaches only some orders",
        cancel_all_partly,
        (Parameter("share", 0.5, "which share of them"),),
        1,
    ),
    Fault(
        "O26",
        "broker_cancels",
        "orders are cancelled unasked: Cancelled and 202",
        broker_cancels,
        (Parameter("reason", "", "the reason given"),),
    ),
    Fault(
        "F47",
        "edited_by_hand",
        "an order is changed at the broker's own screen",
        edited_by_hand,
        (
            Parameter("quantity", 0.0, "new size (0: as it was)"),
            Parameter("limit_price", 0.0, "new limit (0: as it was)"),
        ),
    ),
    Fault(
        "F50",
        "split_on_modify",
        "a modification makes a second live order with the same order id",
        split_on_modify,
        (),
        1,
    ),
    Fault(
        "F72",
        "overfill",
        "an order executes more than its size",
        overfill,
        (Parameter("quantity", 1.0, "how much more"),),
    ),
)
