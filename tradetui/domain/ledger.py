"""The ledger: positions, cash and profit from fills alone (and the operator's adjustments).

Each execution counts exactly once, whatever the order, number and time of its reports: fills are keyed by execution id
without its revision, a higher revision replaces a lower one, a commission may come before, with or long after its fill.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from tradetui.domain.fill import Commission, Fill
from tradetui.domain.ids import exec_key
from tradetui.domain.position import Position

#: Owner of trades that no strategy of ours made.
EXTERNAL = "EXTERNAL"
#: Owner of the operator's flatten orders.
FLATTEN = "FLATTEN"
#: Whoever closes by hand closes the strategies' shares: their fills are booked to the owners that hold the position.
CLOSERS = frozenset({EXTERNAL, FLATTEN})


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjustment:
    """A booking that is no fill: an opening balance, a missed trade the operator adopted, a dividend, a deposit.

    `qty` is signed units at `price`; `cash` is money that moved besides the shares' own value, which is not booked: an
    adopted position does not change cash. `after_fills` is how many executions were booked before it, so that a restart
    books everything in the same order. With a `source` the units move from that owner to `owner` at `price`, and the
    account's own position and cash stay as they are. `multiplier` is money per point and unit.
    """

    adjustment_id: str
    symbol: str
    owner: str
    qty: float
    price: float
    cash: float
    reason: str
    who: str
    ts_ns: int
    after_fills: int = 0
    source: str = ""
    multiplier: float = 1.0


@dataclass(slots=True)
class BookedFill:
    """The latest revision of one execution, with its owner and commission (None until reported)."""

    fill: Fill
    owner: str
    revision: int
    multiplier: float
    commission: float | None = None
    #: (owner, fraction of the quantity) pairs that sum to 1.
    shares: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class _Part:
    """A fraction of one execution in one book."""

    booked: BookedFill
    fraction: float

    def applied_to(self, position: Position) -> Position:
        booked = self.booked
        qty = booked.fill.signed_qty * self.fraction
        if qty == 0:
            return position  # a busted trade counts for nothing
        return position.after_trade(
            qty, booked.fill.price, (booked.commission or 0.0) * self.fraction, booked.multiplier
        )


@dataclass(slots=True)
class _Book:
    """One position: `base` is final, `tail` holds what may still change (a missing commission, an open round trip)."""

    position: Position
    base: Position
    tail: list[_Part] = field(default_factory=list)

    def add(self, part: _Part) -> None:
        self.tail.append(part)
        self.position = part.applied_to(self.position)
        self.settle()

    def recompute(self) -> None:
        position = self.base
        for part in self.tail:
            position = part.applied_to(position)
        self.position = position
        self.settle()

    def settle(self) -> None:
        # Keeps the work per fill bounded: a finished round trip with all its commissions never changes again.
        if self.position.qty == 0 and all(part.booked.commission is not None for part in self.tail):
            self.base = self.position
            self.tail.clear()


def _adjusted(position: Position, adjustment: Adjustment, fraction: float) -> Position:
    return position.after_trade(adjustment.qty * fraction, adjustment.price, 0.0, adjustment.multiplier)


class Ledger:
    """Positions by symbol and by (owner, symbol), cash, realised profit and commissions.

    `cash` is None until an opening balance was booked: unknown is not zero.
    """

    def __init__(self) -> None:
        self._fills: dict[str, BookedFill] = {}
        self._early_commissions: dict[str, Commission] = {}
        self._adjustments: dict[str, Adjustment] = {}
        self._adjustment_shares: dict[str, tuple[tuple[str, float], ...]] = {}
        self._account: dict[str, _Book] = {}
        self._owners: dict[tuple[str, str], _Book] = {}
        self._flow = 0.0
        self._opening: float | None = None

    def book_fill(self, fill: Fill, owner: str, multiplier: float = 1.0) -> bool:
        """Book an execution report for `owner`; return whether anything changed.

        An equal or older revision of a known execution changes nothing.
        """
        key = exec_key(fill.exec_id)
        known = self._fills.get(key.base)
        if known is not None:
            if key.revision <= known.revision:
                return False
            self._revise(known, fill, key.revision)
            return True
        shares = self._shares(owner, fill.symbol, fill.signed_qty)
        booked = BookedFill(fill, owner, key.revision, multiplier, shares=shares)
        early = self._early_commissions.pop(key.base, None)
        if early is not None:
            booked.commission = early.amount
            self._flow -= early.amount
        self._fills[key.base] = booked
        self._flow -= fill.signed_qty * fill.price * multiplier
        self._account_book(fill.symbol).add(_Part(booked, 1.0))
        for name, fraction in shares:
            self._owner_book(name, fill.symbol).add(_Part(booked, fraction))
        return True

    def book_commission(self, commission: Commission) -> bool:
        """Book a commission report; return whether anything changed. It may come before its fill."""
        base = exec_key(commission.exec_id).base
        booked = self._fills.get(base)
        if booked is None:
            changed = self._early_commissions.get(base) != commission
            self._early_commissions[base] = commission
            return changed
        if booked.commission == commission.amount:
            return False
        self._flow += (booked.commission or 0.0) - commission.amount
        booked.commission = commission.amount
        self._recompute(booked)
        return True

    def book_adjustment(self, adjustment: Adjustment) -> bool:
        """Book an operator's adjustment once; return whether anything changed."""
        if adjustment.adjustment_id in self._adjustments:
            return False
        self._adjustments[adjustment.adjustment_id] = adjustment
        if adjustment.cash:
            self._flow += adjustment.cash
        if adjustment.qty:
            # The adopted shares enter below the tail, at their own price and without cash.
            for book, fraction in self._adjusted_books(adjustment):
                book.base = _adjusted(book.base, adjustment, fraction)
                book.recompute()
        return True

    def open_cash(self, amount: float) -> None:
        """Set the cash balance that stood before the first booked flow of this ledger."""
        self._opening = amount

    @property
    def opening_cash(self) -> float | None:
        """The opening balance, None when unknown."""
        return self._opening

    @property
    def flow(self) -> float:
        """Money that moved by fills, commissions and adjustments since the opening balance."""
        return self._flow

    @property
    def cash(self) -> float | None:
        """Cash now, None when the opening balance is unknown."""
        return None if self._opening is None else self._opening + self._flow

    def position(self, symbol: str) -> Position:
        """Return the account's position in `symbol` (quantity 0 when never traded)."""
        book = self._account.get(symbol)
        return book.position if book else Position(symbol)

    def position_of(self, owner: str, symbol: str) -> Position:
        """Return `owner`'s part of the position in `symbol`."""
        book = self._owners.get((owner, symbol))
        return book.position if book else Position(symbol)

    def positions(self) -> Iterator[Position]:
        """Yield the account's positions, flat ones with a history included, in symbol order."""
        for symbol in sorted(self._account):
            yield self._account[symbol].position

    def open_symbols(self) -> set[str]:
        """Return the symbols in which the account holds anything."""
        return {symbol for symbol, book in self._account.items() if book.position.qty}

    def owner_positions(self) -> Iterator[tuple[str, Position]]:
        """Yield (owner, position) in (owner, symbol) order."""
        for key in sorted(self._owners):
            yield key[0], self._owners[key].position

    def fill(self, exec_id: str) -> BookedFill | None:
        """Return the booked execution that `exec_id` belongs to, in its latest revision."""
        return self._fills.get(exec_key(exec_id).base)

    def booked(self, exec_id: str) -> BookedFill:
        """Return the booked execution that `exec_id` belongs to.

        Raises:
            KeyError: it was never booked.
        """
        return self._fills[exec_key(exec_id).base]

    def fills(self) -> Iterator[BookedFill]:
        """Yield booked executions in booking order, latest revisions."""
        yield from self._fills.values()

    @property
    def fill_count(self) -> int:
        """Number of executions booked."""
        return len(self._fills)

    @property
    def adjustments(self) -> tuple[Adjustment, ...]:
        """All adjustments in booking order."""
        return tuple(self._adjustments.values())

    @property
    def realized(self) -> float:
        """Realised profit after commissions, all symbols, since the ledger began."""
        return sum(book.position.realized for book in self._account.values())

    @property
    def commissions(self) -> float:
        """Commissions paid since the ledger began."""
        return sum(book.position.commission for book in self._account.values())

    @property
    def is_provisional(self) -> bool:
        """Whether a booked fill still lacks its commission, so that money figures may change."""
        return any(part.booked.commission is None for book in self._account.values() for part in book.tail)

    def _shares(self, owner: str, symbol: str, signed_qty: float) -> tuple[tuple[str, float], ...]:
        """Return who trades which fraction: a closer first closes what the other owners hold, in name order."""
        if owner not in CLOSERS or signed_qty == 0:
            return ((owner, 1.0),)
        left = abs(signed_qty)
        shares: list[tuple[str, float]] = []
        for name, held_symbol in sorted(self._owners):
            held = self._owners[name, held_symbol].position.qty
            if held_symbol != symbol or name == owner or held * signed_qty >= 0 or left <= 0:
                continue
            part = min(left, abs(held))
            shares.append((name, part / abs(signed_qty)))
            left -= part
        if left > 1e-9:
            shares.append((owner, left / abs(signed_qty)))
        return tuple(shares)

    def _account_book(self, symbol: str) -> _Book:
        book = self._account.get(symbol)
        if book is None:
            book = self._account[symbol] = _Book(Position(symbol), Position(symbol))
        return book

    def _owner_book(self, owner: str, symbol: str) -> _Book:
        book = self._owners.get((owner, symbol))
        if book is None:
            book = self._owners[owner, symbol] = _Book(Position(symbol), Position(symbol))
        return book

    def _adjusted_books(self, adjustment: Adjustment) -> list[tuple[_Book, float]]:
        if adjustment.source:
            shares: tuple[tuple[str, float], ...] = ((adjustment.source, -1.0), (adjustment.owner, 1.0))
        else:
            shares = self._shares(adjustment.owner, adjustment.symbol, adjustment.qty)
        self._adjustment_shares[adjustment.adjustment_id] = shares
        owners = [(self._owner_book(name, adjustment.symbol), fraction) for name, fraction in shares]
        return owners if adjustment.source else [(self._account_book(adjustment.symbol), 1.0), *owners]

    def _revise(self, known: BookedFill, fill: Fill, revision: int) -> None:
        old = known.fill
        self._flow += old.signed_qty * old.price * known.multiplier
        self._flow -= fill.signed_qty * fill.price * known.multiplier
        # A correction keeps what identifies the trade; only quantity, price and time are the broker's new word.
        known.fill = replace(old, exec_id=fill.exec_id, qty=fill.qty, price=fill.price, ts_ns=fill.ts_ns)
        known.revision = revision
        self._recompute(known)

    def _recompute(self, booked: BookedFill) -> None:
        symbol = booked.fill.symbol
        self._refresh(self._account_book(symbol), booked, None)
        for name, _ in booked.shares:
            self._refresh(self._owner_book(name, symbol), booked, name)

    def _refresh(self, book: _Book, booked: BookedFill, owner: str | None) -> None:
        if any(part.booked is booked for part in book.tail):
            book.recompute()
        else:
            self._rebuild(book, booked.fill.symbol, owner)

    def _rebuild(self, book: _Book, symbol: str, owner: str | None) -> None:
        # A settled round trip was corrected: start again from all fills. Rare, so simplicity beats speed.
        base = Position(symbol)
        for adjustment in self._adjustments.values():
            for name, fraction in self._adjustment_shares.get(adjustment.adjustment_id, ()):
                whole_account = owner is None and not adjustment.source
                if adjustment.symbol == symbol and (whole_account or name == owner):
                    base = _adjusted(base, adjustment, fraction)
        book.base = base
        book.tail = [
            _Part(booked, 1.0 if owner is None else fraction)
            for booked in self._fills.values()
            if booked.fill.symbol == symbol
            for name, fraction in (booked.shares if owner is not None else (("", 1.0),))
            if owner is None or name == owner
        ]
        book.recompute()
