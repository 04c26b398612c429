"""The ledger against an independent calculation in exact fractions, in any order of reports."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradetui.domain.fill import Commission, Fill
from tradetui.domain.ledger import EXTERNAL, FLATTEN, Adjustment, Ledger
from tradetui.domain.order import Side

OWNERS = ("a", "b", EXTERNAL, FLATTEN)


def fill(number: int, side: Side, qty: float, price: float, revision: int = 1, symbol: str = "SPY") -> Fill:
    return Fill(
        exec_id=f"x.{number}.{revision:02d}",
        account="DU1",
        symbol=symbol,
        side=side,
        qty=qty,
        price=price,
        ts_ns=number,
    )


def commission(number: int, amount: float, revision: int = 1) -> Commission:
    return Commission(exec_id=f"x.{number}.{revision:02d}", amount=amount)


TRADES = st.lists(
    st.tuples(
        st.sampled_from(Side),
        st.integers(1, 500),
        st.integers(100, 50_000).map(lambda cents: cents / 100),
        st.integers(0, 500).map(lambda cents: cents / 100),
        st.sampled_from(OWNERS),
    ),
    max_size=25,
)


def exact(trades: list[tuple[Side, int, float, float, str]]) -> tuple[int, Fraction, Fraction]:
    """Return quantity, average cost and realised profit by average cost, commissions in the cost."""
    qty, cost, realized = 0, Fraction(0), Fraction(0)
    for side, size, price, fee, _ in trades:
        signed, price_x, fee_x = side.sign * size, Fraction(price), Fraction(fee)
        closing = min(size, abs(qty)) if qty * signed < 0 else 0
        if closing:
            direction = 1 if qty > 0 else -1
            realized += direction * closing * (price_x - cost) - fee_x * closing / size
            qty -= direction * closing
        opening = size - closing
        if opening:
            add = side.sign * opening
            cost = (qty * cost + add * price_x + fee_x * opening / size) / (qty + add)
            qty += add
        if qty == 0:
            cost = Fraction(0)
    return qty, cost, realized


@given(TRADES, st.randoms(use_true_random=False))
def test_positions_cash_and_profit_agree_with_exact_arithmetic_whenever_commissions_come(trades, random) -> None:  # type: ignore[no-untyped-def]
    ledger = Ledger()
    ledger.open_cash(100_000.0)
    late: list[Commission] = []
    for number, (side, qty, price, fee, owner) in enumerate(trades):
        report = commission(number, fee)
        when = random.choice(("early", "now", "late"))
        if when == "early":
            ledger.book_commission(report)
        ledger.book_fill(fill(number, side, qty, price), owner)
        if when == "now":
            ledger.book_commission(report)
        if when == "late":
            late.append(report)
    random.shuffle(late)
    for report in late:
        ledger.book_commission(report)
    qty, cost, realized = exact(trades)
    position = ledger.position("SPY")
    assert position.qty == pytest.approx(qty, abs=1e-9)
    assert position.avg_cost == pytest.approx(float(cost), rel=1e-9, abs=1e-6)
    assert ledger.realized == pytest.approx(float(realized), rel=1e-9, abs=1e-5)
    flow = sum(
        (-side.sign * size * Fraction(price) - Fraction(fee) for side, size, price, fee, _ in trades), Fraction(0)
    )
    assert ledger.cash == pytest.approx(100_000.0 + float(flow), abs=1e-5)
    assert not ledger.is_provisional


@given(TRADES)
def test_the_owners_parts_sum_to_the_account(trades) -> None:  # type: ignore[no-untyped-def]
    ledger = Ledger()
    for number, (side, qty, price, fee, owner) in enumerate(trades):
        ledger.book_fill(fill(number, side, qty, price), owner)
        ledger.book_commission(commission(number, fee))
        total = sum(position.qty for _, position in ledger.owner_positions())
        assert total == pytest.approx(ledger.position("SPY").qty, abs=1e-6)
        assert sum(p.commission for _, p in ledger.owner_positions()) == pytest.approx(ledger.commissions, abs=1e-6)


@given(TRADES, st.data())
def test_reports_may_come_twice_and_corrections_replace(trades, data) -> None:  # type: ignore[no-untyped-def]
    plain, noisy = Ledger(), Ledger()
    for number, (side, qty, price, fee, _) in enumerate(trades):
        plain.book_fill(fill(number, side, qty, price), "a")
        plain.book_commission(commission(number, fee))
        wrong = data.draw(st.integers(1, 900), label="wrong quantity")
        noisy.book_fill(fill(number, side, wrong, price + 1, 1), "a")
        noisy.book_commission(commission(number, fee))
    for number, (side, qty, price, fee, _) in enumerate(trades):
        assert noisy.book_fill(fill(number, side, qty, price, 2), "a")
        assert not noisy.book_fill(fill(number, side, qty, price, 2), "a")
        assert not noisy.book_fill(fill(number, side, 1, 1, 1), "a")
        assert not noisy.book_commission(commission(number, fee))
    assert noisy.position("SPY").qty == pytest.approx(plain.position("SPY").qty, abs=1e-9)
    assert noisy.flow == pytest.approx(plain.flow, abs=1e-5)
    assert noisy.realized == pytest.approx(plain.realized, abs=1e-5)


def test_an_early_commission_counts_once_and_a_new_amount_replaces() -> None:
    ledger = Ledger()
    assert ledger.book_commission(commission(1, 1.0))
    assert not ledger.book_commission(commission(1, 1.0))
    ledger.book_fill(fill(1, Side.BUY, 10, 5.0), "a")
    assert ledger.flow == -51.0
    assert ledger.book_commission(commission(1, 2.0))
    assert ledger.flow == -52.0


def test_money_is_provisional_until_the_commission_is_known() -> None:
    ledger = Ledger()
    ledger.book_fill(fill(1, Side.BUY, 10, 5.0), "a")
    assert ledger.is_provisional
    ledger.book_commission(commission(1, 0.0))
    assert not ledger.is_provisional


def test_cash_is_unknown_without_an_opening_balance() -> None:
    ledger = Ledger()
    ledger.book_fill(fill(1, Side.BUY, 10, 5.0), "a")
    assert ledger.cash is None
    assert ledger.opening_cash is None
    ledger.open_cash(100.0)
    assert ledger.cash == 50.0


def adjustment(key: str, qty: float, price: float = 10.0, cash: float = 0.0, owner: str = EXTERNAL) -> Adjustment:
    return Adjustment(
        adjustment_id=key, symbol="SPY", owner=owner, qty=qty, price=price, cash=cash, reason="r", who="w", ts_ns=1
    )


def test_an_adjustment_is_booked_once_and_moves_no_cash_by_its_shares() -> None:
    ledger = Ledger()
    ledger.open_cash(0.0)
    assert ledger.book_adjustment(adjustment("1", 70))
    assert not ledger.book_adjustment(adjustment("1", 70))
    assert ledger.position("SPY").qty == 70
    assert ledger.cash == 0.0
    assert ledger.book_adjustment(adjustment("2", 0, cash=12.5))
    assert ledger.cash == 12.5
    assert [item.adjustment_id for item in ledger.adjustments] == ["1", "2"]


def test_an_adjustment_that_takes_shares_away_takes_them_from_the_owners() -> None:
    ledger = Ledger()
    ledger.book_fill(fill(1, Side.BUY, 30, 10.0), "a")
    ledger.book_fill(fill(2, Side.BUY, 30, 10.0), "b")
    ledger.book_adjustment(adjustment("1", -40))
    assert ledger.position_of("a", "SPY").qty == 0
    assert ledger.position_of("b", "SPY").qty == pytest.approx(20)
    assert ledger.position_of(EXTERNAL, "SPY").qty == 0


def test_a_correction_of_a_settled_round_trip_recomputes_with_its_adjustments() -> None:
    ledger = Ledger()
    ledger.book_adjustment(adjustment("1", 10, 9.0))
    for number, side in ((1, Side.BUY), (2, Side.SELL)):
        ledger.book_fill(fill(number, side, 10, 10.0), "a")
        ledger.book_commission(commission(number, 0.0))
    ledger.book_fill(fill(3, Side.SELL, 10, 10.0), FLATTEN)
    ledger.book_commission(commission(3, 0.0))
    assert ledger.position("SPY").qty == 0
    ledger.book_fill(fill(2, Side.SELL, 10, 12.0, revision=2), "a")
    assert ledger.realized == pytest.approx(30.0)
    assert ledger.position_of("a", "SPY").realized == pytest.approx(20.0)
    ledger.book_fill(fill(2, Side.SELL, 0, 12.0, revision=3), "a")
    assert ledger.position("SPY").qty == 10


def test_work_per_fill_does_not_grow_with_history() -> None:
    ledger = Ledger()
    for number in range(2_000):
        side = Side.BUY if number % 2 == 0 else Side.SELL
        ledger.book_fill(fill(number, side, 10, 10.0), "a")
        ledger.book_commission(commission(number, 1.0))
    assert len(ledger._account["SPY"].tail) == 0
    assert len(list(ledger.fills())) == 2_000
    assert ledger.fill("x.7.05") is not None
    assert ledger.fill("nothing") is None


def test_the_account_shows_each_symbol_and_never_traded_ones_as_zero() -> None:
    ledger = Ledger()
    ledger.book_fill(fill(1, Side.BUY, 1, 10.0, symbol="QQQ"), "a")
    ledger.book_fill(fill(2, Side.BUY, 1, 10.0), "a", 50.0)
    assert [position.symbol for position in ledger.positions()] == ["QQQ", "SPY"]
    assert ledger.position("DIA").qty == 0
    assert ledger.position_of("a", "DIA").qty == 0
    assert ledger.position("SPY").unrealized(11.0, 50.0) == 50.0
    assert replace(fill(1, Side.SELL, 2, 1.0)).signed_qty == -2


def test_units_handed_to_another_owner_leave_the_account_alone_also_when_an_old_trade_is_corrected() -> None:
    ledger = Ledger()
    ledger.open_cash(10_000.0)
    for number, (side, price) in enumerate(((Side.BUY, 10.0), (Side.SELL, 12.0), (Side.BUY, 20.0)), start=1):
        ledger.book_fill(fill(number, side, 100, price), "a")
        ledger.book_commission(commission(number, 0.0))
    handed = Adjustment(
        adjustment_id="t",
        symbol="SPY",
        owner="b",
        qty=100.0,
        price=20.0,
        cash=0.0,
        reason="b trades it now",
        who="ops",
        ts_ns=4,
        source="a",
    )
    before = ledger.position("SPY"), ledger.cash
    assert ledger.book_adjustment(handed)
    assert (ledger.position("SPY"), ledger.cash) == before
    assert (ledger.position_of("a", "SPY").qty, ledger.position_of("b", "SPY").qty) == (0.0, 100.0)
    assert ledger.position_of("b", "SPY").avg_cost == 20.0
    # The first round trip had been closed for good; its sale is corrected to a better price.
    assert ledger.book_fill(fill(2, Side.SELL, 100, 13.0, revision=2), "a")
    assert ledger.position("SPY").qty == 100.0
    assert ledger.realized == pytest.approx(300.0)
    assert (ledger.position_of("a", "SPY").qty, ledger.position_of("b", "SPY").qty) == (0.0, 100.0)
    assert ledger.position_of("a", "SPY").realized + ledger.position_of("b", "SPY").realized == pytest.approx(300.0)
