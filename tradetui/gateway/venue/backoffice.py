"""The broker's books: accounts, executions of the day with their commissions, and the numbers clients ask for.

Invariant: a fill is booked once, at once, with its commission; cash and positions change nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping

from tradetui.gateway.venue.account import Account, Holding
from tradetui.gateway.venue.account_values import account_values
from tradetui.gateway.venue.book import Book
from tradetui.gateway.venue.config import VenueConfig
from tradetui.gateway.venue.model import (
    AccountValues,
    CommissionReport,
    Execution,
    ExecutionFilter,
    Liquidity,
    PositionRow,
)
from tradetui.gateway.venue.money import MICROS, shown, to_dollars, to_micros
from tradetui.gateway.venue.working import WorkingOrder

Booked = tuple[Execution, CommissionReport]


class BackOffice:
    """Accounts valued at the marks of `books`, which the exchange side keeps current."""

    def __init__(self, config: VenueConfig, books: Mapping[int, Book]) -> None:
        self._config = config
        self._books = books
        self.accounts = {
            code: Account(code, config.currency, to_micros(cash)) for code, cash in config.starting_cash.items()
        }
        self.day_net_liquidation = {code: account.cash for code, account in self.accounts.items()}
        self.booked: list[Booked] = []
        self.next_execution = 1

    def book_fill(self, order: WorkingOrder, units: int, price: int, liquidity: Liquidity, now_ns: int) -> Booked:
        """Book `units` of `order` at `price` micro-dollars: order totals, commission, cash, position, profit."""
        book = self._books[order.con_id]
        order.add_fill(units, price)
        account = self.accounts[order.account]
        commission = order.meter.charge(
            book.fees,
            units,
            book.value(units, price),
            lots=book.lots,
            month_units=account.month_units,
            side=order.side,
            removed=liquidity is Liquidity.REMOVED,
        )
        order.commission += commission
        account.month_units += units
        holding, profit = account.apply(book, order.side * units, price, commission)
        self._mark(holding)
        booked = (
            self._execution(order, units, price, liquidity, now_ns),
            CommissionReport(
                exec_id=self._exec_id(),
                commission=to_dollars(commission),
                currency=self._config.currency,
                realized_pnl=None if profit is None else to_dollars(profit),
            ),
        )
        self.next_execution += 1
        self.booked.append(booked)
        return booked

    def start_day(self, new_month: bool = False) -> None:
        """Midnight: futures are settled, and today's executions, realized and daily profit start again."""
        self.refresh_marks()
        self.booked.clear()
        for account in self.accounts.values():
            account.start_day(new_month)
            self.day_net_liquidation[account.code] = account.net_liquidation

    def refresh_marks(self) -> None:
        """Value every holding at the last known price of its instrument."""
        for account in self.accounts.values():
            self.mark_account(account)

    def mark_account(self, account: Account) -> None:
        """Value the holdings of one account at the last known prices."""
        for holding in account.holdings.values():
            self._mark(holding)

    def initial(self, account: Account) -> int:
        """Initial margin of all holdings at their marks."""
        books = self._books
        return sum(books[c].margin.initial(h.quantity, h.mark) for c, h in account.holdings.items())

    def maintenance(self, account: Account) -> int:
        """Maintenance margin of all holdings at their marks."""
        books = self._books
        return sum(books[c].margin.maintenance(h.quantity, h.mark) for c, h in account.holdings.items())

    def _mark(self, holding: Holding) -> None:
        mark = self._books[holding.contract.con_id].mark()
        if mark is not None:
            holding.mark = mark

    def _exec_id(self) -> str:
        return f"{self._config.instance & 0xFFFFFFFF:08x}.{self.next_execution:08x}.01.01"

    def _execution(self, order: WorkingOrder, units: int, price: int, liquidity: Liquidity, now_ns: int) -> Execution:
        contract = order.request.contract
        return Execution(
            exec_id=self._exec_id(),
            time_ns=now_ns,
            account=order.account,
            exchange=self._config.execution_exchange if contract.exchange == "SMART" else contract.exchange,
            side="BOT" if order.side > 0 else "SLD",
            shares=shown(units, order.lots),
            price=to_dollars(price),
            perm_id=order.perm_id,
            client_id=order.client_id,
            order_id=order.order_id,
            cum_qty=shown(order.filled, order.lots),
            avg_price=order.average_price(),
            order_ref=order.request.order_ref,
            liquidity=liquidity,
            contract=contract,
            liquidation=order.liquidation,
        )

    def executions(self, wanted: ExecutionFilter) -> list[Booked]:
        """Executions of the day that match, oldest first."""
        return [booked for booked in self.booked if _matches(booked[0], wanted)]

    def row(self, code: str, con_id: int) -> PositionRow | None:
        """One holding of an account; None if it was never held (or went flat before today)."""
        holding = self.accounts[code].holdings.get(con_id)
        if holding is None:
            return None
        self._mark(holding)
        quantity = holding.quantity
        return PositionRow(
            account=code,
            contract=holding.contract,
            quantity=shown(quantity, holding.lots),
            avg_cost=holding.basis * holding.lots / (quantity * MICROS) if quantity else 0.0,
            market_price=to_dollars(holding.mark),
            market_value=to_dollars(holding.value),
            unrealized_pnl=to_dollars(holding.unrealized),
            realized_pnl=to_dollars(holding.realized_today),
            daily_pnl=to_dollars(holding.daily),
        )

    def cushion_percent(self, code: str) -> float:
        """Excess liquidity in percent of net liquidation at the last known prices, 0 without equity."""
        account = self.accounts[code]
        self.mark_account(account)
        net = account.net_liquidation
        return (net - self.maintenance(account)) * 100 / net if net > 0 else 0.0

    def values(self, code: str) -> AccountValues:
        """The numbers of one account at the last known prices."""
        account = self.accounts[code]
        self.mark_account(account)
        return account_values(account, self.initial(account), self.maintenance(account), self.day_net_liquidation[code])


def _matches(execution: Execution, wanted: ExecutionFilter) -> bool:
    side = {"BUY": "BOT", "SELL": "SLD"}.get(wanted.side, wanted.side)
    return (
        wanted.client_id in (None, execution.client_id)
        and wanted.account in ("", execution.account)
        and (wanted.since_ns is None or execution.time_ns >= wanted.since_ns)
        and wanted.symbol in ("", execution.contract.symbol)
        and wanted.sec_type in ("", execution.contract.sec_type)
        and wanted.exchange in ("", execution.exchange, execution.contract.exchange)
        and side in ("", execution.side)
    )
