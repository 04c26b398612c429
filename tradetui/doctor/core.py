"""The core of the profile: does one run, is it alive, and does anything keep it from trading."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from tradetui.control.client import CoreNotAnswering, CoreUnavailable, connect_core
from tradetui.control.emergency import is_locked
from tradetui.control.messages import Row
from tradetui.doctor.finding import Case, Finding, fail, ok, warn

#: The core touches its heartbeat ten times a second.
STALE_HEARTBEAT_S = 5.0


def check_stop_file(case: Case) -> Iterator[Finding]:
    """Look for the STOP file."""
    path = case.paths.stop_file
    if path.is_symlink() or path.exists():
        yield warn(
            "stop file", f"{path} is there: nothing new is traded", f"when that is not wanted any more: rm {path}"
        )
    else:
        yield ok("stop file", "there is none")


def check_core(case: Case) -> Iterator[Finding]:
    """Ask the running core how it is."""
    paths = case.paths
    try:
        with connect_core(paths, client="doctor") as client:
            state = client.state(("core", "link"))
    except CoreNotAnswering:
        yield fail(
            "core", "it runs but does not answer", f"tradetui --profile {paths.profile} kill, then look at its log"
        )
        return
    except CoreUnavailable as error:
        if is_locked(paths.lock):
            yield fail("core", f"it runs but cannot be asked: {error}", "stop it and start it again")
        else:
            yield ok("core", f"none runs for profile {paths.profile}")
        return
    yield _condition(state["core"]["core"], state["link"]["link"])
    yield _heartbeat(paths.heartbeat)


def _condition(core: Row, link: Row) -> Finding:
    text = f"process {core.get('pid')} is {core.get('state')}, link {link.get('state')}"
    health = str(core.get("health") or "")
    if core.get("state") == "KILLED":
        return warn(
            "core",
            f"{text}: {core.get('why')}",
            "when its cause is dealt with: tradetui resume --unkill --reason WHY --confirm XXXX",
        )
    if core.get("journal") != "ok":
        return fail("core", f"{text}; its journal cannot be written", "make room on the disk")
    if health:
        return warn("core", f"{text}; entries are blocked: {health}", "see tradetui logs")
    if link.get("state") != "READY":
        return warn("core", f"{text}: {link.get('reason')}", "see the line about the gateway")
    return ok("core", text)


def _heartbeat(path: Path) -> Finding:
    try:
        age_s = time.time() - path.stat().st_mtime
    except OSError as error:
        return fail(
            "heartbeat", f"{path} cannot be read: {error.strerror}", "the watcher cannot see that the core lives"
        )
    if age_s > STALE_HEARTBEAT_S:
        return fail("heartbeat", f"{age_s:.0f} s old", "the core hangs: tradetui kill, then see its log")
    return ok("heartbeat", f"{max(age_s, 0.0):.1f} s old")
