"""The interpreter and the packages that differ between machines."""

from __future__ import annotations

import importlib.util
import platform
import sys
from collections.abc import Iterator

from tradetui import __version__
from tradetui.doctor.finding import Case, Finding, fail, ok, warn

SUPPORTED = ((3, 11), (3, 14))
_IB_LIBRARIES = ("ib_insync", "ib_async")


def check_python(_: Case) -> Iterator[Finding]:
    """Check the interpreter's version."""
    version = platform.python_version()
    if SUPPORTED[0] <= sys.version_info[:2] < SUPPORTED[1]:
        yield ok("python", f"Python {version}, tradetui {__version__}")
    else:
        yield fail("python", f"Python {version} is not supported", "install with Python 3.11, 3.12 or 3.13")


def check_ib_library(_: Case) -> Iterator[Finding]:
    """Check that exactly one IB library is there: two would answer for each other."""
    found = [name for name in _IB_LIBRARIES if importlib.util.find_spec(name) is not None]
    if not found:
        yield fail("ib library", "neither ib_insync nor ib_async is installed", "run: make install")
    elif len(found) > 1:
        remedy = f"remove one of them; {found[0]} is used"
        yield warn("ib library", f"{' and '.join(found)} are both installed", remedy)
    else:
        yield ok("ib library", found[0])
