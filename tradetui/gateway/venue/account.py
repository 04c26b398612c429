"""One brokerage account: cash and positions, changed by executions, settlements and corporate actions only.

Invariant, exact in micro-dollars at any time:
    cash + sum(cost basis - settled) - realized profit - income == starting cash.

Cost is IB's average cost: commissions are part of it, a reduction takes its share of the basis at the average, and
realized profit is proceeds minus that share minus the reduction's commission (average cost, not FIFO: TWS shows
average cost; tax lots are a matter of statements). A fill through zero splits its commission by quantity.
A future costs no cash: what its trades were worth is `settled`, and its difference to the value is paid every day.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tradetui.gateway.venue.book import Book
from tradetui.gateway.venue.model import Contract
from tradetui.gateway.venue.money import share_of


@dataclass(slots=True)
class Holding:
    """Position in one contract. `basis` is signed like `quantity`; `mark` is the price used to value it.

    Quantities count units, of which `lots` make one share, contract or coin. `settled` is 0 for all but futures.
    `day_value` is the value at the last day roll and `day_flow` the cash that trades moved since then, so that
    value - day_value + day_flow is the profit of the day.
    """

    contract: Contract
    multiplier: int
    lots: int = 1
    settles: bool = False
    quantity: int = 0
    basis: int = 0
    settled: int = 0
    mark: int = 0
    realized_today: int = 0
    day_value: int = 0
    day_flow: int = 0

    @property
    def value(self) -> int:
        """Market value in micro-dollars, signed."""
        return self.quantity * self.mark * self.multiplier // self.lots

    @property
    def worth(self) -> int:
        """What it adds to the account's equity: its value, of a future what is not yet settled of it."""
        return self.value - self.settled

    @property
    def unrealized(self) -> int:
        """Profit that closing at the mark would realize, before its commission."""
        return self.value - self.basis

    @property
    def daily(self) -> int:
        """Profit since the last day roll."""
        return self.value - self.day_value + self.day_flow

    def apply(self, quantity: int, price: int, commission: int) -> int | None:
        """Book a fill of signed `quantity`; return the profit it realized, None if it closed nothing."""
        value = quantity * price * self.multiplier // self.lots
        self.day_flow -= value + commission
        if self.settles:
            self.settled += value
        closing = min(abs(quantity), abs(self.quantity)) if quantity * self.quantity < 0 else 0
        if closing == 0:
            self.quantity += quantity
            self.basis += value + commission
            return None
        units = abs(quantity)
        closing_value = share_of(value, closing, units)
        closing_commission = share_of(commission, closing, units)
        closed_basis = share_of(self.basis, closing, abs(self.quantity))
        profit = -closing_value - closing_commission - closed_basis
        self.quantity += quantity
        self.basis += value - closing_value + commission - closing_commission - closed_basis
        self.realized_today += profit
        return profit

    def split(self, new: int, old: int) -> int:
        """Turn `old` shares into `new` ones; return the cash, at the mark, for what is no whole share."""
        side = 1 if self.quantity > 0 else -1
        total = abs(self.quantity) * new
        whole, rest = divmod(total, old)
        cash = side * rest * self.mark // new
        gone = share_of(self.basis, rest, total)
        self.quantity, self.basis = side * whole, self.basis - gone
        self.realized_today += cash - gone
        self.mark = self.mark * old // new
        self.day_value, self.day_flow = self.value, 0
        return cash

    def start_day(self) -> None:
        """Roll to a new trading day at the current mark."""
        self.day_value = self.value
        self.day_flow = 0
        self.realized_today = 0


@dataclass(frozen=True, slots=True)
class Payment:
    """A dividend on its way: the ordinal of the day it is paid, and how much in micro-dollars."""

    day: int
    amount: int


@dataclass(slots=True)
class Account:
    """Cash in micro-dollars and holdings by con_id, flat ones of today included.

    `dividends` are those earned and not yet paid, `income` all that were ever earned; `month_units` is what was traded
    in the month, for the tiered plan.
    """

    code: str
    currency: str
    cash: int
    holdings: dict[int, Holding] = field(default_factory=dict)
    dividends: tuple[Payment, ...] = ()
    income: int = 0
    month_units: int = 0

    def holding(self, book: Book) -> Holding:
        """The holding of an instrument, empty if there was none."""
        contract = book.details.contract
        holding = self.holdings.get(contract.con_id)
        if holding is None:
            settles = contract.sec_type == "FUT"
            holding = self.holdings[contract.con_id] = Holding(contract, book.multiplier, book.lots, settles)
        return holding

    def apply(self, book: Book, quantity: int, price: int, commission: int) -> tuple[Holding, int | None]:
        """Book a fill of signed `quantity` at `price`; return the holding and the realized profit, if any."""
        holding = self.holding(book)
        if holding.mark == 0:
            holding.mark = price
        self.cash -= commission if holding.settles else book.value(quantity, price) + commission
        return holding, holding.apply(quantity, price, commission)

    @property
    def accrued(self) -> int:
        """Dividends on their way."""
        return sum(payment.amount for payment in self.dividends)

    @property
    def market_value(self) -> int:
        """Signed value of all holdings that were paid for, at their marks."""
        return sum(holding.value for holding in self.holdings.values() if not holding.settles)

    @property
    def net_liquidation(self) -> int:
        """Cash plus what the holdings are worth plus dividends on their way."""
        total = self.cash + self.accrued
        for holding in self.holdings.values():
            total += holding.worth
        return total

    def split(self, con_id: int, new: int, old: int) -> bool:
        """Turn `old` shares into `new` ones; whether any were held."""
        holding = self.holdings.get(con_id)
        if holding is None or not holding.quantity:
            return False
        self.cash += holding.split(new, old)
        return True

    def accrue(self, payment: Payment) -> None:
        """A dividend was earned (or, negative, is owed)."""
        self.dividends = (*self.dividends, payment)
        self.income += payment.amount

    def pay(self, today: int) -> bool:
        """Pay every dividend due by the ordinal `today`; whether there was one."""
        due = [payment for payment in self.dividends if payment.day <= today]
        self.cash += sum(payment.amount for payment in due)
        self.dividends = tuple(payment for payment in self.dividends if payment.day > today)
        return bool(due)

    def start_day(self, new_month: bool = False) -> None:
        """Settle futures at their marks, roll every holding to a new trading day and forget those that are flat."""
        for holding in self.holdings.values():
            if holding.settles:
                self.cash += holding.worth
                holding.settled = holding.value
        self.holdings = {con_id: holding for con_id, holding in self.holdings.items() if holding.quantity}
        for holding in self.holdings.values():
            holding.start_day()
        if new_month:
            self.month_units = 0
