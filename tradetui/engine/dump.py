"""State and stacks on demand (SIGUSR2), into the private log folder."""

from __future__ import annotations

import faulthandler
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import IO

STACKS_NAME = "stacks.log"


def open_stacks(folder: Path) -> IO[str]:
    """Open the file that stacks are written to; started anew at each start of the core."""
    descriptor = os.open(folder / STACKS_NAME, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    return os.fdopen(descriptor, "w", encoding="utf-8")


def dump_state(folder: Path, state: Mapping[str, object], stacks: IO[str], stamp_ns: int) -> Path | None:
    """Write `state` and every thread's stack; return the state's file, None when the disk does not take it."""
    try:
        faulthandler.dump_traceback(file=stacks, all_threads=True)
        path = folder / f"state-{stamp_ns}.json"
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(state, file, indent=1, default=str)
    except OSError:
        return None
    return path
