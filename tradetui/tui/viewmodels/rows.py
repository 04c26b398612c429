"""Tolerant reading of the core's rows. The invariant: a missing or mistyped value is None or empty, never a guess."""

from __future__ import annotations

from tradetui.control.messages import Row


def number(row: Row, name: str) -> float | None:
    """Return the number under `name`, or None."""
    value = row.get(name)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def whole(row: Row, name: str) -> int | None:
    """Return the whole number under `name`, or None."""
    value = row.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def text(row: Row, name: str) -> str:
    """Return the text under `name`, or an empty one."""
    value = row.get(name)
    return value if isinstance(value, str) else ""


def flag(row: Row, name: str) -> bool:
    """Return whether `name` holds true."""
    return row.get(name) is True


def numbers(row: Row, name: str) -> list[float]:
    """Return the numbers in the list under `name`."""
    value = row.get(name)
    if not isinstance(value, list):
        return []
    return [float(item) for item in value if isinstance(item, int | float) and not isinstance(item, bool)]
