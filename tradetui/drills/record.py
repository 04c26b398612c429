"""What a drill did, step by step, and the evidence it leaves: dated, readable, private.

The invariant: a step counts as passed only when its work returned; a drill passed only when every one of its steps did.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from tradetui import __version__
from tradetui.domain.errors import OperatorError


class DrillFailed(OperatorError):
    """A step did not come out as it has to; the text says how."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step: `at_s` real seconds after the drill began, `took_s` long, `said` what was seen."""

    name: str
    at_s: float
    took_s: float
    passed: bool
    said: str


@dataclass(slots=True)
class Record:
    """The steps of one drill. `say` gets each step's line as it ends; `clock` is monotonic seconds."""

    drill: str
    say: Callable[[str], None]
    clock: Callable[[], float] = time.monotonic
    began: datetime = field(default_factory=lambda: datetime.now(UTC))
    steps: list[Step] = field(default_factory=list)
    _zero: float = field(init=False)

    def __post_init__(self) -> None:
        self._zero = self.clock()

    @property
    def passed(self) -> bool:
        """Whether there were steps and all of them passed."""
        return bool(self.steps) and all(step.passed for step in self.steps)

    def step(self, name: str, work: Callable[[], str]) -> None:
        """Do `work`, which returns what was seen, and keep how it went.

        Raises:
            OperatorError: the step failed, with the reason; it is kept.
        """
        begin, said, passed = self.clock(), "interrupted", False
        try:
            said = work()
            passed = True
        except OperatorError as error:
            said = str(error)
            raise
        finally:
            took = self.clock() - begin
            done = Step(name=name, at_s=round(begin - self._zero, 2), took_s=round(took, 2), passed=passed, said=said)
            self.steps.append(done)
            self.say(line_of(done))

    def write(self, folder: Path, log: str = "") -> Path:
        """Write the evidence as JSON and as text into `folder`, both 0600; return the text's path.

        Raises:
            OperatorError: it cannot be written.
        """
        stamp = self.began.strftime("%Y-%m-%dT%H%M%SZ")
        facts = {
            "drill": self.drill,
            "began": self.began.isoformat(timespec="seconds"),
            "passed": self.passed,
            "version": __version__,
            "steps": [asdict(step) for step in self.steps],
            "log": log,
        }
        text = "\n".join((f"drill {self.drill}, {facts['began']}, tradetui {__version__}", *map(line_of, self.steps)))
        text += f"\n{verdict(self.drill, passed=self.passed)}\n" + (f"\n{log}\n" if log else "")
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            _write(folder / f"{stamp}-{self.drill}.json", json.dumps(facts, indent=2) + "\n")
            _write(folder / f"{stamp}-{self.drill}.txt", text)
        except OSError as error:
            raise OperatorError(f"{folder}: the evidence cannot be written: {error.strerror}") from None
        return folder / f"{stamp}-{self.drill}.txt"


def line_of(step: Step) -> str:
    """Return a step as one line."""
    return f"{step.at_s:7.2f} s  {'ok  ' if step.passed else 'FAIL'}  {step.name} ({step.took_s:.2f} s): {step.said}"


def verdict(drill: str, *, passed: bool) -> str:
    """Return the last line of a drill."""
    return f"drill {drill} {'passed' if passed else 'FAILED'}"


def _write(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
