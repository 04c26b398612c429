"""Runs the console: a thread that paints, a reader of keys, and the log on the screen in place of standard error.

Invariant: a terminal that stalls stops the painting and nothing else; the terminal is left as it was found.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import termios
import threading
import tty
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from queue import Empty, Full, Queue
from typing import TYPE_CHECKING, Final

from rich.console import RenderableType
from rich.live import Live

from tradetui.gateway.console.keys import Keyboard
from tradetui.gateway.console.screen import render
from tradetui.gateway.console.snapshot import Observer

if TYPE_CHECKING:
    from tradetui.gateway.server import GatewayServer

EVERY_S: Final = 0.5
_LOG_LINES: Final = 5
_LAST_PAINT_S: Final = 1.0


async def show(gateway: GatewayServer, quit_: Callable[[], None]) -> None:
    """Show the console until cancelled; `quit_` is called when the operator asks to end the gateway.

    Raises OSError for a terminal that cannot do it.
    """
    log: deque[str] = deque(maxlen=_LOG_LINES)
    observer, keyboard = Observer(gateway, log), Keyboard(gateway, quit_)
    changed = asyncio.Event()

    def read() -> None:
        data = os.read(sys.stdin.fileno(), 64)
        for key in data.decode("utf-8", "replace"):
            keyboard.press(key)
        if not data:
            asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
        changed.set()

    loop = asyncio.get_running_loop()
    with _single_keys(), _logged_to(log), _Painter() as painter:
        loop.add_reader(sys.stdin.fileno(), read)
        try:
            while True:
                painter.paint(render(observer.look(keyboard.symbol), keyboard.prompt))
                changed.clear()
                try:
                    async with asyncio.timeout(EVERY_S):
                        await changed.wait()
                except TimeoutError:
                    continue
        finally:
            loop.remove_reader(sys.stdin.fileno())


class _Painter:
    """Paints in a thread of its own, for a stalled terminal blocks; drops what it cannot paint in time."""

    def __init__(self) -> None:
        self._next: Queue[RenderableType | None] = Queue(maxsize=1)
        self._thread = threading.Thread(target=self._run, name="gateway-console", daemon=True)

    def paint(self, picture: RenderableType | None) -> None:
        """Paint this next, unless something still waits."""
        try:
            self._next.put_nowait(picture)
        except Full:
            return

    def __enter__(self) -> _Painter:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(Empty):
            self._next.get_nowait()
        self.paint(None)
        self._thread.join(_LAST_PAINT_S)

    def _run(self) -> None:
        with Live(screen=True, auto_refresh=False, redirect_stdout=False, redirect_stderr=False) as live:
            while (picture := self._next.get()) is not None:
                live.update(picture, refresh=True)


@contextmanager
def _single_keys() -> Iterator[None]:
    """Give keys one by one and unechoed; ctrl-c still interrupts."""
    descriptor = sys.stdin.fileno()
    try:
        before = termios.tcgetattr(descriptor)
        tty.setcbreak(descriptor)
    except termios.error as error:
        raise OSError(f"the terminal cannot give single keys: {error}") from error
    try:
        yield
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


@contextmanager
def _logged_to(lines: deque[str]) -> Iterator[None]:
    """Send log lines to the console instead of anywhere else."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    root.handlers = [_Lines(lines)]
    root.setLevel(min(level, logging.INFO) if level else logging.INFO)
    try:
        yield
    finally:
        root.handlers = before
        root.setLevel(level)


class _Lines(logging.Handler):
    def __init__(self, lines: deque[str]) -> None:
        super().__init__()
        self._lines = lines
        self.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%H:%M:%S"))

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(self.format(record).splitlines()[0])
