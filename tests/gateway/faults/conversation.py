"""What the fault tests say to a gateway and hear from it."""

from __future__ import annotations

from tests.gateway.session.desk import Desk
from tests.gateway.session.raw_client import RawClient
from tradetui.gateway.wire import requests
from tradetui.gateway.wire.message import Message
from tradetui.gateway.wire.place_order import PLACE_ORDER
from tradetui.gateway.wire.record import Record, Value
from tradetui.gateway.wire.replies_account import CURRENT_TIME, ERROR, EXECUTION, ORDER_STATUS
from tradetui.gateway.wire.replies_research import REPLIES

SPY: dict[str, Value] = {"symbol": "SPY", "secType": "STK", "exchange": "SMART", "currency": "USD"}
BUY: dict[str, Value] = {**SPY, "action": "BUY", "totalQuantity": 100, "transmit": True, "tif": "DAY"}


def start(desk: Desk, kind: str, **parameters: object) -> str:
    """Start a fault; its key."""
    return desk.gateway.injected.start({"kind": kind, **parameters})


def buy_market(client: RawClient, order_id: int, **more: Value) -> None:
    client.send(PLACE_ORDER, **{**BUY, "orderId": order_id, "orderType": "MKT", **more})


def buy_limit(client: RawClient, order_id: int, limit: float = 420.0, **more: Value) -> None:
    client.send(PLACE_ORDER, **{**BUY, "orderId": order_id, "orderType": "LMT", "lmtPrice": limit, **more})


def sell_limit(client: RawClient, order_id: int, limit: float = 450.0, **more: Value) -> None:
    buy_limit(client, order_id, limit, action="SELL", **more)


def cancel(client: RawClient, order_id: int) -> None:
    client.send(requests.CANCEL_ORDER, orderId=order_id)


async def heard(client: RawClient, *messages: Message) -> list[Record]:
    """Everything the gateway has sent by now of some kinds (default: all it sends), decoded, with its name."""
    client.send(requests.REQ_CURRENT_TIME)
    wanted = {message.id for message in messages}
    records: list[Record] = []
    while True:
        fields = await client.fields()
        message = REPLIES[int(fields[0])]
        if message is CURRENT_TIME:
            return records
        if not wanted or message.id in wanted:
            record = message.decode(client.version, fields)
            record["message"] = message.name
            records.append(record)


async def until_cut(client: RawClient) -> list[list[str]]:
    """Everything the gateway sends until the connection is gone."""
    told: list[list[str]] = []
    try:
        while True:
            told.append(await client.fields())
    except (EOFError, ConnectionError):
        return told


async def story(client: RawClient) -> list[str]:
    """Names of everything heard, statuses and codes in brackets."""
    told: list[str] = []
    for record in await heard(client):
        name = record.text("message")
        if name == "orderStatus":
            name += f"({record.text('status')})"
        if name == "error":
            name += f"({record.integer('code')})"
        told.append(name)
    return told


async def errors(client: RawClient) -> list[tuple[int | None, int | None]]:
    """(id, code) of the errors heard."""
    return [(record.integer("reqId"), record.integer("code")) for record in await heard(client, ERROR)]


async def statuses(client: RawClient) -> list[str]:
    """Statuses heard."""
    return [record.text("status") for record in await heard(client, ORDER_STATUS)]


async def shares(client: RawClient) -> list[float | None]:
    """Sizes of the executions heard."""
    return [record.number("shares") for record in await heard(client, EXECUTION)]


def held(desk: Desk) -> float:
    """What the venue's books hold of SPY."""
    row = desk.gateway.hub.venue.position("DU1234567", 756733)
    return 0 if row is None else row.quantity
