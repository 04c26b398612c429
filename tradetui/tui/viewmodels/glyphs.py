"""Characters for pictures, in three sets: braille, blocks for consoles without braille, and plain ASCII.

The invariant: every glyph is one cell wide, and each direction or level differs by shape, not by colour alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_BRAILLE_LEFT = (0x00, 0x40, 0x44, 0x46, 0x47)
_BRAILLE_RIGHT = (0x00, 0x80, 0xA0, 0xB0, 0xB8)


@dataclass(frozen=True, slots=True, kw_only=True)
class Glyphs:
    """One set. `levels` go from low to high; with `braille` each cell of a spark line holds two samples."""

    name: str
    braille: bool
    levels: str
    up: str
    down: str
    same: str
    full: str
    empty: str
    rule: str
    focus_rule: str
    divider: str
    dot: str
    ellipsis: str
    cursor: str

    @property
    def ascii_only(self) -> bool:
        """Whether the terminal shows nothing but ASCII."""
        return self.name == "ascii"

    def spark(self, values: Sequence[float], width: int) -> str:
        """Return the last `values` as a line of `width` cells, scaled from their lowest to their highest."""
        shown = list(values[-(2 * width if self.braille else width) :])
        if len(shown) < 2:
            return ""
        low, high = min(shown), max(shown)
        steps = len(_BRAILLE_LEFT) - 1 if self.braille else len(self.levels)
        scale = (steps - 1) / (high - low) if high > low else 0.0
        heights = [round((value - low) * scale) for value in shown]
        if not self.braille:
            return "".join(self.levels[height] for height in heights)
        if len(heights) % 2:
            heights.insert(0, heights[0])
        pairs = zip(heights[::2], heights[1::2], strict=True)
        return "".join(chr(0x2800 + _BRAILLE_LEFT[left + 1] + _BRAILLE_RIGHT[right + 1]) for left, right in pairs)

    def meter(self, used: float, width: int) -> tuple[str, str]:
        """Return the filled and the empty part of a bar of `width` cells that is `used` (0..1) full.

        Anything above zero shows at least one cell, anything below one leaves at least one empty.
        """
        if used <= 0:
            cells = 0
        elif used >= 1:
            cells = width
        else:
            cells = min(max(round(used * width), 1), width - 1)
        return self.full * cells, self.empty * (width - cells)


BRAILLE = Glyphs(
    name="braille",
    braille=True,
    levels="▁▂▃▄▅▆▇█",
    up="▲",
    down="▼",
    same="=",
    full="━",
    empty="─",
    rule="─",
    focus_rule="━",
    divider="│",
    dot="·",
    ellipsis="…",
    cursor="▏",
)
BLOCKS = Glyphs(
    name="blocks",
    braille=False,
    levels="▁▂▃▄▅▆▇█",
    up="▲",
    down="▼",
    same="=",
    full="█",
    empty="░",
    rule="─",
    focus_rule="═",
    divider="│",
    dot="·",
    ellipsis="…",
    cursor="_",
)
ASCII = Glyphs(
    name="ascii",
    braille=False,
    levels="_.-~=^*#",
    up="^",
    down="v",
    same="=",
    full="#",
    empty=".",
    rule="-",
    focus_rule="=",
    divider="|",
    dot="-",
    ellipsis="~",
    cursor="_",
)


def glyphs_for(environ: Mapping[str, str], encoding: str) -> Glyphs:
    """Return the set that the terminal described by `environ` and its `encoding` can show."""
    if encoding.lower().replace("-", "") != "utf8":
        return ASCII
    return BLOCKS if environ.get("TERM", "") in ("linux", "vt100", "vt220") else BRAILLE
