"""Reads a frame log again, all of its parts.

Invariant: a file that is no frame log is refused by its name; a last line cut off by a crash ends the log quietly.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tradetui.domain.errors import OperatorError
from tradetui.gateway.frames.log import FORMAT, PARTS, part_name
from tradetui.gateway.frames.row import Row, RowError, parse

Heading = dict[str, object]


@dataclass(frozen=True, slots=True)
class FrameFile:
    """A frame log on disk: its files, oldest first, and the first file's heading."""

    parts: tuple[Path, ...]
    heading: Heading

    @property
    def is_whole(self) -> bool:
        """Whether it begins with the gateway's start."""
        return self.heading.get("part") == 1

    def rows(self) -> Iterator[Row]:
        """Every row in order. Raises OperatorError naming file and line of one that is none."""
        for part in self.parts:
            yield from _rows(part)


def find(path: Path) -> FrameFile:
    """The log that ends in `path`. Raises OperatorError."""
    newest = _heading(path)
    parts, first = [path], newest
    for number in range(1, PARTS):
        older = part_name(path, number)
        # A log of an earlier run may lie behind it; its parts belong to that run.
        if first.get("part") == 1 or not older.exists():
            break
        parts.insert(0, older)
        first = _heading(older)
    return FrameFile(tuple(parts), first)


def _heading(path: Path) -> Heading:
    try:
        with path.open(encoding="utf-8") as file:
            heading = json.loads(file.readline())
    except OSError as error:
        raise OperatorError(f"frame log {path} cannot be read: {error.strerror}") from None
    except ValueError:
        heading = None
    if not isinstance(heading, dict) or heading.get("frames") != FORMAT:
        raise OperatorError(f"{path} is not a frame log; give a file that `tradetui gateway --frame-log` wrote")
    return heading


def _rows(path: Path) -> Iterator[Row]:
    with path.open(encoding="utf-8") as file:
        file.readline()
        for number, line in enumerate(file, start=2):
            try:
                yield parse(line)
            except RowError as error:
                if not line.endswith("\n"):
                    return
                raise OperatorError(f"{path}, line {number}: {error}") from None
