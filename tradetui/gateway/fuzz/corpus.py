"""Well-formed requests, drawn at random from the wire's own tables.

Invariant: every message of the catalogue occurs, at every version, so that a new request is fuzzed the day it exists.
"""

from __future__ import annotations

from random import Random
from typing import Final

from tradetui.gateway.wire.kinds import (
    FLAG,
    INT,
    INT_MAX,
    LATIN,
    LONG_MAX,
    QTY,
    REAL,
    REAL_MAX,
    SIZE,
    TEXT,
    Kind,
    Scalar,
)
from tradetui.gateway.wire.message import Message
from tradetui.gateway.wire.place_order import PLACE_ORDER
from tradetui.gateway.wire.record import Record
from tradetui.gateway.wire.requests import CANCEL_ORDER, REQ_COMPLETED_ORDERS, REQ_HISTORY, REQ_MARKET_DATA, REQUESTS
from tradetui.gateway.wire.schema import F, Node, Rows, When

_WORDS: Final[dict[str, tuple[Scalar, ...]]] = {
    "symbol": ("SPY", "QQQ", "ES", "EUR", "BTC", "SPX", "AAPL", "NOSUCH", ""),
    "secType": ("STK", "STK", "STK", "FUT", "CASH", "OPT", "IND", "CRYPTO", "BAG", "BOND", ""),
    "exchange": ("SMART", "SMART", "ARCA", "CME", "IDEALPRO", "PAXOS", "IBKRATS", ""),
    "currency": ("USD", "USD", "EUR", ""),
    "right": ("", "C", "P", "?", "CALL"),
    "expiry": ("", "", "202606", "20260619", "99999999"),
    "strike": (0.0, 0.0, 430.0, 1.0),
    "action": ("BUY", "SELL", "BUY", "SELL", "SSHORT", "buy", ""),
    "orderType": (
        *("LMT", "MKT", "STP", "STP LMT", "TRAIL", "TRAIL LIMIT", "MIT", "LIT", "MOC", "LOC", "REL", "MIDPRICE"),
        *("PEG BENCH", "PEG BEST", "PEG MID", "VOL", "NOSUCH", ""),
    ),
    "totalQuantity": (1.0, 10.0, 100.0, 0.5, 1e9),
    "lmtPrice": (600.0, 400.0, 430.0, 1.0, 2000.0, 430.001, None),
    "auxPrice": (None, 430.0, 0.05, 5.0, 700.0),
    "tif": ("DAY", "DAY", "GTC", "IOC", "FOK", "GTD", "OPG", ""),
    "account": ("", "", "DU1234567", "DU7", "All"),
    "ocaGroup": ("", "", "", "one", "two"),
    "transmit": (True, True, True, False),
    "whatIf": (False, False, False, True),
    "algoStrategy": ("", "", "", "Twap"),
    "deltaNeutralOrderType": ("", "", "", "MKT"),
    "hedgeType": ("", "", "", "D"),
    "goodTillDate": ("", "20260316 15:59:00 US/Eastern", "20260401", "soon"),
    "goodAfterTime": ("", "", "20260316 15:00:00 US/Eastern", "x"),
    "time": ("", "20260316-00:00:00", "20260316 10:00:00 US/Eastern", "yesterday"),
    "end": ("", "", "20260316 15:00:00 US/Eastern", "20260316-19:00:00", "never"),
    "start": ("", "20260313 15:00:00 US/Eastern", "20260316-19:00:00", "never"),
    "duration": ("60 S", "1800 S", "1 D", "2 D", "1 W", "0 D", "-1 D", "999999 Y", ""),
    "barSize": ("1 min", "5 mins", "30 mins", "1 hour", "1 day", "1 secs", "5 secs", "7 mins", ""),
    "what": ("TRADES", "TRADES", "MIDPOINT", "BID", "ASK", "BID_ASK", "ADJUSTED_LAST", "SCHEDULE", "x", ""),
    "tickType": ("Last", "AllLast", "BidAsk", "MidPoint", "x"),
    "genericTicks": ("", "233", "100,101,106", "mdoff", "x,,y"),
    "tags": ("NetLiquidation,TotalCashValue", "$LEDGER", "$LEDGER:ALL", "x", ""),
    "group": ("All", "x"),
    "side": ("", "BUY", "SELL", "x"),
    "pattern": ("S", "SP", "", "x" * 300),
    "period": ("3 days", "1 week", "x"),
    "clientId": (0, 1, 2, 7),
    "type": (1, 3, 4, 5, 6, 7, 2, 99),
}
_EMPTY: Final[dict[str, Scalar]] = {
    "conId": 0,
    "deltaNeutralContract": False,
    "strike": 0.0,
    **dict.fromkeys(("expiry", "right", "multiplier", "primaryExchange", "localSymbol", "tradingClass"), ""),
    **dict.fromkeys(("secIdType", "secId"), ""),
}


def _contract(symbol: str, kind: str = "STK", exchange: str = "SMART", **more: Scalar) -> dict[str, Scalar]:
    return {**_EMPTY, "symbol": symbol, "secType": kind, "exchange": exchange, "currency": "USD", **more}


#: Contracts that there are, so that most requests get past their contract.
_CONTRACTS: Final = (
    _contract("SPY"),
    _contract("SPY", conId=756733),
    _contract("QQQ", primaryExchange="NASDAQ"),
    _contract("AAPL"),
    _contract("IWM"),
    _contract("DIA", exchange="ARCA"),
    _contract("TLT"),
    _contract("ES", "FUT", "CME", expiry="202606"),
    _contract("EUR", "CASH", "IDEALPRO"),
    _contract("BTC", "CRYPTO", "PAXOS"),
    _contract("SPX", "IND", "CBOE"),
    _contract("SPY", "OPT", expiry="20260417", strike=600.0, right="C"),
)
_NUMBERS: Final[tuple[Scalar, ...]] = (0, 0, 1, 1, 2, 3, -1, 100, None)
_REALS: Final[tuple[Scalar, ...]] = (None, None, None, 0.0, 1.0, 430.0, -1.0)
_TEXTS: Final[tuple[Scalar, ...]] = ("", "", "", "", "x", "1")
_CON_IDS: Final[tuple[Scalar, ...]] = (0, 0, 0, 756733, 320227571, 1, -1)
#: Share of requests with a contract that exists, and of other fields left as clients leave them.
_SENSIBLE: Final = 0.93
#: Stands for an order id in a drawn request until the request is used.
_ORDER_ID: Final = 1_234_567_891
_PARENT_ID: Final = 1_234_567_892
#: Requests kept for one version, and how often one of them is used before it is drawn anew.
POOL: Final = 600
USES: Final = 25
#: Requests whose work is deep, and those that real clients send most, come more often than the rest.
_OFTEN: Final = (PLACE_ORDER,) * 20 + (CANCEL_ORDER,) * 6 + (REQ_MARKET_DATA,) * 4 + (REQ_HISTORY,)


def draw_message(rng: Random) -> Message:
    """A request of the catalogue, the important ones more often."""
    if rng.random() < 0.5:
        return rng.choice(_OFTEN)
    return rng.choice(_RARE) if rng.random() < 0.001 else rng.choice(_COMMON)


class Corpus:
    """Well-formed requests of every version. Drawing one is dear, so each is used several times."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._contract: dict[str, Scalar] = {}
        self._pools: dict[int, list[list[str]]] = {}

    def request(self, version: int, last_order_id: int) -> list[str]:
        """Wire fields of a well-formed request whose values make some sense together; the caller owns the list."""
        rng = self._rng
        pool = self._pools.setdefault(version, [])
        if len(pool) < POOL:
            pool.append(self._draw(version))
            fields = pool[-1]
        else:
            at = rng.randrange(POOL)
            if rng.random() * USES < 1:
                pool[at] = self._draw(version)
            fields = pool[at]
        return [self._named(field, last_order_id) if field in _IDS else field for field in fields]

    def _draw(self, version: int) -> list[str]:
        message = draw_message(self._rng)
        record = Record()
        self._contract = self._rng.choice(_CONTRACTS) if self._rng.random() < _SENSIBLE else {}
        self._fill(message.nodes, record, version)
        return message.fields(version, record)

    def _named(self, mark: str, last: int) -> str:
        if mark == str(_PARENT_ID):
            return str(last)
        # Mostly the next id, else one that may live: a modification, a cancel, a duplicate.
        return str(last + 1 if self._rng.random() < 0.7 else max(1, last - self._rng.randrange(20)))

    def _fill(self, nodes: tuple[Node, ...], record: Record, version: int) -> None:
        for node in nodes:
            if not node.active(version):
                continue
            if isinstance(node, F):
                record[node.name] = self._value(node)
            elif isinstance(node, When):
                if node.condition.holds(record):
                    self._fill(node.nodes, record, version)
            elif isinstance(node, Rows):
                record[node.name] = self._rows(node, version)

    def _rows(self, node: Rows, version: int) -> list[Record]:
        rows = [Record() for _ in range(self._rng.choice((0, 0, 0, 1, 2)))]
        for row in rows:
            self._fill(node.nodes, row, version)
        return rows

    def _value(self, node: F) -> Scalar:
        rng, name, kind = self._rng, node.name, node.kind
        if name in self._contract:
            return self._contract[name]
        if name in _NAMED:
            return rng.choice(_NAMED[name])
        if name == "reqId":
            return rng.randrange(1, 60)
        words = _WORDS.get(name, ())
        # The same name may be a number elsewhere, such as an order's duration.
        if words and isinstance(words[-1], str) == (kind in (TEXT, LATIN)):
            # Each list begins with what clients mostly say and ends with what they should not.
            return words[int(rng.random() ** (2.5 if self._contract else 1) * len(words))]
        if self._contract and rng.random() < _SENSIBLE:
            return node.default
        return self._any(kind)

    def _any(self, kind: Kind) -> Scalar:
        rng = self._rng
        if kind is FLAG:
            return rng.random() < 0.2
        if kind in (INT, INT_MAX, LONG_MAX):
            return rng.choice(_NUMBERS)
        if kind in (REAL, REAL_MAX, QTY, SIZE):
            return rng.choice(_REALS)
        return rng.choice(_TEXTS)


_NAMED: Final[dict[str, tuple[Scalar, ...]]] = {
    "orderId": (_ORDER_ID,),
    "parentId": (0, 0, 0, _PARENT_ID),
    "conId": _CON_IDS,
    "dncConId": _CON_IDS,
}
_IDS: Final = frozenset({str(_ORDER_ID), str(_PARENT_ID)})
#: A question whose answer grows with the day; asked as often as the others it would be all that is tested.
_RARE: Final = (REQ_COMPLETED_ORDERS,)
_COMMON: Final = tuple(message for message in REQUESTS.values() if message not in _RARE)
