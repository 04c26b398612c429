"""Layouts of scanner and news replies, and the catalogue of every reply by its id.

Invariant: the gateway sends no message that is not in `REPLIES`.
"""

from typing import Final

from tradetui.gateway.wire.kinds import INT, QTY
from tradetui.gateway.wire.message import Message
from tradetui.gateway.wire.replies_account import ACCOUNT, ORDERS, REQ
from tradetui.gateway.wire.replies_market import REFERENCE, SERIES, TICKS
from tradetui.gateway.wire.schema import C, F, Rows, flag

SCANNER_PARAMETERS: Final = Message(19, "scannerParameters", (C("1"), F("xml")))
SCANNER_DATA: Final = Message(
    20,
    "scannerData",
    (
        C("3"),
        REQ,
        Rows(
            "rows",
            (
                F("rank", INT),
                F("conId", INT),
                F("symbol"),
                F("secType"),
                F("expiry"),
                F("strike", QTY, 0.0),
                F("right"),
                F("exchange"),
                F("currency"),
                F("localSymbol"),
                F("marketName"),
                F("tradingClass"),
                F("distance"),
                F("benchmark"),
                F("projection"),
                F("legs"),
            ),
        ),
    ),
)
NEWS_BULLETIN: Final = Message(
    14, "updateNewsBulletin", (C("1"), F("messageId", INT), F("type", INT), F("text"), F("exchange"))
)
NEWS_PROVIDERS: Final = Message(85, "newsProviders", (Rows("providers", (F("code"), F("name"))),))
NEWS_ARTICLE: Final = Message(83, "newsArticle", (REQ, F("type", INT), F("text")))
TICK_NEWS: Final = Message(
    84,
    "tickNews",
    (REQ, F("time", INT), F("provider"), F("articleId"), F("headline"), F("extra")),
)
HISTORICAL_NEWS: Final = Message(86, "historicalNews", (REQ, F("time"), F("provider"), F("articleId"), F("headline")))
HISTORICAL_NEWS_END: Final = Message(87, "historicalNewsEnd", (REQ, flag("hasMore")))
RESEARCH: Final = (
    SCANNER_PARAMETERS,
    SCANNER_DATA,
    NEWS_BULLETIN,
    NEWS_PROVIDERS,
    NEWS_ARTICLE,
    TICK_NEWS,
    HISTORICAL_NEWS,
    HISTORICAL_NEWS_END,
)

REPLIES: Final[dict[int, Message]] = {
    message.id: message for message in (*ORDERS, *ACCOUNT, *REFERENCE, *TICKS, *SERIES, *RESEARCH)
}
"""Every reply by its id."""
