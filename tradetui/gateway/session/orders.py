"""Requests about orders and executions: place, modify, cancel, and the truth about what is open, done and filled.

Invariant: every query ends with its end marker, sent after its last row, in one piece.
"""

from typing import Final

from tradetui.gateway.session import codes, order_in, order_out, times
from tradetui.gateway.session.client import ClientSession
from tradetui.gateway.session.contracts import contract_query, resolve
from tradetui.gateway.session.handlers import HandlerTable, request_id
from tradetui.gateway.venue.model import ExecutionFilter, VenueOrder
from tradetui.gateway.wire import replies_account as reply
from tradetui.gateway.wire import requests as ask
from tradetui.gateway.wire.place_order import PLACE_ORDER
from tradetui.gateway.wire.record import Record
from tradetui.gateway.wire.reported_orders import COMPLETED_ORDER, OPEN_ORDER

_MASTER: Final = 0
_NO_ID: Final = 2_147_483_647


def is_read_only(client: ClientSession, identity: int | None) -> bool:
    """Refuse what a read-only API refuses; the end marker of a refused question never comes, as at IB."""
    if client.hub.settings.read_only:
        client.error(identity, codes.VALIDATING, codes.invalid(codes.READ_ONLY_CAUSE))
    return client.hub.settings.read_only


def place_order(client: ClientSession, request: Record) -> None:
    """New order, modification or what-if."""
    order_id = request.integer("orderId") or 0
    if is_read_only(client, order_id):
        return
    cause = _missing(request)
    if cause:
        client.error(order_id, codes.VALIDATING, codes.invalid(cause))
        return
    details = resolve(client, order_id, contract_query(request))
    if details is None:
        return
    try:
        order = order_in.order_request(request, details.contract, client.hub.order_account)
    except ValueError:
        client.error(order_id, codes.BAD_TIME, codes.BAD_TIME_TEXT)
        return
    hub = client.hub
    hub.deliver(hub.venue.place(client.id, order_id, order, hub.now_ns()))


def _missing(request: Record) -> str:
    if not request.text("exchange"):
        return "Missing order exchange"
    if not request.integer("conId") and not request.text("symbol") and not request.text("localSymbol"):
        return "Please enter a local symbol or an expiry"
    if not request.integer("conId") and not request.text("currency"):
        return "Please enter currency"
    return ""


def cancel_order(client: ClientSession, request: Record) -> None:
    """Cancel one of the client's own orders."""
    hub = client.hub
    if is_read_only(client, request.integer("orderId")):
        return
    hub.deliver(hub.venue.cancel(client.id, request.integer("orderId") or 0, hub.now_ns()))


def cancel_all(client: ClientSession, _request: Record) -> None:
    """Cancel every order of every client."""
    if is_read_only(client, None):
        return
    client.hub.deliver(client.hub.venue.cancel_all(client.hub.now_ns()))


def own_open_orders(client: ClientSession, _request: Record) -> None:
    """The client's own open orders; client 0 also binds manual ones."""
    if is_read_only(client, None):
        return
    if client.id == _MASTER:
        client.hub.deliver(client.hub.venue.bind_manual_orders(_MASTER))
    _tell_open(client, client.hub.venue.open_orders(client.id))


def all_open_orders(client: ClientSession, _request: Record) -> None:
    """The open orders of all clients and of the operator's own hand."""
    if is_read_only(client, None):
        return
    _tell_open(client, client.hub.venue.open_orders())


def _tell_open(client: ClientSession, orders: list[VenueOrder]) -> None:
    for order in orders:
        client.send(OPEN_ORDER, **order_out.open_order_values(order))
        client.send(reply.ORDER_STATUS, **order_out.order_status_values(order))
    client.send(reply.OPEN_ORDER_END)


def auto_open_orders(client: ClientSession, request: Record) -> None:
    """Client 0 asks to be told of manual orders as they come."""
    if is_read_only(client, None):
        return
    if client.id != _MASTER:
        client.error(None, codes.VALIDATING, codes.invalid("Only client with client id 0 can auto bind orders"))
        return
    client.subscriptions.auto_open_orders = request.flag("autoBind")
    if request.flag("autoBind"):
        client.hub.deliver(client.hub.venue.bind_manual_orders(_MASTER))


def completed_orders(client: ClientSession, request: Record) -> None:
    """Orders of the trading day that are done."""
    if is_read_only(client, _NO_ID):
        return
    for order in client.hub.venue.completed_orders(request.flag("apiOnly")):
        client.send(COMPLETED_ORDER, **order_out.completed_order_values(order))
    client.send(reply.COMPLETED_ORDERS_END)


def next_ids(client: ClientSession, _request: Record) -> None:
    """The next valid order id."""
    client.send(reply.NEXT_VALID_ID, orderId=client.hub.venue.next_order_id(client.id))


def executions(client: ClientSession, request: Record) -> None:
    """Executions of the trading day that pass the filter, each followed at the end by its commission."""
    identity = request_id(request)
    try:
        since = times.parse(request.text("time"))
    except ValueError:
        client.error(identity, codes.BAD_TIME, codes.BAD_TIME_TEXT)
        return
    wanted = ExecutionFilter(
        client_id=request.integer("clientId") or None,
        account=request.text("account"),
        since_ns=since,
        symbol=request.text("symbol"),
        sec_type=request.text("secType"),
        exchange=request.text("exchange"),
        side=request.text("side"),
    )
    found = client.hub.venue.executions(wanted)
    for execution, _ in found:
        client.send(reply.EXECUTION, **order_out.execution_values(execution, identity, client.version))
    # A client can only match a commission to an execution it has already seen.
    for _, report in found:
        client.send(reply.COMMISSION, **order_out.commission_values(report))
    client.send(reply.EXECUTIONS_END, reqId=identity)


HANDLERS: Final[HandlerTable] = {
    PLACE_ORDER: place_order,
    ask.CANCEL_ORDER: cancel_order,
    ask.GLOBAL_CANCEL: cancel_all,
    ask.REQ_OPEN_ORDERS: own_open_orders,
    ask.REQ_ALL_OPEN_ORDERS: all_open_orders,
    ask.REQ_AUTO_OPEN_ORDERS: auto_open_orders,
    ask.REQ_COMPLETED_ORDERS: completed_orders,
    ask.REQ_IDS: next_ids,
    ask.REQ_EXECUTIONS: executions,
}
