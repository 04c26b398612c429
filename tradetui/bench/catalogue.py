"""The benchmarks by name. Standard library only: `tradetui bench --help` imports no benchmark."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, cast

from tradetui.domain.errors import OperatorError

if TYPE_CHECKING:
    from tradetui.bench.measure import Benchmark


@dataclass(frozen=True, slots=True)
class Entry:
    """One benchmark: its module in this package and what it measures, in one line."""

    module: str
    help: str


BENCHMARKS: dict[str, Entry] = {
    "gate": Entry("gate", "risk gate: cost of one decision, every control on"),
    "step": Entry("step", "trading core: cost of one step, by kind of event"),
    "journal": Entry("journal", "journal: one durable commit"),
    "ticks": Entry("ticks", "ticks through IB library, connector and aggregator"),
    "gateway": Entry("gateway", "paper gateway: order round trip, ticks to one client"),
    "crowd": Entry("crowd", "paper gateway: twenty clients with a hundred lines each, in real time"),
    "year": Entry("year", "paper gateway: a year of daily sessions of 4 symbols with one trading client"),
    "orders": Entry("orders", "whole core: bar close to order bytes, loop lag under bad clients, memory"),
    "kill": Entry("kill", "whole core: kill to the last cancel on the wire, 20 working orders"),
    "backtest": Entry("backtest", "event backtest of 1,000,000 bars, and of 5,000 bars as a whole process"),
    "start": Entry("start", "`tradetui` to its first paint, `tradetui status` as a whole process"),
    "screen": Entry("screen", "screen of 20 symbols, 2 Hz, 120x40: bytes and CPU"),
}


def load(name: str) -> Benchmark:
    """Return the benchmark called `name`.

    Raises:
        OperatorError: there is none; the nearest name is in the text.
    """
    check_names([name])
    return cast("Benchmark", importlib.import_module(f"tradetui.bench.{BENCHMARKS[name].module}"))


def check_names(names: list[str]) -> None:
    """Check that every one of `names` is a benchmark.

    Raises:
        OperatorError: one is not; the nearest name is in the text.
    """
    for name in names:
        if name not in BENCHMARKS:
            near = get_close_matches(name, BENCHMARKS, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(BENCHMARKS)}"
            raise OperatorError(f"unknown benchmark {name!r}; {hint}")
