"""Panel 3: positions. The invariant: nothing reads as flat or right unless the broker's own figure says so."""

from __future__ import annotations

from tradetui.control.messages import JsonValue, Row
from tradetui.tui.viewmodels import rows
from tradetui.tui.viewmodels.formats import money, price, short, signed
from tradetui.tui.viewmodels.model import Cell, Column, GridRow, GridView, Line, Span, Tone
from tradetui.tui.viewmodels.picture import Picture

COLUMNS = (
    Column(title="SYMBOL", width=6),
    Column(title="QTY", width=7, right=True),
    Column(title="AVG COST", width=9, priority=4, right=True),
    Column(title="MARK", width=9, priority=3, right=True),
    Column(title="OPEN P&L", width=10, priority=1, right=True),
    Column(title="REALIZED", width=10, priority=5, right=True),
    Column(title="VALUE", width=7, priority=6, right=True),
    Column(title="BROKER", width=8, right=True),
    Column(title="OWNER", width=12, priority=7, stretch=True),
)


def positions_view(picture: Picture) -> GridView:
    """Return the panel of this moment."""
    positions = picture.section("positions")
    account = picture.single("account")
    open_pnl = rows.number(account, "unrealized")
    wrong = sum(1 for row in positions.values() if rows.flag(row, "mismatch"))
    return GridView(
        columns=COLUMNS,
        rows=tuple(GridRow(symbol, _cells(symbol, row)) for symbol, row in positions.items()),
        info=f"{wrong} MISMATCH" if wrong else f"open {money(open_pnl)}" if positions else "",
        info_tone=Tone.ALARM if wrong else Tone.DIM,
        empty=_empty(picture),
    )


def _empty(picture: Picture) -> Line:
    proved = picture.broker_ready and rows.whole(picture.single("account"), "reconciled_ns") is not None
    if proved:
        return (Span("no positions, confirmed by the broker", Tone.DIM),)
    return (Span("UNKNOWN", Tone.CAUTION), Span(" until the broker has told its positions", Tone.DIM))


def _cells(symbol: str, row: Row) -> tuple[Cell, ...]:
    held, pnl = rows.number(row, "qty"), rows.number(row, "unrealized")
    unproved = rows.number(row, "broker_qty") is None
    return (
        Cell(symbol, Tone.STRONG),
        Cell(
            signed(held) + ("?" if unproved else ""), Tone.WARN if unproved else Tone.DIM if held == 0 else Tone.STRONG
        ),
        Cell(price(rows.number(row, "avg_cost") if held else None), Tone.DIM),
        Cell(price(rows.number(row, "mark")), Tone.TEXT),
        Cell(money(pnl), _sign(pnl)),
        Cell(money(rows.number(row, "realized")), _sign(rows.number(row, "realized"))),
        Cell(short(rows.number(row, "value")), Tone.DIM),
        _broker(row),
        Cell(_owners(row.get("owners")), Tone.DIM),
    )


def _broker(row: Row) -> Cell:
    held = rows.number(row, "broker_qty")
    if held is None:
        return Cell("UNKNOWN", Tone.CAUTION)
    if rows.flag(row, "mismatch"):
        # The word must survive the narrowest column; the broker's figure is in the details.
        return Cell("MISMATCH", Tone.ALARM)
    return Cell(signed(held), Tone.DIM)


def _sign(value: float | None) -> Tone:
    if not value:
        return Tone.DIM
    return Tone.GOOD if value > 0 else Tone.BAD


def _owners(owners: JsonValue) -> str:
    if not isinstance(owners, dict):
        return ""
    names = [name for name, held in owners.items() if held]
    return ", ".join(names)
