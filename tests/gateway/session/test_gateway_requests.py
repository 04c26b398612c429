"""Requests at their edges: duplicates, unknown ids, limits, orders with every extra, and a bug of our own."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.gateway.session.desk import ACCOUNT, Desk
from tests.gateway.session.raw_client import RawClient
from tests.gateway.session.scripted import SPY
from tradetui.gateway.session.dispatch import HANDLERS
from tradetui.gateway.venue.events import VenueEvent
from tradetui.gateway.wire import replies_account as reply
from tradetui.gateway.wire import requests as ask
from tradetui.gateway.wire.message import Message
from tradetui.gateway.wire.place_order import PLACE_ORDER
from tradetui.gateway.wire.record import Record, Value
from tradetui.gateway.wire.replies_market import HISTORY
from tradetui.gateway.wire.reported_orders import OPEN_ORDER

STOCK: dict[str, Value] = {"symbol": "SPY", "secType": "STK", "exchange": "SMART", "currency": "USD"}
BUY: dict[str, Value] = {**STOCK, "action": "BUY", "totalQuantity": 10, "transmit": True}
BARS: dict[str, Value] = {**STOCK, "barSize": "1 min", "duration": "1 D", "what": "TRADES", "dateFormat": 1}


@pytest.fixture
async def client(desk: Desk) -> AsyncIterator[RawClient]:
    raw = await RawClient.start(desk.port)
    yield raw
    await raw.close()


async def test_an_order_comes_back_with_every_extra_it_was_sent_with(client: RawClient) -> None:
    extras: dict[str, Value] = {
        "algoStrategy": "Adaptive",
        "algoParams": [Record(tag="adaptivePriority", value="Normal")],
        "conditions": [
            Record(type=1, conjunction="a", isMore=True, price=500.0, conId=SPY, exchange="SMART", triggerMethod=0),
            Record(type=3, conjunction="o", isMore=False, time="20260316 15:00:00 US/Eastern"),
        ],
        "conditionsIgnoreRth": True,
        "hedgeType": "D",
        "hedgeParam": "x",
        "modelCode": "model",
        "faGroup": "group",
        "rule80A": "I",
        "discretionaryAmt": 0.05,
        "minQty": 5,
        "orderRef": "all of it",
    }
    client.send(PLACE_ORDER, orderId=1, orderType="LMT", lmtPrice=420.0, **{**BUY, **extras})
    told = await client.reply(OPEN_ORDER)
    assert {name: told[name] for name in extras} == extras


ONCE = [
    (ask.REQ_MARKET_DATA, STOCK, 322),
    (ask.REQ_HISTORY, {**BARS, "keepUpToDate": True}, 322),
    (ask.REQ_REALTIME_BARS, {**STOCK, "what": "TRADES", "barSize": 5}, 322),
    (ask.REQ_TICK_BY_TICK, {**STOCK, "tickType": "Last"}, 322),
]


@pytest.mark.parametrize(("message", "values", "code"), ONCE, ids=lambda item: getattr(item, "name", ""))
async def test_a_request_id_in_use_is_refused(
    client: RawClient, message: Message, values: dict[str, Value], code: int
) -> None:
    client.send(message, reqId=7, **values)
    client.send(message, reqId=7, **values)
    error = await client.reply(reply.ERROR)
    assert (error.integer("reqId"), error.integer("code")) == (7, code)


REFUSED: list[tuple[Message, dict[str, Value], int]] = [
    (ask.CANCEL_MARKET_DATA, {}, 300),
    (ask.CANCEL_REALTIME_BARS, {}, 300),
    (ask.CANCEL_TICK_BY_TICK, {}, 300),
    (ask.CANCEL_HISTORY, {}, 366),
    (ask.REQ_MARKET_DATA, {**STOCK, "genericTicks": "233x"}, 321),
    (ask.REQ_MARKET_DATA, {**STOCK, "genericTicks": "233", "snapshot": True}, 321),
    (ask.REQ_MARKET_DATA, {**STOCK, "symbol": "NOSUCH"}, 200),
    (ask.REQ_MARKET_DATA, {**STOCK, "symbol": ""}, 200),
    (ask.REQ_TICK_BY_TICK, {**STOCK, "tickType": "Nonsense"}, 321),
    (ask.REQ_TICK_BY_TICK, {**STOCK, "symbol": "NOSUCH", "tickType": "Last"}, 200),
    (ask.REQ_REALTIME_BARS, {**STOCK, "what": "NONSENSE"}, 321),
    (ask.REQ_REALTIME_BARS, {**STOCK, "symbol": "NOSUCH", "what": "TRADES"}, 200),
    (ask.REQ_HISTORY, {**BARS, "symbol": "NOSUCH"}, 200),
    (ask.REQ_HISTORY, {**BARS, "end": "yesterday"}, 391),
    (ask.REQ_HISTORY, {**BARS, "end": "20260316 10:00:00", "keepUpToDate": True}, 321),
    (ask.REQ_HEAD_TIMESTAMP, {**STOCK, "what": "NONSENSE"}, 162),
    (ask.REQ_HEAD_TIMESTAMP, {**STOCK, "symbol": "NOSUCH", "what": "TRADES"}, 200),
    (ask.REQ_EXECUTIONS, {"time": "yesterday"}, 391),
    (ask.REQ_PNL, {"account": "DU999"}, 321),
    (ask.REQ_PNL_SINGLE, {"account": "DU999"}, 321),
    (ask.REQ_UPDATES_MULTI, {"account": "DU999"}, 321),
    (ask.REQ_FUNDAMENTALS, {**STOCK}, 430),
    (ask.REQ_WSH_META, {}, 10276),
    (ask.REQ_WSH_EVENTS, {}, 10276),
    (ask.REQ_SCANNER, {}, 162),
    (ask.CANCEL_SCANNER, {}, 162),
    (ask.CANCEL_DEPTH, {}, 310),
    (ask.REQ_DEPTH, {**STOCK, "rows": 0}, 321),
    (ask.REQ_DEPTH, {**STOCK, "rows": 5, "symbol": "NOSUCH"}, 200),
    (ask.REQ_HISTOGRAM, {**STOCK, "symbol": "NOSUCH", "period": "1 day"}, 200),
    (ask.REQ_HISTORY, {**BARS, "what": "SCHEDULE"}, 321),
]


@pytest.mark.parametrize(("message", "values", "code"), REFUSED, ids=lambda item: getattr(item, "name", ""))
async def test_a_request_that_cannot_be_met_is_refused_with_ibs_code(
    client: RawClient, message: Message, values: dict[str, Value], code: int
) -> None:
    client.send(message, reqId=8, **values)
    error = await client.reply(reply.ERROR)
    assert (error.integer("reqId"), error.integer("code")) == (8, code)


@pytest.mark.parametrize(
    ("changes", "code", "cause"),
    [
        ({"exchange": ""}, 321, "exchange"),
        ({"currency": ""}, 321, "currency"),
        ({"symbol": ""}, 321, "symbol"),
    ],
    ids=["exchange", "currency", "symbol"],
)
async def test_an_order_must_name_its_instrument(
    client: RawClient, changes: dict[str, Value], code: int, cause: str
) -> None:
    client.send(PLACE_ORDER, orderId=4, orderType="MKT", **{**BUY, **changes})
    error = await client.reply(reply.ERROR)
    assert (error.integer("reqId"), error.integer("code")) == (4, code)
    assert cause in error.text("text")


async def test_a_third_account_summary_is_refused_until_one_ends(client: RawClient) -> None:
    for request in (1, 2, 3):
        client.send(ask.REQ_SUMMARY, reqId=request, group="All", tags="NetLiquidation")
    error = await client.reply(reply.ERROR)
    assert (error.integer("reqId"), error.integer("code")) == (3, 322)
    client.send(ask.CANCEL_SUMMARY, reqId=1)
    client.send(ask.REQ_SUMMARY, reqId=3, group="All", tags="NetLiquidation")
    assert (await client.reply(reply.SUMMARY)).integer("reqId") == 3


async def test_positions_of_an_account_follow_its_fills_until_cancelled(client: RawClient) -> None:
    client.send(ask.REQ_POSITIONS_MULTI, reqId=5, account=ACCOUNT, modelCode="")
    await client.until(reply.POSITION_MULTI_END)
    client.send(PLACE_ORDER, orderId=1, orderType="MKT", **BUY)
    row = await client.reply(reply.POSITION_MULTI)
    assert (row.integer("reqId"), row.text("symbol"), row.number("position")) == (5, "SPY", 10)
    client.send(ask.CANCEL_POSITIONS_MULTI, reqId=5)
    client.send(PLACE_ORDER, orderId=2, orderType="MKT", **BUY)
    client.send(ask.REQ_CURRENT_TIME)
    seen = []
    while (fields := await client.fields())[0] != "49":
        seen.append(fields[0])
    assert str(reply.POSITION_MULTI.id) not in seen


async def test_executions_are_filtered_as_asked(client: RawClient, desk: Desk) -> None:
    client.send(PLACE_ORDER, orderId=1, orderType="MKT", **BUY)
    await client.until(reply.EXECUTION)
    desk.wait(60)
    client.send(PLACE_ORDER, orderId=2, orderType="MKT", **{**BUY, "action": "SELL"})
    await client.until(lambda fields: fields[0] == "11" and "SLD" in fields)

    async def asked(**filters: Value) -> list[str]:
        client.send(ask.REQ_EXECUTIONS, reqId=40, **filters)
        sides = []
        while (fields := await client.fields())[0] != "55":
            if fields[:2] == ["11", "40"]:
                sides.append(fields[18])
        return sides

    assert await asked() == ["BOT", "SLD"]
    assert await asked(side="SELL") == ["SLD"]
    assert await asked(time="20260316 10:00:30 US/Eastern") == ["SLD"]
    assert await asked(symbol="QQQ") == []
    assert await asked(clientId=99) == []


async def test_history_ends_where_it_was_asked_to(client: RawClient, desk: Desk) -> None:
    desk.wait(120)
    desk.trade(435.0)
    client.send(ask.REQ_HISTORY, reqId=6, **{**BARS, "end": "20260316 10:01:00 US/Eastern", "dateFormat": 2})
    fields = await client.until(HISTORY)
    [bar] = HISTORY.decode(client.version, fields).rows("bars")
    assert bar.number("close") == 430.01


async def test_a_bug_in_the_venue_costs_one_request_and_not_the_session(
    client: RawClient, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> list[VenueEvent]:
        raise ZeroDivisionError

    monkeypatch.setattr(desk.gateway.hub.venue, "cancel", broken)
    client.send(ask.CANCEL_ORDER, orderId=55)
    error = await client.reply(reply.ERROR)
    assert (error.integer("reqId"), error.integer("code")) == (55, 322)
    client.send(ask.REQ_CURRENT_TIME)
    assert await client.until(reply.CURRENT_TIME)


def test_every_request_of_the_tables_has_an_answer() -> None:
    assert set(HANDLERS) == set(ask.REQUESTS.values())


async def test_starting_a_session_twice_is_refused_and_keeps_the_session(client: RawClient) -> None:
    client.send(ask.START_API, clientId=7)
    assert (await client.reply(reply.ERROR)).integer("code") == 321
    client.send(ask.REQ_CURRENT_TIME)
    assert await client.until(reply.CURRENT_TIME)


async def test_the_end_of_a_refused_subscription_is_not_answered(client: RawClient) -> None:
    for message in (ask.CANCEL_FUNDAMENTALS, ask.CANCEL_WSH_META, ask.CANCEL_WSH_EVENTS):
        client.send(message, reqId=5)
    client.send(ask.REQ_CURRENT_TIME)
    assert (await client.fields())[0] == str(reply.CURRENT_TIME.id)
