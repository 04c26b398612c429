"""The link: every way it can fail to open, break, fall silent and come back, over real sockets."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import replace

import pytest

from tests.broker.rig import ACCOUNT, QUICK, Rig, Told, intent, ref_of, start_rig
from tradetui.broker.ib.settings import IBSettings
from tradetui.domain.errors import BrokerTimeout, NotConnected
from tradetui.domain.events import BrokerMessage, SessionChanged, SessionState, SnapshotTaken
from tradetui.domain.order import OrderType
from tradetui.gateway.session.connection import Connection
from tradetui.gateway.session.faults import Admission
from tradetui.gateway.wire.replies_account import MANAGED_ACCOUNTS
from tradetui.gateway.wire.requests import REQ_CURRENT_TIME

READY = SessionState.READY


def reasons(rig: Rig, state: SessionState) -> list[str]:
    return [event.reason for event in rig.told.of(SessionChanged) if event.state is state]


def framed(*fields: str) -> bytes:
    body = "".join(f"{field}\0" for field in fields).encode()
    return len(body).to_bytes(4, "big") + body


async def refused(rig: Rig, settings: IBSettings) -> str:
    """Run a connector until it refuses; return why. Nothing can be placed then."""
    connector = rig.connector(settings)
    rig.run(connector)
    await rig.until(lambda: connector.link.state is SessionState.REFUSED)
    with pytest.raises(NotConnected):
        connector.place(intent(), ref_of(intent()))
    assert READY not in rig.told.states()
    return connector.link.reason


async def test_connecting_syncs_before_it_is_ready(rig: Rig) -> None:
    connector = await rig.ready()
    assert rig.told.states() == [SessionState.CONNECTING, SessionState.SYNCING, READY]
    order = [type(event) for event in rig.told.events if isinstance(event, SessionChanged | SnapshotTaken)]
    assert order == [SessionChanged, SessionChanged, SnapshotTaken, SessionChanged]
    link = connector.link
    assert (link.account, link.client_id) == (ACCOUNT, 42)
    assert link.server_version in (176, 178)  # the newest of ib_insync and of ib_async
    assert rig.told.of(SessionChanged)[-1].account == ACCOUNT


async def test_the_server_time_is_read_and_the_skew_measured(rig: Rig) -> None:
    connector = await rig.ready()
    assert await connector.server_time_ns() // 10**9 == rig.clock.at_ns // 10**9
    assert connector.link.clock_skew_s == 0.0
    assert connector.link.round_trip_ms is not None
    assert 0 < connector.link.round_trip_ms < 1000


async def test_nothing_listening_is_said_with_the_remedy_and_tried_again(rig: Rig) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    connector = rig.connector(port=port)
    rig.run(connector)
    await rig.until(lambda: any("nothing listens on" in text for text in reasons(rig, SessionState.DISCONNECTED)))
    assert "start TWS or IB Gateway" in connector.link.reason


async def test_a_server_that_does_not_speak_is_told_from_one_without_a_log_in(rig: Rig) -> None:
    # The kernel accepts for a listener that never does: connected, and silent.
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings = replace(QUICK, connect_timeout_s=0.1)
        mute = Told()
        task = rig.run(rig.connector(settings, told=mute, port=silent.getsockname()[1]))
        await rig.until(lambda: any("does not speak" in e.reason for e in mute.of(SessionChanged)), told=mute)
        task.cancel()
    rig.replace_replies("no account", MANAGED_ACCOUNTS, lambda _frame: [])
    rig.run(rig.connector(replace(QUICK, connect_timeout_s=0.2)))
    await rig.until(lambda: any("dialog on the gateway" in text for text in reasons(rig, SessionState.DISCONNECTED)))


async def test_a_live_account_under_a_paper_profile_is_refused(rig: Rig) -> None:
    live = await start_rig(account="U7654321")
    try:
        reason = await refused(live, QUICK)
    finally:
        await live.close()
    assert reason == (
        "account U7***321 is a live account, the profile is for paper money; "
        "nothing is traded: connect to a paper log-in or use the live profile"
    )


async def test_a_paper_account_under_a_live_profile_is_refused(rig: Rig) -> None:
    assert "is a paper account, the profile is for live money" in await refused(rig, replace(QUICK, paper=False))


async def test_an_account_the_gateway_does_not_offer_is_refused(rig: Rig) -> None:
    assert "not DU***111" in await refused(rig, replace(QUICK, account="DU1111111"))


async def test_one_of_several_accounts_must_be_chosen(rig: Rig) -> None:
    rig.replace_replies("two", MANAGED_ACCOUNTS, lambda _frame: [framed("15", "1", f"{ACCOUNT},DU7777777")])
    assert "2 accounts (DU***567, DU***777); set broker.account" in await refused(rig, QUICK)


async def test_the_chosen_one_of_several_accounts_is_traded(rig: Rig) -> None:
    rig.replace_replies("two", MANAGED_ACCOUNTS, lambda _frame: [framed("15", "1", f"DU7777777,{ACCOUNT}")])
    connector = await rig.ready(replace(QUICK, account=ACCOUNT))
    assert connector.link.account == ACCOUNT


async def test_a_host_that_is_none_is_one_line(rig: Rig) -> None:
    rig.run(rig.connector(replace(QUICK, host="no such host")))
    await rig.until(lambda: reasons(rig, SessionState.DISCONNECTED))
    reason = reasons(rig, SessionState.DISCONNECTED)[0]
    assert reason.startswith("connecting to no such host:")
    assert "\n" not in reason


async def test_a_client_id_in_use_is_tried_again_and_taken_once_free(rig: Rig) -> None:
    first_told = Told()
    first = rig.connector(told=first_told)
    task = rig.run(first)
    await rig.until(lambda: READY in first_told.states(), told=first_told)
    second = rig.connector(replace(QUICK, client_id_patience_s=30.0))
    rig.run(second)
    await rig.until(lambda: reasons(rig, SessionState.DISCONNECTED))
    assert reasons(rig, SessionState.DISCONNECTED) == [
        "client id 42 is still in use at the gateway; trying the same id again"
    ]
    task.cancel()
    await rig.until(lambda: second.link.state is READY)
    assert second.link.client_id == 42


async def test_a_client_id_that_stays_in_use_is_refused_and_no_other_is_taken(rig: Rig) -> None:
    other = Told()
    rig.run(rig.connector(told=other))
    await rig.until(lambda: READY in other.states(), told=other)
    assert "client id 42 is in use by another program" in await refused(rig, QUICK)
    assert list(rig.gateway.hub.clients) == [42]


async def test_a_cut_socket_is_reconnected_and_the_quotes_flow_again(rig: Rig) -> None:
    connector = await rig.ready()
    await rig.until(lambda: rig.told.quotes and rig.told.quotes[-1].bid == 430.00)
    rig.gateway.drop_clients()
    await rig.until(lambda: rig.told.states().count(READY) == 2)
    assert rig.told.states()[3:] == [SessionState.DISCONNECTED, SessionState.SYNCING, READY]
    assert connector.link.reconnects == 1
    assert rig.told.snapshots()[-1].gap_touched
    rig.quote(431.00, 431.02)
    rig.trade(431.01, 7)
    await rig.until(lambda: rig.told.trades and rig.told.trades[-1].size == 7)
    await rig.until(lambda: rig.told.quotes[-1].bid == 431.00)


async def test_the_book_is_unknown_from_the_loss_until_the_first_new_quote(rig: Rig) -> None:
    await rig.ready()
    await rig.until(lambda: rig.told.quotes and rig.told.quotes[-1].bid == 430.00)
    seen = len(rig.told.quotes)
    rig.gateway.drop_clients()
    await rig.until(lambda: rig.told.states().count(READY) == 2)
    assert rig.told.quotes[seen].bid is None
    assert rig.told.quotes[seen].last is None


async def test_a_half_open_link_is_found_by_the_heartbeat_and_replaced(rig: Rig) -> None:
    connector = await rig.ready(replace(QUICK, heartbeat_s=0.05, heartbeat_limit_s=0.1))
    rig.gateway.silence(0.6)
    await rig.until(lambda: rig.told.states().count(READY) == 2)
    assert "did not answer 2 heartbeats" in reasons(rig, SessionState.DISCONNECTED)[0]
    assert connector.link.reconnects == 1


async def test_an_unanswered_question_for_the_time_is_a_missed_heartbeat_whoever_asked(rig: Rig) -> None:
    connector = await rig.ready(replace(QUICK, request_timeout_s=0.5))
    rig.gateway.silence(3.0)
    for _ in range(2):
        with pytest.raises(BrokerTimeout):
            await connector.server_time_ns()
    await rig.until(lambda: rig.told.states().count(READY) == 2)
    assert "did not answer 2 heartbeats" in reasons(rig, SessionState.DISCONNECTED)[0]


async def test_one_missed_heartbeat_ends_nothing(rig: Rig) -> None:
    await rig.ready(replace(QUICK, heartbeat_s=0.05, heartbeat_limit_s=0.1))
    beats: list[str] = []

    def first_is_lost(_client: object, message: object, _request: object) -> bool:
        if message is not REQ_CURRENT_TIME:
            return False
        beats.append("beat")
        return len(beats) == 1

    rig.gateway.hub.faults.requests["one beat"] = first_is_lost
    await rig.until(lambda: len(beats) >= 4)
    assert SessionState.DISCONNECTED not in rig.told.states()


async def test_1100_blocks_orders_and_1102_checks_everything_without_subscribing_twice(rig: Rig) -> None:
    await rig.ready()
    rig.error(1100, "Connectivity between IB and Trader Workstation has been lost.")
    rig.error(1100, "Connectivity between IB and Trader Workstation has been lost.")
    await rig.until(lambda: SessionState.DEGRADED in rig.told.states())
    rig.error(1102, "Connectivity restored - data maintained.")
    await rig.until(lambda: rig.told.states().count(READY) == 2)
    assert rig.told.states()[3:] == [SessionState.DEGRADED, SessionState.SYNCING, READY]
    assert [item.gap_touched for item in rig.told.snapshots()] == [False, True]
    seen = len(rig.told.trades)
    rig.trade(431.0, 7)
    await rig.until(lambda: len(rig.told.trades) > seen)
    assert [trade.size for trade in rig.told.trades[seen:]] == [7]


async def test_1101_subscribes_again_and_checks_everything(rig: Rig) -> None:
    connector = await rig.ready()
    rig.error(1100, "Connectivity between IB and Trader Workstation has been lost.")
    for client in rig.gateway.hub.clients.values():
        rig.gateway.hub.ticks.drop(client)
    rig.error(1101, "Connectivity restored - data lost.")
    await rig.until(lambda: rig.told.states().count(READY) == 2)
    await rig.settle(connector)
    seen = len(rig.told.trades)
    rig.trade(431.0, 7)
    await rig.until(lambda: len(rig.told.trades) > seen)
    assert rig.told.trades[-1].size == 7


async def test_a_link_in_doubt_for_too_long_is_replaced(rig: Rig) -> None:
    await rig.ready(replace(QUICK, heartbeat_s=0.02, heartbeat_limit_s=1.0, doubt_limit_s=0.1))
    rig.error(2110, "Connectivity between Trader Workstation and server is broken.")
    await rig.until(lambda: rig.told.states().count(READY) == 2)
    assert "without its server" in reasons(rig, SessionState.DISCONNECTED)[0]


async def test_a_moved_port_stops_and_asks(rig: Rig) -> None:
    connector = await rig.ready()
    rig.error(1300, "TWS socket port has been reset and this connection is being dropped. New port is 7496.")
    await rig.until(lambda: connector.link.state is SessionState.REFUSED)
    assert "correct broker.port" in connector.link.reason


async def test_farm_notices_are_passed_on_and_change_nothing(rig: Rig) -> None:
    await rig.ready()
    rig.error(2103, "Market data farm connection is broken:usfarm")
    rig.error(2104, "Market data farm connection is OK:usfarm")
    await rig.until(lambda: [e.code for e in rig.told.of(BrokerMessage)][-2:] == [2103, 2104])
    assert rig.told.states()[-1] is READY


async def test_text_of_the_broker_cannot_reach_the_screen_as_markup_or_escape(rig: Rig) -> None:
    await rig.ready()
    rig.error(2105, "\x1b[2J\x1b]0;owned\x07[red]farm[/red] <b>down</b>\r\n now")
    await rig.until(lambda: rig.told.of(BrokerMessage)[-1].code == 2105)
    assert rig.told.of(BrokerMessage)[-1].text == "(red)farm(/red) down now"


async def test_another_account_after_a_reconnect_is_refused(rig: Rig) -> None:
    connector = await rig.ready()
    rig.replace_replies("other", MANAGED_ACCOUNTS, lambda frame: [frame.replace(b"DU1234567", b"DU7777777")])
    rig.gateway.drop_clients()
    await rig.until(lambda: connector.link.state is SessionState.REFUSED)
    assert connector.link.reason.startswith("the gateway now offers DU***777, this run trades DU***567")


@pytest.mark.parametrize("how", ["closed", "cancelled"])
async def test_orders_written_last_still_arrive_when_the_program_ends(rig: Rig, how: str) -> None:
    connector = rig.connector()
    task = rig.run(connector)
    await rig.until(lambda: connector.link.state is READY)
    wanted = [intent(order_type=OrderType.LIMIT, limit=400.0, leg=str(leg)) for leg in range(20)]
    written = [connector.place(one, ref_of(one)) for one in wanted]
    await rig.until(lambda: len(rig.gateway.hub.venue.open_orders()) == 20)
    # Much to read is on its way to us when the cancels leave.
    for _ in range(50):
        rig.trade(430.01)
    for order in written:
        connector.cancel(order.order_id, order.client_id)
    if how == "closed":
        await connector.close()
    else:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    await rig.until(lambda: rig.gateway.hub.venue.open_orders() == [])
    assert rig.told.states()[-1] is SessionState.DISCONNECTED
    assert connector.link.reason == "closed by us"


async def test_closing_does_not_wait_for_the_next_attempt(rig: Rig) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    connector = rig.connector(replace(QUICK, reconnect_first_s=30.0, reconnect_max_s=30.0), port=port)
    task = rig.run(connector)
    await rig.until(lambda: reasons(rig, SessionState.DISCONNECTED))
    await connector.close()
    await asyncio.wait_for(task, 1.0)


async def test_closing_ends_the_session_and_is_idempotent(rig: Rig) -> None:
    connector = await rig.ready()
    await connector.close()
    await connector.close()
    assert rig.told.states()[-1] is SessionState.DISCONNECTED
    await rig.until(lambda: not rig.gateway.hub.clients)
    with pytest.raises(NotConnected):
        await connector.server_time_ns()
    assert not (await connector.snapshot(1.0)).is_complete


async def test_a_gateway_that_flaps_is_not_stormed(rig: Rig) -> None:
    began = asyncio.get_running_loop().time()
    rig.gateway.hub.faults.refuse_until = began + 60
    rig.run(rig.connector(replace(QUICK, reconnect_first_s=0.1, reconnect_max_s=0.2)))
    attempts: list[int] = []
    opened = rig.gateway._opened

    def counted(connection: Connection) -> Admission:
        attempts.append(1)
        return opened(connection)

    rig.gateway._opened = counted  # type: ignore[method-assign]
    await rig.until(lambda: len(attempts) >= 3)
    assert asyncio.get_running_loop().time() - began >= 0.2
    assert "closed the connection during start-up" in reasons(rig, SessionState.DISCONNECTED)[-1]
