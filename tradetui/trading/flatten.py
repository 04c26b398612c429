"""Flatten: cancel, close what the broker says is held, prove it. Idempotent, and it never crosses zero.

Each pass closes exactly the broker's own position, read after the last own order in the symbol had ended and after the
last fill, so a resting stop and a closing order can never both sell. It ends when the broker's list reads flat twice,
or stays in a loud NOT FLAT state and goes on trying.
"""

from __future__ import annotations

from tradetui.domain.actions import Reply
from tradetui.domain.alert import Severity
from tradetui.domain.clock import SECOND_NS, Now
from tradetui.domain.events import BrokerSnapshot, SessionState
from tradetui.domain.ids import intent_id
from tradetui.domain.ledger import FLATTEN
from tradetui.domain.order import Intent, OrderType, Purpose, Side, TimeInForce
from tradetui.risk.gate import Gate
from tradetui.trading.orders import cancel
from tradetui.trading.out import Out
from tradetui.trading.state import CoreState, FlattenRun
from tradetui.trading.submit import submit

PROOFS = 2


def start(state: CoreState, out: Out, now: Now, command_id: str, who: str, symbols: tuple[str, ...]) -> str:
    """Begin a flatten of `symbols` (empty: all); return what was begun, or that one is running."""
    run = state.flatten
    if run is not None and not run.outcome:
        run.joined.append(command_id)
        missing = set(symbols) - set(run.symbols) if run.symbols else set()
        if symbols and not missing:
            return "this flatten is in progress already"
        run.symbols = tuple(sorted(set(run.symbols) | set(symbols))) if symbols and run.symbols else ()
        advance(state, out, now)
        return "the flatten in progress now covers these symbols too"
    state.flatten = FlattenRun(command_id, who, symbols, now, now.mono_ns)
    names = ", ".join(symbols) if symbols else "every symbol"
    state.alert(out, now, Severity.CRITICAL, "flatten", f"flatten of {names} ordered by {who}")
    advance(state, out, now)
    return f"flattening {names}: cancel, close, prove"


def targets(state: CoreState, run: FlattenRun) -> list[str]:
    """Return the symbols a run is about."""
    return sorted(run.symbols or state.instruments)


def advance(state: CoreState, out: Out, now: Now) -> None:
    """Push a running flatten on: cancel what is live, look when nothing is, raise the alarm when it takes long."""
    run = state.flatten
    if run is None or run.outcome:
        return
    waiting = False
    for symbol in targets(state, run):
        for order in state.book.live(symbol):
            waiting = True
            if order.intent.purpose is not Purpose.FLATTEN and order.cancel_mono_ns is None:
                cancel(state, out, now, order, "flatten")
            run.evidence_after_mono_ns = now.mono_ns
            run.flat_seen[symbol] = 0
    if not run.alarmed:  # a NOT FLAT stays on the screen until it is flat
        run.phase = "cancelling and closing" if waiting else "reading the broker's position"
    if not waiting:
        state.ask_snapshot(out, now, "flatten")
    age_s = (now.mono_ns - run.started.mono_ns) / SECOND_NS
    if age_s > state.settings.timing.flatten_alarm_s:
        _alarm(state, out, now, run, f"not flat after {age_s:.0f} s")


def on_positions(state: CoreState, out: Out, now: Now, gate: Gate, snapshot: BrokerSnapshot) -> None:
    """Use a reading of the broker's positions as evidence: close what is held, or count a proof."""
    run = state.flatten
    if run is None or run.outcome or snapshot.positions is None:
        return
    for symbol in targets(state, run):
        if abs((state.broker_positions or {}).get(symbol, 0.0)) > 1e-9:
            # Whatever else this reading is good for, what read flat before it proves nothing any more.
            run.flat_seen[symbol] = 0
            run.evidence_after_mono_ns = max(run.evidence_after_mono_ns, snapshot.started_mono_ns)
    if snapshot.open_orders is None or state.session is not SessionState.READY:
        return
    if snapshot.started_mono_ns < run.evidence_after_mono_ns:
        return
    for symbol in targets(state, run):
        if state.book.live(symbol):
            continue
        last_trade = state.last_trade_mono_ns.get(symbol)
        if last_trade is not None and last_trade > snapshot.started_mono_ns:
            run.flat_seen[symbol] = 0  # it was traded since: what read flat before proves nothing any more
            continue
        qty = (state.broker_positions or {}).get(symbol, 0.0)
        if abs(qty) < 1e-9:
            run.flat_seen[symbol] = run.flat_seen.get(symbol, 0) + 1
        else:
            run.flat_seen[symbol] = 0
            _close(state, out, now, gate, run, symbol, qty)
    if all(run.flat_seen.get(symbol, 0) >= PROOFS for symbol in targets(state, run)):
        _finish(state, out, now, run)


def _close(state: CoreState, out: Out, now: Now, gate: Gate, run: FlattenRun, symbol: str, held: float) -> None:
    if state.settings.calendar.session_at(now.market_ns) is None:
        _alarm(state, out, now, run, f"{symbol}: {held:g} held, the market is closed; it goes on at the open")
        return
    number = run.passes.get(symbol, 0) + 1
    if number > state.settings.timing.flatten_passes * (1 + len(run.joined)):
        _alarm(state, out, now, run, f"{symbol}: {held:g} held after {number - 1} closing orders")
        if now.mono_ns - run.closed_mono_ns[symbol] < state.settings.timing.flatten_alarm_s * SECOND_NS:
            return  # what fails again and again is tried less often, but never given up
    run.passes[symbol] = number
    run.closed_mono_ns[symbol] = now.mono_ns
    intent = Intent(
        intent_id=intent_id(FLATTEN, symbol, run.started.market_ns, f"{run.command_id}:{number}"),
        strategy=FLATTEN,
        symbol=symbol,
        side=Side.SELL if held > 0 else Side.BUY,
        qty=abs(held),
        purpose=Purpose.FLATTEN,
        order_type=OrderType.MARKET,
        tif=TimeInForce.DAY,
        bar_end_ns=run.started.market_ns,
        leg=f"{run.command_id}:{number}",
        reason=f"flatten by {run.who}",
        decided_ns=now.market_ns,
        reference_price=state.mark(symbol),
    )
    if submit(state, out, now, gate, intent):
        run.evidence_after_mono_ns = now.mono_ns + 1


def _finish(state: CoreState, out: Out, now: Now, run: FlattenRun) -> None:
    run.outcome = "FLAT"
    run.phase = "done"
    names = ", ".join(targets(state, run))
    state.alert(out, now, Severity.INFO, "flatten", f"FLAT, proved by {PROOFS} readings of the broker", closes=True)
    text = f"FLAT: the broker's own list shows nothing held in {names}"
    for command_id in (run.command_id, *run.joined):
        state.commands[command_id] = ("done", text)
        out.then(Reply(command_id, "done", text))


def _alarm(state: CoreState, out: Out, now: Now, run: FlattenRun, text: str) -> None:
    run.phase = f"NOT FLAT: {text}"
    if not run.alarmed:
        run.alarmed = True
        state.alert(out, now, Severity.CRITICAL, "not_flat", f"NOT FLAT: {text.partition(':')[0]}", detail=text)
        for command_id in (run.command_id, *run.joined):
            out.then(Reply(command_id, "accepted", f"NOT FLAT: {text}"))
