"""IB's words for historical requests: durations, bar sizes, kinds of data; and IB's refusals for bad ones.

Invariant: what is not one of IB's spellings is refused with IB's code and text, never guessed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

from tradetui.domain.clock import SECOND_NS
from tradetui.gateway.market.market import HistoryError
from tradetui.gateway.market.tickpath import Style
from tradetui.marketdata.calendar import TradingCalendar

DAY_SECONDS = 86_400
WEEK_SECONDS = 7 * DAY_SECONDS
MONTH_SECONDS = 30 * DAY_SECONDS

#: Legal bar sizes and their seconds, in the order IB lists them.
BAR_SECONDS: dict[str, int] = {
    "1 secs": 1,
    "5 secs": 5,
    "10 secs": 10,
    "15 secs": 15,
    "30 secs": 30,
    "1 min": 60,
    "2 mins": 120,
    "3 mins": 180,
    "5 mins": 300,
    "10 mins": 600,
    "15 mins": 900,
    "20 mins": 1200,
    "30 mins": 1800,
    "1 hour": 3600,
    "2 hours": 7200,
    "3 hours": 10_800,
    "4 hours": 14_400,
    "8 hours": 28_800,
    "1 day": DAY_SECONDS,
    "1 week": WEEK_SECONDS,
    "1 month": MONTH_SECONDS,
}
_ALIASES = {"1 sec": "1 secs", "1 mins": "1 min", "1 hours": "1 hour", "1D": "1 day", "1W": "1 week", "1M": "1 month"}

TRADES = frozenset({"TRADES", "ADJUSTED_LAST", "AGGTRADES"})
QUOTES = frozenset({"MIDPOINT", "BID", "ASK", "BID_ASK"})
_DURATION = re.compile(r"(\d+) ?([SDWMY])")
_MAX_SECONDS = DAY_SECONDS
_MAX_DAYS = 365


@dataclass(frozen=True, slots=True)
class Span:
    """How far back: `count` of unit S, D, W, M or Y."""

    count: int
    unit: str


def bar_seconds(text: str) -> int:
    """Seconds of a bar size. Raises HistoryError 321."""
    name = " ".join(text.split())
    seconds = BAR_SECONDS.get(_ALIASES.get(name, name))
    if seconds is None:
        raise _invalid("Historical data bar size setting is invalid. Legal ones are: " + ",".join(BAR_SECONDS))
    return seconds


def span(text: str) -> Span:
    """A duration. Raises HistoryError 321 for a wrong form or one that IB wants in a larger unit."""
    match = _DURATION.fullmatch(text.strip())
    if match is None or int(match[1]) == 0:
        raise _invalid(
            "Historical data query end date/time string or duration is invalid. Format of duration is: <n> S|D|W|M|Y"
        )
    count, unit = int(match[1]), match[2]
    if unit == "S" and count > _MAX_SECONDS:
        raise _invalid("Historical data requests for durations longer than 86400 seconds must be made in days.")
    if unit == "D" and count > _MAX_DAYS:
        raise _invalid("Historical data requests for durations longer than 365 days must be made in years.")
    return Span(count, unit)


def check_what(text: str) -> str:
    """The kind of data. Raises HistoryError 321."""
    if text not in TRADES and text not in QUOTES:
        raise _invalid(f"Historical data query what-to-show '{text}' is invalid or not supported for this instrument.")
    return text


def check_kind(what: str, style: Style) -> None:
    """Nobody prints currencies and nobody quotes an index. Raises HistoryError 162."""
    if style.shows_prints if what in TRADES else style.shows_quotes:
        return
    raise HistoryError(162, f"Historical Market Data Service error message:No data of type {what} is available")


def first_day(span: Span, last: date) -> date:
    """First calendar date of a span in weeks, months or years that ends on `last` (both included)."""
    if span.unit == "W":
        return last - timedelta(days=7 * span.count - 1)
    months = span.count if span.unit == "M" else 12 * span.count
    year, month = divmod(last.year * 12 + last.month - 1 - months, 12)
    for day in range(last.day, 27, -1):
        try:
            return date(year, month + 1, day) + timedelta(days=1)
        except ValueError:
            continue
    return date(year, month + 1, min(last.day, 28)) + timedelta(days=1)


def span_start(calendar: TradingCalendar, span: Span, end_ns: int) -> int:
    """Where a span that ends at `end_ns` begins, UTC ns: the open of its first session, or within one for seconds."""
    upcoming = calendar.current_or_next(end_ns - 1)
    last = upcoming if upcoming.open_ns < end_ns else calendar.session(max(upcoming.index - 1, 0))
    if span.unit == "D":
        return calendar.session(max(last.index - span.count + 1, 0)).open_ns
    if span.unit != "S":
        day = first_day(span, calendar.local(end_ns - 1).date())
        return max(calendar.midnight_of(day), calendar.session(0).open_ns)
    # Seconds count trading time: asked at night, an hour is the last hour of the day.
    wanted, cursor = span.count * SECOND_NS, min(end_ns, last.close_ns)
    while wanted > cursor - last.open_ns and last.index:
        wanted -= cursor - last.open_ns
        last = calendar.session(last.index - 1)
        cursor = last.close_ns
    return max(cursor - wanted, last.open_ns)


def _invalid(cause: str) -> HistoryError:
    return HistoryError(321, f"Error validating request.-'bT' : cause - {cause}")


def too_long() -> HistoryError:
    """162: more bars than IB would send."""
    return HistoryError(162, "Historical Market Data Service error message:Time length exceed max.")
