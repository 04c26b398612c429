"""The trading day: where daily figures are measured from, the loss and drawdown breakers, the equity record.

A breaker needs two bad marks in a row, so that one bad price does not stop the day. Latches survive a restart; the
daily loss latch ends with the next session, never with a clock alone.
"""

from __future__ import annotations

from tradetui.domain.alert import Severity
from tradetui.domain.clock import SECOND_NS, Now
from tradetui.domain.latch import ClearedBy, Latch, TradingState
from tradetui.domain.records import DayStarted, EquityMarked
from tradetui.risk.limits import BreakerAction
from tradetui.trading.flatten import start as start_flatten
from tradetui.trading.latches import clear_next_session, set_latch
from tradetui.trading.out import Out
from tradetui.trading.state import CoreState

MARKS_TO_TRIP = 2
#: Answers kept for commands that may be delivered again.
KEEP_COMMANDS = 1000


def on_time(state: CoreState, out: Out, now: Now) -> None:
    """Roll the day when a session begins, mark equity, trip breakers."""
    equity = state.equity()
    if equity is None:
        return
    _roll(state, out, now, equity)
    state.peak_equity = equity if state.peak_equity is None else max(state.peak_equity, equity)
    if now.market_ns - state.last_equity_ns >= state.settings.timing.equity_every_s * SECOND_NS:
        _mark(state, out, now, equity)
    _watch_loss(state, out, now)
    _watch_drawdown(state, out, now)


def _roll(state: CoreState, out: Out, now: Now, equity: float) -> None:
    session = state.settings.calendar.session_at(now.market_ns)
    if state.day is not None and session is None:
        return  # the day's figures stand until the next session opens
    date = (session.date if session else state.settings.calendar.session_date(now.market_ns)).isoformat()
    if state.day is not None and state.day.date == date:
        return
    state.day = DayStarted(date=date, equity=equity, realized=state.ledger.realized, ts_ns=now.market_ns)
    out.record(state.day, durable=True)
    state.loss_marks = 0
    state.note(out, now, "INFO", "day", f"trading day {date} begins")
    clear_next_session(state, out, now, date)
    state.book.forget_finished()
    for command_id in list(state.commands)[:-KEEP_COMMANDS]:
        del state.commands[command_id]
    state.absent_mono_ns.clear()
    kept = {order.intent.intent_id for order in state.book.all()}
    state.executions = {key: value for key, value in state.executions.items() if key in kept}


def _mark(state: CoreState, out: Out, now: Now, equity: float) -> None:
    state.last_equity_ns = now.market_ns
    out.record(
        EquityMarked(
            ts_ns=now.market_ns,
            date=state.day.date if state.day is not None else "",
            equity=equity,
            cash=state.ledger.cash or 0.0,
            realized=state.ledger.realized,
            unrealized=state.unrealized() or 0.0,
            peak_equity=state.peak_equity or equity,
        )
    )


def _watch_loss(state: CoreState, out: Out, now: Now) -> None:
    pnl, limit = state.day_pnl(), state.settings.limits.daily_loss_limit
    state.loss_marks = state.loss_marks + 1 if pnl is not None and -pnl >= limit else 0
    if state.loss_marks < MARKS_TO_TRIP or "daily_loss" in state.latches or pnl is None or state.day is None:
        return
    latch = Latch(
        key="daily_loss",
        state=TradingState.HALTED,
        who="breaker",
        why="the daily loss limit was reached",
        ts_ns=now.market_ns,
        cleared_by=ClearedBy.NEXT_SESSION,
        session_date=state.day.date,
    )
    _trip(state, out, now, latch)


def _watch_drawdown(state: CoreState, out: Out, now: Now) -> None:
    drawdown, limit = state.drawdown_pct(), state.settings.limits.max_drawdown_pct
    state.drawdown_marks = state.drawdown_marks + 1 if drawdown is not None and drawdown >= limit else 0
    if state.drawdown_marks < MARKS_TO_TRIP or "drawdown" in state.latches:
        return
    latch = Latch(
        key="drawdown",
        state=TradingState.HALTED,
        who="breaker",
        why="the drawdown limit was reached",
        ts_ns=now.market_ns,
        cleared_by=ClearedBy.OPERATOR,
    )
    _trip(state, out, now, latch)


def _trip(state: CoreState, out: Out, now: Now, latch: Latch) -> None:
    set_latch(state, out, now, latch, Severity.CRITICAL)
    if state.settings.limits.breaker_action is BreakerAction.FLATTEN:
        start_flatten(state, out, now, f"breaker:{latch.key}:{now.market_ns}", "breaker", ())
