"""The operator's commands. Each is carried out once per command id; each is journaled with what came of it."""

from __future__ import annotations

from typing import assert_never

from tradetui.domain.actions import Reply, StopCore, SwitchStrategy
from tradetui.domain.alert import Severity
from tradetui.domain.clock import Now
from tradetui.domain.events import Command, CommandKind, SessionState
from tradetui.domain.latch import ClearedBy, Latch, TradingState
from tradetui.domain.records import CommandSaved
from tradetui.trading.arming import arm, disarm
from tradetui.trading.flatten import start as start_flatten
from tradetui.trading.latches import RESTART, clear_latch, live_risk_orders, set_latch
from tradetui.trading.limit_commands import confirm_limit, drop_limit, set_limit
from tradetui.trading.orders import cancel
from tradetui.trading.out import Out
from tradetui.trading.rearm import off_text, rearm
from tradetui.trading.repair import adjust, adopt_positions, assign, close_unknown, unlock
from tradetui.trading.review import is_clean, review_text
from tradetui.trading.state import CoreState, PendingKill

KILL = "kill"
PAUSE = "pause"

Answer = tuple[str, str]


def on_command(state: CoreState, out: Out, now: Now, command: Command) -> None:
    """Carry out a command, or repeat its answer when it was carried out already."""
    known = state.commands.get(command.command_id)
    if known is not None:
        out.then(Reply(command.command_id, *known))
        return
    status, text = state.commands[command.command_id] = _carry_out(state, out, now, command)
    out.record(
        CommandSaved(
            command_id=command.command_id,
            kind=command.kind,
            who=command.who,
            detail=_detail(command),
            result=f"{status}: {text}",
            ts_ns=now.market_ns,
        ),
        durable=True,
    )
    state.note(out, now, "INFO", "command", f"{command.who}: {command.kind} -> {status}: {text}")
    out.then(Reply(command.command_id, status, text))


def _detail(command: Command) -> str:
    figures = (("qty", command.qty), ("price", command.price), ("cash", command.cash))
    told = [f"{name} {value:g}" for name, value in figures if value is not None]
    words = (*command.symbols, command.target, command.owner, *told, command.reason)
    return " ".join(word for word in words if word)


def _carry_out(state: CoreState, out: Out, now: Now, command: Command) -> Answer:
    match command.kind:
        case CommandKind.KILL:
            return kill(state, out, now, command.command_id, command.who, command.reason or "operator")
        case CommandKind.UNKILL:
            return _unkill(state, out, now, command)
        case CommandKind.PAUSE:
            return _pause(state, out, now, command)
        case CommandKind.RESUME:
            return _resume(state, out, now, command)
        case CommandKind.FLATTEN:
            return _flatten(state, out, now, command)
        case CommandKind.CANCEL | CommandKind.CANCEL_ALL:
            return _cancel(state, out, now, command)
        case CommandKind.STRATEGY_START | CommandKind.STRATEGY_STOP:
            return _switch(state, out, command)
        case CommandKind.STRATEGY_REARM:
            return rearm(state, out, now, command)
        case CommandKind.LIMIT_SET:
            return set_limit(state, out, now, command)
        case CommandKind.LIMIT_CONFIRM:
            return confirm_limit(state, out, now, command)
        case CommandKind.LIMIT_DROP:
            return drop_limit(state, out, now, command)
        case CommandKind.ADOPT:
            return adopt_positions(state, out, now, command)
        case CommandKind.ASSIGN:
            return assign(state, out, now, command)
        case CommandKind.ADJUST:
            return adjust(state, out, now, command)
        case CommandKind.CLOSE_UNKNOWN:
            return close_unknown(state, out, now, command)
        case CommandKind.UNLOCK:
            return unlock(state, out, now, command)
        case CommandKind.ARM:
            return arm(state, out, now, command)
        case CommandKind.DISARM:
            return disarm(state, out, now, command)
        case CommandKind.ACK:
            return _acknowledge(state, command)
        case CommandKind.STOP:
            out.then(StopCore(f"stop ordered by {command.who}"))
            return "done", "the core stops; positions and protective stops stay"
        case _:
            assert_never(command.kind)


def kill(state: CoreState, out: Out, now: Now, command_id: str, who: str, why: str) -> Answer:
    """Latch KILLED and cancel every live order but protective stops; confirmed when none is left."""
    latch = Latch(
        key=KILL,
        state=TradingState.KILLED,
        who=who,
        why=f"killed: {why}",
        ts_ns=now.market_ns,
        cleared_by=ClearedBy.OPERATOR_TYPED,
    )
    fresh = set_latch(state, out, now, latch, Severity.CRITICAL)
    live = live_risk_orders(state)
    if not live:
        return "done", "KILLED; no order of ours is live" if fresh else "KILLED already; no order of ours is live"
    if state.kill is None:
        state.kill = PendingKill([], now.mono_ns)
    state.kill.command_ids.append(command_id)
    if state.session is not SessionState.READY:
        return "accepted", f"KILLED, NOT CONFIRMED: {len(live)} orders may be live at the broker; not connected"
    return "accepted", f"KILLED; cancelling {len(live)} orders"


def confirm_kill(state: CoreState, out: Out, now: Now) -> None:
    """Tell when the last order of a kill has ended."""
    pending = state.kill
    if pending is None or live_risk_orders(state):
        return
    state.kill = None
    text = "KILLED; every order has ended"
    state.note(out, now, "WARNING", "kill", text)
    for command_id in pending.command_ids:
        state.commands[command_id] = ("done", text)
        out.then(Reply(command_id, "done", text))


def _unkill(state: CoreState, out: Out, now: Now, command: Command) -> Answer:
    if KILL not in state.latches:
        return "denied", "trading is not killed"
    if not state.is_account_word(command.confirm):
        return "denied", "type the last four characters of the account to confirm"
    if not command.reason.strip():
        return "denied", "give a reason"
    if state.session is not SessionState.READY or state.last_reconcile_ns is None:
        return "denied", "not synced with the broker; wait for READY"
    if state.mismatches:
        return "denied", f"position differs in {', '.join(sorted(state.mismatches))}; resolve that first"
    # Out of KILLED the operator stands in PAUSED and looks around before trading goes on.
    _set_pause(state, out, now, command.who, "after a kill; resume when ready")
    clear_latch(state, out, now, KILL, command.who, command.reason)
    state.kill = None
    return "done", "no longer KILLED; PAUSED until you resume"


def _set_pause(state: CoreState, out: Out, now: Now, who: str, why: str) -> bool:
    latch = Latch(
        key=PAUSE,
        state=TradingState.PAUSED,
        who=who,
        why=why,
        ts_ns=now.market_ns,
        cleared_by=ClearedBy.OPERATOR,
    )
    return set_latch(state, out, now, latch, None)


def _pause(state: CoreState, out: Out, now: Now, command: Command) -> Answer:
    if not _set_pause(state, out, now, command.who, command.reason or "paused by the operator"):
        return "done", "PAUSED already"
    return "done", "PAUSED: no new exposure; entries are cancelled, exits and stops go on"


def _resume(state: CoreState, out: Out, now: Now, command: Command) -> Answer:
    if KILL in state.latches:
        return "denied", "trading is KILLED; only unkill, typed and with a reason, ends that"
    clearable = [
        key for key, latch in state.latches.items() if latch.cleared_by is ClearedBy.OPERATOR or key in (RESTART, PAUSE)
    ]
    if RESTART in clearable and not is_clean(state):
        clearable.remove(RESTART)
    for key in clearable:
        clear_latch(state, out, now, key, command.who, command.reason or "resumed")
    if "drawdown" in clearable:
        state.peak_equity = state.equity()
    if RESTART in state.latches:
        return "done", f"still {state.trading_state.name}: the restart review is not clean ({review_text(state)})"
    if state.trading_state is not TradingState.RUN:
        return "done", f"still {state.trading_state.name}: {state.trading_why}"
    off = sorted(name for name in state.strategies if off_text(state, name))
    left = f"; still off: {', '.join(off)}, see `tradetui why`" if off else ""
    return "done", f"RUN: trading goes on{left}"


def _flatten(state: CoreState, out: Out, now: Now, command: Command) -> Answer:
    unknown = [symbol for symbol in command.symbols if symbol not in state.instruments]
    if unknown:
        known = ", ".join(sorted(state.instruments))
        return "denied", f"{', '.join(unknown)} is not traded here; symbols are {known}"
    if command.confirm != "flatten" and not state.is_account_word(command.confirm):
        return "denied", "type flatten to confirm"
    if state.settings.live and not state.is_account_word(command.confirm):
        return "denied", "this is LIVE: type the last four characters of the account to confirm"
    held_back = _stay_flat(state, out, now, command)
    begun = start_flatten(state, out, now, command.command_id, command.who, command.symbols)
    return "accepted", f"{begun}; {held_back}"


def _stay_flat(state: CoreState, out: Out, now: Now, command: Command) -> str:
    """Hold entries back until the operator resumes: who closes by hand does not want it bought back at the next bar."""
    if not command.symbols:
        _set_pause(state, out, now, command.who, "flattened; resume to trade again")
        return "PAUSED until you resume"
    for symbol in command.symbols:
        latch = Latch(
            key=f"flattened:{symbol}",
            state=TradingState.PAUSED,
            who=command.who,
            why=f"{symbol} was flattened; resume to trade it again",
            ts_ns=now.market_ns,
            cleared_by=ClearedBy.OPERATOR,
            symbol=symbol,
        )
        set_latch(state, out, now, latch, None)
    return f"no entries in {', '.join(command.symbols)} until you resume"


def _cancel(state: CoreState, out: Out, now: Now, command: Command) -> Answer:
    everything = command.kind is CommandKind.CANCEL_ALL
    chosen = [
        order
        for order in state.book.live()
        if (everything and (not command.symbols or order.intent.symbol in command.symbols))
        or order.intent.intent_id == command.target
    ]
    if not chosen:
        return "denied", "no live order of ours matches"
    for order in chosen:
        cancel(state, out, now, order, f"cancelled by {command.who}")
    return "accepted", f"cancelling {len(chosen)} order{'s' if len(chosen) > 1 else ''}"


def _acknowledge(state: CoreState, command: Command) -> Answer:
    number = int(command.target) if command.target.isdecimal() else 0
    if not 0 < number < state.alert_number:
        return "denied", f"no alert {command.target!r}"
    if number <= state.acknowledged:
        return "done", f"alerts up to {state.acknowledged} are read already, by {state.acknowledged_by}"
    state.acknowledged, state.acknowledged_by = number, command.who
    return "done", f"alerts up to {number} are read"


def _switch(state: CoreState, out: Out, command: Command) -> Answer:
    facts = state.strategies.get(command.target)
    if facts is None:
        return "denied", f"no strategy {command.target!r}; there are {', '.join(sorted(state.strategies)) or 'none'}"
    run = command.kind is CommandKind.STRATEGY_START
    facts.stopped_by = "" if run else command.who
    if run:
        facts.errors = 0
    out.then(SwitchStrategy(command.target, run, command.reason or f"by {command.who}"))
    return "accepted", f"{'starting' if run else 'stopping'} {command.target}"
