"""Changing limits while the core runs: tighter at once, looser in a second step or with the next session."""

from __future__ import annotations

from tradetui.domain.alert import Severity
from tradetui.domain.clock import Now
from tradetui.domain.errors import OperatorError
from tradetui.domain.events import Command
from tradetui.risk.limit_names import changed, is_tighter, tightened
from tradetui.trading.limit_book import CONFIRMED, DROPPED, SESSION, STAGED, TIGHTER
from tradetui.trading.out import Out
from tradetui.trading.state import CoreState

Answer = tuple[str, str]


def begin_limits(state: CoreState, out: Out, now: Now) -> None:
    """Journal what the configuration says at a start, and tell what it made looser since the last one."""
    book = state.limit_book
    looser = [item for item in book.file_changes if item.is_looser]
    for saved in book.begin(now.market_ns):
        out.record(saved)
    if looser:
        names = ", ".join(item.name for item in looser)
        detail = "; ".join(f"{item.name} {_shown(item.before)} -> {_shown(item.value)}" for item in looser)
        state.alert(out, now, Severity.WARNING, "limits", f"the configuration loosened limits: {names}", detail=detail)


def set_limit(state: CoreState, out: Out, now: Now, command: Command) -> Answer:
    """Tighten a limit now, or stage a looser value."""
    book, name, value = state.limit_book, command.target, command.qty
    if value is None:
        return "denied", "give the new value, a number"
    old = book.value(name)
    if value == old and name not in book.staged:
        return "done", f"{name} is {_shown(old)} already"
    try:
        changes = _changes(state, name, value)
        if value != old and not is_tighter(name, old, value):
            return _stage(state, out, now, command, value, old)
        book.apply(changes)
    except OperatorError as error:
        return "denied", str(error)
    for key in changes:
        out.record(book.entry(key, TIGHTER, command.who, command.reason, now.market_ns), durable=True)
    others = [f"{key} too" for key in changes if key != name]
    text = ", ".join([f"{name} {_shown(old)} -> {_shown(value)}", *others])
    state.note(out, now, "WARNING", "limits", f"{text}, by {command.who}; limits version {book.version}")
    return "done", f"{text}; holds now (limits version {book.version})"


def _changes(state: CoreState, name: str, value: float) -> dict[str, float]:
    """Return all that changes with a limit.

    Raises:
        OperatorError: it cannot be changed so.
    """
    kind, _, rest = name.partition(".")
    whom = rest.rpartition(".")[0]
    names = {"strategy": frozenset(state.strategies), "symbol": frozenset(state.instruments)}
    known = names.get(kind)
    if known is not None and whom not in known:
        raise OperatorError(f"no {kind} {whom!r} here; there are {', '.join(sorted(known)) or 'none'}")
    changes = tightened(state.limits.account, name, value)
    changed(state.limits.account, changes)
    return changes


def _stage(state: CoreState, out: Out, now: Now, command: Command, value: float, old: float | None) -> Answer:
    book, name = state.limit_book, command.target
    if not command.reason.strip():
        return "denied", f"{_shown(value)} is looser than {_shown(old)}: give a reason"
    date = state.settings.calendar.session_date(now.market_ns).isoformat()
    saved = book.entry(name, STAGED, command.who, command.reason, now.market_ns, staged=value, date=date)
    out.record(saved, durable=True)
    text = f"{name} {_shown(old)} -> {_shown(value)} is looser and waits"
    state.note(out, now, "WARNING", "limits", f"{text}, by {command.who}")
    return "done", f"{text}: `tradetui risk confirm {name}` lets it hold now, else it holds after the session {date}"


def confirm_limit(state: CoreState, out: Out, now: Now, command: Command) -> Answer:
    """Let a staged value hold now, on the account's last four characters."""
    book, name = state.limit_book, command.target
    waiting = book.staged.get(name)
    if waiting is None or waiting.staged is None:
        return "denied", f"nothing is staged for {name!r}"
    if not state.is_account_word(command.confirm):
        return "denied", "type the last four characters of the account to confirm"
    old = book.value(name)
    try:
        book.apply({name: waiting.staged})
    except OperatorError as error:
        return "denied", str(error)
    out.record(book.entry(name, CONFIRMED, command.who, waiting.reason, now.market_ns), durable=True)
    text = f"{name} {_shown(old)} -> {_shown(waiting.staged)}"
    state.alert(out, now, Severity.WARNING, "limits", f"{command.who} loosened {name}", detail=text)
    return "done", f"{text}; holds now (limits version {book.version})"


def drop_limit(state: CoreState, out: Out, now: Now, command: Command) -> Answer:
    """Forget a staged value."""
    book, name = state.limit_book, command.target
    if name not in book.staged:
        return "denied", f"nothing is staged for {name!r}"
    out.record(book.entry(name, DROPPED, command.who, command.reason, now.market_ns), durable=True)
    return "done", f"{name} stays {_shown(book.value(name))}"


def apply_due(state: CoreState, out: Out, now: Now, date: str) -> None:
    """Let what was staged before the session of `date` hold."""
    book = state.limit_book
    for name, waiting in book.staged.items():
        if waiting.staged is None or waiting.staged_date >= date:
            continue
        what = SESSION
        try:
            book.apply({name: waiting.staged})
        except OperatorError as error:  # another limit was tightened since
            what = DROPPED
            state.note(out, now, "WARNING", "limits", f"staged {name} {waiting.staged:g} was dropped: {error}")
        out.record(book.entry(name, what, waiting.who, waiting.reason, now.market_ns), durable=True)
        if what == SESSION:
            text = f"{name} is {waiting.staged:g} from this session on, staged by {waiting.who}"
            state.alert(out, now, Severity.WARNING, "limits", text)


def _shown(value: float | None) -> str:
    return "none" if value is None else f"{value:,.10g}"
