"""What a panel shows: columns and rows of strings with tones. Frozen, so that equality tells what to repaint."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

GAP = 1


class Tone(StrEnum):
    """How a text is drawn; the theme gives the colours. The words carry the meaning, a tone only stresses it."""

    TEXT = "text"
    DIM = "dim"
    LABEL = "label"
    STRONG = "strong"
    ACCENT = "accent"
    GOOD = "good"
    BAD = "bad"
    WARN = "warn"
    ALARM = "alarm"
    CAUTION = "caution"
    CALM = "calm"
    PAPER = "paper"
    LIVE = "live"
    KEY = "key"
    CURSOR = "cursor"


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of text in one tone."""

    text: str
    tone: Tone = Tone.TEXT


Line = tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a grid; `tail` follows the text in a tone of its own."""

    text: str
    tone: Tone = Tone.TEXT
    tail: str = ""
    tail_tone: Tone = Tone.DIM


EMPTY_CELL = Cell("")


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of fixed width. Priority 0 always stays; the highest goes first when room is short.

    One column may `stretch`: it gets the room that is left, and is there only when that is at least `width`.
    """

    title: str
    width: int
    priority: int = 0
    right: bool = False
    stretch: bool = False


@dataclass(frozen=True, slots=True)
class GridRow:
    """A row; `key` identifies it whatever its place, so that the cursor follows it."""

    key: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class GridView:
    """A panel's content. `info` stands at the right end of its heading; `empty` is said when there are no rows."""

    columns: tuple[Column, ...]
    rows: tuple[GridRow, ...] = ()
    info: str = ""
    info_tone: Tone = Tone.DIM
    titles: bool = True
    empty: Line = field(default=())
    newest_last: bool = False


def fit_columns(columns: Sequence[Column], width: int) -> list[tuple[int, int]]:
    """Return (index, width) of the columns that fit into `width` cells, in order."""
    kept = sorted(range(len(columns)), key=lambda index: (columns[index].priority, index))
    while kept:
        room = width - sum(columns[index].width + GAP for index in kept) + GAP
        if room >= 0:
            break
        kept.pop()
    else:
        return []
    return [(index, columns[index].width + (room if columns[index].stretch else 0)) for index in sorted(kept)]
