"""Bars of one or more lines: the header, the banner, the footer, notices, and the body of dialogs."""

from __future__ import annotations

from collections.abc import Sequence

from textual.geometry import Region
from textual.strip import Strip

from tradetui.tui.viewmodels.header import HeaderView, fit_header
from tradetui.tui.viewmodels.model import Line, Span
from tradetui.tui.widgets.toned import Toned


class LinesBar(Toned):
    """Shows lines of spans, one per row, from line `top` on."""

    def __init__(self, lines: Sequence[Line] = (), *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._lines: tuple[Line, ...] = tuple(lines)
        self.top = 0

    @property
    def lines(self) -> tuple[Line, ...]:
        """What is shown."""
        return self._lines

    def show(self, lines: Sequence[Line]) -> None:
        """Show `lines`, repainting those that differ."""
        fresh = tuple(lines)
        if fresh == self._lines:
            return
        changed = [
            y
            for y in range(max(len(fresh), len(self._lines)))
            if y >= len(fresh) or y >= len(self._lines) or fresh[y] != self._lines[y]
        ]
        self._lines = fresh
        self.refresh(*(Region(0, y - self.top, self.size.width, 1) for y in changed if y >= self.top))

    def scroll_lines(self, count: int) -> None:
        """Move the text up by `count` lines, as far as there are lines."""
        self.top = max(0, min(self.top + count, len(self._lines) - self.size.height))
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Return row `y`."""
        index = y + self.top
        return self.strip_of(self._lines[index] if index < len(self._lines) else (), self.size.width)


class HeaderBar(Toned):
    """The status line: pieces at the left and at the right, the least needed dropped when room is short."""

    def __init__(self, view: HeaderView, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._view = view
        self._extra: tuple[Span, ...] = ()

    def show(self, view: HeaderView, extra: Sequence[Span] = ()) -> None:
        """Show `view`, after `extra` spans that come first and always stay."""
        if (view, tuple(extra)) != (self._view, self._extra):
            self._view, self._extra = view, tuple(extra)
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """Return the line."""
        width = self.size.width
        if y:
            return self.strip_of((), width)
        extra_width = sum(len(span.text) + 1 for span in self._extra)
        items, blank = fit_header(self._view, width - extra_width)
        spans: list[Span] = []
        for span in self._extra:
            spans += [span, Span(" ")]
        padded = False
        for number, item in enumerate(items):
            if number:
                spans.append(Span(" "))
            if item.right and not padded:
                spans.append(Span(" " * blank))
                padded = True
            spans.append(Span(item.text, item.tone))
        return self.strip_of(spans, width)
