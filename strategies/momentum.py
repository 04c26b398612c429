"""Time-series momentum, long only: buy strength above the trend, leave when it fades or an exit rule fires.

Enter when price gained more than `threshold` over `lookback` bars and stands above its exponential average of `trend`
bars. Leave when the gain has turned negative, or by a stop of `stop_atr` ATRs against the entry, or when half of a good
profit is gone, or after `max_bars` bars. These exits are decided at bar closes and sent at market; with `hard_stop_atr`
a stop order rests at the broker besides, and with `target_atr` a limit order, from the entry's fill on.
"""

from __future__ import annotations

from tradetui.domain.bar import Bar
from tradetui.strategy.api import Context, Strategy, register
from tradetui.strategy.exits import AtrStop, Holding, TimeStop, TrailingLock, first_reason, track
from tradetui.strategy.indicators import ATR, EMA, ROC
from tradetui.strategy.sizing import by_notional


@register("momentum")
class Momentum(Strategy):
    """Long on positive momentum in an uptrend.

    Parameters: `lookback`, `trend`, `atr` and `max_bars` in bars, `threshold` as a fraction of price, `stop_atr` in
    ATRs, `qty` units per entry; `notional` money per entry in place of `qty` when above 0. `hard_stop_atr` and
    `target_atr` are the distances, in ATRs, of the orders that rest behind an entry; 0 for none.
    """

    lookback: int = 10
    trend: int = 20
    atr: int = 14
    threshold: float = 0.0005
    stop_atr: float = 2.5
    max_bars: int = 120
    qty: float = 10.0
    notional: float = 0.0
    hard_stop_atr: float = 0.0
    target_atr: float = 0.0

    def setup(self) -> None:
        """Declare the indicators and the exit rules."""
        self.momentum = self.use(ROC(self.lookback))
        self.trend_average = self.use(EMA(self.trend))
        self.range = self.use(ATR(self.atr))
        self.exits = (AtrStop(self.stop_atr), TrailingLock(after=2.0, keep=0.5), TimeStop(self.max_bars))
        self.holding: Holding | None = None

    def on_bar(self, bar: Bar, ctx: Context) -> None:
        """Track the holding, then leave or enter, one order at a time."""
        self.holding = track(self.holding, ctx.position, ctx.avg_cost, bar, self.range.value)
        gain, average = self.momentum.value, self.trend_average.value
        if gain is None or average is None or ctx.working:
            return
        if self.holding is not None:
            fading = f"momentum {gain:+.3%}" if gain < 0 else None
            reason = fading or first_reason(self.exits, self.holding, bar)
            if reason is not None:
                ctx.close(reason=reason)
        elif gain > self.threshold and bar.close > average:
            ctx.buy(
                self._size(bar.close),
                reason=f"momentum {gain:+.3%} above EMA{self.trend}",
                stop_loss=self._away(bar.close, -self.hard_stop_atr),
                take_profit=self._away(bar.close, self.target_atr),
            )

    def _away(self, price: float, multiple: float) -> float | None:
        """Return the price that many ATRs away, None for no distance."""
        unit = self.range.value
        return price + multiple * unit if multiple and unit else None

    def _size(self, price: float) -> float:
        return by_notional(self.notional, price) if self.notional > 0 else self.qty
