"""The last step of every order: the gate, one durable record of all that belongs together, then the send.

Invariant: an order and those that rest behind it are allowed, journaled and sent together, or none of them is.
"""

from __future__ import annotations

from collections.abc import Sequence

from tradetui.domain.clock import Now
from tradetui.domain.ids import order_ref
from tradetui.domain.order import Intent, OrderRecord
from tradetui.domain.order_state import OrderState
from tradetui.domain.records import OrderSaved, RefusalSaved
from tradetui.risk.attached import check_attached
from tradetui.risk.control import Refusal
from tradetui.risk.gate import FAULTY_ORDER, Gate
from tradetui.trading.exposure import view_for
from tradetui.trading.out import Out
from tradetui.trading.sent import SentOrder
from tradetui.trading.state import CoreState, SentPart


def submit(
    state: CoreState,
    out: Out,
    now: Now,
    gate: Gate,
    intent: Intent,
    behind: Sequence[Intent] = (),
    *,
    after: SentPart | None = None,
) -> bool:
    """Gate an order with those `behind` it; journal and send them, or record every reason against them.

    `after` is the reducing part of the same decision, sent just before. Return whether they go.
    """
    instrument = state.instruments[intent.symbol]
    view = view_for(state, now, intent, instrument, after=after)
    limits = gate.limits.of(intent.strategy, intent.symbol)
    refusals = gate.check(intent, view).refusals
    refusals += tuple(refusal for child in behind for refusal in check_attached(child, intent, view, limits))
    if refusals:
        _refuse(state, out, now, intent, refusals, gate.version)
        return False
    state.conduct.of(intent.strategy).denials = 0
    family = any(child.parent_id for child in behind)
    for number, member in enumerate((intent, *behind)):
        _send(state, out, now, member, gate.version, transmit=not family or number == len(behind))
    date = state.day.date if state.day is not None else ""
    state.sent.add(
        SentOrder(now.mono_ns, date, intent.strategy, intent.symbol, intent.side, intent.qty, intent.limit_price)
    )
    return True


def _send(state: CoreState, out: Out, now: Now, intent: Intent, version: int, *, transmit: bool) -> None:
    ref = order_ref(intent.strategy, intent.intent_id)
    order = OrderRecord(
        intent=intent,
        state=OrderState.JOURNALED,
        order_ref=ref,
        created_ns=now.market_ns,
        updated_ns=now.market_ns,
        sent_mono_ns=now.mono_ns,
        limits_version=version,
    )
    state.book.put(order)
    out.record(OrderSaved(order, "journaled"), durable=True)
    out.place(intent, ref, transmit=transmit)
    state.counts_orders += 1
    if intent.is_stop_loss:
        pair = (intent.strategy, intent.symbol)
        state.protected[pair] = (*state.protected.get(pair, ()), intent.intent_id)
    text = f"{intent.strategy} {intent.side} {intent.qty:g} {intent.symbol} {intent.order_type}"
    state.note(out, now, "INFO", "order", f"{text}: {intent.reason or intent.purpose}", intent.symbol)


def _refuse(state: CoreState, out: Out, now: Now, intent: Intent, refusals: tuple[Refusal, ...], version: int) -> None:
    state.counts_refusals += 1
    state.conduct.of(intent.strategy).denials += any(refusal.code in FAULTY_ORDER for refusal in refusals)
    for refusal in refusals:
        saved = RefusalSaved(
            ts_ns=now.market_ns,
            strategy=intent.strategy,
            symbol=intent.symbol,
            intent_id=intent.intent_id,
            side=intent.side,
            qty=intent.qty,
            code=refusal.code,
            measured=refusal.measured,
            limit=refusal.limit,
            text=refusal.text,
            limits_version=version,
        )
        state.refusals.append(saved)
        out.record(saved)
    text = f"refused {intent.strategy} {intent.side} {intent.qty:g} {intent.symbol}: {refusals[0].text}"
    more = f" (+{len(refusals) - 1} more)" if len(refusals) > 1 else ""
    state.note(out, now, "WARNING", "risk", text + more, intent.symbol)
