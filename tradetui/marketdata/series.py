"""Recent bars of one symbol and size: history and live bars in one bounded line.

Invariant: bars rise strictly in time, each once; history is merged only when it agrees with the bars already held,
because a differing overlap means a split, a revision or a wrong contract, and a strategy must then warm up again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tradetui.domain.bar import Bar, BarSize

#: Relative difference of closes above which history contradicts live bars.
MAX_DEVIATION = 0.005


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge:
    """What a merge did. `ratio` is new over held close where all compared bars agree on one (a split), else None."""

    added: int
    compared: int
    worst_deviation: float
    consistent: bool
    ratio: float | None = None

    @property
    def reason(self) -> str:
        """One line for the log and the screen; empty when consistent."""
        if self.consistent:
            return ""
        split = f", all by the same ratio {self.ratio:g}: a split?" if self.ratio is not None else ""
        return f"history differs from the bars held by up to {self.worst_deviation:.2%} in {self.compared} bars{split}"


class BarSeries:
    """The last `capacity` closed bars of one symbol and size."""

    def __init__(self, symbol: str, size: BarSize, capacity: int = 2000) -> None:
        self.symbol = symbol
        self.size = size
        self._bars: deque[Bar] = deque(maxlen=capacity)

    def __len__(self) -> int:
        return len(self._bars)

    def __iter__(self) -> Iterator[Bar]:
        return iter(self._bars)

    @property
    def last(self) -> Bar | None:
        """The newest bar."""
        return self._bars[-1] if self._bars else None

    def recent(self, count: int) -> list[Bar]:
        """Return the newest `count` bars, oldest first."""
        bars = list(self._bars)
        return bars[-count:] if count else []

    def append(self, bar: Bar) -> bool:
        """Take a live bar; return False, changing nothing, when it is not newer than the last or not sound."""
        last = self.last
        if bar.fault() is not None or (last is not None and bar.end_ns <= last.end_ns):
            return False
        self._bars.append(bar)
        return True

    def merge(self, history: Iterable[Bar], compare: int = 20) -> Merge:
        """Fill in bars of `history`, oldest first, that are missing here; a bar already held is never replaced.

        The newest `compare` bars known to both are compared first; when they disagree nothing is merged.
        """
        incoming = {bar.end_ns: bar for bar in history if bar.fault() is None}
        held = {bar.end_ns: bar for bar in self._bars}
        shared = sorted(incoming.keys() & held.keys())[-compare:]
        ratios = [incoming[end].close / held[end].close for end in shared]
        worst = max((abs(ratio - 1) for ratio in ratios), default=0.0)
        if worst > MAX_DEVIATION:
            return Merge(added=0, compared=len(shared), worst_deviation=worst, consistent=False, ratio=_common(ratios))
        missing = {end: bar for end, bar in incoming.items() if end not in held}
        merged = sorted({**missing, **held}.items())
        self._bars = deque((bar for _, bar in merged), maxlen=self._bars.maxlen)
        return Merge(added=len(missing), compared=len(shared), worst_deviation=worst, consistent=True)

    def clear(self) -> None:
        """Forget every bar: the series warms up again."""
        self._bars.clear()


def _common(ratios: list[float]) -> float | None:
    middle = sorted(ratios)[len(ratios) // 2]
    agree = all(abs(ratio / middle - 1) <= MAX_DEVIATION for ratio in ratios)
    return round(middle, 4) if agree else None
