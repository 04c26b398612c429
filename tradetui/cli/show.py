"""Answers on standard output: aligned tables for people, JSON for scripts.

The invariant: an unknown value is shown as unknown, and text from outside reaches the terminal without control
characters.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, tzinfo

from tradetui.control.messages import JsonValue

UNKNOWN = "-"
_NS = 1_000_000_000

Rows = Sequence[Mapping[str, JsonValue]]


def show_json(value: object) -> None:
    """Print `value` as JSON."""
    print(json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False))


def show_table(headers: Sequence[str], rows: Sequence[Sequence[str]], numeric: Sequence[str] = ()) -> None:
    """Print rows under their headers, the `numeric` columns aligned to the right."""
    cells = [[plain(cell) for cell in row] for row in rows]
    widths = [max(len(header), *(len(row[at]) for row in cells), 0) for at, header in enumerate(headers)]
    for row in (list(headers), *cells):
        parts = [
            cell.rjust(width) if header in numeric else cell.ljust(width)
            for cell, width, header in zip(row, widths, headers, strict=True)
        ]
        print("  ".join(parts).rstrip())


def show_pairs(pairs: Sequence[tuple[str, str]]) -> None:
    """Print names and values, one pair per line."""
    width = max((len(name) for name, _ in pairs), default=0)
    for name, value in pairs:
        print(f"{name.ljust(width)}  {plain(value)}")


def plain(text: str) -> str:
    """Return `text` on one line without characters that a terminal acts on."""
    return "".join(char if char.isprintable() else "?" for char in text)


def number(value: object, digits: int = 2) -> str:
    """Return a number with `digits` decimals, unknown when it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return UNKNOWN
    return f"{value:,.{digits}f}"


def signed(value: object, digits: int = 2) -> str:
    """Return a number with its sign."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return UNKNOWN
    return f"{value:+,.{digits}f}"


def quantity(value: object) -> str:
    """Return a quantity, whole where it is whole."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return UNKNOWN
    return f"{value:,.0f}" if value == int(value) else f"{value:,.4f}".rstrip("0")


def text(value: object) -> str:
    """Return a text, unknown when there is none."""
    return value if isinstance(value, str) and value else UNKNOWN


def moment(ns: object, zone: tzinfo = UTC) -> str:
    """Return a time of UTC nanoseconds in `zone`, to the second."""
    if isinstance(ns, bool) or not isinstance(ns, int) or ns <= 0:
        return UNKNOWN
    return datetime.fromtimestamp(ns // _NS, tz=zone).strftime("%Y-%m-%d %H:%M:%S")
