"""TCP may cut the stream anywhere: between any two bytes, and for good in the middle of a message."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from tests.broker.proxy import ByteProxy
from tests.broker.rig import Rig, intent, ref_of
from tradetui.domain.events import BrokerMessage, CommissionSeen, FillSeen, SessionState

READY = SessionState.READY


async def test_a_stream_cut_between_any_two_bytes_reads_the_same(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    # Every socket of this process is read one byte at a time.
    monkeypatch.setattr("asyncio.selector_events._SelectorTransport.max_size", 1)
    connector = await rig.ready()
    wanted = intent()
    connector.place(wanted, ref_of(wanted))
    await rig.until(lambda: rig.told.of(CommissionSeen))
    assert [event.fill.qty for event in rig.told.of(FillSeen)] == [100.0]
    assert all("could not be read" not in event.text for event in rig.told.of(BrokerMessage))


@pytest.mark.parametrize("after", [1, 3, 5, 60, 400])
async def test_a_connection_cut_inside_a_message_loses_no_fill(rig: Rig, after: int) -> None:
    async with ByteProxy(rig.gateway.port) as proxy:
        connector = rig.connector(port=proxy.port)
        rig.run(connector)
        await rig.until(lambda: connector.link.state is READY)
        await rig.settle(connector)
        proxy.cut_after = after
        wanted = intent()
        connector.place(wanted, ref_of(wanted))
        await rig.until(lambda: rig.told.states().count(READY) == 2)
        known: dict[str, Any] = {event.fill.exec_id: event.fill for event in rig.told.of(FillSeen)}
        known |= {fill.exec_id: fill for fill in rig.told.snapshots()[-1].fills}
        assert [(fill.order_ref, fill.qty) for fill in known.values()] == [(ref_of(wanted), 100.0)]


async def test_the_wire_is_not_delayed_to_gather_bytes(rig: Rig) -> None:
    connector = await rig.ready()
    assert connector._live is not None
    sock = connector._live.session.client.conn.transport.get_extra_info("socket")
    assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1
