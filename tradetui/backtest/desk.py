"""From a strategy's wishes to working orders, and from fills to the books.

The steps are the live core's: quantity cut to lots, prices on the tick to the passive side, purpose from the position,
then the gate. Invariant: every wish becomes exactly one order or one refusal in the log.
"""

from __future__ import annotations

import math

from tradetui.backtest.account import Account
from tradetui.backtest.guards import Guards
from tradetui.backtest.keeper import Keeper
from tradetui.backtest.lane import Behind, Lane, Wish
from tradetui.backtest.log import RunLog
from tradetui.backtest.matching import Execution
from tradetui.backtest.orders import SimOrder
from tradetui.backtest.sessions import NEVER_NS, Sessions
from tradetui.domain.bracket import OPENING_LEG, children
from tradetui.domain.ids import intent_id
from tradetui.domain.instrument import Instrument
from tradetui.domain.order import Intent, OrderType, Purpose, Side, TimeInForce
from tradetui.domain.order_state import OrderState
from tradetui.risk.view import Exposure

# Module names: an attribute of an enum class costs a lookup that shows in the order path.
_MARKET, _BUY, _DAY = OrderType.MARKET, Side.BUY, TimeInForce.DAY
_ENTRY, _EXIT = Purpose.ENTRY, Purpose.EXIT
_TYPES = {
    (False, False): OrderType.MARKET,
    (True, False): OrderType.LIMIT,
    (False, True): OrderType.STOP,
    (True, True): OrderType.STOP_LIMIT,
}


class Desk:
    """Takes wishes, cancels orders, books fills; writes the log."""

    def __init__(self, account: Account, keeper: Keeper, sessions: Sessions, log: RunLog) -> None:
        self._account = account
        self._keeper = keeper
        self._sessions = sessions
        self._log = log
        self._guards = Guards(keeper, log)

    def take(self, lane: Lane, wishes: list[Wish], end_ns: int) -> None:
        """Handle the wishes decided at the close `end_ns`, in order, and empty the list."""
        legs: list[str] = []
        for wish in wishes:
            self._take(lane, wish, end_ns, known=wish[5] in legs)
            legs.append(wish[5])
        wishes.clear()
        if lane.protection is not None:
            self._guards.keep(lane, end_ns)
        lane.ctx.working = bool(lane.orders)

    def flatten(self, lane: Lane, end_ns: int) -> None:
        """Close the lane's position at market; the gate never refuses that."""
        qty = lane.qty
        if qty:
            sign = -1 if qty > 0 else 1
            why = "a breaker tripped"
            self._place(lane, end_ns, sign, abs(qty), _MARKET, None, None, Purpose.FLATTEN, _DAY, "flatten", why)

    def cancel(self, lane: Lane, end_ns: int, *, entries_only: bool) -> None:
        """Cancel the lane's working orders."""
        for order in lane.orders:
            if order.purpose is Purpose.ENTRY or not entries_only:
                order.end(OrderState.CANCELLED, end_ns)
        lane.orders = [order for order in lane.orders if order.state is OrderState.WORKING]
        if not entries_only:
            self._guards.drop(lane, end_ns)
        lane.tell()

    def book(self, lane: Lane, fills: list[Execution], end_ns: int) -> None:
        """Book fills in order and log them."""
        account, rows = self._account, self._log.fills
        for order, qty, price, commission, slippage in fills:
            signed = order.sign * qty
            realized = account.book(lane, signed, price, commission)
            position = lane.qty
            rows.append(
                (lane.index, order, end_ns, signed, price, commission, slippage, realized, account.flow, position)
            )
        if lane.protection is not None:
            self._guards.keep(lane, end_ns)

    def _take(self, lane: Lane, wish: Wish, end_ns: int, *, known: bool) -> None:
        side, wanted, limit, stop, tif, leg, reason, behind = wish
        sign = 1 if side is _BUY else -1
        held = lane.qty
        closing = held * sign < 0
        if behind is not None or (closing and (lane.guards or wanted > abs(held) or len(lane.peers) > 1)):
            self._take_parts(lane, wish, end_ns, sign, known)
            return
        purpose = _EXIT if closing else _ENTRY
        if limit is None and stop is None and not known:
            try:
                qty = lane.lots[wanted]
            except KeyError:
                qty = lane.lots[wanted] = _lots(wanted, lane.instrument)
            if qty is not None and self._keeper.passes(lane, sign, qty, end_ns):
                if tif is not _DAY:
                    self._place(lane, end_ns, sign, qty, _MARKET, None, None, purpose, tif, leg, reason)
                    return
                log = self._log.orders
                expires_ns = self._sessions.close_after(end_ns)
                order = SimOrder(
                    len(log), end_ns, sign, qty, _MARKET, None, None, tif, expires_ns, purpose, leg, reason
                )
                log.append((lane.index, order))
                lane.orders.append(order)
                self._keeper.sent(lane, sign, qty, None, end_ns)
                return
        self._take_parts(lane, wish, end_ns, sign, known)

    def _take_parts(self, lane: Lane, wish: Wish, end_ns: int, sign: int, known: bool) -> None:
        """Send what closes first and by itself, then what opens, with its protection, through the gate."""
        *_, leg, _, behind = wish
        if behind is not None and behind[2]:
            self._guards.protect(lane, self._intent(lane, wish, end_ns, wish[1], leg, _ENTRY), behind[1], end_ns)
            return
        closes, opens = self._parts(lane, sign, wish[1])
        if closes:
            self._cancel_guards(lane, sign, end_ns)
            went = self._judge(lane, self._intent(lane, wish, end_ns, closes, leg, _EXIT), None, known=known)
            if opens:
                second = self._intent(lane, wish, end_ns, opens, leg + OPENING_LEG, _ENTRY)
                self._judge(lane, second, behind, second=went)
        else:
            self._judge(lane, self._intent(lane, wish, end_ns, opens, leg, _ENTRY), behind, known=known)

    def _parts(self, lane: Lane, sign: int, wanted: float) -> tuple[float, float]:
        """Return how much closes what is held, and how much opens, as the live core parts a wish."""
        qty = lane.instrument.order_qty(wanted)
        if not (math.isfinite(qty) and qty > 0):
            return 0.0, qty
        free = Exposure(lane.held(), lane.resting(1), lane.resting(-1)).closable(sign)
        closes = lane.instrument.order_qty(min(qty, max(0.0, min(-lane.qty * sign, free))))
        return closes, qty - closes

    def _cancel_guards(self, lane: Lane, sign: int, end_ns: int) -> None:
        if any(order.sign == sign for order in lane.guards):
            self._guards.cancel(lane, end_ns)
            for order in [order for order in lane.orders if order.children and order.children[0].active]:
                order.end(OrderState.CANCELLED, end_ns)
                lane.orders.remove(order)

    def _intent(self, lane: Lane, wish: Wish, end_ns: int, qty: float, leg: str, purpose: Purpose) -> Intent:
        side, _, limit, stop, tif, _, reason, _ = wish
        sign = 1 if side is _BUY else -1
        return Intent(
            intent_id=intent_id(lane.owner, lane.symbol, end_ns, leg),
            strategy=lane.owner,
            symbol=lane.symbol,
            side=side,
            qty=qty,
            purpose=purpose,
            order_type=_TYPES[limit is not None, stop is not None],
            tif=tif,
            limit_price=lane.instrument.order_price(limit, sign),
            stop_price=lane.instrument.order_price(stop, sign),
            bar_end_ns=end_ns,
            leg=leg,
            reason=reason,
            decided_ns=end_ns,
            reference_price=lane.mark(),
        )

    def _judge(
        self, lane: Lane, intent: Intent, behind: Behind | None, *, known: bool = False, second: bool = False
    ) -> bool:
        """Place an order and what rests behind it, or log why not; return whether they were placed."""
        end_ns, sign = intent.bar_end_ns, intent.side.sign
        family = () if behind is None else children(intent, behind[0], behind[1], lane.instrument)
        decision = self._keeper.judge(lane, intent, family, known=known, second=second)
        if not decision.allowed:
            codes = [refusal.code for refusal in decision.refusals]
            self._log.refuse(lane, end_ns, sign, intent.qty, codes, decision.refusals[0].text)
            return False
        order = self._place(
            lane, end_ns, sign, intent.qty, intent.order_type, intent.limit_price, intent.stop_price, intent.purpose,
            intent.tif, intent.leg, intent.reason,
        )  # fmt: skip
        order.children = self._guards.made(lane, family)
        return True

    def _place(
        self,
        lane: Lane,
        end_ns: int,
        sign: int,
        qty: float,
        order_type: OrderType,
        limit: float | None,
        stop: float | None,
        purpose: Purpose,
        tif: TimeInForce,
        leg: str,
        reason: str,
    ) -> SimOrder:
        lasts = tif is not _DAY and (tif is TimeInForce.GTC or tif is TimeInForce.OPG)
        expires_ns = NEVER_NS if lasts else self._sessions.close_after(end_ns)
        number = len(self._log.orders)
        order = SimOrder(
            number, end_ns, sign, qty, order_type, limit, stop, tif, expires_ns, purpose, leg, reason
        )  # fmt: skip
        self._log.orders.append((lane.index, order))
        lane.orders.append(order)
        self._keeper.sent(lane, sign, qty, limit, end_ns)
        return order


def _lots(wanted: float, instrument: Instrument) -> float | None:
    """Return `wanted` in whole lots, None when it is no sound quantity."""
    qty = instrument.order_qty(wanted)
    return qty if math.isfinite(qty) and qty > 0 else None
