"""IB's spellings of time, both ways. Exchange time is US/Eastern on the wire.

Invariant: a time without zone is exchange time, except the dashed form, which is UTC; this machine's zone has no say.
"""

from datetime import UTC, datetime, time
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tradetui.domain.clock import SECOND_NS, to_datetime, to_ns
from tradetui.gateway.wire.versions import INSTRUMENT_TIMEZONE

ZONE_NAME: Final = "US/Eastern"
ZONE: Final = ZoneInfo(ZONE_NAME)
_ALIASES: Final = {"EST": ZONE_NAME, "EST5EDT": ZONE_NAME, "EDT": ZONE_NAME, "GMT": "UTC", "Z": "UTC"}


def local(ns: int) -> datetime:
    """Exchange-local time of a UTC nanosecond stamp."""
    return to_datetime(ns).astimezone(ZONE)


def stamp(ns: int, version: int) -> str:
    """`20260413 15:27:04 US/Eastern`; older clients get two spaces and no zone."""
    moment = local(ns)
    if version < INSTRUMENT_TIMEZONE:
        return moment.strftime("%Y%m%d  %H:%M:%S")
    return moment.strftime("%Y%m%d %H:%M:%S ") + ZONE_NAME


def zoned(ns: int) -> str:
    """`20260413 15:27:04 US/Eastern`, whatever the client's version."""
    return local(ns).strftime("%Y%m%d %H:%M:%S ") + ZONE_NAME


def dashed(ns: int) -> str:
    """`20260413-19:27:04`, UTC."""
    return to_datetime(ns).strftime("%Y%m%d-%H:%M:%S")


def day(ns: int) -> str:
    """`20260413`, the exchange date."""
    return local(ns).strftime("%Y%m%d")


def epoch(ns: int) -> int:
    """Whole seconds since the epoch."""
    return ns // SECOND_NS


def parse(text: str) -> int | None:
    """UTC nanoseconds of a client's time; None if empty. Raises ValueError if it is none of IB's spellings."""
    words = text.split()
    if not words:
        return None
    if "-" in words[0] and len(words) == 1:
        return to_ns(datetime.strptime(words[0], "%Y%m%d-%H:%M:%S").replace(tzinfo=UTC))
    moment = datetime.strptime(words[0], "%Y%m%d").replace(tzinfo=ZONE)
    if len(words) == 1:
        return to_ns(moment)
    clock = time.fromisoformat(words[1])
    zone = _zone(" ".join(words[2:])) if len(words) > 2 else ZONE
    return to_ns(datetime.combine(moment.date(), clock, tzinfo=zone))


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(_ALIASES.get(name, name))
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"unknown time zone {name!r}") from error
