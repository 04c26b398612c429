"""Figures that clients ask for by generic tick number: ranges of past weeks, volatility, shares to borrow.

Invariant: each follows from the market's own history or the venue's own rules; what cannot be known is not sent.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from tradetui.domain.clock import SECOND_NS
from tradetui.gateway.market.bars import HistoryBar
from tradetui.gateway.market.market import HistoryError, Market
from tradetui.gateway.venue.venue import Venue
from tradetui.gateway.wire.kinds import Scalar
from tradetui.gateway.wire.message import Message
from tradetui.gateway.wire.replies_market import TICK_GENERIC, TICK_PRICE, TICK_SIZE

HISTORICAL_VOLATILITY, MISCELLANEOUS, SHORTABLE = "104", "165", "236"
#: Weeks of a range, the tick types of its low and its high.
_RANGES: Final = ((13, 15, 16), (26, 17, 18), (52, 19, 20))
_AVERAGE_VOLUME, _VOLATILITY, _SHORTABLE, _SHORTABLE_SHARES = 21, 23, 46, 89
_WEEK_NS: Final = 7 * 86_400 * SECOND_NS
_AVERAGE_DAYS: Final = 90
_VOLATILITY_DAYS: Final = 30
_SESSIONS_A_YEAR: Final = 252
_MANY: Final = 1000
"""Shares that can be borrowed from which on IB says that there are plenty."""
Tick = tuple[Message, int, tuple[Scalar, ...]]


def generic_ticks(market: Market, venue: Venue, con_id: int, wanted: set[str], now_ns: int) -> Iterator[Tick]:
    """(message, tick type, values) of everything wanted that is known."""
    if wanted & {MISCELLANEOUS, HISTORICAL_VOLATILITY}:
        bars = _daily(market, con_id, now_ns)
        if MISCELLANEOUS in wanted and bars:
            yield from _miscellaneous(bars, now_ns)
        if HISTORICAL_VOLATILITY in wanted and len(bars) > _VOLATILITY_DAYS:
            yield TICK_GENERIC, _VOLATILITY, (_volatility(bars[-_VOLATILITY_DAYS - 1 :]),)
    if SHORTABLE in wanted:
        shares = venue.shares_to_borrow(con_id)
        yield TICK_GENERIC, _SHORTABLE, (3.0 if shares is None or shares >= _MANY else 2.0 if shares else 1.0,)
        if shares is not None:
            yield TICK_SIZE, _SHORTABLE_SHARES, (shares,)


def _daily(market: Market, con_id: int, now_ns: int) -> list[HistoryBar]:
    try:
        return market.history(
            con_id, end_ns=now_ns, duration="1 Y", bar_size="1 day", what="TRADES", use_rth=True, now_ns=now_ns
        )
    except HistoryError:
        # A currency has no trades, so none of these.
        return []


def _miscellaneous(bars: list[HistoryBar], now_ns: int) -> Iterator[Tick]:
    for weeks, low, high in _RANGES:
        span = [bar for bar in bars if bar.end_ns > now_ns - weeks * _WEEK_NS]
        if span:
            yield TICK_PRICE, low, (min(bar.low for bar in span), 0, 0)
            yield TICK_PRICE, high, (max(bar.high for bar in span), 0, 0)
    volumes = [bar.volume or 0 for bar in bars if bar.end_ns <= now_ns][-_AVERAGE_DAYS:]
    if volumes:
        yield TICK_SIZE, _AVERAGE_VOLUME, (sum(volumes) // len(volumes),)


def _volatility(bars: list[HistoryBar]) -> float:
    """Yearly standard deviation of the daily log-returns."""
    returns = [math.log(after.close / before.close) for before, after in pairwise(bars)]
    mean = sum(returns) / len(returns)
    variance = sum((each - mean) ** 2 for each in returns) / (len(returns) - 1)
    return math.sqrt(variance * _SESSIONS_A_YEAR)
