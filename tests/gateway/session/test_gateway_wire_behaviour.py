"""The gateway as a socket sees it: versions, broken frames, unknown messages, readers that stop reading."""

from __future__ import annotations

import asyncio
import logging
import struct
from collections.abc import AsyncIterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.gateway.session.desk import ACCOUNT, Desk, start_desk, until
from tests.gateway.session.raw_client import RawClient
from tests.gateway.session.scripted import SPY, START_NS
from tradetui.gateway.market.events import Quote
from tradetui.gateway.session.connection import WRITE_BUFFER
from tradetui.gateway.session.hub import Settings
from tradetui.gateway.wire import replies_account as reply
from tradetui.gateway.wire import replies_market, requests
from tradetui.gateway.wire.place_order import PLACE_ORDER
from tradetui.gateway.wire.record import Value
from tradetui.gateway.wire.reported_orders import COMPLETED_ORDER, OPEN_ORDER

SPY_STOCK: dict[str, Value] = {"symbol": "SPY", "secType": "STK", "exchange": "SMART", "currency": "USD"}
BUY: dict[str, Value] = {**SPY_STOCK, "action": "BUY", "totalQuantity": 100, "transmit": True}
VERSIONS = (157, 163, 166, 169, 176, 177, 178, 193)


@pytest.fixture
async def newest() -> AsyncIterator[Desk]:
    running = await start_desk(settings=Settings(max_version=193))
    yield running
    await running.close()


@pytest.mark.parametrize("version", VERSIONS)
async def test_an_order_is_told_in_the_layout_of_every_version(newest: Desk, version: int) -> None:
    client = await RawClient.start(newest.port, offer=f"v100..{version}")
    assert client.version == version
    client.send(PLACE_ORDER, orderId=5, orderType="MKT", orderRef="layout", **BUY)
    opened = await client.reply(OPEN_ORDER)
    assert (opened.text("orderRef"), opened.integer("orderId"), opened.text("status")) == ("layout", 5, "PreSubmitted")
    execution = await client.reply(reply.EXECUTION)
    assert (execution.number("shares"), execution.number("price")) == (100, 430.02)
    commission = await client.reply(reply.COMMISSION)
    assert commission.text("execId") == execution.text("execId")
    client.send(requests.REQ_COMPLETED_ORDERS, apiOnly=False)
    done = await client.reply(COMPLETED_ORDER)
    assert (done.integer("permId"), done.text("status")) == (opened.integer("permId"), "Filled")
    await client.close()


async def test_a_fill_is_told_in_the_order_a_real_gateway_tells_it(desk: Desk) -> None:
    client = await RawClient.start(desk.port)
    client.send(PLACE_ORDER, orderId=1, orderType="MKT", **BUY)
    story: list[str] = []
    while "59" not in story:
        fields = await client.fields()
        status = fields[2] if fields[0] == "3" else "Filled" if "Filled" in fields else ""
        story.append(fields[0] + ("+" if fields[0] in "35" and status == "Filled" else ""))
    assert story[:2] == ["5", "3"]
    fill = story.index("11")
    assert story[fill:] == ["11", "5+", "3+", "5+", "59"]
    await client.close()


@pytest.mark.parametrize("offer", ["v100..156", "v179..225", "junk", "71"])
async def test_a_client_without_a_common_version_is_disconnected(desk: Desk, offer: str) -> None:
    client = await RawClient.open(desk.port)
    client.write(b"API\0" + struct.pack(">I", len(offer)) + offer.encode())
    assert await client.ended()
    await client.close()


async def test_the_cap_limits_the_version_of_newer_clients() -> None:
    capped = await start_desk(settings=Settings(max_version=163))
    client = await RawClient.start(capped.port, offer="v100..225")
    assert client.version == 163
    await client.close()
    await capped.close()


async def test_every_byte_may_arrive_alone(desk: Desk) -> None:
    client = await RawClient.open(desk.port)
    opening = b"API\0" + struct.pack(">I", 9) + b"v157..178"
    for byte in opening:
        client.write(bytes([byte]))
        await asyncio.sleep(0)
    client.version = int((await client.fields())[0])
    for byte in requests.START_API.encode(client.version, {"clientId": 4}):
        client.write(bytes([byte]))
        await asyncio.sleep(0)
    assert await client.fields() == ["15", "1", ACCOUNT]
    assert (await client.fields())[:2] == ["9", "1"]
    await client.close()


async def test_requests_may_arrive_many_in_one_packet(desk: Desk) -> None:
    client = await RawClient.start(desk.port)
    ask = requests.REQ_CURRENT_TIME.encode(client.version, {})
    client.write(ask * 50)
    times = [await client.until(reply.CURRENT_TIME) for _ in range(50)]
    assert {fields[2] for fields in times} == {str(desk.clock.at_ns // 1_000_000_000)}
    await client.close()


async def test_an_oversize_length_closes_the_connection_and_nothing_else(desk: Desk) -> None:
    good, bad = await RawClient.start(desk.port, 1), await RawClient.start(desk.port, 2)
    bad.write(struct.pack(">I", 0xFFFFFFF0))
    assert await bad.ended()
    good.send(requests.REQ_CURRENT_TIME)
    assert await good.until(reply.CURRENT_TIME)
    await good.close()
    await bad.close()


async def test_unknown_messages_are_logged_and_ignored(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    client = await RawClient.start(desk.port)
    with caplog.at_level(logging.WARNING, "tradetui.gateway"):
        client.send_fields(999, 1, "x")
        client.send_fields("not a number")
        client.send(requests.REQ_CURRENT_TIME)
        await client.until(reply.CURRENT_TIME)
    assert [record.message.count("unknown message id") for record in caplog.records] == [1, 1]
    await client.close()


async def test_an_unreadable_order_is_answered_with_320_and_never_placed(desk: Desk) -> None:
    client = await RawClient.start(desk.port)
    fields = PLACE_ORDER.fields(client.version, {"orderId": 77, "orderType": "LMT", "lmtPrice": 430.0, **BUY})
    fields[19] = "4o0"
    client.send_fields(*fields)
    error = await client.reply(reply.ERROR)
    assert (error.integer("reqId"), error.integer("code")) == (77, 320)
    assert "lmtPrice" in error.text("text")
    assert desk.gateway.hub.venue.open_orders() == []
    await client.close()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(noise=st.lists(st.binary(min_size=1, max_size=80), max_size=6), seed=st.integers(0, 10**6))
async def test_noise_ends_at_most_its_own_connection(desk: Desk, noise: list[bytes], seed: int) -> None:
    client = await RawClient.start(desk.port, client_id=10_000 + seed)
    for chunk in noise:
        client.write(struct.pack(">I", len(chunk)) + chunk)
    client.send(requests.REQ_CURRENT_TIME)
    assert await client.until(reply.CURRENT_TIME)
    await client.close()
    await until(lambda: 10_000 + seed not in desk.gateway.hub.clients)


async def test_messages_before_start_are_ignored(desk: Desk) -> None:
    client = await RawClient.open(desk.port)
    client.write(b"API\0" + struct.pack(">I", 9) + b"v157..178")
    client.version = int((await client.fields())[0])
    client.send(requests.REQ_POSITIONS)
    client.send(requests.START_API, clientId=1)
    assert (await client.fields())[0] == "15"
    await client.close()


async def test_every_known_request_is_answered_or_acted_on_without_an_internal_error(desk: Desk) -> None:
    client = await RawClient.start(desk.port)
    for message in requests.REQUESTS.values():
        client.send(message, reqId=500 + message.id, **SPY_STOCK)
    client.send(requests.REQ_CURRENT_TIME)
    seen: list[list[str]] = []
    while (fields := await client.fields())[0] != "49" or len(seen) < 40:
        seen.append(fields)
    assert [fields for fields in seen if fields[0] == "4" and fields[3] == "322"] == []
    await client.close()


async def test_a_client_that_stops_reading_gets_the_latest_quotes_and_every_order_message(desk: Desk) -> None:
    client = await RawClient.start(desk.port)
    client.send(requests.REQ_MARKET_DATA, reqId=9, **SPY_STOCK)
    await client.until(replies_market.TICK_SIZE)
    outbox = desk.gateway.hub.clients[1].outbox
    outbox.pause()
    client.send(PLACE_ORDER, orderId=3, orderType="LMT", lmtPrice=400.0, **BUY)
    await until(desk.gateway.hub.venue.open_orders)
    events = [Quote(START_NS + n * 1_000_000, SPY, 430 + n / 100, 440.0, 5, 5) for n in range(100, 600)]
    desk.play(*events)
    assert outbox.conflated > 400
    outbox.resume()
    assert (await client.reply(OPEN_ORDER)).integer("orderId") == 3
    bid = await client.until(lambda fields: fields[:4] == ["1", "6", "9", "1"])
    assert float(bid[4]) == events[-1].bid
    await client.close()


async def test_a_client_that_never_reads_is_dropped_before_memory_grows(desk: Desk) -> None:
    client = await RawClient.start(desk.port)
    session = desk.gateway.hub.clients[1]
    session.outbox.pause()
    size = len("x" * 1000)
    sent = 0
    while 1 in desk.gateway.hub.clients and sent < 100 * WRITE_BUFFER:
        session.error(None, 2100, "x" * 1000)
        sent += size
        if sent % (1 << 20) < size:
            await asyncio.sleep(0)
    await until(lambda: 1 not in desk.gateway.hub.clients)
    assert sent < 6 << 20
    await client.close()
