"""Two pictures of the terminal, what it should show and what it shows, and the shortest way from one to the other.

The invariant: after the text returned by `take_changes` reaches the terminal, every cell is as wanted. A picture that
was never sent costs nothing: the next one starts from what was really sent.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from rich.cells import cached_cell_len
from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style

#: Unchanged cells between two changed ones that are cheaper to send again than to jump over.
_MERGE_GAP = 3

_ATTRIBUTES = (
    ("bold", "1"),
    ("dim", "2"),
    ("italic", "3"),
    ("underline", "4"),
    ("blink", "5"),
    ("blink2", "6"),
    ("reverse", "7"),
    ("conceal", "8"),
    ("strike", "9"),
    ("underline2", "21"),
    ("frame", "51"),
    ("encircle", "52"),
    ("overline", "53"),
)


#: What turns an attribute off again without touching the colours.
_OFF = {"1": "22", "2": "22", "3": "23", "4": "24", "7": "27", "9": "29"}


@dataclass(frozen=True, slots=True)
class Look:
    """How a cell is drawn: SGR codes of its attributes, foreground and background, each maybe empty (the default)."""

    attributes: str = ""
    foreground: str = ""
    background: str = ""

    def after(self, before: Look | None) -> str:
        """Return the escape sequence that changes the terminal from `before` (None: unknown) to this look."""
        return "" if before == self else _way(before, self)


@lru_cache(maxsize=4096)
def _way(before: Look | None, after: Look) -> str:
    """Return the shorter of two sequences that lead to `after`: from nothing, or by what differs from `before`."""
    anew = ";".join(["0", *filter(None, (after.attributes, after.foreground, after.background))])
    switches = None if before is None else _switches(before.attributes, after.attributes)
    if before is None or switches is None:
        return f"\x1b[{anew}m"
    if before.foreground != after.foreground:
        switches.append(after.foreground or "39")
    if before.background != after.background:
        switches.append(after.background or "49")
    changed = ";".join(switches)
    return f"\x1b[{min(changed, anew, key=len)}m"


def _switches(before: str, after: str) -> list[str] | None:
    """Return the codes that turn attributes off and on, None when one of them has no switch every terminal knows."""
    old, new = set(filter(None, before.split(";"))), set(filter(None, after.split(";")))
    if not old | new <= _OFF.keys():
        return None
    off = {_OFF[code] for code in old - new}
    # Bold and dim go off together: the one that stays is turned on again.
    on = {code for code in new if code not in old or _OFF[code] in off}
    return [*sorted(off), *sorted(on)]


PLAIN = Look()
Cell = tuple[str, Look]
_BLANK: Cell = (" ", PLAIN)


@lru_cache(maxsize=4096)
def look_of(style: Style, colors: ColorSystem) -> Look:
    """Return the look of a Rich style on a terminal with `colors`."""
    fore, back = style.color, style.bgcolor
    return Look(
        ";".join(code for name, code in _ATTRIBUTES if getattr(style, name)),
        ";".join(fore.downgrade(colors).get_ansi_codes()) if fore is not None and not fore.is_default else "",
        ";".join(back.downgrade(colors).get_ansi_codes(False)) if back is not None and not back.is_default else "",
    )


class Cells:
    """A screen of `width` x `height` cells. The right half of a wide character is a cell with empty text."""

    def __init__(self, width: int, height: int, colors: ColorSystem) -> None:
        self.width = width
        self.height = height
        self._colors = colors
        self._wanted: list[list[Cell]] = [[_BLANK] * width for _ in range(height)]
        self._shown: list[list[Cell | None]] = [[None] * width for _ in range(height)]
        self._touched: set[int] = set(range(height))

    def forget_shown(self) -> None:
        """Take it that the terminal shows anything: the next changes repaint all of it."""
        self._shown = [[None] * self.width for _ in range(self.height)]
        self._touched = set(range(self.height))

    def put(self, x: int, y: int, segments: Iterable[Segment]) -> None:
        """Want `segments` at column `x` of line `y`; what lies outside the screen is cut off."""
        if not 0 <= y < self.height:
            return
        line = self._wanted[y]
        self._touched.add(y)
        for text, style, control in segments:
            if control:
                continue
            look = PLAIN if style is None else look_of(style, self._colors)
            x = self._put_text(line, x, text, look)

    def take_changes(self) -> str:
        """Return what makes the terminal show what is wanted, and take it as shown. Empty when nothing changed."""
        out: list[str] = []
        look: Look | None = None
        for y in sorted(self._touched):
            wanted, shown = self._wanted[y], self._shown[y]
            if wanted == shown:
                continue
            first = True
            for start, end in self._runs(wanted, shown):
                out.append(f"\x1b[{y + 1};{start + 1}H" if first else f"\x1b[{start + 1}G")
                first = False
                for text, cell_look in wanted[start:end]:
                    if cell_look is not look:
                        out.append(cell_look.after(look))
                        look = cell_look
                    out.append(text)
            self._shown[y] = list(wanted)
        self._touched.clear()
        if out:
            # Nothing of ours may colour what other programs write later.
            out.append("\x1b[0m")
        return "".join(out)

    def _put_text(self, line: list[Cell], x: int, text: str, look: Look) -> int:
        for char in text:
            size = 1 if char.isascii() else cached_cell_len(char)
            if size == 0:
                continue
            if x >= 0 and x + size <= self.width:
                self._clear_halves(line, x, size)
                line[x] = (char, look)
                if size == 2:
                    line[x + 1] = ("", look)
            x += size
        return x

    def _clear_halves(self, line: list[Cell], x: int, size: int) -> None:
        # Writing over one half of a wide character leaves no character in the other half.
        if line[x][0] == "" and x > 0:
            line[x - 1] = (" ", line[x - 1][1])
        end = x + size
        if end < self.width and line[end][0] == "":
            line[end] = (" ", line[end][1])

    @staticmethod
    def _runs(wanted: list[Cell], shown: list[Cell | None]) -> Iterable[tuple[int, int]]:
        runs: list[list[int]] = []
        for x, (new, old) in enumerate(zip(wanted, shown, strict=True)):
            if new == old:
                continue
            # A wide character is sent whole, from its left half on.
            start = x - 1 if new[0] == "" and x > 0 else x
            if runs and start - runs[-1][1] <= _MERGE_GAP:
                runs[-1][1] = x + 1
            else:
                runs.append([start, x + 1])
        for run in runs:
            if run[1] < len(wanted) and wanted[run[1]][0] == "":
                run[1] += 1
        return [(start, end) for start, end in runs]
