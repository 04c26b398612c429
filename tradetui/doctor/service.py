"""Does the system leave a core alone that was started from a login which has ended since."""

from __future__ import annotations

import pwd
from collections.abc import Iterator
from pathlib import Path

from tradetui.doctor.finding import Case, Finding, ok, warn

_LOGIND = (
    "usr/lib/systemd/logind.conf.d",
    "etc/systemd/logind.conf",
    "etc/systemd/logind.conf.d",
    "run/systemd/logind.conf.d",
)


def check_service(case: Case) -> Iterator[Finding]:
    """Check lingering and KillUserProcesses where systemd runs."""
    if not (case.root / "run/systemd/system").is_dir():
        yield ok("service", "no systemd here: nothing ends a core when its login ends")
        return
    user = _user_name(case.paths.home.stat().st_uid)
    lingers = (case.root / "var/lib/systemd/linger" / user).exists()
    if lingers or user == "root":
        yield ok("service", f"processes of {user} outlive the login")
    elif kills_user_processes(case.root):
        remedy = f"run: loginctl enable-linger {user}, and start the core as a user unit (docs/runbook.md)"
        yield warn("service", "logind ends your processes when you log out: the core too", remedy)
    else:
        remedy = f"for a core that also starts with the machine: loginctl enable-linger {user} (docs/runbook.md)"
        yield warn("service", f"{user} does not linger: a user unit of the core ends with the last login", remedy)


def kills_user_processes(root: Path) -> bool:
    """Return whether logind is told to end a user's processes; the last word counts, Debian's default is no."""
    said = False
    for place in _LOGIND:
        path = root / place
        files = sorted(path.glob("*.conf")) if path.is_dir() else [path]
        for file in files:
            said = _said_in(file, said)
    return said


def _said_in(file: Path, before: bool) -> bool:
    try:
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return before
    for line in lines:
        key, _, value = line.partition("=")
        if key.strip() == "KillUserProcesses":
            before = value.strip().lower() in ("yes", "true", "1", "on")
    return before


def _user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
