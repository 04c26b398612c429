"""Strategies that the tests trade with, and the configuration that runs them."""

from __future__ import annotations

import json
from collections.abc import Sequence

_HEAD = """\
from tradetui.domain.bar import Bar
from tradetui.strategy.api import Context, Strategy, register


"""

REST = (
    _HEAD
    + '''\
@register("rest")
class Rest(Strategy):
    """Keeps one limit order working, too far from the market to be filled."""

    qty: float = 10

    def on_bar(self, bar: Bar, ctx: Context) -> None:
        if not ctx.working and not ctx.position:
            ctx.buy(self.qty, limit=round(bar.close * 0.95, 2), reason="rests")
'''
)

RAISE = (
    _HEAD
    + '''\
@register("broken")
class Broken(Strategy):
    """Fails at every bar."""

    qty: float = 10

    def on_bar(self, bar: Bar, ctx: Context) -> None:
        raise ValueError("no such luck")
'''
)

HANG = (
    _HEAD
    + '''\
@register("stuck")
class Stuck(Strategy):
    """Never comes back from its first bar."""

    qty: float = 10

    def on_bar(self, bar: Bar, ctx: Context) -> None:
        while True:
            pass
'''
)

WITNESS = (
    _HEAD
    + '''\
@register("witness")
class Witness(Strategy):
    """Writes down every bar it is shown, of the past and of the present, and trades nothing."""

    qty: float = 10

    def update(self, bar: Bar) -> None:
        super().update(bar)
        with open("witness.txt", "a") as file:
            file.write(f"{bar.symbol} {bar.end_ns}\\n")

    def on_bar(self, bar: Bar, ctx: Context) -> None:
        pass
'''
)

_CONFIG = """\
[broker]
client_id = 7
{broker}

[market]
symbols = {symbols}
{strategies}
[execution]
unfilled_policy = "keep"

[risk]
max_order_qty = 100
max_order_notional = 100_000
max_position_qty = 100
max_position_notional = 100_000
max_gross_notional = 400_000
max_leverage = 1.0
daily_loss_limit = 50_000
max_drawdown_pct = 50.0
price_collar_pct = 10.0
orders_per_second = 100
orders_per_minute = 3_000
orders_per_day = 100_000
duplicate_window_s = 0.001

[profile.demo.clock]
speed = {speed}
{more}
"""


def config_of(
    strategies: Sequence[str],
    *,
    symbols: Sequence[str] = ("SPY", "QQQ", "DIA", "IWM"),
    speed: float = 60.0,
    broker: str = "",
    more: str = "",
) -> str:
    """Return a configuration whose limits leave these strategies alone. `broker` and `more` are added as they are."""
    tables = "".join(f"\n[strategies.{name}]\nqty = 10\n" for name in strategies)
    return _CONFIG.format(broker=broker, symbols=json.dumps(list(symbols)), strategies=tables, speed=speed, more=more)
