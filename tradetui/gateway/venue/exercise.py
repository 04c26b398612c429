"""Exercising an option before it expires, or giving it up on its last day.

Invariants: only what is held long can be exercised; together option and shares change hands at the strike, so cash and
positions conserve; a refused request changes nothing.
"""

from __future__ import annotations

from tradetui.gateway.venue.book import Book
from tradetui.gateway.venue.events import AccountEvent, PositionEvent
from tradetui.gateway.venue.floor import Floor
from tradetui.gateway.venue.model import Contract
from tradetui.gateway.venue.money import to_micros
from tradetui.gateway.venue.refusal import NO_DEFINITION, Refusal, processing

EXERCISE, LAPSE = 1, 2


def take_up(floor: Floor, account: str, book: Book, units: int, value: int) -> None:
    """`units` of an option (signed as held) end at `value` each, its shares change hands at the market.

    `value` is what the shares are worth beyond the strike: together that is a trade at the strike.
    """
    books = floor.office.accounts[account]
    under = floor.books[book.details.under_con_id]
    right = 1 if book.details.contract.right.startswith("C") else -1
    books.apply(book, -units, value, 0)
    if under.is_tradable:
        books.apply(under, units * book.multiplier * right * under.lots // book.lots, under.mark() or 0, 0)
        tell(floor, account, under.details.contract.con_id)
    tell(floor, account, book.details.contract.con_id)


def tell(floor: Floor, account: str, con_id: int) -> None:
    """Report a holding that changed without a trade."""
    row = floor.office.row(account, con_id)
    if row is not None:
        floor.events += (PositionEvent(row), AccountEvent(account))


def worth(floor: Floor, book: Book) -> int:
    """What a share is worth beyond the strike to the option's holder, micro-dollars; below zero out of the money."""
    contract = book.details.contract
    spot = floor.books[book.details.under_con_id].mark() or 0
    return (spot - to_micros(contract.strike)) * (1 if contract.right.startswith("C") else -1)


def exercise(
    floor: Floor, account: str, contract: Contract, *, action: int, quantity: int, override: bool
) -> Refusal | None:
    """Do it at once; the refusal says why not. `override` exercises also out of the money."""
    book = floor.find(contract)
    if book is None or book.details.contract.sec_type != "OPT":
        return NO_DEFINITION
    holding = floor.office.accounts[account].holdings.get(contract.con_id)
    held = holding.quantity if holding is not None else 0
    units = quantity * book.lots
    if not 0 < units <= held:
        return processing(f"Cannot exercise {quantity} of a position of {held // book.lots}.")
    if action == LAPSE:
        return _lapse(floor, account, book, units)
    if action != EXERCISE:
        return processing(f"Exercise action {action} is neither 1 (exercise) nor 2 (lapse).")
    value = worth(floor, book)
    if value <= 0 and not override:
        return processing("Exercise ignored because option is not in-the-money.")
    take_up(floor, account, book, units, value)
    return None


def _lapse(floor: Floor, account: str, book: Book, units: int) -> Refusal | None:
    local = floor.calendar.local
    expires_ns = book.details.expires_ns
    if expires_ns is None or local(expires_ns).date() != local(floor.now_ns).date():
        return processing("An option can be lapsed on its last trading day only.")
    floor.office.accounts[account].apply(book, -units, 0, 0)
    tell(floor, account, book.details.contract.con_id)
    return None
