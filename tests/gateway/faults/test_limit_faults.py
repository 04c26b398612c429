"""P1 to P8 and the limits they stand for: beyond them a client gets IB's code, within them nothing."""

from __future__ import annotations

import asyncio

import pytest

from tests.gateway.faults.conversation import SPY, errors, heard, start, story, until_cut
from tests.gateway.session.desk import Desk, start_desk
from tests.gateway.session.raw_client import RawClient
from tradetui.gateway.session.hub import DataPermission, Settings
from tradetui.gateway.wire import requests
from tradetui.gateway.wire.message import Message
from tradetui.gateway.wire.record import Value
from tradetui.gateway.wire.replies_account import CURRENT_TIME
from tradetui.gateway.wire.replies_market import HISTORY, MARKET_DATA_TYPE, TICK_PRICE, TICK_SIZE

BARS: dict[str, Value] = {**SPY, "barSize": "1 min", "duration": "1 D", "what": "TRADES", "useRth": True}
SMALL: dict[str, Value] = {**BARS, "barSize": "5 secs"}


async def ask_too_fast(client: RawClient) -> None:
    """Forty questions a second."""
    while True:
        for _ in range(12):
            client.send(requests.REQ_CURRENT_TIME)
        await asyncio.sleep(0.3)


async def test_too_many_messages_get_100_and_a_client_that_goes_on_is_dropped(desk: Desk, client: RawClient) -> None:
    start(desk, "message_rate", limit=10)
    going_on = asyncio.create_task(ask_too_fast(client))
    told = await asyncio.wait_for(until_cut(client), 20)
    going_on.cancel()
    assert sum(fields[0] == "49" for fields in told) >= 40
    assert sum("100" in fields for fields in told) >= 4


async def test_a_client_within_the_message_rate_never_hears_of_it() -> None:
    desk = await start_desk(settings=Settings(max_messages=50))
    client = await RawClient.start(desk.port)
    for _ in range(49):
        client.send(requests.REQ_CURRENT_TIME)
    for _ in range(49):
        assert (await client.fields())[0] == "49"
    await client.close()
    await desk.close()


async def test_the_line_above_the_limit_gets_101(desk: Desk, client: RawClient) -> None:
    start(desk, "line_limit", limit=1)
    for request in (1, 2):
        client.send(requests.REQ_MARKET_DATA, reqId=request, **SPY)
    assert await errors(client) == [(2, 101)]


async def test_the_next_history_request_breaks_the_pacing_and_the_one_after_does_not(
    desk: Desk, client: RawClient
) -> None:
    start(desk, "history_pacing")
    for request in (1, 2):
        client.send(requests.REQ_HISTORY, reqId=request, **BARS)
    assert await story(client) == ["error(162)", "historicalData"]


async def test_enforced_pacing_refuses_identical_requests_bursts_and_nothing_else(
    desk: Desk, client: RawClient
) -> None:
    start(desk, "history_pacing", enforce=True, count=0)
    client.send(requests.REQ_HISTORY, reqId=1, **SMALL)
    client.send(requests.REQ_HISTORY, reqId=2, **SMALL)
    assert await errors(client) == [(2, 162)]
    for number in range(5):
        client.send(requests.REQ_HISTORY, reqId=10 + number, **{**SMALL, "duration": f"{number + 2} D"})
    assert await errors(client) == [(14, 162)]
    for number in range(9):
        client.send(requests.REQ_HISTORY, reqId=20 + number, **BARS)
    assert len(await heard(client, HISTORY)) == 9


async def test_more_than_sixty_small_requests_in_ten_minutes_break_the_pacing(desk: Desk, client: RawClient) -> None:
    start(desk, "history_pacing", enforce=True, count=0)
    # Requests that differ in exchange and length break neither of the short rules.
    for number in range(61):
        exchange = ("SMART", "ARCA", "NASDAQ", "NYSE")[number % 4] if number < 20 else f"X{number}"
        client.send(
            requests.REQ_HISTORY, reqId=number, **{**SMALL, "exchange": exchange, "duration": f"{number + 1} D"}
        )
    assert await errors(client) == [(60, 162)]


async def test_history_finds_nothing_or_is_called_off(desk: Desk, client: RawClient) -> None:
    start(desk, "no_history", cancelled=True)
    client.send(requests.REQ_HISTORY, reqId=1, **BARS)
    told = await client.fields()
    assert told[3:5] == ["162", "Historical Market Data Service error message:API historical data query cancelled: 1"]
    start(desk, "no_history")
    client.send(requests.REQ_HISTORY, reqId=2, **BARS)
    assert "HMDS query returned no data: SPY@SMART Trades" in (await client.fields())[4]


@pytest.mark.parametrize(
    ("kind", "request_kind", "fields", "code"),
    [
        ("no_history_query", requests.REQ_HISTORY, BARS, 366),
        ("open_history_limit", requests.REQ_HISTORY, BARS, 322),
        ("summary_limit", requests.REQ_SUMMARY, {"group": "All", "tags": "NetLiquidation"}, 322),
        ("tick_by_tick_limit", requests.REQ_TICK_BY_TICK, {**SPY, "tickType": "Last"}, 10190),
    ],
)
async def test_a_request_is_refused_as_if_a_limit_were_reached(
    desk: Desk, client: RawClient, kind: str, request_kind: Message, fields: dict[str, Value], code: int
) -> None:
    start(desk, kind)
    client.send(request_kind, reqId=3, **fields)
    assert await errors(client) == [(3, code)]
    client.send(request_kind, reqId=4, **fields)
    assert await errors(client) == []


async def test_the_fifty_first_open_historical_request_is_refused(desk: Desk, client: RawClient) -> None:
    for request in range(51):
        client.send(requests.REQ_HISTORY, reqId=request, **{**BARS, "keepUpToDate": True})
    assert await errors(client) == [(50, 322)]


@pytest.mark.parametrize(
    ("permission", "asked", "code", "flows"),
    [
        (DataPermission.LIVE, 3, None, True),
        (DataPermission.DELAYED, 1, 354, False),
        (DataPermission.DELAYED, 3, 10167, True),
        (DataPermission.NONE, 3, 10168, False),
    ],
)
async def test_market_data_depend_on_the_permission(
    permission: DataPermission, asked: int, code: int | None, flows: bool
) -> None:
    desk = await start_desk(settings=Settings(data=permission))
    client = await RawClient.start(desk.port)
    client.send(requests.REQ_MARKET_DATA_TYPE, marketDataType=asked)
    client.send(requests.REQ_MARKET_DATA, reqId=1, **SPY)
    client.send(requests.REQ_CURRENT_TIME)
    told = [fields async for fields in until_time(client)]
    assert [int(fields[3]) for fields in told if fields[0] == "4"] == ([code] if code else [])
    assert any(fields[0] == "1" for fields in told) is flows
    await client.close()
    await desk.close()


async def until_time(client: RawClient):  # type: ignore[no-untyped-def]
    """Frames up to the answer about the time."""
    while (fields := await client.fields())[0] != str(CURRENT_TIME.id):
        yield fields


async def test_delayed_data_go_under_their_own_tick_types() -> None:
    desk = await start_desk(settings=Settings(data=DataPermission.DELAYED))
    client = await RawClient.start(desk.port)
    client.send(requests.REQ_MARKET_DATA_TYPE, marketDataType=3)
    client.send(requests.REQ_MARKET_DATA, reqId=1, genericTicks="233", **SPY)
    desk.quote(431.0, 431.02)
    desk.trade(431.01)
    seen: set[int | None] = set()
    types: list[int | None] = []
    for record in await heard(client, TICK_PRICE, TICK_SIZE, MARKET_DATA_TYPE):
        if record.text("message") == "marketDataType":
            types.append(record.integer("type"))
        else:
            seen.add(record.integer("tickType"))
    assert types == [3]
    assert {66, 67, 68} <= seen <= {66, 67, 68, 69, 70, 71, 72, 73, 74, 75, 76}
    await client.close()
    await desk.close()
