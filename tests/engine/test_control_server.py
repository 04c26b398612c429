"""Screens and commands at the socket: whole state, then changes; commands once; no client can hold the core."""

from __future__ import annotations

import asyncio
import copy
import json
import os
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradetui.control.client import ControlClient
from tradetui.control.messages import PROTOCOL, Row, State
from tradetui.control.store import Applied, Store
from tradetui.control.stream import ControlStream
from tradetui.domain.actions import Reply
from tradetui.domain.errors import OperatorError
from tradetui.domain.events import Command, CommandKind
from tradetui.engine import control_client
from tradetui.engine.control_client import difference
from tradetui.engine.control_server import ControlServer, Desk


class World:
    """A server over a state that the test changes."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "core.sock"
        self.state: State = {"core": {"core": {"state": "RUN"}}, "orders": {"a": {"qty": 1.0}}, "positions": {}}
        self.commands: list[Command] = []
        self.server = ControlServer(
            Desk(
                state=lambda: copy.deepcopy(self.state),
                hello=lambda: {"profile": "paper", "mode": "PAPER", "account": "DU1", "pid": 1, "config_hash": "h"},
                command=self.commands.append,
                answer=self.answer,
                blocks=lambda symbol: [{"symbol": symbol, "code": "LEVERAGE"}],
                uid=os.getuid(),
            )
        )
        self.now_s = 0.0

    def answer(self, what: str, args: Mapping[str, object]) -> list[Row]:
        if what == "weather":
            raise OperatorError("no question 'weather'")
        if what == "flood":
            return [{"text": "x" * 1000} for _ in range(2000)]
        return [{"what": what, "limit": str(args.get("limit"))}]

    async def client(self) -> ControlStream:
        return await ControlStream.open(self.path, client="test")

    def publish(self) -> None:
        # Every client's period has passed since the last time.
        self.now_s += 100
        self.server.publish(asyncio.get_running_loop().time() + self.now_s)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    made = World(tmp_path)
    await made.server.start(made.path)
    yield made
    await made.server.close("end of the test")


async def receive(client: ControlStream) -> dict[str, object]:
    message = await asyncio.wait_for(client.receive(), 2)
    if message is None:
        raise AssertionError("the server closed the connection")
    return dict(message)


async def test_a_client_gets_the_whole_state_and_then_only_changed_rows(world: World) -> None:
    client = await world.client()
    assert (client.hello["protocol"], client.hello["mode"]) == (PROTOCOL, "PAPER")
    client.send({"t": "subscribe", "hz": 5})
    snapshot = await receive(client)
    assert (snapshot["t"], snapshot["seq"], snapshot["last"], snapshot["state"]) == ("snapshot", 0, True, world.state)
    world.state["orders"] = {"b": {"qty": 2.0}}
    world.publish()
    delta = await receive(client)
    assert (delta["t"], delta["seq"], delta["state"]) == ("delta", 1, {"orders": {"b": {"qty": 2.0}, "a": None}})
    world.publish()
    client.send({"t": "snapshot"})
    again = await receive(client)
    assert (again["t"], again["seq"]) == ("snapshot", 2)
    await client.close()


async def test_what_blocks_an_entry_is_asked_of_the_core_itself(world: World) -> None:
    client = await world.client()
    client.send({"t": "query", "id": "q", "what": "blocks", "args": {"symbol": "SPY"}})
    assert (await receive(client))["rows"] == [{"symbol": "SPY", "code": "LEVERAGE"}]
    client.send({"t": "query", "id": "r", "what": "blocks", "args": {"symbol": 7}})
    assert (await receive(client))["rows"] == [{"symbol": None, "code": "LEVERAGE"}]
    await client.close()


async def test_a_client_sees_only_the_sections_it_asked_for(world: World) -> None:
    client = await world.client()
    client.send({"t": "subscribe", "hz": 5, "sections": ["positions", "no such section"]})
    assert (await receive(client))["state"] == {"positions": {}}
    world.state["orders"]["c"] = {"qty": 3.0}
    world.state["positions"]["SPY"] = {"qty": 10.0}
    world.publish()
    assert (await receive(client))["state"] == {"positions": {"SPY": {"qty": 10.0}}}
    await client.close()


ROWS = st.dictionaries(st.sampled_from("abc"), st.dictionaries(st.sampled_from("xy"), st.integers(0, 2)), max_size=3)
STATES = st.lists(st.dictionaries(st.sampled_from(["orders", "fills"]), ROWS), min_size=1, max_size=8)


@given(states=STATES)
def test_a_client_that_applies_every_delta_holds_the_cores_state(states: list[State]) -> None:
    store = Store()
    full: list[State] = [{"orders": {}, "fills": {}, **state} for state in states]
    assert store.apply({"t": "snapshot", "seq": 0, "state": json.loads(json.dumps(full[0]))}) is Applied.COMPLETE
    for seq, (old, new) in enumerate(pairwise(full), 1):
        store.apply({"t": "delta", "seq": seq, "state": json.loads(json.dumps(difference(old, new)))})
    assert dict(store.state) == full[-1]


async def test_a_command_reaches_the_core_and_its_results_reach_everyone_who_sent_it(world: World) -> None:
    first, second = await world.client(), await world.client()
    message = {"t": "command", "id": "c1", "kind": "flatten", "who": "ops", "symbols": ["SPY"], "confirm": "flatten"}
    for client in (first, second):
        client.send(message)
    async with asyncio.timeout(2):
        while len(world.commands) < 2:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
    expected = Command(command_id="c1", kind=CommandKind.FLATTEN, who="ops", symbols=("SPY",), confirm="flatten")
    assert world.commands == [expected, expected]
    world.server.reply(Reply("c1", "accepted", "flattening"))
    world.server.reply(Reply("unknown", "done", ""))
    for client in (first, second):
        assert await receive(client) == {"t": "result", "id": "c1", "status": "accepted", "text": "flattening"}
        await client.close()


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"kind": "explode"}, "no command 'explode'"),
        ({"id": ""}, "needs an id"),
        ({"symbols": "SPY"}, "list of texts"),
        ({"reason": "x" * 501}, "at most 500"),
    ],
)
async def test_a_command_that_is_none_is_denied_and_never_reaches_the_core(
    world: World, change: dict[str, object], text: str
) -> None:
    client = await world.client()
    client.send({"t": "command", "id": "c1", "kind": "pause", "who": "ops", **change})
    result = await receive(client)
    assert (result["status"], world.commands) == ("denied", [])
    assert text in str(result["text"])
    await client.close()


async def test_questions_are_answered_refused_or_too_long_without_ending_the_connection(world: World) -> None:
    client = await world.client()
    client.send({"t": "query", "id": "q1", "what": "orders", "args": {"limit": 5}})
    assert (await receive(client))["rows"] == [{"what": "orders", "limit": "5"}]
    client.send({"t": "query", "id": "q2", "what": "weather", "args": {}})
    assert (await receive(client))["error"] == "no question 'weather'"
    client.send({"t": "query", "id": "q3", "what": "flood", "args": {}})
    assert "too long" in str((await receive(client))["error"])
    client.send({"t": "nonsense"})
    assert (await receive(client))["t"] == "error"
    await client.close()


@pytest.mark.parametrize("first", [b"garbage\n", b'{"t": "subscribe", "hz": 1}\n', b'{"t": "hello"' + b" " * 2_000_000])
async def test_a_client_that_does_not_speak_the_protocol_is_dropped(world: World, first: bytes) -> None:
    reader, writer = await asyncio.open_unix_connection(world.path)
    writer.write(first)
    try:
        said = await asyncio.wait_for(reader.read(), 5)
    except ConnectionResetError:
        said = b'"error" (what we sent was not read to its end)'
    assert b'"error"' in said
    writer.close()
    good = await world.client()
    await good.close()


async def test_a_client_that_stops_reading_misses_deltas_then_is_dropped_and_others_see_everything(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control_client, "SLOW_BYTES", 1 << 16)
    monkeypatch.setattr(control_client, "DEAD_S", 50.0)
    stalled = socket.socket(socket.AF_UNIX)
    stalled.connect(str(world.path))
    stalled.sendall(b'{"t": "hello"}\n{"t": "subscribe", "hz": 10}\n')
    good = await world.client()
    good.send({"t": "subscribe", "hz": 10})
    await receive(good)
    await asyncio.sleep(0.01)
    base_s = asyncio.get_running_loop().time() + 1
    for turn in range(60):
        world.state["orders"] = {str(turn): {"text": "x" * 50_000}}
        world.server.publish(base_s + turn)
        assert str(turn) in str((await receive(good))["state"])
    world.server.publish(base_s + 200)
    assert len(world.server._clients) <= 2
    async with asyncio.timeout(2):
        while len(world.server._clients) != 1:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
    stalled.close()
    await good.close()


async def test_a_late_client_catches_up_by_rows_after_it_was_slow(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = await world.client()
    client.send({"t": "subscribe", "hz": 10})
    await receive(client)
    monkeypatch.setattr(control_client, "SLOW_BYTES", -1)
    world.state["orders"]["b"] = {"qty": 2.0}
    world.publish()
    monkeypatch.setattr(control_client, "SLOW_BYTES", 1 << 18)
    world.state["orders"]["c"] = {"qty": 3.0}
    world.publish()
    delta = await receive(client)
    assert delta["state"] == {"orders": {"b": {"qty": 2.0}, "c": {"qty": 3.0}}}
    assert delta["seq"] == 1
    await client.close()


async def test_the_socket_is_private_replaces_a_leftover_and_goes_with_the_server(tmp_path: Path) -> None:
    made = World(tmp_path)
    made.path.write_text("left over by a killed core")
    await made.server.start(made.path)
    assert made.path.stat().st_mode & 0o777 == 0o600
    client = await made.client()
    await made.server.close("stopped by SIGTERM")
    assert (await receive(client)) == {"t": "bye", "reason": "stopped by SIGTERM"}
    assert not made.path.exists()
    await client.close()


async def test_processes_of_other_users_are_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tradetui.engine.control_server.peer_pid_and_uid", lambda _: (4711, os.getuid() + 1))
    reader, writer = await asyncio.open_unix_connection(world.path)
    with suppress(ConnectionResetError):
        assert await asyncio.wait_for(reader.read(), 2) == b""
    writer.close()


async def test_the_blocking_client_of_the_command_line_understands_the_server(world: World) -> None:
    def talk() -> tuple[State, list[Row]]:
        with ControlClient.connect(world.path, client="cli") as client:
            return client.state(["core", "orders"]), client.query("orders", {"limit": 3})

    state, rows = await asyncio.to_thread(talk)
    assert state == {"core": {"core": {"state": "RUN"}}, "orders": {"a": {"qty": 1.0}}}
    assert rows == [{"what": "orders", "limit": "3"}]
