"""Round trips from flat to flat: what they earned, whatever the order in which executions and commissions came."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradetui.domain.fill import Commission, Fill
from tradetui.domain.ledger import EXTERNAL, Adjustment, Ledger
from tradetui.domain.order import Side
from tradetui.trading.round_trips import RoundTrips

DAY = "2026-03-02"


class Books:
    """A ledger with its round trips."""

    def __init__(self) -> None:
        self.ledger = Ledger()
        self.trips = RoundTrips(lambda ns: DAY)
        self.count = 0

    def trade(self, qty: float, price: float, owner: str = "s", symbol: str = "SPY") -> str:
        """Book an execution of signed `qty`; return its id."""
        self.count += 1
        exec_id = f"e{self.count}.01"
        fill = Fill(
            exec_id=exec_id,
            account="DU1",
            symbol=symbol,
            side=Side.BUY if qty > 0 else Side.SELL,
            qty=abs(qty),
            price=price,
            ts_ns=self.count,
        )
        self.ledger.book_fill(fill, owner)
        self.trips.add(self.ledger.booked(exec_id), self.ledger)
        return exec_id

    def counted(self, owner: str = "s") -> int:
        """Return the round trips of the day in SPY."""
        return self.trips.count(owner, ("SPY",), DAY, 0)["SPY"]


def test_a_round_trip_ends_when_the_position_is_flat() -> None:
    books = Books()
    books.trade(10, 100)
    books.trade(-4, 101)
    assert books.counted() == 0
    books.trade(-6, 101)
    assert books.counted() == 1
    assert books.trips.losing_streak("s", 0) == 0


def test_a_trade_through_zero_ends_one_and_begins_another() -> None:
    books = Books()
    books.trade(10, 100)
    books.trade(-25, 99)
    assert (books.counted(), books.trips.losing_streak("s", 0)) == (1, 1)
    books.trade(15, 98)
    assert (books.counted(), books.trips.losing_streak("s", 0)) == (2, 0), "the short side earned 15"


def test_a_commission_that_comes_late_can_turn_a_gain_into_a_loss() -> None:
    books = Books()
    books.trade(10, 100)
    last = books.trade(-10, 100.05)
    assert books.trips.losing_streak("s", 0) == 0
    books.ledger.book_commission(Commission(exec_id=last, amount=1.0))
    assert books.trips.losing_streak("s", 0) == 1


def test_shares_that_came_without_an_execution_are_counted_but_not_judged() -> None:
    books = Books()
    adopted = Adjustment(
        adjustment_id="a", symbol="SPY", owner="s", qty=10, price=100, cash=0, reason="", who="", ts_ns=0
    )
    books.ledger.book_adjustment(adopted)
    books.trade(-10, 50)
    assert (books.counted(), books.trips.losing_streak("s", 0)) == (1, 0)


def test_what_others_trade_is_no_round_trip_of_ours_but_who_closes_by_hand_ends_it() -> None:
    books = Books()
    books.trade(10, 100, EXTERNAL)
    books.trade(-10, 99, EXTERNAL)
    assert books.counted(EXTERNAL) == 0
    books.trade(10, 100)
    books.trade(-10, 99, EXTERNAL)
    assert (books.counted(), books.trips.losing_streak("s", 0)) == (1, 1)


def test_a_trade_that_was_busted_at_once_counts_for_nothing() -> None:
    books = Books()
    books.trade(0, 100)
    assert books.counted() == 0


def test_yesterday_and_what_was_before_a_rearming_do_not_count() -> None:
    books = Books()
    for _ in range(3):
        books.trade(10, 100)
        books.trade(-10, 99)
    assert books.trips.count("s", ("SPY", "QQQ"), DAY, 4) == {"SPY": 1, "QQQ": 0}
    assert books.trips.count("s", ("SPY",), "2026-03-03", 0) == {"SPY": 0}
    assert books.trips.losing_streak("s", 4) == 1


@given(st.lists(st.tuples(st.integers(-20, 20).filter(bool), st.integers(90, 110)), max_size=25))
def test_finished_round_trips_earn_what_the_ledger_realised(trades: list[tuple[int, int]]) -> None:
    books = Books()
    for qty, price in trades:
        books.trade(float(qty), float(price))
    held = sum(qty for qty, _ in trades)
    if held:
        books.trade(-float(held), 100.0)
    profits = [trip.profit() for trip in books.trips._ended.get("s", ())]
    assert None not in profits
    assert sum(profit or 0.0 for profit in profits) == pytest.approx(books.ledger.position_of("s", "SPY").realized)
