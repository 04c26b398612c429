"""A program on a pseudo-terminal of 120x40: when which bytes came out of it.

Invariant: everything the program writes is read at once, as a fast terminal would, and it is gone when the block ends.
"""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time
from collections.abc import Sequence
from contextlib import suppress
from types import TracebackType
from typing import Self

from tradetui.bench.measure import Unmeasured

COLUMNS, LINES = 120, 40
_CHUNK = 1 << 16
_ESCAPES = re.compile(rb"\x1b(?:\[[0-9;:<=>?]*[ -/]*[@-~]|[\]P_^][^\x07\x1b]*(?:\x07|\x1b\\)|[ -/]*[0-~])")


class Terminal:
    """A running program and its terminal. `began` is the moment before it was started (perf_counter seconds)."""

    def __init__(self, command: Sequence[str], environ: dict[str, str]) -> None:
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
        environ = {**environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8"}
        self.began = time.perf_counter()
        self._process = subprocess.Popen(  # noqa: S603 (our own interpreter and module)
            command, stdin=slave, stdout=slave, stderr=slave, env=environ, start_new_session=True
        )
        os.close(slave)
        self.written = bytearray()

    @property
    def pid(self) -> int:
        """The program's process id."""
        return self._process.pid

    def read_for(self, seconds: float) -> int:
        """Read for `seconds` and return how many bytes came."""
        before = len(self.written)
        deadline = time.perf_counter() + seconds
        while (left := deadline - time.perf_counter()) > 0:
            self._read(left)
        return len(self.written) - before

    def seconds_until(self, text: str, limit_s: float) -> float:
        """Return the seconds from the start until `text` was painted.

        Raises:
            Unmeasured: it was not within `limit_s`, or the program ended.
        """
        wanted = text.encode()
        deadline = self.began + limit_s
        while wanted not in self.visible():
            left = deadline - time.perf_counter()
            if left <= 0 or not self._read(left):
                shown = " ".join(self.visible().decode(errors="replace").split())
                raise Unmeasured(f"{text!r} did not appear within {limit_s:g} s: {shown[-200:]}")
        return time.perf_counter() - self.began

    def visible(self) -> bytes:
        """Return everything written so far, without escape sequences."""
        return _ESCAPES.sub(b"", bytes(self.written))

    def type_in(self, text: str) -> None:
        """Type `text`."""
        os.write(self._master, text.encode())

    def cpu_s(self) -> float:
        """Return the processor seconds the program has used."""
        with open(f"/proc/{self.pid}/stat", encoding="ascii") as file:  # noqa: PTH123 (no path of ours)
            ticks = file.read().rsplit(")", 1)[1].split()[11:13]
        return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")

    def _read(self, limit_s: float) -> bool:
        """Read once, waiting `limit_s` at most; return False when the program has closed its end."""
        ready, _, _ = select.select([self._master], [], [], limit_s)
        if not ready:
            return True
        try:
            data = os.read(self._master, _CHUNK)
        except OSError:
            return False
        self.written += data
        return bool(data)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        # Closing the terminal is how a screen ends when its user goes.
        os.close(self._master)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(5.0)
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
