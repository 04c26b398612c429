"""Every product's money agrees with a calculation from executions and prices alone, over nights, restarts and accounts.

Nothing of the venue's arithmetic is used here: commissions are IB's published ones, average cost and profit are worked
out in exact fractions, and an account is worth its starting cash plus what every trade and every price moved.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.gateway.venue.floorplan import CALENDAR, NOON, SPY, order
from tests.gateway.venue.products import BTC, EUR, PRODUCTS, details
from tests.gateway.venue.restarts import restarted
from tradetui.domain.clock import SECOND_NS
from tradetui.gateway.venue.config import VenueConfig
from tradetui.gateway.venue.corporate_action import Dividend, Split
from tradetui.gateway.venue.events import CommissionEvent, ExecutionEvent, VenueEvent
from tradetui.gateway.venue.model import Contract, Execution
from tradetui.gateway.venue.venue import Venue

RUNS = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
ACCOUNTS = {"DU1": 1_000_000.0, "DU2": 700_000.0}
CALL = Contract(
    con_id=601, symbol="SPY", sec_type="OPT", last_trade_date="20270115", strike=495.0, right="C", multiplier="100"
)
ES = Contract(con_id=602, symbol="ES", sec_type="FUT", last_trade_date="20270319", multiplier="50", exchange="CME")
LISTED = [*PRODUCTS, details(CALL, under_con_id=SPY.con_id), details(ES, min_tick=0.25)]
#: What happens to SPY in the three nights of a story: a split, the ex-date of a dividend, its payment.
SPLIT = Split(symbol="SPY", ex_date=date(2026, 11, 21), new=3, old=2)
DIVIDEND = Dividend(symbol="SPY", ex_date=date(2026, 11, 22), amount=0.75, pay_date=date(2026, 11, 23))
CONFIG = VenueConfig(starting_cash=ACCOUNTS, check_margin=False, corporate_actions=(SPLIT, DIVIDEND))


@dataclass(frozen=True)
class Product:
    contract: Contract
    price: Fraction
    tick: Fraction
    lot: Fraction
    multiplier: int = 1


TRADED = (
    Product(SPY, Fraction(500), Fraction(1, 100), Fraction(1)),
    Product(ES, Fraction(6000), Fraction(1, 4), Fraction(1), 50),
    Product(EUR, Fraction(11, 10), Fraction(1, 20_000), Fraction(1)),
    Product(BTC, Fraction(90_000), Fraction(1, 4), Fraction(1, 10_000)),
    Product(CALL, Fraction(6), Fraction(1, 100), Fraction(1), 100),
)
BY_ID = {product.contract.con_id: product for product in TRADED}


def published(product: Product, shares: Fraction, value: Fraction) -> Fraction:
    """What IB charges for an order of one day: fixed plan, USD."""
    match product.contract.sec_type:
        case "STK":
            return min(max(shares * Fraction(5, 1000), Fraction(1)), value / 100)
        case "FUT":
            return shares * Fraction(225, 100)
        case "CASH":
            return max(value * Fraction(2, 100_000), Fraction(2))
        case "CRYPTO":
            return min(max(value * Fraction(18, 10_000), Fraction(175, 100)), value / 100)
        case _:
            return max(shares * Fraction(65, 100), Fraction(1))


def exactly(number: float) -> Fraction:
    return Fraction(round(number * 1_000_000), 1_000_000)


@dataclass
class Books:
    """One account from its executions alone."""

    flow: Fraction = Fraction(0)
    realized: Fraction = Fraction(0)
    held: dict[int, Fraction] = field(default_factory=lambda: defaultdict(Fraction))
    basis: dict[int, Fraction] = field(default_factory=lambda: defaultdict(Fraction))

    def book(self, execution: Execution, commission: Fraction) -> Fraction:
        """Add a fill; return the profit it realized against average cost."""
        product = BY_ID[execution.contract.con_id]
        con_id, sign = execution.contract.con_id, 1 if execution.side == "BOT" else -1
        shares = Fraction(round(execution.shares / product.lot)) * product.lot
        value = sign * shares * exactly(execution.price) * product.multiplier
        self.flow -= value + commission
        held, basis = self.held[con_id], self.basis[con_id]
        closing = min(shares, abs(held)) if held * sign < 0 else Fraction(0)
        part = closing / shares
        profit = Fraction(0)
        if closing:
            gone = basis * closing / abs(held)
            profit = -value * part - commission * part - gone
            basis -= gone
        self.realized += profit
        self.basis[con_id] = basis + (value + commission) * (1 - part)
        self.held[con_id] = held + sign * shares
        return profit


class World:
    """A venue with the books of its two accounts beside it, and the last price of everything."""

    def __init__(self) -> None:
        self.venue = Venue(config=CONFIG, calendar=CALENDAR, instruments=LISTED)
        self.now_ns = NOON
        self.venue.advance(NOON)
        self.books = {code: Books() for code in ACCOUNTS}
        self.marks: dict[int, Fraction] = {}
        self.charged: dict[int, Fraction] = defaultdict(Fraction)
        self.traded: dict[int, list[tuple[Fraction, Fraction]]] = defaultdict(list)
        self.product_of: dict[int, Product] = {}
        for product in TRADED:
            self.quote(product, 0, 1_000_000)

    def quote(self, product: Product, ticks: int, size: int) -> None:
        bid, ask = product.price + ticks * product.tick, product.price + (ticks + 1) * product.tick
        con_id = product.contract.con_id
        self.hear(self.venue.on_quote(con_id, float(bid), float(ask), size, size, self.now_ns))
        if product.contract.sec_type == "CASH":
            self.marks[con_id] = (bid + ask) / 2
        else:
            self.hear(self.venue.on_trade(con_id, float(bid), 1, self.now_ns))
            self.marks[con_id] = bid

    def hear(self, events: list[VenueEvent]) -> None:
        pending: Execution | None = None
        for event in events:
            if isinstance(event, ExecutionEvent):
                pending = event.execution
            elif isinstance(event, CommissionEvent) and pending is not None:
                self._booked(pending, exactly(event.report.commission), event.report.realized_pnl)

    def _booked(self, execution: Execution, commission: Fraction, told: float | None) -> None:
        product = BY_ID[execution.contract.con_id]
        profit = self.books[execution.account].book(execution, commission)
        assert abs((told or 0.0) - float(profit)) < 1e-3
        shares = Fraction(round(execution.shares / product.lot)) * product.lot
        self.charged[execution.perm_id] += commission
        self.traded[execution.perm_id].append((shares, shares * exactly(execution.price) * product.multiplier))
        self.product_of[execution.perm_id] = product

    def night(self, number: int) -> None:
        self.now_ns += 24 * 3_600 * SECOND_NS
        self.hear(self.venue.advance(self.now_ns))
        for books in self.books.values():
            held, mark = books.held[SPY.con_id], self.marks[SPY.con_id]
            if number == 1:
                # Whole shares of the new kind; what is no whole share is paid at its price and takes its cost along.
                new = abs(held) * SPLIT.new / SPLIT.old
                whole = Fraction(int(new))
                sign = 1 if held > 0 else -1
                books.flow += sign * (new - whole) * mark * SPLIT.old / SPLIT.new
                books.basis[SPY.con_id] *= whole / new if new else 1
                books.held[SPY.con_id] = sign * whole
            elif number == 2:
                books.flow += held * exactly(DIVIDEND.amount)
        if number == 1:
            self.marks[SPY.con_id] *= Fraction(SPLIT.old, SPLIT.new)

    def check(self) -> None:
        for code, books in self.books.items():
            worth = sum(
                (held * self.marks[con_id] * BY_ID[con_id].multiplier for con_id, held in books.held.items()),
                Fraction(0),
            )
            values = self.venue.account_values(code)
            expected = Fraction(round(ACCOUNTS[code])) + books.flow + worth
            assert abs(values.net_liquidation - float(expected)) < 1e-3
            rows = {row.contract.con_id: row for row in self.venue.positions(code)}
            assert rows.keys() == {con_id for con_id, held in books.held.items() if held}
            for con_id, row in rows.items():
                assert abs(row.quantity - float(books.held[con_id])) < 1e-9
                assert abs(row.avg_cost - float(books.basis[con_id] / books.held[con_id])) < 1e-2

    def check_commissions(self) -> None:
        for perm_id, fills in self.traded.items():
            shares, value = (sum((fill[at] for fill in fills), Fraction(0)) for at in (0, 1))
            fee = published(self.product_of[perm_id], shares, value)
            assert abs(self.charged[perm_id] - fee) < Fraction(2, 1_000_000)


ORDERS = st.tuples(
    st.just("order"),
    st.integers(0, len(TRADED) - 1),
    st.sampled_from(["BUY", "SELL"]),
    st.integers(1, 40),
    st.sampled_from(sorted(ACCOUNTS)),
)
MOVES = st.tuples(
    st.just("move"), st.integers(0, len(TRADED) - 1), st.integers(-200, 200), st.integers(1, 60), st.just("")
)
REST = st.tuples(st.sampled_from(["night", "restart"]), st.just(0), st.just(""), st.just(0), st.just(""))


@RUNS
@given(st.lists(st.one_of(ORDERS, ORDERS, MOVES, MOVES, REST), max_size=40))
def test_money_agrees_with_an_independent_calculation_for_every_product(
    story: list[tuple[str, int, str | int, int, str]],
) -> None:
    world, order_id, nights = World(), 0, 0
    for what, number, action, size, account in story:
        product = TRADED[number]
        if what == "order":
            order_id += 1
            # A coin cannot be sold short: the venue refuses, and nothing must change.
            request = order(
                str(action), float(size * product.lot), contract=product.contract, account=account, tif="GTC"
            )
            world.hear(world.venue.place(1, order_id, request, world.now_ns))
        elif what == "move":
            world.quote(product, int(action), size)
        elif what == "restart":
            world.venue = restarted(world.venue, CONFIG, LISTED)
        elif nights < 3:
            nights += 1
            world.night(nights)
        world.check()
    if not nights:
        world.check_commissions()
