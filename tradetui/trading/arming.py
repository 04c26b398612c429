"""Arming: a live core takes no new exposure until an operator has seen account, limits and changes, and typed for it.

The invariant: armed belongs to one process and one session. It is never restored from the journal, it ends when the
session has closed, and it is given only for exactly the configuration that was shown.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from tradetui.domain.clock import Now
from tradetui.domain.events import Command, SessionState
from tradetui.domain.latch import ClearedBy, Latch, TradingState
from tradetui.domain.records import ArmedFact, ArmedSaved
from tradetui.trading.latches import clear_latch, set_latch
from tradetui.trading.out import Out
from tradetui.trading.state import CoreState

#: Key of the latch that holds a live core until it is armed.
NOT_ARMED = "not_armed"


def arming_digest(facts: Mapping[str, str]) -> str:
    """Return what names this configuration between the screen that showed it and the core that runs it."""
    return hashlib.sha256(json.dumps(sorted(facts.items())).encode()).hexdigest()[:12]


def is_armed(state: CoreState) -> bool | None:
    """Return whether new exposure is armed; None where nothing has to be armed."""
    return NOT_ARMED not in state.latches if state.settings.live else None


def begin_disarmed(state: CoreState, out: Out, now: Now) -> None:
    """Hold a live core at its start, whatever an earlier process was."""
    if state.settings.live:
        state.latches.pop(NOT_ARMED, None)
        _disarm(state, out, now, "core", "NOT ARMED: no new exposure until `tradetui arm`")


def watch_armed(state: CoreState, out: Out, now: Now) -> None:
    """End what was armed once its session has closed."""
    if is_armed(state) and _session(state, now) != state.armed_for:
        _disarm(state, out, now, "core", f"NOT ARMED: the armed session {state.armed_for} has ended")


def arm(state: CoreState, out: Out, now: Now, command: Command) -> tuple[str, str]:
    """Allow new exposure until the end of the session, on the account's last four characters."""
    armed = is_armed(state)
    if armed is None:
        return "denied", "this is no live profile: nothing has to be armed"
    if armed:
        return "done", f"armed already, until the session {state.armed_for} ends"
    if state.session is not SessionState.READY or not state.account:
        return "denied", "not synced with the broker, so the account is not proved; wait for READY"
    if command.target != arming_digest(state.settings.arming):
        return "denied", "what was shown is not what this core runs; look at it again"
    if not state.is_account_word(command.confirm):
        return "denied", "type the last four characters of the account to confirm"
    state.armed_for = _session(state, now)
    state.armed = ArmedSaved(
        date=state.armed_for,
        who=command.who,
        ts_ns=now.market_ns,
        facts=tuple(ArmedFact(name, value) for name, value in sorted(state.settings.arming.items())),
    )
    out.record(state.armed, durable=True)
    clear_latch(state, out, now, NOT_ARMED, command.who, command.reason or f"armed for the session {state.armed_for}")
    return "done", f"ARMED until the session {state.armed_for} ends; the trading state is {state.trading_state.name}"


def disarm(state: CoreState, out: Out, now: Now, command: Command) -> tuple[str, str]:
    """Take the arming back: no new exposure, working entries are cancelled, exits and stops go on."""
    armed = is_armed(state)
    if armed is None:
        return "denied", "this is no live profile: nothing has to be armed; pause stops new exposure"
    if not armed:
        return "done", "not armed already"
    _disarm(state, out, now, command.who, f"NOT ARMED: disarmed by {command.who}")
    return "done", "NOT ARMED: no new exposure; entries are cancelled, exits and stops go on"


def arming_rows(state: CoreState) -> dict[str, dict[str, str | None]]:
    """Return what is armed by name: `now`, and `armed`, the value it had when it was last armed (None: not there)."""
    if not state.settings.live:
        return {}
    before = {} if state.armed is None else {fact.name: fact.value for fact in state.armed.facts}
    names = sorted({*state.settings.arming, *before})
    return {name: {"now": state.settings.arming.get(name), "armed": before.get(name)} for name in names}


def last_armed(state: CoreState) -> str:
    """Return when and by whom it was last armed, empty when never."""
    return "" if state.armed is None else f"{state.armed.date} by {state.armed.who}"


def _session(state: CoreState, now: Now) -> str:
    return state.settings.calendar.current_or_next(now.market_ns).date.isoformat()


def _disarm(state: CoreState, out: Out, now: Now, who: str, why: str) -> None:
    latch = Latch(
        key=NOT_ARMED,
        state=TradingState.PAUSED,
        who=who,
        why=why,
        ts_ns=now.market_ns,
        cleared_by=ClearedBy.ARMING,
    )
    set_latch(state, out, now, latch, None)
