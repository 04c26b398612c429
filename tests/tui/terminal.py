"""A real terminal for a real `tradetui` process: a pty whose other end the test reads, or leaves unread."""

from __future__ import annotations

import asyncio
import codecs
import contextlib
import fcntl
import os
import pty
import signal
import struct
import sys
import termios
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path

from tests.tui.screens_of_bytes import Glass
from tests.tui.waiting import until

ROOT = Path(__file__).parents[2]


class Terminal:
    """One process on a pty."""

    def __init__(self, master: int, pid: int, size: tuple[int, int]) -> None:
        self._master = master
        self.pid = pid
        self.glass = Glass(*size)
        self.bytes_read = 0
        self._reading = False
        self._decode = codecs.getincrementaldecoder("utf-8")(errors="replace").decode
        self._news = asyncio.Condition()
        self._tasks: set[asyncio.Task[None]] = set()
        self.exit_code: int | None = None
        self.read(reading=True)

    def read(self, *, reading: bool) -> None:
        """Begin to read what the process writes, or stop: then the pty fills up, as over a stalled connection."""
        loop = asyncio.get_running_loop()
        if reading and not self._reading:
            loop.add_reader(self._master, self._take)
        elif not reading and self._reading:
            loop.remove_reader(self._master)
        self._reading = reading

    def type(self, keys: str) -> None:
        os.write(self._master, keys.encode())

    def resize(self, width: int, height: int) -> None:
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
        self.glass.resize(width, height)

    def hang_up(self) -> None:
        """Close the terminal, as a closed window or a dead connection does."""
        self.read(reading=False)
        os.close(self._master)
        self._master = -1

    async def wait_for(self, wanted: str | Callable[[str], bool], timeout_s: float = 10.0) -> None:
        """Return once the screen shows `wanted`."""

        def shown() -> bool:
            text = self.glass.text
            return wanted in text if isinstance(wanted, str) else wanted(text)

        try:
            async with self._news:
                await asyncio.wait_for(self._news.wait_for(shown), timeout_s)
        except TimeoutError:
            raise AssertionError(f"{wanted} is not on the screen:\n{self.glass.text}") from None

    async def wait_for_exit(self, timeout_s: float = 10.0) -> int:
        """Return the exit code, or minus the signal that ended the process."""
        await until(self._has_exited, timeout_s)
        if self.exit_code is None:
            raise AssertionError("the process has ended and left no code")
        return self.exit_code

    async def close(self) -> None:
        """End the process, whatever it does, and the terminal."""
        if self._master >= 0:
            self.hang_up()
        if self.exit_code is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            await self.wait_for_exit()

    def _has_exited(self) -> bool:
        if self.exit_code is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.exit_code = os.waitstatus_to_exitcode(status)
        return self.exit_code is not None

    def _take(self) -> None:
        try:
            data = os.read(self._master, 1 << 16)
        except OSError:
            self.read(reading=False)
            return
        self.bytes_read += len(data)
        self.glass.feed(self._decode(data))
        task = asyncio.get_running_loop().create_task(self._tell())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _tell(self) -> None:
        async with self._news:
            self._news.notify_all()


@contextlib.asynccontextmanager
async def on_terminal(
    command: Sequence[str],
    *,
    size: tuple[int, int] = (80, 24),
    environ: Mapping[str, str] | None = None,
    cwd: Path = ROOT,
) -> AsyncIterator[Terminal]:
    """Run `command` with the test's Python on a terminal of `size` (columns, rows)."""
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "HOME": str(cwd),
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
        "LANG": "C.UTF-8",
        **(environ or {}),
    }
    pid, master = pty.fork()
    if pid == 0:
        # The child must not run the test's own exit handlers: exec, or end.
        try:
            os.chdir(cwd)
            os.execve(sys.executable, [sys.executable, *command], environment)
        finally:
            os._exit(127)
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
    terminal = Terminal(master, pid, size)
    try:
        yield terminal
    finally:
        await terminal.close()
