"""Futures, currencies, coins, indices and options: how each is traded, paid for, margined and settled."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.gateway.venue.floorplan import ACCOUNT, CALENDAR, FRIDAY, MONDAY, SPY, Desk, of_kind, order, story
from tests.gateway.venue.products import BTC, CALL, ES, EUR, PRODUCTS, PUT, SPX, product_desk
from tradetui.domain.clock import MINUTE_NS
from tradetui.gateway.venue.config import VenueConfig
from tradetui.gateway.venue.events import CommissionEvent, ErrorEvent, ExecutionEvent, OpenOrderEvent
from tradetui.gateway.venue.fees import TIERED
from tradetui.gateway.venue.model import AccountRow, AccountValues, Contract, ContractDetails, OrderRequest
from tradetui.gateway.venue.venue import Venue
from tradetui.marketdata.calendar import TradingCalendar
from tradetui.marketdata.calendar_source import SessionTable

HOUR_NS = 60 * MINUTE_NS


def values(desk: Desk) -> AccountValues:
    return desk.venue.account_values(ACCOUNT)


def error(desk: Desk, request: OrderRequest) -> int:
    return of_kind(desk.send(request), ErrorEvent)[0].code


def rows(desk: Desk, currency: str) -> dict[str, str]:
    return {row.tag: row.value for row in desk.venue.account_rows(ACCOUNT) if row.currency == currency}


# --- futures -----------------------------------------------------------------------------------------------------


def test_a_future_costs_margin_and_commission_but_no_cash() -> None:
    desk = product_desk()
    desk.send(order("BUY", 2, contract=ES))
    desk.trade(6000.25, contract=ES)
    shown = values(desk)
    assert shown.cash == 1_000_000 - 2 * 2.25
    assert (shown.init_margin, shown.maint_margin) == (2 * 24_300, 2 * 22_100)
    assert (shown.stock_market_value, shown.gross_position_value) == (0, 0)
    row = desk.venue.positions()[0]
    assert (row.quantity, row.avg_cost) == (2, 6000.25 * 50 + 2.25)


def test_a_futures_profit_is_told_until_midnight_and_cash_from_then_on() -> None:
    desk = product_desk(liquidation_every_ns=24 * HOUR_NS)
    book = replace(PRODUCTS[2], expires_ns=None)
    desk = Desk(Venue(config=VenueConfig(), calendar=desk.venue._floor.calendar, instruments=[*PRODUCTS[:2], book]))
    desk.quote(6000.0, 6000.25, contract=ES)
    desk.send(order("BUY", 1, contract=ES))
    desk.trade(6010.25, contract=ES)
    assert rows(desk, "USD")["FuturesPNL"] == "500.00"
    assert rows(desk, "USD")["CashBalance"] == "999997.75"
    assert rows(desk, "USD")["TotalCashBalance"] == "1000497.75"
    desk.pass_to(MONDAY.open_ns)
    assert rows(desk, "USD")["FuturesPNL"] == "0.00"
    assert rows(desk, "USD")["CashBalance"] == "1000497.75"
    assert desk.venue.positions()[0].unrealized_pnl == 500 - 2.25
    assert values(desk).daily_pnl == 0


def test_futures_orders_use_the_contracts_tick() -> None:
    desk = product_desk()
    assert error(desk, order("BUY", 1, "LMT", limit=6000.10, contract=ES)) == 110
    assert story(desk.send(order("BUY", 1, "LMT", limit=5990.25, contract=ES)))[0] == "open PreSubmitted"


def test_an_expired_future_is_settled_in_cash_and_gone() -> None:
    desk = product_desk()
    desk.send(order("SELL", 3, contract=ES))
    desk.send(order("BUY", 1, "LMT", limit=5000.0, contract=ES, tif="GTC"))
    desk.trade(5980.0, contract=ES)
    told = desk.pass_to(FRIDAY.close_ns - HOUR_NS)
    assert "status Cancelled" in story(told)
    assert desk.venue.positions() == []
    assert values(desk).net_liquidation == 1_000_000 + 3 * 20 * 50 - 3 * 2.25
    assert error(desk, order("BUY", 1, contract=ES)) == 200


@given(st.lists(st.tuples(st.integers(-5, 5), st.integers(23_900, 24_100), st.booleans()), max_size=25))
def test_a_futures_account_is_worth_its_cash_plus_every_price_move_it_held_through(
    steps: list[tuple[int, int, bool]],
) -> None:
    desk = product_desk(check_margin=False)
    venue = desk.venue
    venue._floor.timers._heap.clear()
    equity, held, last = 1_000_000.0, 0, None
    for quantity, quarters, rolls in steps:
        price = quarters / 4
        if last is not None:
            equity += held * 50 * (price - last)
        desk.quote(price, price, 100, 100, ES)
        if quantity:
            for event in of_kind(
                desk.send(order("BUY" if quantity > 0 else "SELL", abs(quantity), contract=ES)), CommissionEvent
            ):
                equity -= event.report.commission
        held += quantity
        desk.trade(price, contract=ES)
        last = price
        if rolls:
            venue._floor.office.start_day()
        assert values(desk).net_liquidation == pytest.approx(equity, abs=1e-6)
        account = venue._floor.office.accounts[ACCOUNT]
        assert values(desk).cash == pytest.approx(equity, abs=1e-6)
        assert sum(h.quantity for h in account.holdings.values()) == held


# --- currencies ---------------------------------------------------------------------------------------------------


def test_buying_euros_moves_cash_between_two_currencies() -> None:
    desk = product_desk()
    desk.send(order("BUY", 100_000, contract=EUR))
    desk.quote(1.11, 1.11, contract=EUR)
    assert rows(desk, "EUR")["CashBalance"] == "100000.00"
    assert rows(desk, "EUR")["ExchangeRate"] == "1.11"
    assert rows(desk, "USD")["CashBalance"] == f"{1_000_000 - 110_005 - 2.2001:.2f}"
    assert values(desk).net_liquidation == pytest.approx(1_000_000 + 995 - 2.2001)
    assert rows(desk, "BASE")["CashBalance"] == f"{1_000_000 + 995 - 2.2001:.2f}"
    assert values(desk).gross_position_value == 0


def test_a_small_currency_trade_pays_the_minimum() -> None:
    desk = product_desk()
    told = of_kind(desk.send(order("SELL", 20_000, contract=EUR)), CommissionEvent)
    assert told[0].report.commission == 2.0
    assert rows(desk, "EUR")["CashBalance"] == "-20000.00"


def test_a_currency_stop_triggers_by_quotes_for_want_of_prints() -> None:
    desk = product_desk()
    desk.send(order("SELL", 20_000, "STP", stop=1.09, contract=EUR))
    desk.quote(1.08995, 1.09, 50_000, 50_000, EUR)
    assert desk.held(EUR) == -20_000


def test_the_summary_lists_every_currency_on_request() -> None:
    desk = product_desk()
    desk.send(order("BUY", 50_000, contract=EUR))

    def asked(tag: str) -> set[str]:
        return {row.currency for row in desk.venue.summary_rows(ACCOUNT, [tag])}

    assert asked("$LEDGER:ALL") == {"USD", "EUR", "BASE"}
    assert asked("$LEDGER:EUR") == {"EUR"}
    assert asked("$LEDGER") == {"BASE"}
    assert asked("$LEDGER:CHF") == set()
    assert AccountRow(tag="Currency", value="EUR", currency="EUR") in desk.venue.account_rows(ACCOUNT)


# --- coins -------------------------------------------------------------------------------------------------------


def test_coins_trade_in_fractions_and_are_paid_in_full() -> None:
    desk = product_desk()
    fill = of_kind(desk.send(order("BUY", 0.0123, contract=BTC)), ExecutionEvent)[0].execution
    assert (fill.shares, fill.price) == (0.0123, 90_000.25)
    assert desk.held(BTC) == 0.0123
    shown = values(desk)
    assert shown.cash == pytest.approx(1_000_000 - 0.0123 * 90_000.25 - 0.0123 * 90_000.25 * 0.0018, abs=1e-5)
    desk.trade(90_000.0, contract=BTC)
    assert values(desk).init_margin == pytest.approx(0.0123 * 90_000)
    assert rows(desk, "USD")["Cryptocurrency"] == "1107.00"


def test_a_coin_cannot_be_sold_short_or_in_dust() -> None:
    desk = product_desk()
    assert error(desk, order("SELL", 0.01, contract=BTC)) == 201
    desk.send(order("BUY", 0.01, contract=BTC))
    assert error(desk, order("SELL", 0.0101, contract=BTC)) == 201
    assert error(desk, order("BUY", 0.00001, contract=BTC)) == 201
    desk.send(order("SELL", 0.01, contract=BTC))
    assert desk.held(BTC) == 0


# --- indices and options -------------------------------------------------------------------------------------------


def test_an_index_can_be_watched_but_not_traded() -> None:
    desk = product_desk()
    assert desk.trade(6000.0, contract=SPX) == []
    assert error(desk, order("BUY", 1, contract=SPX)) == 201


def test_an_option_is_paid_by_its_multiplier_and_its_tick_depends_on_its_price() -> None:
    desk = product_desk()
    desk.send(order("BUY", 2, contract=CALL))
    assert values(desk).cash == 1_000_000 - 2 * 605 - 1.30
    assert error(desk, order("BUY", 1, "LMT", limit=5.01, contract=CALL)) == 110
    assert story(desk.send(order("BUY", 1, "LMT", limit=2.01, contract=CALL)))[0] == "open PreSubmitted"
    assert rows(desk, "USD")["OptionMarketValue"] == "1205.00"


def test_a_written_option_needs_the_exchanges_margin() -> None:
    desk = product_desk()
    desk.trade(500.0)
    desk.trade(0.5, contract=PUT)
    desk.send(order("SELL", 1, contract=PUT))
    desk.trade(0.5, contract=PUT)
    out_of_the_money = max(0.20 * 500 - 5, 0.10 * 495)
    assert values(desk).init_margin == pytest.approx((0.5 + out_of_the_money) * 100)


@pytest.mark.parametrize(("spot", "shares"), [(510.0, 200.0), (490.0, 0.0)])
def test_a_call_is_exercised_in_the_money_and_forgotten_out_of_it(spot: float, shares: float) -> None:
    desk = product_desk()
    desk.send(order("BUY", 2, contract=CALL))
    desk.trade(spot)
    before = values(desk).cash
    desk.pass_to(FRIDAY.close_ns)
    assert (desk.held(CALL), desk.held(SPY)) == (0, shares)
    assert values(desk).cash == before - shares * 495
    assert values(desk).net_liquidation == pytest.approx(before + max(spot - 495, 0) * 200)


def test_a_written_put_in_the_money_is_assigned() -> None:
    desk = product_desk()
    desk.trade(500.0)
    desk.send(order("SELL", 1, contract=PUT))
    desk.trade(490.0)
    desk.pass_to(FRIDAY.close_ns)
    assert (desk.held(PUT), desk.held(SPY)) == (0, 100)


# --- what every kind shares -------------------------------------------------------------------------------------


def test_an_instrument_is_listed_when_it_is_first_named() -> None:
    class Chain:
        def details(self, asked: Contract) -> ContractDetails | None:
            return next((each for each in PRODUCTS if each.contract.con_id == asked.con_id), None)

        def price(self, con_id: int) -> float | None:
            return 6.0

    desk = product_desk()
    calendar = desk.venue._floor.calendar
    venue = Venue(config=VenueConfig(), calendar=calendar, instruments=[], lookup=Chain())
    desk = Desk(venue)
    desk.send(order("BUY", 1, contract=CALL))
    desk.quote(6.0, 6.05, contract=CALL)
    assert desk.held(CALL) == 1
    assert error(desk, order("BUY", 1, contract=replace(CALL, con_id=9))) == 200
    copy = Venue(config=VenueConfig(), calendar=calendar, instruments=[], lookup=Chain(), state=venue.to_state())
    assert copy.positions() == venue.positions()


def test_products_with_other_hours_trade_while_stocks_sleep() -> None:
    night = FRIDAY.close_ns + HOUR_NS
    opens, closes = FRIDAY.open_ns - 24 * HOUR_NS, FRIDAY.close_ns + 24 * HOUR_NS
    table = SessionTable(
        "US/Eastern", (opens, closes + HOUR_NS), (closes, closes + 2 * HOUR_NS), (739_575, 739_576), ()
    )
    round_the_clock = TradingCalendar("FX", table)
    venue = Venue(config=VenueConfig(), calendar=CALENDAR, calendars={"CASH": round_the_clock}, instruments=PRODUCTS)
    desk = Desk(venue, night)
    desk.quote(1.10, 1.10005, 1_000_000, 1_000_000, EUR)
    desk.send(order("BUY", 20_000, contract=EUR))
    desk.send(order("BUY", 10))
    assert (desk.held(EUR), desk.held(SPY)) == (20_000, 0)


def test_a_short_sale_beyond_what_can_be_borrowed_is_held_until_shares_are_found() -> None:
    desk = Desk(short_limits={"SPY": 300})
    desk.send(order("SELL", 200))
    assert error(desk, order("SELL", 200)) == 404
    assert desk.venue.open_orders()[0].why_held == "locate"
    desk.quote(500.0, 500.01)
    assert desk.held() == -200
    told = desk.venue.set_short_limit(SPY.con_id, 1000, desk.now_ns)
    assert "fill 200 @ 500.0" in story(told)
    assert desk.held() == -400


def test_no_fill_ever_sells_more_than_can_be_borrowed() -> None:
    desk = Desk(short_limits={"SPY": 150})
    for _ in range(3):
        desk.send(order("SELL", 100, "LMT", limit=501.0))
    desk.quote(501.5, 501.6)
    assert desk.held() == -150


def test_a_bracket_may_sell_what_its_parent_buys_without_borrowing() -> None:
    desk = Desk(short_limits={"SPY": 0})
    desk.send(order("BUY", 100, "LMT", limit=499.0, transmit=False), 1)
    desk.send(order("SELL", 100, "STP", stop=490.0, parent_id=1), 2)
    desk.quote(498.9, 499.0)
    desk.quote(489.0, 489.1)
    desk.trade(489.0)
    assert (desk.held(), desk.venue.open_orders()) == (0, [])


# --- liquidation ----------------------------------------------------------------------------------------------------


def test_an_account_under_its_maintenance_margin_is_liquidated_until_it_is_covered() -> None:
    desk = product_desk(starting_cash={ACCOUNT: 100_000.0})
    desk.send(order("BUY", 4, contract=ES))
    desk.send(order("BUY", 1, "LMT", limit=5900.0, contract=ES))
    desk.send(order("SELL", 4, "LMT", limit=6100.0, contract=ES))
    desk.quote(5930.0, 5930.25, 100, 100, ES)
    desk.trade(5930.0, contract=ES)
    assert values(desk).excess_liquidity < 0
    told = desk.pass_s(61)
    fills = [event.execution for event in of_kind(told, ExecutionEvent)]
    assert [(f.side, f.shares, f.liquidation, f.client_id, f.order_id) for f in fills] == [("SLD", 1, True, 0, 0)]
    assert values(desk).excess_liquidity >= 0
    assert {o.request.action for o in desk.venue.open_orders()} == {"SELL"}
    assert desk.pass_s(600) == []


def test_a_liquidation_larger_than_the_quote_goes_on_and_stops_when_the_client_closed_the_rest() -> None:
    desk = product_desk(starting_cash={ACCOUNT: 100_000.0})
    desk.send(order("BUY", 4, contract=ES))
    desk.quote(5700.0, 5700.25, 1, 1, ES)
    desk.trade(5700.0, contract=ES)
    assert len(of_kind(desk.pass_s(61), ExecutionEvent)) == 1
    assert desk.held(ES) == 3
    desk.quote(5700.0, 5700.25, 0, 0, ES)
    desk.send(order("SELL", 3, "LMT", limit=5700.0, contract=ES))
    desk.venue.on_trade(ES.con_id, 5701.0, 50, desk.now_ns)
    assert desk.held(ES) == 0
    desk.pass_s(120)
    desk.quote(5700.0, 5700.25, 10, 10, ES)
    assert (desk.held(ES), desk.venue.open_orders()) == (0, [])


def test_nothing_is_liquidated_while_its_market_is_closed() -> None:
    desk = Desk(starting_cash={ACCOUNT: 30_000.0})
    desk.send(order("BUY", 100))
    desk.trade(300.0)
    desk.now_ns = FRIDAY.close_ns
    told = desk.pass_to(FRIDAY.close_ns + HOUR_NS)
    desk.trade(100.0)
    told += desk.pass_s(3600)
    assert of_kind(told, ExecutionEvent) == []
    desk.pass_to(MONDAY.open_ns)
    desk.quote(100.0, 100.01)
    desk.trade(100.0)
    desk.pass_s(61)
    assert desk.held() == 0


@given(st.lists(st.integers(-300, 300), min_size=1, max_size=30), st.integers(1, 4), st.booleans())
def test_a_liquidation_never_turns_a_position_around(moves: list[int], size: int, short: bool) -> None:
    desk = product_desk(starting_cash={ACCOUNT: 105_000.0})
    desk.send(order("SELL" if short else "BUY", size, contract=ES))
    price, side = 24_000, -1 if short else 1
    held = size
    for move in moves:
        price += move
        desk.quote(price / 4, (price + 1) / 4, 2, 2, ES)
        desk.trade(price / 4, contract=ES)
        desk.pass_s(30)
        now = desk.held(ES) * side
        assert 0 <= now <= held
        held = round(now)


# --- commission plans -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "units", "fee"),
    [
        (0, 100, 0.35),
        (0, 1000, 3.5),
        (299_900, 200, 0.35 + 0.20),
        (2_999_000, 2000, 2.0 + 1.5),
        (500_000_000, 1000, 0.5),
    ],
)
def test_the_tiered_plan_gets_cheaper_with_the_months_volume(before: int, units: int, fee: float) -> None:
    assert TIERED.fee(units, units * 50_000_000, 1, before) == round(fee * 1_000_000)


def test_the_tiered_plan_passes_on_what_exchanges_and_regulators_take() -> None:
    desk = Desk(commissions=TIERED)
    bought = of_kind(desk.send(order("BUY", 100)), CommissionEvent)[0].report.commission
    assert bought == pytest.approx(0.35 + 100 * (0.0030 + 0.0002))
    desk.send(order("SELL", 100, "LMT", limit=500.02))
    sold = of_kind(desk.quote(500.02, 500.03), CommissionEvent)[0].report.commission
    taxes = 50_002 * 27.8e-6 + 100 * 0.000166
    assert sold == pytest.approx(0.35 + 100 * (-0.0020 + 0.0002) + taxes, abs=1e-6)


def test_what_if_shows_the_tiered_commission_that_the_fill_will_cost() -> None:
    desk = Desk(commissions=TIERED)
    shown = of_kind(desk.send(order("SELL", 100, "LMT", limit=500.0, what_if=True)), OpenOrderEvent)[0].order
    sold = of_kind(desk.send(order("SELL", 100, "LMT", limit=500.0)), CommissionEvent)[0].report.commission
    assert shown.margin is not None
    assert shown.margin.commission == pytest.approx(sold, abs=1e-4)


def test_the_months_volume_starts_again_with_the_month() -> None:
    desk = Desk(commissions=TIERED)
    desk.venue._floor.office.accounts[ACCOUNT].month_units = 10_000_000
    december = next(
        s for s in CALENDAR.sessions_between(FRIDAY.open_ns, FRIDAY.open_ns + 20 * 24 * HOUR_NS) if s.date.month == 12
    )
    cheap = of_kind(desk.send(order("BUY", 300)), CommissionEvent)[0].report.commission
    desk.pass_to(december.open_ns)
    desk.quote(500.0, 500.01)
    dear = of_kind(desk.send(order("BUY", 300)), CommissionEvent)[0].report.commission
    assert dear - cheap == pytest.approx(300 * 0.0035 - max(300 * 0.0015, 0.35))
