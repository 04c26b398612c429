"""One resting order per symbol, far enough from the market to stay: what a kill has to cancel."""

from __future__ import annotations

from tradetui.domain.bar import Bar
from tradetui.strategy.api import Context, Strategy, register


@register("rest")
class Rest(Strategy):
    """A limit order to buy, `below` (a fraction) under the close."""

    qty: float = 1.0
    below: float = 0.04

    def on_bar(self, bar: Bar, ctx: Context) -> None:
        """Keep one order working."""
        if not ctx.working and ctx.position == 0:
            ctx.buy(self.qty, limit=round(bar.close * (1 - self.below), 2), reason="rests")
