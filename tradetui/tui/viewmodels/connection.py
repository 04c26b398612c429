"""Panel 1: the core, its link to the broker, its strategies and its alert channel, most needed first."""

from __future__ import annotations

from collections.abc import Iterator

from tradetui.control.messages import Row
from tradetui.tui.viewmodels import rows
from tradetui.tui.viewmodels.formats import NONE, age, clock
from tradetui.tui.viewmodels.model import Cell, Column, GridRow, GridView, Span, Tone
from tradetui.tui.viewmodels.picture import Picture

COLUMNS = (Column(title="", width=8), Column(title="", width=10, stretch=True))
_STRATEGY_TONES = {"running": Tone.GOOD, "warming": Tone.ACCENT, "loading": Tone.ACCENT, "stopped": Tone.WARN}


def connection_view(picture: Picture) -> GridView:
    """Return the panel of this moment."""
    core = picture.core
    return GridView(
        columns=COLUMNS,
        rows=tuple(
            GridRow(key, (Cell(label, Tone.LABEL), value)) for key, label, value in _lines(picture) if value.text
        ),
        info=rows.text(core, "profile"),
        titles=False,
        empty=(Span("nothing heard from the core yet", Tone.DIM),),
    )


def _lines(picture: Picture) -> Iterator[tuple[str, str, Cell]]:
    if not picture.core:
        return
    link = picture.single("link")
    yield "broker", "broker", _broker(link)
    yield "address", "address", Cell(_address(link), Tone.DIM)
    for name, row in picture.section("strategies").items():
        yield f"strategy {name}", "strategy", _strategy(name, row)
    yield "session", "session", _session(picture)
    yield "traffic", "traffic", _traffic(link)
    yield "latency", "latency", _latency(picture.core)
    yield "alerts", "alerts", _alerting(picture.single("alerting"))
    yield "core", "core", _core(picture)


def _broker(link: Row) -> Cell:
    state = rows.text(link, "state") or "UNKNOWN"
    since = age(rows.number(link, "since_s"))
    reason = rows.text(link, "reason")
    tail = f" {since}" + (f" {reason}" if reason and state != "READY" else "")
    return Cell(state, Tone.GOOD if state == "READY" else Tone.BAD, tail)


def _address(link: Row) -> str:
    if not link:
        return ""
    version = rows.whole(link, "server_version")
    known = f" v{version}" if version is not None else ""
    return f"{rows.text(link, 'host')}:{rows.whole(link, 'port')} id {rows.whole(link, 'client_id')}{known}"


def _traffic(link: Row) -> Cell:
    if not link:
        return Cell("")
    round_trip, per_s = rows.number(link, "round_trip_ms"), rows.number(link, "messages_per_s")
    skew, again = rows.number(link, "clock_skew_s"), rows.whole(link, "reconnects") or 0
    parts = [f"{NONE if per_s is None else f'{per_s:.0f}'}/s", f"{rows.whole(link, 'subscriptions') or 0} subs"]
    if round_trip is not None:
        parts.append(f"rtt {round_trip:.0f}ms")
    if skew is not None and abs(skew) >= 0.5:
        parts.append(f"skew {skew:+.1f}s")
    if again:
        parts.append(f"{again} reconnects")
    return Cell(" ".join(parts), Tone.DIM)


def _latency(core: Row) -> Cell:
    middle, worst = rows.number(core, "order_latency_p50_ms"), rows.number(core, "order_latency_p99_ms")
    if middle is None or worst is None:
        return Cell(NONE, Tone.DIM)
    return Cell(f"order p50 {middle:.1f} p99 {worst:.1f} ms", Tone.WARN if worst > 10 else Tone.DIM)


def _session(picture: Picture) -> Cell:
    core = picture.core
    if rows.flag(core, "session_open"):
        return Cell("open", Tone.GOOD, f" until {clock(rows.whole(core, 'session_closes_ns'), picture.zone)}")
    opens = rows.whole(core, "session_opens_ns")
    return Cell("closed", Tone.WARN, f" opens {clock(opens, picture.zone)}" if opens is not None else "")


def _strategy(name: str, row: Row) -> Cell:
    state = rows.text(row, "state") or "UNKNOWN"
    if state == "running":
        return Cell(name, Tone.TEXT, f" {rows.whole(row, 'signals') or 0} signals", Tone.DIM)
    tail = f" {state} {rows.text(row, 'reason')}".rstrip()
    return Cell(name, Tone.TEXT, tail, _STRATEGY_TONES.get(state, Tone.BAD))


def _alerting(row: Row) -> Cell:
    state = rows.text(row, "state")
    undelivered = rows.whole(row, "undelivered") or 0
    if undelivered:
        return Cell(f"{undelivered} UNDELIVERED", Tone.BAD, f" {state}")
    return Cell(state, Tone.DIM)


def _core(picture: Picture) -> Cell:
    core = picture.core
    lag, memory = rows.number(core, "loop_lag_ms"), rows.number(core, "rss_mb")
    parts = [f"pid {rows.whole(core, 'pid')}", rows.text(core, "phase")]
    if lag is not None:
        parts.append(f"lag {lag:.0f}ms")
    if memory is not None:
        parts.append(f"{memory:.0f}MB")
    return Cell(" ".join(part for part in parts if part), Tone.DIM)
