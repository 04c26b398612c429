"""Messages of orders and money: which become events, which rows, and which are not ours."""

from __future__ import annotations

from typing import Any

from tests.broker.test_cleaning import execution, made
from tradetui.broker.ib.account import AccountFeed
from tradetui.broker.ib.collector import Collector
from tradetui.broker.ib.contracts import ContractBook
from tradetui.broker.ib.feed import Feed
from tradetui.broker.ib.library import UNSET_DOUBLE, new_contract, new_order
from tradetui.broker.ib.requests import Requests
from tradetui.domain.events import AccountSeen, CommissionSeen, Event, FillSeen, PositionSeen
from tradetui.domain.instrument import Instrument

SPY = new_contract(conId=756733, symbol="SPY", secType="STK", currency="USD")


def feed() -> tuple[Feed, list[Event]]:
    events: list[Event] = []
    made_feed = Feed(ContractBook([Instrument(symbol="SPY", con_id=756733)]), Requests(), events.append, 42)
    made_feed.account = "DU1234567"
    return made_feed, events


def call(source: Any, name: str, *arguments: object) -> None:
    source.routes()[name](*arguments)


def commission(exec_id: str = "a.01", amount: float = 1.0) -> Any:
    return made("CommissionReport", execId=exec_id, commission=amount, currency="USD", realizedPNL=UNSET_DOUBLE)


def test_messages_of_another_account_are_not_ours() -> None:
    ours, events = feed()
    call(ours, "execDetails", -1, SPY, execution(acctNumber="DU9"))
    call(ours, "position", "DU9", SPY, 5.0, 1.0)
    order = new_order(action="BUY", account="DU9", totalQuantity=1.0)
    call(ours, "openOrder", 1, SPY, order, made("OrderState", status="Submitted"))
    assert events == []
    call(ours, "execDetails", -1, SPY, execution())
    call(ours, "position", "DU1234567", SPY, 5.0, 1.0)
    assert [type(event) for event in events] == [FillSeen, PositionSeen]


def test_the_answer_to_a_what_if_is_no_order() -> None:
    ours, events = feed()
    order = new_order(action="BUY", account="DU1234567", totalQuantity=1.0, whatIf=True)
    call(ours, "openOrder", 1, SPY, order, made("OrderState", status="PreSubmitted"))
    assert events == []


def test_a_commission_that_is_no_number_yet_waits_for_the_true_one() -> None:
    ours, events = feed()
    call(ours, "commissionReport", commission(amount=UNSET_DOUBLE))
    call(ours, "commissionReport", commission())
    assert [event.commission.amount for event in events if isinstance(event, CommissionSeen)] == [1.0]


def test_a_commission_of_a_live_fill_during_a_sync_is_not_kept_back() -> None:
    ours, events = feed()
    ours.collector = Collector()
    call(ours, "execDetails", -1, SPY, execution(execId="a.01"))
    call(ours, "commissionReport", commission("a.01"))
    assert [type(event) for event in events] == [FillSeen, CommissionSeen]


def test_the_completed_orders_nobody_asked_for_are_ignored() -> None:
    ours, events = feed()
    call(ours, "completedOrder", SPY, new_order(action="BUY"), made("OrderState", status="Filled"))
    assert events == []


def account_feed() -> tuple[AccountFeed, list[Event]]:
    events: list[Event] = []
    made_feed = AccountFeed(Requests(), events.append, lambda: 7)
    made_feed.account = "DU1234567"
    return made_feed, events


def test_account_figures_are_told_once_per_packet_after_the_first_whole_download() -> None:
    account, events = account_feed()
    call(account, "updateAccountValue", "NetLiquidation", "100.5", "USD", "DU1234567")
    account.flush()
    assert events == []
    call(account, "accountDownloadEnd", "DU1234567")
    account.flush()
    account.flush()
    (told,) = [event.values for event in events if isinstance(event, AccountSeen)]
    assert (told.net_liquidation, told.currency, told.ts_ns, told.cash) == (100.5, "USD", 7, None)


def test_profit_is_taken_from_the_row_of_all_currencies_and_text_is_no_figure() -> None:
    account, _ = account_feed()
    for tag, value, currency in [
        ("NetLiquidation", "1", "EUR"),
        ("RealizedPnL", "5", "USD"),
        ("RealizedPnL", "7", "BASE"),
        ("BuyingPower", "N/A", "EUR"),
        ("AvailableFunds", "1.7976931348623157E308", "EUR"),
    ]:
        call(account, "updateAccountValue", tag, value, currency, "DU1234567")
    values = account.values()
    assert (values.currency, values.realized_pnl, values.buying_power, values.available_funds) == ("EUR", 7, None, None)


def test_figures_of_another_account_are_not_ours() -> None:
    account, _ = account_feed()
    call(account, "updateAccountValue", "NetLiquidation", "1", "USD", "DU9")
    assert account.values().net_liquidation is None


def test_a_daily_profit_that_is_unset_is_unknown() -> None:
    account, _ = account_feed()
    call(account, "pnl", 1, UNSET_DOUBLE, 0.0, 0.0)
    assert account.values().daily_pnl is None
    call(account, "pnl", 1, -12.5, 0.0, 0.0)
    assert account.values().daily_pnl == -12.5
