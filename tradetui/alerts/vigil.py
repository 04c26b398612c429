"""Judge from the outside whether the core lives: from its pipe, its heartbeat file and its process, as a pure object.

Invariant: an alarm is raised only after the core had its grace to come back, at most once per outage, and a pause of
the watcher itself (a suspended machine) is never taken for the core's. Only changes of the heartbeat count, never its
age by the wall clock, so that a clock step cannot raise or hide an alarm.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import assert_never

from tradetui.alerts.model import Cause
from tradetui.alerts.text import span
from tradetui.domain.alert import Severity
from tradetui.domain.clock import SECOND_NS


class CoreLife(Enum):
    """What the watcher believes. The last three are ends."""

    ALIVE = "alive"
    SILENT = "silent"
    HANGING = "hanging"
    GONE = "gone"
    DEAD = "dead"
    RETURNED = "returned"
    LEFT = "left"


@dataclass(frozen=True, slots=True)
class CoreHangs:
    """The process is there but has not beaten for `silent_ns`."""

    silent_ns: int


@dataclass(frozen=True, slots=True)
class CoreResponds:
    """It beats again after an alarm; it was silent for `silent_ns`."""

    silent_ns: int


@dataclass(frozen=True, slots=True)
class CoreDead:
    """The process ended without goodbye and none took its place within the grace."""


@dataclass(frozen=True, slots=True)
class CoreReturned:
    """A new core of the same installation beats: it has a watcher of its own."""


Finding = CoreHangs | CoreResponds | CoreDead | CoreReturned


class Vigil:
    """Feed it `observe` about twice a second. All times are monotonic nanoseconds; `beat` is the heartbeat's mtime."""

    def __init__(self, *, now_ns: int, timeout_ns: int, grace_ns: int, max_gap_ns: int = 5_000_000_000) -> None:
        self._timeout_ns = timeout_ns
        self._grace_ns = grace_ns
        self._max_gap_ns = max_gap_ns
        self._beat: int | None = None
        self._changed_ns = now_ns
        self._seen_ns = now_ns
        self._gone_ns = now_ns
        self.life = CoreLife.ALIVE

    def goodbye(self) -> None:
        """The core said that it ends."""
        if self.life is not CoreLife.DEAD:
            self.life = CoreLife.LEFT

    def core_gone(self, beat: int | None, now_ns: int) -> None:
        """The pipe closed or the process ended. `beat` is its last heartbeat: any later one is a new core's."""
        if self.life in (CoreLife.ALIVE, CoreLife.SILENT, CoreLife.HANGING):
            self.life = CoreLife.GONE
            self._beat = beat
            self._gone_ns = now_ns

    def observe(self, beat: int | None, now_ns: int) -> Finding | None:
        """Take the heartbeat as it is now; return what became certain by it."""
        self._forgive_own_pause(now_ns)
        changed = beat is not None and beat != self._beat
        if self.life in (CoreLife.GONE, CoreLife.DEAD):
            return self._observe_gone(changed, now_ns)
        if self.life in (CoreLife.LEFT, CoreLife.RETURNED):
            return None
        if changed:
            return self._heard(beat, now_ns)
        silent_ns = now_ns - self._changed_ns
        if self.life is not CoreLife.HANGING and silent_ns >= self._timeout_ns:
            self.life = CoreLife.SILENT
            if silent_ns >= self._timeout_ns + self._grace_ns:
                self.life = CoreLife.HANGING
                return CoreHangs(silent_ns)
        return None

    def _heard(self, beat: int | None, now_ns: int) -> Finding | None:
        silent_ns, was = now_ns - self._changed_ns, self.life
        self._beat, self._changed_ns, self.life = beat, now_ns, CoreLife.ALIVE
        return CoreResponds(silent_ns) if was is CoreLife.HANGING else None

    def _observe_gone(self, changed: bool, now_ns: int) -> Finding | None:
        if changed:
            self.life = CoreLife.RETURNED
            return CoreReturned()
        if self.life is CoreLife.GONE and now_ns - self._gone_ns >= self._grace_ns:
            self.life = CoreLife.DEAD
            return CoreDead()
        return None

    def _forgive_own_pause(self, now_ns: int) -> None:
        gap_ns = now_ns - self._seen_ns
        self._seen_ns = now_ns
        if gap_ns > self._max_gap_ns:
            self._changed_ns += gap_ns
            self._gone_ns += gap_ns


def alarm_of(finding: Finding, grace_ns: int) -> tuple[Cause, Severity, str] | None:
    """Return what the operator is told about `finding`, None for nothing: the new core says itself that it started."""
    match finding:
        case CoreHangs(silent_ns):
            text = f"core hangs: no heartbeat for {span(silent_ns / SECOND_NS)}, its process is still there"
            return Cause.CORE_HANGS, Severity.CRITICAL, text
        case CoreResponds(silent_ns):
            text = f"core responds again after {span(silent_ns / SECOND_NS)}"
            return Cause.CORE_HANGS, Severity.WARNING, text
        case CoreDead():
            grace = span(grace_ns / SECOND_NS)
            text = f"core is dead: it ended without goodbye and did not come back in {grace}; orders at the broker stay"
            return Cause.CORE_DEAD, Severity.CRITICAL, text
        case CoreReturned():
            return None
        case _:
            assert_never(finding)
