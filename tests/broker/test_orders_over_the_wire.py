"""Orders over a real socket: written before `place` returns, and answered by events in the order of the wire."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import replace
from typing import Any, cast

import pytest

from tests.broker.rig import ACCOUNT, SPY_ID, Rig, intent, manual_trade, ref_of
from tradetui.broker.ib.connector import IBConnector
from tradetui.broker.port import Written
from tradetui.domain.errors import BrokerError, BrokerRefused, NotConnected
from tradetui.domain.events import (
    BrokerMessage,
    CommissionSeen,
    FillSeen,
    OrderSeen,
    OrderStatusSeen,
    PositionSeen,
    SessionState,
)
from tradetui.domain.instrument import Instrument
from tradetui.domain.order import Intent, OrderType, Purpose, Side, TimeInForce


def statuses(rig: Rig) -> list[str]:
    return [event.status for event in rig.told.of(OrderStatusSeen)]


async def test_a_market_order_is_acknowledged_filled_and_charged_in_order(rig: Rig) -> None:
    connector = await rig.ready()
    wanted = intent(qty=100)
    written = connector.place(wanted, ref_of(wanted))
    await rig.until(lambda: rig.told.of(CommissionSeen) and rig.told.of(PositionSeen))
    (fill,) = [event.fill for event in rig.told.of(FillSeen)]
    assert (fill.symbol, fill.side, fill.qty, fill.price) == ("SPY", Side.BUY, 100.0, 430.02)
    assert (fill.order_ref, fill.order_id, fill.client_id) == (ref_of(wanted), written.order_id, 42)
    assert fill.account == ACCOUNT
    assert fill.ts_ns // 10**9 == rig.clock.at_ns // 10**9
    kinds = [type(event) for event in rig.told.events]
    assert kinds.index(OrderSeen) < kinds.index(FillSeen) < kinds.index(CommissionSeen)
    assert statuses(rig)[-1] == "Filled"
    (commission,) = [event.commission for event in rig.told.of(CommissionSeen)]
    assert commission.exec_id == fill.exec_id
    assert commission.amount > 0
    assert commission.realized_pnl is None
    position = rig.told.of(PositionSeen)[-1].position
    assert (position.symbol, position.con_id, position.qty) == ("SPY", SPY_ID, 100.0)


async def test_a_limit_order_carries_every_field_and_can_be_cancelled(rig: Rig) -> None:
    connector = await rig.ready()
    wanted = intent(Side.SELL, 50, order_type=OrderType.STOP_LIMIT, limit=420.5, stop=421.0)
    written = connector.place(wanted, ref_of(wanted))
    await rig.until(lambda: rig.told.of(OrderSeen))
    seen = rig.told.of(OrderSeen)[0].order
    assert (seen.order_ref, seen.order_id, seen.client_id) == (ref_of(wanted), written.order_id, written.client_id)
    assert (seen.side, seen.qty, seen.order_type, seen.tif) == (Side.SELL, 50.0, "STP LMT", "DAY")
    assert (seen.limit_price, seen.stop_price, seen.account) == (420.5, 421.0, ACCOUNT)
    assert seen.perm_id > 0
    connector.cancel(written.order_id, written.client_id)
    await rig.until(lambda: "Cancelled" in statuses(rig))
    assert BrokerMessage(202, "Order Canceled - reason:", order_id=written.order_id) in [
        BrokerMessage(event.code, event.text[:24], event.order_id) for event in rig.told.of(BrokerMessage)
    ]


async def test_the_bytes_of_an_order_are_on_the_transport_before_place_returns(rig: Rig) -> None:
    connector = await rig.ready()
    assert connector._live is not None
    session = connector._live.session
    before = session.client.conn.numMsgSent
    for leg in range(60):
        wanted = intent(order_type=OrderType.LIMIT, limit=400.0, leg=str(leg))
        connector.place(wanted, ref_of(wanted))
    assert session.client.conn.numMsgSent == before + 60
    assert len(cast(Any, session.client)._msgQ) == 0


async def test_orders_and_cancels_do_not_wait_behind_data_requests(rig: Rig) -> None:
    connector = await rig.ready()
    assert connector._live is not None
    session = connector._live.session
    first = intent(order_type=OrderType.LIMIT, limit=400.0, leg="first")
    written = connector.place(first, ref_of(first))
    # More questions than the message limit lets out in many seconds: they wait for their slots.
    questions = [asyncio.create_task(connector.qualify(Instrument(symbol="QQQ"))) for _ in range(200)]
    await rig.settle(connector)
    before = session.client.conn.numMsgSent
    wanted = intent(order_type=OrderType.LIMIT, limit=401.0)
    connector.place(wanted, ref_of(wanted))
    connector.cancel(written.order_id, written.client_id)
    assert session.client.conn.numMsgSent == before + 2
    assert sum(question.done() for question in questions) < 200
    await rig.until(lambda: "Cancelled" in statuses(rig))
    for question in questions:
        question.cancel()
    await asyncio.gather(*questions, return_exceptions=True)


async def test_order_ids_start_above_the_journal_and_are_never_used_twice(rig: Rig) -> None:
    connector = await rig.ready(first_order_id=500)
    used = []
    for leg in ("a", "b"):
        wanted = intent(order_type=OrderType.LIMIT, limit=400.0, leg=leg)
        used.append(connector.place(wanted, ref_of(wanted)).order_id)
    assert used == [500, 501]
    rig.gateway.drop_clients()
    await rig.until(lambda: rig.told.states().count(SessionState.READY) == 2)
    wanted = intent(order_type=OrderType.LIMIT, limit=400.0, leg="c")
    assert connector.place(wanted, ref_of(wanted)).order_id == 502


async def test_nothing_is_written_when_the_link_is_not_ready(rig: Rig) -> None:
    connector = rig.connector()
    wanted = intent()
    with pytest.raises(NotConnected):
        connector.place(wanted, ref_of(wanted))
    with pytest.raises(NotConnected):
        connector.cancel(1, 42)
    rig.run(connector)
    await rig.until(lambda: SessionState.READY in rig.told.states())
    rig.error(1100, "Connectivity between IB and Trader Workstation has been lost.")
    await rig.until(lambda: SessionState.DEGRADED in rig.told.states())
    with pytest.raises(NotConnected, match="DEGRADED"):
        connector.place(wanted, ref_of(wanted))
    assert rig.gateway.hub.venue.open_orders() == []


async def test_a_cancel_passes_while_new_orders_wait_for_the_link(rig: Rig) -> None:
    connector = await rig.ready()
    wanted = intent(order_type=OrderType.LIMIT, limit=400.0)
    written = connector.place(wanted, ref_of(wanted))
    rig.error(1100, "Connectivity between IB and Trader Workstation has been lost.")
    await rig.until(lambda: SessionState.DEGRADED in rig.told.states())
    connector.cancel(written.order_id, written.client_id)
    await rig.until(lambda: "Cancelled" in statuses(rig))


def bracket(stop: float = 425.0, target: float = 435.0, *, limit: float | None = None) -> list[Intent]:
    """Return an entry with the stop and the target behind it."""
    kind = OrderType.MARKET if limit is None else OrderType.LIMIT
    parent = intent(qty=100, order_type=kind, limit=limit)
    others = (
        intent(Side.SELL, 100, order_type=OrderType.STOP, stop=stop, leg="main/stop"),
        intent(Side.SELL, 100, order_type=OrderType.LIMIT, limit=target, leg="main/target"),
    )
    group = f"tt-{parent.intent_id}"
    children = [
        replace(child, purpose=Purpose.STOP, tif=TimeInForce.GTC, parent_id=parent.intent_id, oca_group=group)
        for child in others
    ]
    return [parent, *children]


def place_family(connector: IBConnector, family: list[Intent]) -> list[Written]:
    return [connector.place(one, ref_of(one), transmit=one is family[-1]) for one in family]


async def test_a_bracket_works_as_one_family_in_which_one_child_ends_the_other(rig: Rig) -> None:
    connector = await rig.ready()
    family = bracket()
    written = place_family(connector, family)
    venue = rig.gateway.hub.venue
    await rig.until(lambda: len(rig.told.of(FillSeen)) == 1 and len(venue.open_orders()) == 2)
    assert {order.request.parent_id for order in venue.open_orders()} == {written[0].order_id}
    assert {order.request.oca_type for order in venue.open_orders()} == {2}
    seen = {event.order.order_ref for event in rig.told.of(OrderSeen)}
    assert seen == {ref_of(one) for one in family}
    rig.quote(424.90, 424.92)
    rig.trade(424.9)
    await rig.until(lambda: len(rig.told.of(FillSeen)) == 2 and "Cancelled" in statuses(rig))
    assert rig.told.of(FillSeen)[1].fill.order_ref == ref_of(family[1])
    assert venue.open_orders() == []


async def test_a_family_that_is_not_transmitted_never_works(rig: Rig) -> None:
    connector = await rig.ready()
    parent, stop, _ = bracket(limit=430.02)
    for one in (parent, stop):
        connector.place(one, ref_of(one), transmit=False)
    await rig.settle(connector)
    rig.quote(420.0, 420.02)
    rig.trade(420.0)
    await rig.settle(connector)
    assert rig.told.of(FillSeen) == []
    assert rig.told.of(OrderSeen) == []


async def test_a_family_with_a_member_that_cannot_be_written_is_never_transmitted(rig: Rig) -> None:
    connector = await rig.ready()
    parent, stop, target = bracket()
    connector.place(parent, ref_of(parent), transmit=False)
    with pytest.raises(NotConnected, match="off the tick"):
        connector.place(replace(stop, stop_price=425.005), ref_of(stop), transmit=False)
    with pytest.raises(NotConnected, match="its parent or a sibling was not written"):
        connector.place(target, ref_of(target))
    await rig.settle(connector)
    assert rig.told.of(FillSeen) == []


async def test_a_child_is_not_written_on_another_connection_than_its_parent(rig: Rig) -> None:
    connector = await rig.ready()
    parent, stop, _ = bracket()
    connector.place(parent, ref_of(parent), transmit=False)
    rig.gateway.drop_clients()
    await rig.until(lambda: rig.told.states().count(SessionState.READY) == 2)
    with pytest.raises(NotConnected, match="its parent or a sibling was not written"):
        connector.place(stop, ref_of(stop))


async def test_an_order_of_another_client_id_is_not_cancelled_in_vain(rig: Rig) -> None:
    connector = await rig.ready()
    with pytest.raises(BrokerRefused, match="belongs to client 7"):
        connector.cancel(1, 7)


async def test_an_order_is_not_left_to_a_gateway_that_does_not_read(rig: Rig) -> None:
    connector = await rig.ready()
    rig.gateway.silence(30)
    assert connector._live is not None
    # More than the kernel takes for a peer that does not read: the rest waits here.
    connector._live.session.client.conn.transport.write(bytes(32 << 20))
    with pytest.raises(NotConnected, match="does not take messages just now; nothing was written"):
        connector.place(intent(), ref_of(intent()))


async def test_an_order_under_which_the_socket_breaks_may_be_live(rig: Rig) -> None:
    connector = await rig.ready()
    assert connector._live is not None
    connector._live.session.client.conn.transport.get_extra_info("socket").shutdown(socket.SHUT_WR)
    with pytest.raises(BrokerError, match="may be live") as caught:
        connector.place(intent(), ref_of(intent()))
    assert not isinstance(caught.value, NotConnected)


async def test_an_order_the_library_cannot_write_has_not_left(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    connector = await rig.ready()

    def fail(*_: object) -> None:
        raise TypeError("a field")

    assert connector._live is not None
    monkeypatch.setattr(connector._live.session.client, "placeOrder", fail)
    with pytest.raises(NotConnected, match="was not written: a field"):
        connector.place(intent(), ref_of(intent()))


async def test_cancels_held_back_are_given_up_with_the_session(rig: Rig) -> None:
    connector = await rig.ready()
    for number in range(100):
        connector.cancel(number, 42)
    rig.gateway.drop_clients()
    await rig.until(lambda: rig.told.states().count(SessionState.READY) == 2)
    rejected = [event for event in rig.told.of(BrokerMessage) if event.code == 10147]
    assert len(rejected) < 50


async def test_no_order_is_taken_while_the_session_is_being_closed(rig: Rig) -> None:
    connector = await rig.ready()
    for number in range(100):
        connector.cancel(number, 42)
    closing = asyncio.create_task(connector.close())
    await asyncio.sleep(0)
    with pytest.raises(NotConnected, match="is being closed"):
        connector.place(intent(), ref_of(intent()))
    await closing


async def test_a_symbol_nobody_watches_is_not_sent(rig: Rig) -> None:
    connector = await rig.ready()
    wanted = intent(symbol="TSLA")
    with pytest.raises(NotConnected, match="no contract is known for TSLA"):
        connector.place(wanted, ref_of(wanted))


async def test_a_held_stock_outside_the_watch_list_can_be_closed(rig: Rig) -> None:
    """Flatten must reach a position that this program never opened."""
    connector: IBConnector = await rig.ready()
    manual_trade(rig, "QQQ", 10)
    snapshot = await connector.snapshot(2.0)
    assert [(item.symbol, item.qty) for item in snapshot.positions or ()] == [("QQQ", 10.0)]
    wanted = intent(Side.SELL, 10, order_type=OrderType.LIMIT, limit=1000.0, symbol="QQQ")
    connector.place(wanted, ref_of(wanted))
    await rig.until(lambda: rig.told.of(OrderSeen))
    assert rig.told.of(OrderSeen)[0].order.symbol == "QQQ"


async def test_cancels_beyond_the_message_limit_go_out_within_the_second(rig: Rig) -> None:
    connector = await rig.ready()
    written = []
    for leg in range(40):
        wanted = intent(order_type=OrderType.LIMIT, limit=400.0, leg=str(leg))
        written.append(connector.place(wanted, ref_of(wanted)))
    for order in written:
        connector.cancel(order.order_id, order.client_id)
    await rig.until(lambda: statuses(rig).count("Cancelled") == 40)
    assert rig.gateway.hub.venue.open_orders() == []
