"""Makes a calendar's cache file in a process of its own: `-m tradetui.marketdata.calendar_build NAME FROM TO FILE`.

The source needs pandas, which a process never gives back: 90 MB of a core that runs for weeks, for one table.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import tradetui
from tradetui.domain.errors import OperatorError

LIMIT_S = 120.0


def build_elsewhere(name: str, first_year: int, last_year: int, cache_file: Path) -> None:
    """Have `cache_file` written by a child process.

    Raises:
        OperatorError: the exchange is unknown, or the file cannot be written.
    """
    root = str(Path(tradetui.__file__).parents[1])
    words = [name, str(first_year), str(last_year), str(cache_file)]
    try:
        done = subprocess.run(  # noqa: S603 (our own interpreter and module)
            [sys.executable, "-m", "tradetui.marketdata.calendar_build", *words],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise OperatorError(f"the calendar of {name} was not made within {LIMIT_S:g} s; try again") from None
    if done.returncode:
        lines = done.stderr.strip().splitlines()
        raise OperatorError(lines[-1] if lines else f"the calendar of {name} cannot be made: exit {done.returncode}")


def main(argv: Sequence[str]) -> int:
    """Write the file."""
    from tradetui.marketdata.calendar_source import write_table

    name, first_year, last_year, file = argv
    try:
        write_table(name, int(first_year), int(last_year), Path(file))
    except OperatorError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
