"""From a strategy's wishes to working orders, and from fills to the books.

The steps are the live core's: quantity cut to lots, prices on the tick to the passive side, purpose from the position,
then the gate. Invariant: every wish becomes exactly one order or one refusal in the log.
"""

from __future__ import annotations

import math

from tradetui.backtest.account import Account
from tradetui.backtest.keeper import Keeper
from tradetui.backtest.lane import Lane, Wish
from tradetui.backtest.log import RunLog
from tradetui.backtest.matching import Execution
from tradetui.backtest.orders import SimOrder
from tradetui.backtest.sessions import NEVER_NS, Sessions
from tradetui.domain.ids import intent_id
from tradetui.domain.instrument import Instrument, Rounding
from tradetui.domain.order import Intent, OrderType, Purpose, Side, TimeInForce
from tradetui.domain.order_state import OrderState

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

    def take(self, lane: Lane, wishes: list[Wish], end_ns: int) -> None:
        """Handle the wishes decided at the close `end_ns`, in order, and empty the list."""
        legs: list[str] = []
        for wish in wishes:
            self._take(lane, wish, end_ns, known=wish[5] in legs)
            legs.append(wish[5])
        wishes.clear()
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

    def _take(self, lane: Lane, wish: Wish, end_ns: int, *, known: bool) -> None:
        side, wanted, limit, stop, tif, leg, reason = wish
        sign = 1 if side is _BUY else -1
        held = lane.qty
        purpose = _EXIT if held * sign < 0 and wanted <= abs(held) + 1e-9 else _ENTRY
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
        self._take_judged(lane, wish, end_ns, sign, purpose, known)

    def _take_judged(self, lane: Lane, wish: Wish, end_ns: int, sign: int, purpose: Purpose, known: bool) -> None:
        side, wanted, limit, stop, tif, leg, reason = wish
        passive = Rounding.DOWN if sign > 0 else Rounding.UP
        intent = Intent(
            intent_id=intent_id(lane.owner, lane.symbol, end_ns, leg),
            strategy=lane.owner,
            symbol=lane.symbol,
            side=side,
            qty=_sound(wanted, lane.instrument),
            purpose=purpose,
            order_type=_TYPES[limit is not None, stop is not None],
            tif=tif,
            limit_price=_on_tick(limit, lane.instrument, passive),
            stop_price=_on_tick(stop, lane.instrument, Rounding.NEAREST),
            bar_end_ns=end_ns,
            leg=leg,
            reason=reason,
            decided_ns=end_ns,
            reference_price=lane.mark(),
        )
        decision = self._keeper.judge(lane, intent, known=known)
        if not decision.allowed:
            codes = [refusal.code for refusal in decision.refusals]
            self._log.refuse(lane, end_ns, sign, wanted, codes, decision.refusals[0].text)
            return
        self._place(
            lane, end_ns, sign, intent.qty, intent.order_type, intent.limit_price, intent.stop_price, purpose, tif,
            leg, reason,
        )  # fmt: skip

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
    ) -> None:
        lasts = tif is not _DAY and (tif is TimeInForce.GTC or tif is TimeInForce.OPG)
        expires_ns = NEVER_NS if lasts else self._sessions.close_after(end_ns)
        number = len(self._log.orders)
        order = SimOrder(
            number, end_ns, sign, qty, order_type, limit, stop, tif, expires_ns, purpose, leg, reason
        )  # fmt: skip
        self._log.orders.append((lane.index, order))
        lane.orders.append(order)
        self._keeper.sent(lane, sign, qty, limit, end_ns)


def _lots(wanted: float, instrument: Instrument) -> float | None:
    """Return `wanted` in whole lots, None when it is no sound quantity."""
    qty = _sound(wanted, instrument)
    return qty if math.isfinite(qty) and qty > 0 else None


def _sound(qty: float, instrument: Instrument) -> float:
    try:
        return instrument.round_qty(qty)
    except ValueError:
        return qty  # the gate refuses it by name


def _on_tick(price: float | None, instrument: Instrument, rounding: Rounding) -> float | None:
    if price is None:
        return None
    try:
        return instrument.round_price(price, rounding)
    except ValueError:
        return price
