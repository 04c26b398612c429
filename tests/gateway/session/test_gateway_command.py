"""`tradetui gateway` as a process: one ready line, graceful stop, an account that survives, one line for bad input."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from tests.gateway.session.raw_client import RawClient
from tradetui.cli.main import main
from tradetui.gateway.wire import replies_account as reply
from tradetui.gateway.wire import requests
from tradetui.gateway.wire.place_order import PLACE_ORDER
from tradetui.gateway.wire.record import Value
from tradetui.gateway.wire.reported_orders import OPEN_ORDER

pytestmark = pytest.mark.slow
Start = Callable[..., Awaitable[Process]]
SPY: dict[str, Value] = {"symbol": "SPY", "secType": "STK", "exchange": "SMART", "currency": "USD"}
READY_LIMIT_S = 30


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    running: list[Process] = []

    async def run(*words: str) -> Process:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tradetui", "gateway", *words, stdout=PIPE, stderr=PIPE, env={**os.environ}
        )
        running.append(process)
        return process

    yield run
    for process in running:
        if process.returncode is None:
            process.kill()
        # Reads the pipes to their end, so that their transports close with the loop still there.
        await process.communicate()


async def ready_port(process: Process) -> int:
    assert process.stdout is not None
    async with asyncio.timeout(READY_LIMIT_S):
        line = (await process.stdout.readline()).decode()
    match = re.fullmatch(r"gateway listening on 127\.0\.0\.1:(\d+)\n", line)
    assert match is not None, line
    return int(match[1])


async def stopped(process: Process) -> tuple[int | None, str]:
    """Exit code and everything on standard output after the ready line."""
    process.send_signal(signal.SIGTERM)
    async with asyncio.timeout(10):
        out, _ = await process.communicate()
    return process.returncode, out.decode()


async def test_it_serves_and_stops_on_sigterm_having_said_one_line(start: Start) -> None:
    process = await start("--port", "0")
    client = await RawClient.start(await ready_port(process))
    client.send(requests.REQ_CURRENT_TIME)
    assert (await client.reply(reply.CURRENT_TIME)).integer("time")
    assert await stopped(process) == (0, "")
    assert await client.ended()
    await client.close()


async def test_an_account_with_a_state_file_survives_a_restart(start: Start, tmp_path: Path) -> None:
    state = tmp_path / "venue.json"
    words = ("--port", "0", "--state", str(state), "--start", "2026-03-16T10:00-04:00", "--speed", "10")
    first = await start(*words)
    client = await RawClient.start(await ready_port(first))
    buy: dict[str, Value] = {**SPY, "action": "BUY", "totalQuantity": 10, "transmit": True}
    client.send(PLACE_ORDER, orderId=1, orderType="MKT", tif="DAY", **buy)
    fill = await client.reply(reply.EXECUTION)
    client.send(PLACE_ORDER, orderId=2, orderType="LMT", lmtPrice=1.0, tif="GTC", orderRef="rests", **buy)
    await client.until(lambda fields: fields[0] == "5" and "rests" in fields)
    await client.close()
    assert (await stopped(first))[0] == 0
    assert state.stat().st_mode & 0o777 == 0o600

    client = await RawClient.start(await ready_port(await start(*words)))
    client.send(requests.REQ_POSITIONS)
    position = await client.reply(reply.POSITION)
    assert (position.text("symbol"), position.number("position")) == ("SPY", 10)
    client.send(requests.REQ_OPEN_ORDERS)
    assert (await client.reply(OPEN_ORDER)).text("orderRef") == "rests"
    client.send(requests.REQ_EXECUTIONS, reqId=9)
    assert (await client.reply(reply.EXECUTION)).text("execId") == fill.text("execId")
    await client.close()


def port_in_use() -> tuple[socket.socket, str]:
    taken = socket.socket()
    taken.bind(("127.0.0.1", 0))
    taken.listen()
    return taken, str(taken.getsockname()[1])


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--market", "replay:/nonexistent.parquet"], "/nonexistent.parquet"),
        (["--market", "nonsense"], "synthetic or replay:FILE"),
        (["--start", "noon"], "2026-03-16T09:30-04:00"),
        (["--start", "2026-03-16T09:30"], "time zone"),
        (["--host", "0.0.0.0"], "--allow-remote"),
        (["--max-version", "156"], "157 to 193"),
        (["--speed", "-1"], "speed"),
        (["--port", "70000"], "65535"),
        (["--account", "two words"], "DU1234567"),
        (["--account", "DU1,,DU2"], "several: DU1,DU2"),
        (["--cash", "nan"], "--cash"),
        (["--seed", "-3"], "seed"),
        (["--symbols", "SPY,NOSUCH"], "the synthetic market has no NOSUCH; it has SPY, QQQ"),
        (["--rules", "/nonexistent.toml"], "--rules /nonexistent.toml: cannot be read"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
async def test_bad_input_is_one_clear_line_and_exit_code_one(start: Start, words: list[str], reason: str) -> None:
    process = await start("--port", "0", *words)
    async with asyncio.timeout(READY_LIMIT_S):
        out, err = await process.communicate()
    assert process.returncode == 1
    assert out == b""
    [line] = err.decode().splitlines()
    assert reason in line


async def test_a_port_in_use_is_named_with_the_remedy(start: Start) -> None:
    taken, port = port_in_use()
    process = await start("--port", port)
    async with asyncio.timeout(READY_LIMIT_S):
        out, err = await process.communicate()
    taken.close()
    assert (process.returncode, out) == (1, b"")
    [line] = err.decode().splitlines()
    assert port in line
    assert "--port" in line


async def test_an_unreadable_state_file_is_refused_before_listening(start: Start, tmp_path: Path) -> None:
    state = tmp_path / "venue.json"
    state.write_text("{broken")
    process = await start("--port", "0", "--state", str(state))
    async with asyncio.timeout(READY_LIMIT_S):
        _, err = await process.communicate()
    assert process.returncode == 1
    assert str(state) in err.decode()


@pytest.mark.parametrize("word", ["nan", "inf", "fast"])
def test_a_speed_that_is_no_number_is_wrong_usage(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["gateway", "--port", "0", "--speed", word])
    assert ended.value.code == 2
    assert f"'{word}' is neither a number nor max" in capsys.readouterr().err
