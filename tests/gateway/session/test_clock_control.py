"""Market time under control: pause, step, jump to a time, speed; never back."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tradetui.domain.clock import SECOND_NS
from tradetui.gateway.assembly import GatewayOptions, build
from tradetui.gateway.control.channel import ControlChannel
from tradetui.gateway.server import GatewayServer


class Wall:
    """Monotonic time that a test moves."""

    ns = 0

    def __call__(self) -> int:
        return self.ns


class Control:
    """Commands to a gateway, and the seconds of the wall."""

    def __init__(self, gateway: GatewayServer, wall: Wall) -> None:
        self._channel = ControlChannel(gateway, 0)
        self._wall = wall

    def clock(self, **arguments: object) -> dict[str, Any]:
        return self._channel.answer(json.dumps({"cmd": "clock", **arguments}).encode())

    def wait(self, seconds: float) -> None:
        self._wall.ns += round(seconds * SECOND_NS)


@pytest.fixture
async def control() -> AsyncIterator[Control]:
    wall = Wall()
    options = GatewayOptions(start="2026-03-16T10:00-04:00", speed=2.0)
    async with build(options, monotonic_ns=wall) as gateway:
        yield Control(gateway, wall)


async def test_a_pause_stands_still_and_goes_on_at_the_speed_before(control: Control) -> None:
    assert control.clock(pause=True)["paused"] is True
    stands = control.clock()["market_ns"]
    control.wait(60)
    assert control.clock(pause=True)["market_ns"] == stands
    assert control.clock(pause=False)["speed"] == 2.0
    control.wait(10)
    assert control.clock()["market_ns"] == stands + 20 * SECOND_NS


async def test_a_step_pauses_and_goes_exactly_that_far(control: Control) -> None:
    begin = control.clock()["market_ns"]
    control.clock(step_seconds=90)
    control.wait(60)
    told = control.clock()
    assert (told["market_ns"], told["paused"]) == (begin + 90 * SECOND_NS, True)


async def test_a_jump_to_a_time_is_exchange_time_and_leaves_the_speed(control: Control) -> None:
    told = control.clock(jump_to="15:30")
    assert told["market_time"] == "20260316 15:30:00 US/Eastern"
    assert told["speed"] == 2.0
    assert control.clock(jump_to="2026-03-17T14:00Z")["market_time"] == "20260317 10:00:00 US/Eastern"


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"jump_to": "09:00"}, "never goes back"),
        ({"jump_to": "noon"}, "15:30"),
        ({"step_seconds": -1}, "never goes back"),
        ({"jump_seconds": -1}, "never goes back"),
        ({"speed": -1}, "speed -1"),
        ({"pause": 1}, "true or false"),
    ],
)
async def test_what_cannot_be_is_refused_with_its_reason(
    control: Control, arguments: dict[str, object], reason: str
) -> None:
    told = control.clock(**arguments)
    assert told["ok"] is False
    assert reason in told["error"]
