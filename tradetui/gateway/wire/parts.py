"""Groups of fields that several messages share: contracts, combo legs, tag-value lists, order conditions.

Invariant: a group that the protocol spells the same everywhere is declared here once.
"""

import math
from typing import Final

from tradetui.gateway.wire import versions as v
from tradetui.gateway.wire.kinds import FLAG, INT, INT_MAX, QTY, REAL, TEXT
from tradetui.gateway.wire.schema import Condition, F, Node, Rows, When, flag

_ID_TO_MULTIPLIER: Final = (
    F("conId", INT, 0),
    F("symbol"),
    F("secType"),
    F("expiry"),
    F("strike", REAL, 0.0),
    F("right"),
    F("multiplier"),
)
_NAMES: Final = (F("currency"), F("localSymbol"), F("tradingClass"))

CONTRACT: Final[tuple[Node, ...]] = (*_ID_TO_MULTIPLIER, F("exchange"), F("primaryExchange"), *_NAMES)
"""The twelve fields with which every request names a contract."""
CONTRACT_ONE_EXCHANGE: Final[tuple[Node, ...]] = (*_ID_TO_MULTIPLIER, F("exchange"), *_NAMES)
"""The eleven fields with which orders, executions and positions carry one."""
CONTRACT_PRIMARY: Final[tuple[Node, ...]] = (*_ID_TO_MULTIPLIER, F("primaryExchange"), *_NAMES)
"""As above, in portfolio rows, with the primary exchange."""
ORDER_CONTRACT: Final[tuple[Node, ...]] = (
    F("conId", INT, 0),
    F("symbol"),
    F("secType"),
    F("expiry"),
    F("strike", QTY, 0.0),
    F("right", TEXT, "?"),
    F("multiplier"),
    F("exchange"),
    *_NAMES,
)
"""As above, in open and completed orders, where an empty right is `?` and a zero strike is `0`."""

TAG_VALUE: Final[tuple[Node, ...]] = (F("tag"), F("value"))

BASIC_LEG: Final[tuple[Node, ...]] = (F("conId", INT), F("ratio", INT), F("action"), F("exchange"))
ORDER_LEG: Final[tuple[Node, ...]] = (
    *BASIC_LEG,
    F("openClose", INT, 0),
    F("shortSaleSlot", INT, 0),
    F("designatedLocation"),
    F("exemptCode", INT, -1),
)
BAG: Final = Condition("secType", ("BAG",))
BAG_LEGS: Final = When(BAG, (Rows("comboLegs", BASIC_LEG),))
DELTA_NEUTRAL_CONTRACT: Final[tuple[Node, ...]] = (
    F("deltaNeutralContract", FLAG, False),
    When(Condition("deltaNeutralContract"), (F("dncConId", INT), F("dncDelta", REAL), F("dncPrice", REAL))),
)

_PRICE, _TIME, _MARGIN, _EXECUTION, _VOLUME, _PERCENT = 1, 3, 4, 5, 6, 7


def _condition_of(kind: int, *nodes: Node) -> When:
    return When(Condition("type", (kind,)), nodes)


_MORE: Final = F("isMore", FLAG, True)
_ON_CONTRACT: Final = (F("conId", INT), F("exchange"))
_CONDITION: Final[tuple[Node, ...]] = (
    F("type", INT),
    F("conjunction", TEXT, "a"),
    _condition_of(_PRICE, _MORE, F("price", REAL), *_ON_CONTRACT, F("triggerMethod", INT, 0)),
    _condition_of(_TIME, _MORE, F("time")),
    _condition_of(_MARGIN, _MORE, F("percent", INT)),
    _condition_of(_EXECUTION, F("secType"), F("exchange"), F("symbol")),
    _condition_of(_VOLUME, _MORE, F("volume", INT), *_ON_CONTRACT),
    _condition_of(_PERCENT, _MORE, F("changePercent", REAL), *_ON_CONTRACT),
)
ORDER_CONDITIONS: Final[tuple[Node, ...]] = (
    Rows("conditions", _CONDITION),
    When(Condition("conditions"), (flag("conditionsIgnoreRth"), flag("conditionsCancelOrder"))),
)

SCALE_DETAIL: Final = When(
    Condition("scalePriceIncrement"),
    (
        F("scalePriceAdjustValue", REAL),
        F("scalePriceAdjustInterval", INT),
        F("scaleProfitOffset", REAL),
        flag("scaleAutoReset"),
        F("scaleInitPosition", INT),
        F("scaleInitFillQty", INT),
        flag("scaleRandomPercent"),
    ),
)
HEDGE: Final[tuple[Node, ...]] = (F("hedgeType"), When(Condition("hedgeType"), (F("hedgeParam"),)))
ALGO: Final[tuple[Node, ...]] = (
    F("algoStrategy"),
    When(Condition("algoStrategy"), (Rows("algoParams", TAG_VALUE),)),
)
PEG_BENCH: Final = When(
    Condition("orderType", ("PEG BENCH", "PEGBENCH")),
    (
        F("referenceContractId", INT, 0),
        flag("isPeggedChangeAmountDecrease"),
        F("peggedChangeAmount", REAL, 0.0),
        F("referenceChangeAmount", REAL, 0.0),
        F("referenceExchangeId"),
    ),
)
_OFFSETS: Final = (F("midOffsetAtWhole", REAL), F("midOffsetAtHalf", REAL))
PEG_OFFSETS_PLACED: Final = (
    When(Condition("exchange", ("IBKRATS",)), (F("minTradeQty", INT),), since=v.PEG_OFFSETS),
    When(
        Condition("orderType", ("PEG BEST", "PEGBEST")),
        (
            F("minCompeteSize", INT),
            F("competeAgainstBestOffset", REAL),
            When(Condition("competeAgainstBestOffset", (math.inf,)), _OFFSETS),
        ),
        since=v.PEG_OFFSETS,
    ),
    When(Condition("orderType", ("PEG MID", "PEGMID")), _OFFSETS, since=v.PEG_OFFSETS),
)
PEG_OFFSETS_REPORTED: Final = tuple(
    F(name, kind, since=v.PEG_OFFSETS)
    for name, kind in (
        ("minTradeQty", INT),
        ("minCompeteSize", INT),
        ("competeAgainstBestOffset", REAL),
        ("midOffsetAtWhole", REAL),
        ("midOffsetAtHalf", REAL),
    )
)
SCALE_SIZES: Final = (
    F("scaleInitLevelSize", INT_MAX),
    F("scaleSubsLevelSize", INT_MAX),
    F("scalePriceIncrement", REAL),
    SCALE_DETAIL,
)
