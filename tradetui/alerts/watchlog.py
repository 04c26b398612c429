"""The watcher's own log: JSON lines in a 0600 file, for what must be known even when the core is gone.

Invariant: writing never raises and never grows past two files of `MAX_BYTES`; a full disk must not stop an alert.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

from tradetui.domain.clock import to_datetime

NAME = "alerts.log"
MAX_BYTES = 1_000_000


class WatchLog:
    """Appends to `folder`/alerts.log. `failing` tells whether the last write was lost."""

    def __init__(self, folder: Path, wall_ns: Callable[[], int]) -> None:
        self._path = folder / NAME
        self._wall_ns = wall_ns
        self.failing = False

    def write(self, what: str, **fields: str | int | None) -> None:
        """Append one line: the time, `what` happened, and its fields."""
        moment = to_datetime(self._wall_ns()).isoformat(timespec="milliseconds")
        line = json.dumps({"ts": moment, "what": what, "pid": os.getpid(), **fields}, ensure_ascii=True) + "\n"
        try:
            self._append(line.encode())
            self.failing = False
        except OSError:
            self.failing = True

    def _append(self, line: bytes) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
        handle = os.open(self._path, flags, 0o600)
        try:
            os.fchmod(handle, 0o600)
            os.write(handle, line)
            size = os.fstat(handle).st_size
        finally:
            os.close(handle)
        if size > MAX_BYTES:
            self._path.replace(self._path.with_suffix(".log.1"))
