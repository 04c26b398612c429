"""What the operator can do about an order, a position or an item of the restart review: commands and their questions.

The invariant: nothing is offered that the core would refuse by the state shown, and each offer names what it changes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tradetui.control.messages import JsonValue, Row
from tradetui.tui.viewmodels import rows
from tradetui.tui.viewmodels.formats import quantity, signed
from tradetui.tui.viewmodels.picture import Picture, is_live

EXTERNAL = "EXTERNAL"
_REASON = "reason"


@dataclass(frozen=True, slots=True)
class Blank:
    """A text to type: `slot` is the command's field it fills, `word` what must be typed, None for any text."""

    slot: str
    label: str
    word: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """One offer. `kind` is the core's command; `text` says what it changes."""

    title: str
    text: str
    kind: str
    blanks: tuple[Blank, ...]
    symbols: tuple[str, ...] = ()
    target: str = ""
    owner: str = ""


class NotANumber(ValueError):
    """What was typed for a figure is none: nothing is sent."""


def repairs_of(panel: str, key: str, picture: Picture) -> tuple[Repair, ...]:
    """Return what can be done about row `key` of the orders or positions panel; nothing elsewhere."""
    if panel == "orders":
        row = picture.section("orders").get(key)
        return () if row is None else tuple(_of_order(key, row))
    if panel == "positions":
        row = picture.section("positions").get(key)
        return () if row is None else tuple(_of_position(key, row, picture))
    return ()


def repairs_of_item(item: Row, picture: Picture) -> tuple[Repair, ...]:
    """Return what can be done about an item of the restart review."""
    key = rows.text(item, "key")
    kind, _, symbol = key.partition(":")
    if kind == "position":
        return repairs_of("positions", symbol, picture)
    return repairs_of("orders", key, picture)


def arguments_of(repair: Repair, typed: tuple[str, ...]) -> tuple[dict[str, str], dict[str, JsonValue]]:
    """Return the texts and the booking fields of the command, from what was typed into the blanks.

    Raises:
        NotANumber: a figure is none.
    """
    texts: dict[str, str] = {}
    booking: dict[str, JsonValue] = {"owner": repair.owner} if repair.owner else {}
    for blank, text in zip(repair.blanks, typed, strict=True):
        if blank.slot in ("reason", "confirm"):
            texts[blank.slot] = text
            continue
        try:
            booking[blank.slot] = float(text)
        except ValueError:
            raise NotANumber(f"{text!r} is no number for {blank.label}") from None
    return texts, booking


def _of_order(key: str, row: Row) -> Iterator[Repair]:
    what = f"{rows.text(row, 'side')} {quantity(rows.number(row, 'qty'))} {rows.text(row, 'symbol')}"
    state = rows.text(row, "state")
    if rows.text(row, "owner") == EXTERNAL or not is_live(row):
        return
    yield Repair(
        title=f"cancel {what}",
        text="Asks the broker to cancel this one order. Strategies go on.",
        kind="cancel",
        target=key,
        blanks=(Blank("confirm", "type the word cancel", "cancel"),),
    )
    if state in ("UNKNOWN", "CANCEL_WANTED"):
        yield Repair(
            title=f"mark {what} dead",
            text="Only when TWS shows that it is not working. A late fill is booked and alerted all the same.",
            kind="close-unknown",
            target=key,
            blanks=(Blank(_REASON, "what proves it"),),
        )


def _of_position(symbol: str, row: Row, picture: Picture) -> Iterator[Repair]:
    ours, theirs = rows.number(row, "qty"), rows.number(row, "broker_qty")
    if rows.flag(row, "mismatch"):
        held = f"ours {signed(ours)}, broker {signed(theirs)}"
        yield Repair(
            title=f"adopt the broker's {symbol}",
            text=f"{held}. The difference is booked to EXTERNAL; cash does not move.",
            kind="adopt",
            symbols=(symbol,),
            blanks=(Blank(_REASON, "reason"),),
        )
        yield Repair(
            title=f"book a missed trade in {symbol}",
            text=f"{held}. Books units and their money; only towards the broker's position.",
            kind="adjust",
            symbols=(symbol,),
            blanks=(Blank("qty", "quantity, signed"), Blank("price", "price"), Blank(_REASON, "reason")),
        )
    owners = row.get("owners")
    held_outside = owners.get(EXTERNAL) if isinstance(owners, dict) else None
    if isinstance(held_outside, int | float) and held_outside:
        for name in _traders(symbol, picture):
            yield Repair(
                title=f"assign {signed(float(held_outside))} {symbol} to {name}",
                text=f"These units of EXTERNAL become {name}'s, which may then sell them.",
                kind="assign",
                symbols=(symbol,),
                target=name,
                blanks=(Blank(_REASON, "reason"),),
            )
    if any(_is_lock(latch, symbol) for latch in picture.section("latches").values()):
        yield Repair(
            title=f"unlock {symbol}",
            text="Ends the lock on this symbol; its cause should be gone.",
            kind="unlock",
            symbols=(symbol,),
            blanks=(Blank(_REASON, "reason"),),
        )


def _traders(symbol: str, picture: Picture) -> list[str]:
    found = []
    for name, row in picture.section("strategies").items():
        traded = row.get("symbols")
        if isinstance(traded, list) and symbol in traded:
            found.append(name)
    return found


def _is_lock(latch: Row, symbol: str) -> bool:
    return rows.text(latch, "symbol") == symbol and rows.text(latch, "cleared_by") == "operator"
