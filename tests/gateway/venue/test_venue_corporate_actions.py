"""Splits and dividends take effect in the night before the ex-date, exactly once, and nobody gets rich by them."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.gateway.venue.floorplan import (
    ACCOUNT,
    CALENDAR,
    DETAILS,
    FRIDAY,
    MONDAY,
    QQQ,
    SPY,
    Desk,
    of_kind,
    order,
    story,
)
from tradetui.gateway.venue.corporate_action import CorporateAction, Dividend, Split
from tradetui.gateway.venue.events import PositionEvent
from tradetui.gateway.venue.model import PositionRow
from tradetui.gateway.venue.venue import Venue

TUESDAY = CALENDAR.session(MONDAY.index + 1)


def desk_with(*actions: CorporateAction) -> Desk:
    return Desk(corporate_actions=actions)


def again(desk: Desk) -> Venue:
    """The venue after a restart."""
    state = json.loads(json.dumps(desk.venue.to_state()))
    return Venue(config=desk.venue._floor.config, calendar=CALENDAR, instruments=DETAILS, state=state)


def row(desk: Desk) -> PositionRow:
    found = desk.venue.position(ACCOUNT, SPY.con_id)
    if found is None:
        raise LookupError("no position")
    return found


def test_a_split_multiplies_shares_and_divides_price_and_cost() -> None:
    desk = desk_with(Split(symbol="SPY", ex_date=MONDAY.date, new=4))
    desk.send(order("BUY", 100))
    desk.trade(500.0)
    before = desk.venue.account_values(ACCOUNT)
    told = desk.pass_to(MONDAY.open_ns)
    assert (row(desk).quantity, row(desk).market_price) == (400, 125.0)
    assert row(desk).avg_cost == pytest.approx((500.01 + 0.01) / 4)
    after = desk.venue.account_values(ACCOUNT)
    assert (after.cash, after.net_liquidation) == (before.cash, before.net_liquidation)
    assert after.daily_pnl == 0
    assert [event.row.quantity for event in of_kind(told, PositionEvent)] == [400]


def test_a_reverse_split_pays_the_fraction_out() -> None:
    desk = desk_with(Split(symbol="SPY", ex_date=MONDAY.date, new=1, old=8))
    desk.send(order("BUY", 100))
    desk.trade(500.0)
    cash = desk.cash()
    desk.pass_to(MONDAY.open_ns)
    assert (row(desk).quantity, row(desk).market_price) == (12, 4000.0)
    assert desk.cash() == cash + 4 * 500.0
    assert row(desk).realized_pnl == pytest.approx(4 * (500.0 - 500.02))


def test_a_short_position_splits_too() -> None:
    desk = desk_with(Split(symbol="SPY", ex_date=MONDAY.date, new=3, old=2))
    desk.send(order("SELL", 101))
    desk.trade(500.0)
    cash = desk.cash()
    desk.pass_to(MONDAY.open_ns)
    assert row(desk).quantity == -151
    assert desk.cash() == pytest.approx(cash - 0.5 * 500.0 / 1.5)


def test_working_orders_of_a_split_share_are_cancelled_and_others_live() -> None:
    desk = desk_with(Split(symbol="SPY", ex_date=MONDAY.date, new=2))
    desk.send(order("BUY", 100, "LMT", limit=450.0, tif="GTC"), 1)
    desk.send(order("BUY", 100, "LMT", limit=350.0, tif="GTC", contract=QQQ), 2)
    assert story(desk.pass_to(FRIDAY.close_ns)) == []
    assert story(desk.pass_to(MONDAY.open_ns)) == ["status Cancelled", "error 202"]
    assert [o.order_id for o in desk.venue.open_orders()] == [2]


def test_a_dividend_is_earned_on_the_ex_date_and_paid_on_the_pay_date() -> None:
    desk = desk_with(Dividend(symbol="SPY", ex_date=MONDAY.date, amount=1.5, pay_date=TUESDAY.date))
    desk.send(order("BUY", 100))
    desk.trade(500.0)
    before = desk.venue.account_values(ACCOUNT)
    desk.pass_to(MONDAY.open_ns)
    earned = desk.venue.account_values(ACCOUNT)
    assert (earned.cash, earned.accrued_dividend) == (before.cash, 150.0)
    assert earned.net_liquidation == before.net_liquidation + 150.0
    desk.quote(500.0, 500.01)
    desk.send(order("SELL", 100))
    sold = desk.cash()
    desk.pass_to(TUESDAY.open_ns)
    assert (desk.cash(), desk.venue.account_values(ACCOUNT).accrued_dividend) == (sold + 150.0, 0.0)


def test_who_buys_on_the_ex_date_gets_no_dividend_and_who_is_short_pays_it() -> None:
    desk = desk_with(
        Dividend(symbol="SPY", ex_date=FRIDAY.date, amount=1.5), Dividend(symbol="SPY", ex_date=MONDAY.date, amount=2.0)
    )
    cash = desk.cash()
    desk.send(order("SELL", 10))
    assert desk.cash() == pytest.approx(cash + 5000 - 1)
    cash = desk.cash()
    desk.pass_to(MONDAY.open_ns)
    assert desk.cash() == cash - 20.0


def test_an_action_over_a_weekend_of_restarts_happens_once() -> None:
    desk = desk_with(
        Split(symbol="SPY", ex_date=MONDAY.date, new=2), Dividend(symbol="SPY", ex_date=MONDAY.date, amount=1.0)
    )
    desk.send(order("BUY", 100))
    for moment in (FRIDAY.close_ns, MONDAY.open_ns - 3_600_000_000_000, MONDAY.open_ns):
        desk.pass_to(moment)
        desk = Desk(again(desk), moment)
    assert desk.held() == 200
    assert desk.venue._floor.office.accounts[ACCOUNT].income == 200 * 1_000_000


def test_real_splits_of_apple_leave_the_published_prices(shared_dir: Path) -> None:
    lines = (shared_dir / "data" / "splits.csv").read_text(encoding="utf-8").splitlines()
    fields = [dict(zip(lines[0].split(","), line.split(","), strict=True)) for line in lines[1:]]
    apple = next(f for f in fields if f["symbol"] == "AAPL" and f["ex_date"] == "2014-06-09")
    desk = desk_with(Split(symbol="SPY", ex_date=MONDAY.date, new=round(float(apple["ratio"]))))
    desk.trade(float(apple["reference_close"]))
    desk.send(order("BUY", 10))
    desk.pass_to(MONDAY.open_ns)
    assert desk.held() == 70
    assert row(desk).market_price == pytest.approx(92.224286, abs=2e-6)


ACTIONS = st.lists(
    st.one_of(
        st.builds(
            Split,
            symbol=st.just("SPY"),
            ex_date=st.just(date(2026, 11, 23)),
            new=st.integers(1, 20),
            old=st.integers(1, 20),
        ),
        st.builds(
            Dividend,
            symbol=st.just("SPY"),
            ex_date=st.just(date(2026, 11, 23)),
            amount=st.integers(1, 500).map(lambda cents: cents / 100),
            pay_date=st.sampled_from([None, date(2026, 11, 24)]),
        ),
    ),
    max_size=4,
)


@given(ACTIONS, st.integers(1, 300), st.booleans())
def test_splits_change_no_ones_worth_and_dividends_exactly_by_what_they_pay(
    actions: list[CorporateAction], shares: int, short: bool
) -> None:
    desk = desk_with(*actions)
    desk.send(order("SELL" if short else "BUY", shares))
    worth = desk.venue.account_values(ACCOUNT).net_liquidation
    desk.pass_to(TUESDAY.open_ns)
    account = desk.venue._floor.office.accounts[ACCOUNT]
    assert account.accrued == 0
    now = desk.venue.account_values(ACCOUNT).net_liquidation
    assert now == pytest.approx(worth + account.income / 1e6, abs=0.02)
    assert (account.income >= 0) == (not short or account.income == 0)
