"""Historical bars of any size from minutes and ticks.

Invariants: a bar of whole minutes aggregates the minutes' columns, a bar of seconds the ticks themselves, so every
TRADES bar equals what the live stream added up to; nothing after `now_ns` is ever used. Bars below a day are aligned
with the exchange's clock from midnight, as IB aligns them: hour bars are 09:30-10:00, 10:00-11:00, ...

The quote kinds are defined by the trades: BID lies half the usual spread (rounded up to a tick) below, ASK above, and
MIDPOINT in the middle. BID_ASK carries the average bid as open, the average ask as close.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import pairwise

from tradetui.domain.clock import MINUTE_NS, SECOND_NS
from tradetui.gateway.market.actions import Adjust, Adjuster
from tradetui.gateway.market.aggregate import Sum, join, sum_groups, sum_trades
from tradetui.gateway.market.bars import HistoryBar
from tradetui.gateway.market.minutes import MinuteSource
from tradetui.gateway.market.request import DAY_SECONDS, TRADES, WEEK_SECONDS, Span, span_start, too_long
from tradetui.gateway.market.tickmaker import CHUNK_NS, TickMaker
from tradetui.marketdata.calendar import Session, TradingCalendar

#: About what IB sends at most in one answer.
MAX_BARS = 50_000
_SESSION_SECONDS = 23_400


class History:
    """Bars of one market, told as `adjuster` says."""

    def __init__(self, calendar: TradingCalendar, source: MinuteSource, maker: TickMaker, adjuster: Adjuster) -> None:
        self._adjuster = adjuster
        self._calendar = calendar
        self._source = source
        self._maker = maker
        self._sessions: dict[tuple[int, int], Sum | None] = {}

    def bars(self, con_id: int, span: Span, seconds: int, what: str, end_ns: int, now_ns: int) -> list[HistoryBar]:
        """Bars of `seconds` over `span` back from `end_ns`, oldest first, as told at `now_ns`; the last may be
        unfinished.

        Raises HistoryError when that would be more than IB sends.
        """
        first = self._source.first_session(con_id)
        if first is None or end_ns <= first.open_ns:
            return []
        start_ns = max(span_start(self._calendar, span, end_ns), first.open_ns)
        sessions = list(self._calendar.sessions_between(start_ns, end_ns))
        if seconds < DAY_SECONDS and len(sessions) * _SESSION_SECONDS > MAX_BARS * seconds:
            raise too_long()
        adjust = self._view(con_id, what, self._calendar.local(now_ns).date())
        if seconds >= DAY_SECONDS:
            found = self._long_bars(con_id, sessions, seconds, end_ns, adjust)
        else:
            found = (
                (begin, end, adjust(session, each))
                for session in sessions
                for begin, end, each in self._short_bars(con_id, session, seconds, start_ns, end_ns)
            )
        return [self._shown(con_id, begin, end, each, what) for begin, end, each in found]

    def bar_at(self, con_id: int, seconds: int, what: str, now_ns: int) -> HistoryBar | None:
        """The bar that contains `now_ns`, as far as it has gone; None when closed or before the bar's first trade."""
        session = self._calendar.session_at(now_ns)
        if session is None:
            return None
        if seconds >= DAY_SECONDS:
            adjust = self._view(con_id, what, session.date)
            found = self._long_bars(con_id, self._group_of(session, seconds), seconds, now_ns + 1, adjust)
        else:
            edges = self._edges(session, seconds)
            begin = max(edge for edge in edges if edge <= now_ns)
            found = self._short_bars(con_id, session, seconds, begin, now_ns + 1)
        last = None
        for begin, end, each in found:
            last = self._shown(con_id, begin, end, each, what) if end > now_ns else None
        return last

    def _view(self, con_id: int, what: str, today: date) -> Adjust:
        return self._adjuster.view(con_id, today, dividends=what == "ADJUSTED_LAST")

    def _edges(self, session: Session, seconds: int) -> list[int]:
        step = seconds * SECOND_NS
        midnight = self._calendar.midnight_of(session.date)
        first = midnight + ((session.open_ns - midnight) // step + 1) * step
        return [session.open_ns, *range(first, session.close_ns, step), session.close_ns]

    def _short_bars(
        self, con_id: int, session: Session, seconds: int, start_ns: int, end_ns: int
    ) -> Iterator[tuple[int, int, Sum]]:
        """Bars of a session that end after `start_ns` and begin before `end_ns`; the last is cut at `end_ns`."""
        edges = [edge for edge in self._edges(session, seconds) if edge > start_ns - seconds * SECOND_NS]
        whole = [edge for edge in edges if edge <= end_ns]
        if seconds % 60 == 0:
            yield from sum_groups(self._source.minutes(con_id, session), whole)
        else:
            for begin, end in pairwise(whole):
                traded = self._traded(con_id, session, begin, end)
                if traded is not None:
                    yield begin, end, traded
        if whole and len(whole) < len(edges) and whole[-1] < end_ns:
            traded = self._traded(con_id, session, whole[-1], end_ns)
            if traded is not None:
                yield whole[-1], edges[len(whole)], traded

    def _traded(self, con_id: int, session: Session, begin: int, end: int) -> Sum | None:
        """Sum of [begin, end) inside a session: whole minutes from the columns, the rest from the ticks."""
        first = -(-begin // MINUTE_NS) * MINUTE_NS
        last = end // MINUTE_NS * MINUTE_NS
        if first >= last:
            return self._ticked(con_id, session, begin, end)
        middle = sum_groups(self._source.minutes(con_id, session), [first, last])
        parts = [self._ticked(con_id, session, begin, first), *(each for _, _, each in middle)]
        parts.append(self._ticked(con_id, session, last, end))
        return join([part for part in parts if part is not None])

    def _ticked(self, con_id: int, session: Session, begin: int, end: int) -> Sum | None:
        parts = []
        while begin < end:
            chunk = self._maker.chunk_at(session, begin)
            stop = min(end, session.open_ns + (chunk + 1) * CHUNK_NS)
            parts.append(sum_trades(self._maker.ticks(con_id, session, chunk), begin, stop))
            begin = stop
        return join([part for part in parts if part is not None])

    def _group_of(self, session: Session, seconds: int) -> list[Session]:
        """The sessions up to this one that share its bar."""
        group = [session]
        while session.index:
            session = self._calendar.session(session.index - 1)
            if _period(session, seconds) != _period(group[0], seconds):
                break
            group.insert(0, session)
        return group

    def _long_bars(
        self, con_id: int, sessions: list[Session], seconds: int, end_ns: int, adjust: Adjust
    ) -> Iterator[tuple[int, int, Sum]]:
        groups: dict[tuple[int, int], list[Session]] = {}
        for session in sessions:
            groups.setdefault(_period(session, seconds), []).append(session)
        for group in groups.values():
            parts = [(session, self._session_sum(con_id, session, end_ns)) for session in group]
            total = join([adjust(session, part) for session, part in parts if part is not None])
            if total is not None:
                yield group[0].open_ns, group[-1].close_ns, total

    def _session_sum(self, con_id: int, session: Session, end_ns: int) -> Sum | None:
        if end_ns < session.close_ns:
            return self._traded(con_id, session, session.open_ns, end_ns)
        key = (con_id, session.index)
        if key not in self._sessions:
            self._sessions[key] = self._traded(con_id, session, session.open_ns, session.close_ns)
        return self._sessions[key]

    def _shown(self, con_id: int, begin: int, end: int, each: Sum, what: str) -> HistoryBar:
        if what in TRADES:
            return HistoryBar(begin, end, each.open, each.high, each.low, each.close, each.volume, each.wap, each.count)
        half = self._maker.styles.half_spread(con_id)
        if what == "BID_ASK":
            digits = max(self._maker.styles.of(con_id).digits, 4)
            bid, ask = round(each.wap - half, digits), round(each.wap + half, digits)
            return HistoryBar(begin, end, bid, _at(each.high, half), _at(each.low, -half), ask, None, None, None)
        shift = {"BID": -half, "ASK": half, "MIDPOINT": 0.0}[what]
        prices = [_at(price, shift) for price in (each.open, each.high, each.low, each.close)]
        return HistoryBar(begin, end, prices[0], prices[1], prices[2], prices[3], None, None, None)


def _at(price: float, shift: float) -> float:
    return round(price + shift, 6)


def _period(session: Session, seconds: int) -> tuple[int, int]:
    """What a day, week or month bar groups by."""
    if seconds == DAY_SECONDS:
        return (session.index, 0)
    if seconds == WEEK_SECONDS:
        return session.date.isocalendar()[:2]
    return (session.date.year, session.date.month)
