"""Turns breaches of the post-trade controls into latches, and sees that a latch that demands flat gets it.

Invariants: a breaker trips once and stays tripped over any restart until what clears it comes; a flatten that a latch
demanded is begun again after a crash, until the broker's own list has proved it; while KILLED none is begun, because
only the operator closes positions then.
"""

from __future__ import annotations

from dataclasses import replace

from tradetui.domain.alert import Severity
from tradetui.domain.clock import Now
from tradetui.domain.latch import ClearedBy, Latch, TradingState
from tradetui.domain.records import LatchSaved
from tradetui.risk.limits import BreakerAction
from tradetui.risk.post_trade import Reading, readings
from tradetui.trading.figures import day_figures
from tradetui.trading.flatten import start as start_flatten
from tradetui.trading.latches import covers, set_latch
from tradetui.trading.out import Out
from tradetui.trading.state import CoreState

WHO = "breaker"


def watch_breakers(state: CoreState, out: Out, now: Now) -> None:
    """Trip what is breached now, and go on with the flattens that latches demand."""
    for reading in readings(day_figures(state, now), state.limits):
        if reading.breached and reading.key not in state.latches:
            _trip(state, out, now, reading)
    pursue_flattens(state, out, now)


def _trip(state: CoreState, out: Out, now: Now, reading: Reading) -> None:
    whom = "" if reading.strategy is None and reading.symbol is None else f" ({reading.scope})"
    latch = Latch(
        key=reading.key,
        state=TradingState.HALTED,
        who=WHO,
        why=f"the limit on {reading.label} was reached{whom}",
        ts_ns=now.market_ns,
        cleared_by=reading.cleared_by,
        session_date=state.day.date if state.day is not None else "",
        strategy=reading.strategy,
        symbol=None if reading.strategy is not None else reading.symbol,
        flatten_pending=state.limits.account.action(reading.code) is BreakerAction.FLATTEN,
    )
    detail = f"{reading.measured:,.6g} {reading.unit}, limit {reading.limit:,.6g}"
    if latch.flatten_pending and state.trading_state is TradingState.KILLED:
        detail += "; KILLED: nothing is closed unless you flatten"
    set_latch(state, out, now, latch, Severity.CRITICAL, detail)


def watch_close(state: CoreState, out: Out, now: Now) -> None:
    """Close what has to be flat before the session ends: the account, or the strategies that say so."""
    session = state.settings.calendar.session_at(now.market_ns)
    if session is None:
        return
    left_min = (session.close_ns - now.market_ns) / 60e9
    date = session.date.isoformat()
    if left_min <= state.limits.account.flat_minutes_before_close:
        _flat_at_close(state, out, now, date, None)
        return
    for name in state.strategies:
        if left_min <= state.limits.of(name, "").flat_minutes_before_close:
            _flat_at_close(state, out, now, date, name)


def _flat_at_close(state: CoreState, out: Out, now: Now, date: str, strategy: str | None) -> None:
    key = "flat_at_close" if strategy is None else f"flat_at_close:{strategy}"
    latch = state.latches.get(key)
    if latch is None:
        latch = Latch(
            key=key,
            state=TradingState.HALTED,
            who="core",
            why="flat at the close" if strategy is None else f"{strategy} is flat at the close",
            ts_ns=now.market_ns,
            cleared_by=ClearedBy.NEXT_SESSION,
            session_date=date,
            strategy=strategy,
        )
        set_latch(state, out, now, latch, None)
    if not latch.flatten_pending and _is_held(state, strategy):
        _save(state, out, replace(latch, flatten_pending=True))


def _is_held(state: CoreState, strategy: str | None) -> bool:
    """Return whether a strategy of ours (this one, if named) holds anything: what others hold is not fought.

    What the broker does not hold cannot be closed; that the books differ is told by the look that found it.
    """
    theirs = state.broker_positions
    return any(
        position.qty and owner in state.strategies and strategy in (None, owner)
        for owner, position in state.ledger.owner_positions()
        if theirs is None or theirs.get(position.symbol)
    )


def pursue_flattens(state: CoreState, out: Out, now: Now) -> None:
    """Begin the flatten of every latch that demands one, or note that it is proved. None begins while KILLED."""
    for latch in [latch for latch in state.latches.values() if latch.flatten_pending]:
        symbols = _covered(state, latch)
        run = state.flatten
        served = latch.key in state.flatten_serves
        if symbols == () and not latch.is_general:
            _end(state, out, latch)  # nothing of it is held or being traded
        elif run is not None and not run.outcome and served and all(covers(run, symbol) for symbol in symbols):
            continue
        elif served and run is not None and run.outcome:
            _end(state, out, latch)
        elif state.trading_state is not TradingState.KILLED:
            state.flatten_serves.add(latch.key)
            start_flatten(state, out, now, f"breaker:{latch.key}:{now.market_ns}", WHO, symbols)


def _covered(state: CoreState, latch: Latch) -> tuple[str, ...]:
    """Return the symbols to close for a latch; empty for the whole account, or when a strategy is out of all."""
    if latch.strategy is None:
        return () if latch.symbol is None else (latch.symbol,)
    held = {item.symbol for owner, item in state.ledger.owner_positions() if item.qty and owner == latch.strategy}
    live = {order.intent.symbol for order in state.book.live() if order.intent.strategy == latch.strategy}
    return tuple(sorted(held | live))


def _end(state: CoreState, out: Out, latch: Latch) -> None:
    state.flatten_serves.discard(latch.key)
    _save(state, out, replace(latch, flatten_pending=False))


def _save(state: CoreState, out: Out, latch: Latch) -> None:
    state.latches[latch.key] = latch
    out.record(LatchSaved(latch), durable=True)
