"""Where each panel stands for a given room. Pure arithmetic, so that every window size can be tested.

The invariant: panels never overlap, never leave the room, and every panel that is shown has a line for content.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

CONNECTION, QUOTES, POSITIONS, ORDERS, RISK, LOG = "connection", "quotes", "positions", "orders", "risk", "log"
#: In the order of their numbers, 1 to 6.
PANELS = (CONNECTION, QUOTES, POSITIONS, ORDERS, RISK, LOG)

#: The smallest terminal that shows panels; header and kill key are shown in any.
MIN_WIDTH, MIN_HEIGHT = 60, 16
_TWO_COLUMNS, _FOUR_ROWS = 76, 18
_WIDE, _TALL = 112, 26
_SIDE = 32
_ROOMY = 80
_WIDE_SIDE = 40


@dataclass(frozen=True, slots=True)
class Slot:
    """A panel's place. `divided`: another panel stands to its left."""

    x: int
    y: int
    width: int
    height: int
    divided: bool = False


@dataclass(frozen=True, slots=True)
class Need:
    """Lines of a group of panels: it cannot do with less than `least`, and has no use for more than `most`."""

    least: int
    most: int


def plan(
    width: int, height: int, rows: Mapping[str, int], *, focus: str = QUOTES, maximised: str = ""
) -> dict[str, Slot]:
    """Return the slots in a room of `width` x `height`.

    `rows` says how many rows each panel has to show, `maximised` names the panel that gets all the room, and `focus`
    the one to show where there is room for one only.
    """
    if width <= 0 or height <= 0:
        return {}
    if maximised:
        return {maximised: Slot(0, 0, width, height)}
    if width >= _WIDE and height >= _TALL:
        return _wide(width, height, rows)
    if width >= _TWO_COLUMNS and height >= _FOUR_ROWS:
        return _standard(width, height, rows)
    return _compact(width, height, QUOTES if focus == LOG else focus)


def share(room: int, needs: Sequence[Need]) -> list[int]:
    """Return `room` lines divided among `needs`: first the least of each, then what they can use, the rest to the last.

    The sum is `room` unless the least amounts alone exceed it.
    """
    lines = [need.least for need in needs]
    left = room - sum(lines)
    while left > 0 and (open_needs := [i for i, need in enumerate(needs) if lines[i] < need.most]):
        for index in open_needs:
            if left > 0:
                lines[index] += 1
                left -= 1
    if left > 0:
        lines[-1] += left
    return lines


def fill(room: int, needs: Sequence[Need]) -> list[int]:
    """Return `room` lines divided among `needs`: the least of each, then what each can use in their order.

    The sum is `room` unless the least amounts alone exceed it.
    """
    lines = [need.least for need in needs]
    left = max(room - sum(lines), 0)
    for index, need in enumerate(needs):
        more = min(max(need.most - need.least, 0), left)
        lines[index] += more
        left -= more
    lines[-1] += left
    return lines


def _standard(width: int, height: int, rows: Mapping[str, int]) -> dict[str, Slot]:
    top, middle, orders, log = share(
        height,
        (
            Need(5, max(_lines(rows, QUOTES), 8)),
            Need(5, max(_lines(rows, POSITIONS), _lines(rows, RISK) - 1)),
            Need(4, max(_lines(rows, ORDERS), 6)),
            Need(4, height),
        ),
    )
    side = _SIDE if width >= _ROOMY else _SIDE - 1
    left = width - side
    return {
        QUOTES: Slot(0, 0, left, top),
        CONNECTION: Slot(left, 0, side, top, divided=True),
        POSITIONS: Slot(0, top, left, middle),
        RISK: Slot(left, top, side, middle, divided=True),
        ORDERS: Slot(0, top + middle, width, orders),
        LOG: Slot(0, top + middle + orders, width, log),
    }


def _wide(width: int, height: int, rows: Mapping[str, int]) -> dict[str, Slot]:
    left = width - _WIDE_SIDE
    # All quotes in sight come first, then positions, then some log; the blotter takes what is left.
    quotes, positions, log, orders = fill(
        height,
        (
            Need(6, _lines(rows, QUOTES)),
            Need(5, _lines(rows, POSITIONS)),
            Need(6, max(height // 4, 6)),
            Need(5, height),
        ),
    )
    upper = height - log
    connection, risk = fill(upper, (Need(8, rows.get(CONNECTION, 0) + 2), Need(6, upper)))
    return {
        QUOTES: Slot(0, 0, left, quotes),
        POSITIONS: Slot(0, quotes, left, positions),
        ORDERS: Slot(0, quotes + positions, left, orders),
        CONNECTION: Slot(left, 0, _WIDE_SIDE, connection, divided=True),
        RISK: Slot(left, connection, _WIDE_SIDE, risk, divided=True),
        LOG: Slot(0, upper, width, log),
    }


def _compact(width: int, height: int, focus: str) -> dict[str, Slot]:
    log = 5 if height >= 10 else 0
    slots = {focus: Slot(0, 0, width, height - log)}
    if log:
        slots[LOG] = Slot(0, height - log, width, log)
    return slots


def _lines(rows: Mapping[str, int], panel: str) -> int:
    # Heading, column titles, and a line even for an empty panel.
    return max(rows.get(panel, 0), 1) + 2
