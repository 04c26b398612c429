"""What a terminal shows after some bytes, by pyte, with the colours and attributes of every cell."""

from __future__ import annotations

from typing import cast

import pyte

Shown = list[list[tuple[str, str, str, bool, bool, bool, bool]]]


class Glass:
    """A terminal of a size, fed with what is written to it."""

    def __init__(self, width: int, height: int) -> None:
        self._screen = pyte.Screen(width, height)
        # The driver turns line wrap off; so must the model of the terminal.
        self._screen.reset_mode(7, private=True)
        self._stream = pyte.Stream(self._screen)

    def feed(self, text: str) -> None:
        self._stream.feed(text)

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
