"""An equity curve as lines of text. plotext is imported on first use: start-up must not pay for it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from tradetui.tui.viewmodels.glyphs import Glyphs
from tradetui.tui.viewmodels.model import Line, Span, Tone

MOST_POINTS = 300
_NS = 1_000_000_000
_ASCII_AXES = str.maketrans("┤└┬┘┌┐─│", "|+++++-|")

Point = tuple[int, float]


def thin_out(points: Sequence[Point], most: int = MOST_POINTS) -> list[Point]:
    """Return at most `most` of `points`, evenly spread, the first and the last among them."""
    if len(points) <= most:
        return list(points)
    step = (len(points) - 1) / (most - 1)
    return [points[round(index * step)] for index in range(most)]


def curve_lines(points: Sequence[Point], width: int, height: int, glyphs: Glyphs) -> tuple[Line, ...]:
    """Return a curve through `points` (UTC nanoseconds, value) in a room of `width` x `height` cells."""
    shown = thin_out(points)
    if len(shown) < 2 or width < 20 or height < 4:
        return ()
    import plotext

    low, high = min(value for _, value in shown), max(value for _, value in shown)
    figure = plotext.figure
    figure.clear()
    figure.theme("colorless")
    figure.plot_size(width, height)
    marker = "braille" if glyphs.braille else "*"
    figure.draw(figure.signal(list(range(len(shown))), [value for _, value in shown], marker=marker).lines())
    middle = (low + high) / 2
    figure.ruler("y").ticks([low, middle, high], [f"{value:,.0f}" for value in (low, middle, high)])
    places = [0, len(shown) // 2, len(shown) - 1]
    figure.ruler("x").ticks(places, [_day(shown[place][0]) for place in places])
    figure.axes(False, side=1)
    drawn = figure.build().string(colorless=True).splitlines()
    tone = Tone.GOOD if shown[-1][1] >= shown[0][1] else Tone.BAD
    return tuple(_line(line, tone, glyphs) for line in drawn)


def _line(line: str, tone: Tone, glyphs: Glyphs) -> Line:
    text = line.translate(_ASCII_AXES) if glyphs.ascii_only else line
    for edge in ("┤", "│", "|"):
        label, found, drawn = text.partition(edge)
        if found:
            return (Span(label + found, Tone.DIM), Span(drawn, tone))
    return (Span(text, Tone.DIM),)


def _day(ns: int) -> str:
    return datetime.fromtimestamp(ns // _NS, tz=UTC).strftime("%Y-%m-%d")
