"""The simulated market: which working orders a bar fills, at what price, slippage and commission.

Order of events in one bar: expiries; then what fills at the open, in order of submission; then stops, then limits (the
pessimistic order, because the path inside a bar is not known: a bar that touches stop-loss and take-profit fills the
stop). Without a volume cap every fill is whole.
Invariant: an order fills at most its quantity, and all orders of a lane together at most the cap's share of the volume.
"""

from __future__ import annotations

import math

from tradetui.backtest.costs import BPS, Costs
from tradetui.backtest.lane import Lane
from tradetui.backtest.orders import ONE_LOOK, SimOrder
from tradetui.backtest.sessions import Sessions
from tradetui.domain.bar import Bar
from tradetui.domain.order import OrderType, TimeInForce
from tradetui.domain.order_state import OrderState

# Module names: an attribute of an enum class costs a lookup that shows in the order path.
_MARKET, _DAY = OrderType.MARKET, TimeInForce.DAY


#: A fill to book: order, quantity, price, commission, and the money that slippage cost. A bare tuple: there are many.
Execution = tuple[SimOrder, float, float, float, float]


class Matching:
    """Matches the orders of a lane against one bar."""

    __slots__ = ("_cap", "_commission", "_factors", "_sessions")

    def __init__(self, costs: Costs, sessions: Sessions, volume_cap: float | None) -> None:
        self._commission = costs.commission
        # Indexed by side: +1 buys dearer, -1 sells cheaper.
        slip = costs.slippage_bps / BPS
        self._factors = {1: 1.0 + slip, -1: 1.0 - slip}
        self._cap = volume_cap
        self._sessions = sessions

    def match(self, lane: Lane, bar: Bar) -> list[Execution]:
        """Return the fills of this bar; orders are changed, finished ones leave the lane."""
        orders = lane.orders
        if len(orders) == 1 and self._cap is None and not lane.guards:
            order = orders[0]
            plain = order.order_type is _MARKET and order.tif is _DAY and not order.children
            if plain and bar.end_ns <= order.expires_ns:
                del orders[0]
                return [self._execution(lane, order, order.left, bar.open, bar.end_ns)]
        fills: list[Execution] = []
        self._expire(lane, bar)
        room = self._room(lane, bar)
        for order in lane.orders:
            if order.tif is TimeInForce.OPG and not self._is_session_start(lane, bar):
                continue
            price = order.open_price(bar.open)
            room -= self._take(lane, bar, order, price, room, fills)
        for order in tuple(lane.guards):
            if order.state is OrderState.WORKING:
                room -= self._take(lane, bar, order, order.open_price(bar.open), room, fills)
        known = len(lane.guards)
        for order in sorted([*lane.orders, *lane.guards], key=_stops_first):
            if order.state is OrderState.WORKING and order.tif not in ONE_LOOK:
                room -= self._take(lane, bar, order, order.range_price(bar), room, fills)
        for order in lane.guards[known:]:
            if order.stop is not None:
                room -= self._take(lane, bar, order, order.range_price(bar), room, fills)
        self._drop_finished(lane, bar)
        return fills

    def _take(
        self, lane: Lane, bar: Bar, order: SimOrder, price: float | None, room: float, fills: list[Execution]
    ) -> float:
        if price is None or room <= 0:
            return 0.0
        qty = min(order.left, room)
        if order.tif is TimeInForce.FOK and qty < order.left:
            return 0.0
        fills.append(self._execution(lane, order, qty, price, bar.end_ns))
        if order.children:
            _wake_children(lane, order, qty)
        if order.partner is not None and order.partner.state is OrderState.WORKING:
            order.partner.yield_to_partner(qty, bar.end_ns)
        return qty

    def _execution(self, lane: Lane, order: SimOrder, qty: float, price: float, end_ns: int) -> Execution:
        multiplier = lane.multiplier
        paid = price * self._factors[order.sign] if order.takes_liquidity else price
        order.fill(qty, paid, end_ns)
        total = self._commission.total(order.qty - order.left, order.value * multiplier)
        commission = total - order.commission
        order.commission = total
        return order, qty, paid, commission, abs(paid - price) * qty * multiplier

    def _expire(self, lane: Lane, bar: Bar) -> None:
        expired = [order for order in lane.orders if bar.end_ns > order.expires_ns]
        for order in expired:
            order.end(OrderState.EXPIRED, order.expires_ns)
            lane.orders.remove(order)

    def _drop_finished(self, lane: Lane, bar: Bar) -> None:
        for order in lane.orders:
            looked = order.tif in ONE_LOOK and (order.tif is not TimeInForce.OPG or self._is_session_start(lane, bar))
            if order.left and looked:
                order.end(OrderState.CANCELLED, bar.end_ns)
        lane.orders = [order for order in lane.orders if order.state is OrderState.WORKING]
        if lane.guards:
            lane.guards = [order for order in lane.guards if order.state is OrderState.WORKING]

    def _room(self, lane: Lane, bar: Bar) -> float:
        if self._cap is None:
            return math.inf
        return abs(lane.instrument.round_qty(self._cap * bar.volume))

    def _is_session_start(self, lane: Lane, bar: Bar) -> bool:
        before = lane.bar
        return before is None or self._sessions.index_of(before.end_ns) != self._sessions.index_of(bar.end_ns)


def _wake_children(lane: Lane, parent: SimOrder, qty: float) -> None:
    """Let what rests behind `parent` work for the `qty` units it filled now."""
    for child in parent.children:
        if not child.active:
            lane.guards.append(child)
        child.give(qty)
    stops = [child.stop for child in parent.children if child.stop is not None]
    targets = [child.limit for child in parent.children if child.stop is None]
    if stops:
        lane.protection = (parent.sign, stops[0], targets[0] if targets else None)


def _stops_first(order: SimOrder) -> bool:
    return order.order_type is OrderType.LIMIT
