"""An order in the backtest, and the price at which a bar fills it.

Conventions, the same for every order: an order decided at a bar's close works from the next bar's open. A market order
fills at the open; a stop that the open has jumped over fills at the open, a limit that the open betters too; otherwise
a stop fills at its price, a limit at its price as soon as it is touched. Orders behind another one work from its fill
on: in the bar of the fill too, but when that came after the open only a stop can be reached, because a pessimist does
not know that the target came later. A stop-limit armed inside a bar fills in that
bar only where its limit was marketable at the stop price, because the path after it is not known.
Invariant: before slippage a fill price lies in the bar's range, and never beyond a limit.
"""

from __future__ import annotations

import math
from typing import assert_never

from tradetui.domain.bar import Bar
from tradetui.domain.order import OrderType, Purpose, TimeInForce
from tradetui.domain.order_state import OrderState

# Module names: an attribute of an enum class costs a lookup that shows in the order path.
MARKET, LIMIT, STOP, STOP_LIMIT = OrderType.MARKET, OrderType.LIMIT, OrderType.STOP, OrderType.STOP_LIMIT
WORKING, FILLED = OrderState.WORKING, OrderState.FILLED


#: Orders that look at the market once and end.
ONE_LOOK = frozenset({TimeInForce.IOC, TimeInForce.FOK, TimeInForce.OPG})


class SimOrder:
    """An accepted order. `sign` +1 buys; `left` is not filled yet; `armed` tells that its stop was reached.

    `children` rest behind it until it fills, `active` tells that this one's parent did; a fill takes its quantity off
    the `partner`.
    """

    __slots__ = (
        "active",
        "armed",
        "children",
        "commission",
        "decided_ns",
        "ended_ns",
        "expires_ns",
        "left",
        "leg",
        "limit",
        "number",
        "order_type",
        "partner",
        "purpose",
        "qty",
        "reason",
        "sign",
        "state",
        "stop",
        "takes_liquidity",
        "tif",
        "value",
    )

    def __init__(
        self,
        number: int,
        decided_ns: int,
        sign: int,
        qty: float,
        order_type: OrderType,
        limit: float | None,
        stop: float | None,
        tif: TimeInForce,
        expires_ns: int,
        purpose: Purpose,
        leg: str,
        reason: str,
    ) -> None:
        self.number = number
        self.decided_ns = decided_ns
        self.sign = sign
        self.qty = self.left = qty
        self.order_type = order_type
        self.limit = limit
        self.stop = stop
        self.tif = tif
        #: Fills of market and stop orders slip.
        self.takes_liquidity = order_type is MARKET or order_type is STOP
        self.expires_ns = expires_ns
        self.purpose = purpose
        self.leg = leg
        self.reason = reason
        self.armed = False
        self.children: tuple[SimOrder, ...] = ()
        self.partner: SimOrder | None = None
        self.active = False
        self.value = 0.0
        self.commission = 0.0
        self.state = WORKING
        self.ended_ns = 0

    def open_price(self, price: float) -> float | None:
        """Return the price it fills at when the bar opens at `price`, None when it does not; arms its stop."""
        if self.order_type is MARKET:
            return price
        if self.stop is not None and not self.armed:
            if self.sign * (price - self.stop) < 0:
                return None
            self.armed = True
        if self.limit is None or self.sign * (self.limit - price) >= 0:
            return price
        return None

    def range_price(self, bar: Bar) -> float | None:
        """Return the price it fills at after the open of `bar`, None when it does not; arms its stop."""
        stop, limit = self.stop, self.limit
        if stop is not None and not self.armed:
            if (bar.high < stop) if self.sign > 0 else (bar.low > stop):
                return None
            self.armed = True
            marketable = limit is None or self.sign * (limit - stop) >= 0
            return stop if marketable else None
        if limit is None:
            return None
        touched = bar.low <= limit if self.sign > 0 else bar.high >= limit
        return limit if touched else None

    def triggers(self) -> tuple[float, float]:
        """Return (low, high): nothing can happen to it in a bar whose low is above `low` and high below `high`."""
        price = self.limit if self.stop is None or self.armed else self.stop
        if price is None or self.tif in ONE_LOOK:
            return math.inf, -math.inf
        match self.order_type:
            case OrderType.MARKET:
                return math.inf, -math.inf
            case OrderType.LIMIT:
                below = self.sign > 0
            case OrderType.STOP | OrderType.STOP_LIMIT:
                below = (self.sign > 0) == self.armed
            case _ as never:
                assert_never(never)
        return (price, math.inf) if below else (-math.inf, price)

    def fill(self, qty: float, price: float, end_ns: int) -> None:
        """Take a fill of `qty` at `price` in the bar that ends at `end_ns`."""
        self.left -= qty
        self.value += qty * price
        if self.left <= 1e-9:
            self.left = 0.0
            self.state = FILLED
            self.ended_ns = end_ns

    def end(self, state: OrderState, ns: int) -> None:
        """Stop working, for the reason `state`; what rests behind it never works then."""
        self.state = state
        self.ended_ns = ns
        for child in self.children:
            if not child.active:
                child.end(OrderState.CANCELLED, ns)

    def give(self, qty: float) -> None:
        """Bring this order to life for `qty` units that its parent filled, or make it larger by them."""
        if self.active:
            self.qty += qty
            self.left += qty
        else:
            self.active = True
            self.qty = self.left = qty

    def yield_to_partner(self, qty: float, ns: int) -> None:
        """Do without the `qty` units that the other order of the pair filled."""
        if self.left <= qty + 1e-9:
            self.end(OrderState.CANCELLED, ns)
        else:
            self.qty -= qty
            self.left -= qty

    @property
    def filled(self) -> float:
        """Units filled so far."""
        return self.qty - self.left
