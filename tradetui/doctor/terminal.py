"""Can this terminal show the screen."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

from tradetui.doctor.finding import Case, Finding, fail, ok, warn

SMALLEST = (80, 24)
_TRUE_COLOUR = ("truecolor", "24bit")


def check_terminal(case: Case) -> Iterator[Finding]:
    """Check kind, size, colours and character set."""
    if not sys.stdout.isatty():
        yield ok("terminal", "standard output is no terminal: the screen's needs were not looked at")
        return
    term = case.environ.get("TERM", "")
    if term in ("", "dumb"):
        yield fail("terminal", f"TERM={term or 'unset'} shows no screen", "use a real terminal, or `tradetui status`")
        return
    columns, lines = os.get_terminal_size(sys.stdout.fileno())
    text = f"{term}, {columns}x{lines}, {colours(case, term)}"
    encoding = (sys.stdout.encoding or "").lower().replace("-", "")
    if columns < SMALLEST[0] or lines < SMALLEST[1]:
        yield warn("terminal", text, f"make it at least {SMALLEST[0]}x{SMALLEST[1]}")
    elif encoding != "utf8":
        yield warn("terminal", f"{text}, {encoding or 'unknown character set'}", "set LANG to a UTF-8 locale")
    else:
        yield ok("terminal", text)


def colours(case: Case, term: str) -> str:
    """Return how many colours the terminal says it has."""
    if case.environ.get("NO_COLOR"):
        return "no colours wanted (NO_COLOR)"
    if case.environ.get("COLORTERM", "").lower() in _TRUE_COLOUR:
        return "true colour"
    return "256 colours" if "256" in term else "few colours"
