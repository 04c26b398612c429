"""Plants one bug in a copy of the package and runs episodes until an invariant breaks.

The working tree is never touched: the copy is a folder of its own, the patch is applied there, and a process of its own
imports it from there.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PATCHES = Path(__file__).resolve().parent / "patches"
PACKAGES = ("domain", "risk", "simulation", "strategy", "trading")
LIMIT = 500

#: Run in the copy: prints how many episodes it took and what broke, or the limit and nothing.
_SCRIPT = """
import sys
import tradetui
from tradetui.simulation.episode import Episode, EpisodeFailed
root, limit = sys.argv[1], int(sys.argv[2])
if not tradetui.__file__.startswith(root):
    sys.exit(f"wrong package: {tradetui.__file__}")
for number in range(limit):
    try:
        Episode(number).run()
    except EpisodeFailed as failed:
        print(number + 1, failed.reason)
        break
else:
    print(limit)
"""


@dataclass(frozen=True, slots=True)
class Hunt:
    """How a mutant fared: `episodes` until it was found, `reason` empty when it was not."""

    name: str
    episodes: int
    reason: str


def names() -> list[str]:
    """Return the names of all mutants."""
    return sorted(path.stem for path in PATCHES.glob("*.patch"))


def hunt(name: str, limit: int = LIMIT) -> Hunt:
    """Plant the bug `name` in a copy and run up to `limit` episodes.

    Raises:
        ValueError: the patch does not fit the source any more; plant it anew.
        subprocess.CalledProcessError: the episodes could not be run.
    """
    with tempfile.TemporaryDirectory(prefix="mutant-") as folder:
        root = Path(folder).resolve()
        _copy(root)
        _apply(PATCHES / f"{name}.patch", root)
        done = subprocess.run(
            [sys.executable, "-c", _SCRIPT, str(root), str(limit)],
            cwd=root,
            env={**os.environ, "PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            check=True,
            timeout=900,
        )
    episodes, _, reason = done.stdout.strip().partition(" ")
    return Hunt(name, int(episodes), reason)


def _copy(root: Path) -> None:
    package = root / "tradetui"
    package.mkdir()
    shutil.copy(ROOT / "tradetui" / "__init__.py", package)
    for name in PACKAGES:
        shutil.copytree(ROOT / "tradetui" / name, package / name, ignore=shutil.ignore_patterns("__pycache__"))


def fits(name: str) -> bool:
    """Return whether the patch `name` still fits the source."""
    target, before, _ = _change(PATCHES / f"{name}.patch", ROOT)
    return target.exists() and target.read_text().count(before) == 1


def _apply(patch: Path, root: Path) -> None:
    """Apply a patch of one hunk by its text: lines may have moved, but must be the same and be there once."""
    target, before, after = _change(patch, root)
    source = target.read_text()
    if source.count(before) != 1:
        raise ValueError(f"{patch.name} does not fit {target.relative_to(root)}; plant the bug anew")
    target.write_text(source.replace(before, after))


def _change(patch: Path, root: Path) -> tuple[Path, str, str]:
    """Return the file that a patch changes, the text it expects there once, and what it puts there."""
    lines = patch.read_text().splitlines(keepends=True)
    body = lines[3:]
    before = "".join(line[1:] for line in body if line[0] in " -")
    after = "".join(line[1:] for line in body if line[0] in " +")
    return root / lines[1].split()[1].removeprefix("b/"), before, after
