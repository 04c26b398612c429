"""The operator's commands: sent once, pending until the core speaks, and a kill that needs no socket."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.tui.waiting import until
from tradetui.control.client import CoreNotRunning
from tradetui.control.codec import Message
from tradetui.control.emergency import EmergencyStop
from tradetui.tui import operator as module
from tradetui.tui.operator import Operator, Status


class Line:
    """The way to the core: keeps what was sent, or is cut."""

    def __init__(self) -> None:
        self.sent: list[Message] = []
        self.cut = False
        self.stops = 0

    def send(self, message: Message) -> None:
        if self.cut:
            raise CoreNotRunning("there is no connection")
        self.sent.append(message)

    def stop(self) -> EmergencyStop:
        self.stops += 1
        return EmergencyStop(Path("/home/STOP"), "", core_runs=True, signalled_pid=42)


def counter() -> Callable[[], str]:
    numbers = iter(range(1000))
    return lambda: f"id{next(numbers)}"


@pytest.fixture
def line() -> Line:
    return Line()


@pytest.fixture
def operator(line: Line) -> Operator:
    return Operator(send=line.send, stop_without_socket=line.stop, who="ann@ui", clock=lambda: 0.0, new_id=counter())


async def test_a_command_is_pending_until_the_core_says_what_became_of_it(operator: Operator, line: Line) -> None:
    sent = operator.command("flatten", symbols=["SPY"], confirm="flatten")
    assert (sent.status, line.sent[0]["confirm"], line.sent[0]["symbols"]) == (Status.PENDING, "flatten", ["SPY"])
    operator.on_result("id0", "accepted", "flattening SPY")
    assert operator.latest_of("flatten") is not None
    assert [entry.text for entry in operator.lines] == [
        "flatten SPY: PENDING",
        "flatten SPY: accepted: flattening SPY",
    ]
    operator.on_result("id0", "done", "FLAT")
    latest = operator.latest
    assert latest is not None
    assert (latest.status, latest.open) == (Status.DONE, False)


async def test_every_command_has_an_id_of_its_own(operator: Operator, line: Line) -> None:
    operator.command("pause")
    operator.command("pause")
    assert [message["id"] for message in line.sent] == ["id0", "id1"]


async def test_the_result_of_another_screen_s_command_changes_nothing(operator: Operator) -> None:
    operator.command("pause")
    version = operator.version
    operator.on_result("somebody-else", "done", "")
    assert operator.version == version


async def test_a_status_of_no_known_name_is_unknown_with_its_words(operator: Operator) -> None:
    operator.command("pause")
    operator.on_result("id0", "maybe", "later")
    assert operator.lines[-1].text == "pause: UNKNOWN: maybe later"


async def test_a_command_that_cannot_be_sent_says_so(operator: Operator, line: Line) -> None:
    line.cut = True
    assert operator.command("pause").status is Status.NOT_SENT
    assert line.stops == 0


async def test_a_lost_connection_makes_open_commands_unknown(operator: Operator) -> None:
    operator.command("flatten")
    operator.on_result("id0", "accepted", "flattening")
    operator.on_connection_lost()
    sent = operator.latest
    assert sent is not None
    assert sent.status is Status.UNKNOWN


async def test_an_unanswered_command_becomes_unknown(operator: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ANSWER_S", 0.001)
    operator.command("pause")
    await until(lambda: operator.lines[-1].status is Status.UNKNOWN)


class TestKill:
    async def test_an_answered_kill_touches_neither_file_nor_process(
        self, operator: Operator, line: Line, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(module, "KILL_ANSWER_S", 0.01)
        operator.kill()
        operator.on_result("id0", "accepted", "KILLED; cancelling 2 orders")
        await asyncio.sleep(0.05)
        assert line.stops == 0

    @pytest.mark.parametrize("answer", [None, "denied", "maybe"])
    async def test_a_kill_that_is_not_taken_within_its_time_goes_around_the_socket(
        self, operator: Operator, line: Line, monkeypatch: pytest.MonkeyPatch, answer: str | None
    ) -> None:
        monkeypatch.setattr(module, "KILL_ANSWER_S", 0.001)
        operator.kill()
        if answer is not None:
            operator.on_result("id0", answer, "")
        await until(lambda: line.stops == 1)
        await until(lambda: operator.lines[-1].status is Status.WITHOUT_SOCKET)
        assert "kill signal sent to core 42" in operator.lines[-1].text

    async def test_without_a_connection_it_goes_around_the_socket_at_once(self, operator: Operator, line: Line) -> None:
        line.cut = True
        operator.kill()
        await until(lambda: operator.lines[-1].status is Status.WITHOUT_SOCKET)

    async def test_a_kill_whose_connection_breaks_still_goes_around_the_socket(
        self, operator: Operator, line: Line, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(module, "KILL_ANSWER_S", 0.001)
        operator.kill()
        operator.on_connection_lost()
        await until(lambda: line.stops == 1)

    async def test_a_late_answer_is_believed_over_our_doubt(self, operator: Operator, line: Line) -> None:
        line.cut = True
        operator.kill()
        await until(lambda: operator.lines[-1].status is Status.WITHOUT_SOCKET)
        operator.on_result("id0", "done", "KILLED; every order has ended")
        kill = operator.latest_of("kill")
        assert kill is not None
        assert kill.status is Status.DONE

    async def test_pressing_it_again_sends_it_again(self, operator: Operator, line: Line) -> None:
        operator.kill()
        operator.kill()
        assert [message["kind"] for message in line.sent] == ["kill", "kill"]


async def test_the_command_log_is_bounded(operator: Operator) -> None:
    for number in range(1000):
        operator.note(f"line {number}")
    assert len(operator.lines) == 200
    assert operator.lines[-1].number == 1000
