"""Commands that move around the panels. None of them reaches the core."""

from __future__ import annotations

from collections.abc import Sequence

from tradetui.tui.commands.base import Command, Desk
from tradetui.tui.viewmodels.plan import PANELS

GROUP = "Panels"


class FocusPanel(Command):
    """Move the focus to this panel."""

    group = GROUP
    in_palette = False

    def __init__(self, number: int, panel: str) -> None:
        self.id = f"panel-{number}"
        self.title = panel
        self.keys = (str(number),)
        self._panel = panel

    def run(self, desk: Desk, arguments: Sequence[str] = ()) -> None:
        desk.focus_panel(self._panel)


class NextPanel(Command):
    """Move the focus to the next panel."""

    id = "next-panel"
    title = "next panel"
    group = GROUP
    keys = ("tab",)
    in_palette = False

    def run(self, desk: Desk, arguments: Sequence[str] = ()) -> None:
        desk.step_panel(1)


class PreviousPanel(Command):
    """Move the focus to the previous panel."""

    id = "previous-panel"
    title = "previous panel"
    group = GROUP
    keys = ("shift+tab",)
    in_palette = False

    def run(self, desk: Desk, arguments: Sequence[str] = ()) -> None:
        desk.step_panel(-1)


class Maximise(Command):
    """Give the focused panel all the room; again, or Esc, brings the others back."""

    id = "maximise"
    title = "zoom"
    group = GROUP
    keys = ("enter", "plus")
    footer = 7

    def run(self, desk: Desk, arguments: Sequence[str] = ()) -> None:
        desk.maximise_panel()


class Back(Command):
    """Go back: end the filter, then the zoom."""

    id = "back"
    title = "back"
    group = GROUP
    keys = ("escape",)
    in_palette = False

    def run(self, desk: Desk, arguments: Sequence[str] = ()) -> None:
        desk.back()


class Down(Command):
    """Move the cursor down."""

    id = "down"
    title = "down"
    group = GROUP
    keys = ("j", "down")
    in_palette = False

    def run(self, desk: Desk, arguments: Sequence[str] = ()) -> None:
        desk.move_cursor(1)


class Up(Command):
    """Move the cursor up."""

    id = "up"
    title = "up"
    group = GROUP
    keys = ("k", "up")
    in_palette = False

    def run(self, desk: Desk, arguments: Sequence[str] = ()) -> None:
        desk.move_cursor(-1)


class PageDown(Command):
    """Move the cursor down by a page."""

    id = "page-down"
    title = "page down"
    group = GROUP
    keys = ("pagedown",)
    in_palette = False

    def run(self, desk: Desk, arguments: Sequence[str] = ()) -> None:
        desk.move_page(1)


class PageUp(Command):
    """Move the cursor up by a page."""

    id = "page-up"
    title = "page up"
    group = GROUP
    keys = ("pageup",)
    in_palette = False

    def run(self, desk: Desk, arguments: Sequence[str] = ()) -> None:
        desk.move_page(-1)


class First(Command):
    """Move the cursor to the first row."""

    id = "first"
    title = "first row"
    group = GROUP
    keys = ("g", "home")
    in_palette = False

    def run(self, desk: Desk, arguments: Sequence[str] = ()) -> None:
        desk.jump_cursor(to_end=False)


class Last(Command):
    """Move the cursor to the last row; the log then follows its end."""

    id = "last"
    title = "last row"
    group = GROUP
    keys = ("G", "end")
    in_palette = False

    def run(self, desk: Desk, arguments: Sequence[str] = ()) -> None:
        desk.jump_cursor(to_end=True)


class Filter(Command):
    """Show only rows that hold a text; Esc ends it."""

    id = "filter"
    title = "filter"
    group = GROUP
    keys = ("slash",)
    footer = 6

    def run(self, desk: Desk, arguments: Sequence[str] = ()) -> None:
        desk.start_filter()


def focus_commands() -> list[FocusPanel]:
    """Return one command per panel."""
    return [FocusPanel(number, panel) for number, panel in enumerate(PANELS, start=1)]
