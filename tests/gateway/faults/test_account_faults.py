"""A1 to A7: positions, values and profit and loss that are missing, late, changed by others, or foreign."""

from __future__ import annotations

import pytest

from tests.gateway.faults.conversation import buy_limit, buy_market, errors, heard, held, start, story
from tests.gateway.session.desk import ACCOUNT, Desk
from tests.gateway.session.raw_client import RawClient
from tests.gateway.session.scripted import SPY as SPY_ID
from tradetui.gateway.control.command import CommandError
from tradetui.gateway.wire import replies_account as reply
from tradetui.gateway.wire import requests


@pytest.mark.parametrize(
    ("wrong", "told", "later"),
    [
        ("missing", ["execDetails"], []),
        ("late", ["execDetails"], ["position"]),
        ("first", ["position", "execDetails"], []),
    ],
)
async def test_a_position_update_is_missing_late_or_early(
    desk: Desk, client: RawClient, wrong: str, told: list[str], later: list[str]
) -> None:
    client.send(requests.REQ_POSITIONS)
    await heard(client)
    start(desk, "position_news", wrong=wrong, seconds=180)
    buy_market(client, 1)
    assert [name for name in await story(client) if name in ("execDetails", "position")] == told
    desk.wait(181)
    assert [name for name in await story(client) if name == "position"] == later


async def test_account_updates_stop(desk: Desk, client: RawClient) -> None:
    client.send(requests.REQ_ACCOUNT_UPDATES, subscribe=True, account=ACCOUNT)
    await heard(client)
    start(desk, "portfolio_silent")
    buy_market(client, 1)
    desk.wait(200)
    assert not {"updatePortfolio", "updateAccountValue", "updateAccountTime"} & set(await story(client))


async def test_closed_positions_are_told_with_zero(desk: Desk, client: RawClient) -> None:
    buy_market(client, 1)
    await heard(client)
    start(desk, "zero_positions")
    client.send(requests.REQ_POSITIONS)
    rows = await heard(client, reply.POSITION)
    assert {row.text("symbol"): row.number("position") for row in rows} == {"SPY": 100, "QQQ": 0}


async def test_profit_and_loss_is_unset_at_first(desk: Desk, client: RawClient) -> None:
    start(desk, "pnl_unset")
    client.send(requests.REQ_PNL, reqId=1, account=ACCOUNT)
    [row] = await heard(client, reply.PNL)
    assert (row.number("daily"), row.number("unrealized")) == (None, None)


async def test_a_transfer_changes_the_position_without_an_execution(desk: Desk, client: RawClient) -> None:
    client.send(requests.REQ_POSITIONS)
    await heard(client)
    cash = desk.gateway.hub.venue.account_values(ACCOUNT).cash
    start(desk, "transfer", symbol="SPY", quantity=-40, price=400)
    [row] = await heard(client, reply.POSITION)
    assert row.number("position") == -40
    assert desk.gateway.hub.venue.account_values(ACCOUNT).cash == cash
    client.send(requests.REQ_EXECUTIONS, reqId=2)
    assert await heard(client, reply.EXECUTION) == []


async def test_a_split_multiplies_the_position_and_cancels_its_orders(desk: Desk, client: RawClient) -> None:
    buy_market(client, 1)
    buy_limit(client, 2, tif="GTC")
    await heard(client)
    start(desk, "split", symbol="SPY", new=4, old=1)
    assert "orderStatus(Cancelled)" in await story(client)
    row = desk.gateway.hub.venue.position(ACCOUNT, SPY_ID)
    assert row is not None
    assert row.quantity == 400
    assert row.avg_cost == pytest.approx(430.02 / 4, abs=0.01)


async def test_the_ledger_has_a_second_currency(desk: Desk, client: RawClient) -> None:
    start(desk, "currencies")
    client.send(requests.REQ_ACCOUNT_UPDATES, subscribe=True, account=ACCOUNT)
    rows = await heard(client, reply.ACCOUNT_VALUE)
    assert ("EUR", "1234.5") in {(row.text("currency"), row.text("value")) for row in rows}


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [("missing", []), ("empty", [("", "USD")]), ("nan", [("NaN", "USD")]), ("currency", [("1000000.00", "EUR")])],
)
async def test_an_account_value_is_missing_or_useless(
    desk: Desk, client: RawClient, wrong: str, expected: list[tuple[str, str]]
) -> None:
    start(desk, "account_values", tag="NetLiquidation", wrong=wrong)
    client.send(requests.REQ_SUMMARY, reqId=1, group="All", tags="NetLiquidation,BuyingPower")
    rows = await heard(client, reply.SUMMARY)
    told = [(row.text("value"), row.text("currency")) for row in rows if row.text("tag") == "NetLiquidation"]
    assert told == expected
    assert any(row.text("tag") == "BuyingPower" for row in rows)


async def test_an_account_in_trouble_is_close_only(desk: Desk, client: RawClient) -> None:
    start(desk, "close_only")
    buy_limit(client, 1)
    assert await errors(client) == [(1, 201)]
    client.send(requests.REQ_SUMMARY, reqId=1, group="All", tags="ExcessLiquidity")
    [row] = await heard(client, reply.SUMMARY)
    assert float(row.text("value")) < 0


async def test_the_broker_liquidates_a_holding_and_marks_the_execution(desk: Desk, client: RawClient) -> None:
    buy_market(client, 1)
    await heard(client)
    start(desk, "liquidation", symbol="SPY", quantity=60)
    client.send(requests.REQ_EXECUTIONS, reqId=5)
    rows = await heard(client, reply.EXECUTION)
    assert [(row.text("side"), row.number("shares"), row.integer("liquidation")) for row in rows] == [
        ("BOT", 100, 0),
        ("SLD", 60, 1),
    ]
    assert held(desk) == 40


async def test_nothing_held_is_nothing_to_liquidate(desk: Desk) -> None:
    with pytest.raises(CommandError, match="not held"):
        start(desk, "liquidation", symbol="SPY")


async def test_news_of_a_foreign_account(desk: Desk, client: RawClient) -> None:
    start(desk, "foreign_account", account="U7654321")
    rows = await heard(client, reply.POSITION, reply.ACCOUNT_VALUE)
    assert {row.text("account") for row in rows} == {"U7654321"}
    assert len(rows) == 2
