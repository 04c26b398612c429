"""Market times as people write them: a time of day on the present exchange date, or an ISO time with zone.

Invariant: a time of day is exchange time, whatever this machine's zone.
"""

from __future__ import annotations

from datetime import datetime, time

from tradetui.domain.clock import to_ns
from tradetui.gateway.control.command import CommandError
from tradetui.gateway.session.times import ZONE, local


def parse(text: str, now_ns: int) -> int:
    """UTC ns of `15:30`, `15:30:00` or `2026-03-16T15:30-04:00`. Raises CommandError."""
    try:
        if "T" not in text:
            today = local(now_ns).date()
            return to_ns(datetime.combine(today, time.fromisoformat(text), tzinfo=ZONE))
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise CommandError(f"at {text!r} is not a time; give one like 15:30 or 2026-03-16T15:30-04:00") from None
    if moment.tzinfo is None:
        raise CommandError(f"at {text!r} has no time zone; add one, such as -04:00")
    return to_ns(moment)
