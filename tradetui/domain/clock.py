"""Two clocks, handed in with every event, never read inside the domain.

Market time is exchange time (UTC): calendars, bars, trading dates and stored stamps use it. In the demo it runs faster
than real time. Monotonic time is real elapsed time on this machine: every duration and time limit uses it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

SECOND_NS = 1_000_000_000
MINUTE_NS = 60 * SECOND_NS


@dataclass(frozen=True, slots=True)
class Now:
    """One instant: `market_ns` UTC nanoseconds since the epoch, `mono_ns` monotonic nanoseconds."""

    market_ns: int
    mono_ns: int


def to_datetime(ns: int) -> datetime:
    """Return the timezone-aware UTC datetime of `ns` nanoseconds since the epoch (cut to microseconds)."""
    seconds, rest = divmod(ns, SECOND_NS)
    return datetime.fromtimestamp(seconds, tz=UTC).replace(microsecond=rest // 1000)


def to_ns(moment: datetime) -> int:
    """Return nanoseconds since the epoch of a timezone-aware datetime.

    Raises:
        ValueError: `moment` carries no time zone.
    """
    if moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()} has no time zone; give one, such as +00:00")
    whole = moment.replace(microsecond=0)
    return int(whole.timestamp()) * SECOND_NS + moment.microsecond * 1000
