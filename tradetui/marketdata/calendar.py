"""Exchange sessions as plain integers: the only place where UTC meets exchange time.

Invariant: sessions are half-open [open, close) in UTC nanoseconds, strictly increasing, never overlapping; holidays,
early closes and daylight saving are already in the numbers, so a lookup is a bisect and needs no pandas.
The source is pandas-market-calendars (see `calendar_source`), which is imported only when no cache file has the answer.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

from tradetui.domain.clock import MINUTE_NS, SECOND_NS
from tradetui.domain.errors import OperatorError
from tradetui.marketdata.calendar_source import SessionTable, session_table

DAY_SECONDS = 86_400


@dataclass(frozen=True, slots=True)
class Session:
    """One trading session: exchange date, [open_ns, close_ns) in UTC ns, and whether it closes early.

    `index` counts sessions from the start of the calendar's range.
    """

    index: int
    date: date
    open_ns: int
    close_ns: int
    is_early_close: bool

    def bar_end(self, ns: int, bar_seconds: int) -> int:
        """End of the bar that contains `ns` (open <= ns < close): aligned with the open, cut at the close.

        A bar of a day or longer is the session.
        """
        if bar_seconds >= DAY_SECONDS:
            return self.close_ns
        step = bar_seconds * SECOND_NS
        return min(self.open_ns + ((ns - self.open_ns) // step + 1) * step, self.close_ns)

    def bar_ends(self, bar_seconds: int) -> list[int]:
        """Every bar end of the session in order; the last one is the close."""
        if bar_seconds >= DAY_SECONDS:
            return [self.close_ns]
        step = bar_seconds * SECOND_NS
        ends = list(range(self.open_ns + step, self.close_ns, step))
        ends.append(self.close_ns)
        return ends


class TradingCalendar:
    """Sessions of one exchange over a range of years. Times outside the range raise OperatorError."""

    def __init__(self, name: str, table: SessionTable) -> None:
        self.name = name
        self.zone = ZoneInfo(table.zone)
        self._opens = list(table.opens)
        self._closes = list(table.closes)
        self._days = list(table.days)
        self._early = frozenset(table.early)
        self._last = self._session(0)

    @classmethod
    def load(
        cls, name: str = "XNYS", *, first_year: int = 1995, last_year: int = 2040, cache_file: Path | None = None
    ) -> TradingCalendar:
        """The calendar of an exchange (MIC) for whole years, both included; one object per process and range.

        `cache_file` saves the second that pandas takes: it is read if it fits and written if it does not.
        Raises OperatorError for an unknown exchange or an empty range.
        """
        return _load(name, first_year, last_year, cache_file)

    def session_at(self, ns: int) -> Session | None:
        """The session in progress at `ns`, None when the exchange is closed."""
        last = self._last
        if last.open_ns <= ns < last.close_ns:
            return last
        index = bisect_right(self._opens, ns) - 1
        if index < 0 or ns >= self._closes[index]:
            self._check_range(ns)
            return None
        self._last = self._session(index)
        return self._last

    def is_open(self, ns: int) -> bool:
        """Whether the exchange is in a regular session at `ns`; true at the open, false at the close."""
        return self.session_at(ns) is not None

    def next_open(self, ns: int) -> int:
        """The first open strictly after `ns`."""
        return self._opens[self._within(bisect_right(self._opens, ns), ns)]

    def next_close(self, ns: int) -> int:
        """The first close strictly after `ns`: of the session in progress, else of the next one."""
        return self._closes[self._within(bisect_right(self._closes, ns), ns)]

    def previous_close(self, ns: int) -> int:
        """The last close at or before `ns`."""
        return self._closes[self._within(bisect_right(self._closes, ns) - 1, ns)]

    def current_or_next(self, ns: int) -> Session:
        """The session in progress at `ns`, else the next one."""
        return self._session(self._within(bisect_right(self._closes, ns), ns))

    def session_date(self, ns: int) -> date:
        """The trading date `ns` counts for: its exchange-local date if that has a session, else the next session's.

        So the evening after the close still belongs to the day, and a weekend to the Monday.
        """
        index = bisect_left(self._days, self.local(ns).date().toordinal())
        return date.fromordinal(self._days[self._within(index, ns)])

    def minutes_since_open(self, ns: int) -> float | None:
        """Minutes from the open of the session in progress, None when closed."""
        session = self.session_at(ns)
        return None if session is None else (ns - session.open_ns) / MINUTE_NS

    def minutes_to_close(self, ns: int) -> float | None:
        """Minutes to the close of the session in progress, None when closed."""
        session = self.session_at(ns)
        return None if session is None else (session.close_ns - ns) / MINUTE_NS

    def bar_end(self, ns: int, bar_seconds: int) -> int | None:
        """End of the bar that contains `ns`, None when closed. See Session.bar_end."""
        session = self.session_at(ns)
        return None if session is None else session.bar_end(ns, bar_seconds)

    def session_on(self, day: date) -> Session | None:
        """The session of an exchange date, None on a holiday or weekend."""
        index = bisect_left(self._days, day.toordinal())
        if index < len(self._days) and self._days[index] == day.toordinal():
            return self._session(index)
        return None

    def session(self, index: int) -> Session:
        """The session with this index (0 is the first of the range)."""
        if not 0 <= index < len(self._opens):
            raise OperatorError(f"calendar {self.name} has {len(self._opens)} sessions; {index} is outside")
        return self._session(index)

    def sessions_between(self, start_ns: int, end_ns: int) -> Iterator[Session]:
        """Sessions with any part in [start_ns, end_ns), oldest first."""
        first = bisect_right(self._closes, start_ns)
        last = bisect_left(self._opens, end_ns)
        return (self._session(index) for index in range(first, last))

    def bar_boundaries(self, start_ns: int, end_ns: int, bar_seconds: int) -> list[int]:
        """Bar ends in (start_ns, end_ns], over all sessions, oldest first."""
        return [
            end
            for session in self.sessions_between(start_ns, end_ns)
            for end in session.bar_ends(bar_seconds)
            if start_ns < end <= end_ns
        ]

    def local(self, ns: int) -> datetime:
        """`ns` as an aware datetime in exchange time, cut to microseconds."""
        seconds, rest = divmod(ns, SECOND_NS)
        return datetime.fromtimestamp(seconds, tz=self.zone).replace(microsecond=rest // 1000)

    def midnight_after(self, ns: int) -> int:
        """The next exchange-local midnight strictly after `ns`, UTC ns."""
        return self.midnight_of(self.local(ns).date() + timedelta(days=1))

    def midnight_of(self, day: date) -> int:
        """The exchange-local midnight at which `day` begins, UTC ns."""
        return int(datetime(day.year, day.month, day.day, tzinfo=self.zone).timestamp()) * SECOND_NS

    def _session(self, index: int) -> Session:
        return Session(
            index,
            date.fromordinal(self._days[index]),
            self._opens[index],
            self._closes[index],
            index in self._early,
        )

    def _within(self, index: int, ns: int) -> int:
        if 0 <= index < len(self._opens):
            return index
        raise OperatorError(self._range_text(ns))

    def _check_range(self, ns: int) -> None:
        # Silence outside the range would read as "closed" for ever; a wrong clock must be seen.
        if ns < self._opens[0] - 31 * DAY_SECONDS * SECOND_NS or ns > self._closes[-1] + 31 * DAY_SECONDS * SECOND_NS:
            raise OperatorError(self._range_text(ns))

    def _range_text(self, ns: int) -> str:
        first, last = date.fromordinal(self._days[0]), date.fromordinal(self._days[-1])
        return (
            f"calendar {self.name} covers {first} to {last}, not {self.local(ns):%Y-%m-%d %H:%M}; "
            "check the clock or the dates asked for"
        )


@lru_cache(maxsize=8)
def _load(name: str, first_year: int, last_year: int, cache_file: Path | None) -> TradingCalendar:
    return TradingCalendar(name, session_table(name, first_year, last_year, cache_file))
