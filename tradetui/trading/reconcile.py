"""Compares what we believe with the broker's own word, and locks what does not agree.

Absence proves something only when the look was complete, and began after the order had time to arrive. A position is
never repaired by trading: a difference locks the symbol until it is gone or the operator adopts it.
"""

from __future__ import annotations

from dataclasses import replace

from tradetui.domain.alert import Severity
from tradetui.domain.clock import SECOND_NS, Now
from tradetui.domain.events import BrokerSnapshot
from tradetui.domain.latch import ClearedBy, Latch, TradingState
from tradetui.domain.ledger import EXTERNAL, Adjustment
from tradetui.domain.order import OrderRecord, TimeInForce
from tradetui.domain.order_state import Fact, OrderState
from tradetui.domain.records import AdjustmentSaved, OpeningCashSaved
from tradetui.trading.fills import on_commission, on_fill
from tradetui.trading.latches import clear_latch, halt_short, set_latch
from tradetui.trading.missed import book_missed
from tradetui.trading.orders import move, note_changes, on_broker_order
from tradetui.trading.out import Out
from tradetui.trading.state import CoreState, Mismatch

#: Money differences up to this are rounding of commissions, not a missing booking.
CASH_TOLERANCE = 0.05


def on_snapshot(state: CoreState, out: Out, now: Now, snapshot: BrokerSnapshot) -> None:
    """Take a look's result: fills first (they are what counts), then orders, then positions and cash."""
    state.snapshot_asked_mono_ns = None
    state.last_look_mono_ns = now.mono_ns
    for reported in snapshot.open_orders or ():
        note_changes(state, out, now, reported)
    for fill in snapshot.fills or ():
        on_fill(state, out, now, fill)
    for commission in snapshot.commissions:
        on_commission(state, out, now, commission)
    _take_orders(state, out, now, snapshot)
    if snapshot.account is not None:
        state.account_values = snapshot.account
    if snapshot.positions is not None:
        state.broker_positions = {item.symbol: item.qty for item in snapshot.positions}
        # The broker's cost is of one unit with its multiplier in it; prices here are without.
        state.broker_costs = {item.symbol: item.avg_cost / state.multiplier(item.symbol) for item in snapshot.positions}
        _compare_positions(state, out, now, snapshot)
    if snapshot.is_complete:
        for symbol in book_missed(state, out, now):
            settled_by_booking(state, out, now, symbol)
        _compare_cash(state, out, now, snapshot)
        state.last_reconcile_ns = now.market_ns
    else:
        state.note(out, now, "WARNING", "reconcile", f"the look at the broker is incomplete: {_missing(snapshot)}")


def _missing(snapshot: BrokerSnapshot) -> str:
    parts = {
        "open orders": snapshot.open_orders,
        "completed orders": snapshot.completed_orders,
        "executions": snapshot.fills,
        "positions": snapshot.positions,
        "account": snapshot.account,
    }
    return ", ".join(name for name, part in parts.items() if part is None)


def _take_orders(state: CoreState, out: Out, now: Now, snapshot: BrokerSnapshot) -> None:
    seen: set[str] = set()
    for reported in snapshot.completed_orders or ():
        order = on_broker_order(state, out, now, reported, completed=True)
        if order is None:
            continue
        if not order.is_live:
            seen.add(order.intent.intent_id)
        if snapshot.fills is not None and reported.filled is not None and reported.filled <= order.filled + 1e-9:
            # The list's word is final: what an earlier message reported beyond it was corrected or busted.
            state.reported_filled.pop(order.intent.intent_id, None)
    if snapshot.open_orders is None:
        return
    open_perms = {reported.perm_id for reported in snapshot.open_orders}
    state.externals = {perm: item for perm, item in state.externals.items() if perm in open_perms}
    for reported in snapshot.open_orders:
        order = on_broker_order(state, out, now, reported)
        if order is not None:
            seen.add(order.intent.intent_id)
    if snapshot.completed_orders is None or snapshot.fills is None:
        return
    for order in state.book.live():
        if order.intent.intent_id not in seen:
            _absent(state, out, now, order, snapshot)


def _absent(state: CoreState, out: Out, now: Now, order: OrderRecord, snapshot: BrokerSnapshot) -> None:
    """Count a look that did not find a live order; decide after enough of them."""
    timing = state.settings.timing
    sent = order.sent_mono_ns
    if sent is not None and snapshot.started_mono_ns - sent < timing.ack_timeout_s * SECOND_NS:
        return  # too young to prove anything
    intent_id = order.intent.intent_id
    counted = state.absent_mono_ns.get(intent_id) if order.checks else None
    if counted is not None and snapshot.started_mono_ns - counted < timing.grace_interval_s * SECOND_NS:
        return  # several looks at one moment are one look
    state.absent_mono_ns[intent_id] = snapshot.started_mono_ns
    checks = order.checks + 1
    state.book.put(replace(order, checks=checks))
    if checks < timing.grace_looks:
        return
    order = replace(order, checks=checks)
    if order.perm_id is None and not order.touched_by_gap:
        move(state, out, now, order, Fact.PROVED_ABSENT, f"{checks} complete looks did not find it")
    elif _session_over(state, now, order):
        move(state, out, now, order, Fact.EXPIRED, "an order of an earlier session is gone")
    elif order.state is not OrderState.UNKNOWN:
        move(state, out, now, order, Fact.IN_DOUBT, "the broker no longer shows it")
    elif checks == timing.grace_looks:
        _ask_operator(state, out, now, order)


def _session_over(state: CoreState, now: Now, order: OrderRecord) -> bool:
    """Return whether an order's time is over: the session of a DAY order, the opening auction of an OPG order."""
    calendar, created = state.settings.calendar, order.created_ns
    if order.intent.tif is TimeInForce.OPG:
        session = calendar.session_at(created)
        auction = calendar.current_or_next(created if session is None else session.close_ns)
        return now.market_ns >= auction.open_ns
    return order.intent.tif is TimeInForce.DAY and calendar.session_date(created) < calendar.session_date(now.market_ns)


def _ask_operator(state: CoreState, out: Out, now: Now, order: OrderRecord) -> None:
    text = f"an order on {order.intent.symbol} may be live and cannot be found; check it at the broker"
    state.alert(
        out,
        now,
        Severity.CRITICAL,
        "order_unknown",
        text,
        symbol=order.intent.symbol,
        detail=f"intent {order.intent.intent_id}; then: close-unknown {order.intent.intent_id}",
    )


def _compare_positions(state: CoreState, out: Out, now: Now, snapshot: BrokerSnapshot) -> None:
    for symbol in sorted(state.instruments):
        ours = state.ledger.position(symbol).qty
        theirs = (state.broker_positions or {}).get(symbol, 0.0)
        halt_short(state, out, now, symbol, theirs)
        if abs(ours - theirs) < 1e-9:
            _agree(state, out, now, symbol)
        elif _is_quiet(state, now, symbol, snapshot):
            _differ(state, out, now, symbol, ours, theirs, certain=snapshot.fills is not None)


def _is_quiet(state: CoreState, now: Now, symbol: str, snapshot: BrokerSnapshot) -> bool:
    """Return whether the position reading cannot simply be older than our newest fill."""
    last = state.last_trade_mono_ns.get(symbol)
    quiet_ns = state.settings.timing.position_quiet_s * SECOND_NS
    return last is None or snapshot.started_mono_ns - last >= quiet_ns


def _agree(state: CoreState, out: Out, now: Now, symbol: str) -> None:
    if state.mismatches.pop(symbol, None) is not None:
        state.note(out, now, "INFO", "reconcile", f"{symbol}: the position agrees with the broker again", symbol)
    clear_latch(state, out, now, f"mismatch:{symbol}", "core", "the position agrees with the broker again")


def _differ(state: CoreState, out: Out, now: Now, symbol: str, ours: float, theirs: float, *, certain: bool) -> None:
    """Block the symbol at once; confirm by a look that read the executions too: they may explain it all.

    Where they cannot be read, a difference that stays as it is for `reconcile_every_s` is confirmed without them.
    """
    known = state.mismatches.get(symbol)
    if known is None or (known.ours, known.broker) != (ours, theirs):
        state.mismatches[symbol] = Mismatch(ours, theirs, now.mono_ns)
        text = f"{symbol}: position differs, ours {ours:g}, broker {theirs:g}; looking again"
        state.note(out, now, "WARNING", "reconcile", text, symbol)
        return
    timing = state.settings.timing
    needed_s = timing.position_quiet_s if certain else timing.reconcile_every_s
    if known.confirmed or now.mono_ns - known.since_mono_ns < needed_s * SECOND_NS:
        return
    known.confirmed = True
    latch = Latch(
        key=f"mismatch:{symbol}",
        state=TradingState.HALTED,
        who="core",
        why=f"MISMATCH {symbol}: ours {ours:g}, broker {theirs:g}",
        ts_ns=now.market_ns,
        cleared_by=ClearedBy.AUTOMATIC,
        symbol=symbol,
    )
    set_latch(state, out, now, latch, Severity.CRITICAL)


def _compare_cash(state: CoreState, out: Out, now: Now, snapshot: BrokerSnapshot) -> None:
    cash = snapshot.account.cash if snapshot.account is not None else None
    if cash is None:
        return
    if state.ledger.opening_cash is None:
        opening = cash - state.ledger.flow
        state.ledger.open_cash(opening)
        out.record(OpeningCashSaved(opening), durable=True)
        state.note(out, now, "INFO", "reconcile", "opening cash taken from the broker")
        return
    ours = state.ledger.cash
    difference = cash - ours if ours is not None else 0.0
    if state.ledger.is_provisional or not all(
        _is_quiet(state, now, symbol, snapshot) for symbol in state.last_trade_mono_ns
    ):
        return
    before, state.cash_difference = state.cash_difference, difference
    if abs(difference) > CASH_TOLERANCE and before is not None and abs(difference - before) > CASH_TOLERANCE:
        text = "cash differs from the broker's: a deposit, fee, interest or dividend is not booked"
        state.alert(out, now, Severity.WARNING, "cash_difference", text, detail=f"{difference:,.2f}")


def settled_by_booking(state: CoreState, out: Out, now: Now, symbol: str) -> None:
    """Take it that adjustments have made our position the broker's: they stand for executions that never came."""
    for intent_id in list(state.reported_filled):
        order = state.book.get(intent_id)
        if order is None or order.intent.symbol == symbol:
            del state.reported_filled[intent_id]
    _agree(state, out, now, symbol)


def adopt(state: CoreState, out: Out, now: Now, symbol: str, who: str, reason: str, command_id: str) -> str:
    """Book the difference to the broker's position as the operator's adjustment; return what was done.

    The shares enter at the broker's average cost (else the mark) and move no cash.
    """
    mismatch = state.mismatches.get(symbol)
    if mismatch is None or state.broker_positions is None:
        return ""
    theirs = state.broker_positions.get(symbol, 0.0)
    qty = theirs - state.ledger.position(symbol).qty
    price = state.broker_costs.get(symbol) or state.mark(symbol) or 0.0
    adjustment = Adjustment(
        adjustment_id=f"adopt:{command_id}:{symbol}",
        symbol=symbol,
        owner=EXTERNAL,
        qty=qty,
        price=price,
        cash=0.0,
        reason=reason,
        who=who,
        ts_ns=now.market_ns,
        after_fills=state.ledger.fill_count,
        multiplier=state.multiplier(symbol),
    )
    state.ledger.book_adjustment(adjustment)
    out.record(AdjustmentSaved(adjustment), durable=True)
    settled_by_booking(state, out, now, symbol)
    return f"{symbol}: adopted {qty:+g} at {price:g}; position is now {theirs:g}"
