"""What the screen shows about alerting: on or off, and how many alerts did not reach the operator.

Invariant: an alert that was not confirmed as delivered within a minute counts as undelivered, whatever the reason,
until it is delivered.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from tradetui.alerts.delivery import DeliveryState
from tradetui.alerts.wire import Report, Status
from tradetui.domain.clock import SECOND_NS

OVERDUE_NS = 60 * SECOND_NS
MAX_ROWS = 2000
_SETTLED = frozenset({DeliveryState.DELIVERED, DeliveryState.SUPPRESSED, DeliveryState.FOLDED})
_LOST = frozenset({DeliveryState.UNDELIVERED, DeliveryState.FAILED})


@dataclass(frozen=True, slots=True)
class AlertHealth:
    """`state` is starting, on, off or down, `reason` why, in one line; `last_failure` names the newest lost alert."""

    state: str
    reason: str
    undelivered: int
    last_failure: str


class AlertBoard:
    """Remembers alerts that have not arrived. Times are monotonic nanoseconds."""

    def __init__(self) -> None:
        self._waiting: OrderedDict[str, int] = OrderedDict()
        self._lost: OrderedDict[str, None] = OrderedDict()
        self._state = "starting"
        self._reason = ""
        self._last_failure = ""

    def submitted(self, key: str, now_ns: int) -> None:
        """An alert was handed over."""
        self._waiting.setdefault(key, now_ns)
        _bound(self._waiting)

    def report(self, report: Report, now_ns: int) -> None:
        """Take a delivery report."""
        if report.state in _SETTLED:
            self._waiting.pop(report.key, None)
            self._lost.pop(report.key, None)
        elif report.state in _LOST:
            self._waiting.pop(report.key, None)
            self._lost[report.key] = None
            self._last_failure = f"alert {report.key}: {report.reason}"
            _bound(self._lost)
        elif report.key not in self._lost:  # one recipient lost, another still on the way: it stays counted
            self.submitted(report.key, now_ns)

    def status(self, status: Status) -> None:
        """Take a line about alerting as a whole."""
        if status.topic in ("on", "off"):
            self._state, self._reason = status.topic, status.text.removeprefix(f"alerts {status.topic}: ")
        elif status.topic == "watcher":
            self._state, self._reason = "down", status.text

    def health(self, now_ns: int) -> AlertHealth:
        """Return what to show now."""
        overdue = sum(now_ns - since > OVERDUE_NS for since in self._waiting.values())
        return AlertHealth(self._state, self._reason, overdue + len(self._lost), self._last_failure)


def _bound(rows: OrderedDict[str, int] | OrderedDict[str, None]) -> None:
    while len(rows) > MAX_ROWS:
        rows.popitem(last=False)
