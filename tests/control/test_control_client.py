"""The blocking client: answers arrive, silence is reported as unknown, and nothing waits for ever."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

from tests.control.small_core import SmallCore
from tradetui.control.client import (
    ControlClient,
    CoreNotAnswering,
    CoreNotRunning,
    OtherProtocol,
    command_message,
    connect_core,
)
from tradetui.control.codec import Message
from tradetui.control.messages import State
from tradetui.domain.errors import OperatorError
from tradetui.home import Paths

Result = TypeVar("Result")
STATE: State = {"core": {"core": {"state": "RUN"}}, "orders": {"a": {"qty": 1}}}


async def with_client(core: SmallCore, tmp_path: Path, work: Callable[[ControlClient], Result]) -> Result:
    path = tmp_path / "core.sock"

    def run() -> Result:
        with ControlClient.connect(path, client="test") as client:
            return work(client)

    async with core.serving(path):
        return await asyncio.to_thread(run)


def kill_message() -> Message:
    return command_message("kill", who="test")


async def test_the_state_comes_whole(tmp_path: Path) -> None:
    assert await with_client(SmallCore(STATE), tmp_path, lambda client: client.state()) == STATE


async def test_only_the_sections_asked_for_come(tmp_path: Path) -> None:
    state = await with_client(SmallCore(STATE), tmp_path, lambda client: client.state(["orders"]))
    assert state == {"orders": {"a": {"qty": 1}}}


async def test_a_state_longer_than_a_line_comes_whole(tmp_path: Path) -> None:
    state: State = {"log": {str(n): {"text": "x" * 3000} for n in range(800)}}
    assert await with_client(SmallCore(state), tmp_path, lambda client: client.state()) == state


async def test_a_command_yields_every_status_up_to_the_final_one(tmp_path: Path) -> None:
    def answer(command: Message) -> list[Message]:
        other: Message = {"t": "result", "id": "another", "status": "done", "text": "not mine"}
        said = (("accepted", "cancelling 2"), ("done", "all ended"), ("done", "never read"))
        results: list[Message] = [{"t": "result", "id": command["id"], "status": s, "text": t} for s, t in said]
        return [other, *results]

    core = SmallCore(STATE, answer=answer)
    seen = await with_client(core, tmp_path, lambda client: list(client.command(kill_message())))
    assert seen == [("accepted", "cancelling 2"), ("done", "all ended")]


async def test_a_command_without_an_answer_is_reported_as_unknown(tmp_path: Path) -> None:
    core = SmallCore(STATE, answer=lambda _: [])
    with pytest.raises(CoreNotAnswering, match="not known"):
        await with_client(core, tmp_path, lambda client: list(client.command(kill_message(), timeout_s=0.05)))
    assert core.received[-1]["kind"] == "kill"


async def test_a_question_is_answered_with_rows(tmp_path: Path) -> None:
    def answer(query: Message) -> list[Message]:
        return [{"t": "answer", "id": query["id"], "rows": [{"symbol": "SPY"}]}]

    rows = await with_client(SmallCore(STATE, answer=answer), tmp_path, lambda client: client.query("fills"))
    assert rows == [{"symbol": "SPY"}]


async def test_a_refused_question_is_one_line_for_the_operator(tmp_path: Path) -> None:
    def answer(query: Message) -> list[Message]:
        return [{"t": "answer", "id": query["id"], "rows": [], "error": "no order of that id"}]

    with pytest.raises(OperatorError, match="no order of that id"):
        await with_client(SmallCore(STATE, answer=answer), tmp_path, lambda client: client.query("explain"))


async def test_a_core_of_another_protocol_takes_a_kill_and_nothing_else(tmp_path: Path) -> None:
    core = SmallCore(STATE, protocol=99)
    assert (await with_client(core, tmp_path, lambda c: list(c.command(kill_message()))))[-1][0] == "done"
    with pytest.raises(OtherProtocol, match="only kill"):
        await with_client(core, tmp_path, lambda client: client.state())
    with pytest.raises(OtherProtocol):
        await with_client(core, tmp_path, lambda c: list(c.command(command_message("flatten", who="test"))))
    assert [m["kind"] for m in core.received if m["t"] == "command"] == ["kill"]


async def test_a_core_that_takes_the_connection_and_says_nothing_is_not_answering(tmp_path: Path) -> None:
    path = tmp_path / "core.sock"
    async with SmallCore(STATE, silent=True).serving(path):
        with pytest.raises(CoreNotAnswering):
            await asyncio.to_thread(ControlClient.connect, path, client="test", timeout_s=0.1)


def test_a_core_that_closes_before_its_hello_is_not_answering(tmp_path: Path) -> None:
    path = tmp_path / "core.sock"
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen()

    def hang_up() -> None:
        connection, _ = listener.accept()
        connection.recv(1000)
        connection.close()

    thread = threading.Thread(target=hang_up)
    thread.start()
    with pytest.raises(CoreNotAnswering, match="closed"):
        ControlClient.connect(path, client="test")
    thread.join(5)
    listener.close()


def test_without_a_core_the_profile_and_the_remedy_are_named(tmp_path: Path) -> None:
    with pytest.raises(CoreNotRunning, match=r"no core is running for profile demo .* run` starts one"):
        connect_core(Paths(tmp_path, "demo"), client="test")


def test_a_socket_left_by_a_dead_core_reads_as_not_running(tmp_path: Path) -> None:
    paths = Paths(tmp_path, "demo")
    paths.prepare()
    dead = socket.socket(socket.AF_UNIX)
    dead.bind(str(paths.socket_for_core()))
    dead.close()
    with pytest.raises(CoreNotRunning):
        connect_core(paths, client="test")
