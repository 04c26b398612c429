"""The trading day: where daily figures are measured from, and the equity record.

Invariants: a day begins with a session, never with a clock alone, and what it began with is journaled with it, so that
a restart measures from the same figures. No high is taken from one price that nothing confirmed.
"""

from __future__ import annotations

from tradetui.domain.clock import SECOND_NS, Now
from tradetui.domain.records import DayFigureSaved, DayStarted, EquityMarked
from tradetui.trading.breakers import watch_breakers, watch_close
from tradetui.trading.figures import Prices, begin_day, equity_at
from tradetui.trading.latches import clear_next_session
from tradetui.trading.limit_commands import apply_due
from tradetui.trading.out import Out
from tradetui.trading.state import CoreState

#: Answers kept for commands that may be delivered again.
KEEP_COMMANDS = 1000


def on_time(state: CoreState, out: Out, now: Now) -> None:
    """Roll the day when a session begins, mark equity, trip breakers, close what has to be flat at the close."""
    equity, sure = state.equity(), equity_at(state, now, Prices.HARSHER)
    if equity is None or sure is None:
        watch_close(state, out, now)
        watch_breakers(state, out, now)
        return
    _roll(state, out, now, equity)
    state.peak_equity = max(state.peak_equity or sure, sure)
    state.day_high = max(state.day_high or sure, sure)
    if now.market_ns - state.last_equity_ns >= state.settings.timing.equity_every_s * SECOND_NS:
        _mark(state, out, now, equity)
    watch_close(state, out, now)
    watch_breakers(state, out, now)


def _roll(state: CoreState, out: Out, now: Now, equity: float) -> None:
    session = state.settings.calendar.session_at(now.market_ns)
    if state.day is not None and session is None:
        return  # the day's figures stand until the next session opens
    date = (session.date if session else state.settings.calendar.session_date(now.market_ns)).isoformat()
    if state.day is not None and state.day.date == date:
        return
    state.day = DayStarted(date=date, equity=equity, realized=state.ledger.realized, ts_ns=now.market_ns)
    out.record(state.day, durable=True)
    state.day_high = None
    state.conduct.begin_day()
    state.day_totals = begin_day(state, now)
    # One row at least: a restart then knows that the others are complete.
    out.record(DayFigureSaved(date, "account", "", state.ledger.realized))
    for (kind, name), total in state.day_totals.items():
        out.record(DayFigureSaved(date, kind, name, total))
    state.note(out, now, "INFO", "day", f"trading day {date} begins")
    clear_next_session(state, out, now, date)
    apply_due(state, out, now, date)
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
            day_high=state.day_high,
        )
    )
