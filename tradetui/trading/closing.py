"""The end of a session: a look at the broker shortly before the close, and one after it that the day is settled by.

Before the close there is still time to act on a difference; after it the day's figures are told once, with everything
that is not proved.
"""

from __future__ import annotations

from tradetui.domain.alert import Severity
from tradetui.domain.clock import SECOND_NS, Now
from tradetui.domain.events import BrokerSnapshot
from tradetui.domain.order_state import OrderState
from tradetui.trading.out import Out
from tradetui.trading.reconcile import CASH_TOLERANCE
from tradetui.trading.state import CoreState


def watch_close(state: CoreState, out: Out, now: Now) -> None:
    """Ask for the look before the close and for the one after it. Run by the timer."""
    session = state.settings.calendar.session_at(now.market_ns)
    closing = state.closing
    if session is None:
        if closing.date and closing.ended_mono_ns is None:
            closing.ended_mono_ns = now.mono_ns
            state.ask_snapshot(out, now, "end of day")
        return
    closing.ended_mono_ns = None
    closing.date = session.date.isoformat()
    near = session.close_ns - now.market_ns <= state.settings.timing.close_look_s * SECOND_NS
    if near and closing.looked != closing.date and state.snapshot_asked_mono_ns is None:
        closing.looked = closing.date
        state.ask_snapshot(out, now, "before the close")


def settle_day(state: CoreState, out: Out, now: Now, snapshot: BrokerSnapshot) -> None:
    """Tell the day's result when a complete look began after its close."""
    closing = state.closing
    if closing.ended_mono_ns is None or not snapshot.is_complete or snapshot.started_mono_ns < closing.ended_mono_ns:
        return
    open_points = _open_points(state)
    severity = Severity.WARNING if open_points else Severity.INFO
    text = f"trading day {closing.date} ended" + (f", not settled: {'; '.join(open_points)}" if open_points else "")
    state.alert(out, now, severity, "day_end", text, detail=_figures(state))
    closing.date, closing.ended_mono_ns = "", None


def _open_points(state: CoreState) -> list[str]:
    unknown = sum(order.state is OrderState.UNKNOWN for order in state.book.live())
    points = [f"position of {symbol} differs" for symbol in sorted(state.mismatches)]
    if unknown:
        points.append(f"{unknown} UNKNOWN order(s)")
    if state.reported_filled:
        points.append(f"executions of {len(state.reported_filled)} order(s) are missing")
    if abs(state.cash_difference or 0.0) > CASH_TOLERANCE:
        points.append("cash differs")
    if state.ledger.is_provisional:
        points.append("commissions are missing")
    return points


def _figures(state: CoreState) -> str:
    pnl, equity = state.day_pnl(), state.equity()
    held = [f"{position.qty:g} {position.symbol}" for position in state.ledger.positions() if position.qty]
    parts = [
        "P&L unknown" if pnl is None else f"P&L {pnl:+,.2f}",
        "equity unknown" if equity is None else f"equity {equity:,.2f}",
        f"holding {', '.join(held)}" if held else "flat",
        f"{len(state.book.live())} working order(s)",
    ]
    return ", ".join(parts)
