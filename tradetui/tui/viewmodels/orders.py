"""Panel 4: the blotter, working orders first, then the newest. Bounded: the rest is in `tradetui orders`."""

from __future__ import annotations

from tradetui.control.messages import Row
from tradetui.tui.viewmodels import rows
from tradetui.tui.viewmodels.formats import clock, price, quantity
from tradetui.tui.viewmodels.model import Cell, Column, GridRow, GridView, Tone
from tradetui.tui.viewmodels.picture import Picture, is_live

MOST = 200
_TONES = {
    "UNKNOWN": Tone.CAUTION,
    "REJECTED": Tone.BAD,
    "DENIED": Tone.BAD,
    "LOST": Tone.BAD,
    "OVERFILL": Tone.ALARM,
    "LATE_FILL": Tone.WARN,
    "CANCEL_WANTED": Tone.WARN,
    "PARTIAL": Tone.ACCENT,
    "WORKING": Tone.ACCENT,
    "ACKED": Tone.ACCENT,
    "FILLED": Tone.GOOD,
}

COLUMNS = (
    Column(title="TIME", width=8, priority=2),
    Column(title="SYMBOL", width=6),
    Column(title="SIDE", width=4),
    Column(title="FILLED", width=9, right=True),
    Column(title="TYPE", width=7, priority=2),
    Column(title="PRICE", width=9, priority=1, right=True),
    Column(title="STATE", width=13),
    Column(title="STRATEGY", width=12, priority=4),
    Column(title="NOTE", width=10, priority=3, stretch=True),
)


def orders_view(picture: Picture) -> GridView:
    """Return the panel of this moment."""
    orders = picture.section("orders")
    ranked = sorted(orders.items(), key=lambda item: _rank(item[1]), reverse=True)[:MOST]
    live = sum(1 for row in orders.values() if is_live(row))
    unknown = sum(1 for row in orders.values() if rows.text(row, "state") == "UNKNOWN")
    return GridView(
        columns=COLUMNS,
        rows=tuple(GridRow(key, _cells(row, picture)) for key, row in ranked),
        info=f"{live} may be live" + (f", {unknown} UNKNOWN" if unknown else "") if "orders" in picture.state else "",
        info_tone=Tone.CAUTION if unknown else Tone.DIM,
        empty=picture.nothing_in("orders", "no orders yet"),
    )


def _rank(row: Row) -> tuple[bool, bool, int]:
    return (
        rows.text(row, "state") == "UNKNOWN",
        is_live(row),
        rows.whole(row, "updated_ns") or rows.whole(row, "created_ns") or 0,
    )


def _cells(row: Row, picture: Picture) -> tuple[Cell, ...]:
    state, side = rows.text(row, "state"), rows.text(row, "side")
    body = Tone.TEXT if is_live(row) else Tone.DIM
    return (
        Cell(clock(rows.whole(row, "created_ns"), picture.zone), Tone.DIM),
        Cell(rows.text(row, "symbol"), Tone.STRONG if is_live(row) else Tone.TEXT),
        Cell(side, Tone.ACCENT if side == "BUY" else Tone.WARN),
        Cell(f"{quantity(rows.number(row, 'filled'))}/{quantity(rows.number(row, 'qty'))}", body),
        Cell(rows.text(row, "order_type"), body),
        Cell(_price(row), body),
        Cell(state or "UNKNOWN", _TONES.get(state, Tone.DIM)),
        Cell(rows.text(row, "owner"), Tone.DIM),
        Cell(_note(row), Tone.DIM),
    )


def _price(row: Row) -> str:
    """The price it got, else the price it asks for; nothing for a market order."""
    for name in ("avg_price", "limit_price", "stop_price"):
        if (value := rows.number(row, name)) is not None:
            return price(value)
    return "market"


def _note(row: Row) -> str:
    code = rows.whole(row, "last_code")
    said = rows.text(row, "last_text")
    if said:
        return said if code is None else f"{code} {said}"
    return rows.text(row, "reason") or rows.text(row, "purpose")
