"""ib_insync or ib_async, whichever the environment holds, as an actor of the play."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

from tests.gateway.clients.complaint_log import ComplaintLog
from tests.gateway.clients.play import perform
from tests.gateway.clients.stage import ACCOUNT, SPY_ID, until

library: Any = importlib.import_module("ib_async" if importlib.util.find_spec("ib_async") else "ib_insync")


def stock(symbol: str) -> Any:
    """A US stock routed SMART."""
    return library.Stock(symbol, "SMART", "USD")


#: Once qualified, these name subscriptions for the library.
QQQ, IWM = stock("QQQ"), stock("IWM")


def _is_deep(ticker: Any, rows: int) -> bool:
    return len(ticker.domBids) == len(ticker.domAsks) == rows


class IbActor:
    """The library's blocking interface: it runs its event loop while we wait."""

    def __init__(self) -> None:
        self._ib = library.IB()
        self._ib.RequestTimeout = 10
        self._log = ComplaintLog.installed()
        self._errors: list[tuple[int, int, str]] = []
        self._updates: dict[int, int] = {}
        self._trades: dict[int, Any] = {}
        self._ib.errorEvent += lambda request, code, text, *_: self._errors.append((request, code, text))

    # --- connection ---------------------------------------------------------------------------------------------
    def connect(self, port: int) -> None:
        self._ib.connect("127.0.0.1", port, clientId=7, timeout=10)
        assert self._ib.managedAccounts() == [ACCOUNT]

    def close(self) -> None:
        self._ib.disconnect()

    def version(self) -> int:
        return int(self._ib.client.serverVersion())

    def is_connected(self) -> bool:
        return bool(self._ib.isConnected())

    def next_id(self) -> int:
        return int(self._ib.client.getReqId())

    def let_arrive(self, seconds: float) -> None:
        self._ib.sleep(seconds)

    def errors(self) -> list[tuple[int, int, str]]:
        return list(self._errors)

    def complaints(self) -> list[str]:
        # It repeats every error message of the gateway in the log of its wrapper.
        return [line for line in self._log.lines if ".wrapper: " not in line or "rror handling" in line]

    # --- questions ----------------------------------------------------------------------------------------------
    def questions(self) -> dict[str, Callable[[], None]]:
        return {
            "account sync": self._account_sync,
            "contract details": self._contract_details,
            "historical bars": self._historical_bars,
            "bars kept up to date": self._live_bars,
            "streaming": self._streaming,
            "tick by tick": self._tick_by_tick,
            "historical ticks": self._historical_ticks,
            "histogram": self._histogram,
            "schedule": self._schedule,
            "options": self._options,
            "depth": self._depth,
            "scanner": self._scanner,
            "news": self._news,
            "refusals": self._refusals,
            "executions": self._executions,
            "profit and loss": self._profit_and_loss,
        }

    def _account_sync(self) -> None:
        ib = self._ib
        assert ib.reqCurrentTime().year == 2026
        assert ib.accountValues()
        assert {row.tag for row in ib.accountSummary()} >= {"NetLiquidation", "BuyingPower"}
        assert ib.reqAllOpenOrders() == []
        assert isinstance(ib.reqCompletedOrders(False), list)
        assert ib.reqPositions() == []

    def _contract_details(self) -> None:
        details = self._ib.reqContractDetails(stock("SPY"))
        assert [(row.contract.conId, row.minTick) for row in details] == [(SPY_ID, 0.01)]
        self._ib.qualifyContracts(QQQ, IWM)
        assert {row.contract.symbol for row in self._ib.reqMatchingSymbols("S")} >= {"SPY"}
        assert [row.increment for row in self._ib.reqMarketRule(26)] == [0.01]
        for asked in (
            library.Future("ES", exchange="CME"), library.Forex("EURUSD"), library.Index("SPX", "CBOE", "USD"),
            library.Crypto("BTC", "PAXOS", "USD"), library.Option("SPY", "202604", 0.0, "C", "SMART"),
        ):  # fmt: skip
            found = self._ib.reqContractDetails(asked)
            assert {row.contract.secType for row in found} == {asked.secType}
        assert self._ib.reqContractDetails(stock("NO SUCH SYMBOL")) == []

    def _historical_bars(self) -> None:
        for what in ("TRADES", "MIDPOINT", "BID_ASK"):
            for style in (1, 2):
                bars = self._ib.reqHistoricalData(QQQ, "", "1 D", "1 min", what, True, style)
                assert len(bars) >= 30
                assert all(bar.low <= bar.high for bar in bars)
        assert self._ib.reqHeadTimeStamp(QQQ, "TRADES", True, 1)

    def _live_bars(self) -> None:
        bars = self._ib.reqHistoricalData(QQQ, "", "1 D", "1 min", "TRADES", True, 1, True)
        self._wait_for(bars.updateEvent, "update of bars")
        self._ib.cancelHistoricalData(bars)
        bars = self._ib.reqRealTimeBars(QQQ, 5, "TRADES", True)
        self._wait_for(bars.updateEvent, "real-time bar")
        self._ib.cancelRealTimeBars(bars)

    def _wait_for(self, event: Any, what: str) -> None:
        heard: list[Any] = []
        event += lambda *_: heard.append(1)
        until(self, lambda: heard, what)

    def _streaming(self) -> None:
        self._ib.reqMarketDataType(1)
        ticker = self._ib.reqMktData(QQQ, "233")
        until(self, lambda: ticker.bid > 0 and ticker.ask > 0 and ticker.last > 0, "quote")
        until(self, lambda: ticker.rtVolume > 0 and ticker.rtTime is not None, "time and sales")
        assert ticker.bid < ticker.ask
        assert ticker.minTick == 0.01
        self._ib.cancelMktData(QQQ)
        [snapshot] = self._ib.reqTickers(IWM)
        assert snapshot.bid < snapshot.ask

    def _tick_by_tick(self) -> None:
        for kind in ("Last", "AllLast", "BidAsk", "MidPoint"):
            ticker = self._ib.reqTickByTickData(QQQ, kind)
            until(self, partial(getattr, ticker, "tickByTicks"), kind)
            self._ib.cancelTickByTickData(QQQ, kind)

    def _historical_ticks(self) -> None:
        for what in ("TRADES", "BID_ASK", "MIDPOINT"):
            ticks = self._ib.reqHistoricalTicks(QQQ, "20260316 10:00:00 US/Eastern", "", 50, what, True)
            assert len(ticks) >= 50
            assert ticks[0].time.timestamp() >= 1_773_669_600

    def _histogram(self) -> None:
        assert sum(item.count for item in self._ib.reqHistogramData(QQQ, True, "1 day")) > 0

    def _schedule(self) -> None:
        found = self._ib.reqHistoricalSchedule(QQQ, 5)
        assert (found.startDateTime, found.timeZone) == ("20260310-09:30:00", "US/Eastern")
        assert len(found.sessions) == 5

    def _options(self) -> None:
        ib = self._ib
        chain = ib.reqSecDefOptParams("SPY", "", "STK", SPY_ID)[0]
        assert chain.multiplier == "100"
        strike = sorted(chain.strikes)[len(chain.strikes) // 2]
        [option] = ib.qualifyContracts(library.Option("SPY", sorted(chain.expirations)[2], strike, "C", "SMART"))
        priced = ib.calculateOptionPrice(option, 0.2, strike)
        found = ib.calculateImpliedVolatility(option, priced.optPrice, strike)
        assert abs(found.impliedVol - 0.2) < 1e-4
        ticker = ib.reqMktData(option)
        until(self, lambda: ticker.modelGreeks and ticker.modelGreeks.delta, "greeks of an option")
        ib.cancelMktData(option)

    def _depth(self) -> None:
        ib = self._ib
        for smart in (False, True):
            ticker = ib.reqMktDepth(QQQ, 5, smart)
            until(self, partial(_is_deep, ticker, 5), "depth")
            ib.cancelMktDepth(QQQ, smart)
        assert ib.reqMktDepthExchanges()

    def _scanner(self) -> None:
        assert "MOST_ACTIVE" in self._ib.reqScannerParameters()
        rows = self._ib.reqScannerData(library.ScannerSubscription(-1, "STK", "STK.US.MAJOR", "MOST_ACTIVE"))
        assert [row.rank for row in rows] == list(range(8))

    def _news(self) -> None:
        ib = self._ib
        [provider] = ib.reqNewsProviders()
        found = ib.reqHistoricalNews(SPY_ID, provider.code, "", "", 3)
        # One library hands out the list, the other its newest row.
        newest = found[0] if isinstance(found, list) else found
        assert ib.reqNewsArticle(provider.code, newest.articleId).articleText.startswith("SPY closes at ")

    def _refusals(self) -> None:
        self._ib.reqFundamentalData(stock("SPY"), "ReportSnapshot")
        until(self, lambda: any(code == 430 for _, code, _ in self._errors), "refusal of fundamentals")

    def _executions(self) -> None:
        order_id = self.next_id()
        self.place(order_id, action="BUY", totalQuantity=10, orderType="MKT", orderRef="asked for")
        until(self, lambda: self.filled(order_id) == 10, "execution")
        assert any(fill.execution.orderRef == "asked for" for fill in self._ib.reqExecutions())

    def _profit_and_loss(self) -> None:
        account = self._ib.reqPnL(ACCOUNT)
        until(self, lambda: account.dailyPnL == account.dailyPnL, "profit and loss")
        single = self._ib.reqPnLSingle(ACCOUNT, "", SPY_ID)
        until(self, lambda: single.position == 10, "profit and loss of one holding")

    # --- orders -------------------------------------------------------------------------------------------------
    def place(self, order_id: int, **order: Any) -> None:
        trade = self._trades.get(order_id)
        made = trade.order if trade else library.Order(orderId=order_id)
        for name, value in order.items():
            setattr(made, name, value)
        self._trades[order_id] = self._ib.placeOrder(stock("SPY"), made)

    def cancel(self, order_id: int) -> None:
        self._ib.cancelOrder(self._trades[order_id].order)

    def cancel_all(self) -> None:
        self._ib.reqGlobalCancel()

    def status(self, order_id: int) -> str:
        return str(self._trades[order_id].orderStatus.status)

    def field(self, order_id: int, name: str) -> Any:
        # The library does not read changed fields back into an order of its own; another look asks the gateway.
        self._ib.reqAllOpenOrders()
        return getattr(self._trades[order_id].order, name)

    def filled(self, order_id: int) -> float:
        return float(sum(fill.execution.shares for fill in self._trades[order_id].fills))

    def commission(self, order_id: int) -> float | None:
        reports = [fill.commissionReport for fill in self._trades[order_id].fills]
        if not reports or not all(report.execId for report in reports):
            return None
        return float(sum(report.commission for report in reports))

    def what_if(self, order_id: int, **order: Any) -> tuple[float, float]:
        state = self._ib.whatIfOrder(stock("SPY"), library.Order(orderId=order_id, **order))
        return float(state.initMarginChange), float(state.commission)

    def condition(self, kind: str, *, is_more: bool, value: float | str) -> Any:
        more = {"isMore": is_more}
        about = {"conId": SPY_ID, "exch": "SMART"}
        match kind:
            case "price":
                return library.PriceCondition(price=value, **about, **more)
            case "time":
                return library.TimeCondition(time=value, **more)
            case "margin":
                return library.MarginCondition(percent=int(value), **more)
            case "execution":
                return library.ExecutionCondition(secType="STK", exch="SMART", symbol=value)
            case "volume":
                return library.VolumeCondition(volume=int(value), **about, **more)
            case _:
                return library.PercentChangeCondition(changePercent=value, **about, **more)

    def bulletins(self, happen: Callable[[], object]) -> None:
        self._ib.reqNewsBulletins(True)
        happen()
        until(self, self._ib.newsBulletins, "bulletin")
        self._ib.cancelNewsBulletins()


if __name__ == "__main__":
    perform(IbActor(), sys.argv[1:])
