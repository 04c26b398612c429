"""Moving-average crossover, long only: hold while the fast average of closes is above the slow one.

The rule is a level, not an event: whenever the fast average is above the slow one and nothing is held, it wants to buy;
whenever it is below and something is held, it wants out. So it can begin in the middle of a day, and after a refused
order it asks again at the next bar. Equal averages change nothing. Averages are exact, so "equal" is well defined.
"""

from __future__ import annotations

from tradetui.domain.bar import Bar
from tradetui.strategy.api import Context, Strategy, register
from tradetui.strategy.indicators import SMA


@register("ma_crossover")
class MovingAverageCrossover(Strategy):
    """Long while SMA(fast) > SMA(slow). Parameters: `fast` and `slow` in bars, `qty` units per entry."""

    fast: int = 5
    slow: int = 20
    qty: float = 10.0

    def setup(self) -> None:
        """Declare the two averages."""
        if self.fast >= self.slow:
            raise ValueError(f"fast ({self.fast}) must be smaller than slow ({self.slow})")
        self.fast_average = self.use(SMA(self.fast))
        self.slow_average = self.use(SMA(self.slow))

    def on_bar(self, bar: Bar, ctx: Context) -> None:
        """Enter and leave by the level of the averages, one order at a time."""
        fast, slow = self.fast_average.value, self.slow_average.value
        if fast is None or slow is None or ctx.working:
            return
        if fast > slow and ctx.position == 0:
            ctx.buy(self.qty, reason=f"SMA{self.fast} {fast:.4f} above SMA{self.slow} {slow:.4f}")
        elif fast < slow and ctx.position > 0:
            ctx.close(reason=f"SMA{self.fast} {fast:.4f} below SMA{self.slow} {slow:.4f}")
