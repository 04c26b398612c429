"""An order on nearly every bar: the busiest a strategy can be without breaking a rule of the gate."""

from __future__ import annotations

from tradetui.domain.bar import Bar
from tradetui.strategy.api import Context, Strategy, register


@register("flip")
class Flip(Strategy):
    """Buy when flat, close when not, one order at a time."""

    qty: float = 1.0

    def on_bar(self, bar: Bar, ctx: Context) -> None:
        """Turn the position over."""
        if ctx.working:
            return
        if ctx.position == 0:
            ctx.buy(self.qty, reason="flat")
        else:
            ctx.close(reason="held")
