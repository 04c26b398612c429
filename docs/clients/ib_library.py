"""Buy ten SPY on a running paper gateway with ib_insync or ib_async: python ib_library.py [port]."""

import sys

try:
    from ib_async import IB, MarketOrder, Stock
except ModuleNotFoundError:
    from ib_insync import IB, MarketOrder, Stock

ib = IB()
ib.connect("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 4002, clientId=1)
spy = Stock("SPY", "SMART", "USD")
ib.qualifyContracts(spy)

bars = ib.reqHistoricalData(spy, "", "1 D", "5 mins", "TRADES", useRTH=True)
print(f"{len(bars)} bars, last close {bars[-1].close}")

[ticker] = ib.reqTickers(spy)
print(f"bid {ticker.bid}, ask {ticker.ask}")

trade = ib.placeOrder(spy, MarketOrder("BUY", 10))
while not trade.isDone():
    ib.waitOnUpdate(timeout=5)
print(f"{trade.orderStatus.status} at {trade.orderStatus.avgFillPrice}, position {ib.positions()[0].position}")
ib.disconnect()
