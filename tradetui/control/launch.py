"""Starting the core as a process that outlives the terminal, and waiting for its hello.

The invariant: the core shares no tty, no session and no open file with the caller, so nothing that happens to the
terminal reaches it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from tradetui.control.client import CoreUnavailable, connect_core
from tradetui.domain.errors import OperatorError
from tradetui.home import Paths

#: How long a core may take to answer after its start.
START_S = 10.0
_POLL_S = 0.05
_LOG_NAME = "core.out"
_TAIL_LINES = 12


class CoreStartFailed(OperatorError):
    """The core ended or stayed silent: its last lines are in the text. A silent one goes on starting as `process`."""

    def __init__(self, text: str, process: subprocess.Popen[bytes]) -> None:
        super().__init__(text)
        self.process = process


def core_command(paths: Paths) -> list[str]:
    """Return the command that runs the profile's core in the foreground."""
    return [sys.executable, "-m", "tradetui", "--home", str(paths.home), "--profile", paths.profile, "run"]


def is_answering(paths: Paths) -> bool:
    """Return whether a core of the profile says hello now."""
    try:
        connect_core(paths, client="probe").close()
    except CoreUnavailable:
        return False
    return True


def start_core(
    paths: Paths,
    *,
    command: Sequence[str] | None = None,
    timeout_s: float = START_S,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> subprocess.Popen[bytes]:
    """Start the profile's core in a session of its own and return its process once a core said hello.

    Raises:
        CoreStartFailed: it ended, or did not say hello within `timeout_s` (it is then left to itself).
        HomeError: the state directories cannot be made.
    """
    paths.prepare()
    log = paths.logs / _LOG_NAME
    process, start = _spawn(command or core_command(paths), paths.home, log)
    deadline = clock() + timeout_s
    while clock() < deadline:
        ended = process.poll() is not None
        # Asked once more after its end: another core may have won the race for the lock and answers now.
        if is_answering(paths):
            return process
        if ended:
            raise CoreStartFailed(f"the core ended at its start:\n{_tail(log, start)}", process)
        sleep(_POLL_S)
    silent = f"the core (process {process.pid}) did not answer within {timeout_s:g} s"
    raise CoreStartFailed(f"{silent}; its log is {log}:\n{_tail(log, start)}", process)


def _spawn(command: Sequence[str], home: Path, log: Path) -> tuple[subprocess.Popen[bytes], int]:
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        start = os.fstat(descriptor).st_size
        process = subprocess.Popen(  # noqa: S603 (our own interpreter and module)
            command,
            cwd=home,
            stdin=subprocess.DEVNULL,
            stdout=descriptor,
            stderr=descriptor,
            start_new_session=True,
            close_fds=True,
        )
    finally:
        os.close(descriptor)
    return process, start


def _tail(log: Path, start: int) -> str:
    try:
        with log.open("rb") as file:
            file.seek(start)
            lines = file.read().decode(errors="replace").splitlines()
    except OSError as error:
        return f"  (its log {log} cannot be read: {error.strerror})"
    return "\n".join(f"  {line}" for line in lines[-_TAIL_LINES:]) or f"  (it wrote nothing to {log})"
