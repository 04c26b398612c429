"""O1 to O3, O8, O14 to O19, O23, O27: what is told of orders is wrong, and the books are right."""

from __future__ import annotations

import pytest

from tests.gateway.faults.conversation import (
    buy_limit,
    buy_market,
    cancel,
    errors,
    heard,
    held,
    shares,
    start,
    statuses,
    story,
)
from tests.gateway.session.desk import Desk
from tests.gateway.session.raw_client import RawClient
from tradetui.gateway.wire import requests
from tradetui.gateway.wire.replies_account import COMMISSION, EXECUTION, ORDER_STATUS
from tradetui.gateway.wire.reported_orders import OPEN_ORDER


async def test_a_fill_without_any_status_is_only_an_execution(desk: Desk, client: RawClient) -> None:
    start(desk, "no_status")
    buy_market(client, 1)
    assert await story(client) == ["execDetails", "commissionReport"]


async def test_the_execution_comes_before_everything_else(desk: Desk, client: RawClient) -> None:
    start(desk, "execution_first")
    buy_market(client, 1)
    told = await story(client)
    assert told[:3] == ["execDetails", "openOrder", "orderStatus(PreSubmitted)"]
    assert told.count("execDetails") == 1


async def test_order_news_come_three_times(desk: Desk, client: RawClient) -> None:
    buy_limit(client, 1)
    once = await story(client)
    start(desk, "repeated", times=3)
    buy_limit(client, 2)
    assert await story(client) == [name for name in once for _ in range(3)]


async def test_statuses_come_late_and_shuffled_but_all_of_them(desk: Desk, client: RawClient) -> None:
    start(desk, "status_disorder", seconds=2)
    for order_id in range(1, 6):
        buy_market(client, order_id)
    assert await statuses(client) == []
    desk.wait(3)
    told = [(row.integer("orderId"), row.text("status")) for row in await heard(client, ORDER_STATUS)]
    assert sorted(told) == sorted((number, each) for number in range(1, 6) for each in ("PreSubmitted", "Filled"))
    assert any(told.index((n, "Filled")) < told.index((n, "PreSubmitted")) for n in range(1, 6))


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ("status_only", ["orderStatus(Cancelled)"]),
        ("notice_only", ["error(202)"]),
        ("notice_first", ["error(202)", "orderStatus(Cancelled)"]),
        ("neither", []),
    ],
)
async def test_a_cancel_is_told_in_part_or_the_other_way_round(
    desk: Desk, client: RawClient, wrong: str, told: list[str]
) -> None:
    buy_limit(client, 1)
    await heard(client)
    start(desk, "cancel_told", wrong=wrong)
    cancel(client, 1)
    assert await story(client) == told
    assert desk.gateway.hub.venue.open_orders() == []


async def test_totals_of_a_status_lag_behind_the_execution(desk: Desk, client: RawClient) -> None:
    start(desk, "totals_lag")
    buy_market(client, 1)
    rows = await heard(client, ORDER_STATUS)
    assert [(row.text("status"), row.number("filled"), row.number("remaining")) for row in rows] == [
        ("PreSubmitted", 0, 100),
        ("Filled", 0, 100),
    ]


@pytest.mark.parametrize(
    ("wrong", "told", "later"),
    [
        ("late", ["execDetails"], ["commissionReport"]),
        ("missing", ["execDetails"], []),
        ("twice", ["execDetails", "commissionReport", "commissionReport"], []),
        ("first", ["commissionReport", "execDetails"], []),
        ("stranger", ["execDetails", "commissionReport", "commissionReport"], []),
    ],
)
async def test_a_commission_report_is_out_of_place(
    desk: Desk, client: RawClient, wrong: str, told: list[str], later: list[str]
) -> None:
    start(desk, "commission_report", wrong=wrong, seconds=60)
    buy_market(client, 1)
    rows = [row for row in await heard(client) if row.text("message") in ("execDetails", "commissionReport")]
    assert [row.text("message") for row in rows] == told
    known = {row.text("execId") for row in rows if row.text("message") == "execDetails"}
    strangers = [row for row in rows if row.text("execId") not in known]
    assert len(strangers) == (wrong == "stranger")
    desk.wait(61)
    assert await story(client) == later


@pytest.mark.parametrize(
    ("wrong", "commission", "currency"),
    [("unset", None, "USD"), ("huge", 1_000_000.0, "USD"), ("negative", -1.0, "USD"), ("currency", 1.0, "JPY")],
)
async def test_a_commission_is_impossible_or_foreign(
    desk: Desk, client: RawClient, wrong: str, commission: float | None, currency: str
) -> None:
    start(desk, "commission_value", wrong=wrong)
    buy_market(client, 1)
    [row] = await heard(client, COMMISSION)
    assert row.text("currency") == currency
    told = row.number("commission")
    assert told == commission or (commission is None and (told is None or told > 1e300))


async def test_the_same_execution_comes_twice_under_one_id(desk: Desk, client: RawClient) -> None:
    start(desk, "executions_again")
    buy_market(client, 1)
    rows = await heard(client, EXECUTION)
    assert len(rows) == 2
    assert len({row.text("execId") for row in rows}) == 1
    assert held(desk) == 100


async def test_lost_executions_are_found_by_asking(desk: Desk, client: RawClient) -> None:
    start(desk, "executions_lost")
    buy_market(client, 1)
    told = await story(client)
    assert "execDetails" not in told
    assert "commissionReport" not in told
    client.send(requests.REQ_EXECUTIONS, reqId=5)
    assert await shares(client) == [100]


async def test_a_fill_without_its_price_says_so(desk: Desk, client: RawClient) -> None:
    start(desk, "execution_price")
    buy_market(client, 1)
    [row] = await heard(client, EXECUTION)
    assert (row.number("price"), row.flag("pendingPriceRevision"), row.number("shares")) == (0.0, True, 100)


async def test_a_status_of_an_order_nobody_knows(desk: Desk, client: RawClient) -> None:
    start(desk, "unknown_order", number=4711)
    [row] = await heard(client, ORDER_STATUS)
    assert (row.integer("orderId"), row.text("status")) == (4711, "Submitted")


async def test_the_perm_id_comes_with_the_fill_only(desk: Desk, client: RawClient) -> None:
    start(desk, "perm_id_late")
    buy_market(client, 1)
    ids = [row.integer("permId") for row in await heard(client, ORDER_STATUS)]
    assert ids[0] == 0
    assert ids[-1] == desk.gateway.hub.venue.completed_orders()[0].perm_id


async def test_a_what_if_is_answered_unset_first_and_then_refused(desk: Desk, client: RawClient) -> None:
    start(desk, "what_if_unset", warning="too big")
    buy_market(client, 1, whatIf=True)
    rows = await heard(client)
    assert [row.text("message") for row in rows] == ["error", "openOrder", "openOrder"]
    assert rows[1].number("initMarginChange") is None
    assert (rows[2].number("initMarginChange") or 0) > 0
    assert rows[2].text("warningText") == "too big"


async def test_a_strange_code_with_the_id_of_a_live_order_changes_nothing(desk: Desk, client: RawClient) -> None:
    buy_limit(client, 1)
    buy_limit(client, 2)
    await heard(client)
    start(desk, "strange_code", code=10349, order_id=2)
    assert await errors(client) == [(2, 10349)]
    client.send(requests.REQ_OPEN_ORDERS)
    rows = await heard(client, OPEN_ORDER)
    assert [row.text("status") for row in rows] == ["Submitted", "Submitted"]
