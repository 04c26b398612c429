"""Paints the app by changed cells, and drops frames that the terminal cannot take. Mixed into the app.

Stock Textual sends every dirty region whole and blocks the event loop once thirty writes are queued behind a terminal
that does not read. The invariant: painting never waits. A frame is drawn into memory at once and sent when the queue to
the terminal is short; should anything here fail, Textual's own painting takes over for good.

This rests on private parts of the pinned Textual version: App._display, the compositor's updates, the writer's queue.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.color import ColorSystem
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.app import App
from textual.strip import Strip

from tradetui.tui.term.cells import Cells

if TYPE_CHECKING:
    from rich.console import RenderableType
    from textual.screen import Screen

#: Writes queued for the terminal at which a frame waits.
_BUSY_QUEUE = 2
_RETRY_S = 0.1
#: Set to 1 to paint as stock Textual does, should a terminal need it.
STOCK_PAINT_VARIABLE = "TRADETUI_STOCK_PAINT"


class UnknownUpdate(TypeError):
    """The compositor gave an update of a kind this Textual version did not have."""


class CellPainter(App[int]):
    """An app that paints by changed cells."""

    def __init__(self) -> None:
        super().__init__()
        self.stock_paint = os.environ.get(STOCK_PAINT_VARIABLE) == "1"
        self.paint_failure = ""
        self.frames_dropped = 0
        self._cells: Cells | None = None
        self._frame_waits = False

    def repaint_all(self) -> None:
        """Send every cell again: another program may have written over the screen."""
        if self._cells is not None:
            self._cells.forget_shown()
        self.screen.refresh()

    def on_resize(self) -> None:
        """Repaint all of it: a window that shrank and grew again has lost cells even when its size is the same."""
        if self._screen_stack:
            self.repaint_all()

    def _display(self, screen: Screen[object], renderable: RenderableType | None) -> None:
        if self.stock_paint or self.is_headless or self._driver is None or not self._running or self._closed:
            super()._display(screen, renderable)
            return
        try:
            if renderable is not None and not self._batch_count:
                self._draw(renderable)
                self._send_frame()
        except Exception as error:
            self.stock_paint = True
            self.paint_failure = f"painting by cells failed, stock painting from now on: {error!r}"
            screen.refresh()
            super()._display(screen, renderable)
            return
        self.post_display_hook()

    def _draw(self, renderable: RenderableType) -> None:
        if not isinstance(renderable, CompositorUpdate):
            raise UnknownUpdate(type(renderable).__name__)
        width, height = self.size
        cells = self._cells
        if cells is None or (cells.width, cells.height) != (width, height):
            cells = self._cells = Cells(width, height, self.console._color_system or ColorSystem.TRUECOLOR)
        for x, y, strip in _strips(renderable):
            cells.put(x, y, strip)

    def _send_frame(self) -> None:
        if self._cells is None or self._driver is None or self._closed:
            return
        if self._terminal_is_busy():
            self.frames_dropped += 1
            self._send_later()
            return
        changes = self._cells.take_changes()
        if not changes:
            return
        start, end = ("\x1b[?2026h", "\x1b[?2026l") if self._sync_available else ("", "")
        # One write per frame: it is queued whole or, above, not at all.
        self._driver.write(f"{start}{changes}{end}")
        self._driver.flush()

    def _send_later(self) -> None:
        if self._frame_waits:
            return
        self._frame_waits = True
        self.set_timer(_RETRY_S, self._send_again, name="terminal busy")

    def _send_again(self) -> None:
        self._frame_waits = False
        self._send_frame()

    def _terminal_is_busy(self) -> bool:
        writer = getattr(self._driver, "_writer_thread", None)
        return writer is not None and writer._queue.qsize() >= _BUSY_QUEUE


def _strips(update: CompositorUpdate) -> Iterator[tuple[int, int, Strip]]:
    # Both mirror render_segments of the update's class in the pinned version.
    if isinstance(update, LayoutUpdate):
        yield from _layout_strips(update)
    elif isinstance(update, ChopsUpdate):
        yield from _chop_strips(update)
    else:
        raise UnknownUpdate(type(update).__name__)


def _layout_strips(update: LayoutUpdate) -> Iterator[tuple[int, int, Strip]]:
    for y, line in enumerate(update.strips, update.region.y):
        x = update.region.x
        for strip in line:
            yield x, y, strip
            x += strip.cell_length


def _chop_strips(update: ChopsUpdate) -> Iterator[tuple[int, int, Strip]]:
    for y, x1, x2 in update.spans:
        for end, (x, strip) in zip(update.chop_ends[y], update.chops[y].items(), strict=False):
            if strip is None or x > x2 or end <= x1:
                continue
            yield x, y, strip if x1 <= x < x2 and end <= x2 else strip.crop(0, min(end, x2) - x)
