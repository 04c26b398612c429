"""A Python environment of its own for each TWS client library, made once and kept between runs.

The clients may not share an environment with each other or with the project (two of them install the same module), and
some of their licences forbid shipping them, so they are installed from the package index when a test wants them.
"""

from __future__ import annotations

import fcntl
import re
import shutil
import subprocess
import sys
import time
import venv
from pathlib import Path
from typing import Final

import pytest

INSTALL_LIMIT_S: Final = 60
#: What pip says when it cannot reach its index, or when the index has no such package.
_UNREACHABLE: Final = re.compile(
    r"Retrying \(Retry\(|No matching distribution|Could not fetch URL|timed out", re.IGNORECASE
)


#: When the index could not be reached: one attempt per run is enough.
_offline: list[float] = []


def python_with(cache: Path, *requirements: str) -> Path:
    """The interpreter of an environment that holds exactly `requirements`; the test is skipped if none can be had."""
    home = cache / re.sub(r"[^A-Za-z0-9.]+", "-", f"py3.{sys.version_info.minor} {' '.join(requirements)}")
    python = home / "bin" / "python"
    if _offline and not (home / "complete").is_file():
        pytest.skip(f"{' '.join(requirements)}: the package index could not be reached a moment ago")
    # Several test processes may want the same environment at the same time.
    with home.with_name(home.name + ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (home / "complete").is_file():
            shutil.rmtree(home, ignore_errors=True)
            venv.create(home, with_pip=False)
            _install(python, requirements)
            (home / "complete").touch()
    return python


def _install(python: Path, requirements: tuple[str, ...]) -> None:
    command = [
        sys.executable, "-m", "pip", "--python", str(python), "--disable-pip-version-check", "--no-input",
        "--retries", "1", "--timeout", "10",
    ]  # fmt: skip
    try:
        result = subprocess.run(
            [*command, "install", "--quiet", *requirements],
            capture_output=True, text=True, timeout=INSTALL_LIMIT_S, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        _offline.append(time.monotonic())
        pytest.skip(f"{' '.join(requirements)} did not install within {INSTALL_LIMIT_S} s")
    if result.returncode and _UNREACHABLE.search(result.stderr):
        _offline.append(time.monotonic())
        pytest.skip(f"{' '.join(requirements)} cannot be installed from the package index here")
    assert result.returncode == 0, result.stderr
