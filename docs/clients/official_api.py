"""Buy ten SPY on a running paper gateway with the official Python API: python official_api.py [port]."""

import sys
import threading
from queue import Queue

from ibapi.client import EClient
from ibapi.contract import Contract
from ibapi.order import Order
from ibapi.wrapper import EWrapper


class Trader(EWrapper, EClient):
    """Buys once it knows its next order id; the answers come on the reader's thread."""

    def __init__(self) -> None:
        EClient.__init__(self, self)
        self.done: Queue[str] = Queue()

    def nextValidId(self, orderId):  # noqa: N802, N803 - the name is the API's
        """The session is ready."""
        spy = Contract()
        spy.symbol, spy.secType, spy.exchange, spy.currency = "SPY", "STK", "SMART", "USD"
        order = Order()
        order.action, order.totalQuantity, order.orderType = "BUY", 10, "MKT"
        # Older builds set these by default, and no gateway takes them any more.
        order.eTradeOnly = order.firmQuoteOnly = False
        self.placeOrder(orderId, spy, order)

    def execDetails(self, reqId, contract, execution):  # noqa: N802, N803 - the name is the API's
        """The order traded."""
        self.done.put(f"{execution.side} {execution.shares} {contract.symbol} at {execution.price}")


trader = Trader()
trader.connect("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 4002, clientId=2)
threading.Thread(target=trader.run, daemon=True).start()
print(trader.done.get(timeout=30))
trader.disconnect()
