"""One strategy on one symbol: its position, its working orders, and the prices that must wake the engine.

Invariant: in a bar whose low stays above `fire_low`, whose high stays below `fire_high` and that ends by `wake_ns`,
nothing can happen to this lane, so the engine may skip it.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from tradetui.backtest.orders import SimOrder
from tradetui.backtest.sessions import NEVER_NS
from tradetui.domain.bar import Bar
from tradetui.domain.instrument import Instrument
from tradetui.domain.order import Side, TimeInForce
from tradetui.domain.position import Position
from tradetui.strategy.api import Context, Strategy

#: stop_loss, take_profit, protects: what a Signal asks for behind an entry, or around what is held.
Behind = tuple[float | None, float | None, bool]
#: side, qty, limit, stop, tif, leg, reason, what is behind: a Signal without the cost of one.
Wish = tuple[Side, float, float | None, float | None, TimeInForce, str, str, Behind | None]


class LaneContext(Context):
    """The context a strategy gets in a backtest. `equity` is computed only when somebody asks."""

    __slots__ = ("_measure", "wishes")

    def __init__(self, symbol: str, measure: Callable[[], float]) -> None:
        self._measure = measure
        self.wishes: list[Wish] = []
        super().__init__(symbol)

    @property
    def equity(self) -> float | None:
        """Cash and positions at the latest closes."""
        return self._measure()

    @equity.setter
    def equity(self, value: float | None) -> None:
        """Ignore a value: the account is measured."""

    def _want(
        self,
        side: Side,
        qty: float,
        limit: float | None,
        stop: float | None,
        tif: TimeInForce,
        leg: str,
        reason: str,
        stop_loss: float | None = None,
        take_profit: float | None = None,
        *,
        protects: bool = False,
    ) -> None:
        plain = stop_loss is None and take_profit is None and not protects
        behind = None if plain else (stop_loss, take_profit, protects)
        self.wishes.append((side, qty, limit, stop, tif, leg, reason, behind))


class Lane:
    """State of one strategy on one symbol. `bar` is the latest bar seen, None before the first.

    `guards` are the protective orders that work, `protection` what the position is protected with: the sign of the
    position, the stop and the target.
    """

    __slots__ = (
        "avg_cost",
        "bar",
        "busy",
        "commission",
        "ctx",
        "fire_high",
        "fire_low",
        "guards",
        "index",
        "instrument",
        "lots",
        "multiplier",
        "orders",
        "owner",
        "peers",
        "protection",
        "qty",
        "realized",
        "strategy",
        "symbol",
        "wake_ns",
    )

    def __init__(
        self, index: int, owner: str, strategy: Strategy, instrument: Instrument, measure: Callable[[], float]
    ) -> None:
        self.index = index
        self.owner = owner
        self.strategy = strategy
        self.symbol = instrument.symbol
        self.instrument = instrument
        self.multiplier = instrument.multiplier
        #: Wanted quantity -> whole lots, None when it is no sound quantity; sizes repeat.
        self.lots: dict[float, float | None] = {}
        self.ctx = LaneContext(instrument.symbol, measure)
        #: The position's fields, as in `domain.position.Position`.
        self.qty = self.avg_cost = self.realized = self.commission = 0.0
        self.orders: list[SimOrder] = []
        self.guards: list[SimOrder] = []
        self.protection: tuple[int, float, float | None] | None = None
        self.bar: Bar | None = None
        #: Lanes of the same symbol, this one included.
        self.peers: tuple[Lane, ...] = (self,)
        self.busy = False
        self.fire_low = -math.inf
        self.fire_high = math.inf
        self.wake_ns = NEVER_NS

    def tell(self) -> None:
        """Let the strategy know its position and whether an order works."""
        ctx = self.ctx
        ctx.position = self.qty
        ctx.avg_cost = self.avg_cost
        ctx.working = bool(self.orders)

    @property
    def position(self) -> Position:
        """The position as the domain's noun."""
        return Position(self.symbol, self.qty, self.avg_cost, self.realized, self.commission)

    def held(self) -> float:
        """Return the signed quantity the account holds in the symbol, all lanes together."""
        return self.qty if len(self.peers) == 1 else sum(lane.qty for lane in self.peers)

    def is_working(self) -> bool:
        """Return whether any order works in the symbol."""
        return bool(self.orders) or (len(self.peers) > 1 and any(lane.orders for lane in self.peers))

    def resting(self, sign: int) -> float:
        """Return the quantity that working orders of side `sign` may still trade in the symbol."""
        total = 0.0
        if not self.is_working():
            return total
        for lane in self.peers:
            for order in lane.orders:
                if order.sign == sign:
                    total += order.left
        return total

    def guarded(self, sign: int) -> float:
        """Return the quantity that protective orders of side `sign` may trade in the symbol, each pair counted once."""
        total = 0.0
        for lane in self.peers:
            for order in lane.guards:
                if order.sign == sign and (order.stop is not None or order.partner is None):
                    total += order.left
        return total

    def mark(self) -> float | None:
        """Return the latest close, None before the first bar."""
        return None if self.bar is None else self.bar.close
