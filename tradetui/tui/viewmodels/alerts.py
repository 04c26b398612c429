"""The alerts, newest first, with what became of each on its way to the operator's phone."""

from __future__ import annotations

from tradetui.control.messages import Row
from tradetui.tui.viewmodels import rows
from tradetui.tui.viewmodels.formats import clock
from tradetui.tui.viewmodels.model import Cell, Column, GridRow, GridView, Span, Tone
from tradetui.tui.viewmodels.picture import Picture

_SEVERITIES = {"INFO": Tone.DIM, "WARNING": Tone.WARN, "CRITICAL": Tone.ALARM}
_DELIVERIES = {"delivered": Tone.GOOD, "failed": Tone.BAD, "undelivered": Tone.BAD}

COLUMNS = (
    Column(title="NO", width=4, right=True),
    Column(title="TIME", width=8),
    Column(title="SEVERITY", width=8, priority=1),
    Column(title="DELIVERY", width=11),
    Column(title="TEXT", width=12, stretch=True),
)


def alerts_view(picture: Picture) -> GridView:
    """Return all alerts the core holds."""
    alerts = sorted(
        ((int(key), row) for key, row in picture.section("alerts").items() if key.isdecimal()),
        key=lambda item: item[0],
        reverse=True,
    )
    return GridView(
        columns=COLUMNS,
        rows=tuple(GridRow(str(number), _cells(number, row, picture)) for number, row in alerts),
        info=f"channel {rows.text(picture.single('alerting'), 'state') or 'unknown'}{_read(picture)}",
        empty=(Span("no alerts", Tone.DIM),),
    )


def _read(picture: Picture) -> str:
    number, who = rows.whole(picture.core, "acknowledged"), rows.text(picture.core, "acknowledged_by")
    return f"; read up to {number} by {who}" if number and who else ""


def newest_alert(picture: Picture) -> int:
    """Return the number of the newest alert, 0 without one."""
    return max((int(key) for key in picture.section("alerts") if key.isdecimal()), default=0)


def _cells(number: int, row: Row, picture: Picture) -> tuple[Cell, ...]:
    severity, delivery, detail = (rows.text(row, name) for name in ("severity", "delivery", "detail"))
    said = rows.text(row, "text")
    return (
        Cell(str(number), Tone.DIM),
        Cell(clock(rows.whole(row, "ts_ns"), picture.zone), Tone.DIM),
        Cell(severity, _SEVERITIES.get(severity, Tone.TEXT)),
        Cell(delivery, _DELIVERIES.get(delivery, Tone.TEXT)),
        Cell(said, Tone.TEXT, f" ({detail})" if detail else "", Tone.BAD),
    )
