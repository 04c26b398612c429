"""The screen never claims that an alert arrived when it did not."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tradetui.alerts.board import MAX_ROWS, OVERDUE_NS, AlertBoard
from tradetui.alerts.delivery import DeliveryState
from tradetui.alerts.wire import Report, Status
from tradetui.domain.alert import Severity

S = DeliveryState


def _report(key: str, state: DeliveryState, reason: str = "") -> Report:
    return Report(key=key, number=None, severity=Severity.CRITICAL, state=state, wall_ns=0, reason=reason)


def test_an_alert_without_confirmation_counts_as_undelivered_after_a_minute() -> None:
    board = AlertBoard()
    board.submitted("1", 0)
    board.report(_report("1", S.SENT), 1)
    assert board.health(OVERDUE_NS).undelivered == 0
    assert board.health(OVERDUE_NS + 1).undelivered == 1
    board.report(_report("1", S.DELIVERED), OVERDUE_NS + 2)
    assert board.health(OVERDUE_NS + 3).undelivered == 0


def test_a_lost_alert_is_counted_and_named_at_once() -> None:
    board = AlertBoard()
    board.submitted("1", 0)
    board.report(_report("1", S.UNDELIVERED, "63016: template"), 1)
    health = board.health(2)
    assert (health.undelivered, health.last_failure) == (1, "alert 1: 63016: template")


def test_folded_and_suppressed_alerts_are_not_missing() -> None:
    board = AlertBoard()
    for key, state in (("1", S.FOLDED), ("2", S.SUPPRESSED)):
        board.submitted(key, 0)
        board.report(_report(key, state), 1)
    assert board.health(10 * OVERDUE_NS).undelivered == 0


def test_on_off_and_down_are_shown_with_their_reason() -> None:
    board = AlertBoard()
    assert board.health(0).state == "starting"
    board.status(Status("off", "WARNING", "alerts off: no Twilio credentials"))
    assert (board.health(0).state, board.health(0).reason) == ("off", "no Twilio credentials")
    board.status(Status("ping", "WARNING", "dead-man ping fails"))
    assert board.health(0).state == "off"
    board.status(Status("watcher", "ERROR", "alert watcher ended"))
    assert board.health(0).state == "down"
    board.status(Status("on", "INFO", "alerts on"))
    assert board.health(0).state == "on"


@given(st.lists(st.tuples(st.integers(0, 30).map(str), st.sampled_from(DeliveryState)), max_size=100))
def test_the_count_is_exactly_the_alerts_whose_last_word_is_not_good(script: list[tuple[str, DeliveryState]]) -> None:
    board = AlertBoard()
    last: dict[str, DeliveryState] = {}
    for key, state in script:
        board.report(_report(key, state), 0)
        last[key] = state
    missing = sum(state not in (S.DELIVERED, S.SUPPRESSED, S.FOLDED) for state in last.values())
    assert board.health(OVERDUE_NS + 1).undelivered == missing


def test_endless_failures_do_not_grow_memory() -> None:
    board = AlertBoard()
    for number in range(MAX_ROWS + 50):
        board.report(_report(str(number), S.FAILED), 0)
    assert board.health(0).undelivered == MAX_ROWS
