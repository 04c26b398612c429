"""This machine's clock: an order at the wrong time of day is a wrong order."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime

from tradetui.doctor.finding import Case, Finding, fail, ok, skip, warn

#: No release of this program is older.
RELEASED = datetime(2026, 1, 1, tzinfo=UTC)
#: Written by systemd-timesyncd once the clock was set by a server; chrony and ntpd keep a file each.
_SYNC_MARKS = (
    "run/systemd/timesync/synchronized",
    "var/lib/chrony/drift",
    "var/lib/chrony/chrony.drift",
    "var/lib/ntpsec/ntp.drift",
    "var/lib/ntp/ntp.drift",
)
_VIRTUAL_CLOCKS = ("dev/ptp0", "dev/ptp_kvm", "dev/ptp_hyperv")


def check_clock(case: Case) -> Iterator[Finding]:
    """Check that the clock can be right and that something keeps it so."""
    now = datetime.now(UTC)
    text = f"{now:%Y-%m-%d %H:%M:%S} UTC"
    if now < RELEASED:
        yield fail("clock", f"{text} is in the past", "set the clock; keep it by NTP")
    elif any((case.root / mark).exists() for mark in _SYNC_MARKS):
        yield ok("clock", f"{text}, kept by a time service")
    elif any((case.root / mark).exists() for mark in _VIRTUAL_CLOCKS):
        yield ok("clock", f"{text}, the host's clock is at hand")
    else:
        remedy = "run systemd-timesyncd, chrony or ntpd; stamps, schedules and stale-data limits rest on the clock"
        yield warn("clock", f"{text}; no time service was found", remedy)


def check_sessions(case: Case) -> Iterator[Finding]:
    """Check that the exchange calendar knows today."""
    from tradetui.domain.errors import OperatorError
    from tradetui.marketdata.calendar import TradingCalendar

    if case.config is None:
        yield skip("calendar", "the configuration is refused")
        return
    name = case.config.market.calendar
    cache = case.paths.cache / f"calendar-{name}.bin" if case.paths.cache.is_dir() else None
    try:
        calendar = TradingCalendar.load(name, cache_file=cache)
        session = calendar.current_or_next(time.time_ns())
    except OperatorError as error:
        yield fail("calendar", str(error), "correct market.calendar, the clock, or update pandas-market-calendars")
        return
    opens, closes = calendar.local(session.open_ns), calendar.local(session.close_ns)
    early = ", an early close" if session.is_early_close else ""
    yield ok("calendar", f"{name}: session of {session.date} {opens:%H:%M} to {closes:%H:%M} {opens:%Z}{early}")
