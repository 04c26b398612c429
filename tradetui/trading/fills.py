"""Books executions and commissions: the only way a position changes besides the operator's adjustments."""

from __future__ import annotations

from dataclasses import replace

from tradetui.domain.alert import Severity
from tradetui.domain.clock import Now
from tradetui.domain.fill import Commission, Fill
from tradetui.domain.ids import exec_key, intent_of_ref
from tradetui.domain.latch import ClearedBy, Latch, TradingState
from tradetui.domain.ledger import EXTERNAL, BookedFill
from tradetui.domain.order import OrderRecord
from tradetui.domain.order_state import Fact
from tradetui.domain.records import CommissionSaved, FillSaved
from tradetui.trading.latches import halt_short, set_latch
from tradetui.trading.orders import move
from tradetui.trading.out import Out
from tradetui.trading.state import CoreState


def on_fill(state: CoreState, out: Out, now: Now, fill: Fill) -> None:
    """Book one execution report, live or replayed: the same execution counts once."""
    order = state.book.find(fill.order_ref, fill.perm_id)
    owner = order.intent.strategy if order is not None else EXTERNAL
    known = state.ledger.fill(fill.exec_id)
    before_qty = known.fill.signed_qty if known is not None else None
    multiplier = state.multiplier(fill.symbol)
    if not state.ledger.book_fill(fill, owner, multiplier):
        return
    out.record(FillSaved(fill, owner, multiplier), durable=True)
    state.last_trade_mono_ns[fill.symbol] = now.mono_ns
    if before_qty is not None:
        _tell_correction(state, out, now, fill, before_qty)
    else:
        _count(state, fill, order)
        text = f"{owner} {fill.side} {fill.qty:g} {fill.symbol} at {fill.price:g}"
        state.note(out, now, "INFO", "fill", text, fill.symbol)
    if order is not None:
        _move_order(state, out, now, order, fill)
    elif before_qty is None:
        what = "with our mark but unknown here" if intent_of_ref(fill.order_ref) else "not made by this program"
        state.alert(
            out,
            now,
            Severity.WARNING,
            "external_fill",
            f"a trade in {fill.symbol} {what}",
            symbol=fill.symbol,
            detail=f"{fill.side} {fill.qty:g} at {fill.price:g}",
        )
    _check_consequences(state, out, now, fill)


def _count(state: CoreState, fill: Fill, order: OrderRecord | None) -> None:
    state.round_trips.add(state.ledger.booked(fill.exec_id), state.ledger)
    if order is not None:
        state.conduct.fill(order.intent, fill)


def on_commission(state: CoreState, out: Out, now: Now, commission: Commission) -> None:
    """Book a commission report; it may come before, with or long after its execution."""
    if not state.ledger.book_commission(commission):
        return
    out.record(CommissionSaved(commission), durable=True)
    booked = state.ledger.fill(commission.exec_id)
    if booked is None:
        return
    order = state.book.find(booked.fill.order_ref, booked.fill.perm_id)
    if order is not None:
        state.book.put(replace(order, commission=_order_commission(_fills_of(state, order))))


def _fills_of(state: CoreState, order: OrderRecord) -> list[BookedFill]:
    executions = state.executions.get(order.intent.intent_id, {})
    return [booked for exec_id in executions.values() if (booked := state.ledger.fill(exec_id)) is not None]


def remember_execution(state: CoreState, intent_id: str, exec_id: str) -> None:
    """Note that an execution belongs to an order of ours; all its revisions are one."""
    state.executions.setdefault(intent_id, {}).setdefault(exec_key(exec_id).base, exec_id)


def _order_commission(fills: list[BookedFill]) -> float | None:
    known = [booked.commission for booked in fills if booked.commission is not None]
    return sum(known) if known else None


def _move_order(state: CoreState, out: Out, now: Now, order: OrderRecord, fill: Fill) -> None:
    remember_execution(state, order.intent.intent_id, fill.exec_id)
    fills = _fills_of(state, order)
    filled = sum(booked.fill.qty for booked in fills)
    value = sum(booked.fill.qty * booked.fill.price for booked in fills)
    order = replace(
        order,
        filled=filled,
        avg_price=value / filled if filled else None,
        perm_id=fill.perm_id or order.perm_id,
        commission=_order_commission(fills),
        checks=0,
    )
    if not order.is_live:
        _expect_stops(state, order)
    if filled >= state.reported_filled.get(order.intent.intent_id, 0.0) - 1e-9:
        state.reported_filled.pop(order.intent.intent_id, None)
    left = order.qty - filled
    fact = Fact.PART_FILLED if left > 1e-9 else Fact.FILLED_UP if left > -1e-9 else Fact.OVERFILLED
    move(state, out, now, order, fact, f"{fill.qty:g} at {fill.price:g}")


def _expect_stops(state: CoreState, parent: OrderRecord) -> None:
    """What an ended entry still fills is to be protected as well, at the price of a newer stop where there is one."""
    for order in state.book.all():
        intent, pair = order.intent, (order.intent.strategy, order.intent.symbol)
        if intent.is_stop_loss and intent.parent_id == parent.intent.intent_id:
            others = [known for known in state.protected.get(pair, ()) if known != intent.intent_id]
            state.protected[pair] = (intent.intent_id, *others)


def _tell_correction(state: CoreState, out: Out, now: Now, fill: Fill, before_qty: float) -> None:
    text = f"the broker corrected an execution in {fill.symbol}"
    severity = Severity.CRITICAL if fill.signed_qty != before_qty else Severity.WARNING
    detail = f"{fill.exec_id}: {before_qty:g} is now {fill.signed_qty:g} at {fill.price:g}"
    state.alert(out, now, severity, "fill_correction", text, symbol=fill.symbol, detail=detail)
    state.ask_snapshot(out, now, "an execution was corrected")


def _check_consequences(state: CoreState, out: Out, now: Now, fill: Fill) -> None:
    if fill.liquidation:
        latch = Latch(
            key="liquidation",
            state=TradingState.HALTED,
            who="broker",
            why="IB liquidated a position",
            ts_ns=now.market_ns,
            cleared_by=ClearedBy.OPERATOR,
        )
        set_latch(state, out, now, latch, Severity.CRITICAL)
    halt_short(state, out, now, fill.symbol, state.ledger.position(fill.symbol).qty)
