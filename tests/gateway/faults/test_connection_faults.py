"""T1 to T11: what a client meets when the connection itself is at fault."""

from __future__ import annotations

import asyncio
import struct

import pytest

from tests.gateway.faults.conversation import BUY, buy_market, heard, start, story, until_cut
from tests.gateway.session.desk import Desk, until
from tests.gateway.session.raw_client import RawClient
from tradetui.gateway.wire import requests
from tradetui.gateway.wire.place_order import PLACE_ORDER
from tradetui.gateway.wire.replies_account import COMMISSION, CURRENT_TIME, EXECUTION, POSITION_END


async def handshake(port: int) -> RawClient:
    client = await RawClient.open(port)
    client.write(b"API\0" + struct.pack(">I", 9) + b"v157..178")
    return client


async def test_a_closed_port_refuses_and_opens_again_while_present_clients_stay(desk: Desk, client: RawClient) -> None:
    start(desk, "refuse_connections", seconds=0.2)
    with pytest.raises(ConnectionRefusedError):
        await RawClient.open(desk.port)
    assert await story(client) == []
    async with asyncio.timeout(5):
        while True:
            try:
                second = await RawClient.start(desk.port, client_id=2)
                break
            except ConnectionRefusedError:
                await asyncio.sleep(0.01)
    await second.close()


@pytest.mark.parametrize("reset", [False, True])
async def test_a_connection_is_closed_on_accept_once(desk: Desk, reset: bool) -> None:
    start(desk, "close_on_accept", reset=reset)
    turned_away = await RawClient.open(desk.port)
    assert await turned_away.ended()
    await turned_away.close()
    served = await RawClient.start(desk.port)
    await served.close()


async def test_a_mute_gateway_never_answers_the_handshake(desk: Desk) -> None:
    start(desk, "mute_handshake")
    client = await handshake(desk.port)
    with pytest.raises(TimeoutError):
        await client.fields(limit=0.1)
    await client.close()


@pytest.mark.parametrize(("half", "expected"), [(False, []), (True, ["15"])])
async def test_without_a_login_the_greeting_stays_incomplete(desk: Desk, half: bool, expected: list[str]) -> None:
    start(desk, "no_login", half=half)
    client = await handshake(desk.port)
    assert (await client.fields())[0] == "178"
    client.version = 178
    client.send(requests.START_API, clientId=1)
    assert [(await client.fields())[0] for _ in expected] == expected
    with pytest.raises(TimeoutError):
        await client.fields(limit=0.1)
    await client.close()


@pytest.mark.parametrize("kind", ["half_open", "stall"])
async def test_a_silent_connection_stays_open_and_everything_arrives_after_it(
    desk: Desk, client: RawClient, kind: str
) -> None:
    key = start(desk, kind, seconds=60)
    buy_market(client, 1)
    client.send(requests.REQ_CURRENT_TIME)
    with pytest.raises(TimeoutError):
        await client.fields(limit=0.1)
    assert not desk.gateway.hub.venue.open_orders()
    desk.gateway.injected.end(key)
    told = [fields[0] for fields in [await client.until(EXECUTION), await client.until(CURRENT_TIME)]]
    assert told == ["11", "49"]


async def test_a_reply_breaks_off_in_the_middle_and_the_connection_is_reset(desk: Desk, client: RawClient) -> None:
    start(desk, "reset_mid_frame", message="execDetails")
    buy_market(client, 1)
    kinds = [fields[0] for fields in await until_cut(client)]
    assert "5" in kinds
    assert "11" not in kinds
    assert client.unread > 0


async def test_frames_split_byte_by_byte_are_the_same_frames(desk: Desk, client: RawClient) -> None:
    start(desk, "split_writes", size=1)
    buy_market(client, 1)
    split = await story(client)
    second = await RawClient.start(desk.port, client_id=2)
    desk.gateway.injected.clear()
    buy_market(second, 1)
    assert await story(second) == split
    await second.close()


@pytest.mark.parametrize(
    ("how", "fields"),
    [
        ({"position": 9, "text": "junk"}, lambda clean: [*clean[:9], "junk", *clean[10:]]),
        ({"cut": 3}, lambda clean: clean[:-3]),
        ({"extra": 2}, lambda clean: [*clean, "0", "0"]),
    ],
    ids=["spoilt field", "too few", "too many"],
)
async def test_one_message_is_garbled_and_the_next_is_not(desk: Desk, how: dict[str, object], fields: object) -> None:
    client = await RawClient.start(desk.port, client_id=3)
    client.send(requests.REQ_CONTRACT_DETAILS, reqId=1, symbol="SPY", secType="STK")
    clean = await client.until(lambda told: told[0] == "10")
    start(desk, "garble_reply", message="contractDetails", **how)
    for expected in (fields(clean), clean):  # type: ignore[operator]
        client.send(requests.REQ_CONTRACT_DETAILS, reqId=1, symbol="SPY", secType="STK")
        assert await client.until(lambda told: told[0] == "10") == expected
    await client.close()


async def test_an_impossible_length_is_announced(desk: Desk, client: RawClient) -> None:
    start(desk, "oversize_length")
    with pytest.raises(Exception, match="exceeds the limit"):
        await client.fields()


async def test_a_late_end_marker_comes_after_its_market_seconds_and_a_lost_one_never(
    desk: Desk, client: RawClient
) -> None:
    start(desk, "slow_reply", message="positionEnd", seconds=5)
    client.send(requests.REQ_POSITIONS)
    assert await story(client) == []
    desk.wait(6)
    assert await story(client) == ["positionEnd"]
    start(desk, "slow_reply", message="positionEnd")
    client.send(requests.REQ_POSITIONS)
    desk.wait(600)
    assert await heard(client, POSITION_END) == []
    client.send(requests.REQ_POSITIONS)
    assert len(await heard(client, POSITION_END)) == 1


async def test_a_fault_for_one_client_leaves_the_others_alone(desk: Desk, client: RawClient) -> None:
    other = await RawClient.start(desk.port, client_id=2)
    start(desk, "repeat_reply", message="commissionReport", times=3, client=2)
    for each in (client, other):
        each.send(PLACE_ORDER, **{**BUY, "orderId": 1, "orderType": "MKT"})
    await until(lambda: not desk.gateway.hub.venue.open_orders())
    assert len(await heard(client, COMMISSION)) == 1
    assert len(await heard(other, COMMISSION)) == 3
    await other.close()
