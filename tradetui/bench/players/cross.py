"""A plain crossover for the backtest of a whole process."""

from __future__ import annotations

from tradetui.domain.bar import Bar
from tradetui.strategy.api import Context, Strategy, register
from tradetui.strategy.indicators import SMA


@register("cross")
class Cross(Strategy):
    """Long while SMA(fast) > SMA(slow)."""

    fast: int = 20
    slow: int = 50
    qty: float = 10.0

    def setup(self) -> None:
        """Declare the averages."""
        self.fast_average = self.use(SMA(self.fast))
        self.slow_average = self.use(SMA(self.slow))

    def on_bar(self, bar: Bar, ctx: Context) -> None:
        """Follow the level."""
        fast, slow = self.fast_average.value, self.slow_average.value
        if fast is None or slow is None or ctx.working:
            return
        if fast > slow and ctx.position == 0:
            ctx.buy(self.qty, reason="above")
        elif fast < slow and ctx.position > 0:
            ctx.close(reason="below")
