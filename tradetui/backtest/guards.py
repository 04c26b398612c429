"""Protective orders in a backtest: the same rules as the live core's, without a broker that could get them wrong.

Invariant: while a position is protected, its working stops close exactly what no other order of the lane closes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tradetui.backtest.keeper import Keeper
from tradetui.backtest.lane import Lane
from tradetui.backtest.log import RunLog
from tradetui.backtest.orders import SimOrder
from tradetui.backtest.sessions import NEVER_NS
from tradetui.domain.bracket import children
from tradetui.domain.ids import intent_id
from tradetui.domain.order import Intent, OrderType, Purpose, Side, TimeInForce
from tradetui.domain.order_state import OrderState

_EPS = 1e-9


class Guards:
    """Makes, replaces and ends the protective orders of lanes."""

    def __init__(self, keeper: Keeper, log: RunLog) -> None:
        self._keeper = keeper
        self._log = log

    def made(self, lane: Lane, intents: Sequence[Intent]) -> tuple[SimOrder, ...]:
        """Return the orders of a stop-loss and a take-profit, logged and paired; they do not work yet."""
        orders = tuple(self._made(lane, intent) for intent in intents)
        if len(orders) == 2:
            orders[0].partner, orders[1].partner = orders[1], orders[0]
        return orders

    def protect(self, lane: Lane, wanted: Intent, target: float | None, end_ns: int) -> None:
        """Protect what is held by the stop of `wanted`, in place of what protects it; nothing when that is there."""
        sign, stop = -wanted.side.sign, wanted.stop_price
        if lane.qty * sign <= 0 or stop is None:
            return
        qty = abs(lane.qty) - lane.resting(-sign)
        head, *others = intents = self._around(lane, sign, qty, stop, target, end_ns, wanted.leg)
        asked = (sign, stop, others[0].limit_price if others else None)
        if lane.guards and lane.protection == asked:
            return
        before, lane.guards = lane.guards, []  # judged for the moment after the cancel
        decision = self._keeper.judge(lane, head, others)
        lane.guards = before
        if not decision.allowed:
            codes = [refusal.code for refusal in decision.refusals]
            self._log.refuse(lane, end_ns, head.side.sign, qty, codes, decision.refusals[0].text)
            return
        self.cancel(lane, end_ns)
        lane.protection = asked
        self._work(lane, intents)

    def keep(self, lane: Lane, end_ns: int) -> None:
        """Make the stops cover what is held, less what other orders close already; end them when nothing is."""
        if lane.protection is None:
            return
        sign, stop, target = lane.protection
        if lane.qty * sign <= 0:
            self.drop(lane, end_ns)
            return
        wanted = max(0.0, abs(lane.qty) - lane.resting(-sign))
        covered = sum(order.left for order in lane.guards if order.stop is not None)
        if covered > wanted + _EPS:
            self.cancel(lane, end_ns)
            covered = 0.0
        if covered < wanted - _EPS:
            self._work(lane, self._around(lane, sign, wanted - covered, stop, target, end_ns, "again"))

    def cancel(self, lane: Lane, end_ns: int) -> None:
        """End the protective orders that work; what the position is protected with is remembered."""
        for order in lane.guards:
            order.end(OrderState.CANCELLED, end_ns)
        lane.guards = []

    def drop(self, lane: Lane, end_ns: int) -> None:
        """End the protection."""
        self.cancel(lane, end_ns)
        lane.protection = None

    def _around(
        self, lane: Lane, sign: int, qty: float, stop: float, target: float | None, end_ns: int, leg: str
    ) -> list[Intent]:
        """Return the protective orders of a position of `qty` units on the side `sign`."""
        holding = Intent(
            intent_id=intent_id(lane.owner, lane.symbol, end_ns, leg),
            strategy=lane.owner,
            symbol=lane.symbol,
            side=Side.BUY if sign > 0 else Side.SELL,
            qty=qty,
            purpose=Purpose.ENTRY,
            order_type=OrderType.MARKET,
            tif=TimeInForce.GTC,
            bar_end_ns=end_ns,
            leg=leg,
            decided_ns=end_ns,
        )
        return [replace(intent, parent_id="") for intent in children(holding, stop, target, lane.instrument)]

    def _work(self, lane: Lane, intents: Sequence[Intent]) -> None:
        orders = self.made(lane, intents)
        for order in orders:
            order.active = True
        lane.guards += orders

    def _made(self, lane: Lane, intent: Intent) -> SimOrder:
        order = SimOrder(
            len(self._log.orders), intent.decided_ns, intent.side.sign, intent.qty, intent.order_type,
            intent.limit_price, intent.stop_price, intent.tif, NEVER_NS, intent.purpose, intent.leg, intent.reason,
        )  # fmt: skip
        self._log.orders.append((lane.index, order))
        return order
