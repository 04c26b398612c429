"""The disk under the journal: can it write, sync and lock, how fast, and how much is left."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tradetui.doctor.finding import Case, Finding, fail, ok, warn
from tradetui.domain.errors import StoreError

#: Every order waits for one sync.
SLOW_SYNC_MS = 20.0
LOW_FREE_BYTES = 1 << 30
_SYNCS = 5


def check_disk(case: Case) -> Iterator[Finding]:
    """Test the folder of the state (the home while there is none) as the core does at its start."""
    from tradetui.store.disk_check import check_disk as check_as_core

    folder = case.paths.state if case.paths.state.is_dir() else case.paths.home
    try:
        check_as_core(folder)
        sync_ms = sync_time_ms(folder)
    except (StoreError, OSError) as error:
        yield fail("disk", str(error), "trading needs a writable local disk")
        return
    space = os.statvfs(folder)
    free = space.f_bavail * space.f_frsize
    text = f"writes, syncs in {sync_ms:.1f} ms and locks; {free / 2**30:,.1f} GB free"
    if sync_ms > SLOW_SYNC_MS:
        yield warn("disk", text, "every order waits for one sync: use a faster disk for the home")
    elif free < LOW_FREE_BYTES:
        yield warn("disk", text, "make room: the journal and the recorded bars grow every day")
    else:
        yield ok("disk", text)


def sync_time_ms(folder: Path) -> float:
    """Return the median milliseconds of writing and syncing one page.

    Raises:
        OSError: the folder cannot be written.
    """
    taken = []
    with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
        for _ in range(_SYNCS):
            begin = time.perf_counter()
            file.write(bytes(4096))
            os.fsync(file.fileno())
            taken.append((time.perf_counter() - begin) * 1000)
    return sorted(taken)[_SYNCS // 2]
