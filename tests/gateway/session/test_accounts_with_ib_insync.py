"""Several accounts under one login, and who sees which orders, as ib_insync sees them."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from ib_insync import IB, LimitOrder, MarketOrder, Stock

from tests.gateway.session.desk import Desk, errors_of, start_desk, until
from tradetui.gateway.venue.model import OrderRequest

SPY = Stock("SPY", "SMART", "USD", conId=756733)
ONE, TWO = "DU1111111", "DU2222222"


@pytest.fixture
async def shared() -> AsyncIterator[Desk]:
    running = await start_desk(accounts=(ONE, TWO))
    yield running
    await running.close()


async def buy(ib: IB, quantity: float, account: str) -> None:
    trade = ib.placeOrder(SPY, MarketOrder("BUY", quantity, account=account))
    await until(lambda: trade.orderStatus.status == "Filled" and trade.fills[-1].commissionReport.execId)


# --- several accounts ---------------------------------------------------------------------------------------------
async def test_both_accounts_are_named_at_the_start(shared: Desk) -> None:
    ib = await shared.connect()
    assert ib.managedAccounts() == [ONE, TWO]


async def test_an_order_must_name_its_account_and_fills_there(shared: Desk) -> None:
    ib = await shared.connect()
    seen = errors_of(ib)
    ib.placeOrder(SPY, MarketOrder("BUY", 10))
    await until(lambda: 435 in [code for _, code in seen])
    await buy(ib, 10, TWO)
    assert [(row.account, row.position) for row in await ib.reqPositionsAsync()] == [(TWO, 10)]
    assert [fill.execution.acctNumber for fill in await ib.reqExecutionsAsync()] == [TWO]


async def test_an_order_for_somebody_elses_account_is_refused(shared: Desk) -> None:
    ib = await shared.connect()
    trade = ib.placeOrder(SPY, MarketOrder("BUY", 10, account="DU9"))
    await until(trade.isDone)
    assert await ib.reqPositionsAsync() == []


async def test_each_account_has_its_own_cash_values_and_profit(shared: Desk) -> None:
    ib = await shared.connect()
    await buy(ib, 100, TWO)
    rows = {(row.account, row.tag): row.value for row in await ib.accountSummaryAsync()}
    assert float(rows[ONE, "TotalCashValue"]) == 1_000_000.0
    assert float(rows[TWO, "TotalCashValue"]) == pytest.approx(1_000_000.0 - 100 * 430.02, abs=2)
    pnl, idle = ib.reqPnL(TWO), ib.reqPnL(ONE)
    single = ib.reqPnLSingle(TWO, "", SPY.conId)
    await until(lambda: pnl.unrealizedPnL == pnl.unrealizedPnL and idle.dailyPnL == idle.dailyPnL)
    await until(lambda: single.position == 100)
    assert idle.unrealizedPnL == 0.0
    assert pnl.unrealizedPnL == pytest.approx(-1.0 - 100 * 0.01, abs=0.1)


async def test_the_ledger_of_every_account_is_told_by_currency(shared: Desk) -> None:
    ib = await shared.connect()
    await buy(ib, 100, TWO)
    ib.client.reqAccountSummary(700, "All", "NetLiquidation,$LEDGER:ALL")  # type: ignore[no-untyped-call]
    told: dict[tuple[str, str, str], str] = {}
    ib.accountSummaryEvent += lambda row: told.update({(row.account, row.tag, row.currency): row.value})
    await until(lambda: (TWO, "StockMarketValue", "BASE") in told and (ONE, "CashBalance", "USD") in told)
    assert float(told[TWO, "StockMarketValue", "USD"]) == pytest.approx(43_001.0)
    assert float(told[ONE, "StockMarketValue", "BASE"]) == 0.0


async def test_positions_and_values_can_be_asked_for_one_account(shared: Desk) -> None:
    ib = await shared.connect()
    await buy(ib, 100, TWO)
    rows: list[tuple[int, str, float]] = []
    ib.client.wrapper.positionMulti = lambda request, account, _model, _contract, held, _cost: rows.append(
        (request, account, held)
    )
    ends: list[int] = []
    ib.client.wrapper.positionMultiEnd = ends.append
    ib.client.reqPositionsMulti(701, ONE, "")  # type: ignore[no-untyped-call]
    ib.client.reqPositionsMulti(702, TWO, "")  # type: ignore[no-untyped-call]
    await until(lambda: ends == [701, 702])
    assert rows == [(702, TWO, 100)]
    await ib.reqAccountUpdatesMultiAsync(TWO)
    values = {row.tag: row.value for row in ib.accountValues(TWO) if row.currency == "USD"}
    assert float(values["GrossPositionValue"]) == pytest.approx(43_001.0)


async def test_account_updates_follow_the_account_asked_for(shared: Desk) -> None:
    ib = await shared.connect()
    await ib.reqAccountUpdatesAsync(TWO)
    await buy(ib, 100, TWO)
    await until(lambda: [item.position for item in ib.portfolio(TWO)] == [100])
    await buy(ib, 50, ONE)
    await ib.reqCurrentTimeAsync()
    assert ib.portfolio(ONE) == []


# --- who sees which orders ----------------------------------------------------------------------------------------
def typed_by_hand(desk: Desk, limit: float) -> int:
    """An order that a human entered at the gateway's own screen; its perm id."""
    hub = desk.gateway.hub
    contract = desk.market.contracts()[0]
    request = OrderRequest(contract=contract, action="BUY", quantity=10, order_type="LMT", limit_price=limit)
    order, events = hub.venue.place_manual(request, hub.now_ns())
    hub.deliver(events)
    assert order is not None
    return order.perm_id


async def test_manual_orders_bind_to_client_zero_and_can_then_be_changed_and_cancelled(desk: Desk) -> None:
    perm_id = typed_by_hand(desk, 400.0)
    master = await desk.connect(0)
    [trade] = await master.reqOpenOrdersAsync()
    assert (trade.order.permId, trade.order.orderId < 0) == (perm_id, True)
    trade.order.lmtPrice = 401.0
    master.placeOrder(trade.contract, trade.order)
    await until(lambda: desk.gateway.hub.venue.open_orders()[0].request.limit_price == 401.0)
    master.cancelOrder(trade.order)
    await until(lambda: desk.gateway.hub.venue.open_orders() == [])


async def test_an_order_typed_while_client_zero_listens_is_told_at_once(desk: Desk) -> None:
    master = await desk.connect(0)
    await master.reqCurrentTimeAsync()
    perm_id = typed_by_hand(desk, 400.0)
    await until(lambda: [trade.order.permId for trade in master.openTrades()] == [perm_id])


async def test_other_clients_see_manual_orders_only_among_all_orders(desk: Desk) -> None:
    other = await desk.connect(5)
    perm_id = typed_by_hand(desk, 400.0)
    assert await other.reqOpenOrdersAsync() == []
    assert [trade.order.permId for trade in await other.reqAllOpenOrdersAsync()] == [perm_id]


async def test_completed_orders_can_leave_out_what_was_typed_by_hand(desk: Desk) -> None:
    ib = await desk.connect(5)
    typed_by_hand(desk, 440.0)
    own = ib.placeOrder(SPY, MarketOrder("BUY", 7))
    await until(lambda: own.orderStatus.status == "Filled")
    every = await ib.reqCompletedOrdersAsync(False)
    api = await ib.reqCompletedOrdersAsync(True)
    assert sorted(trade.order.filledQuantity for trade in every) == [7, 10]
    assert [trade.order.filledQuantity for trade in api] == [7]


async def test_a_working_order_of_a_client_is_cancelled_by_another_only_globally(desk: Desk) -> None:
    first, second = await desk.connect(1), await desk.connect(2)
    trade = first.placeOrder(SPY, LimitOrder("BUY", 10, 400.0))
    await until(lambda: trade.orderStatus.status == "Submitted")
    seen = errors_of(second)
    second.client.cancelOrder(trade.order.orderId)  # type: ignore[no-untyped-call]
    await until(lambda: 10147 in [code for _, code in seen])
    assert trade.orderStatus.status == "Submitted"
    second.reqGlobalCancel()  # type: ignore[no-untyped-call]
    await until(lambda: trade.orderStatus.status == "Cancelled")
