"""The command palette: what can be given now, each with what it would do.

The invariant: Enter gives only a command that was typed or moved to; a bare Enter does nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from tradetui.tui.commands.base import Command, key_name
from tradetui.tui.screens.dialog import Dialog
from tradetui.tui.viewmodels.line_edit import LineEdit
from tradetui.tui.viewmodels.model import Line, Span, Tone

Chosen = tuple[str, tuple[str, ...]]
Entries = Callable[[str], list[tuple[Command, str]]]


class PaletteDialog(Dialog[Chosen | None]):
    """Returns the id of the chosen command and the words typed after its name, or None."""

    heading: ClassVar[str] = "commands"

    def __init__(self, entries: Entries, *, cursor: str, clock: Callable[[], float]) -> None:
        super().__init__(clock=clock)
        self._entries = entries
        self._cursor_glyph = cursor
        self._edit = LineEdit()
        self._index = -1

    def content(self, width: int) -> Sequence[Line]:
        """Return the typed line and the matching commands."""
        typed: Line = (Span(": ", Tone.KEY), Span(self._edit.text, Tone.STRONG), Span(self._cursor_glyph, Tone.ACCENT))
        found = self._entries(self._edit.text)
        self._index = max(0 if self._edit.text else -1, min(self._index, len(found) - 1))
        lines = [self._entry(n, command, text) for n, (command, text) in enumerate(found)]
        return (typed, (), *(lines or [(Span("no command of that name can be given now", Tone.DIM),)]))

    def take_key(self, key: str, character: str | None) -> None:
        """Edit, choose, give or leave."""
        if key in ("escape", "ctrl+c"):
            self.dismiss(None)
            return
        if key == "enter":
            self._choose()
            return
        if key in ("down", "tab", "up", "shift+tab"):
            self._index += 1 if key in ("down", "tab") else -1
        elif self._edit.key(key, character):
            self._index = 0
        self.update_content()

    def _choose(self) -> None:
        found = self._entries(self._edit.text)
        if not 0 <= self._index < len(found):
            return
        words = self._edit.text.split()
        self.dismiss((found[self._index][0].id, tuple(words[1:])))

    def _entry(self, number: int, command: Command, text: str) -> Line:
        chosen = number == self._index
        keys = key_name(command.keys[0]) if command.keys else ""
        name = Span(f" {command.title:<14}", Tone.CURSOR if chosen else Tone.STRONG)
        return (name, Span(f" {keys:<4}", Tone.KEY), Span(f" {text}", Tone.TEXT if chosen else Tone.DIM))
