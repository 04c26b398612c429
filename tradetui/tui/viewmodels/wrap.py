"""Breaks lines of spans at blanks. The invariant: no word is lost, and a wrapped line hangs under its first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from tradetui.tui.viewmodels.model import Line, Span


def wrap_lines(lines: Iterable[Line], width: int, indent: int = 0) -> tuple[Line, ...]:
    """Return `lines` cut into lines of at most `width` characters, later parts indented by `indent`."""
    return tuple(part for line in lines for part in _wrap(line, max(width, indent + 8), indent))


def _wrap(line: Line, width: int, indent: int) -> Iterator[Line]:
    current: list[Span] = []
    used = 0
    for span in _words(line):
        size = len(span.text.rstrip())
        if current and used + size > width:
            yield _trimmed(current)
            current = [Span(" " * indent)] if indent else []
            used = indent
            span = Span(span.text.lstrip(), span.tone)
        current.append(span)
        used += len(span.text)
    yield _trimmed(current)


def _trimmed(spans: list[Span]) -> Line:
    # The blanks after the last word may stand beyond the edge.
    return (*spans[:-1], Span(spans[-1].text.rstrip(), spans[-1].tone)) if spans else ()


def _words(line: Sequence[Span]) -> Iterator[Span]:
    # Each word keeps the blanks after it, so that columns made of blanks stay as they are.
    for span in line:
        start = 0
        text = span.text
        while start < len(text):
            end = start
            while end < len(text) and text[end] != " ":
                end += 1
            while end < len(text) and text[end] == " ":
                end += 1
            yield Span(text[start:end], span.tone)
            start = end
