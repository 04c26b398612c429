"""The restart review as lines: what blocks first, each item with a number to choose and what can be done."""

from __future__ import annotations

from tradetui.control.messages import Row
from tradetui.tui.viewmodels import rows
from tradetui.tui.viewmodels.model import Line, Span, Tone
from tradetui.tui.viewmodels.picture import Picture

_TONES = {"adopted": Tone.GOOD, "unknown": Tone.CAUTION, "mismatch": Tone.ALARM, "external": Tone.DIM}


def review_rows(picture: Picture) -> list[Row]:
    """Return the items in the core's order."""
    return [row for _, row in sorted(picture.section("review").items())]


def is_holding(picture: Picture) -> bool:
    """Return whether a restart waits for the operator: trading is held and an item has to be resolved."""
    return "restart" in picture.section("latches") and any(rows.flag(row, "blocks") for row in review_rows(picture))


def review_lines(picture: Picture) -> list[Line]:
    """Return the review, a headline and one or two lines per item."""
    lines: list[Line] = [(_headline(picture),), ()]
    for number, row in enumerate(review_rows(picture), start=1):
        kind = rows.text(row, "kind")
        digit = str(number) if number <= 9 else " "
        lines.append(
            (
                Span(f" {digit} ", Tone.KEY),
                Span(f" {kind:<9}", _TONES.get(kind, Tone.TEXT)),
                Span(rows.text(row, "text"), Tone.TEXT if rows.flag(row, "blocks") else Tone.DIM),
            )
        )
        if rows.text(row, "action"):
            lines.append((Span(" " * 13, Tone.TEXT), Span(rows.text(row, "action"), Tone.LABEL)))
    return lines


def _headline(picture: Picture) -> Span:
    said = rows.text(picture.core, "review")
    if not picture.broker_ready:
        return Span("The broker cannot be asked now: nothing here is proved.", Tone.CAUTION)
    if is_holding(picture):
        return Span(f"Nothing trades until this is clean: {said}.", Tone.CAUTION)
    if said:
        return Span(f"{said[0].upper()}{said[1:]}.", Tone.WARN)
    return Span("Clean: the broker and the journal agree.", Tone.GOOD)
