"""What a run leaves behind: orders, fills, refusals and breaker trips, in the order they happened."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from tradetui.backtest.lane import Lane
from tradetui.backtest.orders import SimOrder
from tradetui.backtest.watch import Trip

#: Refusals kept in full; all are counted.
KEEP_REFUSALS = 20_000


class FillRow(NamedTuple):
    """A booked fill in the bar that ends at `end_ns`. `flow` and `position` are the account's figures after it.

    The log holds bare tuples of these fields while the run lasts, because there are many.

    `flow` is money since the start, `position` the lane's signed quantity, `realized` the profit this fill realised.
    """

    lane: int
    order: SimOrder
    end_ns: int
    signed_qty: float
    price: float
    commission: float
    slippage: float
    realized: float
    flow: float
    position: float


FillTuple = tuple[int, SimOrder, int, float, float, float, float, float, float, float]


class RefusedRow(NamedTuple):
    """An order the gate refused at the close `end_ns`; `codes` holds every reason, `text` words the first."""

    lane: int
    end_ns: int
    sign: int
    qty: float
    codes: str
    text: str


@dataclass(slots=True)
class RunLog:
    """The record of a run."""

    orders: list[tuple[int, SimOrder]] = field(default_factory=list)
    fills: list[FillTuple] = field(default_factory=list)
    refused: list[RefusedRow] = field(default_factory=list)
    refusals: dict[str, int] = field(default_factory=dict)
    trips: list[Trip] = field(default_factory=list)

    def fill_rows(self) -> Iterator[FillRow]:
        """Yield the fills with names."""
        return map(FillRow._make, self.fills)

    def refuse(self, lane: Lane, end_ns: int, sign: int, qty: float, codes: list[str], text: str) -> None:
        """Count a refusal under its first reason and keep its details while there is room."""
        self.refusals[codes[0]] = self.refusals.get(codes[0], 0) + 1
        if len(self.refused) < KEEP_REFUSALS:
            self.refused.append(RefusedRow(lane.index, end_ns, sign, qty, ",".join(codes), text))
