"""Is the core alive: alarms when it is not, none when it is."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from tradetui.alerts.model import Cause
from tradetui.alerts.vigil import (
    CoreDead,
    CoreHangs,
    CoreLife,
    CoreResponds,
    CoreReturned,
    Finding,
    Vigil,
    alarm_of,
)
from tradetui.domain.alert import Severity
from tradetui.domain.clock import SECOND_NS

TIMEOUT, GRACE = 10, 15


@dataclass
class Watch:
    """A vigil that is looked at twice a second."""

    vigil: Vigil = field(
        default_factory=lambda: Vigil(now_ns=0, timeout_ns=TIMEOUT * SECOND_NS, grace_ns=GRACE * SECOND_NS)
    )
    now_s: float = 0.0
    beat: int | None = 1

    def look(self, seconds: float, *, beating: bool = False) -> list[tuple[float, Finding]]:
        """Look for `seconds`; return what was found, and when."""
        found = []
        for _ in range(round(seconds * 2)):
            self.now_s += 0.5
            if beating:
                self.beat = (self.beat or 0) + 1
            finding = self.vigil.observe(self.beat, int(self.now_s * SECOND_NS))
            if finding is not None:
                found.append((self.now_s, finding))
        return found


def test_a_beating_core_raises_nothing() -> None:
    assert Watch().look(3600, beating=True) == []


def test_a_silent_core_raises_one_alarm_after_time_limit_and_grace_and_tells_its_return() -> None:
    watch = Watch()
    watch.look(5, beating=True)
    assert watch.look(120) == [(5 + TIMEOUT + GRACE, CoreHangs((TIMEOUT + GRACE) * SECOND_NS))]
    ((when, finding),) = watch.look(1, beating=True)
    assert (when, finding) == (125.5, CoreResponds(int(120.5 * SECOND_NS)))


def test_a_core_that_beats_again_within_the_grace_raises_nothing() -> None:
    watch = Watch()
    watch.look(1, beating=True)
    assert watch.look(TIMEOUT + GRACE - 1) == []
    lives = [watch.vigil.life]
    assert watch.look(1, beating=True) == []
    assert [*lives, watch.vigil.life] == [CoreLife.SILENT, CoreLife.ALIVE]


def test_a_core_that_never_beat_at_all_is_noticed() -> None:
    watch = Watch(beat=None)
    assert [finding for _, finding in watch.look(60)] == [CoreHangs((TIMEOUT + GRACE) * SECOND_NS)]


def test_a_closed_pipe_without_goodbye_is_a_dead_core_after_the_grace() -> None:
    watch = Watch()
    watch.look(5, beating=True)
    watch.vigil.core_gone(watch.beat, int(watch.now_s * SECOND_NS))
    assert watch.look(60) == [(5 + GRACE, CoreDead())]


def test_a_core_that_is_started_again_within_the_grace_is_not_reported_dead() -> None:
    watch = Watch()
    watch.look(5, beating=True)
    watch.vigil.core_gone(watch.beat, int(watch.now_s * SECOND_NS))
    assert watch.look(GRACE - 1) == []
    assert [finding for _, finding in watch.look(5, beating=True)] == [CoreReturned()]
    assert watch.look(60) == []


def test_a_new_core_is_noticed_also_after_the_alarm() -> None:
    watch = Watch()
    watch.vigil.core_gone(watch.beat, 0)
    assert [finding for _, finding in watch.look(30)] == [CoreDead()]
    assert [finding for _, finding in watch.look(1, beating=True)] == [CoreReturned()]


def test_after_goodbye_silence_is_no_incident() -> None:
    watch = Watch()
    watch.vigil.goodbye()
    watch.vigil.core_gone(watch.beat, 0)
    assert watch.look(120) == []
    assert watch.vigil.life is CoreLife.LEFT


def test_a_suspended_machine_is_not_taken_for_a_hanging_core() -> None:
    watch = Watch()
    watch.look(5, beating=True)
    watch.now_s += 8 * 3600
    assert watch.look(TIMEOUT + GRACE - 1) == []
    watch.vigil.core_gone(watch.beat, int(watch.now_s * SECOND_NS))
    watch.now_s += 8 * 3600
    assert watch.look(GRACE - 1) == []


def test_a_core_that_hung_and_then_died_is_reported_for_both() -> None:
    watch = Watch()
    assert [finding for _, finding in watch.look(30)] == [CoreHangs((TIMEOUT + GRACE) * SECOND_NS)]
    watch.vigil.core_gone(watch.beat, int(watch.now_s * SECOND_NS))
    assert [finding for _, finding in watch.look(30)] == [CoreDead()]


@given(st.lists(st.tuples(st.floats(0.5, 90), st.booleans()), max_size=20))
def test_alarms_and_all_clears_alternate_whatever_the_core_does(script: list[tuple[float, bool]]) -> None:
    watch = Watch()
    kinds = [type(finding) for seconds, beating in script for _, finding in watch.look(seconds, beating=beating)]
    assert kinds == ([CoreHangs, CoreResponds] * len(kinds))[: len(kinds)]


def test_the_operator_is_told_in_one_line_what_happened() -> None:
    hangs = alarm_of(CoreHangs(25 * SECOND_NS), GRACE * SECOND_NS)
    assert hangs == (
        Cause.CORE_HANGS,
        Severity.CRITICAL,
        "core hangs: no heartbeat for 25 s, its process is still there",
    )
    responds = alarm_of(CoreResponds(125 * SECOND_NS), GRACE * SECOND_NS)
    assert responds == (Cause.CORE_HANGS, Severity.WARNING, "core responds again after 2 min 5 s")
    dead = alarm_of(CoreDead(), GRACE * SECOND_NS)
    assert dead is not None
    assert dead[2] == (
        "core is dead: it ended without goodbye and did not come back in 15 s; orders at the broker stay"
    )
    assert alarm_of(CoreReturned(), 0) is None
