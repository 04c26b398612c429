"""Commissions, positions, profit, margin and account lines agree with IB's rules worked by hand."""

from __future__ import annotations

import pytest

from tests.gateway.venue.floorplan import ACCOUNT, CALENDAR, MONDAY, QQQ, SPY, Desk, of_kind, order
from tradetui.domain.clock import SECOND_NS
from tradetui.domain.fill import Commission, Fill
from tradetui.domain.ledger import Ledger
from tradetui.domain.order import Side
from tradetui.gateway.venue.events import CommissionEvent, ErrorEvent, ExecutionEvent, OpenOrderEvent, VenueEvent
from tradetui.gateway.venue.fees import CommissionSchedule, FeeMeter
from tradetui.gateway.venue.model import PositionRow


def commissions(events: list[VenueEvent]) -> list[float]:
    return [event.report.commission for event in of_kind(events, CommissionEvent)]


def realized(events: list[VenueEvent]) -> list[float | None]:
    return [event.report.realized_pnl for event in of_kind(events, CommissionEvent)]


def row(desk: Desk) -> PositionRow:
    found = desk.venue.position(ACCOUNT, SPY.con_id)
    if found is None:
        raise LookupError("no position")
    return found


@pytest.mark.parametrize(
    ("units", "dollars", "fee"),
    [
        (0, 0, 0.0),
        (1, 500, 1.0),
        (200, 100_000, 1.0),
        (201, 100_500, 1.005),
        (1000, 500_000, 5.0),
        (100, 20, 0.2),
        (10_000, 3_000, 30.0),
    ],
)
def test_the_fixed_schedule_has_a_minimum_and_a_cap(units: int, dollars: int, fee: float) -> None:
    assert CommissionSchedule().fee(units, dollars * 1_000_000) == round(fee * 1_000_000)


def test_partial_fills_pay_the_orders_minimum_once() -> None:
    desk = Desk()
    desk.quote(500.0, 500.01, ask_size=100)
    charged = commissions(desk.send(order(quantity=400)))
    for size in (100, 50, 150):
        charged += commissions(desk.quote(500.0, 500.01, ask_size=size))
    assert charged == [1.0, 0.0, 0.25, 0.75]


def test_an_order_that_works_overnight_pays_a_new_minimum() -> None:
    desk = Desk()
    desk.quote(500.0, 500.01, ask_size=100)
    charged = commissions(desk.send(order(quantity=200, order_type="LMT", limit=500.01, tif="GTC")))
    desk.pass_to(MONDAY.open_ns + SECOND_NS)
    charged += commissions(desk.quote(500.0, 500.01, ask_size=100))
    assert charged == [1.0, 1.0]


def test_a_meter_never_charges_below_zero() -> None:
    meter, schedule = FeeMeter(), CommissionSchedule()
    assert [meter.charge(schedule, 1, 10_000) for _ in range(3)] == [100, 100, 100]


def test_average_cost_includes_commissions_and_closing_realizes_against_it() -> None:
    desk = Desk()
    desk.send(order())
    assert row(desk).avg_cost == pytest.approx(500.02)
    desk.quote(510.0, 510.01)
    assert realized(desk.send(order("SELL", 40))) == [pytest.approx(40 * (510.0 - 500.02) - 1.0)]
    assert row(desk).quantity == 60
    assert row(desk).avg_cost == pytest.approx(500.02)
    assert row(desk).realized_pnl == pytest.approx(398.2)


def test_a_short_position_has_its_commission_taken_off_the_proceeds() -> None:
    desk = Desk()
    assert realized(desk.send(order("SELL", 100))) == [None]
    assert row(desk).quantity == -100
    assert row(desk).avg_cost == pytest.approx(499.99)
    desk.quote(489.99, 490.0)
    assert realized(desk.send(order("BUY", 100))) == [pytest.approx(100 * (499.99 - 490.0) - 1.0)]
    assert row(desk).quantity == 0


def test_a_fill_through_zero_splits_its_commission() -> None:
    desk = Desk()
    desk.send(order())
    assert realized(desk.send(order("SELL", 300))) == [pytest.approx(100 * (500.0 - 500.02) - 0.5)]
    assert row(desk).quantity == -200
    assert row(desk).avg_cost == pytest.approx(500.0 - 1.0 / 200)


def test_account_numbers_follow_from_cash_and_marks() -> None:
    desk = Desk()
    desk.send(order())
    desk.send(order("SELL", 100, contract=QQQ))
    desk.trade(505.0)
    desk.trade(401.0, contract=QQQ)
    values = desk.venue.account_values(ACCOUNT)
    cash = 1_000_000 - 50_001 - 1 + 40_000 - 1
    net = cash + 50_500 - 40_100
    assert values.cash == cash
    assert (values.net_liquidation, values.stock_market_value, values.gross_position_value) == (net, 10_400, 90_600)
    assert (values.init_margin, values.maint_margin) == (45_300, 50_500 * 0.25 + 40_100 * 0.30)
    assert (values.available_funds, values.excess_liquidity) == (net - 45_300, net - values.maint_margin)
    assert values.buying_power == 2 * values.available_funds
    assert values.unrealized_pnl == pytest.approx(498 - 101)
    assert values.realized_pnl == 0
    assert values.daily_pnl == pytest.approx(net - 1_000_000)


def test_daily_profit_starts_again_at_midnight_and_realized_with_it() -> None:
    desk = Desk()
    desk.send(order())
    desk.send(order("SELL", 50))
    desk.trade(510.0)
    before = desk.venue.account_values(ACCOUNT)
    assert before.daily_pnl == pytest.approx(sum(r.daily_pnl or 0 for r in desk.venue.portfolio(ACCOUNT)))
    desk.pass_to(MONDAY.open_ns + SECOND_NS)
    after = desk.venue.account_values(ACCOUNT)
    assert (after.daily_pnl, after.realized_pnl, after.net_liquidation) == (0.0, 0.0, before.net_liquidation)
    desk.trade(509.0)
    assert desk.venue.account_values(ACCOUNT).daily_pnl == -50.0
    assert row(desk).daily_pnl == -50.0


def test_a_flat_position_is_shown_until_midnight() -> None:
    desk = Desk()
    desk.send(order())
    desk.send(order("SELL"))
    assert desk.venue.positions() == []
    assert [r.quantity for r in desk.venue.portfolio(ACCOUNT)] == [0]
    desk.pass_to(CALENDAR.midnight_after(desk.now_ns))
    assert desk.venue.portfolio(ACCOUNT) == []


def test_margin_counts_working_orders_and_never_blocks_an_exit() -> None:
    desk = Desk(starting_cash={ACCOUNT: 30_000.0})
    desk.send(order("BUY", 100, "LMT", limit=490.0))
    refused = of_kind(desk.send(order("BUY", 20, "LMT", limit=499.0)), ErrorEvent)
    assert [error.code for error in refused] == [201]
    desk.cancel(1)
    desk.send(order("BUY", 110))
    desk.trade(300.0)
    assert desk.venue.account_values(ACCOUNT).available_funds < 0
    assert [e.code for e in of_kind(desk.send(order("BUY", 1)), ErrorEvent)] == [201]
    assert of_kind(desk.send(order("SELL", 110)), ExecutionEvent)
    assert [e.code for e in of_kind(desk.send(order("SELL", 250)), ErrorEvent)] == [201]


def test_a_held_bracket_needs_margin_for_its_parent_only() -> None:
    desk = Desk(starting_cash={ACCOUNT: 30_000.0})
    desk.send(order("BUY", 100, "LMT", limit=499.0, transmit=False), 1)
    desk.send(order("SELL", 100, "LMT", limit=510.0, parent_id=1, transmit=False), 2)
    assert of_kind(desk.send(order("SELL", 100, "STP", stop=490.0, parent_id=1), 3), ErrorEvent) == []


def test_what_if_shows_margin_and_commission_and_places_nothing() -> None:
    desk = Desk()
    desk.send(order(quantity=100))
    events = desk.send(order("SELL", 300, what_if=True))
    shown = of_kind(events, OpenOrderEvent)[0].order
    impact = shown.margin
    assert impact is not None
    assert len(events) == 1
    mark = 500.005
    assert impact.init_margin_before == pytest.approx(100 * mark / 2)
    assert impact.init_margin_after == pytest.approx(200 * mark / 2)
    assert impact.maint_margin_change == pytest.approx(200 * mark * 0.3 - 100 * mark * 0.25)
    assert (impact.commission, impact.equity_with_loan_change) == (1.5, -1.5)
    assert impact.warning_text == ""
    assert (desk.held(), desk.venue.open_orders(), desk.venue.next_order_id(1)) == (100, [], 2)
    big = of_kind(desk.send(order(quantity=10_000, what_if=True)), OpenOrderEvent)[0].order
    assert "initial margin" in big.warning_text


def test_reference_prices_value_holdings_before_the_first_print() -> None:
    desk = Desk(starting_cash={ACCOUNT: 30_000.0}, now_ns=MONDAY.open_ns - SECOND_NS)
    desk.venue.set_reference_price(SPY.con_id, 700.0)
    assert [e.code for e in of_kind(desk.send(order(quantity=100)), ErrorEvent)] == [201]
    assert [e.code for e in of_kind(desk.send(order(quantity=80)), ErrorEvent)] == [399]


def test_account_lines_are_ibs_tags_and_agree_with_each_other() -> None:
    desk = Desk()
    desk.send(order())
    lines = {(line.tag, line.currency): line.value for line in desk.venue.account_rows(ACCOUNT)}
    assert lines["AccountCode", ""] == ACCOUNT
    assert lines["AccountReady", ""] == "true"
    assert lines["TotalCashValue", "USD"] == lines["CashBalance", "BASE"] == lines["CashBalance", "USD"] == "949998.00"
    assert lines["NetLiquidation", "USD"] == lines["NetLiquidationByCurrency", "BASE"] == "999998.50"
    assert lines["BuyingPower", "USD"] == "1949996.50"
    assert lines["ExchangeRate", "USD"] == "1.00"
    assert lines["PreviousDayEquityWithLoanValue", "USD"] == "1000000.00"


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        (
            ["NetLiquidation", "AccountType"],
            [("NetLiquidation", "1000000.00", "USD"), ("AccountType", "INDIVIDUAL", "")],
        ),
        (["ReqTMargin"], [("ReqTMargin", "0.00", "USD")]),
        (["NoSuchTag"], []),
        (["Cushion"], [("Cushion", "1", "")]),
    ],
)
def test_summary_lines_answer_the_tags_asked_for(tags: list[str], expected: list[tuple[str, str, str]]) -> None:
    rows = Desk().venue.summary_rows(ACCOUNT, tags)
    assert [(line.tag, line.value, line.currency) for line in rows] == expected


@pytest.mark.parametrize(
    ("tag", "currencies"),
    [("$LEDGER", {"BASE"}), ("$LEDGER:USD", {"USD"}), ("$LEDGER:ALL", {"USD", "BASE"}), ("$LEDGER:EUR", set())],
)
def test_ledger_tags_give_one_block_per_currency(tag: str, currencies: set[str]) -> None:
    assert {line.currency for line in Desk().venue.summary_rows(ACCOUNT, [tag])} == currencies


def test_an_empty_account_has_no_division_by_zero() -> None:
    rows = Desk(starting_cash={ACCOUNT: 0.0}).venue.summary_rows(ACCOUNT, ["Cushion", "Leverage"])
    assert [line.value for line in rows] == ["0", "0.00"]


def test_the_clients_own_ledger_reaches_the_same_numbers() -> None:
    desk, ledger = Desk(), Ledger()
    ledger.open_cash(1_000_000.0)
    events: list[VenueEvent] = []
    for action, size, bid in (("BUY", 250, 500.0), ("SELL", 100, 512.34), ("SELL", 290, 507.5), ("BUY", 40, 499.01)):
        desk.quote(bid, bid + 0.01)
        events += desk.send(order(action, size))
    for event in events:
        if isinstance(event, ExecutionEvent):
            ledger.book_fill(as_fill(event), "test")
        elif isinstance(event, CommissionEvent):
            report = event.report
            ledger.book_commission(Commission(exec_id=report.exec_id, amount=report.commission))
    position = ledger.position("SPY")
    assert position.qty == row(desk).quantity
    assert ledger.cash == pytest.approx(desk.cash(), abs=0.005)
    assert ledger.realized == pytest.approx(desk.venue.account_values(ACCOUNT).realized_pnl, abs=0.005)


def as_fill(event: ExecutionEvent) -> Fill:
    execution = event.execution
    return Fill(
        exec_id=execution.exec_id,
        account=execution.account,
        symbol=execution.contract.symbol,
        side=Side.BUY if execution.side == "BOT" else Side.SELL,
        qty=float(execution.shares),
        price=execution.price,
        ts_ns=execution.time_ns,
    )
