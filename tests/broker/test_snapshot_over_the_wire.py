"""The verified sync: complete or known to be incomplete, never empty in place of unknown."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from tests.broker.rig import ACCOUNT, QUICK, Rig, Told, intent, manual_trade, ref_of
from tradetui.broker.ib.connector import IBConnector
from tradetui.domain.events import (
    AccountSeen,
    BrokerMessage,
    BrokerSnapshot,
    CommissionSeen,
    FillSeen,
    OrderSeen,
    OrderStatusSeen,
    SessionState,
)
from tradetui.domain.order import OrderType
from tradetui.gateway.wire.message import Message
from tradetui.gateway.wire.replies_account import (
    ACCOUNT_END,
    COMMISSION,
    COMPLETED_ORDERS_END,
    EXECUTION,
    EXECUTIONS_END,
    OPEN_ORDER_END,
    ORDER_STATUS,
    POSITION,
    POSITION_END,
)
from tradetui.gateway.wire.replies_market import TICK_PRICE

READY = SessionState.READY


def parts_of(snapshot: BrokerSnapshot) -> dict[str, object]:
    return {
        "open": snapshot.open_orders,
        "completed": snapshot.completed_orders,
        "fills": snapshot.fills,
        "positions": snapshot.positions,
        "account": snapshot.account,
    }


def shortened(frame: bytes) -> bytes:
    """The frame without its last fields."""
    body = frame[4:].rsplit(b"\0", 4)[0] + b"\0"
    return len(body).to_bytes(4, "big") + body


def place_limit(connector: IBConnector, leg: str = "main") -> str:
    wanted = intent(order_type=OrderType.LIMIT, limit=400.0, leg=leg)
    connector.place(wanted, ref_of(wanted))
    return ref_of(wanted)


async def test_the_first_snapshot_of_an_untouched_account_is_complete_and_flat(rig: Rig) -> None:
    await rig.ready()
    (snapshot,) = rig.told.snapshots()
    assert snapshot.is_complete
    assert (snapshot.open_orders, snapshot.completed_orders, snapshot.fills, snapshot.positions) == ((), (), (), ())
    account = snapshot.account
    assert (account.account, account.currency, account.net_liquidation, account.cash) == (ACCOUNT, "USD", 1e6, 1e6)
    assert account.buying_power is not None
    assert account.gross_position_value == 0.0
    assert not snapshot.gap_touched


@pytest.mark.parametrize(
    ("end", "part"),
    [
        (OPEN_ORDER_END, "open"),
        (COMPLETED_ORDERS_END, "completed"),
        (EXECUTIONS_END, "fills"),
        (POSITION_END, "positions"),
        (ACCOUNT_END, "account"),
    ],
)
async def test_a_part_without_its_end_marker_is_unknown_and_holds_back_ready(rig: Rig, end: Message, part: str) -> None:
    rig.replace_replies("no end", end, lambda _frame: [])
    connector = rig.connector(replace(QUICK, sync_timeout_s=0.15))
    rig.run(connector)
    await rig.until(lambda: len(rig.told.snapshots()) >= 2)
    assert READY not in rig.told.states()
    assert "is not complete" in connector.link.reason
    unknown = [name for name, value in parts_of(rig.told.snapshots()[0]).items() if value is None]
    assert unknown == [part]
    rig.heal()
    await rig.until(lambda: connector.link.state is READY)
    assert rig.told.snapshots()[-1].is_complete


async def test_open_orders_carry_who_they_belong_to_and_what_is_filled(rig: Rig) -> None:
    connector = await rig.ready()
    ref = place_limit(connector)
    await rig.until(lambda: rig.told.of(OrderSeen))
    snapshot = await connector.snapshot(2.0)
    (order,) = snapshot.open_orders or ()
    assert (order.order_ref, order.client_id, order.filled, order.limit_price) == (ref, 42, 0.0, 400.0)
    assert order.perm_id > 0
    assert order.stop_price is None


async def test_orders_of_another_client_are_seen_in_the_snapshot(rig: Rig) -> None:
    other_told = Told()
    other = rig.connector(replace(QUICK, client_id=7), told=other_told)
    rig.run(other)
    await rig.until(lambda: other.link.state is READY, told=other_told)
    ref = place_limit(other)
    await rig.until(lambda: other_told.of(OrderSeen), told=other_told)
    connector = await rig.ready()
    snapshot = await connector.snapshot(2.0)
    assert [(order.order_ref, order.client_id) for order in snapshot.open_orders or ()] == [(ref, 7)]
    assert rig.told.of(OrderSeen) == []


async def test_a_finished_order_is_found_among_the_completed_with_its_reference(rig: Rig) -> None:
    connector = await rig.ready()
    wanted = intent()
    connector.place(wanted, ref_of(wanted))
    await rig.until(lambda: rig.told.of(CommissionSeen))
    snapshot = await connector.snapshot(2.0)
    assert snapshot.open_orders == ()
    (order,) = snapshot.completed_orders or ()
    assert (order.order_ref, order.status, order.filled) == (ref_of(wanted), "Filled", 100.0)
    (position,) = snapshot.positions or ()
    assert (position.symbol, position.qty) == ("SPY", 100.0)


async def test_executions_made_while_disconnected_arrive_through_the_snapshot_with_their_commissions(rig: Rig) -> None:
    connector = await rig.ready()
    wanted = intent(order_type=OrderType.LIMIT, limit=429.0)
    connector.place(wanted, ref_of(wanted))
    await rig.until(lambda: rig.told.of(OrderSeen))
    rig.gateway.drop_clients()
    await rig.until(lambda: not rig.gateway.hub.clients)
    rig.quote(428.0, 428.02)
    await rig.until(lambda: rig.told.states().count(READY) == 2)
    snapshot = rig.told.snapshots()[-1]
    (fill,) = snapshot.fills
    assert (fill.order_ref, fill.qty, fill.client_id) == (ref_of(wanted), 100.0, 42)
    assert [item.exec_id for item in snapshot.commissions] == [fill.exec_id]
    assert rig.told.of(FillSeen) == []
    assert [position.qty for position in snapshot.positions] == [100.0]
    assert snapshot.gap_touched


async def test_a_manual_trade_is_in_the_snapshot_without_a_reference(rig: Rig) -> None:
    connector = await rig.ready()
    manual_trade(rig, "SPY", 5)
    snapshot = await connector.snapshot(2.0)
    (fill,) = snapshot.fills or ()
    assert (fill.order_ref, fill.order_id, fill.qty, fill.symbol) == ("", 0, 5.0, "SPY")


async def test_a_closed_position_is_not_a_position(rig: Rig) -> None:
    connector = await rig.ready()
    manual_trade(rig, "SPY", 5)
    manual_trade(rig, "SPY", 5, "SELL")
    assert (await connector.snapshot(2.0)).positions == ()


async def test_snapshots_asked_at_once_each_get_the_whole_answer(rig: Rig) -> None:
    connector = await rig.ready()
    place_limit(connector)
    snapshots = await asyncio.gather(*(connector.snapshot(2.0) for _ in range(3)))
    assert [len(snapshot.open_orders or ()) for snapshot in snapshots] == [1, 1, 1]
    assert all(snapshot.is_complete for snapshot in snapshots)


async def test_account_figures_follow_the_trades(rig: Rig) -> None:
    connector = await rig.ready()
    wanted = intent()
    connector.place(wanted, ref_of(wanted))
    await rig.until(lambda: any(event.values.gross_position_value for event in rig.told.of(AccountSeen)))
    values = rig.told.of(AccountSeen)[-1].values
    assert values.cash is not None
    assert values.cash < 1_000_000 - 43_000
    await rig.until(lambda: rig.told.of(AccountSeen)[-1].values.daily_pnl is not None)


async def test_a_correction_and_a_repeated_execution_are_both_passed_on(rig: Rig) -> None:
    connector = await rig.ready()

    def thrice(frame: bytes) -> Sequence[bytes]:
        # The exec id ends in .01.01 or the like; only its revision changes.
        end = frame.index(b"\0", frame.index(b".01\0") + 1)
        corrected = frame[: end - 2] + b"02" + frame[end:]
        return [frame, frame, corrected]

    rig.replace_replies("thrice", EXECUTION, thrice)
    wanted = intent()
    connector.place(wanted, ref_of(wanted))
    await rig.until(lambda: len(rig.told.of(FillSeen)) == 3)
    ids = [event.fill.exec_id for event in rig.told.of(FillSeen)]
    assert ids[0] == ids[1]
    assert ids[2].endswith(".02")
    assert ids[2][:-3] == ids[0][:-3]


async def test_a_commission_before_its_execution_is_passed_on(rig: Rig) -> None:
    connector = await rig.ready()
    held: list[bytes] = []

    def hold(frame: bytes) -> Sequence[bytes]:
        held.append(frame)
        return []

    rig.replace_replies("hold", EXECUTION, hold)
    rig.replace_replies("swap", COMMISSION, lambda frame: [frame, *held])
    wanted = intent()
    connector.place(wanted, ref_of(wanted))
    await rig.until(lambda: rig.told.of(FillSeen))
    kinds = [type(event) for event in rig.told.events]
    assert kinds.index(CommissionSeen) < kinds.index(FillSeen)
    assert rig.told.of(CommissionSeen)[0].commission.exec_id == rig.told.of(FillSeen)[0].fill.exec_id


async def test_a_message_about_orders_that_cannot_be_read_blocks_until_a_new_look(rig: Rig) -> None:
    connector = await rig.ready()
    broken: list[int] = []

    def shorten_once(frame: bytes) -> Sequence[bytes]:
        if broken:
            return [frame]
        broken.append(1)
        return [shortened(frame)]

    rig.replace_replies("short", EXECUTION, shorten_once)
    wanted = intent()
    connector.place(wanted, ref_of(wanted))
    await rig.until(lambda: rig.told.states().count(READY) == 2)
    assert rig.told.states()[-2:] == [SessionState.DEGRADED, READY]
    assert any("message 11 could not be read" in event.text for event in rig.told.of(BrokerMessage))
    assert [fill.qty for fill in rig.told.snapshots()[-1].fills] == [100.0]
    assert rig.told.snapshots()[-1].gap_touched


async def test_status_messages_repeat_as_often_as_the_broker_sends_them(rig: Rig) -> None:
    connector = await rig.ready()
    rig.replace_replies("triple", ORDER_STATUS, lambda frame: [frame] * 3)
    place_limit(connector)
    await rig.until(lambda: len(rig.told.of(OrderStatusSeen)) >= 3)
    first = rig.told.of(OrderStatusSeen)[0]
    assert rig.told.of(OrderStatusSeen)[:3] == [first] * 3
    assert (first.client_id, first.filled, first.remaining) == (42, 0.0, 100.0)


async def test_a_read_only_api_is_named_as_the_reason(rig: Rig) -> None:
    rig.replace_replies("silent", OPEN_ORDER_END, lambda _frame: [])
    connector = rig.connector(replace(QUICK, sync_timeout_s=0.2))
    rig.run(connector)
    await rig.until(lambda: rig.gateway.hub.clients)
    rig.error(321, "Error validating request.-'bF' : cause - The API interface is currently in Read-Only mode.")
    await rig.until(lambda: "Read-Only" in connector.link.reason)
    assert READY not in rig.told.states()


async def test_a_row_of_a_sync_that_cannot_be_read_makes_its_part_unknown(rig: Rig) -> None:
    manual_trade(rig, "SPY", 5)
    broken: list[int] = []

    def once(frame: bytes) -> Sequence[bytes]:
        broken.append(1)
        return [shortened(frame)] if len(broken) == 1 else [frame]

    rig.replace_replies("short", POSITION, once)
    connector = rig.connector()
    rig.run(connector)
    await rig.until(lambda: connector.link.state is READY)
    first, last = rig.told.snapshots()[0], rig.told.snapshots()[-1]
    assert [name for name, value in parts_of(first).items() if value is None] == ["positions"]
    assert [position.qty for position in last.positions] == [5.0]


async def test_a_tick_that_cannot_be_read_is_reported_and_stops_nothing(rig: Rig) -> None:
    connector = await rig.ready()
    rig.replace_replies("short", TICK_PRICE, lambda frame: [shortened(frame)])
    for _ in range(5):
        rig.quote(431.0, 431.02)
    await rig.settle(connector)
    reports = [event.text for event in rig.told.of(BrokerMessage) if "could not be read" in event.text]
    assert reports == ["message 1 could not be read (1 so far): cannot be decoded", *reports[1:]]
    assert len(reports) <= 2
    assert connector.link.state is READY


async def test_a_sync_during_doubt_does_not_make_the_link_ready(rig: Rig) -> None:
    connector = await rig.ready()
    rig.error(1100, "Connectivity between IB and Trader Workstation has been lost.")
    rig.error(1101, "Connectivity restored - data lost.")
    rig.error(1100, "Connectivity between IB and Trader Workstation has been lost.")
    await rig.until(lambda: len(rig.told.snapshots()) == 2)
    await rig.settle(connector)
    assert connector.link.state is SessionState.DEGRADED
    rig.error(1102, "Connectivity restored - data maintained.")
    await rig.until(lambda: connector.link.state is READY)
