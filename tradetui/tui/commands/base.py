"""The shape of a command, and what commands may do to the screen.

The invariant: a command that is refused says why and changes nothing; no bare letter sends, cancels or closes anything.
"""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar, Protocol

from tradetui.tui.viewmodels.picture import Picture


class Desk(Protocol):
    """What the app offers to commands."""

    def kill(self) -> None:
        """Order the kill at once."""

    def pause(self) -> None:
        """Order a pause at once."""

    def ask_flatten(self, symbols: Sequence[str]) -> None:
        """Open the flatten dialog for `symbols`, all positions when empty."""

    def ask_resume(self) -> None:
        """Open the resume dialog."""

    def ask_unkill(self) -> None:
        """Open the dialog that ends a kill."""

    def ask_stop(self) -> None:
        """Open the dialog that ends the core."""

    def ask_repair(self) -> None:
        """Offer what can be done about the row under the cursor."""

    def show_review(self) -> None:
        """Show the restart review."""

    def ask_arm(self) -> None:
        """Open the dialog that arms a live core."""

    def disarm(self) -> None:
        """Take the arming back at once."""

    def ask_leave(self) -> None:
        """Open the menu of ways to leave."""

    def detach(self) -> None:
        """End the screen; trading goes on."""

    def show_help(self) -> None:
        """Show all keys."""

    def show_palette(self) -> None:
        """Show the palette of commands."""

    def show_alerts(self) -> None:
        """Show the alerts and take them as read."""

    def show_backtest(self) -> None:
        """Show the backtest screen."""

    def focus_panel(self, name: str) -> None:
        """Move the focus to a panel."""

    def step_panel(self, step: int) -> None:
        """Move the focus to the next (1) or previous (-1) panel."""

    def maximise_panel(self) -> None:
        """Give the focused panel all the room, or take it back."""

    def back(self) -> None:
        """Undo the last step into a panel: its filter, then its size."""

    def move_cursor(self, rows: int) -> None:
        """Move the cursor of the focused panel."""

    def move_page(self, pages: int) -> None:
        """Move the cursor of the focused panel by pages."""

    def jump_cursor(self, *, to_end: bool) -> None:
        """Move the cursor of the focused panel to its first or last row."""

    def start_filter(self) -> None:
        """Open the filter line of the focused panel."""

    def freeze(self) -> None:
        """Stop or restart painting; nothing else changes."""

    def next_theme(self) -> None:
        """Show the next theme."""

    def repaint_all(self) -> None:
        """Send the whole screen again."""


class Command(ABC):
    """One thing the operator can do. The docstring is its help text."""

    id: str
    title: str
    group: str
    #: Textual's names of the keys; the first is the one that is shown.
    keys: tuple[str, ...] = ()
    #: Works wherever the focus is, in dialogs too.
    always: ClassVar[bool] = False
    #: Place in the footer, lower comes first; None: not there.
    footer: ClassVar[int | None] = None
    in_palette: ClassVar[bool] = True

    @property
    def help(self) -> str:
        """The help text."""
        return " ".join((inspect.getdoc(self) or "").split())

    def refusal(self, picture: Picture) -> str:
        """Return why the command cannot be given now, empty when it can."""
        return ""

    def consequence(self, picture: Picture) -> str:
        """Return what it would do now, in one short line."""
        return self.help.partition(".")[0].partition(";")[0]

    @abstractmethod
    def run(self, desk: Desk, arguments: Sequence[str] = ()) -> None:
        """Do it."""


_NAMES = {
    "question_mark": "?",
    "colon": ":",
    "slash": "/",
    "plus": "+",
    "enter": "Enter",
    "escape": "Esc",
    "tab": "Tab",
    "shift+tab": "Shift+Tab",
    "down": "Down",
    "up": "Up",
    "home": "Home",
    "end": "End",
    "pagedown": "PgDn",
    "pageup": "PgUp",
}


def key_name(key: str) -> str:
    """Return a key as it is printed: ^X for ctrl+x, ? for question_mark."""
    if key.startswith("ctrl+"):
        return f"^{key.removeprefix('ctrl+').upper()}"
    return _NAMES.get(key, key if len(key) == 1 else key.upper())
