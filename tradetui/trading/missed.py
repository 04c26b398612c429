"""Fills that no execution will ever tell of: the broker lists executions of the running day only.

An order of an earlier day that is gone, and a position that differs by exactly what it still had to fill, are one fact:
it was filled while nobody looked. It is booked as a labelled adjustment, never as a fill. The invariant: anything less
than an exact match is left to the operator.
"""

from __future__ import annotations

from tradetui.domain.alert import Severity
from tradetui.domain.clock import SECOND_NS, Now
from tradetui.domain.ledger import Adjustment
from tradetui.domain.order import OrderRecord
from tradetui.domain.order_state import Fact, OrderState
from tradetui.domain.records import AdjustmentSaved
from tradetui.trading.orders import move
from tradetui.trading.out import Out
from tradetui.trading.state import CoreState

#: How long ago the order may have been found gone.
_RECENT_NS = 86_400 * SECOND_NS


def book_missed(state: CoreState, out: Out, now: Now) -> list[str]:
    """Book what vanished orders of earlier days explain exactly; return the symbols that agree with the broker now."""
    settled = []
    for symbol, mismatch in state.mismatches.items():
        gone = [order for order in state.book.all() if order.intent.symbol == symbol and _is_gone(state, now, order)]
        missing = sum(order.intent.side.sign * _unfilled(order) for order in gone)
        if not mismatch.confirmed or not gone or abs(mismatch.broker - mismatch.ours - missing) > 1e-9:
            continue
        for order in gone:
            _book(state, out, now, order, _price(state, order, flat=mismatch.ours == 0))
        settled.append(symbol)
    return settled


def _is_gone(state: CoreState, now: Now, order: OrderRecord) -> bool:
    calendar = state.settings.calendar
    if not order.created_ns or calendar.session_date(order.created_ns) >= calendar.session_date(now.market_ns):
        return False  # today's executions are still told
    if order.state is OrderState.EXPIRED:
        return now.market_ns - order.updated_ns < _RECENT_NS and not _is_booked(state, order)
    return order.state is OrderState.UNKNOWN and order.checks >= state.settings.timing.grace_looks


def _is_booked(state: CoreState, order: OrderRecord) -> bool:
    return any(item.adjustment_id == _id_of(order) for item in state.ledger.adjustments)


def _id_of(order: OrderRecord) -> str:
    return f"missed:{order.intent.intent_id}"


def _unfilled(order: OrderRecord) -> float:
    return max(0.0, order.qty - order.filled)


def _price(state: CoreState, order: OrderRecord, *, flat: bool) -> float:
    """The best known price: the broker's own cost where it can only come from this, else what the order asked."""
    intent = order.intent
    cost = state.broker_costs.get(intent.symbol) if flat else None
    return cost or intent.limit_price or intent.stop_price or state.mark(intent.symbol) or 0.0


def _book(state: CoreState, out: Out, now: Now, order: OrderRecord, price: float) -> None:
    intent, qty = order.intent, order.intent.side.sign * _unfilled(order)
    multiplier = state.multiplier(intent.symbol)
    day = state.settings.calendar.session_date(order.created_ns).isoformat()
    adjustment = Adjustment(
        adjustment_id=_id_of(order),
        symbol=intent.symbol,
        owner=intent.strategy,
        qty=qty,
        price=price,
        cash=-qty * price * multiplier,
        reason=f"order {intent.intent_id} of {day} filled unseen; its executions are listed no more",
        who="core",
        ts_ns=now.market_ns,
        after_fills=state.ledger.fill_count,
        multiplier=multiplier,
    )
    state.ledger.book_adjustment(adjustment)
    out.record(AdjustmentSaved(adjustment), durable=True)
    if order.state is OrderState.UNKNOWN:
        move(state, out, now, order, Fact.EXPIRED, "its fill is booked from the broker's position")
    text = f"an order on {intent.symbol} was filled while nobody looked; booked from the broker's position"
    detail = f"{qty:+g} at {price:g} for {intent.strategy}: {adjustment.reason}"
    state.alert(out, now, Severity.WARNING, "missed_fill", text, symbol=intent.symbol, detail=detail)
