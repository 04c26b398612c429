"""Historical bars: IB's durations, paging and pacing on one side, closed bars of ours on the other.

Invariants: a bar is returned only if it is closed at the end asked for; IB labels a bar with its START (a day bar with
its date), we with its end; an error is raised, never returned as an empty list. "No data" is an answer and empty.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import cast

from tradetui.broker.ib.library import BarData, Contract
from tradetui.broker.ib.pacing import HistoryPacer
from tradetui.broker.ib.session import Session
from tradetui.domain.bar import Bar, BarSize
from tradetui.domain.clock import SECOND_NS, to_datetime
from tradetui.domain.errors import BrokerRefused, BrokerTimeout
from tradetui.marketdata.calendar import TradingCalendar
from tradetui.marketdata.intervals import interval_at
from tradetui.marketdata.regroup import regroup


@dataclass(frozen=True, slots=True)
class Step:
    """How bars of one size are asked for: IB's name of the size, and the most one request covers."""

    size: BarSize
    ib_size: str
    seconds: int = 0
    days: int = 0


#: Source: https://interactivebrokers.github.io/tws-api/historical_limitations.html, "valid bar sizes" per duration.
STEPS = {
    BarSize.S5: Step(BarSize.S5, "5 secs", seconds=3600),
    BarSize.S10: Step(BarSize.S10, "10 secs", seconds=14_400),
    BarSize.S15: Step(BarSize.S15, "15 secs", seconds=14_400),
    BarSize.S30: Step(BarSize.S30, "30 secs", seconds=28_800),
    BarSize.M1: Step(BarSize.M1, "1 min", days=5),
    BarSize.M2: Step(BarSize.M2, "2 mins", days=10),
    BarSize.M5: Step(BarSize.M5, "5 mins", days=20),
    BarSize.M15: Step(BarSize.M15, "15 mins", days=40),
    BarSize.M30: Step(BarSize.M30, "30 mins", days=60),
    BarSize.H1: Step(BarSize.M30, "30 mins", days=60),  # IB's hours begin on the clock hour: made of half hours
    BarSize.D1: Step(BarSize.D1, "1 day", days=365),
}

#: Requests of one call: beyond it the caller gets what there is.
MAX_PAGES = 60

NO_DATA_CODE = 162
NO_DATA_MARK = "no data"


class History:
    """Historical requests of a connector; pacing outlives a session, because IB counts across them."""

    def __init__(self, calendar: TradingCalendar, mono_ns: Callable[[], int], market_now_ns: Callable[[], int]) -> None:
        self._calendar = calendar
        self._market_now_ns = market_now_ns
        self._pacer = HistoryPacer(mono_ns)

    async def bars(
        self,
        session: Session,
        symbol: str,
        contract: Contract,
        size: BarSize,
        count: int,
        end_ns: int | None,
        timeout_s: float,
    ) -> list[Bar]:
        """Return up to `count` closed bars that end at or before `end_ns` (None: now), oldest first.

        Raises:
            BrokerError: refused, timed out or not connected.
        """
        step = STEPS[size]
        limit_ns = self._market_now_ns() if end_ns is None else end_ns
        follows_calendar = contract.secType != "CASH"
        # Bars of a joined size are complete only if the page does not begin in the middle of one: a spare half.
        wanted = count * (size.seconds // step.size.seconds) + (0 if size is step.size else 1)
        query = _Query(session, symbol, contract, step, timeout_s)
        found: dict[int, Bar] = {}
        page_end_ns = self._last_open(limit_ns, end_ns) if follows_calendar else end_ns
        for _ in range(MAX_PAGES):
            page = await self._page(query, wanted - len(found), page_end_ns)
            fresh = [bar for bar in page if bar.end_ns <= limit_ns and bar.end_ns not in found]
            found.update((bar.end_ns, bar) for bar in fresh)
            if not fresh or len(found) >= wanted:
                break
            oldest_ns = self._start_ns(min(found), step.size)
            page_end_ns = self._last_open(oldest_ns, oldest_ns) if follows_calendar else oldest_ns
        bars = [found[end] for end in sorted(found)]
        if size is not step.size:
            bars = [bar for bar in self._joined(bars, step.size, size) if bar.end_ns <= limit_ns]
        return bars[-count:]

    def _last_open(self, moment_ns: int, end_ns: int | None) -> int | None:
        """Return `end_ns`, or the last close when the exchange sleeps then: seconds are counted through the night."""
        just_before = moment_ns - 1
        if self._calendar.session_at(just_before) is not None:
            return end_ns
        return self._calendar.previous_close(just_before)

    def _joined(self, bars: list[Bar], part: BarSize, size: BarSize) -> list[Bar]:
        joined = regroup(self._calendar, bars, size)
        whole = interval_at(self._calendar, bars[0].end_ns - 1, size) if bars else None
        begins_inside = whole is not None and bars[0].end_ns - part.nanos > whole[0]
        return joined[1:] if begins_inside else joined

    async def _page(self, query: _Query, missing: int, end_ns: int | None) -> list[Bar]:
        duration = self._duration(query.step, missing, self._market_now_ns() if end_ns is None else end_ns)
        end_text = "" if end_ns is None else f"{to_datetime(end_ns):%Y%m%d %H:%M:%S} UTC"
        small = query.step.size.seconds <= 30
        text = f"{query.symbol}|{query.step.ib_size}|{duration}|{end_text}"
        await self._pacer.slot(query.symbol, text, small_bars=small)
        try:
            rows = await query.ask(duration, end_text)
        except BrokerRefused as refused:
            if refused.code == NO_DATA_CODE and NO_DATA_MARK in refused.text.lower():
                return []
            raise
        bars = (self._bar(query.symbol, query.step.size, row) for row in rows)
        return [bar for bar in bars if bar is not None and bar.fault() is None]

    def _duration(self, step: Step, missing: int, end_ns: int) -> str:
        if step.seconds:
            return f"{min(max(missing, 1) * step.size.seconds + step.size.seconds, step.seconds)} S"
        per_day = 1 if step.size is BarSize.D1 else max(1, 23_400 // step.size.seconds)
        # One day more: the current session may have just begun, a day may be half.
        days = min(-(-missing // per_day) + 1, step.days)
        return f"{days} D" if days < 365 else "1 Y"

    def _bar(self, symbol: str, size: BarSize, row: BarData) -> Bar | None:
        end_ns = self._end_ns(str(row.date), size)
        if end_ns is None:
            return None
        return Bar(symbol, end_ns, row.open, row.high, row.low, row.close, max(row.volume, 0.0))

    def _end_ns(self, label: str, size: BarSize) -> int | None:
        if size is BarSize.D1:
            session = self._calendar.session_on(date(int(label[:4]), int(label[4:6]), int(label[6:8])))
            return session.close_ns if session is not None else None
        start_ns = int(label) * SECOND_NS
        session = self._calendar.session_at(start_ns)
        end_ns = start_ns + size.nanos
        return min(end_ns, session.close_ns) if session is not None else end_ns

    def _start_ns(self, end_ns: int, size: BarSize) -> int:
        if size is BarSize.D1:
            session = self._calendar.session_at(end_ns - 1)
            return session.open_ns if session is not None else end_ns - size.nanos
        return end_ns - size.nanos


@dataclass(frozen=True, slots=True)
class _Query:
    session: Session
    symbol: str
    contract: Contract
    step: Step
    timeout_s: float

    async def ask(self, duration: str, end_text: str) -> list[BarData]:
        session = self.session
        what = "MIDPOINT" if self.contract.secType == "CASH" else "TRADES"
        await session.data_slot()
        request_id = session.requests.new_id()

        def send() -> None:
            session.client.reqHistoricalData(
                request_id, self.contract, end_text, duration, self.step.ib_size, what, 1, 2, False, []
            )

        try:
            rows = await session.requests.ask(request_id, send, self.timeout_s)
        except (BrokerTimeout, asyncio.CancelledError):
            if session.is_open:
                session.client.cancelHistoricalData(request_id)
            raise
        return cast(list[BarData], rows)
