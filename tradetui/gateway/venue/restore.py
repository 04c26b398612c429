"""The venue's whole state as data, and back.

Invariant: a venue restored from its state answers every query as the original did and treats future orders, data and
time alike; only quotes are forgotten (they were the market's, and time has passed).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from tradetui.domain.errors import OperatorError
from tradetui.gateway.venue import codec
from tradetui.gateway.venue.account import Account, Holding, Payment
from tradetui.gateway.venue.clockwork import Clockwork
from tradetui.gateway.venue.conditions import Conditions
from tradetui.gateway.venue.floor import Due, Floor
from tradetui.gateway.venue.model import CommissionReport, Contract, Execution, OrderStatus
from tradetui.gateway.venue.working import WorkingOrder

VERSION = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountImage:
    """One account: cash, holdings, and what it was worth at the last day roll (micro-dollars)."""

    code: str
    currency: str
    cash: int
    holdings: tuple[Holding, ...]
    dividends: tuple[Payment, ...]
    income: int
    month_units: int
    day_net_liquidation: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BookImage:
    """What one instrument's book remembers beside its orders; see Book."""

    con_id: int
    last: float | None
    previous_close: float | None
    volume: int
    printed: bool
    opened: bool
    halted: bool
    expired: bool
    short_limit: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueImage:
    """Everything a venue is, except its configuration and its instruments."""

    version: int
    now_ns: int
    ranks: int
    margin_due: int | None
    next_perm_id: int
    next_execution: int
    highest_ids: tuple[tuple[int, int], ...]
    working: tuple[WorkingOrder, ...]
    done: tuple[WorkingOrder, ...]
    accounts: tuple[AccountImage, ...]
    booked: tuple[tuple[Execution, CommissionReport], ...]
    books: tuple[BookImage, ...]


def to_state(floor: Floor) -> dict[str, object]:
    """The floor as JSON-serialisable data."""
    office = floor.office
    image = VenueImage(
        version=VERSION,
        now_ns=floor.now_ns,
        ranks=floor.ranks,
        margin_due=floor.margin_due,
        next_perm_id=floor.orders.next_perm_id,
        next_execution=office.next_execution,
        highest_ids=tuple(sorted(floor.orders.highest_ids().items())),
        working=tuple(floor.orders.working()),
        done=tuple(floor.orders.done()),
        accounts=tuple(
            AccountImage(
                code=account.code,
                currency=account.currency,
                cash=account.cash,
                holdings=tuple(account.holdings.values()),
                dividends=account.dividends,
                income=account.income,
                month_units=account.month_units,
                day_net_liquidation=office.day_net_liquidation[account.code],
            )
            for account in office.accounts.values()
        ),
        booked=tuple(office.booked),
        books=tuple(
            BookImage(
                con_id=con_id,
                last=book.last,
                previous_close=book.previous_close,
                volume=book.volume,
                printed=book.printed,
                opened=book.opened,
                halted=book.halted,
                expired=book.expired,
                short_limit=book.short_limit,
            )
            for con_id, book in floor.books.items()
        ),
    )
    return cast("dict[str, object]", codec.to_data(image))


def from_state(floor: Floor, clockwork: Clockwork, conditions: Conditions, state: Mapping[str, object]) -> None:
    """Fill a fresh floor from `state` and start its clock there.

    Raises OperatorError if the state is of another version, damaged, or about instruments this venue lacks.
    """
    if state.get("version") != VERSION:
        raise OperatorError(
            f"venue state has version {state.get('version')!r}, this program writes {VERSION}; "
            "delete the state file to start a new account"
        )
    try:
        image = codec.from_data(VenueImage, dict(state))
    except (ValueError, TypeError) as error:
        raise OperatorError(f"venue state is damaged ({error}); delete the state file to start a new account") from None
    _check_instruments(floor, image)
    _restore_accounts(floor, image)
    _restore_books(floor, image)
    floor.now_ns = image.now_ns
    _restore_orders(floor, image)
    for order in image.working:
        if order.transmitted:
            conditions.watch(order)
    if image.now_ns:
        clockwork.start(image.now_ns, resumed=True)


def _check_instruments(floor: Floor, image: VenueImage) -> None:
    held = [holding.contract for account in image.accounts for holding in account.holdings]
    named = held + [order.request.contract for order in image.working + image.done]
    missing = sorted({contract.symbol for contract in named if floor.find(contract) is None})
    if missing:
        raise OperatorError(
            f"venue state holds {', '.join(missing)}, which this market does not trade; "
            "start the gateway with the market it was saved with, or delete the state file"
        )


def _restore_accounts(floor: Floor, image: VenueImage) -> None:
    office = floor.office
    office.next_execution = image.next_execution
    office.booked = list(image.booked)
    office.accounts = {
        each.code: Account(
            each.code,
            each.currency,
            each.cash,
            {h.contract.con_id: h for h in each.holdings},
            each.dividends,
            each.income,
            each.month_units,
        )
        for each in image.accounts
    }
    office.day_net_liquidation = {each.code: each.day_net_liquidation for each in image.accounts}


def _restore_books(floor: Floor, image: VenueImage) -> None:
    for each in image.books:
        # What was listed on demand is listed again, for the orders that watch it; the market may no longer know it.
        book = floor.find(Contract.numbered(each.con_id))
        if book is not None:
            book.last, book.printed = each.last, each.printed
            book.previous_close, book.volume = each.previous_close, each.volume
            book.opened, book.halted, book.expired = each.opened, each.halted, each.expired
            book.short_limit = each.short_limit


def _restore_orders(floor: Floor, image: VenueImage) -> None:
    orders, timers = floor.orders, floor.timers
    orders.next_perm_id = image.next_perm_id
    for order in image.working + image.done:
        orders.add(order)
    for order in image.done:
        orders.retire(order)
    orders.restore(dict(image.highest_ids))
    floor.ranks = image.ranks
    if image.margin_due is not None:
        floor.watch_margin(image.margin_due)
    for order in image.working:
        floor.exposures.restore(order)
        floor.books[order.con_id].orders[order.perm_id] = order
        if order.expires_ns is not None:
            timers.at(order.expires_ns, Due.EXPIRE, order.perm_id)
        if not order.activated and order.request.good_after is not None:
            timers.at(order.request.good_after, Due.ACTIVATE, order.perm_id)
        if order.status is OrderStatus.PENDING_CANCEL:
            timers.at(image.now_ns, Due.CANCEL, order.perm_id)
    for order in sorted(image.working, key=lambda each: each.rank):
        order.lose_place()
        if order.rank:
            floor.books[order.con_id].file(order)
