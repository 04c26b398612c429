"""Panel 2: live quotes and bars. The invariant: a quote with no age or an old one is never drawn like a fresh one."""

from __future__ import annotations

from tradetui.control.messages import Row
from tradetui.tui.viewmodels import rows
from tradetui.tui.viewmodels.formats import NONE, age, clock, percent, price, short
from tradetui.tui.viewmodels.glyphs import Glyphs
from tradetui.tui.viewmodels.model import Cell, Column, GridRow, GridView, Tone
from tradetui.tui.viewmodels.picture import Picture

SPARK = 7
STALE_S = 10.0
_DATA_TYPES = {1: "", 2: "FROZEN", 3: "DELAYED", 4: "DELAYED"}

COLUMNS = (
    Column(title="SYMBOL", width=6),
    Column(title="LAST", width=9, right=True),
    Column(title="CHANGE", width=8, priority=1, right=True),
    Column(title="BID", width=9, priority=4, right=True),
    Column(title="ASK", width=9, priority=5, right=True),
    Column(title="BARS", width=SPARK, priority=2),
    Column(title="BAR END", width=8, priority=6),
    Column(title="VOL", width=6, priority=7, right=True),
    Column(title="AGE", width=3, priority=1, right=True),
    Column(title="ENTRIES", width=7, priority=1, stretch=True),
)


def quotes_view(picture: Picture) -> GridView:
    """Return the panel of this moment."""
    symbols = picture.section("symbols")
    blocked = sum(1 for row in symbols.values() if rows.text(row, "blocked"))
    info = f"{len(symbols)} symbols" + (f", {blocked} blocked" if blocked else "")
    return GridView(
        columns=COLUMNS,
        rows=tuple(GridRow(symbol, _cells(symbol, row, picture)) for symbol, row in symbols.items()),
        info=info if symbols else "",
        info_tone=Tone.WARN if blocked else Tone.DIM,
        empty=picture.nothing_in("symbols", "no symbols configured"),
    )


def _cells(symbol: str, row: Row, picture: Picture) -> tuple[Cell, ...]:
    seconds = rows.number(row, "age_s")
    stale = seconds is None or seconds >= STALE_S
    tone = Tone.DIM if stale else Tone.TEXT
    return (
        Cell(symbol, Tone.STRONG),
        Cell(price(rows.number(row, "last")), Tone.DIM if stale else Tone.STRONG),
        _change(rows.number(row, "change_pct"), picture.glyphs, stale=stale),
        Cell(price(rows.number(row, "bid")), tone),
        Cell(price(rows.number(row, "ask")), tone),
        Cell(picture.glyphs.spark(rows.numbers(row, "spark"), SPARK), Tone.DIM if stale else Tone.ACCENT),
        Cell(clock(rows.whole(row, "bar_end_ns"), picture.zone), Tone.DIM),
        Cell(short(rows.number(row, "volume")), Tone.DIM),
        Cell(age(seconds), Tone.WARN if stale else Tone.DIM),
        _entries(row),
    )


def _change(change: float | None, glyphs: Glyphs, *, stale: bool) -> Cell:
    if change is None:
        return Cell(NONE, Tone.DIM)
    shown = round(change, 2) + 0.0  # no minus before a zero
    glyph = glyphs.up if shown > 0 else glyphs.down if shown < 0 else glyphs.same
    moving = Tone.GOOD if shown > 0 else Tone.BAD if shown < 0 else Tone.DIM
    return Cell(f"{glyph}{percent(shown)}", Tone.DIM if stale else moving)


def _entries(row: Row) -> Cell:
    if rows.flag(row, "halted"):
        return Cell("HALTED", Tone.BAD)
    if blocked := rows.text(row, "blocked"):
        return Cell(blocked, Tone.WARN)
    kind = _DATA_TYPES.get(rows.whole(row, "data_type") or 0, "UNKNOWN")
    return Cell(kind, Tone.WARN) if kind else Cell("ok", Tone.DIM)
