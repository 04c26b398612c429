"""Layouts of what the gateway says about contracts and markets: reference data, ticks, bars and tick series.

Invariant: message 90 spells a bar in another order than message 17 (close before high and low), here and only here.
"""

from typing import Final

from tradetui.gateway.wire import versions as v
from tradetui.gateway.wire.kinds import FLAG, INT, LATIN, QTY, REAL, SIZE
from tradetui.gateway.wire.message import Message
from tradetui.gateway.wire.replies_account import REQ, end
from tradetui.gateway.wire.schema import C, Condition, F, Node, Rows, When, flag

_FUND: Final = When(
    Condition("secType", ("FUND",)),
    (
        F("fundName"),
        F("fundFamily"),
        F("fundType"),
        F("fundFrontLoad"),
        F("fundBackLoad"),
        F("fundBackLoadTimeInterval"),
        F("fundManagementFee"),
        flag("fundClosed"),
        flag("fundClosedForNewInvestors"),
        flag("fundClosedForNewMoney"),
        F("fundNotifyAmount"),
        F("fundMinimumInitialPurchase"),
        F("fundMinimumSubsequentPurchase"),
        F("fundBlueSkyStates"),
        F("fundBlueSkyTerritories"),
        F("fundDistributionPolicy"),
        F("fundAssetType"),
    ),
    since=v.FUND_FIELDS,
)
_SIZE_RULES: Final[tuple[Node, ...]] = (
    F("suggestedSizeIncrement", QTY, since=v.FRACTIONAL_SIZES, until=v.SIZE_RULES),
    F("minSize", QTY, since=v.SIZE_RULES),
    F("sizeIncrement", QTY, since=v.SIZE_RULES),
    F("suggestedSizeIncrement", QTY, since=v.SIZE_RULES),
)
_SEC_IDS: Final = Rows("secIds", (F("tag"), F("value")))
_IDENTITY: Final[tuple[Node, ...]] = (
    F("symbol"),
    F("secType"),
    F("expiry"),
    F("lastTradeDate", since=v.LAST_TRADE_DATE),
    F("strike", QTY, 0.0),
    F("right"),
    F("exchange"),
    F("currency"),
    F("localSymbol"),
    F("marketName"),
    F("tradingClass"),
    F("conId", INT),
)
_OLD_HEAD: Final = C("8", until=v.SIZE_RULES)
_OLD_SIZE_MULTIPLIER: Final = C("1", "mdSizeMultiplier", until=v.SIZE_RULES)

CONTRACT_DETAILS: Final = Message(
    10,
    "contractDetails",
    (
        _OLD_HEAD,
        REQ,
        *_IDENTITY,
        F("minTick", REAL),
        _OLD_SIZE_MULTIPLIER,
        F("multiplier"),
        F("orderTypes"),
        F("validExchanges"),
        F("priceMagnifier", INT, 1),
        F("underConId", INT, 0),
        F("longName", LATIN),
        F("primaryExchange"),
        F("contractMonth"),
        F("industry"),
        F("category"),
        F("subcategory"),
        F("timeZoneId"),
        F("tradingHours"),
        F("liquidHours"),
        F("evRule"),
        F("evMultiplier", INT),
        _SEC_IDS,
        F("aggGroup", INT),
        F("underSymbol"),
        F("underSecType"),
        F("marketRuleIds"),
        F("realExpirationDate"),
        F("stockType"),
        *_SIZE_RULES,
        _FUND,
        Rows("ineligibility", (F("id"), F("description")), since=v.INELIGIBILITY),
    ),
)
CONTRACT_DETAILS_END: Final = end(52, "contractDetailsEnd")
MARKET_RULE: Final = Message(
    93, "marketRule", (F("ruleId", INT), Rows("increments", (F("lowEdge", QTY), F("increment", REAL))))
)
SYMBOL_SAMPLES: Final = Message(
    79,
    "symbolSamples",
    (
        REQ,
        Rows(
            "samples",
            (
                F("conId", INT),
                F("symbol"),
                F("secType"),
                F("primaryExchange"),
                F("currency"),
                Rows("derivatives", (F("secType"),)),
                F("description", LATIN, since=v.ISSUER_ID),
                F("issuerId", since=v.ISSUER_ID),
            ),
        ),
    ),
)
OPTION_CHAIN: Final = Message(
    75,
    "securityDefinitionOptionParameter",
    (
        REQ,
        F("exchange"),
        F("underConId", INT),
        F("tradingClass"),
        F("multiplier"),
        Rows("expirations", (F("date"),)),
        Rows("strikes", (F("strike", REAL),)),
    ),
)
OPTION_CHAIN_END: Final = end(76, "securityDefinitionOptionParameterEnd", None)
DEPTH_EXCHANGES: Final = Message(
    80,
    "mktDepthExchanges",
    (
        Rows(
            "exchanges",
            (F("exchange"), F("secType"), F("listingExchange"), F("serviceType"), F("aggGroup", INT)),
        ),
    ),
)
SMART_COMPONENTS: Final = Message(
    82, "smartComponents", (REQ, Rows("components", (F("bit", INT), F("exchange"), F("letter"))))
)
REFERENCE: Final = (
    CONTRACT_DETAILS,
    CONTRACT_DETAILS_END,
    MARKET_RULE,
    SYMBOL_SAMPLES,
    OPTION_CHAIN,
    OPTION_CHAIN_END,
    DEPTH_EXCHANGES,
    SMART_COMPONENTS,
)

TICK_PRICE: Final = Message(
    1,
    "tickPrice",
    (C("6"), REQ, F("tickType", INT), F("price", REAL), F("size", SIZE), F("attributes", INT, 0)),
)
TICK_SIZE: Final = Message(2, "tickSize", (C("6"), REQ, F("tickType", INT), F("size", SIZE)))
TICK_OPTION: Final = Message(
    21,
    "tickOptionComputation",
    (
        REQ,
        F("tickType", INT),
        F("attributes", INT, 0),
        F("impliedVolatility", REAL, -1.0),
        F("delta", REAL, -2.0),
        F("price", REAL, -1.0),
        F("pvDividend", REAL, -1.0),
        F("gamma", REAL, -2.0),
        F("vega", REAL, -2.0),
        F("theta", REAL, -2.0),
        F("underPrice", REAL, -1.0),
    ),
)
TICK_GENERIC: Final = Message(45, "tickGeneric", (C("6"), REQ, F("tickType", INT), F("value", REAL)))
TICK_STRING: Final = Message(46, "tickString", (C("6"), REQ, F("tickType", INT), F("value")))
SNAPSHOT_END: Final = end(57, "tickSnapshotEnd")
MARKET_DATA_TYPE: Final = Message(58, "marketDataType", (C("1"), REQ, F("type", INT)))
TICK_PARAMS: Final = Message(
    81, "tickReqParams", (REQ, F("minTick", REAL), F("bboExchange"), F("snapshotPermissions", INT))
)
DEPTH: Final = Message(
    12,
    "updateMktDepth",
    (
        C("1"),
        REQ,
        F("position", INT),
        F("operation", INT),
        F("side", INT),
        F("price", REAL),
        F("size", SIZE),
    ),
)
DEPTH_L2: Final = Message(
    13,
    "updateMktDepthL2",
    (
        C("1"),
        REQ,
        F("position", INT),
        F("marketMaker"),
        F("operation", INT),
        F("side", INT),
        F("price", REAL),
        F("size", SIZE),
        F("smartDepth", FLAG, False),
    ),
)
TICKS: Final = (
    TICK_PRICE,
    TICK_SIZE,
    TICK_OPTION,
    TICK_GENERIC,
    TICK_STRING,
    SNAPSHOT_END,
    MARKET_DATA_TYPE,
    TICK_PARAMS,
    DEPTH,
    DEPTH_L2,
)

_BAR: Final[tuple[Node, ...]] = (
    F("date"),
    F("open", REAL),
    F("high", REAL),
    F("low", REAL),
    F("close", REAL),
    F("volume", SIZE),
    F("wap", REAL),
    F("count", INT),
)
HISTORY: Final = Message(17, "historicalData", (REQ, F("start"), F("end"), Rows("bars", _BAR)))
HISTORY_UPDATE: Final = Message(
    90,
    "historicalDataUpdate",
    (
        REQ,
        F("count", INT),
        F("date"),
        F("open", REAL),
        F("close", REAL),
        F("high", REAL),
        F("low", REAL),
        F("wap", REAL),
        F("volume", SIZE),
    ),
)
REALTIME_BAR: Final = Message(
    50,
    "realtimeBar",
    (
        C("3"),
        REQ,
        F("time", INT),
        F("open", REAL),
        F("high", REAL),
        F("low", REAL),
        F("close", REAL),
        F("volume", SIZE),
        F("wap", REAL),
        F("count", INT),
    ),
)
HEAD_TIMESTAMP: Final = Message(88, "headTimestamp", (REQ, F("timestamp")))
HISTOGRAM: Final = Message(89, "histogramData", (REQ, Rows("items", (F("price", REAL), F("size", SIZE)))))
_DONE: Final = flag("done")
HISTORICAL_TICKS: Final = Message(
    96,
    "historicalTicks",
    (REQ, Rows("ticks", (F("time", INT), C("0", "unused"), F("price", REAL), F("size", SIZE))), _DONE),
)
HISTORICAL_TICKS_BID_ASK: Final = Message(
    97,
    "historicalTicksBidAsk",
    (
        REQ,
        Rows(
            "ticks",
            (
                F("time", INT),
                F("mask", INT, 0),
                F("bid", REAL),
                F("ask", REAL),
                F("bidSize", SIZE),
                F("askSize", SIZE),
            ),
        ),
        _DONE,
    ),
)
HISTORICAL_TICKS_LAST: Final = Message(
    98,
    "historicalTicksLast",
    (
        REQ,
        Rows(
            "ticks",
            (
                F("time", INT),
                F("mask", INT, 0),
                F("price", REAL),
                F("size", SIZE),
                F("exchange"),
                F("conditions"),
            ),
        ),
        _DONE,
    ),
)
_LAST_TICK: Final = (F("price", REAL), F("size", SIZE), F("mask", INT, 0), F("exchange"), F("conditions"))
_QUOTE_TICK: Final = (
    F("bid", REAL),
    F("ask", REAL),
    F("bidSize", SIZE),
    F("askSize", SIZE),
    F("mask", INT, 0),
)
TICK_BY_TICK: Final = Message(
    99,
    "tickByTick",
    (
        REQ,
        F("tickType", INT),
        F("time", INT),
        When(Condition("tickType", (1, 2)), _LAST_TICK),
        When(Condition("tickType", (3,)), _QUOTE_TICK),
        When(Condition("tickType", (4,)), (F("mid", REAL),)),
    ),
)
SCHEDULE: Final = Message(
    106,
    "historicalSchedule",
    (
        REQ,
        F("start"),
        F("end"),
        F("timeZone"),
        Rows("sessions", (F("start"), F("end"), F("refDate"))),
    ),
)
SERIES: Final = (
    HISTORY,
    HISTORY_UPDATE,
    REALTIME_BAR,
    HEAD_TIMESTAMP,
    HISTOGRAM,
    HISTORICAL_TICKS,
    HISTORICAL_TICKS_BID_ASK,
    HISTORICAL_TICKS_LAST,
    TICK_BY_TICK,
    SCHEDULE,
)
