"""Which bar a moment belongs to: the one rule of alignment, for live bars and for reading history.

Invariant: intervals are half-open [start, end), never overlap, and never cross a session's open or close.
"""

from __future__ import annotations

from tradetui.domain.bar import BarSize
from tradetui.marketdata.calendar import Session, TradingCalendar


def interval_at(
    calendar: TradingCalendar, ts_ns: int, size: BarSize, *, regular_hours: bool = True
) -> tuple[int, int] | None:
    """Return (start_ns, end_ns) of the bar that contains `ts_ns`, None when no bar does.

    In a session bars are aligned with its open and cut at its close; a day bar is the session. With `regular_hours`
    False there are bars outside it too: before the open aligned back from it, after the close forward from the close
    to midnight, exchange time.
    """
    session = calendar.session_at(ts_ns)
    if session is not None:
        return _inside(session, ts_ns, size)
    if regular_hours or size is BarSize.D1:
        return None
    return _outside(calendar, ts_ns, size)


def _inside(session: Session, ts_ns: int, size: BarSize) -> tuple[int, int]:
    if size is BarSize.D1:
        return session.open_ns, session.close_ns
    step = size.nanos
    start_ns = session.open_ns + (ts_ns - session.open_ns) // step * step
    return start_ns, min(start_ns + step, session.close_ns)


def _outside(calendar: TradingCalendar, ts_ns: int, size: BarSize) -> tuple[int, int]:
    step = size.nanos
    close_ns = calendar.previous_close(ts_ns)
    midnight_ns = calendar.midnight_after(close_ns)
    if ts_ns < midnight_ns:
        start_ns = close_ns + (ts_ns - close_ns) // step * step
        return start_ns, min(start_ns + step, midnight_ns)
    open_ns = calendar.next_open(ts_ns)
    end_ns = open_ns - (open_ns - ts_ns - 1) // step * step
    return max(end_ns - step, midnight_ns), end_ns
