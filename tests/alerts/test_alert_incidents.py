"""Folding: the first alert at once, storms counted, nothing lost, nothing unbounded."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count

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
        if isinstance(verdict, Sent):
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
def test_the_first_alert_and_every_rise_are_sent_and_a_window_holds_few_messages(
    script: list[tuple[str, Severity, str | None, bool, float]],
) -> None:
    desk = Desk()
    last_sent: dict[str, tuple[float, Severity]] = {}
    sent_at: dict[str, list[float]] = {}
    for cause, severity, symbol, closes, gap in script:
        desk.now += gap
        sent = desk.offer(cause, severity, symbol, closes=closes)
        known = last_sent.get(cause)
        if not closes and (known is None or (severity > known[1] and desk.now - known[0] < WINDOW)):
            assert sent
        if sent:
            worst = max(severity, known[1]) if known is not None and desk.now - known[0] < WINDOW else severity
            last_sent[cause] = (desk.now, worst)
            times = sent_at.setdefault(cause, [])
            times.append(desk.now)
            assert sum(desk.now - moment < WINDOW for moment in times) <= 12


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
