"""M1 to M11: what clients are told of prices, bars and contracts when it is wrong."""

from __future__ import annotations

import pytest

from tests.gateway.faults.conversation import SPY, buy_limit, buy_market, errors, heard, start, statuses, story
from tests.gateway.session.desk import Desk
from tests.gateway.session.raw_client import RawClient
from tests.gateway.session.scripted import SPY as SPY_ID
from tradetui.gateway.wire import requests
from tradetui.gateway.wire.record import Record, Value
from tradetui.gateway.wire.replies_account import EXECUTION
from tradetui.gateway.wire.replies_market import (
    CONTRACT_DETAILS,
    HISTORY,
    HISTORY_UPDATE,
    MARKET_DATA_TYPE,
    TICK_GENERIC,
    TICK_PRICE,
    TICK_SIZE,
)

BARS: dict[str, Value] = {**SPY, "barSize": "5 secs", "duration": "1 D", "what": "TRADES", "useRth": True}


@pytest.fixture
async def follower(client: RawClient) -> RawClient:
    """A client that follows SPY under request 7."""
    client.send(requests.REQ_MARKET_DATA, reqId=7, **SPY)
    await heard(client)
    return client


@pytest.mark.parametrize(
    ("code", "flows"), [(354, False), (10089, False), (10186, False), (10090, True), (10167, True)]
)
async def test_a_subscription_is_refused_or_served_after_its_code(
    desk: Desk, client: RawClient, code: int, flows: bool
) -> None:
    start(desk, "no_market_data", code=code)
    client.send(requests.REQ_MARKET_DATA, reqId=7, **SPY)
    told = await story(client)
    assert told[0] == f"error({code})"
    desk.quote(431.0, 431.02)
    ticks = [record.integer("tickType") for record in await heard(client, TICK_PRICE)]
    assert bool(ticks) is flows
    assert (66 in ticks) is (code == 10167)


async def test_a_competing_session_stops_the_data_of_every_line(desk: Desk, follower: RawClient) -> None:
    start(desk, "competing_session", seconds=60)
    desk.quote(431.0, 431.02)
    assert await story(follower) == ["error(10197)"]
    desk.wait(61)
    desk.quote(432.0, 432.02)
    assert "tickPrice" in await story(follower)


async def test_data_turn_delayed_in_mid_stream_and_live_again(desk: Desk, follower: RawClient) -> None:
    start(desk, "data_type", type=3, seconds=10)
    desk.quote(431.0, 431.02)
    assert {record.integer("tickType") for record in await heard(follower, TICK_PRICE)} == {66, 67}
    desk.wait(11)
    desk.quote(432.0, 432.02)
    told = await heard(follower, TICK_PRICE, MARKET_DATA_TYPE)
    assert told[0].integer("type") == 1
    assert {record.integer("tickType") for record in told[1:]} == {1, 2}


@pytest.mark.parametrize(
    ("wrong", "price"),
    [
        ("minus_one", -1.0),
        ("zero", 0.0),
        ("empty", None),
        ("huge", None),
        ("tenfold", 4310.0),
        ("hundredth", 4.31),
        ("negative", -431.0),
        ("crossed", 435.31),
    ],
)
async def test_one_price_is_impossible_and_the_venue_trades_at_the_true_one(
    desk: Desk, follower: RawClient, wrong: str, price: float | None
) -> None:
    start(desk, "bad_tick", wrong=wrong)
    desk.quote(431.0, 431.02)
    desk.quote(431.5, 431.52)
    bids = [record.number("price") for record in await heard(follower, TICK_PRICE) if record.integer("tickType") == 1]
    assert bids == [price, 431.5]
    buy_market(follower, 1)
    [execution] = await heard(follower, EXECUTION)
    assert execution.number("price") == 431.52


@pytest.mark.parametrize(("wrong", "size"), [("size_zero", 0.0), ("size_negative", -5.0)])
async def test_one_size_is_impossible(desk: Desk, follower: RawClient, wrong: str, size: float) -> None:
    start(desk, "bad_tick", wrong=wrong)
    desk.quote(430.0, 430.02, size=900)
    assert (await heard(follower, TICK_SIZE))[0].number("size") == size


async def test_a_stale_feed_says_nothing_for_one_symbol_alone(desk: Desk, follower: RawClient) -> None:
    follower.send(requests.REQ_MARKET_DATA, reqId=8, symbol="QQQ", secType="STK", exchange="SMART", currency="USD")
    await heard(follower)
    start(desk, "stale_feed", symbol="SPY", seconds=60)
    desk.quote(431.0, 431.02)
    desk.quote(500.0, 500.02, con_id=320227571)
    assert {record.integer("reqId") for record in await heard(follower, TICK_PRICE)} == {8}
    desk.wait(61)
    desk.quote(432.0, 432.02)
    assert {record.integer("reqId") for record in await heard(follower, TICK_PRICE)} == {7}


async def test_a_halt_is_told_stops_trading_and_ends(desk: Desk, follower: RawClient) -> None:
    start(desk, "halt", symbol="SPY", value=2, seconds=30)
    assert [record.number("value") for record in await heard(follower, TICK_GENERIC)] == [2.0]
    buy_market(follower, 1)
    desk.quote(431.0, 431.02)
    assert "Filled" not in await statuses(follower)
    desk.wait(31)
    assert [record.number("value") for record in await heard(follower, TICK_GENERIC)] == [0.0]
    desk.quote(440.0, 440.02)
    assert (await statuses(follower))[-1] == "Filled"


async def test_a_gap_fills_a_stop_far_through_its_trigger(desk: Desk, follower: RawClient) -> None:
    buy_limit(follower, 1, orderType="STP", auxPrice=425.0, action="SELL")
    await heard(follower)
    start(desk, "gap", symbol="SPY", percent=-5)
    desk.gateway.pump.show_price(SPY_ID, 408.51)
    [execution] = await heard(follower, EXECUTION)
    assert (execution.number("price") or 999) < 409


async def test_ticks_come_twice_or_late(desk: Desk, follower: RawClient) -> None:
    start(desk, "tick_disorder", wrong="twice", key="twice")
    desk.quote(431.0, 431.02)
    assert [record.number("price") for record in await heard(follower, TICK_PRICE)] == [431.0, 431.0, 431.02, 431.02]
    desk.gateway.injected.end("twice")
    start(desk, "tick_disorder", wrong="late", count=1)
    desk.quote(432.0, 440.0)
    desk.quote(433.0, 440.0)
    desk.wait(3)
    assert [record.number("price") for record in await heard(follower, TICK_PRICE)] == [440.0, 433.0, 432.0]


@pytest.mark.parametrize(("wrong", "close"), [("again", 430.5), ("corrected", 430.93)])
async def test_a_finished_bar_is_sent_again_or_corrected(
    desk: Desk, client: RawClient, wrong: str, close: float
) -> None:
    client.send(requests.REQ_HISTORY, reqId=8, **{**BARS, "keepUpToDate": True})
    await heard(client)
    desk.wait(5)
    start(desk, "bar_revision", wrong=wrong)
    desk.trade(430.5)
    desk.wait(5)
    await heard(client)
    desk.trade(431.5)
    desk.wait(5)
    updates = await heard(client, HISTORY_UPDATE)
    assert len(updates) == 2
    assert updates[0].text("date") > updates[1].text("date")
    assert updates[1].number("close") == close


@pytest.mark.parametrize(("kind", "told"), [("bars_stop", []), ("bars_bust", [(8, 10225)])])
async def test_bars_end_without_a_word_or_with_a_bust(
    desk: Desk, client: RawClient, kind: str, told: list[tuple[int, int]]
) -> None:
    client.send(requests.REQ_HISTORY, reqId=8, **{**BARS, "keepUpToDate": True})
    await heard(client)
    start(desk, kind)
    assert await errors(client) == told
    desk.trade(431.5)
    desk.wait(10)
    assert await heard(client, HISTORY_UPDATE) == []


def closes(history: Record) -> list[float | None]:
    return [bar.number("close") for bar in history.rows("bars")]


@pytest.mark.parametrize("wrong", ["gap", "twin", "split", "half_day", "backwards", "zone"])
async def test_history_is_wrong_once_and_right_again(desk: Desk, client: RawClient, wrong: str) -> None:
    for step in range(6):
        desk.trade(431.0 + step)
        desk.wait(5)
    start(desk, "bad_history", wrong=wrong)
    for request in (1, 2):
        client.send(requests.REQ_HISTORY, reqId=request, **BARS)
    bad, good = await heard(client, HISTORY)
    truth = [431.0, 432.0, 433.0, 434.0, 435.0, 436.0]
    assert closes(good) == truth
    expected = {
        "gap": [431.0, 432.0, 435.0, 436.0],
        "twin": [431.0, 432.0, 433.0, 434.0, 434.0, 435.0, 436.0],
        "split": [1724.0, 1728.0, 1732.0, *truth[3:]],
        "half_day": truth[:3],
        "backwards": truth[::-1],
        "zone": truth,
    }
    assert closes(bad) == expected[wrong]
    assert ("Mars" in bad.rows("bars")[0].text("date")) is (wrong == "zone")


async def test_history_announces_more_bars_than_it_has(desk: Desk, client: RawClient) -> None:
    start(desk, "bad_history", wrong="count")
    client.send(requests.REQ_HISTORY, reqId=1, **BARS)
    fields = await client.until(HISTORY)
    assert int(fields[4]) == (len(fields) - 5) // 8 + 1


async def test_a_contract_is_unknown_ambiguous_or_another_one(desk: Desk, client: RawClient) -> None:
    def ask(request: int) -> None:
        client.send(requests.REQ_CONTRACT_DETAILS, reqId=request, symbol="SPY", secType="STK")

    start(desk, "contract_answer", wrong="none")
    ask(1)
    assert await errors(client) == [(1, 200)]
    start(desk, "contract_answer", wrong="ambiguous")
    ask(2)
    rows = await heard(client, CONTRACT_DETAILS)
    assert len({row.integer("conId") for row in rows}) == 2
    start(desk, "contract_answer", wrong="changed")
    ask(3)
    [row] = await heard(client, CONTRACT_DETAILS)
    assert row.integer("conId") != SPY_ID
    ask(4)
    [row] = await heard(client, CONTRACT_DETAILS)
    assert row.integer("conId") == SPY_ID


async def test_a_price_off_the_tick_is_refused_with_110(desk: Desk, client: RawClient) -> None:
    start(desk, "price_rule")
    buy_limit(client, 1)
    assert await errors(client) == [(1, 110)]
    buy_limit(client, 2)
    assert await errors(client) == []
