"""Boxes that lie over the screen.

The invariant: keys typed before the box could be read never reach it. Over SSH a burst of keys arrives late, so that a
second tap meant for the screen below would answer a question nobody has seen (the type-ahead guard).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import ClassVar, Generic, TypeVar

from textual import events
from textual.app import ComposeResult
from textual.containers import Container
from textual.geometry import Size
from textual.screen import ModalScreen

from tradetui.tui.viewmodels.model import Line
from tradetui.tui.widgets.lines import LinesBar

GUARD_S = 0.4

Answer = TypeVar("Answer")


class DialogBody(LinesBar):
    """The lines of a box, as high as they are many."""

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Return the number of lines."""
        return len(self.lines)


class Dialog(ModalScreen[Answer], Generic[Answer], inherit_bindings=False):
    """A box with a title and lines. Subclasses say what it shows and what keys do."""

    heading: ClassVar[str] = ""
    scrolls: ClassVar[bool] = False

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._shown_at: float | None = None
        # Kept, not queried: a tick may still come while Textual takes the dialog apart.
        self.body = DialogBody(id="dialog-body")
        self.box = Container(self.body, id="dialog")

    def content(self, width: int) -> Sequence[Line]:
        """Return the lines for a box of inner width `width`."""
        raise NotImplementedError

    def take_key(self, key: str, character: str | None) -> None:
        """Act on a key that was typed after the box could be read."""
        raise NotImplementedError

    def compose(self) -> ComposeResult:
        """Yield the box."""
        self.box.border_title = self.heading
        yield self.box

    def on_mount(self) -> None:
        """Fill the box, and start the guard once it has been painted."""
        self.update_content()
        self.call_after_refresh(self._start_guard)

    def on_resize(self) -> None:
        """Fill the box for the new width."""
        self.update_content()

    def update_content(self) -> None:
        """Fill the box anew; called on every tick of the screen as well, since the state moves on below."""
        body = self.body
        before = len(body.lines)
        body.show(self.content(body.size.width or self.size.width - 6))
        if len(body.lines) != before:
            body.refresh(layout=True)

    def on_key(self, event: events.Key) -> None:
        """Drop keys typed too early, act on the others; none goes further down."""
        event.stop()
        event.prevent_default()
        if self._shown_at is None or self._clock() - self._shown_at < GUARD_S:
            return
        if self.scrolls and self._scroll(event.key):
            return
        self.take_key(event.key, event.character if event.is_printable else None)

    def on_paste(self, event: events.Paste) -> None:
        """Ignore pasted text: what confirms an order is typed."""
        event.stop()

    def _start_guard(self) -> None:
        self._shown_at = self._clock()

    def _scroll(self, key: str) -> bool:
        body = self.body
        page = max(body.size.height - 1, 1)
        steps = {"j": 1, "down": 1, "k": -1, "up": -1, "pagedown": page, "space": page, "pageup": -page}
        steps |= {"g": -len(body.lines), "home": -len(body.lines), "G": len(body.lines), "end": len(body.lines)}
        if key in steps:
            body.scroll_lines(steps[key])
            return True
        return False
