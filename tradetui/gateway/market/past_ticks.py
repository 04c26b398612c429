"""Ticks of the past, counted from a moment on or back from one.

Invariant: they are the ticks the live stream showed at that time; the last second asked for is always complete.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

import numpy as np

from tradetui.domain.clock import SECOND_NS
from tradetui.gateway.market.events import MarketEvent, Quote, Trade
from tradetui.gateway.market.minutes import MinuteSource
from tradetui.gateway.market.tickmaker import CHUNK_NS, TickMaker
from tradetui.gateway.market.tickpath import Ticks
from tradetui.marketdata.calendar import Session, TradingCalendar

Tick = TypeVar("Tick", Quote, Trade)


def first_of(ticks: Iterable[Tick], count: int) -> list[Tick]:
    """The first `count` ticks and what else happened in the second of the last of them."""
    taken: list[Tick] = []
    for tick in ticks:
        if len(taken) >= count and tick.time_ns // SECOND_NS != taken[-1].time_ns // SECOND_NS:
            break
        taken.append(tick)
    return taken


class PastTicks:
    """Walks through the chunks of ticks, forwards or backwards."""

    def __init__(self, calendar: TradingCalendar, source: MinuteSource, maker: TickMaker) -> None:
        self._calendar = calendar
        self._source = source
        self._maker = maker

    def after(self, con_id: int, kind: type[Tick], start_ns: int, stop_ns: int, count: int) -> list[Tick]:
        """The first `count` ticks at start_ns <= time < stop_ns, oldest first."""
        return first_of(self._forwards(con_id, kind, start_ns, stop_ns), count)

    def before(self, con_id: int, kind: type[Tick], end_ns: int, count: int) -> list[Tick]:
        """The last `count` ticks before `end_ns`, oldest first."""
        return first_of(self._backwards(con_id, kind, end_ns), count)[::-1]

    def _forwards(self, con_id: int, kind: type[Tick], start_ns: int, stop_ns: int) -> Iterator[Tick]:
        first = self._source.first_session(con_id)
        if first is None:
            return
        for session in self._calendar.sessions_between(max(start_ns, first.open_ns), stop_ns):
            begin = self._maker.chunk_at(session, max(start_ns, session.open_ns))
            for chunk in range(begin, self._maker.chunk_count(session)):
                if session.open_ns + chunk * CHUNK_NS >= stop_ns:
                    return
                yield from self._chunk(con_id, kind, session, chunk, start_ns, stop_ns)

    def _backwards(self, con_id: int, kind: type[Tick], end_ns: int) -> Iterator[Tick]:
        first = self._source.first_session(con_id)
        if first is None or end_ns <= first.open_ns:
            return
        index = self._calendar.current_or_next(end_ns - 1).index
        while index >= first.index:
            session = self._calendar.session(index)
            for chunk in range(self._maker.chunk_count(session) - 1, -1, -1):
                if session.open_ns + chunk * CHUNK_NS < end_ns:
                    yield from reversed(list(self._chunk(con_id, kind, session, chunk, 0, end_ns)))
            index -= 1

    def _chunk(
        self, con_id: int, kind: type[Tick], session: Session, chunk: int, start_ns: int, stop_ns: int
    ) -> Iterator[Tick]:
        ticks = self._maker.ticks(con_id, session, chunk)
        low, high = np.searchsorted(ticks.time, (start_ns, stop_ns))
        for at in range(int(low), int(high)):
            if bool(ticks.is_trade[at]) is (kind is Trade):
                event = _event(con_id, ticks, at)
                if isinstance(event, kind):
                    yield event


def _event(con_id: int, ticks: Ticks, at: int) -> MarketEvent:
    time, first, second = int(ticks.time[at]), float(ticks.first[at]), float(ticks.second[at])
    if ticks.is_trade[at]:
        return Trade(time, con_id, first, int(second))
    return Quote(time, con_id, first, second, int(ticks.third[at]), int(ticks.fourth[at]))
