"""Layouts of what the gateway says about the session, orders, executions, positions and account values.

Invariant: permId, clientId and orderRef travel wherever the protocol has room for them.
"""

from typing import Final

from tradetui.gateway.wire import versions as v
from tradetui.gateway.wire.kinds import FLAG, INT, QTY, REAL, REAL_MAX, SIZE, TEXT
from tradetui.gateway.wire.message import Message
from tradetui.gateway.wire.parts import CONTRACT_ONE_EXCHANGE, CONTRACT_PRIMARY
from tradetui.gateway.wire.reported_orders import COMPLETED_ORDER, OPEN_ORDER
from tradetui.gateway.wire.schema import C, F, Node, Rows

REQ: Final = F("reqId", INT)


def end(identity: int, name: str, version: str | None = "1") -> Message:
    """An end marker that names the request it closes."""
    head: tuple[Node, ...] = () if version is None else (C(version),)
    return Message(identity, name, (*head, REQ))


NEXT_VALID_ID: Final = Message(9, "nextValidId", (C("1"), F("orderId", INT)))
MANAGED_ACCOUNTS: Final = Message(15, "managedAccounts", (C("1"), F("accounts")))
ERROR: Final = Message(
    4,
    "error",
    (
        C("2"),
        F("reqId", INT, -1),
        F("code", INT),
        F("text"),
        F("advancedReject", since=v.ADVANCED_REJECT),
    ),
)
CURRENT_TIME: Final = Message(49, "currentTime", (C("1"), F("time", INT)))
ORDER_STATUS: Final = Message(
    3,
    "orderStatus",
    (
        F("orderId", INT),
        F("status"),
        F("filled", QTY, 0.0),
        F("remaining", QTY),
        F("avgFillPrice", REAL, 0.0),
        F("permId", INT, 0),
        F("parentId", INT, 0),
        F("lastFillPrice", REAL, 0.0),
        F("clientId", INT, 0),
        F("whyHeld"),
        F("mktCapPrice", QTY, 0.0),
    ),
)
OPEN_ORDER_END: Final = Message(53, "openOrderEnd", (C("1"),))
COMPLETED_ORDERS_END: Final = Message(102, "completedOrdersEnd", ())
ORDER_BOUND: Final = Message(100, "orderBound", (F("permId", INT), F("clientId", INT), F("orderId", INT)))
EXECUTION: Final = Message(
    11,
    "execDetails",
    (
        F("reqId", INT, -1),
        F("orderId", INT, 0),
        *CONTRACT_ONE_EXCHANGE,
        F("execId"),
        F("time"),
        F("account"),
        F("execExchange"),
        F("side"),
        F("shares", QTY),
        F("price", REAL),
        F("permId", INT, 0),
        F("clientId", INT, 0),
        F("liquidation", INT, 0),
        F("cumQty", QTY),
        F("avgPrice", REAL),
        F("orderRef"),
        F("evRule"),
        F("evMultiplier", REAL),
        F("modelCode"),
        F("lastLiquidity", INT, 1),
        F("pendingPriceRevision", FLAG, False, since=v.PENDING_PRICE_REVISION),
    ),
)
EXECUTIONS_END: Final = end(55, "execDetailsEnd")
COMMISSION: Final = Message(
    59,
    "commissionReport",
    (
        C("1"),
        F("execId"),
        F("commission", REAL),
        F("currency"),
        F("realizedPnl", REAL_MAX),
        F("yield", REAL_MAX),
        F("yieldDate", INT),
    ),
)
ORDERS: Final = (
    NEXT_VALID_ID,
    MANAGED_ACCOUNTS,
    ERROR,
    CURRENT_TIME,
    ORDER_STATUS,
    OPEN_ORDER,
    OPEN_ORDER_END,
    COMPLETED_ORDER,
    COMPLETED_ORDERS_END,
    ORDER_BOUND,
    EXECUTION,
    EXECUTIONS_END,
    COMMISSION,
)

ACCOUNT_VALUE: Final = Message(6, "updateAccountValue", (C("2"), F("key"), F("value"), F("currency"), F("account")))
PORTFOLIO: Final = Message(
    7,
    "updatePortfolio",
    (
        C("8"),
        *CONTRACT_PRIMARY,
        F("position", QTY),
        F("marketPrice", REAL),
        F("marketValue", REAL),
        F("averageCost", REAL),
        F("unrealizedPnl", REAL),
        F("realizedPnl", REAL),
        F("account"),
    ),
)
ACCOUNT_TIME: Final = Message(8, "updateAccountTime", (C("1"), F("time")))
ACCOUNT_END: Final = Message(54, "accountDownloadEnd", (C("1"), F("account")))
POSITION: Final = Message(
    61,
    "position",
    (C("3"), F("account"), *CONTRACT_ONE_EXCHANGE, F("position", QTY), F("avgCost", REAL)),
)
POSITION_END: Final = Message(62, "positionEnd", (C("1"),))
SUMMARY: Final = Message(63, "accountSummary", (C("1"), REQ, F("account"), F("tag"), F("value"), F("currency")))
SUMMARY_END: Final = end(64, "accountSummaryEnd")
POSITION_MULTI: Final = Message(
    71,
    "positionMulti",
    (
        C("1"),
        REQ,
        F("account"),
        *CONTRACT_ONE_EXCHANGE,
        F("position", QTY),
        F("avgCost", REAL),
        F("modelCode"),
    ),
)
POSITION_MULTI_END: Final = end(72, "positionMultiEnd")
UPDATE_MULTI: Final = Message(
    73,
    "accountUpdateMulti",
    (C("1"), REQ, F("account"), F("modelCode"), F("key"), F("value"), F("currency")),
)
UPDATE_MULTI_END: Final = end(74, "accountUpdateMultiEnd")
PNL: Final = Message(94, "pnl", (REQ, F("daily", REAL_MAX), F("unrealized", REAL_MAX), F("realized", REAL_MAX)))
PNL_SINGLE: Final = Message(
    95,
    "pnlSingle",
    (
        REQ,
        F("position", SIZE),
        F("daily", REAL_MAX),
        F("unrealized", REAL_MAX),
        F("realized", REAL_MAX),
        F("value", REAL_MAX),
    ),
)
RECEIVE_FA: Final = Message(16, "receiveFA", (C("1"), F("faDataType", INT), F("xml")))
SOFT_DOLLAR_TIERS: Final = Message(
    77, "softDollarTiers", (REQ, Rows("tiers", (F("name"), F("value"), F("displayName"))))
)
FAMILY_CODES: Final = Message(78, "familyCodes", (Rows("codes", (F("account"), F("code"))),))
USER_INFO: Final = Message(107, "userInfo", (REQ, F("whiteBrandingId", TEXT)))
ACCOUNT: Final = (
    ACCOUNT_VALUE,
    PORTFOLIO,
    ACCOUNT_TIME,
    ACCOUNT_END,
    POSITION,
    POSITION_END,
    SUMMARY,
    SUMMARY_END,
    POSITION_MULTI,
    POSITION_MULTI_END,
    UPDATE_MULTI,
    UPDATE_MULTI_END,
    PNL,
    PNL_SINGLE,
    RECEIVE_FA,
    SOFT_DOLLAR_TIERS,
    FAMILY_CODES,
    USER_INFO,
)
