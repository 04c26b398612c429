"""Small markets and sums of their trades, for the market tests."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from tradetui.gateway.market.events import MarketEvent, Trade
from tradetui.gateway.market.synthetic import SyntheticMarket
from tradetui.marketdata.calendar import Session, TradingCalendar

CALENDAR = TradingCalendar.load(first_year=2015, last_year=2027)
SPY, QQQ, TLT = 756733, 320227571, 15547841
Ohlcv = list[float]


def session_on(year: int, month: int, day: int) -> Session:
    session = CALENDAR.session_on(date(year, month, day))
    if session is None:
        raise LookupError(f"{year}-{month}-{day} has no session")
    return session


FRIDAY = session_on(2026, 11, 20)
HALF_DAY = session_on(2026, 11, 27)


def synthetic(
    start_ns: int, *, seed: int = 7, trades: int = 8, symbols: tuple[str, ...] = ("SPY", "QQQ")
) -> SyntheticMarket:
    return SyntheticMarket(seed=seed, calendar=CALENDAR, start_ns=start_ns, symbols=symbols, trades_per_minute=trades)


def bars_of(events: Iterable[MarketEvent], con_id: int, seconds: int) -> dict[int, Ohlcv]:
    """[open, high, low, close, volume] of every interval of `seconds` in which `con_id` traded, by interval number."""
    bars: dict[int, Ohlcv] = {}
    for event in events:
        if not isinstance(event, Trade) or event.con_id != con_id:
            continue
        interval = event.time_ns // (seconds * 1_000_000_000)
        bar = bars.setdefault(interval, [event.price, event.price, event.price, event.price, 0])
        bar[1], bar[2], bar[3] = max(bar[1], event.price), min(bar[2], event.price), event.price
        bar[4] += event.size
    return bars
