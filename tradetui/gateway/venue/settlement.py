"""The end of a derivative: its last session is over, it is settled and gone.

Invariants: a settlement realizes exactly what the position was worth at the settlement price, and afterwards nothing of
the contract is held and none of its orders works. Futures settle in cash at the last price; an option in the money is
exercised into its underlying, which changes hands at the strike (options on an index settle in cash).
"""

from __future__ import annotations

from tradetui.gateway.venue.book import Book
from tradetui.gateway.venue.exercise import take_up, tell, worth
from tradetui.gateway.venue.floor import Floor
from tradetui.gateway.venue.lifecycle import Lifecycle
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
            tell(self._floor, code, contract.con_id)
            return
        value = worth(self._floor, book)
        if value > 0:
            take_up(self._floor, code, book, held, value)
            return
        account.apply(book, -held, 0, 0)
        tell(self._floor, code, contract.con_id)
