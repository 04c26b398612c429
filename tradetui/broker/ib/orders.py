"""Orders out: ids, the library's order, and the last look at its fields before the socket.

Invariants: an order id is never given out twice, whatever the broker's counter says; no field that is not finite, not
positive or not meant reaches the wire.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any, cast

from tradetui.broker.ib.library import UNSET_DOUBLE, Order, new_order
from tradetui.domain.errors import NotConnected
from tradetui.domain.ids import MAX_REF_LENGTH
from tradetui.domain.instrument import Instrument
from tradetui.domain.order import Intent, OrderType

_WITH_LIMIT = frozenset({OrderType.LIMIT, OrderType.STOP_LIMIT})
_WITH_STOP = frozenset({OrderType.STOP, OrderType.STOP_LIMIT})


class Unsendable(NotConnected):
    """An order failed the last check before the socket: nothing was written, the intent is dropped."""


class OrderIds:
    """Gives out order ids: at least what the broker asks for, and above every id used before.

    `floor` is the lowest id allowed: highest id in the journal plus one.
    """

    def __init__(self, floor: int = 1) -> None:
        self._next = max(floor, 1)

    def raise_to(self, next_valid: int) -> None:
        """Take the broker's nextValidId; a lower one changes nothing, because gateways forget ids they gave out."""
        self._next = max(self._next, next_valid)

    def take(self) -> int:
        """Return an id never returned before."""
        self._next += 1
        return self._next - 1


#: Of orders in one group a fill of one takes its size off the others, and only one at a time is at an exchange.
#: Source: IB's Order class documentation, ocaType 2, "remaining orders are proportionately reduced in size with block".
OCA_REDUCE_WITH_BLOCK = 2


def build_order(
    intent: Intent,
    order_ref: str,
    account: str,
    instrument: Instrument | None,
    *,
    parent_id: int = 0,
    transmit: bool = True,
) -> Order:
    """Return the order to write for `intent`; `parent_id` is its parent's order id, 0 for none.

    Raises:
        Unsendable: a field must not go out like this.
    """
    _check(intent, order_ref, account, instrument)
    order = new_order(
        action=intent.side.value,
        totalQuantity=int(intent.qty) if float(intent.qty).is_integer() else intent.qty,
        orderType=intent.order_type.value,
        lmtPrice=_price(intent.limit_price),
        auxPrice=_price(intent.stop_price),
        tif=intent.tif.value,
        outsideRth=intent.outside_rth,
        account=account,
        orderRef=order_ref,
        transmit=transmit,
        parentId=parent_id,
        ocaGroup=intent.oca_group,
        ocaType=OCA_REDUCE_WITH_BLOCK if intent.oca_group else 0,
    )
    _check_fields(order)
    return order


def _price(price: float | None) -> float:
    return UNSET_DOUBLE if price is None else price


def _check(intent: Intent, order_ref: str, account: str, instrument: Instrument | None) -> None:
    name = f"{intent.side} {intent.qty} {intent.symbol} {intent.order_type}"
    if not account:
        raise Unsendable(f"{name}: the account is not known; nothing was written")
    if not order_ref or len(order_ref) > MAX_REF_LENGTH or "\0" in order_ref:
        raise Unsendable(f"{name}: order reference {order_ref!r} does not fit; nothing was written")
    if not (math.isfinite(intent.qty) and intent.qty > 0):
        raise Unsendable(f"{name}: the quantity is not a finite positive number; nothing was written")
    _check_price(name, "limit", intent.limit_price, intent.order_type in _WITH_LIMIT, instrument)
    _check_price(name, "stop", intent.stop_price, intent.order_type in _WITH_STOP, instrument)


def _check_price(name: str, which: str, price: float | None, is_needed: bool, instrument: Instrument | None) -> None:
    if price is None:
        if is_needed:
            raise Unsendable(f"{name}: it needs a {which} price; nothing was written")
        return
    if not is_needed:
        raise Unsendable(f"{name}: a {which} price has no meaning here; nothing was written")
    if not (math.isfinite(price) and price > 0):
        raise Unsendable(f"{name}: {which} price {price} is not a finite positive number; nothing was written")
    if instrument is not None and not instrument.is_on_tick(price):
        raise Unsendable(
            f"{name}: {which} price {price} is off the tick {instrument.tick_at(price):g}; nothing was written"
        )


def _check_fields(order: Order) -> None:
    # The library writes nan and inf as they are (and inf as "Infinite"): every field, also those we never set.
    for field in dataclasses.fields(cast(Any, order)):
        value = getattr(order, field.name)
        if isinstance(value, float) and not math.isfinite(value):
            raise Unsendable(f"order field {field.name} is {value}; nothing was written")
