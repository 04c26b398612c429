"""Letting a strategy trade again that a breaker stopped: a person's decision, with a reason, on the record."""

from __future__ import annotations

from tradetui.domain.clock import Now
from tradetui.domain.events import Command
from tradetui.domain.latch import ClearedBy
from tradetui.domain.records import StrategyRearmed
from tradetui.trading.latches import clear_latch
from tradetui.trading.out import Out
from tradetui.trading.state import CoreState

Answer = tuple[str, str]


def rearm(state: CoreState, out: Out, now: Now, command: Command) -> Answer:
    """Clear the breakers of one strategy that wait for this; what it did so far does not count against it any more."""
    name = command.target
    if name not in state.strategies:
        return "denied", f"no strategy {name!r}; there are {', '.join(sorted(state.strategies)) or 'none'}"
    keys = [
        key for key, latch in state.latches.items() if latch.strategy == name and latch.cleared_by is ClearedBy.REARM
    ]
    others = off_text(state, name, without=ClearedBy.REARM)
    if not keys:
        return "denied", f"{name} waits for no re-arming" + (f"; it is off: {others}" if others else "")
    if not command.reason.strip():
        return "denied", "give a reason"
    state.rearmed_ns[name] = now.market_ns
    state.conduct.rearm(name)
    out.record(StrategyRearmed(name, command.who, command.reason, now.market_ns), durable=True)
    for key in keys:
        clear_latch(state, out, now, key, command.who, command.reason)
    return "done", f"{name} is armed again" + (f", but still off: {others}" if others else "")


def off_text(state: CoreState, name: str, *, without: ClearedBy | None = None) -> str:
    """Return why a strategy may not add exposure by latches of its own, empty when it may."""
    latches = [item for item in state.latches.values() if item.strategy == name and item.cleared_by is not without]
    return "; ".join(f"{latch.why} (cleared by: {latch.cleared_by.value})" for latch in latches)
