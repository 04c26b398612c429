"""What splits and dividends do to holdings and orders, in the night before the ex-date.

Invariants: a split changes no account's worth but for the rounding of the price to a millionth; a fraction of a share
is paid out at the price it has; a dividend is earned by who holds the share then and paid by who is short, once.
Working orders of a split share are cancelled, as at IB; options on it are not adjusted.
"""

from __future__ import annotations

from datetime import date

from tradetui.gateway.venue.account import Account, Payment
from tradetui.gateway.venue.book import Book
from tradetui.gateway.venue.corporate_action import Dividend, Split
from tradetui.gateway.venue.events import AccountEvent, PositionEvent
from tradetui.gateway.venue.floor import Floor
from tradetui.gateway.venue.lifecycle import Lifecycle
from tradetui.gateway.venue.money import to_micros
from tradetui.gateway.venue.refusal import CORPORATE_ACTION


class CorporateDesk:
    """Applies the configured actions day by day."""

    def __init__(self, floor: Floor, lifecycle: Lifecycle) -> None:
        self._floor = floor
        self._lifecycle = lifecycle

    def start_day(self, today: date) -> None:
        """The day begins: pay what is due, then apply the actions whose ex-date it is."""
        for account in self._floor.office.accounts.values():
            if account.pay(today.toordinal()):
                self._floor.events.append(AccountEvent(account.code))
        for action in self._floor.config.corporate_actions:
            book = self._stock(action.symbol) if action.ex_date == today else None
            if book is None:
                continue
            if isinstance(action, Split):
                self.split(book, action.new, action.old)
            else:
                self._accrue(book, action, today)

    def split(self, book: Book, new: int, old: int) -> None:
        """`old` shares become `new` ones."""
        floor = self._floor
        for order in list(book.orders.values()):
            self._lifecycle.cancel(order, CORPORATE_ACTION)
        floor.office.refresh_marks()
        if book.last is not None:
            book.last = round(book.last * old / new, 6)
        book.previous_close = book.last
        for account in floor.office.accounts.values():
            if account.split(book.details.contract.con_id, new, old):
                self._tell(account, book)

    def _accrue(self, book: Book, dividend: Dividend, today: date) -> None:
        paid = dividend.pay_date or today
        for account in self._floor.office.accounts.values():
            holding = account.holdings.get(book.details.contract.con_id)
            if holding is None or not holding.quantity:
                continue
            amount = holding.quantity * to_micros(dividend.amount) // holding.lots
            account.accrue(Payment(paid.toordinal(), amount))
            account.pay(today.toordinal())
            self._tell(account, book)

    def _stock(self, symbol: str) -> Book | None:
        for book in self._floor.books.values():
            contract = book.details.contract
            if contract.symbol == symbol and contract.sec_type == "STK":
                return book
        return None

    def _tell(self, account: Account, book: Book) -> None:
        row = self._floor.office.row(account.code, book.details.contract.con_id)
        if row is not None:
            self._floor.events += (PositionEvent(row), AccountEvent(account.code))
