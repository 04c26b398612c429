"""The control channel moves the market, breaks the connection on purpose and tells the account's truth."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from ib_insync import LimitOrder, MarketOrder, Stock, StopOrder

from tests.gateway.session.desk import ACCOUNT, Desk, errors_of, start_desk, until
from tests.gateway.session.scripted import START_NS

SPY = Stock("SPY", "SMART", "USD")
Answer = dict[str, Any]


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    running = await start_desk(control=True)
    yield running
    await running.close()


async def ask(desk: Desk, line: object) -> Answer:
    control = desk.gateway.control
    assert control is not None
    reader, writer = await asyncio.open_connection("127.0.0.1", control.port)
    writer.write((line if isinstance(line, bytes) else json.dumps(line).encode()) + b"\n")
    answer: Answer = json.loads(await reader.readline())
    writer.close()
    await writer.wait_closed()
    return answer


async def test_the_channel_is_off_unless_asked_for() -> None:
    running = await start_desk()
    assert running.gateway.control is None
    await running.close()


async def test_clock_tells_market_time(desk: Desk) -> None:
    answer = await ask(desk, {"cmd": "clock"})
    assert answer["market_ns"] == desk.clock.at_ns >= START_NS
    assert answer["market_time"] == "20260316 10:00:00 US/Eastern"


async def test_a_set_price_fires_stops_and_moves_tickers(desk: Desk) -> None:
    ib = await desk.connect()
    ticker = ib.reqMktData(SPY)
    trade = ib.placeOrder(SPY, StopOrder("SELL", 10, 425.0))
    await until(lambda: trade.orderStatus.status == "PreSubmitted")
    assert (await ask(desk, {"cmd": "set_price", "symbol": "SPY", "price": 424.5}))["bid"] == 424.49
    await until(lambda: trade.orderStatus.status == "Filled")
    assert trade.fills[0].execution.price == 424.49
    await until(lambda: ticker.last == 424.5)


async def test_a_held_price_stays_until_it_is_released(desk: Desk) -> None:
    ib = await desk.connect()
    ticker = ib.reqMktData(SPY)
    await ask(desk, {"cmd": "set_price", "symbol": "SPY", "price": 424.5, "hold": True})
    desk.quote(430.00, 430.02)
    await until(lambda: ticker.last == 424.5)
    assert ticker.bid == 424.49
    await ask(desk, {"cmd": "release", "symbol": "SPY"})
    desk.quote(430.00, 430.02)
    await until(lambda: ticker.bid == 430.00)


async def test_nothing_trades_during_a_halt_and_the_order_fills_when_it_ends(desk: Desk) -> None:
    ib = await desk.connect()
    await ask(desk, {"cmd": "halt", "symbol": "SPY"})
    trade = ib.placeOrder(SPY, MarketOrder("BUY", 10))
    await until(lambda: trade.orderStatus.status in ("PreSubmitted", "Submitted"))
    desk.quote(431.00, 431.02)
    await ib.reqCurrentTimeAsync()
    assert trade.fills == []
    await ask(desk, {"cmd": "halt", "symbol": "SPY", "halted": False})
    desk.quote(433.00, 433.02)
    await until(lambda: trade.orderStatus.status == "Filled")
    assert trade.fills[0].execution.price == 433.02


async def test_the_statement_equals_what_the_client_was_told(desk: Desk) -> None:
    ib = await desk.connect()
    trade = ib.placeOrder(SPY, MarketOrder("BUY", 100, orderRef="truth"))
    await until(lambda: trade.fills and trade.fills[0].commissionReport.commission)
    answer = await ask(desk, {"cmd": "statement"})
    [row] = answer["executions"]
    fill = trade.fills[0]
    assert row["execution"]["exec_id"] == fill.execution.execId
    assert row["execution"]["order_ref"] == "truth"
    assert row["commission"]["commission"] == fill.commissionReport.commission
    assert answer["positions"][0]["quantity"] == 100
    assert answer["values"]["cash"] == pytest.approx(1_000_000 - 43_002.0 - fill.commissionReport.commission)


async def test_a_manual_order_is_seen_by_other_clients_under_its_perm_id(desk: Desk) -> None:
    ib = await desk.connect(5)
    order = {"symbol": "SPY", "action": "BUY", "quantity": 10, "order_type": "LMT", "limit_price": 400.0}
    answer = await ask(desk, {"cmd": "manual_order", **order})
    [seen] = await ib.reqAllOpenOrdersAsync()
    assert (seen.order.permId, seen.order.clientId, seen.order.lmtPrice) == (answer["perm_id"], 0, 400.0)


async def test_client_zero_learns_of_a_manual_fill(desk: Desk) -> None:
    ib = await desk.connect(0)
    await ask(desk, {"cmd": "manual_order", "symbol": "SPY", "action": "BUY", "quantity": 10})
    await until(ib.positions)
    assert ib.positions()[0].position == 10
    await until(lambda: len(ib.fills()) == 1)


async def test_dropped_clients_find_their_orders_on_return(desk: Desk) -> None:
    ib = await desk.connect(2)
    trade = ib.placeOrder(SPY, LimitOrder("BUY", 10, 420.0))
    await until(lambda: trade.orderStatus.status == "Submitted")
    assert (await ask(desk, {"cmd": "drop_clients"}))["dropped"] == 1
    await until(lambda: not ib.isConnected())
    again = await desk.connect(2)
    assert [open_trade.order.permId for open_trade in again.openTrades()] == [trade.order.permId]


async def test_refused_connections_are_cut_at_once(desk: Desk) -> None:
    await ask(desk, {"cmd": "refuse_connections", "seconds": 60})
    with pytest.raises((ConnectionError, TimeoutError)):
        await desk.connect(1, limit=0.3)
    await ask(desk, {"cmd": "refuse_connections", "seconds": 0})
    assert (await desk.connect(1)).isConnected()


async def test_silence_keeps_the_socket_open_and_mute_then_all_arrives(desk: Desk) -> None:
    ib = await desk.connect()
    assert (await ask(desk, {"cmd": "silence", "seconds": 0.2}))["silenced"] == 1
    asked = asyncio.ensure_future(ib.reqCurrentTimeAsync())
    done, _ = await asyncio.wait({asked}, timeout=0.1)
    assert not done
    assert ib.isConnected()
    assert (await asyncio.wait_for(asked, 2)).year == 2026


async def test_an_injected_error_reaches_the_client(desk: Desk) -> None:
    ib = await desk.connect()
    seen = errors_of(ib)
    answer = await ask(desk, {"cmd": "send_error", "code": 1100, "text": "Connectivity lost"})
    assert answer["told"] == 1
    await until(lambda: (-1, 1100) in seen)


async def test_a_swallowed_order_is_never_placed_and_the_fault_ends_by_itself(desk: Desk) -> None:
    ib = await desk.connect()
    await ask(desk, {"cmd": "fault", "kind": "swallow_request", "message": "placeOrder", "count": 1})
    lost = ib.placeOrder(SPY, LimitOrder("BUY", 10, 420.0))
    kept = ib.placeOrder(SPY, LimitOrder("BUY", 10, 420.0))
    await until(lambda: kept.orderStatus.status == "Submitted")
    assert lost.orderStatus.status == "PendingSubmit"
    assert len(desk.gateway.hub.venue.open_orders()) == 1


async def test_a_repeated_execution_is_sent_twice_with_one_exec_id(desk: Desk) -> None:
    ib = await desk.connect()
    await ask(desk, {"cmd": "fault", "kind": "repeat_reply", "message": "execDetails", "times": 2})
    trade = ib.placeOrder(SPY, MarketOrder("BUY", 10))
    await until(lambda: trade.orderStatus.status == "Filled")
    assert len(ib.fills()) == 1
    assert desk.gateway.hub.faults.replies
    await ask(desk, {"cmd": "clear_faults"})
    assert not desk.gateway.hub.faults.replies


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"not json", "Expecting value"),
        ([1, 2], "JSON object"),
        ({"cmd": "nonsense"}, "unknown command"),
        ({"cmd": "set_price", "symbol": "SPY"}, "price must be a number"),
        ({"cmd": "set_price", "symbol": "SPY", "price": -1}, "above zero"),
        ({"cmd": "set_price", "symbol": "NOSUCH", "price": 1}, "unknown symbol"),
        ({"cmd": "statement", "account": "DU1"}, ACCOUNT),
        ({"cmd": "fault", "kind": "nonsense"}, "unknown fault"),
        ({"cmd": "fault", "kind": "swallow_request", "message": "nonsense"}, "unknown message"),
        ({"cmd": "clock", "speed": 2}, "no speed"),
        ({"cmd": "send_error", "code": 1.5}, "whole number"),
        ({"cmd": "halt", "symbol": "SPY", "halted": "yes"}, "true or false"),
        ({"cmd": "halt", "symbol": 5}, "must be text"),
    ],
    ids=str,
)
async def test_a_wrong_command_is_refused_with_its_reason(desk: Desk, line: object, reason: str) -> None:
    answer = await ask(desk, line)
    assert answer["ok"] is False
    assert reason in answer["error"]
