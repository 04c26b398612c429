"""Keep two watchers of one installation from sending at the same time while one hands over to the other.

Invariant: the lock belongs to an open file, so it ends with its holder, however that dies.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

NAME = "alerts.lock"


class SoleLock:
    """An exclusive lock on `folder`/alerts.lock."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / NAME
        self._handle: int | None = None

    def acquire(self) -> bool:
        """Return whether this process holds the lock now; never waits. True when no lock file can be made at all."""
        if self._handle is not None:
            return True
        try:
            handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except OSError:
            return True  # a full or broken disk must not stop an alert
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(handle)
            return False
        self._handle = handle
        return True

    def release(self) -> None:
        """Give the lock back."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None
