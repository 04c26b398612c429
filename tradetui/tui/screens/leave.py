"""The menu behind ctrl+c: how to leave. Nothing happens without a second key."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import ClassVar

from tradetui.tui.screens.dialog import Dialog
from tradetui.tui.viewmodels.model import Line, Span, Tone


class Way(Enum):
    """A way to leave."""

    DETACH = "d"
    STOP = "s"
    FLATTEN = "f"


_WAYS = (
    (Way.DETACH, "detach: trading goes on without this screen"),
    (Way.STOP, "stop the core: positions and stops stay at the broker (asks)"),
    (Way.FLATTEN, "flatten first: close positions, then stop (asks)"),
)


class LeaveMenu(Dialog[Way | None]):
    """Offers the ways to leave; Enter and Esc stay."""

    heading: ClassVar[str] = "leave"

    def content(self, width: int) -> Sequence[Line]:
        """Return the menu."""
        lines: list[Line] = [(Span("Leaving the screen does not stop trading.", Tone.TEXT),), ()]
        lines += [(Span(f" {way.value} ", Tone.KEY), Span(f" {text}", Tone.TEXT)) for way, text in _WAYS]
        return (*lines, (), (Span(" Stay ", Tone.CURSOR), Span("   Enter, Esc: stay", Tone.DIM)))

    def take_key(self, key: str, character: str | None) -> None:
        """Choose by letter."""
        if key in ("enter", "escape", "ctrl+c"):
            self.dismiss(None)
            return
        for way, _ in _WAYS:
            if character == way.value:
                self.dismiss(way)
