"""ib_insync, the client the program itself uses, trades against the gateway over a real socket."""

from __future__ import annotations

import pytest
from ib_insync import LimitOrder, MarketOrder, Order, Stock, StopLimitOrder, StopOrder, Trade

from tests.gateway.session.desk import ACCOUNT, Desk, errors_of, until

SPY = Stock("SPY", "SMART", "USD")


async def test_connecting_learns_accounts_and_the_clock(desk: Desk) -> None:
    ib = await desk.connect()
    assert ib.managedAccounts() == [ACCOUNT]
    assert ib.client.serverVersion() == 176
    now = await ib.reqCurrentTimeAsync()
    assert now.isoformat() == "2026-03-16T14:00:00+00:00"


async def test_a_market_order_fills_at_the_quote_and_reports_its_commission(desk: Desk) -> None:
    ib = await desk.connect()
    trade = ib.placeOrder(SPY, MarketOrder("BUY", 100, orderRef="alpha-1"))
    await until(lambda: trade.orderStatus.status == "Filled")
    [fill] = trade.fills
    await until(lambda: fill.commissionReport.commission)
    assert fill.execution.price == 430.02
    assert fill.execution.orderRef == "alpha-1"
    assert fill.execution.permId == trade.order.permId != 0
    assert fill.execution.time.isoformat() == "2026-03-16T14:00:00+00:00"
    assert fill.commissionReport.realizedPNL == 0.0


async def test_a_limit_order_rests_until_the_market_comes_to_it(desk: Desk) -> None:
    ib = await desk.connect()
    trade = ib.placeOrder(SPY, LimitOrder("BUY", 100, 429.50))
    await until(lambda: trade.orderStatus.status == "Submitted")
    desk.quote(429.48, 429.50)
    await until(lambda: trade.orderStatus.status == "Filled")
    assert trade.orderStatus.avgFillPrice <= 429.50


async def test_a_stop_order_waits_presubmitted_and_fires_on_a_print(desk: Desk) -> None:
    ib = await desk.connect()
    trade = ib.placeOrder(SPY, StopOrder("SELL", 100, 429.00))
    await until(lambda: trade.orderStatus.status == "PreSubmitted")
    desk.quote(428.90, 428.92)
    desk.trade(428.91)
    await until(lambda: trade.orderStatus.status == "Filled")
    assert trade.fills[0].execution.price == 428.90


async def test_a_stop_limit_order_that_gaps_through_its_limit_does_not_fill(desk: Desk) -> None:
    ib = await desk.connect()
    trade = ib.placeOrder(SPY, StopLimitOrder("SELL", 100, lmtPrice=428.95, stopPrice=429.00))
    await until(lambda: trade.orderStatus.status == "PreSubmitted")
    desk.quote(428.00, 428.02)
    desk.trade(428.01)
    await until(lambda: trade.orderStatus.status == "Submitted")
    assert trade.fills == []


async def test_a_modified_limit_fills_at_its_new_price(desk: Desk) -> None:
    ib = await desk.connect()
    order = LimitOrder("BUY", 100, 420.00)
    trade = ib.placeOrder(SPY, order)
    await until(lambda: trade.orderStatus.status == "Submitted")
    order.lmtPrice = 430.05
    assert ib.placeOrder(SPY, order) is trade
    await until(lambda: trade.orderStatus.status == "Filled")
    assert len(desk.gateway.hub.venue.completed_orders()) == 1


async def test_a_cancelled_order_is_reported_with_202_and_listed_as_completed(desk: Desk) -> None:
    ib = await desk.connect()
    errors = errors_of(ib)
    trade = ib.placeOrder(SPY, LimitOrder("BUY", 100, 420.00, orderRef="resting"))
    await until(lambda: trade.orderStatus.status == "Submitted")
    ib.cancelOrder(trade.order)
    await until(lambda: trade.orderStatus.status == "Cancelled")
    await until(lambda: (trade.order.orderId, 202) in errors)
    completed = await ib.reqCompletedOrdersAsync(False)
    assert [(done.order.permId, done.order.orderRef) for done in completed] == [(trade.order.permId, "resting")]


async def test_global_cancel_ends_the_orders_of_every_client(desk: Desk) -> None:
    one, two = await desk.connect(1), await desk.connect(2)
    trades = [one.placeOrder(SPY, LimitOrder("BUY", 10, 420.0)), two.placeOrder(SPY, LimitOrder("BUY", 10, 421.0))]
    await until(lambda: all(trade.orderStatus.status == "Submitted" for trade in trades))
    one.reqGlobalCancel()  # type: ignore[no-untyped-call]
    await until(lambda: all(trade.orderStatus.status == "Cancelled" for trade in trades))


async def test_an_order_survives_the_client_and_comes_back_with_its_reference(desk: Desk) -> None:
    first = await desk.connect(7)
    trade = first.placeOrder(SPY, LimitOrder("BUY", 100, 420.00, orderRef="gtc-ref", tif="GTC"))
    await until(lambda: trade.orderStatus.status == "Submitted")
    await desk.leave(first)
    second = await desk.connect(7)
    [back] = second.openTrades()
    assert (back.order.permId, back.order.orderRef) == (trade.order.permId, "gtc-ref")
    assert back.order.tif == "GTC"
    assert second.client.getReqId() > trade.order.orderId


async def test_fills_of_an_absent_client_are_there_when_it_returns(desk: Desk) -> None:
    first = await desk.connect(7)
    trade = first.placeOrder(SPY, LimitOrder("BUY", 100, 429.50))
    await until(lambda: trade.orderStatus.status == "Submitted")
    await desk.leave(first)
    desk.quote(429.40, 429.45)
    second = await desk.connect(7)
    [fill] = second.fills()
    await until(lambda: fill.commissionReport.execId == fill.execution.execId)
    assert fill.execution.shares == 100
    assert second.positions()[0].position == 100


async def test_positions_portfolio_and_cash_follow_a_round_trip(desk: Desk) -> None:
    ib = await desk.connect()
    buy = ib.placeOrder(SPY, MarketOrder("BUY", 100))
    await until(lambda: ib.positions() and ib.portfolio())
    assert ib.positions()[0].contract.conId == 756733
    assert ib.positions()[0].avgCost == pytest.approx(430.02 + buy.fills[0].commissionReport.commission / 100)
    desk.quote(431.00, 431.02)
    sell = ib.placeOrder(SPY, MarketOrder("SELL", 100))
    await until(lambda: not ib.positions() and not ib.portfolio())
    await until(lambda: sell.fills[0].commissionReport.realizedPNL)
    costs = buy.fills[0].commissionReport.commission + sell.fills[0].commissionReport.commission
    assert sell.fills[0].commissionReport.realizedPNL == pytest.approx(98.0 - costs)

    def cash() -> float:
        return next(float(v.value) for v in ib.accountValues() if v.tag == "TotalCashBalance" and v.currency == "USD")

    desk.wait(1)
    await until(lambda: cash() == pytest.approx(1_000_000 + 98.0 - costs, abs=0.01))


async def test_profit_and_loss_is_pushed_for_account_and_holding(desk: Desk) -> None:
    ib = await desk.connect()
    pnl = ib.reqPnL(ACCOUNT)
    ib.placeOrder(SPY, MarketOrder("BUY", 100))
    await until(ib.positions)
    single = ib.reqPnLSingle(ACCOUNT, "", 756733)
    await until(lambda: single.position == 100)
    desk.quote(440.00, 440.02)
    desk.trade(440.00)
    desk.gateway.hub.accounts.refresh_pnl()
    await until(lambda: single.unrealizedPnL and single.unrealizedPnL > 990)
    await until(lambda: pnl.unrealizedPnL and pnl.unrealizedPnL > 990)
    assert single.value == pytest.approx(44_000.0)


async def test_account_summary_has_the_tags_asked_for(desk: Desk) -> None:
    ib = await desk.connect()
    rows = await ib.accountSummaryAsync()
    net = [row for row in rows if row.tag == "NetLiquidation"]
    assert [(row.account, row.currency, float(row.value)) for row in net] == [(ACCOUNT, "USD", 1_000_000.0)]


async def test_a_what_if_order_tells_margin_and_commission_and_places_nothing(desk: Desk) -> None:
    ib = await desk.connect()
    state = await ib.whatIfOrderAsync(SPY, MarketOrder("BUY", 100))
    assert float(state.initMarginChange) > 0
    assert state.commission > 0
    assert desk.gateway.hub.venue.open_orders() == []


async def test_a_bracket_protects_the_position_and_its_sibling_dies_with_it(desk: Desk) -> None:
    ib = await desk.connect()
    bracket = ib.bracketOrder("BUY", 100, limitPrice=430.05, takeProfitPrice=432.00, stopLossPrice=428.00)
    parent, profit, stop = (ib.placeOrder(SPY, order) for order in bracket)
    await until(lambda: parent.orderStatus.status == "Filled")
    await until(lambda: profit.orderStatus.status == "Submitted" and stop.orderStatus.status == "PreSubmitted")
    desk.quote(432.05, 432.07)
    await until(lambda: profit.orderStatus.status == "Filled")
    await until(lambda: stop.orderStatus.status == "Cancelled")


@pytest.mark.parametrize(
    ("contract", "order", "code"),
    [
        (Stock("NOSUCH", "SMART", "USD"), LimitOrder("BUY", 1, 10.0), 200),
        (Stock("SPY", "", "USD"), LimitOrder("BUY", 1, 10.0), 321),
        (SPY, LimitOrder("BUY", 1, 430.001), 110),
        (SPY, Order(action="BUY", totalQuantity=1, orderType="NONSENSE"), 387),
        (SPY, LimitOrder("BUY", 10, 420.0, tif="GTD", goodTillDate="tomorrow"), 391),
    ],
    ids=["unknown symbol", "no exchange", "off tick", "unknown order type", "bad time"],
)
async def test_a_bad_order_is_refused_with_the_code_ib_uses(
    desk: Desk, contract: Stock, order: Order, code: int
) -> None:
    ib = await desk.connect()
    seen = errors_of(ib)
    trade = ib.placeOrder(contract, order)
    await until(lambda: (trade.order.orderId, code) in seen)
    assert desk.gateway.hub.venue.open_orders() == []


async def test_cancelling_an_order_nobody_knows_is_answered_with_10147(desk: Desk) -> None:
    ib = await desk.connect()
    seen = errors_of(ib)
    ib.cancelOrder(Order(orderId=987))
    await until(lambda: (987, 10147) in seen)


async def test_a_client_id_in_use_is_refused_with_326_and_the_first_client_lives_on(desk: Desk) -> None:
    first = await desk.connect(3)
    second = type(first)()
    seen = errors_of(second)
    with pytest.raises(TimeoutError):
        await second.connectAsync("127.0.0.1", desk.port, clientId=3, timeout=0.5)
    assert (-1, 326) in seen
    assert (await first.reqCurrentTimeAsync()).year == 2026


async def test_one_clients_orders_are_anothers_only_on_request(desk: Desk) -> None:
    one, two = await desk.connect(1), await desk.connect(2)
    mine = one.placeOrder(SPY, LimitOrder("BUY", 10, 420.0, orderRef="one"))
    await until(lambda: mine.orderStatus.status == "Submitted")
    assert await two.reqOpenOrdersAsync() == []
    [seen] = await two.reqAllOpenOrdersAsync()
    assert (seen.order.clientId, seen.order.orderRef, seen.order.permId) == (1, "one", mine.order.permId)


async def test_every_order_of_a_busy_day_is_told_in_full(desk: Desk) -> None:
    ib = await desk.connect()
    trades: list[Trade] = [ib.placeOrder(SPY, MarketOrder("BUY" if n % 2 else "SELL", 1 + n)) for n in range(20)]
    for _ in range(20):
        desk.quote(430.00, 430.02, 1000)
    await until(lambda: all(trade.orderStatus.status == "Filled" for trade in trades))
    executions = await ib.reqExecutionsAsync()
    assert sum(fill.execution.shares for fill in executions) == sum(1 + n for n in range(20))
