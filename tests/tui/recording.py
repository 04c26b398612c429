"""The app on a terminal that only keeps what is written: no pty, no thread, and a queue as long as a test wants."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

from textual import events
from textual.driver import Driver
from textual.geometry import Size
from textual.pilot import Pilot

from tests.tui.screens_of_bytes import Glass
from tradetui.tui.app import TradeTuiApp


class Queue:
    """A queue that is as long as it says."""

    length = 0

    def qsize(self) -> int:
        return self.length


class Writer:
    """Stands where Textual's writer thread does."""

    def __init__(self) -> None:
        self._queue = Queue()


class RecordingDriver(Driver):
    """Keeps every write."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.written: list[str] = []
        self._writer_thread = Writer()

    def write(self, data: str) -> None:
        self.written.append(data)

    def start_application_mode(self) -> None:
        width, height = self._size or (80, 24)
        self.resize(width, height)

    def resize(self, width: int, height: int) -> None:
        size = Size(width, height)
        self._app.post_message(events.Resize(size, size))

    def disable_input(self) -> None:
        """Nothing is typed here."""

    def stop_application_mode(self) -> None:
        """Nothing to undo."""


class Recorded:
    """A running app and its terminal."""

    def __init__(self, app: TradeTuiApp, size: tuple[int, int]) -> None:
        self.app = app
        self.pilot: Pilot[Any] = Pilot(app)
        self._glass = Glass(*size)

    @property
    def driver(self) -> RecordingDriver:
        driver = self.app._driver
        assert isinstance(driver, RecordingDriver)
        return driver

    def make_busy(self, *, busy: bool) -> None:
        self.driver._writer_thread._queue.length = 5 if busy else 0

    async def resize(self, width: int, height: int) -> None:
        self._glass.resize(width, height)
        self.driver.resize(width, height)
        await self.pilot.pause()

    def taken(self) -> str:
        """Return what was written since the last call, shown on the terminal too."""
        data = "".join(self.driver.written)
        self.driver.written.clear()
        self._glass.feed(data)
        return data

    @property
    def glass(self) -> Glass:
        self.taken()
        return self._glass

    def repainted(self) -> Glass:
        """Return a fresh terminal to which stock Textual painted the screen of now."""
        screen, app = self.app.screen, self.app
        update = screen._compositor.render_update(full=True, screen_stack=app._background_screens)
        glass = Glass(*app.size)
        glass.feed(update.render_segments(app.console))  # type: ignore[union-attr]
        return glass


@contextlib.asynccontextmanager
async def recorded(app: TradeTuiApp, size: tuple[int, int] = (80, 24)) -> AsyncIterator[Recorded]:
    """Run `app` on a recording terminal of `size`."""
    app.driver_class = RecordingDriver
    ready = asyncio.Event()
    task = asyncio.create_task(app.run_async(size=size, mouse=False, auto_pilot=lambda _: _set(ready)))
    await asyncio.wait_for(ready.wait(), 5)
    shown = Recorded(app, size)
    await shown.pilot.pause()
    try:
        yield shown
    finally:
        app.exit()
        await asyncio.wait_for(task, 5)


async def _set(ready: asyncio.Event) -> None:
    ready.set()
