"""The whole engine in this process, against a gateway over TCP in the same loop."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.engine.live import REPOSITORY
from tradetui.config import load_config
from tradetui.control.client import command_message
from tradetui.control.messages import Row, State
from tradetui.control.store import Applied, Store
from tradetui.control.stream import ControlStream
from tradetui.domain.errors import OperatorError, StoreError
from tradetui.engine.engine import Engine
from tradetui.engine.locks import AlreadyRunning, Lock, account_lock_path
from tradetui.gateway.assembly import GatewayOptions, build
from tradetui.gateway.server import GatewayServer
from tradetui.home import Paths

LIMIT_S = 30.0


class World:
    """A home, a gateway and the engine that trades there."""

    def __init__(self, home: Path, gateway: GatewayServer) -> None:
        self.gateway = gateway
        self.paths = Paths(home, "demo")
        self.environ = {
            "HOME": str(home),
            "PATH": os.defpath,
            "XDG_STATE_HOME": str(home / "xdg"),
            "TRADETUI_DEMO__PORT": str(gateway.port),
            "TRADETUI_CLOCK__SPEED": "60",
        }
        self.engine: Engine | None = None
        self.running: asyncio.Task[tuple[int, str]] | None = None

    async def start(self) -> None:
        config = load_config(self.paths.home, "demo", self.environ)
        self.engine = await Engine.open(config, self.paths, self.environ)
        self.running = asyncio.create_task(self.engine.run())

    async def end(self) -> tuple[int, str]:
        if self.running is None or self.engine is None:
            raise AssertionError("not started")
        result = await asyncio.wait_for(self.running, LIMIT_S)
        # The lock goes with the process; here the process goes on.
        self.engine._base.lock.release()
        self.running = None
        return result

    async def client(self) -> ControlStream:
        path = self.paths.socket_for_clients()
        if path is None:
            raise AssertionError("no socket")
        async with asyncio.timeout(LIMIT_S):
            while True:
                if path.exists():
                    return await ControlStream.open(path, client="test")
                await asyncio.sleep(0.01)

    async def wait(self, client: ControlStream, condition: Callable[[State], bool]) -> State:
        """Return the first state that meets the condition, from a snapshot and its deltas."""
        store = Store()
        client.send({"t": "subscribe", "hz": 10})
        async with asyncio.timeout(LIMIT_S):
            while True:
                message = await client.receive()
                if message is None:
                    raise AssertionError("the core closed the connection")
                if message["t"] in ("snapshot", "delta"):
                    complete = store.apply(message) is Applied.COMPLETE
                    if complete and condition(dict(store.state)):
                        return dict(store.state)

    async def ask(self, client: ControlStream, message: dict[str, Any], kind: str) -> dict[str, Any]:
        client.send(message)
        async with asyncio.timeout(LIMIT_S):
            while True:
                answer = await client.receive()
                if answer is None:
                    raise AssertionError("the core closed the connection")
                if answer["t"] == kind:
                    return dict(answer)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    shutil.copy(REPOSITORY / "config.toml", home)
    shutil.copytree(REPOSITORY / "strategies", home / "strategies", ignore=shutil.ignore_patterns("__py*"))
    for path in (home / "strategies", *(home / "strategies").iterdir()):
        path.chmod(0o700)
    handlers = {number: signal.getsignal(number) for number in (signal.SIGHUP, signal.SIGPIPE)}
    async with build(GatewayOptions(seed=7, speed=60, cash=100_000)) as gateway:
        made = World(home, gateway)
        yield made
        if made.running is not None and made.engine is not None:
            made.engine._stopping.ask("end of the test")
            await made.end()
    for number, handler in handlers.items():
        signal.signal(number, handler)


def core(state: State) -> Row:
    return state["core"]["core"]


async def test_the_engine_trades_answers_and_stops_in_order(world: World) -> None:
    await world.start()
    client = await world.client()
    state = await world.wait(client, lambda state: len(state["fills"]) >= 4)
    assert (core(state)["phase"], core(state)["mode"], core(state)["account"]) == ("trading", "PAPER", "DU1234567")
    assert state["link"]["link"]["subscriptions"] == 4
    assert str(state["alerting"]["alerting"]["state"]).startswith("off")
    assert {len(str(row["source_hash"])) for row in state["strategies"].values()} == {12}
    for what in ("orders", "fills", "log", "equity", "why"):
        answer = await world.ask(client, {"t": "query", "id": what, "what": what, "args": {"limit": 5}}, "answer")
        assert "error" not in answer
    result = await world.ask(client, command_message("pause", who="test", reason="a look"), "result")
    assert result["status"] == "done"
    os.kill(os.getpid(), signal.SIGUSR1)
    await world.wait(client, lambda state: core(state)["state"] == "KILLED")
    os.kill(os.getpid(), signal.SIGUSR2)
    await world.ask(client, {"t": "query", "id": "x", "what": "alerts", "args": {}}, "answer")
    (dump,) = world.paths.logs.glob("state-*.json")
    assert json.loads(dump.read_text())["core"]["core"]["state"] == "KILLED"
    assert dump.stat().st_mode & 0o777 == 0o600
    client.send(command_message("stop", who="test"))
    assert await world.end() == (0, "stop ordered by test")
    assert not (world.paths.state / "core.sock").exists()
    await client.close()


async def test_a_restart_begins_where_the_journal_ended(world: World) -> None:
    await world.start()
    client = await world.client()
    before = await world.wait(client, lambda state: len(state["fills"]) >= 2)
    os.kill(os.getpid(), signal.SIGTERM)
    assert await world.end() == (0, "SIGTERM")
    await client.close()
    await world.start()
    client = await world.client()
    after = await world.wait(client, lambda state: core(state)["state"] == "RUN" and bool(state["fills"]))
    assert before["fills"].keys() <= after["fills"].keys()
    assert float(str(core(after)["market_ns"])) >= float(str(core(before)["market_ns"])) - 120e9
    await client.close()


async def test_a_link_that_is_cut_comes_back_and_trading_goes_on(world: World) -> None:
    await world.start()
    client = await world.client()
    await world.wait(client, lambda state: all(row["state"] == "running" for row in state["strategies"].values()))
    world.gateway.drop_clients()
    await world.wait(client, lambda state: state["link"]["link"]["state"] in ("DISCONNECTED", "CONNECTING"))
    state = await world.wait(
        client, lambda state: state["link"]["link"]["state"] == "READY" and state["link"]["link"]["reconnects"] == 1
    )
    fills = len(state["fills"])
    await world.wait(client, lambda state: len(state["fills"]) > fills)
    await client.close()


async def test_an_account_that_another_core_trades_ends_this_one_with_the_reason(world: World) -> None:
    port = world.gateway.port
    path = account_lock_path(f"DU1234567-127.0.0.1-{port}", world.environ)
    other = Lock.take(path, "account DU1234567 (another home)")
    await world.start()
    code, reason = await world.end()
    assert code == 1
    assert "account DU1234567" in reason
    assert "runs already" in reason
    other.release()


async def test_what_keeps_an_engine_from_opening_is_one_line_and_leaves_the_lock_free(world: World) -> None:
    config = load_config(world.paths.home, "demo", world.environ)
    world.paths.prepare()
    world.paths.journal.write_bytes(b"no database at all" * 100)
    with pytest.raises(StoreError, match=r"journal\.db"):
        await Engine.open(config, world.paths, world.environ)
    world.paths.journal.unlink()
    (world.paths.strategies / "momentum.toml").write_text("strategy = 5")
    with pytest.raises(OperatorError, match=r"momentum\.toml"):
        await Engine.open(config, world.paths, world.environ)
    held = Lock.take(world.paths.lock, "the test")
    with pytest.raises(AlreadyRunning):
        await Engine.open(config, world.paths, world.environ)
    held.release()
