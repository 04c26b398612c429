"""What IB's codes mean for the session, in one table; foreign errors become our own here and nowhere else.

A code about an order is never a verdict: it is passed on with the order id, and the trading core looks at the broker.
Sources: IB message codes (https://interactivebrokers.github.io/tws-api/message_codes.html) and system message codes.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum, auto

from tradetui.broker.ib.text import clean_text
from tradetui.domain.errors import BrokerTimeout, NotConnected


class Meaning(Enum):
    """What the connector does on a code; every message is passed on to the core besides."""

    LINK_LOST = auto()
    """TWS lost its server: nothing new is written until 1101 or 1102."""
    LINK_BACK_DATA_LOST = auto()
    """The link is back, subscriptions are gone: subscribe again, then sync."""
    LINK_BACK_DATA_KEPT = auto()
    """The link is back, subscriptions live on: sync only, a second subscription would double the lines."""
    PORT_MOVED = auto()
    """The gateway changed its port: stop and ask, because live and paper differ by port."""
    CLIENT_ID_TAKEN = auto()
    """Another session holds our client id: the same id is tried again, never another one."""
    LINE_DEAD = auto()
    """A market data line got no data and will not: ask again later."""
    QUIET = auto()
    """The tail of something we ended ourselves: nothing to tell."""
    NOTICE = auto()
    """Passed on, no action."""


MEANINGS: dict[int, Meaning] = {
    1100: Meaning.LINK_LOST,
    2110: Meaning.LINK_LOST,
    1101: Meaning.LINK_BACK_DATA_LOST,
    1102: Meaning.LINK_BACK_DATA_KEPT,
    1300: Meaning.PORT_MOVED,
    326: Meaning.CLIENT_ID_TAKEN,
    101: Meaning.LINE_DEAD,  # maximum number of tickers reached
    200: Meaning.LINE_DEAD,  # no security definition
    320: Meaning.LINE_DEAD,  # request cannot be read
    321: Meaning.LINE_DEAD,  # request is not valid
    322: Meaning.LINE_DEAD,  # request cannot be processed
    354: Meaning.LINE_DEAD,  # not subscribed
    420: Meaning.LINE_DEAD,  # invalid real-time query
    10089: Meaning.LINE_DEAD,  # additional subscription required
    10168: Meaning.LINE_DEAD,  # not subscribed, delayed data not enabled
    10186: Meaning.LINE_DEAD,  # not subscribed, delayed data not enabled
    10189: Meaning.LINE_DEAD,  # tick-by-tick refused
    10197: Meaning.LINE_DEAD,  # no market data during competing live session
    10225: Meaning.LINE_DEAD,  # bust event: subscription deactivated
    300: Meaning.QUIET,  # can't find EId: a line that is gone already
    366: Meaning.QUIET,  # no historical data query found: it is gone already
}

#: Text by which IB says that the API may look but not trade.
READ_ONLY_MARK = "read-only"


def meaning_of(code: int) -> Meaning:
    """Return what `code` means for the session or a data line."""
    return MEANINGS.get(code, Meaning.NOTICE)


@contextmanager
def mapped_errors(what: str, limit_s: float) -> Iterator[None]:
    """Turn socket and time-out errors of `what`, which had `limit_s` seconds, into our own.

    Raises:
        BrokerTimeout: the time limit passed.
        NotConnected: the socket is gone or never was.
    """
    try:
        yield
    except TimeoutError:
        raise BrokerTimeout(f"{what}: no complete answer within {limit_s:g} s") from None
    except OSError as error:  # ConnectionError included: the library raises it when there is no socket
        reason = error.strerror or str(error) or type(error).__name__
        raise NotConnected(f"{what}: {clean_text(reason)}") from None
