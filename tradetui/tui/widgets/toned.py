"""Turns spans into strips of the terminal. The last gate for text from outside: nothing unprintable passes it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

from tradetui.tui.viewmodels.formats import plain
from tradetui.tui.viewmodels.glyphs import BRAILLE, Glyphs
from tradetui.tui.viewmodels.model import Span, Tone

TONE_CLASSES = frozenset(f"tone--{tone}" for tone in Tone)


class Toned(Widget):
    """A widget that paints spans in the theme's tones."""

    COMPONENT_CLASSES: ClassVar[set[str]] = set(TONE_CLASSES)

    glyphs: Glyphs = BRAILLE

    def style_of(self, tone: Tone, *, under: Style | None = None) -> Style:
        """Return the style of `tone` on the widget's background, or on the style `under`."""
        own = self.get_component_rich_style(f"tone--{tone}", partial=True)
        return (self.rich_style if under is None else under) + own

    def strip_of(self, spans: Sequence[Span], width: int) -> Strip:
        """Return `spans` as a strip of exactly `width` cells, cut with an ellipsis when they are longer."""
        segments: list[Segment] = []
        left = width
        for span in spans:
            if left <= 0:
                break
            text = fit(span.text, left, self.glyphs)
            segments.append(Segment(text, self.style_of(span.tone)))
            left -= cell_len(text)
        if left > 0:
            segments.append(Segment(" " * left, self.rich_style))
        return Strip(segments, width)


def shown(text: str, glyphs: Glyphs) -> str:
    """Return `text` with nothing in it that the terminal cannot print or would act upon."""
    clean = plain(text)
    return clean.encode("ascii", "replace").decode() if glyphs.ascii_only else clean


def fit(text: str, width: int, glyphs: Glyphs) -> str:
    """Return printable `text` in at most `width` cells; a cut is marked by the ellipsis."""
    clean = shown(text, glyphs)
    if cell_len(clean) <= width:
        return clean
    return set_cell_size(clean, max(width - 1, 0)) + glyphs.ellipsis if width > 0 else ""


def fit_exactly(text: str, width: int, glyphs: Glyphs, *, right: bool) -> str:
    """Return printable `text` in exactly `width` cells.

    A right-aligned text is a figure: cut digits would be another figure, so one that is too long reads ####.
    """
    clean = shown(text, glyphs)
    size = cell_len(clean)
    if size <= width:
        return " " * (width - size) + clean if right else clean + " " * (width - size)
    return "#" * width if right else fit(clean, width, glyphs)
