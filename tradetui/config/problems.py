"""What is wrong with a configuration, said in one line each: place, key, reason, remedy.

The invariant: no traceback, and no value that could be a credential, ever reaches the operator's screen from here.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

from tradetui.domain.errors import OperatorError


@dataclass(frozen=True, slots=True)
class Problem:
    """One complaint. `place` is a file and line or an environment name; `key` may be empty."""

    place: str
    key: str
    reason: str

    def __str__(self) -> str:
        subject = f"{self.key}: " if self.key else ""
        return f"{self.place}: {subject}{self.reason}"


class ConfigError(OperatorError):
    """The configuration is refused: nothing was started. `problems` holds every complaint, one line each."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems), key=_reading_order))
        super().__init__("\n".join(str(problem) for problem in self.problems))


def _reading_order(problem: Problem) -> tuple[str, int, str, str]:
    source, _, line = problem.place.partition(":")
    digits = line.partition(" ")[0]
    return source, int(digits) if digits.isdigit() else 0, problem.key, problem.reason


def near(name: str, known: Iterable[str]) -> str:
    """Return "; did you mean 'x'?" for the known name nearest to `name`, or nothing when none is near."""
    found = difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.5)
    return f"; did you mean {found[0]!r}?" if found else ""
