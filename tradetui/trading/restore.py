"""Rebuilds the core's memory from the journal: the same journal gives the same state, however often it is read."""

from __future__ import annotations

from collections import deque
from dataclasses import replace

from tradetui.domain.ledger import EXTERNAL, Adjustment
from tradetui.domain.order import OrderRecord
from tradetui.domain.records import JournalImage
from tradetui.trading.figures import realized_of
from tradetui.trading.fills import remember_execution
from tradetui.trading.limit_book import LimitBook
from tradetui.trading.sent import SentOrder
from tradetui.trading.settings import CoreSettings
from tradetui.trading.state import CoreState, Pair, StrategyFacts


def restored_state(settings: CoreSettings, image: JournalImage) -> CoreState:
    """Return the state that the journal describes; monotonic times of the earlier process are dropped."""
    state = CoreState(settings)
    state.strategies = {item.name: StrategyFacts() for item in settings.strategies}
    state.restored = bool(image.orders or image.fills or image.day)
    for order in image.orders:
        wanted = 0 if order.cancel_mono_ns is not None else None
        state.book.put(replace(order, sent_mono_ns=None, cancel_mono_ns=wanted, cancel_tries=0, checks=0))
    state.live_at_restart = tuple(order.intent.intent_id for order in state.book.live())
    if image.opening_cash is not None:
        state.ledger.open_cash(image.opening_cash)
    waiting = deque(sorted(image.adjustments, key=lambda item: item.after_fills))
    flat_ns: dict[Pair, int] = {}
    for saved in image.fills:
        _book_due(state, waiting)
        is_new = state.ledger.fill(saved.fill.exec_id) is None
        state.ledger.book_fill(saved.fill, saved.owner, saved.multiplier)
        if is_new:  # a correction is no second execution
            state.round_trips.add(state.ledger.booked(saved.fill.exec_id), state.ledger)
        if not state.ledger.position_of(saved.owner, saved.fill.symbol).qty:
            flat_ns[saved.owner, saved.fill.symbol] = saved.fill.ts_ns
        mine = state.book.find(saved.fill.order_ref, saved.fill.perm_id)
        if mine is not None:
            remember_execution(state, mine.intent.intent_id, saved.fill.exec_id)
    _book_due(state, waiting)
    for adjustment in waiting:  # an execution was purged by hand from the journal: book what is left all the same
        state.ledger.book_adjustment(adjustment)
    for commission in image.commissions:
        state.ledger.book_commission(commission)
    state.latches = {latch.key: latch for latch in image.latches}
    state.consumed = {(item.strategy, item.symbol): item.bar_end_ns for item in image.consumed}
    state.day = image.day
    state.peak_equity = image.peak_equity
    state.day_high = image.day_high
    state.limit_book = LimitBook(settings.limits, image.limits)
    state.rearmed_ns = {item.strategy: item.ts_ns for item in image.rearms}
    state.commands = {item.command_id: _result(item.result) for item in image.commands}
    state.alert_number = image.next_alert_number
    state.armed = image.armed
    _restore_counts(state, image)
    _restore_protection(state, flat_ns)
    return state


def _book_due(state: CoreState, waiting: deque[Adjustment]) -> None:
    while waiting and waiting[0].after_fills <= state.ledger.fill_count:
        state.ledger.book_adjustment(waiting.popleft())


def _result(text: str) -> tuple[str, str]:
    status, _, rest = text.partition(": ")
    return status, rest


def _restore_protection(state: CoreState, flat_ns: dict[Pair, int]) -> None:
    """Name the stops of each position, oldest first: live, or of a position opened since it was last flat."""
    for order in sorted(state.book.all(), key=lambda item: item.created_ns):
        pair = (order.intent.strategy, order.intent.symbol)
        if order.intent.is_stop_loss and (order.is_live or _since_ns(state, order) > flat_ns.get(pair, 0)):
            state.protected[pair] = (*state.protected.get(pair, ()), order.intent.intent_id)


def _since_ns(state: CoreState, stop: OrderRecord) -> int:
    """Return when a stop last got something to protect: an entry may fill long after its stop was placed."""
    executions = state.executions.get(stop.intent.parent_id, {})
    booked = [state.ledger.fill(exec_id) for exec_id in executions.values()]
    return max([stop.created_ns, *(item.fill.ts_ns for item in booked if item is not None)])


def _restore_counts(state: CoreState, image: JournalImage) -> None:
    """What counted against today's limits before still does; ages in seconds are not known any more."""
    if state.day is None:
        return
    saved = {(item.kind, item.name): item.value for item in image.day_figures}
    # A journal from before these figures were kept: losses of earlier days must not count as today's.
    state.day_totals = saved or realized_of(state)
    today = [booked for booked in state.ledger.fills() if booked.fill.ts_ns >= state.day.ts_ns]
    state.conduct.fills_today = sum(booked.owner != EXTERNAL for booked in today)
    for order in state.book.all():
        if order.created_ns >= state.day.ts_ns:
            state.conduct.messages_today += 1 if order.cancel_mono_ns is None else 2
            intent = order.intent
            state.sent.add(SentOrder(0, state.day.date, intent.strategy, intent.symbol, intent.side, intent.qty, None))
