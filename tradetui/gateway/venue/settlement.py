"""The end of a derivative: its last session is over, it is settled and gone.

Invariants: a settlement realizes exactly what the position was worth at the settlement price, and afterwards nothing of
the contract is held and none of its orders works. Futures settle in cash at the last price; an option in the money is
exercised into its underlying, which changes hands at the strike (options on an index settle in cash).
"""

from __future__ import annotations

from tradetui.gateway.venue.book import Book
from tradetui.gateway.venue.events import AccountEvent, PositionEvent
from tradetui.gateway.venue.floor import Floor
from tradetui.gateway.venue.lifecycle import Lifecycle
from tradetui.gateway.venue.money import to_micros
from tradetui.gateway.venue.refusal import EXPIRED


class Settlement:
    """Ends contracts on the floor."""

    def __init__(self, floor: Floor, lifecycle: Lifecycle) -> None:
        self._floor = floor
        self._lifecycle = lifecycle

    def expire(self, con_id: int) -> None:
        """The contract's last session is over."""
        floor = self._floor
        book = floor.books[con_id]
        for order in list(book.orders.values()):
            self._lifecycle.cancel(order, EXPIRED)
        for code, account in floor.office.accounts.items():
            holding = account.holdings.get(con_id)
            if holding is not None and holding.quantity:
                self._settle(code, book, holding.quantity)
        book.expired = True

    def _settle(self, code: str, book: Book, held: int) -> None:
        account = self._floor.office.accounts[code]
        contract = book.details.contract
        if contract.sec_type != "OPT":
            account.apply(book, -held, book.mark() or 0, 0)
            self._tell(code, contract.con_id)
            return
        under = self._floor.books[book.details.under_con_id]
        spot, strike = under.mark() or 0, to_micros(contract.strike)
        right = 1 if contract.right.startswith("C") else -1
        intrinsic = max((spot - strike) * right, 0)
        # The option is worth the difference, the shares change hands at the market: together that is the strike.
        account.apply(book, -held, intrinsic, 0)
        if intrinsic and under.is_tradable:
            account.apply(under, held * book.multiplier * right * under.lots, spot, 0)
            self._tell(code, under.details.contract.con_id)
        self._tell(code, contract.con_id)

    def _tell(self, code: str, con_id: int) -> None:
        row = self._floor.office.row(code, con_id)
        if row is not None:
            self._floor.events += (PositionEvent(row), AccountEvent(code))
