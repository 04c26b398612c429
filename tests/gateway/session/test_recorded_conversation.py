"""The order that a real gateway's conversation was recorded of, sent here: the answers differ where they must.

A hundred TSLA bought at the market, at server version 165. What may differ is named with its reason; everything else in
every message equals the recording, unset values included.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

import pytest

from tests.gateway.session.desk import ACCOUNT, Desk
from tests.gateway.session.raw_client import RawClient
from tests.gateway.session.scripted import ScriptedMarket, SetClock
from tests.gateway.wire.test_wire_recordings import RECORDED_AT, message_of, recorded_lines, same_field
from tradetui.gateway.server import GatewayServer
from tradetui.gateway.venue.config import VenueConfig
from tradetui.gateway.venue.model import Contract, ContractDetails
from tradetui.gateway.venue.venue import Venue
from tradetui.gateway.wire.record import Record

pytestmark = pytest.mark.skipif(not recorded_lines(), reason="../shared/reference with recorded messages is absent")

TSLA: Final = ContractDetails(
    contract=Contract(
        con_id=76792991, symbol="TSLA", primary_exchange="NASDAQ", local_symbol="TSLA", trading_class="NMS"
    ),
    market_name="NMS",
    long_name="TESLA INC",
)
#: Fields that cannot be the same, by message: numbers and times of another gateway, and its own prices of that moment.
MUST_DIFFER: Final = {
    "openOrder": {"permId", "sharesAllocation"},
    "orderStatus": {"permId"},
    "execDetails": {"permId", "execId", "time", "exchange", "executionExchange"},
    "commissionReport": {"execId", "commission"},
}
Story = dict[str, Record]


class TeslaMarket(ScriptedMarket):
    """The scripted market with one instrument only."""

    def contracts(self) -> list[Contract]:
        return [TSLA.contract]

    def contract_details(self, query: Contract, now_ns: int) -> list[ContractDetails]:
        return [TSLA] if query.con_id == TSLA.contract.con_id or query.symbol == "TSLA" else []


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    market, clock = TeslaMarket(), SetClock()
    config = VenueConfig(starting_cash={ACCOUNT: 1_000_000.0}, execution_exchange="ISLAND")
    venue = Venue(config=config, calendar=market.calendar, instruments=[TSLA])
    async with GatewayServer(venue=venue, market=market, clock=clock) as gateway:
        desk = Desk(gateway, market, clock)
        desk.quote(196.51, 196.52, con_id=TSLA.contract.con_id)
        yield desk


def key_of(record: Record, name: str) -> str:
    """Which message of the conversation it is: by kind, status, and whether the commission is in it."""
    commissioned = name == "openOrder" and record.number("commission") is not None
    return f"{name} {record.text('status')}{' charged' if commissioned else ''}".strip()


def conversation(lines: list[list[str]]) -> Story:
    """The messages about order 13 by what they say."""
    story: Story = {}
    for fields in lines:
        message = message_of(fields)
        if message.name in MUST_DIFFER:
            record = message.decode(RECORDED_AT, fields)
            if record.get("orderId", 13) == 13:
                story.setdefault(key_of(record, message.name), record)
    return story


def recorded(kind: str) -> list[list[str]]:
    return [line.split("|") for line in recorded_lines() if line.startswith(kind)]


@pytest.fixture
async def heard(desk: Desk) -> Story:
    """What the gateway says to the recorded request."""
    client = await RawClient.start(desk.port, client_id=100, offer=f"v100..{RECORDED_AT}")
    [request] = recorded("3|13|0|TSLA|")
    client.send_fields(*request)
    frames: list[list[str]] = []
    while not frames or frames[-1][0] != "59":
        fields = await client.fields()
        frames.append([*fields, *[""] * 8])
    await client.close()
    return conversation(frames)


async def test_the_same_messages_are_said_as_in_the_recording(heard: Story) -> None:
    said = conversation([*recorded("5|13|"), *recorded("3|13|"), *recorded("11|"), *recorded("59|")])
    assert said.keys() <= heard.keys()


async def test_every_field_equals_the_recording_but_those_that_must_differ(heard: Story) -> None:
    said = conversation([*recorded("5|13|"), *recorded("3|13|"), *recorded("11|"), *recorded("59|")])
    different = {}
    for key, record in said.items():
        allowed = MUST_DIFFER[key.split()[0]]
        for name, value in record.items():
            ours = heard[key].get(name)
            if name not in allowed and not same_field(str(ours), str(value)):
                different[key, name] = (ours, value)
    assert different == {}
