"""Short ways to a picture, and from a view to what it says."""

from __future__ import annotations

from typing import Any

from tests.tui.scenes import demo_state
from tradetui.control.messages import State
from tradetui.tui.link import LinkStatus, Phase
from tradetui.tui.operator import Sent, Status
from tradetui.tui.viewmodels.model import Cell, GridView, Line
from tradetui.tui.viewmodels.picture import Picture

LIVE = LinkStatus(phase=Phase.LIVE, for_s=0.0)


def picture(state: State | None = None, **parts: Any) -> Picture:
    return Picture(state=demo_state() if state is None else state, **{"link": LIVE, **parts})


def status(phase: Phase, for_s: float = 7.0, **parts: Any) -> LinkStatus:
    return LinkStatus(phase=phase, for_s=for_s, **parts)


def sent(kind: str, status: Status, text: str = "", symbols: tuple[str, ...] = ()) -> Sent:
    return Sent(command_id="c1", kind=kind, symbols=symbols, status=status, text=text, at_s=0.0)


def said(line: Line) -> str:
    return "".join(span.text for span in line)


def cells(view: GridView, key: str) -> dict[str, Cell]:
    row = next(row for row in view.rows if row.key == key)
    return {column.title or str(n): cell for n, (column, cell) in enumerate(zip(view.columns, row.cells, strict=True))}
