"""Numbers, times and foreign text as the operator reads them.

The invariant: an unknown value is shown as unknown, signs are always written out, and no text from outside reaches the
terminal with a character that could move its cursor or change its colours.
"""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime, tzinfo
from functools import lru_cache

NONE = "-"
_NS = 1_000_000_000


def plain(text: str) -> str:
    """Return `text` on one line without control, invisible or combining characters."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_visible(char) for char in unicodedata.normalize("NFC", text))


def price(value: float | None) -> str:
    """Return a price: two decimals, four below 10."""
    if value is None:
        return NONE
    return f"{value:,.4f}" if abs(value) < 10 else f"{value:,.2f}"


def money(value: float | None) -> str:
    """Return an amount with its sign and cents."""
    return NONE if value is None else f"{value:+,.2f}"


def quantity(value: float | None) -> str:
    """Return a quantity without sign, whole where it is whole."""
    if value is None:
        return NONE
    return f"{value:,.0f}" if value == int(value) else f"{value:,.4f}".rstrip("0")


def signed(value: float | None) -> str:
    """Return a quantity with its sign; zero has none."""
    if value is None:
        return NONE
    return quantity(value) if value <= 0 else f"+{quantity(value)}"


def percent(value: float | None) -> str:
    """Return a percentage (1.5 means 1.5 %) with its sign."""
    return NONE if value is None else f"{value:+.2f}%"


def short(value: float | None) -> str:
    """Return a figure in at most six characters, such as 950, 0.25, 9.5k or 12.3M."""
    if value is None:
        return NONE
    for limit, divisor, unit in ((1e9, 1e9, "G"), (1e6, 1e6, "M"), (1e4, 1e3, "k")):
        if abs(value) >= limit:
            return f"{value / divisor:.4g}{unit}" if abs(value) >= 100 * divisor else f"{value / divisor:.3g}{unit}"
    return f"{value:.0f}" if value == int(value) else f"{value:.2f}" if abs(value) < 100 else f"{value:.0f}"


def age(seconds: float | None) -> str:
    """Return a duration in its largest unit, cut, so that it changes seldom."""
    if seconds is None:
        return NONE
    if seconds < 1:
        return "<1s"
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "m")):
        if seconds >= size:
            return f"{int(seconds // size)}{unit}"
    return f"{int(seconds)}s"


def clock(ns: int | None, zone: tzinfo = UTC) -> str:
    """Return HH:MM:SS in `zone` of a UTC time in nanoseconds."""
    if ns is None:
        return NONE
    try:
        return datetime.fromtimestamp(ns // _NS, tz=zone).strftime("%H:%M:%S")
    except (OverflowError, OSError, ValueError):
        return NONE


def zone_label(ns: int | None, zone: tzinfo) -> str:
    """Return the zone's name at that time, such as EDT."""
    moment = datetime.fromtimestamp(0 if ns is None else ns // _NS, tz=zone)
    return moment.strftime("%Z")


@lru_cache(maxsize=8)
def exchange_zone(name: str) -> tzinfo:
    """Return the time zone `name`, or UTC when the system does not know it."""
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        return ZoneInfo(name) if name else UTC
    except (ZoneInfoNotFoundError, ValueError):
        return UTC


def masked_account(account: str) -> str:
    """Return an account id with its middle hidden; the last four characters, which some dialogs ask for, are shown."""
    tail = account[-4:]
    head = account[: min(2, max(len(account) - 4, 0))]
    return f"{head}{'*' * (len(account) - len(head) - len(tail))}{tail}"


def _visible(char: str) -> str:
    if char in "\t\n\r\v\f":
        return " "
    category = unicodedata.category(char)
    if category in ("Mn", "Me", "Cf"):
        return ""
    return char if char.isprintable() else "?"
