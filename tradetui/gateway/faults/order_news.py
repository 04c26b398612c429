"""Faults of what is told about orders (O1 to O3, O8, O15, O17, O19, O23): missing, twice, early, late, out of order.

Invariant: the venue's books are right throughout; only the messages about them are not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Final

from tradetui.gateway.faults.fault import Fault, Parameter
from tradetui.gateway.faults.injection import Injection
from tradetui.gateway.session.client import ClientSession
from tradetui.gateway.venue.events import (
    CommissionEvent,
    ErrorEvent,
    ExecutionEvent,
    OpenOrderEvent,
    OrderStatusEvent,
    VenueEvent,
)
from tradetui.gateway.venue.model import OrderStatus
from tradetui.gateway.wire.record import Record
from tradetui.gateway.wire.replies_account import COMMISSION, EXECUTION, ORDER_STATUS
from tradetui.gateway.wire.reported_orders import OPEN_ORDER

Events = Sequence[VenueEvent]


def concerns(fault: Injection, event: VenueEvent) -> bool:
    """Whether an event is an occasion of the fault, by client, order and symbol; counts it if so."""
    match event:
        case OpenOrderEvent() | OrderStatusEvent():
            order_id, symbol = event.order.order_id, event.order.request.contract.symbol
        case ExecutionEvent():
            order_id, symbol = event.execution.order_id, event.execution.contract.symbol
        case ErrorEvent():
            order_id, symbol = event.order_id, ""
        case CommissionEvent():
            order_id, symbol = 0, ""
        case _:
            return False
    return fault.acts(fault.hub.clients.get(event.client_id), symbol, order_id)


def each(fault: Injection, change: Callable[[VenueEvent], Iterable[VenueEvent] | None]) -> None:
    """Replace single events; None leaves one alone."""

    def hook(events: Events) -> Events:
        told: list[VenueEvent] = []
        for event in events:
            changed = change(event)
            told.extend((event,) if changed is None else changed)
        return told

    fault.on_events(hook)


def no_status(fault: Injection) -> None:
    """Executions only."""
    each(
        fault,
        lambda event: () if isinstance(event, OpenOrderEvent | OrderStatusEvent) and concerns(fault, event) else None,
    )


def execution_first(fault: Injection) -> None:
    """Executions before everything else about their order."""

    def hook(events: Events) -> Events:
        early = [event for event in events if isinstance(event, ExecutionEvent) and concerns(fault, event)]
        return [*early, *(event for event in events if event not in early)]

    fault.on_events(hook)


def repeated(fault: Injection) -> None:
    """openOrder and orderStatus several times."""
    times = fault.integer("times")
    each(
        fault,
        lambda event: (
            (event,) * times
            if isinstance(event, OpenOrderEvent | OrderStatusEvent) and concerns(fault, event)
            else None
        ),
    )


def status_disorder(fault: Injection) -> None:
    """Statuses late and in any order."""

    def change(event: VenueEvent) -> Iterable[VenueEvent] | None:
        if not isinstance(event, OrderStatusEvent) or not concerns(fault, event):
            return None
        fault.later(fault.rng.random() * fault.number("seconds"), lambda: fault.hub.tell((event,)))
        return ()

    each(fault, change)


def cancel_told(fault: Injection) -> None:
    """Of status and notice of a cancel only one comes, or the notice first."""
    kind = fault.choice("wrong", ("status_only", "notice_only", "notice_first", "neither"))

    def hook(events: Events) -> Events:
        statuses = [e for e in events if isinstance(e, OrderStatusEvent) and e.order.status is OrderStatus.CANCELLED]
        notices = [e for e in events if isinstance(e, ErrorEvent) and e.code == 202]
        if not (statuses or notices) or not concerns(fault, (statuses or notices)[0]):
            return events
        rest = [e for e in events if e not in statuses and e not in notices]
        told: dict[str, list[VenueEvent]] = {
            "status_only": [*statuses],
            "notice_only": [*notices],
            "notice_first": [*notices, *statuses],
            "neither": [],
        }
        return [*rest, *told[kind]]

    fault.on_events(hook)


def commission_report(fault: Injection) -> None:
    """Commissions late, missing, twice, early, or of nothing known."""
    kind = fault.choice("wrong", ("late", "missing", "twice", "first", "stranger"))

    def hook(events: Events) -> Events:
        told: list[VenueEvent] = []
        for event in events:
            if isinstance(event, CommissionEvent) and concerns(fault, event):
                _report(fault, kind, event, told)
            else:
                told.append(event)
        return told

    fault.on_events(hook)


def _report(fault: Injection, kind: str, event: CommissionEvent, told: list[VenueEvent]) -> None:
    match kind:
        case "late":
            fault.later(fault.number("seconds"), lambda: fault.hub.tell((event,)))
        case "twice":
            told += (event, event)
        case "first":
            told.insert(0, event)
        case "stranger":
            stranger = replace(event.report, exec_id="0000ffff.ffffffff.01.01")
            told += (CommissionEvent(event.client_id, stranger), event)
        case _:
            return


def commission_value(fault: Injection) -> None:
    """A commission that cannot be, or in another currency."""
    kind = fault.choice("wrong", ("unset", "huge", "negative", "currency"))

    def change(client: ClientSession, report: Record) -> Iterable[Record] | None:
        if not fault.acts(client):
            return None
        charge = report.number("commission") or 0.0
        amounts = {"unset": 1.7976931348623157e308, "huge": charge * 1e6, "negative": -charge}
        report["commission"] = amounts.get(kind, charge)
        if kind == "currency":
            report["currency"] = "JPY"
        return (report,)

    fault.on_reply(COMMISSION, change)


def executions_again(fault: Injection) -> None:
    """Live executions several times, with one execution id."""
    times = fault.integer("times")
    each(
        fault, lambda event: (event,) * times if isinstance(event, ExecutionEvent) and concerns(fault, event) else None
    )


def execution_price(fault: Injection) -> None:
    """The price of a fill is not known yet."""

    def change(client: ClientSession, execution: Record) -> Iterable[Record] | None:
        if not fault.acts(client, execution.text("symbol"), execution.integer("orderId") or 0):
            return None
        execution["price"] = execution["avgPrice"] = 0.0
        execution["pendingPriceRevision"] = True
        return (execution,)

    fault.on_reply(EXECUTION, change)


def executions_lost(fault: Injection) -> None:
    """Live executions and their commissions never come; only reqExecutions knows."""
    each(
        fault,
        lambda event: () if isinstance(event, ExecutionEvent | CommissionEvent) and concerns(fault, event) else None,
    )


def totals_lag(fault: Injection) -> None:
    """Filled, remaining and average price of a status lag behind the executions."""

    def change(client: ClientSession, status: Record) -> Iterable[Record] | None:
        filled = status.number("filled") or 0.0
        if not filled or not fault.acts(client, order_id=status.integer("orderId") or 0):
            return None
        status["remaining"] = (status.number("remaining") or 0.0) + filled
        status["filled"] = status["avgFillPrice"] = 0.0
        return (status,)

    fault.on_reply(ORDER_STATUS, change)


def perm_id_late(fault: Injection) -> None:
    """permId is 0 at first."""

    def change(event: VenueEvent) -> Iterable[VenueEvent] | None:
        if not isinstance(event, OpenOrderEvent | OrderStatusEvent) or event.order.filled or not concerns(fault, event):
            return None
        return (replace(event, order=replace(event.order, perm_id=0)),)

    each(fault, change)


def what_if_unset(fault: Injection) -> None:
    """The answer to a whatIf comes with unset margins first, or refused."""
    warning = fault.text("warning")

    def change(client: ClientSession, order: Record) -> Iterable[Record] | None:
        if not order.flag("whatIf") or not fault.acts(client, order.text("symbol"), order.integer("orderId") or 0):
            return None
        if warning:
            order["warningText"] = warning
            client.error(order.integer("orderId"), 201, f"Order rejected - reason:{warning}")
        first = Record(order)
        for name in list(first):
            if name.startswith(("initMargin", "maintMargin", "equityWithLoan", "commission")):
                del first[name]
        return (first, order)

    fault.on_reply(OPEN_ORDER, change)


def unknown_order(fault: Injection) -> None:
    """A status of an order that nobody knows."""
    for client in fault.clients():
        if fault.acts(client):
            client.send(
                ORDER_STATUS,
                orderId=fault.integer("number"),
                status="Submitted",
                filled=0.0,
                remaining=100.0,
                permId=fault.integer("number") + 2_000_000_000,
                clientId=client.id,
            )
    fault.end()


def strange_code(fault: Injection) -> None:
    """An error that no list contains, with the id of a live order: the order works on."""
    text = fault.text("text")
    for order in fault.hub.venue.open_orders():
        client = fault.hub.clients.get(order.client_id)
        if client is not None and fault.acts(client, order.request.contract.symbol, order.order_id):
            client.error(order.order_id, fault.integer("code"), text)
    fault.end()


ORDER_NEWS: Final = (
    Fault("O1", "no_status", "an order gets executions only, no openOrder and no orderStatus", no_status),
    Fault("O2", "execution_first", "execDetails come before any openOrder or orderStatus", execution_first),
    Fault(
        "O3",
        "repeated",
        "every openOrder and orderStatus comes several times",
        repeated,
        (Parameter("times", 3.0, "how often"),),
    ),
    Fault(
        "O3b",
        "status_disorder",
        "statuses come late and out of order: Filled before Submitted",
        status_disorder,
        (Parameter("seconds", 2.0, "market seconds within which they come"),),
    ),
    Fault(
        "O8",
        "cancel_told",
        "of orderStatus Cancelled and 202 only one comes, neither, or 202 first",
        cancel_told,
        (Parameter("wrong", "status_only", "status_only, notice_only, notice_first or neither"),),
        1,
    ),
    Fault(
        "O14b",
        "totals_lag",
        "filled, remaining and average price lag behind the executions",
        totals_lag,
        (),
        1,
    ),
    Fault(
        "O15",
        "commission_report",
        "a commission is late, missing, twice, before its execution, or of an unknown one",
        commission_report,
        (
            Parameter("wrong", "late", "late, missing, twice, first or stranger"),
            Parameter("seconds", 60.0, "market seconds late"),
        ),
        1,
    ),
    Fault(
        "O15b",
        "commission_value",
        "a commission that cannot be, or in another currency",
        commission_value,
        (Parameter("wrong", "unset", "unset, huge, negative or currency"),),
        1,
    ),
    Fault(
        "O16b",
        "execution_price",
        "a fill without its price: 0, pendingPriceRevision",
        execution_price,
        (),
        1,
    ),
    Fault(
        "O17",
        "executions_again",
        "the same execution comes again, under the same id",
        executions_again,
        (Parameter("times", 2.0, "how often"),),
        1,
    ),
    Fault("O17b", "executions_lost", "executions never come; only reqExecutions knows them", executions_lost),
    Fault(
        "O18b",
        "unknown_order",
        "a status of an order nobody knows",
        unknown_order,
        (Parameter("number", 9999.0, "its order id"),),
    ),
    Fault("O19", "perm_id_late", "permId is 0 until the first fill", perm_id_late),
    Fault(
        "O23",
        "what_if_unset",
        "a whatIf is answered with unset margins first, and perhaps 201",
        what_if_unset,
        (Parameter("warning", "", "refuse it with this reason"),),
        1,
    ),
    Fault(
        "O27",
        "strange_code",
        "a code that no library lists comes with the id of a live order; it works on",
        strange_code,
        (
            Parameter("code", 10349.0, "the code"),
            Parameter("text", "Order TIF was set to DAY based on order preset.", "the text"),
        ),
    ),
)
