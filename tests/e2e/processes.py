"""Which processes belong to a home: every one that works in it or names it on its command line."""

from __future__ import annotations

import os
from pathlib import Path


def processes_of(home: Path) -> dict[int, str]:
    """Return process id -> command line of every living process of `home`; one that has ended but waits is none."""
    found = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and int(folder.name) != os.getpid():
            command = _command_of(folder, home)
            if command:
                found[int(folder.name)] = command
    return found


def environ_of(pid: int) -> dict[str, str]:
    """Return the environment a process was started with, empty when it has ended."""
    return dict(part.split("=", 1) for part in _text(Path(f"/proc/{pid}/environ")).split("\0") if "=" in part)


def _command_of(folder: Path, home: Path) -> str:
    command = _text(folder / "cmdline").replace("\0", " ").strip()
    if not command:
        return ""  # it has ended, or belongs to the kernel
    try:
        where = (folder / "cwd").readlink()
    except OSError:
        return ""
    return command if str(home) in command or where.is_relative_to(home) else ""


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode(errors="replace")
    except OSError:
        return ""
