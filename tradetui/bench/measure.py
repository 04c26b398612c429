"""What a benchmark hands back: one figure, what it is a figure of, and the budget it stands beside.

Invariant: a budget is compared as a share (1.00 is exactly the budget, less is better), because the same share can be
read on a fast and on a slow machine; nothing here passes or fails.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Protocol, Self, TextIO

from tradetui.domain.errors import OperatorError


class Bound(StrEnum):
    """Which side of the budget is good."""

    AT_MOST = "<="
    AT_LEAST = ">="


@dataclass(frozen=True, slots=True)
class Budget:
    """A figure of the design, in the unit of the measurement beside it."""

    bound: Bound
    value: float

    def share(self, measured: float) -> float:
        """Return how much of the budget `measured` uses: 1.0 all of it, less is better."""
        if self.bound is Bound.AT_MOST:
            return measured / self.value
        return self.value / measured if measured > 0 else float("inf")


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """One figure. `name` is unique within a run, `what` one line for a reader, `unit` the unit of the figure."""

    name: str
    what: str
    value: float
    unit: str
    budget: Budget | None = None

    def line(self) -> str:
        """Return the figure with its budget beside it, in columns."""
        figure = f"{readable(self.value)} {self.unit}".strip()
        if self.budget is None:
            beside, share = "", ""
        else:
            beside = f"{self.budget.bound} {readable(self.budget.value)}"
            share = f"{self.budget.share(self.value):.2f}"
        return f"{self.name:<24}{figure:>16}  {beside:>12}{share:>7}  {self.what}"

    def as_json(self) -> dict[str, object]:
        """Return the measurement as plain values, with the share of the budget."""
        share = None if self.budget is None else round(self.budget.share(self.value), 4)
        return {**asdict(self), "share": share}

    @classmethod
    def from_json(cls, row: Mapping[str, object]) -> Self:
        """Return the measurement that `as_json` wrote."""
        budget = row["budget"]
        return cls(
            name=str(row["name"]),
            what=str(row["what"]),
            value=float(str(row["value"])),
            unit=str(row["unit"]),
            budget=Budget(Bound(budget["bound"]), float(budget["value"])) if isinstance(budget, dict) else None,
        )


HEADING = f"{'':<24}{'measured':>16}  {'budget':>12}{'share':>7}"


class Unmeasured(OperatorError):
    """A benchmark could not get its figure; the text says what kept it."""


class Benchmark(Protocol):
    """What each benchmark module offers."""

    def measure(self, scale: float) -> list[Measurement]:
        """Return the figures; `scale` 1.0 is the full amount of work, 0.1 a tenth of it.

        Raises:
            Unmeasured: something the benchmark needs did not come to be.
        """


def at_most(value: float) -> Budget:
    """Return the budget "no more than `value`"."""
    return Budget(Bound.AT_MOST, value)


def at_least(value: float) -> Budget:
    """Return the budget "no less than `value`"."""
    return Budget(Bound.AT_LEAST, value)


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the smallest value that `percent` of `values` do not exceed.

    Raises:
        Unmeasured: there are no values.
    """
    if not values:
        raise Unmeasured("there are no samples to take a percentile of")
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def cost_us(work: Callable[[], object], rounds: int, clock: Callable[[], float]) -> float:
    """Return the microseconds one call of `work` takes: the best of five runs of `rounds` calls, noise taken out."""
    best = float("inf")
    for _ in range(5):
        begin = clock()
        for _ in range(rounds):
            work()
        best = min(best, clock() - begin)
    return best / rounds * 1e6


def readable(value: float) -> str:
    """Return `value` with three significant digits, thousands grouped."""
    if value == 0:
        return "0"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def write_line(text: str, stream: TextIO = sys.stdout) -> None:
    """Write one line at once: a reader of a pipe sees each figure when it is there."""
    stream.write(f"{text}\n")
    stream.flush()
