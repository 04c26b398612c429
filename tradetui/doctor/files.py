"""Owner and permissions of everything that could make this program trade, or tell others what it trades."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from tradetui.doctor.finding import Case, Finding, fail, ok, warn

_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
_OTHERS_ANY = stat.S_IRWXG | stat.S_IRWXO


def check_home(case: Case) -> Iterator[Finding]:
    """Check that nobody else can change the configuration, the strategies or the STOP file."""
    paths = case.paths
    for path in (paths.home, paths.config_file, paths.strategies):
        problem = _writable_by_others(path)
        if problem:
            yield fail("home", problem, f"run: chmod go-w {path}")
            return
    yield ok("home", f"{paths.home} belongs to you; others cannot change it")


def check_env_file(case: Case) -> Iterator[Finding]:
    """Check that .env, which may hold credentials, is closed to others."""
    path = case.paths.env_file
    if not path.exists():
        yield ok("env file", "there is no .env; credentials come from the environment only")
    elif path.stat().st_mode & _OTHERS_ANY:
        yield fail("env file", f"{path} is open to other users", f"run: chmod 600 {path}")
    else:
        yield ok("env file", f"{path} is yours alone")


def check_state(case: Case) -> Iterator[Finding]:
    """Check that the profile's journal, logs and sockets are closed to others."""
    folder = case.paths.state
    if not folder.exists():
        yield ok("state", f"{folder} is made at the first start, closed to others")
        return
    found = folder.stat()
    if found.st_uid != os.getuid():
        yield fail("state", f"{folder} belongs to user id {found.st_uid}", "use a home of your own")
        return
    if found.st_mode & _OTHERS_ANY:
        yield fail("state", f"{folder} is open to other users", f"run: chmod 700 {folder}")
        return
    loose = [path for path in sorted(folder.iterdir()) if path.is_file() and path.stat().st_mode & _OTHERS_ANY]
    if loose:
        yield warn("state", f"{loose[0].name} is open to other users", f"run: chmod -R go-rwx {folder}")
    else:
        yield ok("state", f"{folder} is yours alone")


def _writable_by_others(path: Path) -> str:
    """Return why others can change `path`, empty when they cannot or when it is not there."""
    try:
        found = path.stat()
    except OSError:
        return ""
    if found.st_uid not in (os.getuid(), 0):
        return f"{path} belongs to user id {found.st_uid}"
    return f"{path} can be changed by other users" if found.st_mode & _OTHERS_WRITE else ""
