"""Where alerts come in at the watcher: fold them, keep to the hourly limit, split them by recipient, queue them.

Invariant: every submitted alert gets a report at once (queued, folded, suppressed or failed); none is swallowed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator

from tradetui.alerts.delivery import Delivery, DeliveryState
from tradetui.alerts.fanout import Fanout
from tradetui.alerts.incidents import Folded, IncidentBook
from tradetui.alerts.model import Message
from tradetui.alerts.outbox import Outbox, Prior
from tradetui.alerts.settings import AlertSettings
from tradetui.alerts.wire import Report, Submission, report_of
from tradetui.domain.alert import Alert, Severity
from tradetui.domain.clock import SECOND_NS

_HOUR_NS = 3600 * SECOND_NS
# Before these states were reached an earlier watcher had decided nothing, so folding still applies.
_UNDECIDED = frozenset({DeliveryState.QUEUED})


class Desk:
    """`now_ns` is monotonic, `wall_ns` UTC. Deliveries are driven by a Dispatcher through `outbox`."""

    def __init__(self, settings: AlertSettings, *, off_reason: str | None, jitter: Callable[[], float]) -> None:
        self.outbox = Outbox(settings.policy, jitter=jitter, off_reason=off_reason)
        self._book = IncidentBook(window_s=settings.incident_window_s)
        self._fanout = Fanout(len(settings.recipients))
        self._per_hour = settings.max_messages_per_hour
        self._taken_ns: deque[int] = deque(maxlen=max(1, settings.max_messages_per_hour))

    def take(self, submission: Submission, *, now_ns: int, wall_ns: int) -> list[Report]:
        """Take an alert from the core; return what is to be reported at once."""
        alert, prior = submission.alert, submission.prior
        if prior is not None and prior.state not in _UNDECIDED:
            return self._queue([_plain(alert, submission.wall_ns)], now_ns, wall_ns, prior)
        verdict, summaries = self._book.offer(alert, now_ns=now_ns, wall_ns=submission.wall_ns)
        reports = self._queue(summaries, now_ns, wall_ns)
        if isinstance(verdict, Folded):
            return [*reports, _folded(alert, verdict.into, wall_ns)]
        return reports + self._queue([verdict.message], now_ns, wall_ns, prior)

    def say(self, message: Message, *, now_ns: int, wall_ns: int) -> list[Report]:
        """Queue a message of the watcher's own; it is neither folded nor limited."""
        return self._queue([message], now_ns, wall_ns, limited=False)

    def tick(self, *, now_ns: int, wall_ns: int) -> list[Report]:
        """Queue the summaries of incident windows that ended."""
        return self._queue(self._book.tick(now_ns=now_ns, wall_ns=wall_ns), now_ns, wall_ns)

    def flush(self, *, now_ns: int, wall_ns: int) -> list[Report]:
        """Queue everything that was only counted so far: the core ends."""
        return self._queue(self._book.flush(now_ns=now_ns, wall_ns=wall_ns), now_ns, wall_ns)

    def report(self, delivery: Delivery, wall_ns: int) -> Report:
        """Return the report about the message that `delivery` is a part of."""
        return report_of(self._fanout.merge(delivery), wall_ns)

    def _queue(
        self,
        messages: Iterable[Message],
        now_ns: int,
        wall_ns: int,
        prior: Prior | None = None,
        *,
        limited: bool = True,
    ) -> list[Report]:
        reports = []
        for message in messages:
            if limited and self._over_limit(message.severity, now_ns):
                reports.append(_limited(message, self._per_hour, wall_ns))
            else:
                reports.extend(self._add(message, now_ns, wall_ns, prior))
        return reports

    def _add(self, message: Message, now_ns: int, wall_ns: int, prior: Prior | None) -> Iterator[Report]:
        if prior is not None and self._fanout.recipients > 1:
            prior = Prior(DeliveryState.QUEUED)  # one stored sid cannot stand for several: look for each
        for part in self._fanout.split(message):
            for delivery in self.outbox.add(part, now_ns=now_ns, wall_ns=wall_ns, prior=prior):
                yield self.report(delivery, wall_ns)

    def _over_limit(self, severity: Severity, now_ns: int) -> bool:
        # A CRITICAL message always goes out; it counts, so that lesser ones make room.
        full = len(self._taken_ns) == self._taken_ns.maxlen and now_ns - self._taken_ns[0] < _HOUR_NS
        if full and severity is not Severity.CRITICAL:
            return True
        self._taken_ns.append(now_ns)
        return False


def _plain(alert: Alert, wall_ns: int) -> Message:
    return Message(
        key=str(alert.number),
        number=alert.number,
        severity=alert.severity,
        cause=alert.cause,
        symbol=alert.symbol,
        text=alert.text,
        detail=alert.detail,
        wall_ns=wall_ns,
    )


def _folded(alert: Alert, into: int, wall_ns: int) -> Report:
    return Report(
        key=str(alert.number),
        number=alert.number,
        severity=alert.severity,
        state=DeliveryState.FOLDED,
        wall_ns=wall_ns,
        reason=f"counted in the incident of alert {into}",
        into=into,
    )


def _limited(message: Message, per_hour: int, wall_ns: int) -> Report:
    return Report(
        key=message.key,
        number=message.number,
        severity=message.severity,
        state=DeliveryState.SUPPRESSED,
        wall_ns=wall_ns,
        reason=f"the limit of {per_hour} messages per hour is reached",
    )
