"""One position and one resting order per symbol: something of each kind for a drill to deal with."""

from __future__ import annotations

from tradetui.domain.bar import Bar
from tradetui.strategy.api import Context, Strategy, register


@register("drill")
class Drill(Strategy):
    """Buys once at market, then keeps a limit order `below` (a fraction) under the close."""

    qty: float = 1.0
    below: float = 0.04

    def on_bar(self, bar: Bar, ctx: Context) -> None:
        """Want a position first, a resting order then."""
        if ctx.working:
            return
        if ctx.position == 0:
            ctx.buy(self.qty, reason="a position")
        else:
            ctx.buy(self.qty, limit=round(bar.close * (1 - self.below), 2), reason="a resting order")
