"""Several recipients, one outbox row."""

from __future__ import annotations

from collections.abc import Callable

from tradetui.alerts.delivery import Delivery, DeliveryState
from tradetui.alerts.fanout import Fanout
from tradetui.alerts.model import Message
from tradetui.domain.alert import Severity

S = DeliveryState


def _delivery(key: str, state: DeliveryState, reason: str = "", code: int | None = None) -> Delivery:
    return Delivery(
        key=key,
        number=17,
        severity=Severity.CRITICAL,
        due_ns=0,
        expires_ns=0,
        state=state,
        reason=reason,
        code=code,
    )


def test_each_recipient_gets_a_copy_of_its_own(make_message: Callable[..., Message]) -> None:
    parts = Fanout(3).split(make_message())
    assert [(part.key, part.recipient, part.number) for part in parts] == [
        ("17", 0, 17),
        ("17@2", 1, 17),
        ("17@3", 2, 17),
    ]


def test_one_recipient_is_reported_as_it_is() -> None:
    delivery = _delivery("17", S.SENT, "sent")
    assert Fanout(1).merge(delivery) is delivery


def test_the_row_is_delivered_once_somebody_was_reached_and_names_who_was_not() -> None:
    fanout = Fanout(2)
    assert fanout.merge(_delivery("17", S.SENT)).state is S.SENT
    assert fanout.merge(_delivery("17@2", S.DELIVERED)).state is S.DELIVERED
    whole = fanout.merge(_delivery("17", S.UNDELIVERED, "63015: not joined", 63015))
    assert (whole.key, whole.state, whole.code) == ("17", S.DELIVERED, 63015)
    assert whole.reason == "1 of 2 recipients reached; recipient 1: 63015: not joined"


def test_the_row_fails_only_when_nobody_was_reached_and_nobody_is_still_on_the_way() -> None:
    fanout = Fanout(2)
    assert fanout.merge(_delivery("17", S.FAILED, "refused")).state is S.FAILED
    assert fanout.merge(_delivery("17@2", S.QUEUED)).state is S.QUEUED
    assert fanout.merge(_delivery("17@2", S.UNDELIVERED, "63016", 63016)).state is S.UNDELIVERED


def test_a_finished_message_is_forgotten() -> None:
    fanout = Fanout(2)
    fanout.merge(_delivery("17", S.DELIVERED))
    fanout.merge(_delivery("17@2", S.DELIVERED))
    assert fanout.merge(_delivery("17", S.QUEUED)).reason == "0 of 2 recipients reached"
