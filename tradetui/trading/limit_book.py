"""The limits that hold, their version, and the looser ones that wait.

Invariants: tighter holds at once, looser never without a second step (typed) or the next session; every change is
journaled with who and why under a new version, and a restart brings back the same limits, unless the configuration
itself was changed since: then it says what it made looser.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tradetui.domain.records import LimitSaved
from tradetui.risk.limit_names import carried_over, changed, is_tighter, numbers
from tradetui.risk.limits import Limits
from tradetui.risk.scopes import ScopedLimits

#: Words for what a change was.
FILE, TIGHTER, STAGED, CONFIRMED, SESSION, DROPPED = "file", "tighter", "staged", "confirmed", "session", "dropped"


@dataclass(frozen=True, slots=True)
class FileChange:
    """A limit whose value in the configuration is not what the journal remembers; None: it was not there."""

    name: str
    before: float | None
    value: float | None

    @property
    def is_looser(self) -> bool:
        """Whether the configuration lets more through than it did."""
        if self.before is None or self.value == self.before:
            return False
        return self.value is None or not is_tighter(self.name, self.before, self.value)


class LimitBook:
    """One account's limits by name. `log` is what was last said of each; the caller journals it."""

    def __init__(self, configured: Limits, saved: Iterable[LimitSaved] = ()) -> None:
        self._file = numbers(configured)
        self.log: dict[str, LimitSaved] = {item.name: item for item in saved}
        self.version = max((item.version for item in self.log.values()), default=0)
        limits, lost = carried_over(configured, self._earlier_changes())
        self.now = ScopedLimits(limits)
        said = {name: item.file_value for name, item in self.log.items()}
        differ = {name for name in {*self._file, *said} if said.get(name) != self._file.get(name)}
        self.file_changes = tuple(
            FileChange(name, said.get(name), self._file.get(name)) for name in sorted(differ.union(lost))
        )

    def _earlier_changes(self) -> dict[str, float]:
        """Return what was changed by command, where the configuration still says what it said then."""
        return {
            name: item.value
            for name, item in self.log.items()
            if item.value is not None and item.file_value == self._file.get(name) and item.value != item.file_value
        }

    @property
    def staged(self) -> dict[str, LimitSaved]:
        """What waits, by name. A change of the configuration ends the waiting."""
        return {
            name: item
            for name, item in self.log.items()
            if item.staged is not None and item.file_value == self._file.get(name)
        }

    def value(self, name: str) -> float | None:
        """Return what holds for `name`, None when there is no such limit."""
        return numbers(self.now.account).get(name)

    def apply(self, values: Mapping[str, float]) -> None:
        """Let these values hold from now on, under a new version.

        Raises:
            OperatorError: they cannot be; nothing was changed.
        """
        self.now = ScopedLimits(changed(self.now.account, values))
        self.version += 1

    def entry(
        self, name: str, what: str, who: str, reason: str, ts_ns: int, *, staged: float | None = None, date: str = ""
    ) -> LimitSaved:
        """Note what was done about `name`, and return the record of it."""
        saved = LimitSaved(
            name=name,
            version=self.version,
            what=what,
            file_value=self._file.get(name),
            value=self.value(name),
            staged=staged,
            staged_date=date,
            who=who,
            reason=reason,
            ts_ns=ts_ns,
        )
        self.log[name] = saved
        return saved

    def begin(self, ts_ns: int) -> list[LimitSaved]:
        """Take the configuration's values over where they changed; return the records of it."""
        if not self.file_changes:
            return []
        self.version += 1
        return [self.entry(item.name, FILE, "configuration", "", ts_ns) for item in self.file_changes]
