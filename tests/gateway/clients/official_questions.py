"""What the official API is made to ask in the play, each question waiting for its whole answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ibapi.scanner import ScannerSubscription

from tests.gateway.clients.official_link import OfficialLink, contract, stock
from tests.gateway.clients.stage import ACCOUNT, SPY_ID, until

INSTRUMENTS = (
    contract("STK", "AAPL"),
    contract("FUT", "ES", "CME"),
    contract("CASH", "EUR", "IDEALPRO"),
    contract("IND", "SPX", "CBOE"),
    contract("CRYPTO", "BTC", "PAXOS"),
    contract("OPT", "SPY", right="C", lastTradeDateOrContractMonth="202604"),
)

#: From these versions on there is a question for the user, and an answer to the one for a schedule.
USER_INFO = 167
SCHEDULES = 165


def questions(link: OfficialLink) -> dict[str, Callable[[], None]]:
    """Every question by its name."""
    asked = {
        "account sync": account_sync,
        "contract details": contract_details,
        "historical bars": historical_bars,
        "bars kept up to date": live_bars,
        "streaming": streaming,
        "tick by tick": tick_by_tick,
        "historical ticks": historical_ticks,
        "histogram": histogram,
        "schedule": schedule,
        "options": options,
        "depth": depth,
        "scanner": scanner,
        "news": news,
        "refusals": refusals,
    }
    return {name: _bound(question, link) for name, question in asked.items()}


def _bound(question: Callable[[OfficialLink], None], link: OfficialLink) -> Callable[[], None]:
    return lambda: question(link)


def account_sync(link: OfficialLink) -> None:
    client = link.client
    client.reqCurrentTime()
    link.wait("currentTime")
    client.reqManagedAccts()
    link.wait("managedAccounts", 2)
    client.reqPositions()
    link.wait("positionEnd")
    client.reqOpenOrders()
    link.wait("openOrderEnd")
    client.reqAllOpenOrders()
    link.wait("openOrderEnd", 2)
    client.reqCompletedOrders(False)
    link.wait("completedOrdersEnd")
    client.reqAccountUpdates(True, "")
    link.wait("accountDownloadEnd")
    assert any(row[0] == "NetLiquidation" for row in link.told("updateAccountValue"))
    link.ask(client.reqAccountUpdatesMulti, ACCOUNT, "", False, answer="accountUpdateMultiEnd")
    link.ask(client.reqPositionsMulti, ACCOUNT, "", answer="positionMultiEnd")
    link.ask(client.reqAccountSummary, "All", "NetLiquidation,$LEDGER", answer="accountSummaryEnd")
    client.reqFamilyCodes()
    link.wait("familyCodes")
    link.ask(client.reqSoftDollarTiers, answer="softDollarTiers")
    if link.client.serverVersion() >= USER_INFO:
        link.ask(client.reqUserInfo, answer="userInfo")


def contract_details(link: OfficialLink) -> None:
    client = link.client
    assert link.ask(client.reqContractDetails, stock("SPY"), answer="contractDetailsEnd")
    details = link.told("contractDetails")[0][1]
    assert details.contract.conId == SPY_ID
    assert details.minTick == 0.01
    for instrument in INSTRUMENTS:
        [ended] = link.ask(client.reqContractDetails, instrument, answer="contractDetailsEnd")
        found = [row[1].contract for row in link.told("contractDetails") if row[0] == ended[0]]
        assert {each.secType for each in found} == {instrument.secType}
    link.ask(client.reqMatchingSymbols, "S", answer="symbolSamples")
    client.reqMarketRule(26)
    link.wait("marketRule")
    assert link.told("marketRule")[0][1][0].increment == 0.01
    link.ask(client.reqSmartComponents, "9c0001", answer="smartComponents")
    link.ask(client.reqContractDetails, stock("NO SUCH SYMBOL"), answer="error")


def historical_bars(link: OfficialLink) -> None:
    client = link.client
    for what in ("TRADES", "MIDPOINT", "BID_ASK"):
        question: tuple[Any, ...] = ("", "1 D", "1 min", what, 1, 1, False, [])
        ended = link.ask(client.reqHistoricalData, stock("QQQ"), *question, answer="historicalDataEnd")
        bars = [row[1] for row in link.told("historicalData") if row[0] == ended[0][0]]
        assert len(bars) >= 30
        assert all(bar.low <= bar.high for bar in bars)
    link.ask(client.reqHeadTimeStamp, stock("QQQ"), "TRADES", 1, 1, answer="headTimestamp")


def live_bars(link: OfficialLink) -> None:
    client = link.client
    question: tuple[Any, ...] = ("", "1 D", "1 min", "TRADES", 1, 1, True, [])
    update = link.ask(client.reqHistoricalData, stock("QQQ"), *question, answer="historicalDataUpdate")
    client.cancelHistoricalData(update[0][0])
    bars = link.ask(client.reqRealTimeBars, stock("QQQ"), 5, "TRADES", True, [], answer="realtimeBar")
    client.cancelRealTimeBars(bars[0][0])


def streaming(link: OfficialLink) -> None:
    client = link.client
    client.reqMarketDataType(1)
    for answer in ("tickPrice", "tickSize", "tickString", "tickGeneric", "tickReqParams", "marketDataType", "tickNews"):
        called = link.ask(client.reqMktData, stock("QQQ"), "233,292", False, False, [], answer=answer)
        client.cancelMktData(called[0][0])
    link.ask(client.reqMktData, stock("QQQ"), "", True, False, [], answer="tickSnapshotEnd")


def tick_by_tick(link: OfficialLink) -> None:
    client = link.client
    kinds = {
        "Last": "tickByTickAllLast", "AllLast": "tickByTickAllLast",
        "BidAsk": "tickByTickBidAsk", "MidPoint": "tickByTickMidPoint",
    }  # fmt: skip
    for kind, answer in kinds.items():
        called = link.ask(client.reqTickByTickData, stock("QQQ"), kind, 0, False, answer=answer)
        client.cancelTickByTickData(called[0][0])


def historical_ticks(link: OfficialLink) -> None:
    kinds = {"TRADES": "historicalTicksLast", "BID_ASK": "historicalTicksBidAsk", "MIDPOINT": "historicalTicks"}
    for what, answer in kinds.items():
        question: tuple[Any, ...] = ("20260316 10:00:00 US/Eastern", "", 50, what, 1, False, [])
        [(_, ticks, done)] = link.ask(link.client.reqHistoricalTicks, stock("QQQ"), *question, answer=answer)
        assert done
        assert len(ticks) >= 50
        assert ticks[0].time >= 1_773_669_600


def histogram(link: OfficialLink) -> None:
    [(_, items)] = link.ask(link.client.reqHistogramData, stock("QQQ"), True, "1 day", answer="histogramData")
    assert sum(int(getattr(item, "size", None) or item.count) for item in items) > 0


def schedule(link: OfficialLink) -> None:
    question: tuple[Any, ...] = ("", "5 D", "1 day", "SCHEDULE", 1, 1, False, [])
    ask = link.client.reqHistoricalData
    if link.client.serverVersion() < SCHEDULES:
        # Too old for the answer: it is refused.
        link.ask(ask, stock("QQQ"), *question, answer="error")
        return
    [(_, start, _end, zone, sessions)] = link.ask(ask, stock("QQQ"), *question, answer="historicalSchedule")
    assert (start, zone, len(sessions)) == ("20260310-09:30:00", "US/Eastern", 5)


def options(link: OfficialLink) -> None:
    client = link.client
    link.ask(client.reqSecDefOptParams, "SPY", "", "STK", SPY_ID, answer="securityDefinitionOptionParameterEnd")
    _, _, _, _, multiplier, expiries, strikes = link.told("securityDefinitionOptionParameter")[-1]
    assert multiplier == "100"
    strike = sorted(strikes)[len(strikes) // 2]
    option = contract("OPT", "SPY", lastTradeDateOrContractMonth=sorted(expiries)[2], strike=strike, right="C")
    link.ask(client.calculateOptionPrice, option, 0.2, strike, [], answer="tickOptionComputation")
    link.ask(client.calculateImpliedVolatility, option, 10.0, strike, [], answer="tickOptionComputation")
    called = link.ask(client.reqMktData, option, "", False, False, [], answer="tickOptionComputation")
    client.cancelMktData(called[0][0])


def depth(link: OfficialLink) -> None:
    client = link.client
    for smart, answer in ((False, "updateMktDepth"), (True, "updateMktDepthL2")):
        called = link.ask(client.reqMktDepth, stock("QQQ"), 5, smart, [], answer=answer)
        client.cancelMktDepth(called[0][0], smart)
    client.reqMktDepthExchanges()
    link.wait("mktDepthExchanges")


def scanner(link: OfficialLink) -> None:
    client = link.client
    client.reqScannerParameters()
    link.wait("scannerParameters")
    asked = ScannerSubscription()
    asked.instrument, asked.locationCode, asked.scanCode = "STK", "STK.US.MAJOR", "MOST_ACTIVE"
    [ended] = link.ask(client.reqScannerSubscription, asked, [], [], answer="scannerDataEnd")
    assert [row[1] for row in link.told("scannerData") if row[0] == ended[0]] == list(range(8))
    client.cancelScannerSubscription(ended[0])


def news(link: OfficialLink) -> None:
    client = link.client
    client.reqNewsProviders()
    link.wait("newsProviders")
    provider = link.told("newsProviders")[0][0][0].code
    link.ask(client.reqHistoricalNews, SPY_ID, provider, "", "", 3, [], answer="historicalNewsEnd")
    headlines = link.told("historicalNews")
    assert len(headlines) == 3
    link.ask(client.reqNewsArticle, provider, headlines[0][3], [], answer="newsArticle")


def refusals(link: OfficialLink) -> None:
    """What IB refuses an account without the entitlement, with its code."""
    [error] = link.ask(link.client.reqFundamentalData, stock("SPY"), "ReportSnapshot", [], answer="error")
    assert 430 in error
    until(link, lambda: any(code == 430 for _, code, _ in link.errors()), "refusal of fundamentals")
