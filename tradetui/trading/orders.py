"""Moves our orders on facts, and only on facts. Every change is journaled with the fact that made it."""

from __future__ import annotations

from dataclasses import replace

from tradetui.domain.actions import CancelOrder
from tradetui.domain.alert import Severity
from tradetui.domain.clock import Now
from tradetui.domain.events import BrokerMessage, OrderNotWritten, OrderStatusSeen, OrderWritten
from tradetui.domain.ids import intent_of_ref
from tradetui.domain.order import BrokerOrder, OrderRecord, Purpose
from tradetui.domain.order_state import ACKNOWLEDGED_STATES, Fact, OrderState, is_reopening, next_state
from tradetui.domain.records import OrderSaved
from tradetui.trading.out import Out
from tradetui.trading.state import CoreState

#: Final refusals, but only for an order that was never acknowledged. Source: IB message codes 201, 203, 200, 321,
#: 10289 (you must enable ...), 10293 (order cannot be accepted).
FINAL_CODES = frozenset({103, 110, 200, 201, 203, 321, 10289, 10293})
#: Notices about an order that stays as it is. Source: IB message codes; 10349 is the TIF preset notice.
NOTICE_CODES = frozenset({202, 399, 404, 2109, 10349})

#: Message rate exceeded: what was written lately may have been dropped, and IB does not say what. Source: IB code 100.
RATE_EXCEEDED = 100

_WORKING = frozenset({"PreSubmitted", "Submitted", "PendingCancel"})
_CANCELLED = frozenset({"Cancelled", "ApiCancelled"})


def move(state: CoreState, out: Out, now: Now, order: OrderRecord, fact: Fact, detail: str = "") -> OrderRecord:
    """Apply `fact` to the order as given (other fields may have been replaced already), keep and journal it.

    Raises:
        IllegalTransition: the table holds no such move; nothing was changed.
    """
    after = next_state(order.state, fact)
    reopened = is_reopening(order.state, fact)
    moved = replace(order, state=after, updated_ns=now.market_ns)
    if after is OrderState.UNKNOWN and order.state is not OrderState.UNKNOWN:
        moved = replace(moved, checks=0)
    before = state.book.get(order.intent.intent_id)
    if before is None or _changed(before, moved):
        out.record(OrderSaved(moved, fact.value, detail), durable=True)
    else:
        moved = replace(moved, updated_ns=before.updated_ns)  # hearing the same again is no news of the order
    state.book.put(moved)
    if before is None or before.state is not after:
        _tell(state, out, now, moved, detail)
        if after is OrderState.REJECTED and order.intent.purpose is not Purpose.FLATTEN:
            state.conduct.of(order.intent.strategy).rejects.append(now.mono_ns)
    if reopened:
        state.alert(
            out,
            now,
            Severity.CRITICAL,
            "order_reopened",
            f"a closed order is live again: {_name(moved)}",
            symbol=moved.intent.symbol,
        )
    return moved


def _changed(before: OrderRecord, after: OrderRecord) -> bool:
    return replace(before, updated_ns=0, checks=0) != replace(after, updated_ns=0, checks=0)


_FILLED_UP = (OrderState.FILLED, OrderState.LATE_FILL, OrderState.OVERFILL)
_LEVEL = {
    OrderState.REJECTED: "ERROR",
    OrderState.UNKNOWN: "WARNING",
    OrderState.LOST: "WARNING",
    OrderState.LATE_FILL: "ERROR",
    OrderState.OVERFILL: "ERROR",
}


def _tell(state: CoreState, out: Out, now: Now, order: OrderRecord, detail: str) -> None:
    text = f"{_name(order)} {order.state}" + (f": {detail}" if detail else "")
    state.note(out, now, _LEVEL.get(order.state, "INFO"), "order", text, order.intent.symbol)
    cause = {
        OrderState.REJECTED: (Severity.WARNING, "order_failure", "an order was refused by the broker"),
        OrderState.LOST: (Severity.WARNING, "order_failure", "an order never reached the broker"),
        OrderState.LATE_FILL: (Severity.CRITICAL, "late_fill", "a fill came after the order had ended"),
        OrderState.OVERFILL: (Severity.CRITICAL, "overfill", "more was filled than ordered"),
    }.get(order.state)
    if cause is not None:
        severity, key, what = cause
        state.alert(out, now, severity, key, f"{what}: {order.intent.symbol}", symbol=order.intent.symbol, detail=text)


def _name(order: OrderRecord) -> str:
    intent = order.intent
    price = f" @ {intent.limit_price}" if intent.limit_price is not None else ""
    return f"{intent.strategy} {intent.side} {intent.qty:g} {intent.symbol} {intent.order_type}{price}"


def cancel(state: CoreState, out: Out, now: Now, order: OrderRecord, why: str) -> None:
    """Want an order cancelled: written at once when it has an address, again after each reconnect until it ends."""
    wanted = replace(order, cancel_mono_ns=now.mono_ns, cancel_tries=order.cancel_tries + 1)
    wanted = move(state, out, now, wanted, Fact.CANCEL_ASKED, why)
    out.cancel(CancelOrder(order.intent.intent_id, wanted.order_id, wanted.client_id, wanted.perm_id))


def on_written(state: CoreState, out: Out, now: Now, event: OrderWritten) -> None:
    """The order's bytes are with the socket."""
    order = state.book.get(event.intent_id)
    if order is None:
        return
    order = replace(order, order_id=event.order_id, client_id=event.client_id, sent_mono_ns=now.mono_ns)
    order = move(state, out, now, order, Fact.WRITTEN)
    if order.cancel_mono_ns is not None and order.is_live:
        cancel(state, out, now, order, "cancel was wanted before it was written")


def on_not_written(state: CoreState, out: Out, now: Now, event: OrderNotWritten) -> None:
    """The order did not leave, or it is not known whether it did."""
    order = state.book.get(event.intent_id)
    if order is None or not order.is_live:
        return
    if event.certain and order.state is OrderState.JOURNALED:
        move(state, out, now, order, Fact.NOT_WRITTEN, event.reason)
    else:
        move(state, out, now, order, Fact.IN_DOUBT, event.reason)
        state.ask_snapshot(out, now, "an order is in doubt")
    # The last of a family transmits it: what was written of this one does not work, and must not lie about.
    for kin in state.book.live(order.intent.symbol):
        family = {kin.intent.intent_id, kin.intent.parent_id} - {""}
        if order.intent.parent_id in family and kin.state is not OrderState.JOURNALED and kin.cancel_mono_ns is None:
            cancel(state, out, now, kin, "its family was not written whole")


def on_broker_order(
    state: CoreState, out: Out, now: Now, seen: BrokerOrder, *, completed: bool = False
) -> OrderRecord | None:
    """Take the broker's word on one order; return our record, None when the order is not ours."""
    order = state.book.find(seen.order_ref, seen.perm_id)
    if order is None:
        _take_external(state, out, now, seen, completed)
        return None
    order = _with_ids(order, seen, completed=completed)
    note_reported(state, order, seen.filled)
    order = _with_foreign_change(state, out, now, order, seen)
    fact = _fact_of(seen.status, completed)
    if seen.status == "Filled" and order.is_live and order.filled and order.remaining < 1e-9:
        fact = Fact.FILLED_UP  # its quantity was lowered by hand to what our executions had reached
    if fact is Fact.WORKING and order.state in _FILLED_UP and order.foreign_changed and order.filled < order.qty - 1e-9:
        fact = Fact.RAISED  # its executions came before the news of its new quantity
    if fact is Fact.BROKER_CANCELLED and seen.filled is None and not completed:
        # Nothing says yet how much was filled before the cancel: the order's end waits for the status or a look.
        state.ask_snapshot(out, now, "an order is reported cancelled without its filled quantity")
        fact = None
    if fact is None:
        if order != state.book.get(order.intent.intent_id):
            state.book.put(order)
            out.record(OrderSaved(order, "broker report", seen.status), durable=True)
        if seen.status == "Inactive":
            state.ask_snapshot(out, now, "an order is inactive")
        return order
    return move(state, out, now, order, fact, seen.completed_status)


def note_reported(state: CoreState, order: OrderRecord, filled: float | None) -> None:
    """Remember the highest filled quantity that the broker reported for an order.

    It books nothing; but a report above our executions proves that some are on their way, and they count as exposure.
    """
    intent_id = order.intent.intent_id
    known = state.reported_filled.get(intent_id, 0.0)
    if filled is not None and filled > max(known, order.filled):
        state.reported_filled[intent_id] = filled


def missing_fills(state: CoreState, order: OrderRecord) -> float:
    """Return the quantity that the broker reported filled and whose executions have not come yet."""
    return max(0.0, state.reported_filled.get(order.intent.intent_id, 0.0) - order.filled)


def _with_ids(order: OrderRecord, seen: BrokerOrder, *, completed: bool) -> OrderRecord:
    # An order listed as completed whose end we cannot book is as good as not found: those looks go on counting.
    return replace(
        order,
        perm_id=seen.perm_id or order.perm_id,
        order_id=seen.order_id if seen.order_id > 0 else order.order_id,
        client_id=seen.client_id if seen.order_id > 0 else order.client_id,
        broker_status=seen.status,
        checks=order.checks if completed else 0,
    )


def note_changes(state: CoreState, out: Out, now: Now, seen: BrokerOrder) -> None:
    """Take a quantity changed by hand into the record, before executions are measured against it."""
    order = state.book.find(seen.order_ref, seen.perm_id)
    if order is None:
        return
    changed = _with_foreign_change(state, out, now, order, seen)
    if changed is not order:
        state.book.put(changed)
        out.record(OrderSaved(changed, "changed by hand", seen.status), durable=True)


def _with_foreign_change(state: CoreState, out: Out, now: Now, order: OrderRecord, seen: BrokerOrder) -> OrderRecord:
    intent = order.intent
    same_limit = intent.limit_price is None or seen.limit_price in (None, intent.limit_price)
    same_stop = intent.stop_price is None or seen.stop_price in (None, intent.stop_price)
    same_terms = same_limit and same_stop and seen.side is intent.side
    if seen.qty in (0.0, order.qty) and (order.foreign_changed or same_terms):
        return order
    if same_terms and seen.qty < order.qty and _is_cut_by_family(state, order):
        return replace(order, changed_qty=seen.qty)
    text = f"changed by hand: now {seen.side} {seen.qty:g} @ {seen.limit_price}"
    state.alert(
        out,
        now,
        Severity.WARNING,
        "foreign_change",
        f"an order on {intent.symbol} was changed outside this program",
        symbol=intent.symbol,
        detail=f"{_name(order)} {text}",
    )
    # The broker's quantity is the truth that fills are measured against; the price only matters to the broker.
    return replace(order, foreign_changed=True, changed_qty=seen.qty or None)


def _is_cut_by_family(state: CoreState, order: OrderRecord) -> bool:
    """Return whether the broker lowers a protective order to what its parent filled or its group has left."""
    intent = order.intent
    parent = state.book.get(intent.parent_id)
    if parent is not None and parent.state is not OrderState.FILLED:
        return True
    kin = (other for other in state.book.all() if intent.oca_group and other.intent.oca_group == intent.oca_group)
    return any(other.filled or missing_fills(state, other) for other in kin if other is not order)


def _fact_of(status: str, completed: bool) -> Fact | None:
    if status in _CANCELLED:
        return Fact.BROKER_CANCELLED
    if status == "Inactive" and completed:
        return Fact.REJECTED
    if completed:
        return None  # a completed "Filled" says nothing that executions do not say better
    if status in _WORKING:
        return Fact.WORKING
    if status in ("PendingSubmit", "ApiPending"):
        return Fact.ACKNOWLEDGED
    return None


def _take_external(state: CoreState, out: Out, now: Now, seen: BrokerOrder, completed: bool) -> None:
    live = not completed and seen.status not in _CANCELLED and seen.status != "Filled"
    known = state.externals.get(seen.perm_id)
    if live:
        state.externals[seen.perm_id] = seen
    else:
        state.externals.pop(seen.perm_id, None)
    if live and known is None:
        mine = intent_of_ref(seen.order_ref) is not None
        text = "an order with our mark is not in the journal" if mine else "an order of another program or by hand"
        state.alert(
            out,
            now,
            Severity.CRITICAL if mine else Severity.WARNING,
            "external_order",
            f"{text}: {seen.symbol}",
            symbol=seen.symbol,
            detail=f"{seen.side} {seen.qty:g} {seen.symbol} permId {seen.perm_id}",
        )


def on_status(state: CoreState, out: Out, now: Now, seen: OrderStatusSeen) -> None:
    """Take an orderStatus: it may acknowledge, work or cancel an order, never book a fill."""
    order = state.book.find(perm_id=seen.perm_id) or state.book.at(seen.client_id, seen.order_id)
    if order is None:
        return
    if order.perm_id and seen.perm_id and order.perm_id != seen.perm_id:
        return  # the broker uses the id again; this is not our order
    order = replace(order, perm_id=seen.perm_id or order.perm_id, broker_status=seen.status, checks=0)
    note_reported(state, order, seen.filled)
    fact = _fact_of(seen.status, completed=False)
    if fact is not None:
        move(state, out, now, order, fact, seen.why_held)
    elif order != state.book.get(order.intent.intent_id):
        state.book.put(order)
        out.record(OrderSaved(order, "broker status", seen.status), durable=True)
    if seen.status == "Inactive" or missing_fills(state, order) > 0:
        # Executions normally follow at once; the timer looks again if they do not.
        state.ask_snapshot(out, now, f"order status {seen.status} without its executions")


def on_message(state: CoreState, out: Out, now: Now, message: BrokerMessage) -> None:
    """Take an error or notice about an order as a hint: look at the broker, unless it is final by its nature."""
    order = None
    if message.code == RATE_EXCEEDED:
        state.rate_exceeded_mono_ns = now.mono_ns
    if message.order_id is not None:
        order = next((item for item in state.book.live() if item.order_id == message.order_id), None)
    if order is None:
        level = "WARNING" if message.order_id is not None or message.code < 2000 else "INFO"
        state.note(out, now, level, "broker", f"{message.code}: {message.text}", message.symbol or "")
        return
    order = replace(order, last_code=message.code, last_text=message.text)
    never_acknowledged = order.perm_id is None and order.state not in ACKNOWLEDGED_STATES
    if message.code in FINAL_CODES and never_acknowledged:
        move(state, out, now, order, Fact.REJECTED, f"{message.code}: {message.text}")
        return
    state.book.put(order)
    out.record(OrderSaved(order, f"message {message.code}", message.text))
    level = "INFO" if message.code in NOTICE_CODES else "WARNING"
    state.note(out, now, level, "order", f"{_name(order)}: {message.code} {message.text}", order.intent.symbol)
    if message.code not in NOTICE_CODES:
        state.ask_snapshot(out, now, f"message {message.code} about a live order")


def put_in_doubt(state: CoreState, out: Out, now: Now, why: str, *, gap: bool) -> None:
    """The link broke: what was sent and not acknowledged is in doubt. `gap`: the broker itself may have lost it."""
    for order in state.book.live():
        unacknowledged = order.state in (OrderState.JOURNALED, OrderState.SENT)
        # A cancel may be wanted of an order that was never acknowledged: its state alone does not tell.
        acknowledged = order.state in ACKNOWLEDGED_STATES and order.perm_id is not None
        touched = order if not gap or acknowledged else replace(order, touched_by_gap=True)
        if unacknowledged:
            move(state, out, now, touched, Fact.IN_DOUBT, why)
        elif touched is not order:
            state.book.put(touched)
            out.record(OrderSaved(touched, "link gap", why), durable=True)
