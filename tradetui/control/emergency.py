"""Stopping the trading of a core whose socket does not answer: the STOP file, and SIGUSR1 to its process.

The invariant: the signal goes only to the process that holds the profile's lock now, because a process id read earlier
may by then belong to another program, which the signal would end.
"""

from __future__ import annotations

import fcntl
import os
import signal
from dataclasses import dataclass
from pathlib import Path

from tradetui.home import Paths


@dataclass(frozen=True, slots=True)
class EmergencyStop:
    """What was done without the socket: the STOP file's problem (empty: written), and the process signalled."""

    stop_file: Path
    stop_problem: str
    core_runs: bool
    signalled_pid: int | None

    @property
    def text(self) -> str:
        """One line for the operator. It never says that trading stopped: only the core can."""
        wrote = "STOP file written" if not self.stop_problem else f"STOP file NOT written ({self.stop_problem})"
        if self.signalled_pid is not None:
            return f"{wrote}, kill signal sent to core {self.signalled_pid}. NOT CONFIRMED by the core"
        if self.core_runs:
            return f"{wrote}, the core's process is unknown so no signal was sent. NOT CONFIRMED by the core"
        return f"{wrote}. No core is running; orders at the broker may still be live"


def stop_without_socket(paths: Paths, *, who: str, stamp: str) -> EmergencyStop:
    """Write the STOP file and signal the process that holds the core's lock. Never raises, safe to repeat.

    `who` and `stamp` (a readable time) go into the STOP file for whoever finds it.
    """
    problem = _write_stop_file(paths.stop_file, f"{stamp} {who}: kill, the core's socket did not answer\n")
    runs = is_locked(paths.lock)
    pid = _pid_in(paths.lock) if runs else None
    signalled = pid if pid is not None and _signal(pid) else None
    return EmergencyStop(paths.stop_file, problem, runs, signalled)


def _write_stop_file(path: Path, line: str) -> str:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        # A file that is there stops trading whatever is in it.
        return "" if path.exists() else (error.strerror or str(error))
    return ""


def is_locked(path: Path) -> bool:
    """Return whether a process holds the lock at `path`: the core of its profile runs."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False


def _pid_in(path: Path) -> int | None:
    try:
        first = path.read_text(encoding="utf-8").split(maxsplit=1)[0]
        pid = int(first)
    except (OSError, ValueError, IndexError):
        return None
    return pid if pid > 1 else None


def _signal(pid: int) -> bool:
    try:
        os.kill(pid, signal.SIGUSR1)
    except OSError:
        return False
    return True
