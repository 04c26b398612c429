"""Crash reports: the traceback of an unexpected error goes to a private file, never to the operator's terminal.

The invariant: a report holds the code's path through the error, but no local variables and no environment.
"""

from __future__ import annotations

import argparse
import os
import platform
import tempfile
import traceback
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from tradetui import __version__
from tradetui.cli.main import verb_of
from tradetui.domain.errors import TradetuiError
from tradetui.home import resolve_paths


def write_report(words: Sequence[str], error: Exception) -> Path:
    """Write the report of `error`, raised by the command line `words`, and return its path (mode 0600)."""
    stamp = datetime.now(UTC)
    lines = [
        f"tradetui {__version__}, Python {platform.python_version()}, {platform.platform()}",
        f"{stamp.isoformat()}  command: {verb_of(words)}",
        "",
        *traceback.format_exception(error),
    ]
    descriptor, name = tempfile.mkstemp(
        prefix=f"crash-{stamp:%Y%m%dT%H%M%SZ}-", suffix=".log", dir=_folder(words), text=True
    )
    with os.fdopen(descriptor, "w", encoding="utf-8") as report:
        report.write("\n".join(lines))
    return Path(name)


def _folder(words: Sequence[str]) -> Path:
    options = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    options.add_argument("--home")
    options.add_argument("--profile")
    try:
        known, _ = options.parse_known_args(list(words))
        paths = resolve_paths(known.home, known.profile, os.environ, Path.cwd())
        paths.prepare()
    except (TradetuiError, argparse.ArgumentError, OSError):
        return Path(tempfile.gettempdir())
    return paths.logs
