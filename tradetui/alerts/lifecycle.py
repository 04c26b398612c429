"""The life of one message on its way out, as a pure state machine: `advance(delivery, event, now) -> delivery`.

    QUEUED -> SENDING -> SENT(sid) -> DELIVERED | UNDELIVERED(code)
       ^         |           |
       +--retry--+           +-- a carrier error that may pass sends a CRITICAL message again
    QUEUED | SENDING -> FAILED(reason)     QUEUED -> SUPPRESSED (alerts are off) | FOLDED (counted in an incident)

Invariant: after an attempt with unknown outcome (a time-out, a reset) nothing is sent again before the carrier's own
list was read and did not hold the message; and at most `DeliveryPolicy.resends` times even then.
"""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from tradetui.alerts.delivery import (
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
from tradetui.domain.alert import Severity
from tradetui.domain.clock import SECOND_NS
from tradetui.domain.errors import IllegalTransition

_QUEUED, _SENDING, _SENT = DeliveryState.QUEUED, DeliveryState.SENDING, DeliveryState.SENT
_ALLOWED: dict[type, frozenset[DeliveryState]] = {
    SendStarted: frozenset({_QUEUED}),
    Accepted: frozenset({_SENDING}),
    Refused: frozenset({_SENDING}),
    Doubtful: frozenset({_SENDING}),
    Located: frozenset({_QUEUED}),
    NotLocated: frozenset({_QUEUED}),
    CheckFailed: frozenset({_QUEUED, _SENT}),
    StatusSeen: frozenset({_SENT}),
    Expired: frozenset({_QUEUED}),
    Abandoned: frozenset({_QUEUED, _SENDING, _SENT}),
    Suppressed: frozenset({_QUEUED}),
}


def advance(
    delivery: Delivery, event: DeliveryEvent, now_ns: int, policy: DeliveryPolicy, jitter: float = 0.0
) -> Delivery:
    """Return `delivery` after `event`.

    Raises:
        IllegalTransition: the event cannot happen in this state; nothing changes.
    """
    _require(delivery, event)
    match event:
        case SendStarted():
            return replace(delivery, state=_SENDING, attempts=delivery.attempts + 1)
        case Accepted(sid) | Located(sid):
            return _accepted(delivery, sid, now_ns, policy)
        case Refused() | Doubtful():
            return _not_accepted(delivery, event, now_ns, policy, jitter)
        case NotLocated():
            return _not_located(delivery, now_ns, policy)
        case CheckFailed():
            return _check_failed(delivery, event, now_ns, policy, jitter)
        case StatusSeen():
            return _status_seen(delivery, event, now_ns, policy, jitter)
        case Expired():
            last = f": {delivery.reason}" if delivery.reason else ""
            return replace(delivery, state=DeliveryState.FAILED, reason=f"too old to be sent{last}")
        case Abandoned(reason, code):
            state = DeliveryState.UNDELIVERED if delivery.state is _SENT else DeliveryState.FAILED
            return replace(delivery, state=state, reason=reason, code=code)
        case Suppressed(reason):
            return replace(delivery, state=DeliveryState.SUPPRESSED, reason=reason)
        case _:
            assert_never(event)


def _require(delivery: Delivery, event: DeliveryEvent) -> None:
    possible = delivery.state in _ALLOWED[type(event)]
    if isinstance(event, SendStarted):
        possible = possible and not delivery.read_back
    if isinstance(event, Located | NotLocated) or (isinstance(event, CheckFailed) and delivery.state is _QUEUED):
        possible = possible and delivery.read_back
    if not possible:
        look = " (to be read back first)" if delivery.read_back else ""
        raise IllegalTransition(
            f"message {delivery.key} is {delivery.state}{look}: {type(event).__name__} cannot happen"
        )


def _accepted(delivery: Delivery, sid: str, now_ns: int, policy: DeliveryPolicy) -> Delivery:
    return replace(
        delivery,
        state=_SENT,
        sid=sid,
        accepted_ns=now_ns,
        due_ns=now_ns + policy.poll_ns(0),
        read_back=False,
        failures=0,
        polls=0,
        code=None,
        reason="",
    )


def _not_accepted(
    delivery: Delivery, event: Refused | Doubtful, now_ns: int, policy: DeliveryPolicy, jitter: float
) -> Delivery:
    failures = delivery.failures + 1
    due = now_ns + policy.backoff_ns(failures, jitter)
    if isinstance(event, Doubtful):
        return replace(
            delivery, state=_QUEUED, read_back=True, failures=failures, due_ns=due, code=None, reason=event.reason
        )
    if event.kind is not Refusal.RETRY:
        return replace(delivery, state=DeliveryState.FAILED, code=event.code, reason=event.reason)
    if event.retry_after_s is not None:
        due = max(due, now_ns + int(event.retry_after_s * SECOND_NS))
    return replace(delivery, state=_QUEUED, failures=failures, due_ns=due, code=event.code, reason=event.reason)


def _not_located(delivery: Delivery, now_ns: int, policy: DeliveryPolicy) -> Delivery:
    if delivery.attempts == 0:  # an earlier run may have sent it, and did not
        return replace(delivery, read_back=False, due_ns=now_ns, failures=0)
    if delivery.resends >= policy.resends(delivery.severity):
        reason = f"outcome unknown after {delivery.attempts} attempts: {delivery.reason}"
        return replace(delivery, state=DeliveryState.FAILED, reason=reason)
    return replace(delivery, read_back=False, resends=delivery.resends + 1, due_ns=now_ns)


def _check_failed(
    delivery: Delivery, event: CheckFailed, now_ns: int, policy: DeliveryPolicy, jitter: float
) -> Delivery:
    if delivery.state is _SENT:
        return _poll_again(delivery, now_ns, policy, f"status unknown: {event.reason}")
    failures = delivery.failures + 1
    due = now_ns + policy.backoff_ns(failures, jitter)
    return replace(delivery, failures=failures, due_ns=due, code=event.code, reason=event.reason)


def _status_seen(delivery: Delivery, event: StatusSeen, now_ns: int, policy: DeliveryPolicy, jitter: float) -> Delivery:
    if event.arrived:
        return replace(delivery, state=DeliveryState.DELIVERED, code=None, reason=event.status)
    if event.arrived is None:
        return _poll_again(delivery, now_ns, policy, event.status)
    critical = delivery.severity is Severity.CRITICAL
    if event.may_pass and critical and delivery.resends < policy.resends(delivery.severity):
        resends = delivery.resends + 1
        due = now_ns + policy.backoff_ns(resends + 1, jitter)
        return replace(
            delivery, state=_QUEUED, sid=None, code=event.code, reason=event.reason, resends=resends, due_ns=due
        )
    return replace(delivery, state=DeliveryState.UNDELIVERED, code=event.code, reason=event.reason)


def _poll_again(delivery: Delivery, now_ns: int, policy: DeliveryPolicy, reason: str) -> Delivery:
    if now_ns >= delivery.accepted_ns + int(policy.confirm_within_s * SECOND_NS):
        text = f"no delivery confirmed within {policy.confirm_within_s:.0f} s (last: {reason})"
        return replace(delivery, state=DeliveryState.UNDELIVERED, reason=text)
    polls = delivery.polls + 1
    while delivery.accepted_ns + policy.poll_ns(polls) <= now_ns:  # a paused machine asks once, not for each miss
        polls += 1
    return replace(delivery, polls=polls, due_ns=delivery.accepted_ns + policy.poll_ns(polls), reason=reason)
