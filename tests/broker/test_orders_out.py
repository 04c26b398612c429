"""The last look at an order's fields, and its id, before the socket."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import replace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.broker.rig import intent, ref_of
from tradetui.broker.ib.library import UNSET_DOUBLE
from tradetui.broker.ib.orders import OrderIds, Unsendable, build_order
from tradetui.domain.instrument import Instrument
from tradetui.domain.order import Intent, OrderType, Side, TimeInForce

SPY = Instrument(symbol="SPY", con_id=756733)


def build(wanted: Intent, ref: str | None = None, account: str = "DU1") -> Any:
    return build_order(wanted, ref_of(wanted) if ref is None else ref, account, SPY)


def test_every_field_that_matters_is_set_on_purpose() -> None:
    wanted = replace(
        intent(Side.SELL, 50, order_type=OrderType.STOP_LIMIT, limit=420.5, stop=421.0),
        tif=TimeInForce.GTC,
        outside_rth=True,
    )
    order = build(wanted)
    assert (order.action, order.totalQuantity, order.orderType, order.tif) == ("SELL", 50, "STP LMT", "GTC")
    assert (order.lmtPrice, order.auxPrice, order.outsideRth, order.account) == (420.5, 421.0, True, "DU1")
    assert (order.orderRef, order.transmit, order.whatIf) == (ref_of(wanted), True, False)


def test_a_market_order_carries_no_price() -> None:
    order = build(intent())
    assert (order.lmtPrice, order.auxPrice) == (UNSET_DOUBLE, UNSET_DOUBLE)


def test_fractions_of_a_unit_are_sent_as_such() -> None:
    assert build(intent(qty=0.5)).totalQuantity == 0.5


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        (intent(qty=math.nan), "quantity is not a finite positive"),
        (intent(qty=-5), "quantity is not a finite positive"),
        (intent(qty=0), "quantity is not a finite positive"),
        (intent(order_type=OrderType.LIMIT), "needs a limit price"),
        (intent(order_type=OrderType.STOP), "needs a stop price"),
        (intent(limit=10.0), "a limit price has no meaning here"),
        (intent(order_type=OrderType.LIMIT, limit=10.0, stop=9.0), "a stop price has no meaning here"),
        (intent(order_type=OrderType.LIMIT, limit=math.inf), "limit price inf is not a finite"),
        (intent(order_type=OrderType.LIMIT, limit=-1.0), "limit price -1.0 is not a finite positive"),
        (intent(order_type=OrderType.LIMIT, limit=10.001), "off the tick 0.01"),
    ],
)
def test_an_order_that_must_not_leave_is_refused_with_its_reason(wanted: Intent, reason: str) -> None:
    with pytest.raises(Unsendable, match=reason) as caught:
        build(wanted)
    assert "nothing was written" in str(caught.value)


def test_an_order_needs_an_account_and_a_reference_that_fits() -> None:
    with pytest.raises(Unsendable, match="account is not known"):
        build(intent(), account="")
    for ref in ("", "x" * 41, "a\0b"):
        with pytest.raises(Unsendable, match="does not fit"):
            build(intent(), ref=ref)


numbers = st.one_of(st.none(), st.floats())


@given(st.floats(), numbers, numbers, st.sampled_from(OrderType))
def test_nothing_that_is_not_finite_ever_gets_into_an_order(
    qty: float, limit: float | None, stop: float | None, kind: OrderType
) -> None:
    try:
        order = build(intent(qty=qty, order_type=kind, limit=limit, stop=stop))
    except Unsendable:
        return
    values = [value for value in dataclasses.asdict(cast(Any, order)).values() if isinstance(value, float)]
    assert all(math.isfinite(value) for value in values)
    assert order.totalQuantity > 0


@given(st.integers(1, 10**6), st.lists(st.one_of(st.none(), st.integers(0, 2 * 10**6)), max_size=30))
def test_an_order_id_is_never_given_out_twice_whatever_the_broker_says(floor: int, steps: list[int | None]) -> None:
    ids = OrderIds(floor)
    given_out: list[int] = []
    for step in steps:
        if step is None:
            given_out.append(ids.take())
        else:
            ids.raise_to(step)
    assert given_out == sorted(set(given_out))
    assert all(order_id >= floor for order_id in given_out)
