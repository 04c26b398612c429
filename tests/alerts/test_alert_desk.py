"""Every alert that comes in gets a report at once."""

from __future__ import annotations

from dataclasses import replace

from tradetui.alerts.delivery import Accepted, DeliveryState
from tradetui.alerts.desk import Desk
from tradetui.alerts.model import Message
from tradetui.alerts.outbox import Lane, Prior
from tradetui.alerts.settings import AlertSettings
from tradetui.alerts.wire import Report, Submission
from tradetui.domain.alert import Alert, Severity
from tradetui.domain.clock import SECOND_NS

S = DeliveryState
HOUR_NS = 3600 * SECOND_NS
SETTINGS = AlertSettings(label="PAPER", recipients=("+14155550123",), max_messages_per_hour=2)


def _desk(settings: AlertSettings = SETTINGS, off: str | None = None) -> Desk:
    return Desk(settings, off_reason=off, jitter=lambda: 0.0)


def _submission(number: int, cause: str, severity: Severity = Severity.WARNING, **more: object) -> Submission:
    alert = Alert(number=number, severity=severity, cause=cause, text="t", market_ns=0)
    return Submission(alert=alert, wall_ns=0, **more)  # type: ignore[arg-type]


def _states(reports: list[Report]) -> list[tuple[int | None, DeliveryState]]:
    return [(report.number, report.state) for report in reports]


def test_the_first_alert_is_queued_and_its_repeat_is_folded_into_it() -> None:
    desk = _desk()
    assert _states(desk.take(_submission(1, "kill"), now_ns=0, wall_ns=0)) == [(1, S.QUEUED)]
    (report,) = desk.take(_submission(2, "kill"), now_ns=0, wall_ns=0)
    assert (report.state, report.into) == (S.FOLDED, 1)
    assert [r.key for r in desk.tick(now_ns=300 * SECOND_NS, wall_ns=0)] == ["1.1"]


def test_above_the_hourly_limit_only_critical_alerts_go_out() -> None:
    desk = _desk()
    for number, cause in ((1, "a"), (2, "b")):
        desk.take(_submission(number, cause), now_ns=0, wall_ns=0)
    (limited,) = desk.take(_submission(3, "c"), now_ns=1, wall_ns=0)
    assert (limited.state, limited.reason) == (S.SUPPRESSED, "the limit of 2 messages per hour is reached")
    assert _states(desk.take(_submission(4, "d", Severity.CRITICAL), now_ns=2, wall_ns=0)) == [(4, S.QUEUED)]
    assert _states(desk.take(_submission(5, "e"), now_ns=HOUR_NS + 1, wall_ns=0)) == [(5, S.QUEUED)]


def test_a_thousand_alerts_left_over_from_an_earlier_run_are_folded_too() -> None:
    desk = _desk()
    prior = Prior(S.QUEUED)
    states = [
        report.state
        for number in range(1000)
        for report in desk.take(_submission(number, "order_failure", prior=prior), now_ns=0, wall_ns=0)
    ]
    assert states.count(S.QUEUED) == 1
    assert states.count(S.FOLDED) == 999


def test_what_an_earlier_run_had_sent_is_followed_up_not_folded() -> None:
    desk = _desk()
    desk.take(_submission(1, "kill"), now_ns=0, wall_ns=0)
    (report,) = desk.take(_submission(2, "kill", prior=Prior(S.SENT, "SM2")), now_ns=0, wall_ns=0)
    assert (report.state, report.sid) == (S.SENT, "SM2")


def test_with_several_recipients_a_stored_sid_stands_for_none_of_them() -> None:
    desk = _desk(replace(SETTINGS, recipients=("+1", "+2")))
    reports = desk.take(_submission(2, "kill", prior=Prior(S.SENT, "SM2")), now_ns=0, wall_ns=0)
    assert [report.state for report in reports] == [S.QUEUED, S.QUEUED]
    assert desk.outbox.next_task(Lane.SEND, 0) is None
    assert desk.outbox.next_task(Lane.CHECK, 0) is not None


def test_a_report_about_one_recipient_speaks_for_the_whole_row() -> None:
    desk = _desk(replace(SETTINGS, recipients=("+1", "+2")))
    desk.take(_submission(7, "kill"), now_ns=0, wall_ns=0)
    handed = desk.outbox.next_task(Lane.SEND, 0)
    assert handed is not None
    (delivery,) = desk.outbox.apply(handed[0].message.key, Accepted("SM7"), 0)
    report = desk.report(delivery, wall_ns=5)
    assert (report.key, report.number, report.state, report.wall_ns) == ("7", 7, S.SENT, 5)


def test_with_alerts_off_every_alert_says_why_it_was_not_sent() -> None:
    desk = _desk(off="alerts off: alerts.whatsapp is false")
    (report,) = desk.take(_submission(1, "kill", Severity.CRITICAL), now_ns=0, wall_ns=0)
    assert (report.state, report.reason) == (S.SUPPRESSED, "alerts off: alerts.whatsapp is false")


def test_the_watchers_own_news_is_neither_folded_nor_limited() -> None:
    desk = _desk()
    for number, cause in ((1, "a"), (2, "b")):
        desk.take(_submission(number, cause), now_ns=0, wall_ns=0)
    message = Message(
        key="w1.1",
        number=None,
        severity=Severity.WARNING,
        cause="core_hangs",
        symbol=None,
        text="core responds again",
        detail="",
        wall_ns=0,
    )
    assert _states(desk.say(message, now_ns=1, wall_ns=0)) == [(None, S.QUEUED)]


def test_what_was_only_counted_goes_out_when_the_core_ends() -> None:
    desk = _desk()
    desk.take(_submission(1, "kill"), now_ns=0, wall_ns=0)
    desk.take(_submission(2, "kill"), now_ns=0, wall_ns=0)
    assert _states(desk.flush(now_ns=1, wall_ns=0)) == [(None, S.QUEUED)]
    assert desk.outbox.unsent == 2
