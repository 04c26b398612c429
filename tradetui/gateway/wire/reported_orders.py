"""Layouts of openOrder and completedOrder: how the gateway reports an order back.

Invariant: defaults are what a real gateway sends for a plain order: even the delta-neutral order type `None`, which
drags eight more fields in.
"""

from typing import Final

from tradetui.gateway.wire import versions as v
from tradetui.gateway.wire.kinds import INT, INT_MAX, LONG_MAX, QTY, REAL, REAL_MAX, TEXT
from tradetui.gateway.wire.message import Message
from tradetui.gateway.wire.parts import (
    ALGO,
    DELTA_NEUTRAL_CONTRACT,
    HEDGE,
    ORDER_CONDITIONS,
    ORDER_CONTRACT,
    ORDER_LEG,
    PEG_BENCH,
    PEG_OFFSETS_REPORTED,
    SCALE_SIZES,
    TAG_VALUE,
)
from tradetui.gateway.wire.schema import Condition, F, Node, Rows, When, flag

_BASIC: Final[tuple[Node, ...]] = (
    F("action"),
    F("totalQuantity", QTY),
    F("orderType"),
    F("lmtPrice", REAL, 0.0),
    F("auxPrice", REAL, 0.0),
    F("tif", TEXT, "DAY"),
    F("ocaGroup"),
    F("account"),
    F("openClose"),
    F("origin", INT, 0),
    F("orderRef"),
)
_ROUTING: Final[tuple[Node, ...]] = (
    flag("outsideRth"),
    flag("hidden"),
    F("discretionaryAmt", QTY, 0.0),
    F("goodAfterTime"),
)
_ADVISOR: Final[tuple[Node, ...]] = (
    F("faGroup"),
    F("faMethod"),
    F("faPercentage"),
    F("faProfile", until=v.NO_FA_PROFILE),
    F("modelCode"),
    F("goodTillDate"),
    F("rule80A"),
    F("percentOffset", REAL),
    F("settlingFirm"),
    F("shortSaleSlot", INT, 0),
    F("designatedLocation"),
    F("exemptCode", INT, -1),
)
_BOX: Final[tuple[Node, ...]] = (
    F("startingPrice", REAL),
    F("stockRefPrice", REAL),
    F("delta", REAL),
    F("stockRangeLower", REAL),
    F("stockRangeUpper", REAL),
    F("displaySize", INT_MAX),
)
_VOLATILITY: Final[tuple[Node, ...]] = (
    F("volatility", REAL),
    F("volatilityType", INT, 0),
    F("deltaNeutralOrderType", TEXT, "None"),
    F("deltaNeutralAuxPrice", REAL),
)
_TRAIL: Final[tuple[Node, ...]] = (
    flag("continuousUpdate"),
    F("referencePriceType", INT, 0),
    F("trailStopPrice", REAL),
    F("trailingPercent", REAL),
)
_LEGS: Final[tuple[Node, ...]] = (
    F("comboLegsDescrip"),
    Rows("comboLegs", ORDER_LEG),
    Rows("orderComboLegs", (F("price", REAL),)),
    Rows("smartComboRoutingParams", TAG_VALUE),
)
_CLEARING: Final[tuple[Node, ...]] = (
    F("clearingAccount"),
    F("clearingIntent", TEXT, "IB"),
    flag("notHeld"),
    *DELTA_NEUTRAL_CONTRACT,
    *ALGO,
    flag("solicited"),
)
_MARGINS: Final[tuple[Node, ...]] = tuple(
    F(name, REAL_MAX)
    for name in (
        "initMarginBefore",
        "maintMarginBefore",
        "equityWithLoanBefore",
        "initMarginChange",
        "maintMarginChange",
        "equityWithLoanChange",
        "initMarginAfter",
        "maintMarginAfter",
        "equityWithLoanAfter",
    )
)
_STATE: Final[tuple[Node, ...]] = (
    F("status"),
    *_MARGINS,
    F("commission", REAL),
    F("minCommission", REAL),
    F("maxCommission", REAL),
    F("commissionCurrency"),
    F("warningText"),
)
_DNC_OPEN: Final = When(
    Condition("deltaNeutralOrderType"),
    (
        F("deltaNeutralConId", INT, 0),
        F("deltaNeutralSettlingFirm"),
        F("deltaNeutralClearingAccount"),
        F("deltaNeutralClearingIntent"),
        F("deltaNeutralOpenClose", TEXT, "?"),
        flag("deltaNeutralShortSale"),
        F("deltaNeutralShortSaleSlot", INT, 0),
        F("deltaNeutralDesignatedLocation"),
    ),
)
_DNC_COMPLETED: Final = When(
    Condition("deltaNeutralOrderType"),
    (
        F("deltaNeutralConId", INT, 0),
        flag("deltaNeutralShortSale"),
        F("deltaNeutralShortSaleSlot", INT, 0),
        F("deltaNeutralDesignatedLocation"),
    ),
)
_ADJUSTED: Final[tuple[Node, ...]] = (
    F("adjustedOrderType", TEXT, "None"),
    F("triggerPrice", REAL_MAX),
    F("adjustedTrailStopPrice", REAL_MAX),
    F("lmtPriceOffset", REAL_MAX),
    F("adjustedStopPrice", REAL_MAX),
    F("adjustedStopLimitPrice", REAL_MAX),
    F("adjustedTrailingAmount", REAL_MAX),
    F("adjustableTrailingUnit", INT, 0),
    F("softDollarName"),
    F("softDollarValue"),
    F("softDollarDisplayName"),
    F("cashQty", QTY, 0.0),
    F("dontUseAutoPriceForHedge", INT, 1),
    flag("isOmsContainer"),
    flag("discretionaryUpToLimitPrice"),
    flag("usePriceMgmtAlgo"),
)

OPEN_ORDER: Final = Message(
    5,
    "openOrder",
    (
        F("orderId", INT),
        *ORDER_CONTRACT,
        *_BASIC,
        F("clientId", INT, 0),
        F("permId", INT, 0),
        *_ROUTING,
        F("sharesAllocation"),
        *_ADVISOR,
        F("auctionStrategy", INT, 0),
        *_BOX,
        flag("blockOrder"),
        flag("sweepToFill"),
        flag("allOrNone"),
        F("minQty", INT),
        F("ocaType", INT, 3),
        flag("eTradeOnly"),
        flag("firmQuoteOnly"),
        F("nbboPriceCap", REAL),
        F("parentId", INT, 0),
        F("triggerMethod", INT, 0),
        *_VOLATILITY,
        _DNC_OPEN,
        *_TRAIL,
        F("basisPoints", REAL),
        F("basisPointsType", INT),
        *_LEGS,
        *SCALE_SIZES,
        *HEDGE,
        flag("optOutSmartRouting"),
        *_CLEARING,
        flag("whatIf"),
        *_STATE,
        flag("randomizeSize"),
        flag("randomizePrice"),
        PEG_BENCH,
        *ORDER_CONDITIONS,
        *_ADJUSTED,
        F("duration", INT, since=v.DURATION),
        F("postToAts", INT, since=v.POST_TO_ATS),
        flag("autoCancelParent", since=v.AUTO_CANCEL_PARENT),
        *PEG_OFFSETS_REPORTED,
        F("customerAccount", since=v.CUSTOMER_ACCOUNT),
        flag("professionalCustomer", since=v.PROFESSIONAL_CUSTOMER),
        F("bondAccruedInterest", since=v.BOND_ACCRUED_INTEREST),
        flag("includeOvernight", since=v.INCLUDE_OVERNIGHT),
        F("extOperator", since=v.CME_TAGGING_OPEN_ORDER),
        F("manualOrderIndicator", INT, since=v.CME_TAGGING_OPEN_ORDER),
    ),
)

COMPLETED_ORDER: Final = Message(
    101,
    "completedOrder",
    (
        *ORDER_CONTRACT,
        *_BASIC,
        F("permId", INT, 0),
        *_ROUTING,
        *_ADVISOR,
        *_BOX,
        flag("sweepToFill"),
        flag("allOrNone"),
        F("minQty", INT),
        F("ocaType", INT, 3),
        F("triggerMethod", INT, 0),
        *_VOLATILITY,
        _DNC_COMPLETED,
        *_TRAIL,
        *_LEGS,
        *SCALE_SIZES,
        *HEDGE,
        *_CLEARING,
        F("status"),
        flag("randomizeSize"),
        flag("randomizePrice"),
        PEG_BENCH,
        *ORDER_CONDITIONS,
        F("adjustedTrailStopPrice", REAL),
        F("lmtPriceOffset", REAL_MAX),
        F("cashQty", QTY, 0.0),
        F("dontUseAutoPriceForHedge", INT, 1),
        flag("isOmsContainer"),
        F("autoCancelDate"),
        F("filledQuantity", QTY),
        F("refFuturesConId", INT_MAX),
        flag("autoCancelParent"),
        F("shareholder", TEXT, "Not an insider or substantial shareholder"),
        flag("imbalanceOnly"),
        flag("routeMarketableToBbo"),
        F("parentPermId", LONG_MAX),
        F("completedTime"),
        F("completedStatus"),
        *PEG_OFFSETS_REPORTED,
        F("customerAccount", since=v.CUSTOMER_ACCOUNT),
        flag("professionalCustomer", since=v.PROFESSIONAL_CUSTOMER),
    ),
)
