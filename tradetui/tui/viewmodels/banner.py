"""The lines under the header that appear only when the operator must know something now, most severe first.

The invariant: while positions may be open, NOT FLAT stays until the broker's own numbers read flat (I20, I37).
"""

from __future__ import annotations

from collections.abc import Iterator

from tradetui.control.messages import Row
from tradetui.tui.link import Phase
from tradetui.tui.operator import Status
from tradetui.tui.viewmodels import rows
from tradetui.tui.viewmodels.formats import age, clock, signed
from tradetui.tui.viewmodels.model import Line, Span, Tone
from tradetui.tui.viewmodels.picture import Picture
from tradetui.tui.viewmodels.review import is_holding

_SEVERITY = {"KILLED": 3, "HALTED": 2, "PAUSED": 1}
#: How long the result of an ordinary command stays on the screen; it stays in the log.
RESULT_S = 10.0


def banner_lines(picture: Picture) -> tuple[Line, ...]:
    """Return the lines to show now."""
    return (
        *_core(picture),
        *_kill(picture),
        *_flatten(picture),
        *_latches(picture),
        *_review(picture),
        *_broker(picture),
        *_latest(picture),
    )


def not_flat(picture: Picture) -> tuple[str, ...]:
    """Return what keeps the account from being proved flat, such as `SPY +100` or `QQQ unknown`."""
    return tuple(_proof(picture))


def _proof(picture: Picture) -> Iterator[str]:
    known = 0
    for symbol, row in picture.section("positions").items():
        held = rows.number(row, "broker_qty")
        if held is None:
            yield f"{symbol} unknown"
        elif held != 0 or rows.number(row, "qty") != 0:
            yield f"{symbol} {signed(held)}"
        known += 1
    if not picture.broker_ready:
        yield "the broker's positions are not known now"
    elif not known:
        yield "nothing held, not yet proved"


def _core(picture: Picture) -> Iterator[Line]:
    link = picture.link
    if link.phase is Phase.CONNECTING:
        yield (Span(" attaching to the core ", Tone.CAUTION),)
    elif link.phase is Phase.SILENT:
        yield _alarm("CORE NOT ANSWERING", f"since {age(link.for_s)}; what is shown is that old, trading may go on")
    elif link.phase is Phase.DOWN:
        detail = f" ({link.detail})" if link.detail else ""
        yield _alarm("CORE NOT RUNNING", f"since {age(link.for_s)}{detail}; orders at the broker may still be live")
    if not link.compatible:
        yield _alarm("READ-ONLY", f"the core is version {link.core_version}, another protocol: only kill works")


def _kill(picture: Picture) -> Iterator[Line]:
    kill = picture.kill
    if kill is not None and not (kill.status in (Status.ACCEPTED, Status.DONE) and picture.trading_state == "KILLED"):
        yield _alarm(f"KILL {kill.status}", kill.text or "waiting for the core's answer")
    elif rows.flag(picture.core, "kill_pending"):
        live = len(picture.live_orders())
        yield _alarm("KILL NOT CONFIRMED", f"{live} orders may be live at the broker")


def _flatten(picture: Picture) -> Iterator[Line]:
    sent, running = picture.flatten, rows.text(picture.core, "flatten")
    if sent is not None and sent.status in (Status.DENIED, Status.UNKNOWN, Status.NOT_SENT):
        yield _alarm(f"FLATTEN {sent.status}", sent.text)
    elif sent is not None and sent.status is Status.PENDING:
        yield _alarm("FLATTEN PENDING", "waiting for the core's answer")
    elif sent is not None and sent.status is Status.ACCEPTED and running in ("", "FLAT"):
        yield _alarm("FLATTEN accepted", sent.text)
    if running and running != "FLAT":
        yield _alarm("NOT FLAT", f"{', '.join(not_flat(picture))}; {running.removeprefix('NOT FLAT: ')}")
    elif running == "FLAT" and sent is not None and sent.status is Status.DONE and picture.latest_age_s < RESULT_S:
        yield (Span(" FLAT ", Tone.CALM), Span(f" {sent.text.removeprefix('FLAT: ')}", Tone.TEXT))


def _latches(picture: Picture) -> Iterator[Line]:
    latches = [row for row in picture.section("latches").values() if rows.text(row, "symbol") == ""]
    if not latches:
        return
    worst = max(latches, key=lambda row: _SEVERITY.get(rows.text(row, "state"), 0))
    more = f"  (+{len(latches) - 1} more)" if len(latches) > 1 else ""
    tone = Tone.CAUTION if rows.text(worst, "state") == "PAUSED" else Tone.ALARM
    yield (Span(f" {rows.text(worst, 'state')} ", tone), Span(f" {_latch_text(worst, picture)}{more}", Tone.TEXT))


def _review(picture: Picture) -> Iterator[Line]:
    if is_holding(picture):
        yield (
            Span(" RESTART REVIEW ", Tone.CAUTION),
            Span(f" {rows.text(picture.core, 'review')}: v shows it", Tone.TEXT),
        )


def _latch_text(row: Row, picture: Picture) -> str:
    when = clock(rows.whole(row, "ts_ns"), picture.zone)
    why = rows.text(row, "why").removeprefix(f"{rows.text(row, 'state').lower()}: ")
    return f"{why} - by {rows.text(row, 'who')} {when}, cleared by {rows.text(row, 'cleared_by')}"


def _broker(picture: Picture) -> Iterator[Line]:
    if not picture.link.live or picture.broker_ready:
        return
    row = picture.single("link")
    state = rows.text(row, "state") or "UNKNOWN"
    live = len(picture.live_orders())
    orders = f"; {live} order{'s' if live != 1 else ''} may be live at the broker, not confirmed" if live else ""
    reason = rows.text(row, "reason")
    yield (
        Span(f" BROKER LINK {state} ", Tone.CAUTION),
        Span(f" {age(rows.number(row, 'since_s'))}{': ' if reason else ''}{reason}{orders}", Tone.TEXT),
    )


def _latest(picture: Picture) -> Iterator[Line]:
    sent = picture.latest
    if sent is None or sent.kind in ("kill", "flatten"):
        return
    if sent.open or picture.latest_age_s < RESULT_S:
        bad = sent.status not in (Status.PENDING, Status.ACCEPTED, Status.DONE)
        yield (Span(f" {sent.line}", Tone.BAD if bad else Tone.ACCENT),)


def _alarm(word: str, text: str) -> Line:
    return (Span(f" {word} ", Tone.ALARM), Span(f" {text}", Tone.TEXT))
