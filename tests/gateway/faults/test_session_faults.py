"""S1 to S12: restarts, resets, farms, ids, accounts, read-only and clocks."""

from __future__ import annotations

import asyncio

import pytest

from tests.gateway.faults.conversation import (
    SPY,
    buy_limit,
    buy_market,
    errors,
    heard,
    start,
    statuses,
    story,
    until_cut,
)
from tests.gateway.session.desk import Desk, until
from tests.gateway.session.raw_client import RawClient
from tests.gateway.session.scripted import START_NS
from tradetui.domain.clock import SECOND_NS
from tradetui.gateway.wire import replies_account as reply
from tradetui.gateway.wire import requests
from tradetui.gateway.wire.replies_market import TICK_PRICE
from tradetui.gateway.wire.reported_orders import OPEN_ORDER


async def again(desk: Desk, client_id: int = 1) -> RawClient:
    """A client that keeps trying until the gateway is there again."""
    async with asyncio.timeout(5):
        while True:
            try:
                return await RawClient.start(desk.port, client_id=client_id)
            except (ConnectionError, EOFError):
                await asyncio.sleep(0.01)


async def greeting(desk: Desk, client_id: int = 1) -> list[list[str]]:
    """What a new client is told up to the last farm notice."""
    client = await RawClient.open(desk.port)
    client.write(b"API\0\0\0\0\x09v157..178")
    client.version = int((await client.fields())[0])
    client.send(requests.START_API, clientId=client_id)
    told: list[list[str]] = []
    while not told or "2158" not in told[-1]:
        told.append(await client.fields())
    await client.close()
    await until(lambda: client_id not in desk.gateway.hub.clients)
    return told


async def test_a_client_id_lingers_after_its_client_has_gone(desk: Desk) -> None:
    start(desk, "client_id_lingers", seconds=0.15)
    first = await RawClient.start(desk.port, client_id=5)
    await first.close()
    await until(lambda: 5 not in desk.gateway.hub.clients)
    second = await RawClient.open(desk.port)
    second.write(b"API\0\0\0\0\x09v157..178")
    second.version = int((await second.fields())[0])
    second.send(requests.START_API, clientId=5)
    assert (await second.fields())[:4] == ["4", "2", "-1", "326"]
    assert await second.ended()
    await second.close()
    third = await again(desk, 5)
    await third.close()


@pytest.mark.parametrize(("order", "open_orders"), [("lost", 0), ("live", 1)])
async def test_a_restart_strikes_with_an_order_that_is_lost_or_works_on(
    desk: Desk, client: RawClient, order: str, open_orders: int
) -> None:
    start(desk, "restart", order=order, seconds=0.05)
    buy_limit(client, 1)
    assert await until_cut(client) == []
    back = await again(desk)
    back.send(requests.REQ_ALL_OPEN_ORDERS)
    assert len(await heard(back, OPEN_ORDER)) == open_orders
    await back.close()


async def test_a_restart_cuts_everybody_at_once(desk: Desk, client: RawClient) -> None:
    start(desk, "restart", seconds=0.05)
    assert await client.ended()
    back = await again(desk)
    await back.close()


async def test_after_the_weekly_restart_the_gateway_waits_for_a_human(desk: Desk, client: RawClient) -> None:
    start(desk, "weekly_login", seconds=0.05, login_seconds=0.3)
    assert await client.ended()
    with pytest.raises((TimeoutError, ConnectionError)):
        await asyncio.wait_for(RawClient.start(desk.port, client_id=9), 0.2)
    await until(lambda: not desk.gateway.injected.listing())
    back = await again(desk, 1)
    await back.close()


@pytest.mark.parametrize(("lost", "code"), [(True, 1101), (False, 1102)])
async def test_a_nightly_reset_stops_the_data_and_1101_ends_subscriptions_while_1102_keeps_them(
    desk: Desk, client: RawClient, lost: bool, code: int
) -> None:
    client.send(requests.REQ_MARKET_DATA, reqId=7, **SPY)
    await heard(client)
    start(desk, "nightly_reset", lost=lost, seconds=20, repeats=2)
    desk.wait(10)
    desk.quote(431.0, 431.02)
    assert [each for _, each in await errors(client)] == [1100, 1100]
    desk.wait(15)
    assert [each for _, each in await errors(client)] == [code]
    desk.quote(432.0, 432.02)
    assert bool(await heard(client, TICK_PRICE)) is not lost


@pytest.mark.parametrize(("executions", "late"), [("late", 1), ("lost", 0)])
async def test_a_fill_during_the_reset_comes_late_or_only_when_asked_for(
    desk: Desk, client: RawClient, executions: str, late: int
) -> None:
    buy_limit(client, 1, 429.0)
    assert await statuses(client) == ["PreSubmitted", "Submitted"]
    start(desk, "nightly_reset", lost=False, seconds=20, executions=executions)
    desk.wait(1)
    desk.quote(428.0, 428.5)
    assert [name for name in await story(client) if name != "error(1100)"] == []
    desk.wait(30)
    assert len(await heard(client, reply.EXECUTION)) == late
    client.send(requests.REQ_EXECUTIONS, reqId=1)
    assert len(await heard(client, reply.EXECUTION)) == 1


async def test_the_socket_dies_between_1100_and_1101(desk: Desk, client: RawClient) -> None:
    start(desk, "reset_then_drop", seconds=5)
    assert await errors(client) == [(-1, 1100)]
    desk.wait(6)
    assert await client.ended()


async def test_a_moved_port_is_named_and_the_connection_closes(desk: Desk, client: RawClient) -> None:
    start(desk, "port_moved", port=4444)
    told = await client.fields()
    assert told[3] == "1300"
    assert "4444" in told[4]
    assert await client.ended()


async def test_2110_leaves_the_connection_as_it_is(desk: Desk, client: RawClient) -> None:
    start(desk, "server_broken")
    assert await errors(client) == [(-1, 2110)]
    assert await story(client) == []


async def test_a_broken_data_farm_stops_ticks_and_bars_never_resume(desk: Desk, client: RawClient) -> None:
    client.send(requests.REQ_MARKET_DATA, reqId=7, **SPY)
    client.send(
        requests.REQ_HISTORY,
        reqId=8,
        **{**SPY, "barSize": "5 secs", "duration": "1 D", "what": "TRADES", "useRth": True, "keepUpToDate": True},
    )
    await heard(client)
    start(desk, "farm_broken", farm="data", seconds=20)
    desk.quote(431.0, 431.02)
    assert await story(client) == ["error(2103)"]
    desk.wait(25)
    desk.quote(432.0, 432.02)
    desk.trade(432.01)
    desk.wait(10)
    told = await story(client)
    assert told[0] == "error(2104)"
    assert "tickPrice" in told
    assert "historicalDataUpdate" not in told


async def test_a_broken_history_farm_answers_165(desk: Desk, client: RawClient) -> None:
    start(desk, "farm_broken", farm="history", seconds=20)
    client.send(requests.REQ_HISTORY, reqId=8, **{**SPY, "barSize": "1 min", "duration": "1 D", "what": "TRADES"})
    assert await errors(client) == [(-1, 2105), (8, 165)]
    desk.wait(25)
    assert await errors(client) == [(-1, 2106)]


@pytest.mark.parametrize(("farm", "code"), [("data", 2108), ("history", 2107)])
async def test_an_idle_farm_is_only_a_notice(desk: Desk, client: RawClient, farm: str, code: int) -> None:
    start(desk, "farm_idle", farm=farm)
    assert await errors(client) == [(-1, code)]


async def test_next_valid_id_goes_backwards_and_the_old_id_is_refused(desk: Desk, client: RawClient) -> None:
    for order_id in (1, 2, 3):
        buy_market(client, order_id)
    await heard(client)
    start(desk, "next_id", lower_by=2)
    client.send(requests.REQ_IDS)
    [told] = await heard(client, reply.NEXT_VALID_ID)
    assert told.integer("orderId") == 2
    buy_market(client, 2)
    assert [code for _, code in await errors(client)] == [104]


async def test_next_valid_id_jumps(desk: Desk) -> None:
    start(desk, "next_id", to=38103)
    assert ["9", "1", "38103"] in await greeting(desk)
    assert ["9", "1", "1"] in await greeting(desk)


@pytest.mark.parametrize(
    ("kind", "parameters", "accounts"),
    [("accounts", {"accounts": "DU1,DU2"}, "DU1,DU2"), ("account_type", {}, "U1234567")],
)
async def test_the_account_list_is_another_one(
    desk: Desk, kind: str, parameters: dict[str, object], accounts: str
) -> None:
    start(desk, kind, **parameters)
    assert ["15", "1", accounts] in await greeting(desk)


async def test_the_greeting_comes_in_the_other_order(desk: Desk) -> None:
    start(desk, "greeting_swapped")
    assert [fields[0] for fields in await greeting(desk)][:2] == ["9", "15"]
    assert [fields[0] for fields in await greeting(desk)][:2] == ["15", "9"]


async def test_a_read_only_api_refuses_orders_and_never_ends_questions_about_them(
    desk: Desk, client: RawClient
) -> None:
    key = start(desk, "read_only")
    buy_market(client, 4)
    for question in (requests.REQ_OPEN_ORDERS, requests.REQ_ALL_OPEN_ORDERS, requests.REQ_COMPLETED_ORDERS):
        client.send(question)
    client.send(requests.GLOBAL_CANCEL)
    told = await story(client)
    assert told == ["error(321)"] * 5
    client.send(requests.REQ_EXECUTIONS, reqId=3)
    client.send(requests.REQ_POSITIONS)
    assert await story(client) == ["execDetailsEnd", "positionEnd"]
    desk.gateway.injected.end(key)
    client.send(requests.REQ_OPEN_ORDERS)
    assert await story(client) == ["openOrderEnd"]


async def test_a_wrong_clock_is_told_until_the_fault_ends(desk: Desk, client: RawClient) -> None:
    key = start(desk, "clock_skew", seconds=30)
    client.send(requests.REQ_CURRENT_TIME)
    told = (await client.reply(reply.CURRENT_TIME)).integer("time") or 0
    assert told - desk.clock.at_ns // SECOND_NS == 30
    assert told > START_NS // SECOND_NS
    desk.gateway.injected.end(key)
    client.send(requests.REQ_CURRENT_TIME)
    assert (await client.reply(reply.CURRENT_TIME)).integer("time") == desk.clock.at_ns // SECOND_NS


async def test_a_question_for_the_time_is_ignored_when_repeated_at_once(desk: Desk, client: RawClient) -> None:
    start(desk, "time_ignored")
    for _ in range(3):
        client.send(requests.REQ_CURRENT_TIME)
    client.send(requests.REQ_POSITIONS)
    seen = []
    while "62" not in seen:
        seen.append((await client.fields())[0])
    assert seen.count("49") == 1
