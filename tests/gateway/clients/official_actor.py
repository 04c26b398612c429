"""The official API (any build from 9.81 to 10.46) as an actor of the play.

Its decoder is wrapped so that a message it reads only in part is noticed: it would pass over surplus fields in silence.
"""

from __future__ import annotations

import inspect
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from ibapi.client import EClient
from ibapi.contract import Contract
from ibapi.execution import ExecutionFilter
from ibapi.order import Order
from ibapi.wrapper import EWrapper

from tests.gateway.clients.complaint_log import ComplaintLog
from tests.gateway.clients.stage import ACCOUNT, Missing, perform, until

FIRST_REQUEST = 1000


class Recorder(EWrapper):  # type: ignore[misc]
    """Keeps the arguments of every callback."""

    def __init__(self) -> None:
        self.told: dict[str, list[tuple[Any, ...]]] = defaultdict(list)


def _recording(name: str) -> Callable[..., None]:
    def record(self: Recorder, *arguments: Any, **named: Any) -> None:
        self.told[name].append((*arguments, *named.values()))

    return record


for _name, _ in inspect.getmembers(EWrapper, inspect.isfunction):
    if not _name.startswith("_") and not _name.startswith("log") and not _name.endswith("ProtoBuf"):
        setattr(Recorder, _name, _recording(_name))


class _Counted(Iterator[Any]):
    """Fields of a message that remember how many were not read."""

    def __init__(self, fields: Iterable[Any]) -> None:
        self._fields = list(fields)
        self._at = 0

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        if self._at == len(self._fields):
            raise StopIteration
        self._at += 1
        return self._fields[self._at - 1]

    def left(self) -> list[Any]:
        return self._fields[self._at :]


def _whole(process: Callable[..., None], message_id: Any, surplus: list[str]) -> Callable[..., None]:
    def read(decoder: Any, fields: Any, *more: Any) -> None:
        counted = _Counted(fields)
        process(decoder, counted, *more)
        if counted.left():
            surplus.append(f"message {message_id}: unread fields {counted.left()}")

    return read


class OfficialActor:
    """EClient on a reader thread, its callbacks in lists."""

    def __init__(self) -> None:
        self._wrapper = Recorder()
        self._client = EClient(self._wrapper)
        self._log = ComplaintLog.installed()
        self._surplus: list[str] = []
        self._request = FIRST_REQUEST
        self._placed = 0

    # --- connection ---------------------------------------------------------------------------------------------
    def connect(self, port: int) -> None:
        self._client.connect("127.0.0.1", port, 42)
        self._watch_decoder()
        threading.Thread(target=self._client.run, daemon=True).start()
        self._wait("nextValidId")
        self._wait("managedAccounts")
        assert self._told("managedAccounts")[0][0] == ACCOUNT

    def _watch_decoder(self) -> None:
        decoder = self._client.decoder
        for message_id, info in dict(decoder.msgId2handleInfo).items():
            process = info.processMeth
            if process is None:
                continue

            info.processMeth = _whole(process, message_id, self._surplus)

    def close(self) -> None:
        self._client.disconnect()

    def version(self) -> int:
        return int(self._client.serverVersion())

    def is_connected(self) -> bool:
        return bool(self._client.isConnected())

    def next_id(self) -> int:
        return max(int(self._told("nextValidId")[-1][0]), self._placed + 1)

    def let_arrive(self, seconds: float) -> None:
        time.sleep(seconds)

    def errors(self) -> list[tuple[int, int, str]]:
        # (id, code, text), with the reject text after it from 10.19 on, and the time before the code from 10.33 on.
        return [
            (said[0], said[2], said[3]) if len(said) == 5 else (said[0], said[1], said[2])
            for said in list(self._told("error"))
        ]

    def complaints(self) -> list[str]:
        # It repeats every error callback in its log.
        return self._surplus + [line for line in self._log.lines if not line.startswith("ibapi.wrapper: ERROR")]

    def _told(self, name: str) -> list[tuple[Any, ...]]:
        return self._wrapper.told[name]

    def _wait(self, name: str, count: int = 1) -> None:
        until(self, lambda: len(self._told(name)) >= count, f"{name} was not called")

    def _ask(self, question: Callable[..., object], *arguments: Any, answer: str) -> list[tuple[Any, ...]]:
        """Ask under a new request id and wait until `answer` is called with it."""
        self._request += 1
        request = self._request
        question(request, *arguments)
        until(
            self,
            lambda: any(called[0] == request for called in list(self._told(answer))),
            f"{answer} was not called for request {request}",
        )
        return [called for called in list(self._told(answer)) if called[0] == request]

    # --- questions ----------------------------------------------------------------------------------------------
    def questions(self) -> dict[str, Callable[[], None]]:
        return {
            "account sync": self._account_sync,
            "contract details": self._contract_details,
            "historical bars": self._historical_bars,
            "bars kept up to date": self._live_bars,
            "streaming": self._streaming,
            "tick by tick": self._tick_by_tick,
            "executions": self._executions,
            "profit and loss": self._profit_and_loss,
        }

    def _account_sync(self) -> None:
        client = self._client
        client.reqCurrentTime()
        self._wait("currentTime")
        client.reqPositions()
        self._wait("positionEnd")
        client.reqOpenOrders()
        self._wait("openOrderEnd")
        client.reqAllOpenOrders()
        self._wait("openOrderEnd", 2)
        client.reqCompletedOrders(False)
        self._wait("completedOrdersEnd")
        client.reqAccountUpdates(True, "")
        self._wait("accountDownloadEnd")
        assert any(row[0] == "NetLiquidation" for row in self._told("updateAccountValue"))
        self._ask(client.reqAccountUpdatesMulti, ACCOUNT, "", False, answer="accountUpdateMultiEnd")
        self._ask(client.reqPositionsMulti, ACCOUNT, "", answer="positionMultiEnd")
        self._ask(client.reqAccountSummary, "All", "NetLiquidation,$LEDGER", answer="accountSummaryEnd")
        client.reqFamilyCodes()
        self._wait("familyCodes")

    def _contract_details(self) -> None:
        client = self._client
        found = self._ask(client.reqContractDetails, stock("SPY"), answer="contractDetailsEnd")
        assert found
        details = self._told("contractDetails")[0][1]
        assert details.contract.conId == 756733
        assert details.minTick == 0.01
        self._ask(client.reqMatchingSymbols, "S", answer="symbolSamples")
        client.reqMarketRule(26)
        self._wait("marketRule")
        assert self._told("marketRule")[0][1][0].increment == 0.01
        self._ask(client.reqContractDetails, stock("NO SUCH SYMBOL"), answer="error")

    def _historical_bars(self) -> None:
        client = self._client
        for what in ("TRADES", "MIDPOINT", "BID_ASK"):
            question: tuple[Any, ...] = ("", "1 D", "1 min", what, 1, 1, False, [])
            ended = self._ask(client.reqHistoricalData, stock("QQQ"), *question, answer="historicalDataEnd")
            bars = [row[1] for row in self._told("historicalData") if row[0] == ended[0][0]]
            assert len(bars) >= 30
            assert all(bar.low <= bar.high for bar in bars)
        self._ask(client.reqHeadTimeStamp, stock("QQQ"), "TRADES", 1, 1, answer="headTimestamp")

    def _live_bars(self) -> None:
        client = self._client
        question: tuple[Any, ...] = ("", "1 D", "1 min", "TRADES", 1, 1, True, [])
        update = self._ask(client.reqHistoricalData, stock("QQQ"), *question, answer="historicalDataUpdate")
        client.cancelHistoricalData(update[0][0])
        bars = self._ask(client.reqRealTimeBars, stock("QQQ"), 5, "TRADES", True, [], answer="realtimeBar")
        client.cancelRealTimeBars(bars[0][0])

    def _streaming(self) -> None:
        client = self._client
        client.reqMarketDataType(1)
        for answer in ("tickPrice", "tickSize", "tickString", "tickGeneric", "tickReqParams", "marketDataType"):
            called = self._ask(client.reqMktData, stock("QQQ"), "233", False, False, [], answer=answer)
            client.cancelMktData(called[0][0])
        self._ask(client.reqMktData, stock("QQQ"), "", True, False, [], answer="tickSnapshotEnd")

    def _tick_by_tick(self) -> None:
        client = self._client
        kinds = {
            "Last": "tickByTickAllLast", "AllLast": "tickByTickAllLast",
            "BidAsk": "tickByTickBidAsk", "MidPoint": "tickByTickMidPoint",
        }  # fmt: skip
        for kind, answer in kinds.items():
            called = self._ask(client.reqTickByTickData, stock("QQQ"), kind, 0, False, answer=answer)
            client.cancelTickByTickData(called[0][0])

    def _executions(self) -> None:
        order_id = self._fresh_id()
        self.place(order_id, action="BUY", totalQuantity=10, orderType="MKT", orderRef="asked for")
        until(self, lambda: self.filled(order_id) == 10, "execution")
        asked = self._ask(self._client.reqExecutions, ExecutionFilter(), answer="execDetails")
        assert any(row[2].orderRef == "asked for" for row in asked)
        self._wait("execDetailsEnd")

    def _profit_and_loss(self) -> None:
        client = self._client
        self._ask(client.reqPnL, ACCOUNT, "", answer="pnl")
        row = self._ask(client.reqPnLSingle, ACCOUNT, "", 756733, answer="pnlSingle")[0]
        assert row[1] == 10

    # --- orders -------------------------------------------------------------------------------------------------
    def _fresh_id(self) -> int:
        known = len(self._told("nextValidId"))
        self._client.reqIds(1)
        self._wait("nextValidId", known + 1)
        return self.next_id()

    def place(self, order_id: int, **order: Any) -> None:
        self._placed = max(self._placed, order_id)
        made = Order()
        # Older builds set these by default, and no gateway takes them any more.
        made.eTradeOnly = made.firmQuoteOnly = False
        for name, value in order.items():
            setattr(made, name, value)
        self._client.placeOrder(order_id, stock("SPY"), made)

    def cancel(self, order_id: int) -> None:
        for extra in self._cancel_extras():
            try:
                self._client.cancelOrder(order_id, *extra)
                return
            except (TypeError, AttributeError):
                continue
        raise Missing("no form of cancelOrder fits")

    def cancel_all(self) -> None:
        for extra in self._cancel_extras():
            try:
                self._client.reqGlobalCancel(*extra)
                return
            except (TypeError, AttributeError):
                continue
        raise Missing("no form of reqGlobalCancel fits")

    @staticmethod
    def _cancel_extras() -> Iterator[tuple[Any, ...]]:
        """What follows the order id: an object in the newest builds, a time in the middle ones, nothing before."""
        try:
            from ibapi.order_cancel import OrderCancel

            yield (OrderCancel(),)
        except ModuleNotFoundError:
            pass
        yield ()
        yield ("",)

    def status(self, order_id: int) -> str:
        said = [row[1] for row in list(self._told("orderStatus")) if row[0] == order_id]
        return str(said[-1]) if said else ""

    def field(self, order_id: int, name: str) -> Any:
        orders = [row[2] for row in list(self._told("openOrder")) if row[0] == order_id]
        return getattr(orders[-1], name) if orders else None

    def filled(self, order_id: int) -> float:
        # Only live executions: those asked for come again under a request id.
        return sum(float(row[2].shares) for row in self._executions_of(order_id))

    def _executions_of(self, order_id: int) -> list[tuple[Any, ...]]:
        return [row for row in list(self._told("execDetails")) if row[0] == -1 and row[2].orderId == order_id]

    def commission(self, order_id: int) -> float | None:
        wanted = {row[2].execId for row in self._executions_of(order_id)}
        old, new = list(self._told("commissionReport")), list(self._told("commissionAndFeesReport"))
        charged = {row[0].execId: getattr(row[0], "commission", None) or row[0].commissionAndFees for row in old + new}
        if not wanted or not wanted <= charged.keys():
            return None
        return float(sum(charged[exec_id] for exec_id in wanted))

    def margin_change(self, order_id: int, **order: Any) -> float:
        self.place(order_id, **order)
        until(self, lambda: any(row[0] == order_id for row in list(self._told("openOrder"))), "whatIf answer")
        state = next(row[3] for row in self._told("openOrder") if row[0] == order_id)
        return float(state.initMarginChange)


def stock(symbol: str) -> Contract:
    """A US stock routed SMART."""
    contract = Contract()
    contract.symbol, contract.secType, contract.exchange, contract.currency = symbol, "STK", "SMART", "USD"
    return contract


if __name__ == "__main__":
    perform(OfficialActor(), sys.argv[1:])
