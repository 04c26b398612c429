"""Watches that every position meant to have a protective stop has one, of exactly its size.

The broker keeps families of orders in step by itself; here is the check that it did (a child refused, a parent that
filled in part, a stop cancelled by hand), and what follows when it did not. Invariants: protection in doubt is never
sent again, and what somebody ended by hand is told, not fought.
"""

from __future__ import annotations

from dataclasses import replace

from tradetui.domain.alert import Severity
from tradetui.domain.clock import SECOND_NS, Now
from tradetui.domain.events import SessionState
from tradetui.domain.latch import TradingState
from tradetui.domain.order import OrderRecord, OrderType, Purpose, Side, Signal
from tradetui.domain.order_state import ACKNOWLEDGED_STATES, OrderState
from tradetui.risk.gate import Gate
from tradetui.trading.exposure import active_qty, exposure_of
from tradetui.trading.latches import unresolved_text
from tradetui.trading.orders import cancel, missing_fills
from tradetui.trading.out import Out
from tradetui.trading.settings import Unprotected
from tradetui.trading.state import CoreState, Lapse, Pair
from tradetui.trading.submit import submit
from tradetui.trading.wishes import intent_of, place_protection, prices_behind, release, resting_protection

_EPS = 1e-9


def watch_protection(state: CoreState, out: Out, now: Now, gate: Gate) -> None:
    """Release wishes whose way is free, then look at every position that is to be protected."""
    release(state, out, now, gate)
    # A take-profit alone names no stop that is to be there, but it must not outlive its position either.
    resting = (
        (order.intent.strategy, order.intent.symbol)
        for order in state.book.live()
        if order.intent.purpose is Purpose.STOP
    )
    for pair in dict.fromkeys((*state.protected, *state.lapses, *resting)):
        _watch(state, out, now, gate, pair)


def _watch(state: CoreState, out: Out, now: Now, gate: Gate, pair: Pair) -> None:
    newest = _newest(state, out, now, pair)
    resting = resting_protection(state, pair)
    held = state.ledger.position_of(*pair).qty
    side = newest.intent.side if newest is not None else resting[0].intent.side if resting else None
    if side is None or (not resting and held * side.sign >= 0):
        if newest is not None and _fills_to_come(state, newest):
            return
        if len(state.protected.get(pair, ())) == (newest is not None):  # no entry works that would bring another one
            state.protected.pop(pair, None)
            _protected_again(state, out, now, pair, "nothing is held any more")
        return
    if pair in state.held_back or _is_in_doubt(state, pair, resting):
        return
    wanted = _wanted(state, pair, side, held)
    stops = sum(active_qty(state, order) for order in resting if order.intent.is_stop_loss)
    targets = sum(active_qty(state, order) for order in resting if not order.intent.is_stop_loss)
    excess = max(stops, targets) - wanted
    if excess < _EPS and (newest is None or wanted - stops < _EPS):
        if resting and all(order.state in ACKNOWLEDGED_STATES for order in resting):
            _protected_again(state, out, now, pair, "the protective stop is in place")
        return
    lapse = state.lapses.setdefault(pair, Lapse(now.mono_ns))
    if now.mono_ns - lapse.since_mono_ns < state.settings.timing.protect_grace_s * SECOND_NS:
        return  # the broker is about to put it right, or the news of it is on its way
    if newest is None or excess > _EPS:
        _cancel_all(state, out, now, resting, f"it would close {max(stops, targets):g} of {wanted:g}")
    else:
        _unprotected(state, out, now, gate, pair, newest, lapse, resting, wanted - stops)


def _newest(state: CoreState, out: Out, now: Now, pair: Pair) -> OrderRecord | None:
    """Return the newest stop that has come to life, and forget what came before it; None while there is none.

    An entry whose stop does not work is taken back.
    """
    newest: OrderRecord | None = None
    waiting: list[str] = []
    for intent_id in state.protected.get(pair, ()):
        stop = state.book.get(intent_id)
        if stop is None:
            continue
        parent = _live_parent(state, stop)
        if parent is not None and stop.state in (OrderState.REJECTED, OrderState.LOST) and not parent.cancel_tries:
            cancel(state, out, now, parent, "its protective stop does not work")
        if _has_come_to_life(state, stop):
            newest = stop
        elif parent is not None:
            waiting.append(intent_id)
    if pair in state.protected:
        state.protected[pair] = (*([newest.intent.intent_id] if newest is not None else []), *waiting)
    return newest


def _has_come_to_life(state: CoreState, stop: OrderRecord) -> bool:
    parent = state.book.get(stop.intent.parent_id)
    return parent is None or parent.filled > 0 or _fills_to_come(state, stop)


def _fills_to_come(state: CoreState, stop: OrderRecord) -> bool:
    """Return whether the broker has reported fills of the entry whose executions have not come yet."""
    parent = state.book.get(stop.intent.parent_id)
    return parent is not None and missing_fills(state, parent) > 0


def _live_parent(state: CoreState, order: OrderRecord) -> OrderRecord | None:
    parent = state.book.get(order.intent.parent_id)
    return parent if parent is not None and parent.is_live else None


def _is_in_doubt(state: CoreState, pair: Pair, resting: list[OrderRecord]) -> bool:
    if state.session is not SessionState.READY or unresolved_text(state, pair[1]):
        return True
    return any(order.cancel_mono_ns is not None for order in resting)


def _wanted(state: CoreState, pair: Pair, side: Side, held: float) -> float:
    """Return how much the protection should close: what is held, less what other live orders close already."""
    if held * side.sign >= 0:
        return 0.0
    free = exposure_of(state, pair[1], protection=False).closable(side.sign)
    return min(abs(held), free)


def _protected_again(state: CoreState, out: Out, now: Now, pair: Pair, why: str) -> None:
    lapse = state.lapses.pop(pair, None)
    if lapse is not None and lapse.alerted:
        strategy, symbol = pair
        text = f"{symbol} of {strategy}: {why}"
        state.alert(out, now, Severity.INFO, "unprotected", text, symbol=symbol, closes=True)


def _cancel_all(state: CoreState, out: Out, now: Now, resting: list[OrderRecord], why: str) -> None:
    for order in resting:
        if _live_parent(state, order) is None:
            cancel(state, out, now, order, why)


def _unprotected(
    state: CoreState,
    out: Out,
    now: Now,
    gate: Gate,
    pair: Pair,
    newest: OrderRecord,
    lapse: Lapse,
    resting: list[OrderRecord],
    uncovered: float,
) -> None:
    """Tell of a position without its stop, and do what the settings say: a target in the way is cancelled first."""
    by_hand = _ended_by_hand(state, newest)
    if not lapse.alerted:
        lapse.alerted = True
        _tell(state, out, now, pair, newest, by_hand=by_hand)
    policy = state.settings.execution.unprotected
    if by_hand or policy is Unprotected.ALERT or state.trading_state is TradingState.KILLED:
        return
    groups = {order.intent.oca_group for order in resting if order.intent.is_stop_loss}
    lone = [order for order in resting if not order.intent.is_stop_loss and order.intent.oca_group not in groups]
    if lone:
        _cancel_all(state, out, now, lone, "the stop beside it is gone")
        return
    lapse.since_mono_ns = now.mono_ns
    lapse.tries += 1
    tries = state.settings.execution.max_protects
    if policy is Unprotected.REPLACE and lapse.tries <= tries:
        _place_again(state, out, now, gate, pair, newest, uncovered)
    elif lapse.tries <= 2 * tries and state.settings.calendar.session_at(now.market_ns) is not None:
        _close(state, out, now, gate, pair, newest, uncovered)


def _tell(state: CoreState, out: Out, now: Now, pair: Pair, newest: OrderRecord, *, by_hand: bool) -> None:
    strategy, symbol = pair
    cause = "was cancelled or changed outside this program; it is not placed again" if by_hand else "is missing"
    text = f"{symbol} of {strategy} is not protected: its stop {cause}"
    detail = f"stop {newest.intent.stop_price}, last {newest.state}: {newest.last_text or newest.broker_status}"
    state.alert(out, now, Severity.CRITICAL, "unprotected", text, symbol=symbol, detail=detail)


def _ended_by_hand(state: CoreState, order: OrderRecord) -> bool:
    """Return whether the stop ended, or was made smaller, by neither us nor its family."""
    if order.foreign_changed:
        return True
    if order.state is not OrderState.CANCELLED or order.cancel_mono_ns is not None:
        return False
    intent = order.intent
    parent = state.book.get(intent.parent_id)
    if parent is not None and not parent.is_live and parent.state is not OrderState.FILLED:
        return False  # it ended with its parent
    kin = (other for other in state.book.all() if intent.oca_group and other.intent.oca_group == intent.oca_group)
    return not any(other.filled or missing_fills(state, other) for other in kin)


def _next_leg(now: Now, newest: OrderRecord) -> str:
    """Return a leg that no order has had: a count would begin again where a failing journal lost some."""
    return f"{newest.intent.leg.partition('/')[0]}/{now.market_ns}"


def _place_again(state: CoreState, out: Out, now: Now, gate: Gate, pair: Pair, newest: OrderRecord, qty: float) -> None:
    stop, target = prices_behind(state, newest.intent)
    leg, reason = _next_leg(now, newest), f"in place of {newest.intent.intent_id}"
    place_protection(state, out, now, gate, pair, qty, stop, target, newest.intent.bar_end_ns, leg, reason)


def _close(state: CoreState, out: Out, now: Now, gate: Gate, pair: Pair, newest: OrderRecord, qty: float) -> None:
    strategy, symbol = pair
    signal = Signal(
        symbol=symbol,
        side=newest.intent.side,
        qty=qty,
        order_type=OrderType.MARKET,
        leg=f"{_next_leg(now, newest)}/close",
        reason="the position cannot be protected",
    )
    intent = intent_of(state, now, strategy, newest.intent.bar_end_ns, signal)
    submit(state, out, now, gate, replace(intent, purpose=Purpose.EXIT))
