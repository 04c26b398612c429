"""What the broker link's state means for trading: doubt when it breaks, cancels first when it is back."""

from __future__ import annotations

from typing import assert_never

from tradetui.domain.alert import Severity
from tradetui.domain.clock import SECOND_NS, Now
from tradetui.domain.events import SessionChanged, SessionState
from tradetui.domain.latch import ClearedBy, Latch, TradingState
from tradetui.trading.latches import RESTART, clear_latch, enforce, set_latch
from tradetui.trading.orders import cancel, put_in_doubt
from tradetui.trading.out import Out
from tradetui.trading.review import is_clean
from tradetui.trading.state import CoreState


def on_session(state: CoreState, out: Out, now: Now, event: SessionChanged) -> None:
    """Take a change of the link."""
    before, state.session = state.session, event.state
    if before is not event.state:
        state.session_since_mono_ns = now.mono_ns
        level = "INFO" if event.state in (SessionState.READY, SessionState.SYNCING) else "WARNING"
        state.note(out, now, level, "link", f"{event.state}: {event.reason}")
    state.session_reason = event.reason
    state.account = event.account or state.account
    match event.state:
        case SessionState.READY:
            _ready(state, out, now)
        case SessionState.DEGRADED:
            put_in_doubt(state, out, now, event.reason, gap=True)
        case SessionState.DISCONNECTED | SessionState.REFUSED:
            state.broker_positions = None
            state.snapshot_asked_mono_ns = None
            put_in_doubt(state, out, now, event.reason, gap=False)
            if event.state is SessionState.REFUSED:
                state.alert(out, now, Severity.CRITICAL, "link_refused", f"the broker link is refused: {event.reason}")
        case SessionState.CONNECTING | SessionState.SYNCING:
            state.book.forget_addresses()
        case _:
            assert_never(event.state)


def _ready(state: CoreState, out: Out, now: Now) -> None:
    if state.link_alerted:
        state.link_alerted = False
        state.alert(out, now, Severity.INFO, "disconnect", "the broker link is back", closes=True)
    # What was to be cancelled is cancelled before anything else is sent on the new connection.
    for order in state.book.live():
        if order.cancel_mono_ns is not None:
            cancel(state, out, now, order, "asked again after the reconnect")
    enforce(state, out, now)
    state.ask_snapshot(out, now, "the link became ready")


def on_restored(state: CoreState, out: Out, now: Now) -> None:
    """A journal with a past was loaded: sent orders are in doubt, and nothing trades until all is found clean."""
    put_in_doubt(state, out, now, "the core was restarted", gap=False)
    if not state.restored:
        return
    cleared_by = ClearedBy.AUTOMATIC if state.settings.auto_resume else ClearedBy.OPERATOR
    latch = Latch(
        key=RESTART,
        state=TradingState.PAUSED,
        who="core",
        why="restarted; waiting for a clean reconcile",
        ts_ns=now.market_ns,
        cleared_by=cleared_by,
    )
    state.latches.pop(RESTART, None)
    set_latch(state, out, now, latch, None)
    state.alert(out, now, Severity.WARNING, "core_restart", "the core was restarted")


def clear_restart(state: CoreState, out: Out, now: Now) -> None:
    """End the pause after a restart once a full look left nothing in doubt."""
    latch = state.latches.get(RESTART)
    if latch is None or latch.cleared_by is not ClearedBy.AUTOMATIC:
        return
    if is_clean(state):
        clear_latch(state, out, now, RESTART, "core", "reconciled")


def watch_link(state: CoreState, out: Out, now: Now) -> None:
    """Alert once when the link stays down during a session."""
    down = state.session not in (SessionState.READY, SessionState.SYNCING)
    age_s = (now.mono_ns - state.session_since_mono_ns) / SECOND_NS
    open_now = state.settings.calendar.session_at(now.market_ns) is not None
    if down and open_now and not state.link_alerted and age_s >= state.settings.timing.link_alert_s:
        state.link_alerted = True
        text = f"no broker link for {age_s:.0f} s: {state.session_reason}"
        state.alert(out, now, Severity.CRITICAL, "disconnect", text)
