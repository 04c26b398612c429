"""Alerts from the core to the watcher process, and what became of them back into the journal.

Invariant: every alert that leaves is in the journal's outbox first or at the same time, and a report about it is kept
there; alerting never holds up anything.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence

from tradetui.alerts.bridge import AlertBridge
from tradetui.alerts.delivery import DeliveryState
from tradetui.alerts.outbox import Prior
from tradetui.alerts.process import WatcherLaunch
from tradetui.alerts.settings import AlertSettings
from tradetui.alerts.wire import Report, Status, Submission
from tradetui.domain.alert import Alert
from tradetui.domain.records import DeliverySaved, Record
from tradetui.store.loading import OpenAlert

_log = logging.getLogger(__name__)

#: Deliveries remembered for the screen.
_SHOWN = 400


class Alerting:
    """Owns the bridge. `save` takes records that may be written later; `deliveries` is what the screen shows."""

    def __init__(
        self,
        settings: AlertSettings,
        launch: WatcherLaunch,
        save: Callable[[Sequence[Record]], None],
        deliveries: dict[str, tuple[str, str]],
    ) -> None:
        self._save = save
        self._deliveries = deliveries
        self.bridge = AlertBridge(
            settings,
            launch,
            on_report=self._on_report,
            on_status=self._on_status,
            mono_ns=time.monotonic_ns,
            wall_ns=time.time_ns,
        )

    def start(self, unfinished: Sequence[OpenAlert]) -> None:
        """Begin, with what an earlier run had not finished."""
        self.bridge.resubmit(_submission(item) for item in unfinished)
        self.bridge.start()

    def send(self, alert: Alert) -> None:
        """Queue an alert."""
        self.bridge.submit(alert)

    async def close(self) -> None:
        """Say goodbye to the watcher; it may finish sending on its own."""
        await self.bridge.close()

    def _on_report(self, report: Report) -> None:
        if report.number is None:
            _log.info("watcher: %s %s %s", report.key, report.state, report.reason)
            return
        saved = DeliverySaved(
            number=report.number,
            state=report.state.value,
            attempts=report.attempts,
            sid=report.sid,
            code=report.code,
            reason=report.reason,
        )
        self._save([saved])
        self._deliveries[str(report.number)] = (report.state.value.lower(), report.reason)
        while len(self._deliveries) > _SHOWN:
            del self._deliveries[next(iter(self._deliveries))]

    def _on_status(self, status: Status) -> None:
        level = logging.getLevelName(status.level)
        _log.log(level if isinstance(level, int) else logging.INFO, "alerting: %s: %s", status.topic, status.text)


def _submission(item: OpenAlert) -> Submission:
    return Submission(alert=item.alert, wall_ns=item.wall_ns, prior=Prior(DeliveryState(item.state), item.sid))
