"""Boxes to choose from by number: what to repair of a row, and the restart review. A choice alone sends nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from tradetui.tui.screens.dialog import Dialog
from tradetui.tui.viewmodels.model import Line, Span, Tone
from tradetui.tui.viewmodels.repair import Repair
from tradetui.tui.viewmodels.wrap import wrap_lines

_INDENT = 4


class RepairMenu(Dialog[Repair | None]):
    """Offers what can be done about one row."""

    heading: ClassVar[str] = "repair"

    def __init__(self, repairs: Sequence[Repair], *, clock: Callable[[], float]) -> None:
        super().__init__(clock=clock)
        self._repairs = list(repairs)[:9]

    def content(self, width: int) -> Sequence[Line]:
        """Return the offers."""
        lines: list[Line] = []
        for number, repair in enumerate(self._repairs, start=1):
            lines += wrap_lines(
                ((Span(f" {number} ", Tone.KEY), Span(f" {repair.title}", Tone.STRONG)),), width, _INDENT
            )
            lines += wrap_lines(((Span(" " * _INDENT), Span(repair.text, Tone.LABEL)),), width, _INDENT)
        return (*lines, (), (Span("a number asks, Esc: nothing", Tone.DIM),))

    def take_key(self, key: str, character: str | None) -> None:
        """Choose by number."""
        if key in ("escape", "enter", "ctrl+c"):
            self.dismiss(None)
        elif character is not None and character.isdigit() and 0 < int(character) <= len(self._repairs):
            self.dismiss(self._repairs[int(character) - 1])


class ReviewDialog(Dialog[int | None]):
    """Shows the restart review; a number chooses an item, counted from 1."""

    heading: ClassVar[str] = "restart review"
    scrolls: ClassVar[bool] = True

    def __init__(self, lines: Callable[[], Sequence[Line]], *, clock: Callable[[], float]) -> None:
        super().__init__(clock=clock)
        self._review = lines

    def on_mount(self) -> None:
        """Show how to go on."""
        self.box.border_subtitle = "a number: what can be done, j k scroll, Esc close"
        self.box.add_class("-tall")
        super().on_mount()

    def content(self, width: int) -> Sequence[Line]:
        """Return the items as they stand now."""
        return wrap_lines(self._review(), width, 13)

    def take_key(self, key: str, character: str | None) -> None:
        """Choose an item by its number, or close."""
        if key in ("escape", "enter", "q", "v", "ctrl+c"):
            self.dismiss(None)
        elif character is not None and character.isdigit() and character != "0":
            self.dismiss(int(character))
