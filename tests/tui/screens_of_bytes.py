"""What a terminal shows after some bytes, by pyte, with the colours and attributes of every cell."""

from __future__ import annotations

import re
from typing import cast

import pyte

Shown = list[list[tuple[str, str, str, bool, bool, bool, bool]]]


_OTHER_SCREEN = re.compile("(\x1b\\[\\?1049[hl])")
_KEYBOARD = re.compile("\x1b\\[[<>][0-9]*u")


class Glass:
    """A terminal of a size, fed with what is written to it."""

    def __init__(self, width: int, height: int) -> None:
        self._screen = pyte.Screen(width, height)
        # The driver turns line wrap off; so must the model of the terminal.
        self._screen.reset_mode(7, private=True)
        self._stream = pyte.Stream(self._screen)

    def feed(self, text: str) -> None:
        # pyte knows neither the alternate screen nor the keyboard protocol of kitty.
        for part in _OTHER_SCREEN.split(_KEYBOARD.sub("", text)):
            if _OTHER_SCREEN.fullmatch(part):
                self._screen.erase_in_display(2)
                self._screen.cursor_position()
            else:
                self._stream.feed(part)

    def resize(self, width: int, height: int) -> None:
        self._screen.resize(height, width)

    @property
    def lines(self) -> list[str]:
        return cast("list[str]", list(self._screen.display))

    @property
    def text(self) -> str:
        return "\n".join(line.rstrip() for line in self.lines)

    @property
    def cells(self) -> Shown:
        rows: Shown = []
        for y in range(self._screen.lines):
            line = self._screen.buffer[y]
            chars = [line[x] for x in range(self._screen.columns)]
            rows.append([(c.data, c.fg, c.bg, c.bold, c.italics, c.underscore, c.reverse) for c in chars])
        return rows
