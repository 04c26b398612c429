"""Scenario files are checked whole, told to the operator, and judged by the venue's books."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.gateway.faults.conversation import SPY, buy_limit, heard
from tests.gateway.session.raw_client import RawClient
from tradetui.cli.main import main
from tradetui.domain.errors import OperatorError
from tradetui.gateway.assembly import GatewayOptions, build
from tradetui.gateway.scenarios.playing import told, verdict
from tradetui.gateway.scenarios.scenario import load, names
from tradetui.gateway.wire import requests as ask
from tradetui.gateway.wire.replies_market import TICK_PRICE

WHOLE = """\
title: T
story: S
client: trades
market: {start: "2026-03-17T11:00-04:00", seed: 3}
commands:
  - {cmd: set_price, after: 5, symbol: SPY, price: 440, hold: true}
  - {cmd: halt, after: 6, symbol: NOSUCH}
expect: {client: stays calm, open_orders: 0, positions: {SPY: 10}}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "mine.yaml"
    path.write_text(WHOLE)
    return path


def test_twenty_stories_come_with_the_gateway_and_each_tells_itself() -> None:
    assert len(names()) == 20
    for name in names():
        scenario = load(name)
        assert scenario.schedule.faults or scenario.commands
        assert scenario.title in told(scenario)
        assert scenario.expect.client in told(scenario)


def test_the_shell_lists_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["gateway", "--list-scenarios"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 20
    assert any(line.split(None, 1) == ["fill_after_cancel", "A cancelled order fills"] for line in lines)


def test_an_unknown_scenario_is_refused_with_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["gateway", "--scenario", "nonsense"]) == 1
    assert "half_open_socket" in capsys.readouterr().err


async def test_its_commands_come_at_their_market_times_and_the_books_are_judged(
    file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    scenario = load(str(file))
    gateway = build(GatewayOptions(speed=0.0), scenario=scenario)
    gateway.hub.clock.jump_to(gateway.hub.now_ns() + 10_000_000_000)
    async with gateway:
        while not gateway.pump.catch_up():  # noqa: ASYNC110 - it is the work that is awaited, in steps
            await asyncio.sleep(0)
        assert "unknown symbol 'NOSUCH'" in caplog.text
        client = await RawClient.start(gateway.port)
        client.send(ask.REQ_MARKET_DATA, reqId=3, snapshot=True, **SPY)
        assert 440.0 in [tick.number("price") for tick in await heard(client, TICK_PRICE)]
        buy_limit(client, 1, 1.0, orderRef="mine")
        buy_limit(client, 2, 1.0, orderRef="mine")
        await heard(client)
        await client.close()
        assert verdict(scenario, gateway) == [
            "order reference mine was sent 2 times",
            "2 orders work; it must end with 0",
            "0 SPY are held; it must end with 10",
        ]


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("title: T", "titel: T", "has no titel"),
        ("title: T", "title: 5", "title must be text"),
        ("seed: 3", "seed: x", "seed must be a whole number"),
        ("seed: 3", "colour: red", "market has no colour"),
        ("cmd: halt", "cmd: nonsense", "command 2 needs a cmd"),
        ("after: 6, ", "", "command 2 needs after"),
        ("client: stays calm", "client: x, books: torn", "torn"),
        ("{SPY: 10}", "{SPY: ten}", "positions"),
        ("open_orders: 0", "open_orders: few", "open_orders"),
        ("commands:", "faults: [{kind: nonsense}]\ncommands:", "unknown fault"),
        ("commands:", "commands: soon\nmore:", "has no more"),
        ("title: T", "[", "cannot be read"),
    ],
)
def test_a_mistake_is_named_with_its_file(file: Path, old: str, new: str, reason: str) -> None:
    file.write_text(WHOLE.replace(old, new))
    with pytest.raises(OperatorError, match=reason) as caught:
        load(str(file))
    assert str(file) in str(caught.value)
