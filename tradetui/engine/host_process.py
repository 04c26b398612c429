"""One child process of a strategy host: started closed off, fed without waiting, killed without asking."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import tradetui
from tradetui.domain.errors import StrategyError
from tradetui.engine.host_messages import MAX_LINE, FromHost, ToHost, decode_from_host, encode

_log = logging.getLogger(__name__)

COMMAND = (sys.executable, "-P", "-s", "-m", "tradetui.engine.strategy_host")
#: Unread bytes at which a host counts as hung.
_MAX_UNREAD = 8 << 20
_LOG_LINES_PER_S = 20
_LOG_LINE_LENGTH = 500


class HostProcess:
    """A running child. Make it with `start`."""

    def __init__(self, process: asyncio.subprocess.Process, name: str) -> None:
        if process.stdin is None or process.stdout is None or process.stderr is None:
            raise ValueError("a strategy host needs its three pipes")
        self._process = process
        self._to_host = process.stdin
        self._from_host = process.stdout
        self._printing = asyncio.create_task(_log_lines(name, process.stderr))

    @classmethod
    async def start(cls, name: str, cwd: Path, command: Sequence[str] = COMMAND) -> HostProcess:
        """Start the child of strategy `name` with an environment that holds only what Python needs.

        Raises:
            StrategyError: the system does not start it.
        """
        root = str(Path(tradetui.__file__).parents[1])
        environment = {"PATH": os.defpath, "LANG": "C.UTF-8", "PYTHONPATH": root, "PYTHONHASHSEED": "0"}
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=environment,
                cwd=cwd,
                start_new_session=True,
                limit=MAX_LINE,
            )
        except OSError as error:
            raise StrategyError(f"the strategy's process cannot be started: {error.strerror}") from None
        return cls(process, name)

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._process.pid

    def send(self, message: ToHost) -> bool:
        """Hand a message over without waiting; return False when the child lives and has stopped reading."""
        if self._to_host.is_closing():
            return True  # it has ended, and `receive` tells how: its last words may still be in the pipe
        self._to_host.write(encode(message))
        return self._to_host.transport.get_write_buffer_size() <= _MAX_UNREAD

    async def receive(self) -> FromHost:
        """Return the child's next message.

        Raises:
            StrategyError: it ended, or said something that is not understood.
        """
        try:
            line = await self._from_host.readline()
        except ValueError:
            raise StrategyError("the host sent a line over the limit") from None
        if not line.endswith(b"\n"):
            code = await self._process.wait()
            raise StrategyError(f"the strategy's process ended ({_ending(code)})")
        return decode_from_host(line)

    async def kill(self) -> None:
        """End the child and everything it started, at once."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        await self._process.wait()
        self._to_host.close()
        self._printing.cancel()
        await asyncio.gather(self._printing, return_exceptions=True)


async def _log_lines(name: str, pipe: asyncio.StreamReader) -> None:
    """Pass on what the strategy prints, at most _LOG_LINES_PER_S."""
    log = _log.getChild(name)
    window, printed, dropped = 0.0, 0, 0
    while True:
        try:
            line = await pipe.readline()
        except ValueError:
            continue  # longer than the pipe's limit: dropped
        if not line:
            return
        now = asyncio.get_running_loop().time()
        if now - window > 1.0:
            if dropped:
                log.warning("%d more lines were not logged", dropped)
            window, printed, dropped = now, 0, 0
        printed += 1
        if printed > _LOG_LINES_PER_S:
            dropped += 1
            continue
        log.warning("%s", line.decode(errors="replace").rstrip()[:_LOG_LINE_LENGTH])


def _ending(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"
