"""The only module that imports the IB library, and the whole of it that this program uses.

Invariant: nothing here exists in one of `ib_insync` (declared) and `ib_async` (its continuation) only, so either may be
installed. We use their socket client, decoder and message objects; their order and position state is never consulted.
"""

# ruff: noqa: N802, N803, N815, ASYNC109 - the names and signatures are the library's

from __future__ import annotations

import importlib
import importlib.util
import logging
import warnings
from collections.abc import Callable
from datetime import datetime
from types import ModuleType
from typing import Any, Protocol, cast


def _load() -> ModuleType:
    with warnings.catch_warnings():
        # eventkit asks for the current event loop at import; newer Pythons deprecate that, nobody here can mend it.
        warnings.simplefilter("ignore", DeprecationWarning)
        for name in ("ib_insync", "ib_async"):
            if importlib.util.find_spec(name) is not None:
                return importlib.import_module(name)
    raise ModuleNotFoundError("neither ib_insync nor ib_async is installed; install tradetui's dependencies")


_library = _load()

#: Which library is in use, for `doctor` and the log.
LIBRARY = f"{_library.__name__} {_library.__version__}"

# What the library logs (refused connections, closed sockets) the session reports in one line of its own.
logging.getLogger(_library.__name__).setLevel(logging.CRITICAL)

#: "Not set" on the wire.
UNSET_DOUBLE: float = _library.util.UNSET_DOUBLE
UNSET_INTEGER: int = _library.util.UNSET_INTEGER


class Contract(Protocol):
    """A contract as the library sends and receives it."""

    conId: int
    symbol: str
    secType: str
    lastTradeDateOrContractMonth: str
    multiplier: str
    exchange: str
    primaryExchange: str
    currency: str
    localSymbol: str


class Order(Protocol):
    """An order as the library sends and receives it."""

    orderId: int
    clientId: int
    permId: int
    action: str
    totalQuantity: float
    orderType: str
    lmtPrice: float
    auxPrice: float
    tif: str
    account: str
    orderRef: str
    whatIf: bool
    filledQuantity: float


class OrderState(Protocol):
    """State fields of openOrder and completedOrder."""

    status: str
    completedStatus: str


class Execution(Protocol):
    """One execution report; `time` is timezone-aware UTC."""

    execId: str
    time: datetime
    acctNumber: str
    side: str
    shares: float
    price: float
    permId: int
    clientId: int
    orderId: int
    liquidation: int
    orderRef: str


class CommissionReport(Protocol):
    """The charge for one execution."""

    execId: str
    commission: float
    currency: str
    realizedPNL: float


class ContractDetails(Protocol):
    """An answer to reqContractDetails."""

    contract: Contract
    minTick: float
    validExchanges: str
    marketRuleIds: str


class PriceIncrement(Protocol):
    """One row of a market rule: from the price `lowEdge` on, prices lie `increment` apart."""

    lowEdge: float
    increment: float


class BarData(Protocol):
    """One historical bar; `date` is the text as received: epoch seconds, or YYYYMMDD for day bars."""

    date: str
    open: float
    high: float
    low: float
    close: float
    volume: float


class LibraryEvent(Protocol):
    """An eventkit event."""

    def connect(self, listener: Callable[..., None]) -> object:
        """Call `listener` on each emission."""


class Connection(Protocol):
    """The library's socket."""

    transport: Any
    numMsgSent: int
    disconnected: LibraryEvent


class Client(Protocol):
    """The part of the library's socket client that this program calls."""

    MaxRequests: int
    conn: Connection
    decoder: Any
    apiError: LibraryEvent

    async def connectAsync(self, host: str, port: int, clientId: int, timeout: float) -> None: ...
    def disconnect(self) -> None: ...
    def isConnected(self) -> bool: ...
    def isReady(self) -> bool: ...
    def serverVersion(self) -> int: ...
    def connectionStats(self) -> Any: ...
    def placeOrder(self, orderId: int, contract: Contract, order: Order) -> None: ...
    def cancelOrder(self, orderId: int) -> None: ...
    def reqAllOpenOrders(self) -> None: ...
    def reqCompletedOrders(self, apiOnly: bool) -> None: ...
    def reqExecutions(self, reqId: int, execFilter: object) -> None: ...
    def reqPositions(self) -> None: ...
    def reqAccountUpdates(self, subscribe: bool, acctCode: str) -> None: ...
    def reqPnL(self, reqId: int, account: str, modelCode: str) -> None: ...
    def reqCurrentTime(self) -> None: ...
    def reqContractDetails(self, reqId: int, contract: Contract) -> None: ...
    def reqMarketRule(self, marketRuleId: int) -> None: ...
    def reqMarketDataType(self, marketDataType: int) -> None: ...
    def reqMktData(
        self,
        reqId: int,
        contract: Contract,
        genericTickList: str,
        snapshot: bool,
        regulatorySnapshot: bool,
        mktDataOptions: list[object],
    ) -> None: ...
    def cancelMktData(self, reqId: int) -> None: ...
    def reqHistoricalData(
        self,
        reqId: int,
        contract: Contract,
        endDateTime: str,
        durationStr: str,
        barSizeSetting: str,
        whatToShow: str,
        useRTH: int,
        formatDate: int,
        keepUpToDate: bool,
        chartOptions: list[object],
    ) -> None: ...
    def cancelHistoricalData(self, reqId: int) -> None: ...


def new_client(wrapper: object) -> Client:
    """Return a socket client that hands every decoded message to `wrapper`, its own request queue switched off.

    With the queue off a request is on its transport when the call returns; pacing is `pacing.py`'s job.
    """
    client = cast(Client, _library.Client(wrapper))
    client.MaxRequests = 0
    return client


def new_contract(**fields: object) -> Contract:
    """Return a library contract."""
    return cast(Contract, _library.Contract(**fields))


def new_order(**fields: object) -> Order:
    """Return a library order; what is not given is unset."""
    return cast(Order, _library.Order(**fields))


def every_execution() -> object:
    """Return the filter that matches all executions of all clients."""
    return _library.ExecutionFilter()
