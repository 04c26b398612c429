"""Panel 5: risk meters, each with what was measured and its limit. The invariant: not measurable reads as such."""

from __future__ import annotations

from tradetui.control.messages import Row
from tradetui.tui.viewmodels import rows
from tradetui.tui.viewmodels.formats import short
from tradetui.tui.viewmodels.model import Cell, Column, GridRow, GridView, Tone
from tradetui.tui.viewmodels.picture import Picture

BAR = 6
_CLOSE = 0.8
_UNITS = {"%": "%", "x": "x"}
#: The side column is narrow: these labels keep their meaning when short.
_LABELS = {
    "day's drawdown": "day draw",
    "gross exposure": "gross",
    "net exposure": "net",
    "largest position": "max pos",
    "concentration": "concentr.",
    "largest sector": "sector",
    "orders/minute": "orders/min",
    "messages/minute": "msgs/min",
    "strategy loss": "strat loss",
    "symbol loss": "sym loss",
    "round trips": "roundtrips",
    "losing streak": "lost/row",
    "denials in a row": "denials",
    "broker rejects": "rejects",
    "worst slippage": "slippage",
    "orders per fill": "ord./fill",
}

COLUMNS = (
    Column(title="LIMIT", width=10),
    Column(title="USED", width=BAR, priority=1),
    Column(title="OF", width=10, right=True, stretch=True),
)


def risk_view(picture: Picture) -> GridView:
    """Return the panel of this moment."""
    meters = picture.section("risk")
    breached = sum(1 for row in meters.values() if rows.flag(row, "breached"))
    # On a small screen the last meters are out of sight: what is breached never is.
    ordered = sorted(meters.items(), key=lambda item: not rows.flag(item[1], "breached"))
    return GridView(
        columns=COLUMNS,
        rows=tuple(GridRow(code, _cells(code, row, picture)) for code, row in ordered),
        info=f"{breached} BREACHED" if breached else "",
        info_tone=Tone.ALARM if breached else Tone.DIM,
        titles=False,
        empty=picture.nothing_in("risk", "no limits reported"),
    )


def _cells(code: str, row: Row, picture: Picture) -> tuple[Cell, ...]:
    used = rows.number(row, "used")
    breached = rows.flag(row, "breached")
    tone = Tone.BAD if breached else Tone.WARN if used is not None and used >= _CLOSE else Tone.GOOD
    label = rows.text(row, "label") or code
    label = _LABELS.get(label, label)
    return (
        Cell(label, Tone.BAD if breached else Tone.LABEL),
        Cell("BREACH", Tone.ALARM) if breached else _bar(used, tone, picture),
        Cell(_figures(row), tone if tone is not Tone.GOOD else Tone.TEXT),
    )


def _bar(used: float | None, tone: Tone, picture: Picture) -> Cell:
    if used is None:
        return Cell("unknown", Tone.DIM)
    full, empty = picture.glyphs.meter(used, BAR)
    return Cell(full, tone, empty, Tone.DIM)


def _figures(row: Row) -> str:
    unit = _UNITS.get(rows.text(row, "unit"), "")
    return f"{short(rows.number(row, 'measured'))}/{short(rows.number(row, 'limit'))}{unit}"
