"""Price increments that may depend on the price, as IB's market rules have them.

Invariant: rounding never crosses the price it rounds from, and the result conforms to the rule.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from tradetui.gateway.venue.money import to_micros


class TickRule:
    """Increments in micro-dollars; `steps` are (low edge, increment) in dollars, ascending, the first edge 0."""

    __slots__ = ("_edges", "_steps")

    def __init__(self, steps: Sequence[tuple[float, float]]) -> None:
        self._edges = [to_micros(edge) for edge, _ in steps]
        self._steps = [to_micros(step) for _, step in steps]

    def step_at(self, price: int) -> int:
        """The increment that applies at a price."""
        if len(self._steps) == 1:
            return self._steps[0]
        return self._steps[max(bisect_right(self._edges, price) - 1, 0)]

    def allows(self, price: int) -> bool:
        """Whether a price is a whole number of its increments."""
        return price % self.step_at(price) == 0

    def down(self, price: int) -> int:
        """The highest allowed price at or below `price`."""
        return price - price % self.step_at(price)

    def up(self, price: int) -> int:
        """The lowest allowed price at or above `price`."""
        step = self.step_at(price)
        return -(-price // step) * step
