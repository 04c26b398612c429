"""The panel: a heading, column titles and rows, painted line by line, repainting only cells that changed.

The invariant: the cursor stays on its row's key whatever rows come and go, and a stale panel is drawn in one dim tone.
"""

from __future__ import annotations

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip

from tradetui.tui.viewmodels.model import EMPTY_CELL, GAP, Cell, GridRow, GridView, Span, Tone, fit_columns
from tradetui.tui.widgets.toned import Toned, fit, fit_exactly

#: Tones that keep their colour when the panel is stale: what they warn of does not get old.
_LASTING = frozenset({Tone.ALARM, Tone.CAUTION})
_LEFT = 1
_DIVIDED_LEFT = 2
_RIGHT = 1


class GridPanel(Toned, can_focus=True):
    """One numbered panel of the main screen."""

    def __init__(self, number: int, title: str) -> None:
        super().__init__(id=title, classes="panel")
        self._number = number
        self._title = title
        self._view = GridView(columns=())
        self._shown: tuple[GridRow, ...] = ()
        self._cursor_key: str | None = None
        self._top = 0
        self._filter = ""
        self.divided = False
        self.stale = False

    @property
    def view(self) -> GridView:
        """What is shown, before the filter."""
        return self._view

    @property
    def filter_text(self) -> str:
        """The text that rows must hold, empty without a filter."""
        return self._filter

    @property
    def cursor_key(self) -> str | None:
        """Key of the row under the cursor."""
        return self._cursor_key

    def show(self, view: GridView, *, stale: bool) -> None:
        """Show `view`, repainting what differs."""
        if view == self._view and stale == self.stale:
            return
        old, old_shown, old_top = self._view, self._shown, self._top
        whole = stale != self.stale or (old.columns, old.titles) != (view.columns, view.titles)
        self._view, self.stale = view, stale
        self._select_rows()
        if whole or self._top != old_top or len(self._shown) != len(old_shown):
            self.refresh()
            return
        if (old.info, old.info_tone, old.empty) != (view.info, view.info_tone, view.empty):
            self.refresh(Region(0, 0, self.size.width, 2 if not self._shown else 1))
        self._refresh_rows(old_shown)

    def set_divided(self, divided: bool) -> None:
        """Draw a line at the left edge, or not."""
        if divided != self.divided:
            self.divided = divided
            self.refresh()

    def set_filter(self, text: str) -> None:
        """Show only rows that hold `text` in any case."""
        if text != self._filter:
            self._filter = text
            self._top = 0
            self._select_rows()
            self.refresh()

    def move_cursor(self, rows: int) -> None:
        """Move the cursor by `rows`, stopping at the ends."""
        if self._shown:
            index = self._cursor_index()
            start = index if index is not None else (len(self._shown) if self._view.newest_last else -1)
            self._put_cursor(start + rows)

    def move_page(self, pages: int) -> None:
        """Move the cursor by pages."""
        self.move_cursor(pages * max(self._body_height() - 1, 1))

    def jump(self, *, to_end: bool) -> None:
        """Move the cursor to an end. At the end of a log it is let go, so that the log follows what comes."""
        if to_end and self._view.newest_last:
            self._cursor_key = None
            self._keep_cursor_visible()
            self.refresh()
        elif self._shown:
            self._put_cursor(len(self._shown) - 1 if to_end else 0)

    def on_resize(self) -> None:
        """Keep the cursor in sight."""
        self._keep_cursor_visible()

    def on_focus(self) -> None:
        """Draw the cursor and the strong heading."""
        self.refresh()

    def on_blur(self) -> None:
        """Draw neither."""
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Return line `y` of the panel."""
        if y == 0:
            return self._heading()
        if self._titles_shown() and y == 1:
            return self._line(self._title_cells(), self.rich_style)
        index = y - self._body_start() + self._top
        if not self._shown and y == self._body_start():
            return self._message()
        if not 0 <= index < len(self._shown):
            return self._line((), self.rich_style)
        row = self._shown[index]
        under = self.rich_style
        if self.has_focus and row.key == self._cursor_key:
            under += self.get_component_rich_style("tone--cursor", partial=True)
        return self._line(row.cells, under)

    def _select_rows(self) -> None:
        wanted = self._filter.lower()
        self._shown = tuple(row for row in self._view.rows if not wanted or _holds(row, wanted))
        self._keep_cursor_visible()

    def _cursor_index(self) -> int | None:
        return next((i for i, row in enumerate(self._shown) if row.key == self._cursor_key), None)

    def _put_cursor(self, index: int) -> None:
        self._cursor_key = self._shown[max(0, min(index, len(self._shown) - 1))].key
        self._keep_cursor_visible()
        self.refresh()

    def _keep_cursor_visible(self) -> None:
        height = self._body_height()
        last_top = max(len(self._shown) - height, 0)
        index = self._cursor_index()
        if index is None:
            self._top = last_top if self._view.newest_last else min(self._top, last_top)
        else:
            self._top = max(min(self._top, index, last_top), index - height + 1, 0)

    def _titles_shown(self) -> bool:
        return self._view.titles and self.size.height >= 3

    def _body_start(self) -> int:
        return 2 if self._titles_shown() else 1

    def _body_height(self) -> int:
        return max(self.size.height - self._body_start(), 1)

    def _left(self) -> int:
        return _DIVIDED_LEFT if self.divided else _LEFT

    def _fitted(self) -> list[tuple[int, int]]:
        return fit_columns(self._view.columns, self.size.width - self._left() - _RIGHT)

    def _refresh_rows(self, old: tuple[GridRow, ...]) -> None:
        start, left = self._body_start(), self._left()
        fitted = self._fitted()
        for index in range(self._top, min(self._top + self._body_height(), len(self._shown))):
            if old[index] == self._shown[index]:
                continue
            x = left
            for column, width in fitted:
                if _cell(old[index], column) != _cell(self._shown[index], column):
                    self.refresh(Region(x, start + index - self._top, width, 1))
                x += width + GAP

    def _heading(self) -> Strip:
        rule = self.glyphs.focus_rule if self.has_focus else self.glyphs.rule
        line, name = (Tone.ACCENT, Tone.ACCENT) if self.has_focus else (Tone.DIM, Tone.LABEL)
        text = f" {self._number} {self._title.upper()} "
        if self._filter:
            text += f"/{self._filter} "
        info, info_tone = (self._view.info, self._view.info_tone) if not self.stale else ("NOT CURRENT", Tone.CAUTION)
        info = f" {info} " if info else ""
        width = self.size.width
        room = width - cell_len(text) - 2
        info = info if cell_len(info) <= room else ""
        return self.strip_of(
            (
                Span(rule, line),
                Span(text, name),
                Span(rule * max(width - cell_len(text) - cell_len(info) - 2, 0), line),
                Span(info, info_tone),
                Span(rule, line),
            ),
            width,
        )

    def _title_cells(self) -> tuple[Cell, ...]:
        return tuple(Cell(column.title, Tone.DIM) for column in self._view.columns)

    def _message(self) -> Strip:
        text = (Span(f"no row holds {self._filter}", Tone.DIM),) if self._filter else self._view.empty
        edge = Span(f"{self.glyphs.divider} " if self.divided else " ", Tone.DIM)
        return self.strip_of((edge, *text), self.size.width)

    def _line(self, cells: tuple[Cell, ...], under: Style) -> Strip:
        edge = f"{self.glyphs.divider} " if self.divided else " "
        segments = [Segment(edge, self.style_of(Tone.DIM))]
        used = len(edge)
        for column, width in self._fitted() if cells else ():
            segments += self._cell_segments(cells[column], width, under, right=self._view.columns[column].right)
            segments.append(Segment(" " * GAP, under))
            used += width + GAP
        segments.append(Segment(" " * max(self.size.width - used, 0), under))
        return Strip(segments).crop(0, self.size.width)

    def _cell_segments(self, cell: Cell, width: int, under: Style, *, right: bool) -> list[Segment]:
        style, tail_style = (self.style_of(self._tone(tone), under=under) for tone in (cell.tone, cell.tail_tone))
        if not cell.tail:
            return [Segment(fit_exactly(cell.text, width, self.glyphs, right=right), style)]
        text = fit(cell.text, width, self.glyphs)
        left = width - cell_len(text)
        return [
            Segment(text, style),
            Segment(fit_exactly(cell.tail, left, self.glyphs, right=False), tail_style),
        ]

    def _tone(self, tone: Tone) -> Tone:
        return Tone.DIM if self.stale and tone not in _LASTING else tone


def _cell(row: GridRow, column: int) -> Cell:
    return row.cells[column] if column < len(row.cells) else EMPTY_CELL


def _holds(row: GridRow, wanted: str) -> bool:
    return any(wanted in cell.text.lower() or wanted in cell.tail.lower() for cell in row.cells)
