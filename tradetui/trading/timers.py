"""What time demands: late acknowledgements, unanswered cancels, unfilled limits, regular looks, stale data."""

from __future__ import annotations

from tradetui.domain.alert import Severity
from tradetui.domain.clock import SECOND_NS, Now
from tradetui.domain.events import SessionState
from tradetui.domain.latch import TradingState
from tradetui.domain.order import OrderRecord, OrderType, Purpose, TimeInForce
from tradetui.domain.order_state import ACKNOWLEDGED_STATES, OrderState
from tradetui.risk.gate import Gate
from tradetui.trading.arming import watch_armed
from tradetui.trading.closing import watch_close
from tradetui.trading.commands import confirm_kill
from tradetui.trading.day import on_time
from tradetui.trading.decide import replace_unfilled
from tradetui.trading.flatten import advance
from tradetui.trading.link import clear_restart, watch_link
from tradetui.trading.orders import cancel, missing_fills
from tradetui.trading.out import Out
from tradetui.trading.protection import watch_protection
from tradetui.trading.settings import UnfilledPolicy
from tradetui.trading.state import CoreState

#: A look that never came back is given up after this, so that the next one can be asked for.
LOOK_LIMIT_S = 30.0
#: What an unfilled order left over is sent again only within this time of its cancel: later its price means nothing.
REPLACE_LIMIT_S = 60.0


def on_timer(state: CoreState, out: Out, now: Now, gate: Gate) -> None:
    """Run every time-driven duty once."""
    if state.snapshot_asked_mono_ns is not None and _age(now, state.snapshot_asked_mono_ns) > LOOK_LIMIT_S:
        state.snapshot_asked_mono_ns = None
    for order in state.book.live():
        _watch_order(state, out, now, order)
    _replace_ended(state, out, now, gate)
    confirm_kill(state, out, now)
    clear_restart(state, out, now)
    advance(state, out, now)
    watch_protection(state, out, now, gate)
    watch_link(state, out, now)
    _watch_data(state, out, now)
    watch_armed(state, out, now)
    on_time(state, out, now)
    watch_close(state, out, now)
    _look_regularly(state, out, now)


def _age(now: Now, since_mono_ns: int) -> float:
    return (now.mono_ns - since_mono_ns) / SECOND_NS


def _watch_order(state: CoreState, out: Out, now: Now, order: OrderRecord) -> None:
    timing = state.settings.timing
    if order.cancel_mono_ns is not None:
        dropped = order.cancel_mono_ns <= state.rate_exceeded_mono_ns  # the gateway threw messages away after it
        late = _age(now, order.cancel_mono_ns) > (timing.rate_retry_s if dropped else timing.cancel_retry_s)
        again = dropped or order.cancel_tries < timing.cancel_tries or _must_end(state)
        if late and again and state.session is SessionState.READY:
            cancel(state, out, now, order, "the cancel was not confirmed")
        return
    # An order of an earlier run is timed from the start of this one.
    since = order.sent_mono_ns if order.sent_mono_ns is not None else state.started_mono_ns
    limit_s = state.settings.execution.unfilled_timeout_s
    policy = state.settings.execution.unfilled_policy
    if (
        policy is not UnfilledPolicy.KEEP
        and order.intent.order_type is OrderType.LIMIT
        and order.intent.purpose in (Purpose.ENTRY, Purpose.EXIT)
        and order.intent.tif is not TimeInForce.OPG  # it ends by itself, with the opening auction
        and order.state in ACKNOWLEDGED_STATES
        and since is not None
        and _age(now, since) > limit_s
    ):
        state.unfilled[order.intent.intent_id] = policy
        cancel(state, out, now, order, f"not filled within {limit_s:g} s")


def _must_end(state: CoreState) -> bool:
    """Return whether a kill or a flatten waits for orders to end: their cancels are asked for until they do."""
    run = state.flatten
    return state.trading_state is TradingState.KILLED or (run is not None and not run.outcome)


def _replace_ended(state: CoreState, out: Out, now: Now, gate: Gate) -> None:
    for intent_id, policy in list(state.unfilled.items()):
        order = state.book.get(intent_id)
        if order is not None and order.is_live:
            continue
        ended_by_us = order is not None and order.state in (OrderState.CANCELLED, OrderState.LATE_FILL)
        wanted = policy is not UnfilledPolicy.CANCEL and ended_by_us
        unsure = order is not None and (missing_fills(state, order) > 0 or state.session is not SessionState.READY)
        if order is not None and wanted and unsure and not _is_stale(now, order):
            continue  # how much is left is known when the link is up and the executions that were reported have come
        del state.unfilled[intent_id]
        if order is None or not wanted or _is_stale(now, order):
            continue
        tries = int(order.intent.leg.rpartition("~")[2]) if "~" in order.intent.leg else 0
        market = policy is UnfilledPolicy.MARKET or tries >= state.settings.execution.max_reprices
        replace_unfilled(state, out, now, gate, order, market=market)


def _is_stale(now: Now, order: OrderRecord) -> bool:
    """Return whether the cancel is so old that the decision behind the order counts no more."""
    return order.cancel_mono_ns is None or _age(now, order.cancel_mono_ns) > REPLACE_LIMIT_S


def _look_regularly(state: CoreState, out: Out, now: Now) -> None:
    """Ask for a look: soon while something is in doubt, less often while orders work, each minute otherwise."""
    timing = state.settings.timing
    interval = timing.reconcile_every_s
    live = state.book.live()
    if live:
        interval = min(interval, timing.watch_every_s)
    unproved = any(not item.confirmed for item in state.mismatches.values()) or state.reported_filled
    if unproved or any(_in_doubt(state, now, order) for order in live):
        interval = min(interval, timing.grace_interval_s)
    if _age(now, state.last_look_mono_ns) >= interval:
        state.ask_snapshot(out, now, "regular look")


def _in_doubt(state: CoreState, now: Now, order: OrderRecord) -> bool:
    if order.checks >= state.settings.timing.grace_looks:
        return False
    if order.state is OrderState.UNKNOWN or order.checks > 0:
        return True
    waiting = order.state in (OrderState.JOURNALED, OrderState.SENT, OrderState.CANCEL_WANTED)
    since = order.cancel_mono_ns or order.sent_mono_ns
    return waiting and (since is None or _age(now, since) > state.settings.timing.ack_timeout_s)


def _watch_data(state: CoreState, out: Out, now: Now) -> None:
    """Alert once per symbol whose quote has stopped during a session, and once when it is back."""
    if state.session is not SessionState.READY:
        return
    open_now = state.settings.calendar.session_at(now.market_ns) is not None
    for symbol, quote in state.quotes.items():
        stale = open_now and not quote.halted and _age(now, quote.mono_ns) > state.settings.timing.stale_alert_s
        if stale and symbol not in state.stale_alerted:
            state.stale_alerted.add(symbol)
            text = f"no data for {symbol}; entries on it are blocked"
            state.alert(out, now, Severity.WARNING, "stale_data", text, symbol=symbol)
        elif not stale and symbol in state.stale_alerted:
            state.stale_alerted.discard(symbol)
            state.alert(out, now, Severity.INFO, "stale_data", f"data for {symbol} is back", symbol=symbol, closes=True)
