"""Sets and clears the latches that make the trading state, and does what each state demands of live orders."""

from __future__ import annotations

from tradetui.domain.alert import Severity
from tradetui.domain.clock import Now
from tradetui.domain.latch import ClearedBy, Latch, TradingState
from tradetui.domain.order import OrderRecord, Purpose
from tradetui.domain.order_state import OrderState
from tradetui.domain.records import LatchCleared, LatchSaved
from tradetui.risk.limits import BreakerAction
from tradetui.risk.post_trade import POST_CODES
from tradetui.trading.orders import cancel, missing_fills
from tradetui.trading.out import Out
from tradetui.trading.state import CoreState, FlattenRun

#: Key of the pause that every restart begins with.
RESTART = "restart"


def set_latch(state: CoreState, out: Out, now: Now, latch: Latch, severity: Severity | None, detail: str = "") -> bool:
    """Set a latch unless it is set; journal it, alert if `severity` is given, cancel what may no longer work."""
    if latch.key in state.latches:
        return False
    state.latches[latch.key] = latch
    out.record(LatchSaved(latch), durable=True)
    whom = latch.symbol or latch.strategy
    what = latch.state.name if whom is None else f"{whom} blocked"
    if severity is not None:
        cause = latch.key.partition(":")[0]
        state.alert(out, now, severity, cause, f"{what}: {latch.why}", symbol=latch.symbol, detail=detail)
    else:
        state.note(out, now, "WARNING", "state", f"{what}: {latch.why} ({latch.who})", latch.symbol or "")
    enforce(state, out, now)
    return True


def clear_latch(state: CoreState, out: Out, now: Now, key: str, who: str, reason: str) -> bool:
    """Clear a latch if it is set; journal it and close its incident."""
    latch = state.latches.pop(key, None)
    if latch is None:
        return False
    out.record(LatchCleared(key, who, reason, now.market_ns), durable=True)
    text = f"{latch.why}: cleared by {who}" + (f" ({reason})" if reason else "")
    state.alert(out, now, Severity.INFO, key.partition(":")[0], text, symbol=latch.symbol, closes=True)
    return True


def halt_short(state: CoreState, out: Out, now: Now, symbol: str, qty: float) -> None:
    """Block a symbol that is short, by the ledger or by the broker's word, in a long-only account."""
    if not state.limits.account.long_only or qty >= -1e-9 or symbol not in state.instruments:
        return
    latch = Latch(
        key=f"short:{symbol}",
        state=TradingState.HALTED,
        who="core",
        why=f"{symbol} is short in a long-only account",
        ts_ns=now.market_ns,
        cleared_by=ClearedBy.OPERATOR,
        symbol=symbol,
    )
    set_latch(state, out, now, latch, Severity.CRITICAL)


def enforce(state: CoreState, out: Out, now: Now) -> None:
    """Cancel every live order that the trading state does not let work: entries, never protective stops."""
    for order in state.book.live():
        if _may_work(state, order) or order.cancel_mono_ns is not None:
            continue
        cancel(state, out, now, order, state.trading_why or "the symbol is blocked")


def _may_work(state: CoreState, order: OrderRecord) -> bool:
    purpose = order.intent.purpose
    if purpose is Purpose.STOP or purpose is Purpose.FLATTEN:
        return True
    worst = max((item.state for item in state.latches.values() if _cancels(state, item, order)), default=None)
    return worst is None or (purpose is Purpose.EXIT and worst is not TradingState.KILLED)


def _cancels(state: CoreState, latch: Latch, order: OrderRecord) -> bool:
    # The pause after a restart only waits for a clean look: what worked at the broker before it goes on working.
    if latch.key == RESTART or not latch.covers(order.intent.strategy, order.intent.symbol):
        return False
    code = latch.key.partition(":")[0]
    if latch.symbol is not None and code not in POST_CODES:
        return False  # a symbol in doubt waits for evidence
    return latch.state is not TradingState.HALTED or state.limits.account.action(code) is not BreakerAction.BLOCK


def clear_next_session(state: CoreState, out: Out, now: Now, date: str) -> None:
    """Clear the latches that end with the session they were set in."""
    ended = [
        key
        for key, latch in state.latches.items()
        if latch.cleared_by is ClearedBy.NEXT_SESSION and latch.session_date < date
    ]
    for key in ended:
        clear_latch(state, out, now, key, "core", "a new session began")


def live_risk_orders(state: CoreState) -> list[OrderRecord]:
    """Return live orders that a kill has to end: everything but protective stops and the flatten's own."""
    return [order for order in state.book.live() if order.intent.purpose not in (Purpose.STOP, Purpose.FLATTEN)]


def unresolved_text(state: CoreState, symbol: str) -> str:
    """Return why entries on `symbol` are blocked by something unproved, empty when nothing is."""
    for order in state.book.live(symbol):
        if order.state is OrderState.UNKNOWN:
            return f"order {order.intent.intent_id} is UNKNOWN"
    for intent_id in state.reported_filled:
        ended = state.book.get(intent_id)
        if ended is not None and ended.intent.symbol == symbol and missing_fills(state, ended) > 1e-9:
            return f"executions of order {intent_id} are missing"
    mismatch = state.mismatches.get(symbol)
    if mismatch is not None:
        return f"position differs: ours {mismatch.ours:g}, broker {mismatch.broker:g}"
    for latch in state.latches.values():
        if latch.symbol == symbol:
            return latch.why
    flatten = state.flatten
    if flatten is not None and not flatten.outcome and covers(flatten, symbol):
        return "a flatten is in progress"
    return ""


def covers(run: FlattenRun, symbol: str) -> bool:
    """Return whether a flatten run includes `symbol`."""
    return not run.symbols or symbol in run.symbols
