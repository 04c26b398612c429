"""Line numbers for TOML keys, which the standard parser does not give.

Made for documents that `tomllib` has already accepted. The document is cut into statements, each as short as the parser
takes it, so strings, comments and brackets are judged by the real parser and by nothing else.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator

KeyPath = tuple[str, ...]


def key_lines(text: str) -> dict[KeyPath, int]:
    """Return the 1-based line where each table and key of a valid TOML document first stands."""
    lines = text.replace("\r\n", "\n").split("\n")
    found: dict[KeyPath, int] = {}
    table: KeyPath = ()
    first = 0
    while first < len(lines):
        used, tree = _statement(lines, first)
        paths = list(_paths(tree))
        if lines[first].lstrip().startswith("["):
            table = paths[-1]
        else:
            paths = [table + path for path in paths]
        for path in paths:
            found.setdefault(path, first + 1)
        first += used
    return found


def _statement(lines: list[str], first: int) -> tuple[int, dict[str, object]]:
    # A newline ends a statement unless a bracket or a long string is open, and then the parser refuses the part.
    used = 1
    while True:
        try:
            return used, tomllib.loads("\n".join(lines[first : first + used]))
        except tomllib.TOMLDecodeError:
            if first + used == len(lines):
                raise
            used += 1


def _paths(tree: dict[str, object]) -> Iterator[KeyPath]:
    for name, value in tree.items():
        yield (name,)
        if isinstance(value, dict):
            yield from ((name, *path) for path in _paths(value))
