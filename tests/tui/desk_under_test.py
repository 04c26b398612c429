"""The app over a state and a recorded way to the core, with a clock that only tests move."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from tests.tui.dump import screen_text
from tests.tui.scenes import demo_state
from tradetui.control.client import CoreNotRunning
from tradetui.control.codec import Message
from tradetui.control.emergency import EmergencyStop
from tradetui.control.messages import Row, State
from tradetui.tui.app import TradeTuiApp
from tradetui.tui.link import LinkStatus, Phase
from tradetui.tui.operator import Operator
from tradetui.tui.screens.dialog import GUARD_S
from tradetui.tui.screenshot import StillLink
from tradetui.tui.viewmodels.glyphs import BRAILLE, Glyphs


class Bench:
    """An app under test: what it sent, what it shows, and its time."""

    def __init__(self, state: State, status: LinkStatus, glyphs: Glyphs) -> None:
        self.state = state
        self.sent: list[Message] = []
        self.stops = 0
        self.cut = False
        self.now = 100.0
        self.operator = Operator(send=self._send, stop_without_socket=self._stop, who="ann@ui", clock=lambda: self.now)
        self.app = TradeTuiApp(StillLink(state, status), self.operator, glyphs=glyphs, clock=lambda: self.now)
        self.pilot: Pilot[Any] = Pilot(self.app)

    @property
    def text(self) -> str:
        return screen_text(self.app)

    @property
    def kinds(self) -> list[str]:
        return [str(message["kind"]) for message in self.sent]

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def type(self, text: str) -> None:
        await self.press(*text)

    async def wait_out_guard(self) -> None:
        self.now += GUARD_S + 0.01
        await self.pilot.pause()

    async def set_core(self, **changes: object) -> None:
        row: Row = {**self.state["core"]["core"], **changes}  # type: ignore[dict-item]
        self.state["core"] = {"core": row}
        self.app.tick()
        await self.pilot.pause()

    async def answer(self, status: str, text: str = "") -> None:
        self.operator.on_result(str(self.sent[-1]["id"]), status, text)
        self.app.tick()
        await self.pilot.pause()

    def _send(self, message: Message) -> None:
        if self.cut:
            raise CoreNotRunning("there is no connection")
        self.sent.append(message)

    def _stop(self) -> EmergencyStop:
        self.stops += 1
        return EmergencyStop(Path("/home/STOP"), "", core_runs=True, signalled_pid=42)


@contextlib.asynccontextmanager
async def bench(
    state: State | None = None,
    size: tuple[int, int] = (80, 24),
    status: LinkStatus | None = None,
    glyphs: Glyphs = BRAILLE,
) -> AsyncIterator[Bench]:
    """Run the app headless."""
    live = LinkStatus(phase=Phase.LIVE, for_s=0.0)
    under_test = Bench(demo_state() if state is None else state, status or live, glyphs)
    async with under_test.app.run_test(size=size) as pilot:
        under_test.pilot = pilot
        await pilot.pause()
        yield under_test
