"""Layouts of every request a client can send, other than placeOrder, and the catalogue of all of them by id.

Invariant: an id that is not in `REQUESTS` is unknown to the gateway and ignored, never an error.
"""

from typing import Final

from tradetui.gateway.wire import versions as v
from tradetui.gateway.wire.kinds import INT, INT_MAX, QTY, REAL, TEXT
from tradetui.gateway.wire.message import Message
from tradetui.gateway.wire.parts import BAG_LEGS, CONTRACT, DELTA_NEUTRAL_CONTRACT
from tradetui.gateway.wire.place_order import PLACE_ORDER
from tradetui.gateway.wire.schema import C, F, Node, flag

_REQ: Final = F("reqId", INT)
_EXPIRED: Final = flag("includeExpired")
_OPTIONS: Final = F("options", TEXT, optional=True)
_CONTRACT_NO_PRIMARY: Final = tuple(n for n in CONTRACT if not (isinstance(n, F) and n.name == "primaryExchange"))


def _cancel(identity: int, name: str, version: str | None = "1") -> Message:
    head: tuple[Node, ...] = () if version is None else (C(version),)
    return Message(identity, name, (*head, _REQ))


def _bare(identity: int, name: str) -> Message:
    return Message(identity, name, (C("1"),))


START_API: Final = Message(71, "startApi", (C("2"), F("clientId", INT), F("capabilities", TEXT, optional=True)))
CANCEL_ORDER: Final = Message(
    4,
    "cancelOrder",
    (
        C("1", until=v.CME_TAGGING),
        F("orderId", INT),
        F("manualCancelTime", TEXT, since=v.MANUAL_ORDER_TIME),
        F("extOperator", since=v.RFQ, until=v.NO_RFQ),
        F("externalUserId", since=v.RFQ, until=v.NO_RFQ),
        F("manualOrderIndicator", INT_MAX, since=v.RFQ, until=v.NO_RFQ),
        F("extOperator", since=v.CME_TAGGING),
        F("manualOrderIndicator", INT_MAX, since=v.CME_TAGGING),
    ),
)
GLOBAL_CANCEL: Final = Message(
    58,
    "reqGlobalCancel",
    (
        C("1", until=v.CME_TAGGING),
        F("extOperator", since=v.CME_TAGGING),
        F("manualOrderIndicator", INT_MAX, since=v.CME_TAGGING),
    ),
)
REQ_OPEN_ORDERS: Final = _bare(5, "reqOpenOrders")
REQ_ALL_OPEN_ORDERS: Final = _bare(16, "reqAllOpenOrders")
REQ_AUTO_OPEN_ORDERS: Final = Message(15, "reqAutoOpenOrders", (C("1"), flag("autoBind")))
REQ_COMPLETED_ORDERS: Final = Message(99, "reqCompletedOrders", (flag("apiOnly"),))
REQ_IDS: Final = Message(8, "reqIds", (C("1"), F("count", INT, 1)))
REQ_EXECUTIONS: Final = Message(
    7,
    "reqExecutions",
    (
        C("3"),
        _REQ,
        F("clientId", INT, 0),
        F("account"),
        F("time"),
        F("symbol"),
        F("secType"),
        F("exchange"),
        F("side"),
    ),
)
EXERCISE_OPTIONS: Final = Message(
    21,
    "exerciseOptions",
    (
        C("2"),
        _REQ,
        *_CONTRACT_NO_PRIMARY,
        F("exerciseAction", INT),
        F("exerciseQuantity", INT),
        F("account"),
        F("override", INT),
        F("manualOrderTime", since=v.EXERCISE_TIME),
        F("customerAccount", since=v.CUSTOMER_ACCOUNT),
        flag("professionalCustomer", since=v.PROFESSIONAL_CUSTOMER),
    ),
)
ORDERS: Final = (
    PLACE_ORDER,
    CANCEL_ORDER,
    GLOBAL_CANCEL,
    REQ_OPEN_ORDERS,
    REQ_ALL_OPEN_ORDERS,
    REQ_AUTO_OPEN_ORDERS,
    REQ_COMPLETED_ORDERS,
    REQ_IDS,
    REQ_EXECUTIONS,
    EXERCISE_OPTIONS,
)

REQ_MANAGED_ACCOUNTS: Final = _bare(17, "reqManagedAccts")
REQ_CURRENT_TIME: Final = _bare(49, "reqCurrentTime")
SET_LOG_LEVEL: Final = Message(14, "setServerLogLevel", (C("1"), F("level", INT)))
REQ_ACCOUNT_UPDATES: Final = Message(6, "reqAccountUpdates", (C("2"), flag("subscribe"), F("account")))
REQ_POSITIONS: Final = _bare(61, "reqPositions")
CANCEL_POSITIONS: Final = _bare(64, "cancelPositions")
REQ_SUMMARY: Final = Message(62, "reqAccountSummary", (C("1"), _REQ, F("group"), F("tags")))
CANCEL_SUMMARY: Final = _cancel(63, "cancelAccountSummary")
REQ_POSITIONS_MULTI: Final = Message(74, "reqPositionsMulti", (C("1"), _REQ, F("account"), F("modelCode")))
CANCEL_POSITIONS_MULTI: Final = _cancel(75, "cancelPositionsMulti")
REQ_UPDATES_MULTI: Final = Message(
    76, "reqAccountUpdatesMulti", (C("1"), _REQ, F("account"), F("modelCode"), flag("ledgerAndNlv"))
)
CANCEL_UPDATES_MULTI: Final = _cancel(77, "cancelAccountUpdatesMulti")
REQ_PNL: Final = Message(92, "reqPnL", (_REQ, F("account"), F("modelCode")))
CANCEL_PNL: Final = _cancel(93, "cancelPnL", None)
REQ_PNL_SINGLE: Final = Message(94, "reqPnLSingle", (_REQ, F("account"), F("modelCode"), F("conId", INT)))
CANCEL_PNL_SINGLE: Final = _cancel(95, "cancelPnLSingle", None)
REQUEST_FA: Final = Message(18, "requestFA", (C("1"), F("faDataType", INT)))
REPLACE_FA: Final = Message(19, "replaceFA", (C("1"), F("faDataType", INT), F("xml"), _REQ))
REQ_SOFT_DOLLAR_TIERS: Final = _cancel(79, "reqSoftDollarTiers", None)
REQ_FAMILY_CODES: Final = Message(80, "reqFamilyCodes", ())
REQ_USER_INFO: Final = _cancel(104, "reqUserInfo", None)
ACCOUNT: Final = (
    START_API,
    REQ_MANAGED_ACCOUNTS,
    REQ_CURRENT_TIME,
    SET_LOG_LEVEL,
    REQ_ACCOUNT_UPDATES,
    REQ_POSITIONS,
    CANCEL_POSITIONS,
    REQ_SUMMARY,
    CANCEL_SUMMARY,
    REQ_POSITIONS_MULTI,
    CANCEL_POSITIONS_MULTI,
    REQ_UPDATES_MULTI,
    CANCEL_UPDATES_MULTI,
    REQ_PNL,
    CANCEL_PNL,
    REQ_PNL_SINGLE,
    CANCEL_PNL_SINGLE,
    REQUEST_FA,
    REPLACE_FA,
    REQ_SOFT_DOLLAR_TIERS,
    REQ_FAMILY_CODES,
    REQ_USER_INFO,
)

REQ_CONTRACT_DETAILS: Final = Message(
    9,
    "reqContractDetails",
    (
        C("8"),
        _REQ,
        *CONTRACT,
        _EXPIRED,
        F("secIdType"),
        F("secId"),
        F("issuerId", since=v.ISSUER_ID),
    ),
)
REQ_MARKET_RULE: Final = Message(91, "reqMarketRule", (F("ruleId", INT),))
REQ_MATCHING_SYMBOLS: Final = Message(81, "reqMatchingSymbols", (_REQ, F("pattern")))
REQ_OPTION_CHAIN: Final = Message(
    78,
    "reqSecDefOptParams",
    (_REQ, F("symbol"), F("futFopExchange"), F("secType"), F("conId", INT)),
)
REQ_SMART_COMPONENTS: Final = Message(83, "reqSmartComponents", (_REQ, F("bboExchange")))
REQ_DEPTH_EXCHANGES: Final = Message(82, "reqMktDepthExchanges", ())
REFERENCE: Final = (
    REQ_CONTRACT_DETAILS,
    REQ_MARKET_RULE,
    REQ_MATCHING_SYMBOLS,
    REQ_OPTION_CHAIN,
    REQ_SMART_COMPONENTS,
    REQ_DEPTH_EXCHANGES,
)

REQ_MARKET_DATA: Final = Message(
    1,
    "reqMktData",
    (
        C("11"),
        _REQ,
        *CONTRACT,
        BAG_LEGS,
        *DELTA_NEUTRAL_CONTRACT,
        F("genericTicks"),
        flag("snapshot"),
        flag("regulatorySnapshot"),
        _OPTIONS,
    ),
)
CANCEL_MARKET_DATA: Final = _cancel(2, "cancelMktData", "2")
REQ_MARKET_DATA_TYPE: Final = Message(59, "reqMarketDataType", (C("1"), F("marketDataType", INT)))
REQ_DEPTH: Final = Message(10, "reqMktDepth", (C("5"), _REQ, *CONTRACT, F("rows", INT), flag("smartDepth"), _OPTIONS))
CANCEL_DEPTH: Final = Message(11, "cancelMktDepth", (C("1"), _REQ, flag("smartDepth")))
REQ_TICK_BY_TICK: Final = Message(
    97, "reqTickByTickData", (_REQ, *CONTRACT, F("tickType"), F("numberOfTicks", INT, 0), flag("ignoreSize"))
)
CANCEL_TICK_BY_TICK: Final = _cancel(98, "cancelTickByTickData", None)
REQ_REALTIME_BARS: Final = Message(
    50, "reqRealTimeBars", (C("3"), _REQ, *CONTRACT, F("barSize", INT), F("what"), flag("useRth"), _OPTIONS)
)
CANCEL_REALTIME_BARS: Final = _cancel(51, "cancelRealTimeBars")
REQ_HISTORY: Final = Message(
    20,
    "reqHistoricalData",
    (
        _REQ,
        *CONTRACT,
        _EXPIRED,
        F("end"),
        F("barSize"),
        F("duration"),
        flag("useRth"),
        F("what"),
        F("dateFormat", INT, 1),
        BAG_LEGS,
        flag("keepUpToDate"),
        _OPTIONS,
    ),
)
CANCEL_HISTORY: Final = _cancel(25, "cancelHistoricalData")
REQ_HEAD_TIMESTAMP: Final = Message(
    87,
    "reqHeadTimeStamp",
    (_REQ, *CONTRACT, _EXPIRED, flag("useRth"), F("what"), F("dateFormat", INT, 1)),
)
CANCEL_HEAD_TIMESTAMP: Final = _cancel(90, "cancelHeadTimeStamp", None)
REQ_HISTOGRAM: Final = Message(88, "reqHistogramData", (_REQ, *CONTRACT, _EXPIRED, flag("useRth"), F("period")))
CANCEL_HISTOGRAM: Final = _cancel(89, "cancelHistogramData", None)
REQ_HISTORICAL_TICKS: Final = Message(
    96,
    "reqHistoricalTicks",
    (
        _REQ,
        *CONTRACT,
        _EXPIRED,
        F("start"),
        F("end"),
        F("count", INT),
        F("what"),
        flag("useRth"),
        flag("ignoreSize"),
        _OPTIONS,
    ),
)
REQ_IMPLIED_VOLATILITY: Final = Message(
    54,
    "calculateImpliedVolatility",
    (C("3"), _REQ, *CONTRACT, F("optionPrice", REAL), F("underPrice", REAL), F("optionCount"), _OPTIONS),
)
REQ_OPTION_PRICE: Final = Message(
    55,
    "calculateOptionPrice",
    (C("3"), _REQ, *CONTRACT, F("volatility", REAL), F("underPrice", REAL), F("optionCount"), _OPTIONS),
)
CANCEL_IMPLIED_VOLATILITY: Final = _cancel(56, "cancelCalculateImpliedVolatility")
CANCEL_OPTION_PRICE: Final = _cancel(57, "cancelCalculateOptionPrice")
MARKET: Final = (
    REQ_MARKET_DATA,
    CANCEL_MARKET_DATA,
    REQ_MARKET_DATA_TYPE,
    REQ_DEPTH,
    CANCEL_DEPTH,
    REQ_TICK_BY_TICK,
    CANCEL_TICK_BY_TICK,
    REQ_REALTIME_BARS,
    CANCEL_REALTIME_BARS,
    REQ_HISTORY,
    CANCEL_HISTORY,
    REQ_HEAD_TIMESTAMP,
    CANCEL_HEAD_TIMESTAMP,
    REQ_HISTOGRAM,
    CANCEL_HISTOGRAM,
    REQ_HISTORICAL_TICKS,
    REQ_IMPLIED_VOLATILITY,
    REQ_OPTION_PRICE,
    CANCEL_IMPLIED_VOLATILITY,
    CANCEL_OPTION_PRICE,
)

_SCAN_FILTERS: Final = tuple(
    F(name, kind)
    for name, kind in (
        ("rows", INT),
        ("instrument", TEXT),
        ("location", TEXT),
        ("scanCode", TEXT),
        ("abovePrice", REAL),
        ("belowPrice", REAL),
        ("aboveVolume", QTY),
        ("marketCapAbove", REAL),
        ("marketCapBelow", REAL),
        ("moodyRatingAbove", TEXT),
        ("moodyRatingBelow", TEXT),
        ("spRatingAbove", TEXT),
        ("spRatingBelow", TEXT),
        ("maturityDateAbove", TEXT),
        ("maturityDateBelow", TEXT),
        ("couponRateAbove", REAL),
        ("couponRateBelow", REAL),
        ("excludeConvertible", TEXT),
        ("averageOptionVolumeAbove", INT),
        ("scannerSettingPairs", TEXT),
        ("stockTypeFilter", TEXT),
        ("filterOptions", TEXT),
    )
)
REQ_SCANNER: Final = Message(22, "reqScannerSubscription", (_REQ, *_SCAN_FILTERS, _OPTIONS))
CANCEL_SCANNER: Final = _cancel(23, "cancelScannerSubscription")
REQ_SCANNER_PARAMETERS: Final = _bare(24, "reqScannerParameters")
REQ_FUNDAMENTALS: Final = Message(
    52,
    "reqFundamentalData",
    (
        C("2"),
        _REQ,
        F("conId", INT),
        F("symbol"),
        F("secType"),
        F("exchange"),
        F("primaryExchange"),
        F("currency"),
        F("localSymbol"),
        F("reportType"),
        F("optionCount"),
        _OPTIONS,
    ),
)
CANCEL_FUNDAMENTALS: Final = _cancel(53, "cancelFundamentalData")
REQ_NEWS_BULLETINS: Final = Message(12, "reqNewsBulletins", (C("1"), flag("allMessages")))
CANCEL_NEWS_BULLETINS: Final = _bare(13, "cancelNewsBulletins")
REQ_NEWS_PROVIDERS: Final = Message(85, "reqNewsProviders", ())
REQ_NEWS_ARTICLE: Final = Message(84, "reqNewsArticle", (_REQ, F("provider"), F("articleId"), _OPTIONS))
REQ_HISTORICAL_NEWS: Final = Message(
    86,
    "reqHistoricalNews",
    (_REQ, F("conId", INT), F("providers"), F("start"), F("end"), F("count", INT), _OPTIONS),
)
REQ_WSH_META: Final = _cancel(100, "reqWshMetaData", None)
CANCEL_WSH_META: Final = _cancel(101, "cancelWshMetaData", None)
REQ_WSH_EVENTS: Final = Message(
    102,
    "reqWshEventData",
    (
        _REQ,
        F("conId", INT),
        F("filter", since=v.WSH_FILTERS),
        flag("fillWatchlist", since=v.WSH_FILTERS),
        flag("fillPortfolio", since=v.WSH_FILTERS),
        flag("fillCompetitors", since=v.WSH_FILTERS),
        F("start", since=v.WSH_DATES),
        F("end", since=v.WSH_DATES),
        F("limit", INT, since=v.WSH_DATES),
    ),
)
CANCEL_WSH_EVENTS: Final = _cancel(103, "cancelWshEventData", None)
RESEARCH: Final = (
    REQ_SCANNER,
    CANCEL_SCANNER,
    REQ_SCANNER_PARAMETERS,
    REQ_FUNDAMENTALS,
    CANCEL_FUNDAMENTALS,
    REQ_NEWS_BULLETINS,
    CANCEL_NEWS_BULLETINS,
    REQ_NEWS_PROVIDERS,
    REQ_NEWS_ARTICLE,
    REQ_HISTORICAL_NEWS,
    REQ_WSH_META,
    CANCEL_WSH_META,
    REQ_WSH_EVENTS,
    CANCEL_WSH_EVENTS,
)

REQUESTS: Final[dict[int, Message]] = {
    message.id: message for message in (*ORDERS, *ACCOUNT, *REFERENCE, *MARKET, *RESEARCH)
}
"""Every request by its id."""
