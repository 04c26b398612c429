"""Fold alerts of one cause into one incident, so that a storm of a thousand rejects is two messages.

Invariant: an alert is either sent itself or counted, and every counted alert is named in exactly one later message. The
first alert of a cause and every rise in severity go out at once; nothing the outside does makes one cause send more
than a fixed number of messages per window.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from tradetui.alerts.model import Message
from tradetui.alerts.text import span
from tradetui.domain.alert import Alert, Severity
from tradetui.domain.clock import SECOND_NS

CRITICAL_BURST = 3
MAX_CAUSES = 64
MAX_SYMBOLS = 32
_NO_SYMBOL = "general"
_OTHER_SYMBOLS = "others"


@dataclass(frozen=True, slots=True)
class Sent:
    """The alert goes out now, as `message`."""

    message: Message


@dataclass(frozen=True, slots=True)
class Folded:
    """The alert was counted in the incident that the alert numbered `into` opened."""

    into: int


@dataclass(slots=True)
class _Tally:
    """What was counted and not told yet."""

    names: Counter[str] = field(default_factory=Counter)
    severity: Severity | None = None
    since_ns: int = 0
    last: Alert | None = None

    def add(self, alert: Alert, now_ns: int) -> None:
        if not self.names:
            self.since_ns = now_ns
        name = alert.symbol or _NO_SYMBOL
        known = name in self.names or len(self.names) < MAX_SYMBOLS
        self.names[name if known else _OTHER_SYMBOLS] += 1
        if not alert.closes:  # good news, however labelled, must not make a later rise look told already
            self.severity = max(self.severity or alert.severity, alert.severity)
        self.last = alert

    def describe(self) -> str:
        top = [(name, times) for name, times in self.names.most_common(6) if name != _OTHER_SYMBOLS][:5]
        rest = self.names.total() - sum(times for _, times in top)
        return ", ".join(f"{name} {times}" for name, times in [*top, (_OTHER_SYMBOLS, rest)] if times)


@dataclass(slots=True)
class _Incident:
    """One cause. A window runs from a message until `window_end_ns`; what arrives meanwhile goes into `tally`."""

    cause: str
    number: int
    opened_ns: int
    window_end_ns: int
    seen_ns: int
    told_severity: Severity | None = None
    open_symbols: set[str] = field(default_factory=set)
    told_symbols: set[str] = field(default_factory=set)
    tally: _Tally = field(default_factory=_Tally)
    opens_sent: int = 0
    closes_sent: int = 0
    summaries: int = 0

    def start_window(self, end_ns: int, told: Severity | None) -> None:
        """Begin a window whose first message told an alert of severity `told`, None for good news only."""
        self.window_end_ns = end_ns
        self.told_severity = told
        self.opens_sent = 1
        self.closes_sent = 0

    def may_open(self, alert: Alert, name: str, *, was_closed: bool) -> bool:
        """Decide inside a window: a kill after a resume or a mismatch in a second symbol does not wait for its end."""
        if self.told_severity is None or alert.severity > self.told_severity:
            return True
        news = was_closed or name not in self.told_symbols
        return alert.severity is Severity.CRITICAL and news and self.opens_sent < CRITICAL_BURST


class IncidentBook:
    """The incidents of one installation, by cause. `now_ns` is monotonic, `wall_ns` UTC, both nanoseconds."""

    def __init__(self, *, window_s: float = 300.0) -> None:
        self._window_ns = int(window_s * SECOND_NS)
        self._incidents: dict[str, _Incident] = {}

    def __len__(self) -> int:
        return len(self._incidents)

    def due_ns(self) -> int | None:
        """Return when `tick` has something to say next, None when nothing is counted."""
        return min((i.window_end_ns for i in self._incidents.values() if i.tally.names), default=None)

    def pending(self) -> int:
        """Return how many counted alerts wait to be told."""
        return sum(incident.tally.names.total() for incident in self._incidents.values())

    def offer(self, alert: Alert, *, now_ns: int, wall_ns: int) -> tuple[Sent | Folded, tuple[Message, ...]]:
        """Take one alert: return what became of it, and the summaries that fell due or had to make room before it."""
        due = self.tick(now_ns=now_ns, wall_ns=wall_ns)
        incident = self._incidents.get(alert.cause)
        if incident is None:
            due += self._make_room(now_ns, wall_ns)
            incident = _Incident(alert.cause, alert.number, now_ns, now_ns, now_ns)
            self._incidents[alert.cause] = incident
        incident.seen_ns = now_ns
        text = self._close(incident, alert, now_ns) if alert.closes else self._open(incident, alert, now_ns)
        if text is None:
            incident.tally.add(alert, now_ns)
            return Folded(incident.number), due
        return Sent(_own_message(alert, text, wall_ns)), due

    def tick(self, *, now_ns: int, wall_ns: int) -> tuple[Message, ...]:
        """Return the summaries of windows that ended, and forget closed incidents that stayed quiet for one."""
        summaries = []
        for incident in list(self._incidents.values()):
            if incident.window_end_ns > now_ns:
                continue
            if incident.tally.names:
                told = incident.tally.severity
                summaries.append(_summary(incident, now_ns, wall_ns))
                incident.start_window(now_ns + self._window_ns, told)
            elif not incident.open_symbols:
                del self._incidents[incident.cause]
        return tuple(summaries)

    def flush(self, *, now_ns: int, wall_ns: int) -> tuple[Message, ...]:
        """Return a summary of everything counted, whatever the windows: for the end of the process."""
        return tuple(_summary(i, now_ns, wall_ns) for i in self._incidents.values() if i.tally.names)

    def _open(self, incident: _Incident, alert: Alert, now_ns: int) -> str | None:
        """Return the text to send now, None to count the alert."""
        name = alert.symbol or _NO_SYMBOL
        was_closed = not incident.open_symbols
        if was_closed:
            incident.opened_ns = now_ns
        _add_bounded(incident.open_symbols, name)
        if incident.window_end_ns <= now_ns:
            incident.start_window(now_ns + self._window_ns, alert.severity)
            incident.told_symbols.clear()
        elif incident.may_open(alert, name, was_closed=was_closed):
            incident.told_severity = max(incident.told_severity or alert.severity, alert.severity)
            incident.opens_sent += 1
        else:
            return None
        _add_bounded(incident.told_symbols, name)
        return alert.text

    def _close(self, incident: _Incident, alert: Alert, now_ns: int) -> str | None:
        """Return the text to send now, None to count the alert because others are still open or too much was said."""
        was_open = bool(incident.open_symbols)
        if alert.symbol is None:
            incident.open_symbols.clear()
        else:
            incident.open_symbols.discard(alert.symbol)
        if incident.open_symbols:
            return None
        if incident.window_end_ns <= now_ns:
            incident.start_window(now_ns + self._window_ns, None)
        if incident.closes_sent >= incident.opens_sent:
            return None
        incident.closes_sent += 1
        return _closing_text(incident, alert, now_ns) if was_open else alert.text

    def _make_room(self, now_ns: int, wall_ns: int) -> tuple[Message, ...]:
        # Causes are a handful; a text from outside used as a cause must still not grow memory.
        if len(self._incidents) < MAX_CAUSES:
            return ()
        oldest = min(self._incidents.values(), key=lambda incident: incident.seen_ns)
        del self._incidents[oldest.cause]
        return (_summary(oldest, now_ns, wall_ns),) if oldest.tally.names else ()


def _add_bounded(names: set[str], name: str) -> None:
    if len(names) < MAX_SYMBOLS:
        names.add(name)


def _own_message(alert: Alert, text: str, wall_ns: int) -> Message:
    return Message(
        key=str(alert.number),
        number=alert.number,
        severity=alert.severity,
        cause=alert.cause,
        symbol=alert.symbol,
        text=text,
        detail=alert.detail,
        wall_ns=wall_ns,
    )


def _closing_text(incident: _Incident, alert: Alert, now_ns: int) -> str:
    lasted = f"over after {span((now_ns - incident.opened_ns) / SECOND_NS)}"
    tally, incident.tally = incident.tally, _Tally()
    counted = f"; {tally.names.total()} more meanwhile: {tally.describe()}" if tally.names else ""
    return f"{alert.text} ({lasted}{counted})"


def _summary(incident: _Incident, now_ns: int, wall_ns: int) -> Message:
    tally, incident.tally = incident.tally, _Tally()
    incident.summaries += 1
    over = span((now_ns - tally.since_ns) / SECOND_NS)
    latest = f". Latest: {tally.last.text}" if tally.last is not None else ""
    return Message(
        key=f"{incident.number}.{incident.summaries}",
        number=None,
        severity=tally.severity or Severity.INFO,
        cause=incident.cause,
        symbol=None,
        text=f"{tally.names.total()} more in {over}: {tally.describe()}{latest}",
        detail=tally.last.detail if tally.last is not None else "",
        wall_ns=wall_ns,
    )
