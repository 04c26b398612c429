"""Boxes to read: the help and the alerts. Any key that does not scroll closes them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from tradetui.tui.screens.dialog import Dialog
from tradetui.tui.viewmodels.model import GridView, Line, Span, Tone, fit_columns
from tradetui.tui.viewmodels.wrap import wrap_lines

HELP_INDENT = 24


class Reading(Dialog[None]):
    """Shows lines that can be scrolled."""

    scrolls: ClassVar[bool] = True

    def __init__(self, title: str, lines: Callable[[int], Sequence[Line]], *, clock: Callable[[], float]) -> None:
        super().__init__(clock=clock)
        self._box_title = title
        self._lines_for = lines

    def on_mount(self) -> None:
        """Show the title and how to go on."""
        self.box.border_title = self._box_title
        self.box.border_subtitle = "j k PgDn PgUp scroll, Esc close"
        self.box.add_class("-tall")
        super().on_mount()

    def content(self, width: int) -> Sequence[Line]:
        """Return the text."""
        return self._lines_for(width)

    def take_key(self, key: str, character: str | None) -> None:
        """Close."""
        if key in ("escape", "enter", "q", "question_mark", "f1", "a", "ctrl+c"):
            self.dismiss(None)


def wrapped(lines: Sequence[Line]) -> Callable[[int], Sequence[Line]]:
    """Return a function that wraps `lines` for a width, as help texts are."""
    return lambda width: wrap_lines(lines, width, HELP_INDENT)


def grid_lines(view: Callable[[], GridView]) -> Callable[[int], Sequence[Line]]:
    """Return a function that lays out a grid's rows as lines for a width."""
    return lambda width: _grid_lines(view(), width)


def _grid_lines(view: GridView, width: int) -> list[Line]:
    if not view.rows:
        return [(Span(view.info, view.info_tone),), view.empty]
    fitted = fit_columns(view.columns, width)
    titles = tuple(Span(view.columns[index].title[:size].ljust(size + 1), Tone.DIM) for index, size in fitted)
    indent = sum(size + 1 for index, size in fitted if not view.columns[index].stretch)
    lines: list[Line] = [(Span(view.info, view.info_tone),), *wrap_lines((titles,), width)]
    for row in view.rows:
        spans: list[Span] = []
        for index, size in fitted:
            cell = row.cells[index]
            spans.append(Span(cell.text.ljust(size) + " ", cell.tone))
            if cell.tail:
                spans.append(Span(cell.tail, cell.tail_tone))
        lines += wrap_lines((tuple(spans),), width, indent)
    return lines
