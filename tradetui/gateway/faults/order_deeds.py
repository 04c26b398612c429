"""Faults of what becomes of orders (O4 to O7, O11 to O14, O20): lost, live without an ack, refused, in small lots.

Invariant: whatever a client is told, every fill of these stories is a real one in the venue's books.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from tradetui.gateway.faults.fault import Fault, Parameter
from tradetui.gateway.faults.general import refuse
from tradetui.gateway.faults.injection import Injection
from tradetui.gateway.faults.order_news import Events
from tradetui.gateway.session.client import ClientSession
from tradetui.gateway.session.dispatch import perform
from tradetui.gateway.venue.events import ErrorEvent, OpenOrderEvent, OrderStatusEvent, VenueEvent
from tradetui.gateway.venue.intervention import Intervention
from tradetui.gateway.venue.model import OrderStatus, VenueOrder
from tradetui.gateway.wire.place_order import PLACE_ORDER
from tradetui.gateway.wire.record import Record
from tradetui.gateway.wire.replies_account import ORDER_STATUS

ACTS_AFTER_ALL: Final = Parameter("seconds", 0.0, "market seconds after which it acts after all (0: never)")
REJECTIONS: Final = {
    "margin": "YOUR ORDER IS NOT ACCEPTED. IN ORDER TO OBTAIN THE DESIRED POSITION YOUR EQUITY WITH LOAN VALUE"
    " MUST EXCEED THE INITIAL MARGIN",
    "minimum": "The minimum order size is a minimum of 100",
    "short": "The contract is not available for short sale.",
    "permission": "No trading permissions.",
}
REFUSED_TEXTS: Final = {
    103: "Duplicate order id",
    104: "Cannot modify a filled order.",
    105: "Order being modified does not match original order",
    110: "The price does not conform to the minimum price variation for this contract.",
    135: "Can't find order with ID =",
    201: "Order rejected - reason:The order was refused by the exchange",
    329: "Order modify failed. Cannot change to the new order type.",
}
NOTICE_TEXTS: Final = {
    399: "Order Message:\nWarning: your order will not be placed at the exchange until 2026-03-17 09:30:00 US/Eastern",
    404: "Shares for this order are not immediately available for short sale."
    " The order will be held while we attempt to locate the shares.",
    434: "The order size cannot be zero.",
    2109: "Order Event Warning:Attribute 'Outside Regular Trading Hours' is ignored based on the order type and"
    " destination. PlaceOrder is now being processed.",
    10349: "Order TIF was set to DAY based on order preset.",
}


def on_order(fault: Injection, act: Callable[[ClientSession, Record, VenueOrder | None], bool]) -> None:
    """See every placeOrder the fault acts on, with the order it would modify, if there is one."""
    modify = fault.choice("which", ("any", "new", "modify"))

    def hook(client: ClientSession, request: Record) -> bool:
        order_id = request.integer("orderId") or 0
        known = live_order(fault, client.id, order_id)
        if (modify == "new" and known is not None) or (modify == "modify" and known is None):
            return False
        return fault.acts(client, request.text("symbol"), order_id) and act(client, request, known)

    fault.on_request(PLACE_ORDER, hook)


def live_order(fault: Injection, client_id: int, order_id: int) -> VenueOrder | None:
    """A working order of a client by its id."""
    return next((each for each in fault.hub.venue.open_orders(client_id) if each.order_id == order_id), None)


def intervene(fault: Injection, action: Callable[[Intervention], None]) -> None:
    """Change something at the venue and tell it; nothing happens if it is not there any more."""
    hub = fault.hub
    try:
        hub.deliver(hub.venue.intervene(action, hub.now_ns()))
    except LookupError:
        return


def swallow_order(fault: Injection) -> None:
    """placeOrder is lost, or acts when somebody has dealt with the dialog."""
    seconds = fault.number("seconds")

    def act(client: ClientSession, request: Record, _known: VenueOrder | None) -> bool:
        if seconds > 0:
            fault.later(seconds, lambda: perform(client, PLACE_ORDER, request))
        return True

    on_order(fault, act)


def ack_lost(fault: Injection) -> None:
    """The order works, and its client is never told; perhaps the socket dies too."""
    hold, cut = hold_order_news(fault), fault.flag("cut")

    def act(client: ClientSession, request: Record, _known: VenueOrder | None) -> bool:
        hold(client.id, request.integer("orderId") or 0, fault.number("seconds"))
        if cut:
            client.outbox.pause()
            fault.soon(client.outbox.cut)
        return False

    on_order(fault, act)


def hold_order_news(fault: Injection) -> Callable[[int, int, float], None]:
    """Returns a function that keeps openOrder, orderStatus and errors of one order back for some market seconds."""
    held: set[tuple[int, int]] = set()
    faults, key = fault.hub.faults, f"{fault.key}/news"

    def hook(events: Events) -> Events:
        return [event for event in events if order_of(event) not in held]

    def hold(client_id: int, order_id: int, seconds: float) -> None:
        held.add((client_id, order_id))
        # Outlives the fault, which may have ended with this very occasion.
        faults.events[key] = hook
        fault.later(seconds, lambda: _release(client_id, order_id))

    def _release(client_id: int, order_id: int) -> None:
        held.discard((client_id, order_id))
        if not held:
            faults.events.pop(key, None)

    return hold


def order_of(event: VenueEvent) -> tuple[int, int] | None:
    """(client id, order id) of news about an order; None for anything else, executions included."""
    if isinstance(event, OpenOrderEvent | OrderStatusEvent):
        return event.client_id, event.order.order_id
    if isinstance(event, ErrorEvent):
        return event.client_id, event.order_id
    return None


def reject(fault: Injection) -> None:
    """201, with a status or without."""
    status = fault.choice("status", ("Inactive", "Cancelled", "none"))
    reason = fault.text("reason")
    text = f"Order rejected - reason:{REJECTIONS.get(reason, reason)}"

    def act(client: ClientSession, request: Record, _known: VenueOrder | None) -> bool:
        order_id = request.integer("orderId") or 0
        client.error(order_id, 201, text, fault.text("json"))
        if status != "none":
            remaining = request.number("totalQuantity")
            client.send(ORDER_STATUS, orderId=order_id, status=status, remaining=remaining, clientId=client.id)
        return True

    on_order(fault, act)


def inactive_first(fault: Injection) -> None:
    """Inactive, then Submitted after all."""
    hold, seconds = hold_order_news(fault), fault.number("seconds")

    def act(client: ClientSession, request: Record, _known: VenueOrder | None) -> bool:
        order_id = request.integer("orderId") or 0
        hold(client.id, order_id, seconds)
        fault.soon(lambda: _tell_as(fault, client, order_id, OrderStatus.INACTIVE))
        fault.later(seconds, lambda: _tell_as(fault, client, order_id, None))
        return False

    on_order(fault, act)


def _tell_as(fault: Injection, client: ClientSession, order_id: int, status: OrderStatus | None) -> None:
    """openOrder and orderStatus of a working order, with another status than its own if given."""
    order = live_order(fault, client.id, order_id)
    if order is not None:
        shown = order if status is None else replace(order, status=status, why_held="locate")
        fault.hub.tell((OpenOrderEvent(client.id, shown), OrderStatusEvent(client.id, shown)))


def order_refused(fault: Injection) -> None:
    """placeOrder is refused with a code; an order it would have changed works on."""
    code = fault.integer("code")

    def act(client: ClientSession, request: Record, _known: VenueOrder | None) -> bool:
        client.error(request.integer("orderId"), code, fault.text("text") or REFUSED_TEXTS.get(code, "Order refused"))
        return True

    on_order(fault, act)


def order_notice(fault: Injection) -> None:
    """A code that sounds like a refusal, about an order that lives."""
    code = fault.integer("code")

    def act(client: ClientSession, request: Record, _known: VenueOrder | None) -> bool:
        order_id = request.integer("orderId")
        fault.soon(lambda: client.error(order_id, code, NOTICE_TEXTS.get(code, "Order Event Warning")))
        return False

    on_order(fault, act)


def partial_fills(fault: Injection) -> None:
    """An order trades in many small lots."""

    def act(client: ClientSession, request: Record, known: VenueOrder | None) -> bool:
        con_id = request.integer("conId") or fault.contract().con_id
        fault.gateway.pump.hold(con_id, True)
        fault.hub.venue.void_quote(con_id)
        fault.soon(lambda: _next_lot(fault, client.id, request.integer("orderId") or 0, con_id))
        return False

    on_order(fault, act)


def _next_lot(fault: Injection, client_id: int, order_id: int, con_id: int) -> None:
    order = live_order(fault, client_id, order_id)
    if order is None:
        fault.gateway.pump.hold(con_id, False)
        return
    lots = max(round(fault.number("size") * fault.hub.venue.lots(con_id)), 1)
    intervene(fault, lambda venue: venue.fill(order.perm_id, lots))
    fault.later(fault.number("seconds"), lambda: _next_lot(fault, client_id, order_id, con_id))


def failed_modify(fault: Injection) -> None:
    """Every kind of order_refused, for modifications alone."""
    order_refused(fault)


def refuse_children(fault: Injection) -> None:
    """A child of a bracket is refused although its parent works."""

    def hook(client: ClientSession, request: Record) -> bool:
        order_id = request.integer("orderId") or 0
        if not request.integer("parentId") or not fault.acts(client, request.text("symbol"), order_id):
            return False
        client.error(order_id, 201, f"Order rejected - reason:{REJECTIONS['permission']}")
        return True

    fault.on_request(PLACE_ORDER, hook)


def refuse_parents(fault: Injection) -> None:
    """The parent of a bracket is refused; its children find no parent."""

    def hook(client: ClientSession, request: Record) -> bool:
        order_id = request.integer("orderId") or 0
        is_parent = not request.integer("parentId") and not request.flag("transmit")
        if not is_parent or not fault.acts(client, request.text("symbol"), order_id):
            return False
        client.error(order_id, 201, f"Order rejected - reason:{REJECTIONS['margin']}")
        return True

    fault.on_request(PLACE_ORDER, hook)


def short_refused(fault: Injection) -> None:
    """Every new order is refused with one text."""
    refuse(fault, PLACE_ORDER, 201, f"Order rejected - reason:{REJECTIONS['short']}")


_WHICH: Final = Parameter("which", "any", "any, new, or modify: only orders that are new, or only modifications")
ORDER_DEEDS: Final = (
    Fault("O4", "swallow_order", "placeOrder vanishes: no reply, no order", swallow_order, (ACTS_AFTER_ALL, _WHICH), 1),
    Fault(
        "O5",
        "ack_lost",
        "the order works, but its acknowledgement never comes; the socket may die first",
        ack_lost,
        (
            Parameter("cut", True, "the socket dies before the acknowledgement"),
            Parameter("seconds", 5.0, "market seconds during which nothing is told of the order but its executions"),
            _WHICH,
        ),
        1,
    ),
    Fault(
        "O6",
        "reject",
        "201, with orderStatus Inactive or Cancelled or none",
        reject,
        (
            Parameter("reason", "margin", "margin, minimum, short, permission, or a text of your own"),
            Parameter("status", "Inactive", "Inactive, Cancelled or none"),
            Parameter("json", "", "advancedOrderRejectJson"),
            _WHICH,
        ),
        1,
    ),
    Fault(
        "O7",
        "inactive_first",
        "Inactive, then Submitted after all",
        inactive_first,
        (Parameter("seconds", 5.0, "market seconds until then"), _WHICH),
        1,
    ),
    Fault(
        "O11",
        "order_refused",
        "103, 104, 105, 110, 135 or 329 for an order",
        order_refused,
        (Parameter("code", 103.0, "the code"), Parameter("text", "", "another text"), _WHICH),
        1,
    ),
    Fault(
        "O12",
        "failed_modify",
        "a modification fails; the old order works on",
        failed_modify,
        (
            Parameter("code", 201.0, "the code"),
            Parameter("text", "", "another text"),
            Parameter("which", "modify", "as above"),
        ),
        1,
    ),
    Fault(
        "O13",
        "order_notice",
        "399, 404, 434, 2109 or 10349 about an order that lives",
        order_notice,
        (Parameter("code", 399.0, "the code"), _WHICH),
        1,
    ),
    Fault(
        "O14",
        "partial_fills",
        "an order fills in many small lots",
        partial_fills,
        (Parameter("size", 1.0, "size of a lot"), Parameter("seconds", 0.01, "market seconds between them"), _WHICH),
        1,
    ),
    Fault(
        "O20",
        "refuse_parents",
        "the parent of a bracket is refused: 201, then 135 for its children",
        refuse_parents,
        (),
        1,
    ),
    Fault(
        "O20b", "refuse_children", "a child of a bracket is refused although its parent works", refuse_children, (), 1
    ),
    Fault("O6b", "short_refused", "short selling is refused", short_refused),
)
