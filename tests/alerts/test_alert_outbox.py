"""The queue of open messages: order, pauses, stops, bounds."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tradetui.alerts.delivery import (
    Accepted,
    CheckFailed,
    Delivery,
    DeliveryEvent,
    DeliveryPolicy,
    DeliveryState,
    Doubtful,
    Located,
    NotLocated,
    Refusal,
    Refused,
    StatusSeen,
)
from tradetui.alerts.model import Message
from tradetui.alerts.outbox import STOP_NS, Lane, Outbox, Prior, TaskKind
from tradetui.domain.alert import Severity
from tradetui.domain.clock import SECOND_NS

S = DeliveryState
WARNING, CRITICAL = Severity.WARNING, Severity.CRITICAL


def _message(number: int, severity: Severity = WARNING, *, age_s: float = 0.0) -> Message:
    return Message(
        key=str(number),
        number=number,
        severity=severity,
        cause="kill",
        symbol=None,
        text="t",
        detail="",
        wall_ns=-int(age_s * SECOND_NS),
    )


def _outbox(**more: object) -> Outbox:
    return Outbox(DeliveryPolicy(), jitter=lambda: 1.0, **more)  # type: ignore[arg-type]


def _add(outbox: Outbox, *messages: Message, now_ns: int = 0) -> list[Delivery]:
    return [d for message in messages for d in outbox.add(message, now_ns=now_ns, wall_ns=0)]


def _next(outbox: Outbox, lane: Lane = Lane.SEND, now_s: float = 0.0) -> str | None:
    handed = outbox.next_task(lane, int(now_s * SECOND_NS))
    return None if handed is None else handed[0].message.key


def test_critical_goes_first_and_equals_go_in_order() -> None:
    outbox = _outbox()
    _add(outbox, _message(1), _message(2), _message(3, CRITICAL), _message(4, CRITICAL))
    assert [_next(outbox) for _ in range(5)] == ["3", "4", "1", "2", None]


def test_a_message_is_never_handed_out_twice_at_the_same_time() -> None:
    outbox = _outbox()
    _add(outbox, _message(1))
    assert _next(outbox) == "1"
    assert _next(outbox) is None
    assert outbox.due_ns(Lane.SEND) is None


def test_an_accepted_message_is_asked_about_on_the_other_lane() -> None:
    outbox = _outbox()
    _add(outbox, _message(1))
    _next(outbox)
    assert [d.state for d in outbox.apply("1", Accepted("SM1"), 0)] == [S.SENT]
    assert outbox.due_ns(Lane.CHECK) == 5 * SECOND_NS
    assert outbox.next_task(Lane.CHECK, 4 * SECOND_NS) is None
    handed = outbox.next_task(Lane.CHECK, 5 * SECOND_NS)
    assert handed is not None
    assert (handed[0].kind, handed[0].sid) == (TaskKind.POLL, "SM1")
    assert outbox.unsent == 0
    outbox.apply("1", StatusSeen(True, "read"), 5 * SECOND_NS)
    assert len(outbox) == 0


def test_after_an_unknown_outcome_the_message_is_looked_for() -> None:
    outbox = _outbox()
    _add(outbox, _message(1))
    _next(outbox)
    outbox.apply("1", Doubtful("timed out"), 0)
    assert _next(outbox, Lane.SEND, 100) is None
    handed = outbox.next_task(Lane.CHECK, 100 * SECOND_NS)
    assert handed is not None
    assert handed[0].kind is TaskKind.LOCATE


def test_a_failing_carrier_is_left_alone_except_for_a_new_critical_alert() -> None:
    outbox = _outbox()
    _add(outbox, _message(1), _message(2))
    _next(outbox)
    outbox.apply("1", Refused(Refusal.RETRY, 20429, "limit", retry_after_s=60.0), 0)
    assert _next(outbox, now_s=59) is None
    _add(outbox, _message(3, CRITICAL))
    assert _next(outbox, now_s=1) == "3"
    outbox.apply("3", Accepted("SM3"), SECOND_NS)
    assert _next(outbox, now_s=2) == "2"


def test_refused_credentials_fail_everything_and_nothing_is_asked_for_a_while() -> None:
    outbox = _outbox()
    _add(outbox, _message(1), _message(2))
    _next(outbox)
    outbox.apply("1", Accepted("SM1"), 0)
    _add(outbox, _message(3, CRITICAL))
    _next(outbox)
    changed = outbox.apply("3", Refused(Refusal.STOP, 20003, "refused"), 0)
    assert {(d.key, d.state, d.code) for d in changed} == {
        ("1", S.UNDELIVERED, 20003),
        ("2", S.FAILED, 20003),
        ("3", S.FAILED, 20003),
    }
    assert [d.state for d in _add(outbox, _message(4, CRITICAL), now_ns=STOP_NS - 1)] == [S.FAILED]
    assert [d.state for d in _add(outbox, _message(5), now_ns=STOP_NS)] == [S.QUEUED]


def test_credentials_refused_while_asking_stop_the_sending_too() -> None:
    outbox = _outbox()
    _add(outbox, _message(1), _message(2))
    _next(outbox)
    outbox.apply("1", Doubtful("reset"), 0)
    assert _next(outbox, Lane.CHECK, 100) == "1"
    outbox.apply("1", CheckFailed("refused", 20003, stop=True), 0)
    assert len(outbox) == 0


def test_an_answer_for_a_message_that_is_gone_changes_nothing() -> None:
    outbox = _outbox()
    assert outbox.apply("9", Accepted("SM9"), 0) == ()


def test_without_credentials_every_message_is_suppressed_with_the_reason() -> None:
    outbox = _outbox(off_reason="alerts off: no Twilio credentials")
    (delivery,) = _add(outbox, _message(1, CRITICAL))
    assert (delivery.state, delivery.reason) == (S.SUPPRESSED, "alerts off: no Twilio credentials")
    assert len(outbox) == 0


def test_a_message_of_an_earlier_run_is_looked_for_and_an_accepted_one_is_asked_about() -> None:
    outbox = _outbox()
    outbox.add(_message(1), now_ns=0, wall_ns=0, prior=Prior(S.SENDING))
    outbox.add(_message(2), now_ns=0, wall_ns=0, prior=Prior(S.SENT, "SM2"))
    assert _next(outbox, Lane.SEND) is None
    kinds = [handed[0].kind for _ in range(2) if (handed := outbox.next_task(Lane.CHECK, 0))]
    assert kinds == [TaskKind.LOCATE, TaskKind.POLL]
    assert outbox.apply("1", NotLocated(), 0)[0].state is S.QUEUED
    assert _next(outbox, Lane.SEND) == "1"


def test_old_news_from_before_a_restart_is_given_up_not_sent() -> None:
    outbox = _outbox()
    _add(outbox, _message(1, age_s=901), _message(2, CRITICAL, age_s=901))
    assert [d.key for d in outbox.expire(0)] == ["1"]
    assert _next(outbox) == "2"


def test_a_full_queue_drops_the_least_important_and_says_so() -> None:
    outbox = _outbox(max_open=2)
    _add(outbox, _message(1), _message(2, CRITICAL))
    assert [(d.key, d.state) for d in _add(outbox, _message(3, CRITICAL))] == [("1", S.FAILED), ("3", S.QUEUED)]
    assert [(d.key, d.state) for d in _add(outbox, _message(4, CRITICAL))] == [("4", S.FAILED)]
    assert len(outbox) == 2


def test_the_same_message_is_not_taken_twice() -> None:
    outbox = _outbox()
    _add(outbox, _message(1))
    assert _add(outbox, _message(1)) == []


def test_handing_over_gives_up_what_is_in_no_hand() -> None:
    outbox = _outbox()
    _add(outbox, _message(1), _message(2))
    assert _next(outbox) == "1"
    assert [d.key for d in outbox.abandon("handed over", 0)] == ["2"]
    assert len(outbox) == 1


answers: dict[TaskKind, st.SearchStrategy[DeliveryEvent]] = {
    TaskKind.SEND: st.sampled_from(
        [
            Accepted("SM"),
            Doubtful("reset"),
            Refused(Refusal.RETRY, None, "down"),
            Refused(Refusal.GIVE_UP, 21211, "bad"),
            Refused(Refusal.STOP, 20003, "refused"),
        ]
    ),
    TaskKind.LOCATE: st.sampled_from(
        [Located("SM"), NotLocated(), CheckFailed("down"), CheckFailed("x", 1, stop=True)]
    ),
    TaskKind.POLL: st.sampled_from(
        [StatusSeen(True, "read"), StatusSeen(None, "sent"), StatusSeen(False, "failed", 63018, "r", True)]
    ),
}


@given(st.data(), st.lists(st.sampled_from(Severity), max_size=12))
def test_under_any_answers_every_message_ends_and_reports_its_end_once(
    data: st.DataObject, severities: list[Severity]
) -> None:
    outbox = _outbox(max_open=8)
    ends: dict[str, int] = {}

    def note(deliveries: tuple[Delivery, ...] | list[Delivery]) -> None:
        for delivery in deliveries:
            ends[delivery.key] = ends.get(delivery.key, 0) + delivery.is_terminal

    now_ns = 0
    for number, severity in enumerate(severities):
        note(_add(outbox, _message(number, severity), now_ns=now_ns))
    while len(outbox):
        assert len(outbox) <= 8
        note(outbox.expire(now_ns))
        for lane in Lane:
            handed = outbox.next_task(lane, now_ns)
            if handed is not None:
                note(outbox.apply(handed[0].message.key, data.draw(answers[handed[0].kind]), now_ns))
        due = [moment for lane in Lane if (moment := outbox.due_ns(lane)) is not None]
        now_ns = max(now_ns + 1, min(due, default=now_ns))
        assert now_ns < 3 * 3600 * SECOND_NS
    assert ends == {str(number): 1 for number in range(len(severities))}
