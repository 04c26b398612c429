"""The life of one delivery: no double sends on a guess, no silence, an end in bounded time."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradetui.alerts.delivery import (
    TERMINAL,
    Abandoned,
    Accepted,
    CheckFailed,
    Delivery,
    DeliveryEvent,
    DeliveryPolicy,
    DeliveryState,
    Doubtful,
    Expired,
    Located,
    NotLocated,
    Refusal,
    Refused,
    SendStarted,
    StatusSeen,
    Suppressed,
)
from tradetui.alerts.lifecycle import advance
from tradetui.domain.alert import Severity
from tradetui.domain.clock import SECOND_NS
from tradetui.domain.errors import IllegalTransition

POLICY = DeliveryPolicy()
S = DeliveryState


def _fresh(severity: Severity = Severity.CRITICAL) -> Delivery:
    return Delivery(key="1", number=1, severity=severity, due_ns=0, expires_ns=10**18)


def _after(*events: DeliveryEvent, severity: Severity = Severity.CRITICAL, now_s: float = 0.0) -> Delivery:
    delivery = _fresh(severity)
    for event in events:
        delivery = advance(delivery, event, int(now_s * SECOND_NS), POLICY)
    return delivery


def test_an_accepted_message_is_sent_not_delivered() -> None:
    sent = _after(SendStarted(), Accepted("SM1"))
    assert (sent.state, sent.sid, sent.attempts) == (S.SENT, "SM1", 1)
    assert advance(sent, StatusSeen(True, "delivered"), 0, POLICY).state is S.DELIVERED


def test_the_status_is_asked_for_at_5_15_60_seconds_and_then_each_minute() -> None:
    delivery = _after(SendStarted(), Accepted("SM1"))
    asked = []
    while not delivery.is_terminal:
        asked.append(delivery.due_ns / SECOND_NS)
        delivery = advance(delivery, StatusSeen(None, "sent"), delivery.due_ns, POLICY)
    assert asked[:5] == [5.0, 15.0, 60.0, 120.0, 180.0]
    assert asked[-1] == 660.0
    assert delivery.state is S.UNDELIVERED
    assert delivery.reason == "no delivery confirmed within 660 s (last: sent)"


def test_after_a_pause_of_the_machine_the_status_is_asked_for_once() -> None:
    sent = _after(SendStarted(), Accepted("SM1"))
    later = advance(sent, StatusSeen(None, "sent"), 400 * SECOND_NS, POLICY)
    assert later.due_ns == 420 * SECOND_NS


def test_an_unknown_outcome_is_looked_up_before_anything_is_sent_again() -> None:
    doubtful = _after(SendStarted(), Doubtful("timed out"))
    assert (doubtful.state, doubtful.read_back) == (S.QUEUED, True)
    with pytest.raises(IllegalTransition, match="to be read back first"):
        advance(doubtful, SendStarted(), 0, POLICY)
    assert advance(doubtful, Located("SM1"), 0, POLICY).state is S.SENT
    again = advance(doubtful, NotLocated(), 0, POLICY)
    assert (again.state, again.read_back, again.resends) == (S.QUEUED, False, 1)


@pytest.mark.parametrize(("severity", "attempts"), [(Severity.CRITICAL, 4), (Severity.WARNING, 2)])
def test_unknown_outcomes_are_sent_again_a_few_times_and_then_given_up(severity: Severity, attempts: int) -> None:
    delivery = _fresh(severity)
    for _ in range(10):
        for event in (SendStarted(), Doubtful("reset"), NotLocated()):
            delivery = advance(delivery, event, 0, POLICY)
        if delivery.is_terminal:
            break
    assert (delivery.state, delivery.attempts) == (S.FAILED, attempts)
    assert delivery.reason == f"outcome unknown after {attempts} attempts: reset"


def test_looking_up_what_an_earlier_run_may_have_sent_costs_no_attempt() -> None:
    restored = replace(_fresh(Severity.WARNING), read_back=True)
    fresh = advance(restored, NotLocated(), 0, POLICY)
    assert (fresh.resends, fresh.read_back) == (0, False)


def test_a_refusal_for_good_fails_at_once_and_one_for_now_is_retried_later() -> None:
    failed = _after(SendStarted(), Refused(Refusal.GIVE_UP, 21211, "not a number"))
    assert (failed.state, failed.code) == (S.FAILED, 21211)
    retried = _after(SendStarted(), Refused(Refusal.RETRY, 20429, "limit", retry_after_s=30.0))
    assert (retried.state, retried.due_ns) == (S.QUEUED, 30 * SECOND_NS)


def test_a_rate_limit_at_the_phone_sends_a_critical_message_again_and_gives_up_a_warning() -> None:
    lost = StatusSeen(False, "undelivered", 63018, "rate limit", may_pass=True)
    critical = _after(SendStarted(), Accepted("SM1"), lost)
    assert (critical.state, critical.sid, critical.resends) == (S.QUEUED, None, 1)
    warning = _after(SendStarted(), Accepted("SM1"), lost, severity=Severity.WARNING)
    assert (warning.state, warning.code) == (S.UNDELIVERED, 63018)


def test_a_template_problem_is_not_sent_again_however_critical() -> None:
    lost = StatusSeen(False, "undelivered", 63016, "template")
    assert _after(SendStarted(), Accepted("SM1"), lost).state is S.UNDELIVERED


def test_old_news_is_not_sent_and_says_what_kept_it() -> None:
    refused = _after(SendStarted(), Refused(Refusal.RETRY, None, "Twilio cannot be reached"))
    expired = advance(refused, Expired(), 0, POLICY)
    assert (expired.state, expired.reason) == (S.FAILED, "too old to be sent: Twilio cannot be reached")


def test_abandoning_says_undelivered_for_what_was_accepted_and_failed_for_the_rest() -> None:
    assert _after(Abandoned("stopped", 20003)).state is S.FAILED
    assert _after(SendStarted(), Accepted("SM1"), Abandoned("stopped", 20003)).state is S.UNDELIVERED


@given(st.integers(1, 60), st.floats(0, 0.999))
def test_back_off_grows_to_its_cap_and_jitter_spreads_it_over_half(failures: int, jitter: float) -> None:
    full = min(60.0, 2.0 * 2 ** min(failures - 1, 16))
    wait_s = POLICY.backoff_ns(failures, jitter) / SECOND_NS
    assert full / 2 <= wait_s <= full


events = st.one_of(
    st.just(SendStarted()),
    st.builds(Accepted, st.just("SM1")),
    st.builds(Refused, st.sampled_from(Refusal), st.none() | st.integers(1, 70000), st.text(max_size=5)),
    st.builds(Doubtful, st.text(max_size=5)),
    st.builds(Located, st.just("SM2")),
    st.just(NotLocated()),
    st.builds(CheckFailed, st.text(max_size=5)),
    st.builds(StatusSeen, st.none() | st.booleans(), st.just("s"), st.none(), st.just("r"), st.booleans()),
    st.just(Expired()),
    st.builds(Abandoned, st.just("a")),
    st.builds(Suppressed, st.just("off")),
)


@given(st.lists(st.tuples(events, st.integers(0, 100)), max_size=60), st.sampled_from(Severity), st.floats(0, 0.99))
def test_whatever_happens_nothing_leaves_an_end_state_and_no_doubt_is_followed_by_a_blind_send(
    script: list[tuple[DeliveryEvent, int]], severity: Severity, jitter: float
) -> None:
    delivery, now_ns, in_doubt, doubts = _fresh(severity), 0, False, 0
    for event, gap_s in script:
        now_ns += gap_s * SECOND_NS
        before = delivery
        try:
            delivery = advance(delivery, event, now_ns, POLICY, jitter)
        except IllegalTransition:
            assert delivery is before
            continue
        assert before.state not in TERMINAL
        if isinstance(event, SendStarted):
            assert not in_doubt
            assert delivery.attempts == before.attempts + 1
        if isinstance(event, Doubtful):
            in_doubt, doubts = True, doubts + 1
        elif isinstance(event, NotLocated | Located):
            in_doubt = False
        assert delivery.resends <= POLICY.resends(severity)
        assert (delivery.sid is not None) or delivery.state is not S.SENT
        assert delivery.due_ns >= before.due_ns or delivery.due_ns >= now_ns
