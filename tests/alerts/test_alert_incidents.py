"""Folding: the first alert at once, storms counted, nothing lost, nothing unbounded."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradetui.alerts.incidents import MAX_CAUSES, Folded, IncidentBook, Sent
from tradetui.alerts.model import Message
from tradetui.domain.alert import Alert, Severity
from tradetui.domain.clock import SECOND_NS

WARNING, CRITICAL, INFO = Severity.WARNING, Severity.CRITICAL, Severity.INFO
WINDOW = 300


@dataclass
class Desk:
    """An incident book with a clock in seconds and numbers given out in order."""

    book: IncidentBook = field(default_factory=lambda: IncidentBook(window_s=WINDOW))
    now: float = 1000.0
    numbers: Iterator[int] = field(default_factory=lambda: count(1))
    texts: list[str] = field(default_factory=list)
    told: list[tuple[float, Message]] = field(default_factory=list)
    sent: dict[str, list[float]] = field(default_factory=dict)
    last: Message = field(init=False)

    def offer(
        self,
        cause: str = "order_failure",
        severity: Severity = WARNING,
        symbol: str | None = "SPY",
        text: str = "rejected",
        *,
        closes: bool = False,
    ) -> bool:
        """Offer an alert; return whether it was sent itself."""
        alert = Alert(
            number=next(self.numbers),
            severity=severity,
            cause=cause,
            text=text,
            market_ns=0,
            symbol=symbol,
            closes=closes,
        )
        verdict, due = self.book.offer(alert, now_ns=self._ns(), wall_ns=self._ns())
        self._note(due)
        self.told.extend((self.now, summary) for summary in due)
        if isinstance(verdict, Sent):
            self.last = verdict.message
            self._note((verdict.message,))
        return isinstance(verdict, Sent)

    def later(self, seconds: float) -> list[str]:
        """Let time pass and return the texts of the summaries."""
        self.now += seconds
        before = len(self.texts)
        self._note(self.book.tick(now_ns=self._ns(), wall_ns=self._ns()))
        return self.texts[before:]

    def _ns(self) -> int:
        return int(self.now * SECOND_NS)

    def _note(self, messages: tuple[Message, ...]) -> None:
        self.texts.extend(message.text for message in messages)


def test_a_thousand_rejects_are_one_message_and_one_summary() -> None:
    desk = Desk()
    assert desk.offer()
    for place in range(999):
        desk.now += 0.125
        assert not desk.offer(symbol=f"S{place % 40}")
    summary = "999 more in 5 min 0 s: S0 25, S1 25, S2 25, S3 25, S4 25, others 874. Latest: rejected"
    assert desk.later(WINDOW - 999 * 0.125) == [summary]


def test_repeats_within_the_window_only_count_and_are_told_at_its_end() -> None:
    desk = Desk()
    assert desk.offer()
    desk.now += 10
    assert not desk.offer()
    desk.now += 50
    assert not desk.offer(symbol="QQQ", text="no permission")
    assert desk.later(239) == []
    assert desk.later(1) == ["2 more in 4 min 50 s: SPY 1, QQQ 1. Latest: no permission"]


def test_a_quiet_window_ends_without_a_summary_and_the_next_alert_goes_out_at_once() -> None:
    desk = Desk()
    assert desk.offer()
    assert desk.later(WINDOW) == []
    assert desk.offer()


def test_a_rise_in_severity_goes_out_at_once() -> None:
    desk = Desk()
    assert desk.offer(severity=WARNING)
    assert desk.offer(severity=CRITICAL)
    assert not desk.offer(severity=CRITICAL)
    assert not desk.offer(severity=WARNING)


def test_an_end_labelled_with_a_high_severity_does_not_hide_a_rise_that_follows() -> None:
    desk = Desk()
    desk.offer("disconnect", INFO, None)
    assert not desk.offer("disconnect", WARNING, "SPY", "SPY is back", closes=True)  # counted: others are still open
    desk.later(WINDOW)
    assert desk.offer("disconnect", INFO, None, "all back", closes=True)
    assert desk.offer("disconnect", WARNING, None)


@pytest.mark.parametrize("severity", [INFO, WARNING, CRITICAL])
def test_an_end_that_starts_a_window_does_not_hide_an_alert_of_its_own_severity(severity: Severity) -> None:
    desk = Desk()
    assert desk.offer("breaker", severity, None, "breaker is reset", closes=True)
    assert desk.offer("breaker", severity, None, "breaker")


def test_the_end_of_the_condition_is_told_with_its_length_and_what_was_counted() -> None:
    desk = Desk()
    desk.offer("disconnect", symbol=None, text="connection lost")
    desk.now += 20
    desk.offer("disconnect", symbol=None, text="connection lost")
    desk.now += 230
    assert desk.offer("disconnect", INFO, None, "connection is back", closes=True)
    assert desk.texts[-1] == "connection is back (over after 4 min 10 s; 1 more meanwhile: general 1)"
    assert desk.later(WINDOW) == []


def test_the_end_is_told_also_when_it_comes_long_after_the_window() -> None:
    desk = Desk()
    desk.offer("disconnect", symbol=None, text="connection lost")
    desk.later(2 * 3600)
    assert desk.offer("disconnect", INFO, None, "connection is back", closes=True)
    assert desk.texts[-1] == "connection is back (over after 2 h 00 min)"


def test_an_incident_of_several_symbols_is_over_when_the_last_one_is() -> None:
    desk = Desk()
    desk.offer("stale_data", symbol="SPY")
    desk.offer("stale_data", symbol="QQQ")
    assert not desk.offer("stale_data", INFO, "SPY", "SPY ticks again", closes=True)
    assert desk.offer("stale_data", INFO, "QQQ", "QQQ ticks again", closes=True)


def test_a_kill_after_a_resume_is_not_held_back_by_the_window() -> None:
    desk = Desk()
    assert desk.offer("kill", CRITICAL, None, "killed")
    assert desk.offer("kill", INFO, None, "trading resumed", closes=True)
    assert desk.offer("kill", CRITICAL, None, "killed again")


def test_a_critical_alert_in_another_symbol_is_not_held_back_but_the_same_one_is() -> None:
    desk = Desk()
    assert desk.offer("mismatch", CRITICAL, "SPY")
    assert not desk.offer("mismatch", CRITICAL, "SPY")
    assert desk.offer("mismatch", CRITICAL, "QQQ")


def test_a_flapping_connection_is_a_few_messages_per_window_and_its_count() -> None:
    desk = Desk()
    sent = 0
    for _ in range(14):
        desk.now += 10
        sent += desk.offer("disconnect", symbol=None, text="connection lost")
        desk.now += 10
        sent += desk.offer("disconnect", INFO, None, "connection is back", closes=True)
    assert sent == 2
    assert desk.later(WINDOW) == ["26 more in 9 min 10 s: general 26. Latest: connection is back"]


def test_an_end_that_nobody_announced_is_passed_on_once() -> None:
    desk = Desk()
    assert desk.offer("disconnect", INFO, None, "connection is back", closes=True)
    assert desk.texts == ["connection is back"]
    assert not desk.offer("disconnect", INFO, None, "connection is back", closes=True)


def test_what_was_counted_is_told_when_the_process_ends() -> None:
    desk = Desk()
    desk.offer()
    desk.offer()
    assert [m.text for m in desk.book.flush(now_ns=desk._ns(), wall_ns=desk._ns())] == [
        "1 more in 0 s: SPY 1. Latest: rejected"
    ]
    assert desk.book.pending() == 0


def test_endless_new_causes_do_not_grow_memory_and_lose_no_count() -> None:
    desk = Desk()
    for place in range(3 * MAX_CAUSES):
        desk.offer(cause=f"cause {place}")
        desk.offer(cause=f"cause {place}")
    assert len(desk.book) == MAX_CAUSES
    assert sum("1 more" in text for text in desk.texts) == 2 * MAX_CAUSES
    assert desk.book.pending() == MAX_CAUSES


steps = st.tuples(
    st.sampled_from(["kill", "disconnect", "stale_data"]),
    st.sampled_from(list(Severity)),
    st.sampled_from([None, "SPY", "QQQ"]),
    st.booleans(),
    st.floats(0, 200),
)


@given(st.lists(steps, max_size=80))
def test_every_alert_is_sent_or_told_in_exactly_one_count(
    script: list[tuple[str, Severity, str | None, bool, float]],
) -> None:
    desk = Desk()
    folded = 0
    for cause, severity, symbol, closes, gap in script:
        desk.later(gap)
        folded += not desk.offer(cause, severity, symbol, closes=closes)
    desk.later(WINDOW)
    assert desk.book.pending() == 0
    assert folded == sum(
        int(found) for text in desk.texts for found in re.findall(r"(\d+) more (?:in|meanwhile)", text)
    )


@given(st.lists(steps, max_size=80))
def test_no_alert_is_held_back_unless_one_as_severe_was_told_within_the_window(
    script: list[tuple[str, Severity, str | None, bool, float]],
) -> None:
    desk = Desk()
    for cause, severity, symbol, closes, gap in script:
        desk.now += gap
        sent = desk.offer(cause, severity, symbol, closes=closes)
        if not closes and not sent:
            recent = [m.severity for when, m in desk.told if m.cause == cause and desk.now - when <= WINDOW]
            assert severity <= max(recent)
        if not closes and sent:
            desk.told.append((desk.now, desk.last))


@given(st.lists(steps, max_size=80))
def test_whatever_happens_a_cause_sends_few_messages_per_window(
    script: list[tuple[str, Severity, str | None, bool, float]],
) -> None:
    desk = Desk()
    for cause, severity, symbol, closes, gap in script:
        desk.now += gap
        if desk.offer(cause, severity, symbol, closes=closes):
            desk.sent.setdefault(cause, []).append(desk.now)
            # A window holds at most 3 openings and 4 ends, and any 300 s touch at most two windows.
            assert sum(desk.now - moment < WINDOW for moment in desk.sent[cause]) <= 14


def test_a_folded_alert_names_the_incident_it_was_counted_in() -> None:
    book = IncidentBook()
    alert = Alert(number=5, severity=WARNING, cause="breaker", text="t", market_ns=0)
    book.offer(alert, now_ns=0, wall_ns=0)
    verdict, _ = book.offer(
        Alert(number=6, severity=WARNING, cause="breaker", text="t", market_ns=0), now_ns=1, wall_ns=1
    )
    assert verdict == Folded(5)


def test_the_book_says_when_its_next_summary_is_due() -> None:
    desk = Desk()
    desk.offer()
    assert desk.book.due_ns() is None
    desk.offer()
    assert desk.book.due_ns() == int((1000 + WINDOW) * SECOND_NS)
