"""The live stream: quotes and trades of all instruments in time order, and what they add up to so far today.

Invariant: an instrument's events up to a time are one fixed list; polling in any steps walks along it and never skips
or repeats. An instrument may join at any time; it then streams what it would have streamed had it been there always.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter

import numpy as np

from tradetui.gateway.market.actions import Adjuster
from tradetui.gateway.market.events import MarketEvent, Quote, Trade
from tradetui.gateway.market.market import DayStats
from tradetui.gateway.market.minutes import MinuteSource
from tradetui.gateway.market.tickmaker import CHUNK_NS, TickMaker
from tradetui.gateway.venue.model import Contract
from tradetui.marketdata.calendar import Session, TradingCalendar


@dataclass(slots=True)
class _Tape:
    """One instrument's running session."""

    last: float | None = None
    last_size: int | None = None
    last_ns: int | None = None
    open: float | None = None
    high: float = 0.0
    low: float = 0.0
    volume: int = 0
    previous_close: float | None = None


class EventStream:
    """Walks through chunks of ticks from `start_ns` on."""

    def __init__(
        self,
        *,
        contracts: Sequence[Contract],
        calendar: TradingCalendar,
        source: MinuteSource,
        maker: TickMaker,
        start_ns: int,
        adjuster: Adjuster,
    ) -> None:
        self._adjuster = adjuster
        self._con_ids = [contract.con_id for contract in contracts]
        self._calendar = calendar
        self._source = source
        self._maker = maker
        self._last = source.last_session()
        self._session: Session | None = None
        self._opened = False
        self._chunk = 0
        self._events: list[MarketEvent] = []
        self._next = 0
        self._quotes: dict[int, Quote] = {}
        self._tapes = {con_id: _Tape() for con_id in self._con_ids}
        self._reached_ns = start_ns - 1
        self._start(start_ns)

    @property
    def reached_ns(self) -> int:
        """Market time of the last complete call of `events_until`; just before the start at first."""
        return self._reached_ns

    def open(self, con_id: int) -> None:
        """Let an instrument join; one that streams already changes nothing."""
        if con_id in self._tapes:
            return
        self._con_ids.append(con_id)
        self._tapes[con_id] = _Tape()
        session = self._session
        if session is None:
            return
        self._tapes[con_id].previous_close = self._previous_close(con_id, session)
        if not self._opened or self._chunk == 0:
            return
        # The stream may have loaded a chunk ahead of what it yielded.
        first = max(self._chunk - 2, 0)
        self._recall(con_id, session, session.open_ns + first * CHUNK_NS)
        reached = max(self._reached_ns, self._events[self._next - 1][0] if self._next else 0)
        coming = []
        for chunk in range(first, self._chunk):
            for event in self._merge(session, chunk, [con_id]):
                if event[0] <= reached:
                    self._note(event)
                else:
                    coming.append(event)
        self._events = sorted(self._events[self._next :] + coming, key=itemgetter(0, 1))
        self._next = 0

    def events_until(self, now_ns: int) -> Iterator[MarketEvent]:
        """Yield events up to and including `now_ns`; what is not taken is yielded by the next call."""
        while True:
            if self._session is not None and not self._opened and now_ns >= self._session.open_ns:
                self._open_tapes(self._session)
            events = self._events
            for index in range(self._next, len(events)):
                event = events[index]
                if event[0] > now_ns:
                    self._reached_ns = max(self._reached_ns, now_ns)
                    return
                self._next = index + 1
                self._note(event)
                yield event
                if events is not self._events:
                    break
            else:
                if self._session is None or self._chunk_start(self._session) > now_ns:
                    self._reached_ns = max(self._reached_ns, now_ns)
                    return
                self._load(self._session)

    def next_event_ns(self) -> int | None:
        """Time of the next event; None at the end of the data."""
        while self._next >= len(self._events):
            if self._session is None:
                return None
            self._load(self._session)
        return self._events[self._next][0]

    def quote(self, con_id: int) -> Quote | None:
        """The last quote that was yielded in the running session."""
        return self._quotes.get(con_id)

    def day_stats(self, con_id: int) -> DayStats:
        """The running session of one instrument; nothing but unknowns for one that does not stream."""
        tape = self._tapes.get(con_id) or _Tape()
        traded = tape.open is not None
        return DayStats(
            last=tape.last,
            last_size=tape.last_size,
            last_ns=tape.last_ns,
            open=tape.open,
            high=tape.high if traded else None,
            low=tape.low if traded else None,
            volume=tape.volume,
            previous_close=tape.previous_close,
        )

    def _note(self, event: MarketEvent) -> None:
        if isinstance(event, Quote):
            self._quotes[event[1]] = event
            return
        tape = self._tapes[event[1]]
        price = tape.last = event[2]
        tape.last_size = event[3]
        tape.last_ns = event[0]
        tape.volume += event[3]
        if tape.open is None:
            tape.open = tape.high = tape.low = price
        elif price > tape.high:
            tape.high = price
        elif price < tape.low:
            tape.low = price

    def _start(self, start_ns: int) -> None:
        session = self._calendar.current_or_next(start_ns)
        if self._last is not None and session.index > self._last.index:
            return
        self._session = session
        self._open_tapes(session)
        if start_ns > session.open_ns:
            self._chunk = self._maker.chunk_at(session, start_ns)
            self._recall_morning(session)
            self._load(session)
            while self._next < len(self._events) and self._events[self._next][0] < start_ns:
                self._note(self._events[self._next])
                self._next += 1

    def _open_tapes(self, session: Session) -> None:
        """Begin a session: statistics start again, and the last close becomes the previous one."""
        self._opened = True
        self._quotes.clear()
        for con_id in self._con_ids:
            self._tapes[con_id] = _Tape(previous_close=self._previous_close(con_id, session))

    def _recall_morning(self, session: Session) -> None:
        """A stream that begins in mid-session knows what the session did before."""
        for con_id in self._con_ids:
            self._recall(con_id, session, self._chunk_start(session))

    def _recall(self, con_id: int, session: Session, until_ns: int) -> None:
        minutes = self._source.minutes(con_id, session).between(session.open_ns, until_ns)
        if len(minutes) == 0 or not self._maker.styles.of(con_id).shows_prints:
            return
        tape = self._tapes[con_id]
        tape.open, tape.last = float(minutes.open[0]), float(minutes.close[-1])
        tape.high, tape.low = float(minutes.high.max()), float(minutes.low.min())
        tape.volume = int(minutes.volume.sum())

    def _previous_close(self, con_id: int, session: Session) -> float | None:
        first = self._source.first_session(con_id)
        index = session.index - 1
        while first is not None and index >= first.index:
            before = self._calendar.session(index)
            minutes = self._source.minutes(con_id, before)
            if len(minutes):
                return self._adjuster.close(con_id, float(minutes.close[-1]), before, session)
            index -= 1
        return None

    def _chunk_start(self, session: Session) -> int:
        if self._chunk < self._maker.chunk_count(session):
            return session.open_ns + self._chunk * CHUNK_NS
        return self._calendar.next_open(session.open_ns)

    def _load(self, session: Session) -> None:
        """Replace the used-up events with those of the next chunk, entering the next session where one ends."""
        self._events, self._next = [], 0
        if self._chunk >= self._maker.chunk_count(session):
            following = self._calendar.session(session.index + 1)
            if self._last is not None and following.index > self._last.index:
                self._session = None
                return
            self._session, self._chunk, self._opened = following, 0, False
            return
        self._events = self._merge(session, self._chunk, self._con_ids)
        self._chunk += 1

    def _merge(self, session: Session, chunk: int, con_ids: Sequence[int]) -> list[MarketEvent]:
        parts = [self._maker.shown(con_id, session, chunk) for con_id in con_ids]
        time = np.concatenate([part.time for part in parts])
        owner = np.concatenate([np.full(len(part.time), con_id) for con_id, part in zip(con_ids, parts, strict=True)])
        order = np.lexsort((owner, time))
        columns = (
            time[order].tolist(),
            owner[order].tolist(),
            np.concatenate([part.is_trade for part in parts])[order].tolist(),
            np.concatenate([part.first for part in parts])[order].tolist(),
            np.concatenate([part.second for part in parts])[order].tolist(),
            np.concatenate([part.third for part in parts])[order].tolist(),
            np.concatenate([part.fourth for part in parts])[order].tolist(),
        )
        return [
            Trade(ns, con_id, a, int(b)) if is_trade else Quote(ns, con_id, a, b, c, d)
            for ns, con_id, is_trade, a, b, c, d in zip(*columns, strict=True)
        ]
