"""O4 to O14, O16, O18, O20 to O26, F47 to F72: what becomes of orders."""

from __future__ import annotations

import pytest

from tests.gateway.faults.conversation import (
    BUY,
    buy_limit,
    buy_market,
    cancel,
    errors,
    heard,
    held,
    sell_limit,
    shares,
    start,
    statuses,
    story,
    until_cut,
)
from tests.gateway.session.desk import Desk
from tests.gateway.session.raw_client import RawClient
from tradetui.gateway.control.command import CommandError
from tradetui.gateway.venue.model import VenueOrder
from tradetui.gateway.wire import requests
from tradetui.gateway.wire.place_order import PLACE_ORDER
from tradetui.gateway.wire.replies_account import EXECUTION, ORDER_STATUS
from tradetui.gateway.wire.reported_orders import OPEN_ORDER


def working(desk: Desk) -> list[VenueOrder]:
    return desk.gateway.hub.venue.open_orders()


async def test_a_swallowed_order_never_exists(desk: Desk, client: RawClient) -> None:
    start(desk, "swallow_order")
    buy_limit(client, 1)
    assert await story(client) == []
    assert working(desk) == []
    buy_limit(client, 2)
    assert await statuses(client) == ["PreSubmitted", "Submitted"]


async def test_an_order_behind_a_dialog_acts_when_it_is_released(desk: Desk, client: RawClient) -> None:
    start(desk, "swallow_order", seconds=30)
    buy_limit(client, 1)
    assert await story(client) == []
    desk.wait(31)
    assert await statuses(client) == ["PreSubmitted", "Submitted"]


async def test_an_order_lives_although_the_socket_died_before_its_acknowledgement(
    desk: Desk, client: RawClient
) -> None:
    start(desk, "ack_lost")
    buy_limit(client, 1)
    assert await until_cut(client) == []
    assert len(working(desk)) == 1


async def test_an_order_lives_although_it_is_never_acknowledged(desk: Desk, client: RawClient) -> None:
    start(desk, "ack_lost", cut=False, seconds=10)
    buy_limit(client, 1, 429.0)
    assert await story(client) == []
    desk.quote(428.0, 428.5)
    assert await story(client) == ["execDetails", "commissionReport"]
    desk.wait(11)
    assert desk.gateway.hub.faults.events == {}


@pytest.mark.parametrize("status", ["Inactive", "Cancelled", "none"])
async def test_a_rejected_order_has_a_status_or_none(desk: Desk, client: RawClient, status: str) -> None:
    start(desk, "reject", reason="short", status=status, json='{"rejects":[]}')
    buy_limit(client, 1)
    told = await client.fields()
    assert told[3] == "201"
    assert "short sale" in told[4]
    assert told[5] == '{"rejects":[]}'
    assert await statuses(client) == ([] if status == "none" else [status])
    assert working(desk) == []


async def test_an_inactive_order_comes_alive(desk: Desk, client: RawClient) -> None:
    start(desk, "inactive_first", seconds=5)
    buy_limit(client, 1)
    assert await statuses(client) + await statuses(client) == ["Inactive"]
    assert len(working(desk)) == 1
    desk.wait(6)
    assert await statuses(client) == ["Submitted"]


async def test_an_inactive_order_is_told_so_first(desk: Desk, client: RawClient) -> None:
    start(desk, "inactive_first", seconds=5)
    buy_limit(client, 1)
    row = await client.reply(ORDER_STATUS)
    assert (row.text("status"), row.text("whyHeld")) == ("Inactive", "locate")


@pytest.mark.parametrize("told", ["Cancelled", "PendingCancel"])
async def test_a_cancelled_order_fills_nevertheless(desk: Desk, client: RawClient, told: str) -> None:
    buy_limit(client, 1)
    await heard(client)
    start(desk, "fill_after_cancel", told=told, seconds=2)
    cancel(client, 1)
    assert await statuses(client) == [told]
    desk.wait(3)
    assert await shares(client) == [100]
    assert held(desk) == 100


async def test_a_cancelled_order_fills_in_part_and_is_then_cancelled(desk: Desk, client: RawClient) -> None:
    buy_limit(client, 1)
    await heard(client)
    start(desk, "fill_after_cancel", told="PendingCancel", quantity=30)
    cancel(client, 1)
    await heard(client)
    desk.wait(3)
    assert await shares(client) == [30]
    assert working(desk) == []
    assert held(desk) == 30


@pytest.mark.parametrize("code", [10147, 10148, 161])
async def test_the_cancel_of_a_live_order_is_refused(desk: Desk, client: RawClient, code: int) -> None:
    buy_limit(client, 1)
    await heard(client)
    start(desk, "cancel_refused", code=code)
    cancel(client, 1)
    assert await errors(client) == [(1, code)]
    assert len(working(desk)) == 1
    cancel(client, 1)
    assert await errors(client) == [(1, 202)]


async def test_a_lost_cancel_leaves_the_order_and_a_late_one_ends_it_late(desk: Desk, client: RawClient) -> None:
    buy_limit(client, 1)
    await heard(client)
    start(desk, "cancel_swallowed", seconds=10)
    cancel(client, 1)
    assert await story(client) == []
    desk.wait(11)
    assert await statuses(client) == ["Cancelled"]


@pytest.mark.parametrize("code", [103, 104, 105, 110, 135, 329])
async def test_an_order_is_refused_with_a_code(desk: Desk, client: RawClient, code: int) -> None:
    start(desk, "order_refused", code=code)
    buy_limit(client, 1)
    assert await errors(client) == [(1, code)]
    assert working(desk) == []


async def test_a_failed_modification_leaves_the_old_order_working(desk: Desk, client: RawClient) -> None:
    start(desk, "failed_modify", code=110)
    buy_limit(client, 1, 420.0)
    assert await errors(client) == []
    buy_limit(client, 1, 421.0)
    assert await errors(client) == [(1, 110)]
    assert [order.request.limit_price for order in working(desk)] == [420.0]


@pytest.mark.parametrize("code", [399, 404, 434, 2109, 10349])
async def test_a_notice_that_sounds_like_a_refusal_leaves_the_order_working(
    desk: Desk, client: RawClient, code: int
) -> None:
    start(desk, "order_notice", code=code)
    buy_limit(client, 1)
    assert f"error({code})" in await story(client) + await story(client)
    assert len(working(desk)) == 1


async def test_an_order_fills_in_many_small_lots(desk: Desk, client: RawClient) -> None:
    start(desk, "partial_fills", size=10, seconds=0.1)
    buy_market(client, 1)
    await heard(client)
    desk.wait(2)
    sizes = await shares(client)
    assert set(sizes) == {10.0}
    assert held(desk) == 100
    desk.quote(431.0, 431.02)
    buy_market(client, 2)
    assert await shares(client) == [100.0]


async def test_the_parent_of_a_bracket_is_refused_and_its_children_find_none(desk: Desk, client: RawClient) -> None:
    start(desk, "refuse_parents")
    buy_limit(client, 1, transmit=False)
    sell_limit(client, 2, parentId=1, transmit=True)
    assert await errors(client) == [(1, 201), (2, 135)]
    assert working(desk) == []


async def test_a_child_of_a_bracket_is_refused_and_its_parent_works(desk: Desk, client: RawClient) -> None:
    start(desk, "refuse_children", skip=1)
    buy_limit(client, 1, transmit=False)
    sell_limit(client, 2, parentId=1, transmit=False)
    sell_limit(client, 3, parentId=1, transmit=True)
    assert await errors(client) == [(3, 201)]
    buy_limit(client, 1, transmit=True)
    await heard(client)
    assert {order.order_id for order in working(desk)} >= {1}


async def test_short_selling_is_refused(desk: Desk, client: RawClient) -> None:
    start(desk, "short_refused")
    sell_limit(client, 1)
    assert await errors(client) == [(1, 201)]


@pytest.mark.parametrize(
    ("revision", "size", "price", "left"),
    [({"price": 431.0}, 100, 431.0, 100), ({"shares": 90}, 90, 430.02, 90), ({"shares": 0}, 0, 430.02, 0)],
    ids=["price", "size", "bust"],
)
async def test_an_execution_is_revised(
    desk: Desk, client: RawClient, revision: dict[str, object], size: float, price: float, left: float
) -> None:
    buy_market(client, 1)
    [first] = await heard(client, EXECUTION)
    start(desk, "execution_revised", **revision)
    [second] = await heard(client, EXECUTION)
    assert second.text("execId") == first.text("execId")[:-2] + "02"
    assert (second.number("shares"), second.number("price")) == (size, price)
    assert held(desk) == left
    client.send(requests.REQ_EXECUTIONS, reqId=5)
    assert [row.text("execId") for row in await heard(client, EXECUTION)] == [second.text("execId")]


async def test_orders_of_others_are_found_by_asking_for_all(desk: Desk, client: RawClient) -> None:
    start(desk, "foreign_order", owner=9, quantity=5, limit_price=400, order_ref="stranger")
    start(desk, "foreign_order", quantity=7, limit_price=401)
    client.send(requests.REQ_OPEN_ORDERS)
    assert await heard(client, OPEN_ORDER) == []
    client.send(requests.REQ_ALL_OPEN_ORDERS)
    rows = await heard(client, OPEN_ORDER)
    assert [(row.integer("clientId"), row.text("orderRef")) for row in rows] == [(9, "stranger"), (0, "")]


async def test_a_foreign_order_that_cannot_be_is_refused(desk: Desk) -> None:
    with pytest.raises(CommandError, match="action"):
        start(desk, "foreign_order", action="NONSENSE")


async def test_both_orders_of_an_oca_group_fill(desk: Desk, client: RawClient) -> None:
    for order_id, limit in ((1, 425.0), (2, 424.0)):
        buy_limit(client, order_id, limit, ocaGroup="g", ocaType=1)
    await heard(client)
    start(desk, "oca_race")
    desk.quote(420.0, 420.02)
    assert await shares(client) == [100.0, 100.0]


async def test_an_order_fills_out_of_the_blue(desk: Desk, client: RawClient) -> None:
    buy_limit(client, 1, 400.0)
    await heard(client)
    start(desk, "fill_now", quantity=40, price=399.5)
    [row] = await heard(client, EXECUTION)
    assert (row.number("shares"), row.number("price")) == (40, 399.5)


async def test_an_order_comes_back_under_another_id(desk: Desk, client: RawClient) -> None:
    buy_limit(client, 1, orderRef="mine", tif="GTC")
    [before] = {row.integer("permId") for row in await heard(client, OPEN_ORDER)}
    start(desk, "order_renamed", shift=100)
    client.send(requests.REQ_OPEN_ORDERS)
    [row] = await heard(client, OPEN_ORDER)
    assert (row.integer("orderId"), row.integer("permId"), row.text("orderRef")) == (101, before, "mine")


async def test_the_global_cancel_reaches_half_of_the_orders(desk: Desk, client: RawClient) -> None:
    for order_id in range(1, 5):
        buy_limit(client, order_id)
    await heard(client)
    start(desk, "cancel_all_partly")
    client.send(requests.GLOBAL_CANCEL)
    assert await statuses(client) == ["Cancelled", "Cancelled"]
    assert len(working(desk)) == 2


async def test_the_broker_cancels_unasked(desk: Desk, client: RawClient) -> None:
    buy_limit(client, 1)
    await heard(client)
    start(desk, "broker_cancels", reason="end of day")
    assert await story(client) == ["orderStatus(Cancelled)", "error(202)"]
    assert working(desk) == []


async def test_an_order_is_edited_by_hand(desk: Desk, client: RawClient) -> None:
    buy_limit(client, 1)
    await heard(client)
    start(desk, "edited_by_hand", quantity=70, limit_price=415)
    row = (await heard(client, OPEN_ORDER))[-1]
    assert (row.number("totalQuantity"), row.number("lmtPrice")) == (70, 415)


async def test_a_modification_makes_two_live_orders_and_the_cancel_ends_one(desk: Desk, client: RawClient) -> None:
    buy_limit(client, 1, 420.0)
    await heard(client)
    start(desk, "split_on_modify")
    client.send(PLACE_ORDER, **{**BUY, "orderId": 1, "orderType": "LMT", "lmtPrice": 421.0})
    rows = await heard(client, OPEN_ORDER)
    assert {row.integer("orderId") for row in rows} == {1}
    assert sorted(order.request.limit_price or 0 for order in working(desk)) == [420.0, 421.0]
    cancel(client, 1)
    await heard(client)
    assert [order.request.limit_price for order in working(desk)] == [420.0]


async def test_an_order_executes_more_than_its_size(desk: Desk, client: RawClient) -> None:
    buy_market(client, 1)
    await heard(client)
    start(desk, "overfill", quantity=5)
    [row] = await heard(client, EXECUTION)
    assert (row.integer("orderId"), row.number("shares"), row.number("cumQty")) == (1, 5, 105)
    assert held(desk) == 105


@pytest.mark.parametrize("kind", ["execution_revised", "overfill"])
async def test_what_needs_a_fill_says_that_there_is_none(desk: Desk, kind: str) -> None:
    with pytest.raises(CommandError, match="today"):
        start(desk, kind)
    assert desk.gateway.injected.listing() == []
