"""The STOP file: anything but a clean "not found" stops trading.

Invariant: a file, a folder, a dangling link, a missing home or no permission to look all count as STOP.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

#: Real seconds between looks; the promise is KILLED within 1 s.
LOOK_EVERY_S = 0.25


def stop_reason(path: Path) -> str:
    """Return why the STOP file stops trading, empty when it does not."""
    try:
        os.lstat(path)
    except FileNotFoundError:
        try:
            path.parent.stat()
        except OSError as error:
            return f"{path.parent}: cannot look for the STOP file: {error.strerror}"
        return ""
    except OSError as error:
        return f"{path}: cannot look for the STOP file: {error.strerror}"
    return f"{path} exists"


async def watch_stop_file(
    path: Path, report: Callable[[str], None], seen: str = "", every_s: float = LOOK_EVERY_S
) -> None:
    """Call `report` with the reason each time the STOP file comes into being; never returns.

    `seen` is the reason that was acted on already.
    """
    while True:
        reason = stop_reason(path)
        if reason and not seen:
            report(reason)
        seen = reason
        await asyncio.sleep(every_s)
