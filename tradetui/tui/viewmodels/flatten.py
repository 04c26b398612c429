"""What a flatten would do, as far as it is known now. The core decides anew from the broker's positions.

The invariant: a position the broker has not confirmed is shown as unknown, never left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tradetui.control.messages import Row
from tradetui.tui.viewmodels import rows
from tradetui.tui.viewmodels.formats import masked_account, quantity
from tradetui.tui.viewmodels.model import Line, Span, Tone
from tradetui.tui.viewmodels.picture import Picture

_MOST = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class FlattenPreview:
    """`word` must be typed, `verb` stands on the button, `symbols` is empty for all positions."""

    symbols: tuple[str, ...]
    lines: tuple[Line, ...]
    word: str
    word_hint: str
    verb: str


def flatten_preview(picture: Picture, symbols: Sequence[str] = ()) -> FlattenPreview:
    """Return what flattening `symbols` (all when empty) would do now."""
    held = {
        symbol: row
        for symbol, row in picture.section("positions").items()
        if (not symbols or symbol in symbols) and not _is_flat(row)
    }
    orders = [row for _, row in picture.live_orders() if not symbols or rows.text(row, "symbol") in symbols]
    word, hint = confirmation(picture, "flatten")
    return FlattenPreview(
        symbols=tuple(symbols),
        lines=(_where(picture), *_positions(held, picture), _orders(orders), *_afterwards(picture, symbols)),
        word=word,
        word_hint=hint,
        verb=_verb(list(held)),
    )


def confirmation(picture: Picture, word: str) -> tuple[str, str]:
    """Return what must be typed and how it is asked for: `word`, or in LIVE the account's last four characters."""
    return account_tail(picture) if picture.mode == "LIVE" else (word, f"the word {word}")


def account_tail(picture: Picture) -> tuple[str, str]:
    """Return the account's last four characters and how they are asked for. Without an account nothing matches."""
    return rows.text(picture.core, "account")[-4:], "the account's last 4 characters"


def account_line(picture: Picture) -> Line:
    """Return mode and account, for the head of a dialog."""
    tone = {"PAPER": Tone.PAPER, "LIVE": Tone.LIVE}.get(picture.mode, Tone.CAUTION)
    account = masked_account(rows.text(picture.core, "account")) or "account unknown"
    return (Span(f" {picture.mode} ", tone), Span(f" {account}", Tone.STRONG))


def _verb(held: list[str]) -> str:
    if not held:
        return "Flatten (nothing known to be held)"
    return f"Flatten {', '.join(held)}" if len(held) <= 3 else f"Flatten {len(held)} positions"


def _where(picture: Picture) -> Line:
    return (*account_line(picture), Span(f"  {picture.trading_state}", Tone.LABEL))


def _afterwards(picture: Picture, symbols: Sequence[str]) -> list[Line]:
    if symbols:
        return [(Span(f"No entries in {', '.join(symbols)} after it, until you resume.", Tone.WARN),)]
    if picture.trading_state != "RUN":
        return []
    return [(Span("Trading is PAUSED after it, until you resume.", Tone.WARN),)]


def _is_flat(row: Row) -> bool:
    return rows.number(row, "broker_qty") == 0 and rows.number(row, "qty") == 0


def _positions(held: dict[str, Row], picture: Picture) -> list[Line]:
    if not held:
        word = "nothing is held" if picture.broker_ready else "positions are UNKNOWN: the core asks the broker first"
        return [(Span(word, Tone.TEXT if picture.broker_ready else Tone.WARN),)]
    lines = [_position(symbol, row) for symbol, row in list(held.items())[:_MOST]]
    if len(held) > _MOST:
        lines.append((Span(f"and {len(held) - _MOST} more", Tone.DIM),))
    return lines


def _position(symbol: str, row: Row) -> Line:
    known = rows.number(row, "broker_qty")
    held = rows.number(row, "qty") if known is None else known
    if not held:
        return (Span(f"{symbol:<6} ", Tone.STRONG), Span("quantity UNKNOWN at the broker", Tone.WARN))
    side = "SELL" if held > 0 else "BUY"
    mark = rows.number(row, "mark")
    value = rows.number(row, "value") if mark is None else abs(held) * mark
    note = "  not confirmed by the broker" if known is None else "  MISMATCH" if rows.flag(row, "mismatch") else ""
    return (
        Span(f"{symbol:<6} ", Tone.STRONG),
        Span(f"{side:<4} {quantity(abs(held)):>8}", Tone.TEXT),
        Span("  value unknown" if value is None else f"  about {abs(value):,.0f}", Tone.DIM),
        Span(note, Tone.WARN),
    )


def _orders(orders: list[Row]) -> Line:
    if not orders:
        return (Span("no working orders known", Tone.DIM),)
    named = ", ".join(f"{rows.text(row, 'side')} {rows.text(row, 'symbol')}" for row in orders[:4])
    more = f" and {len(orders) - 4} more" if len(orders) > 4 else ""
    plural = "s" if len(orders) != 1 else ""
    return (Span(f"cancels {len(orders)} working order{plural} first: {named}{more}", Tone.WARN),)
