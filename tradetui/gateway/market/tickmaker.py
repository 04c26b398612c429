"""Ticks of any instrument and ten-minute chunk of a session, made on demand and remembered briefly.

Invariant: a chunk's ticks depend on (seed, instrument, session date, chunk, minutes) only, so live stream, forming bar
and history of seconds all see the same ticks whatever was asked before.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping

from tradetui.domain.clock import MINUTE_NS
from tradetui.gateway.market.levels import generator
from tradetui.gateway.market.minutes import MinuteSource
from tradetui.gateway.market.styles import StyleBook
from tradetui.gateway.market.tickpath import MIN_TRADES, Ticks, ticks_of
from tradetui.marketdata.calendar import Session

CHUNK_NS = 10 * MINUTE_NS
_BUSY_TRADES = 180
_KEPT_CHUNKS = 64
_STREAM = 21


def trades_per_minute(speed: float, ticks_per_second: float = 24.0) -> int:
    """Trades per market minute so that an instrument sends at most `ticks_per_second` events per wall second.

    Three events go with a trade. At speed 1 that is three trades and six quotes a second; at high speed the number
    thins out to the four trades that show a minute's open, high, low and close.
    """
    per_minute = ticks_per_second * 60 / 3 / max(speed, 1e-9)
    return int(min(max(per_minute, MIN_TRADES), _BUSY_TRADES))


class TickMaker:
    """Makes and keeps chunks of ticks."""

    def __init__(self, source: MinuteSource, seed: int, styles: StyleBook) -> None:
        self._source = source
        self._seed = seed
        self.styles = styles
        self._kept: OrderedDict[tuple[int, int, int], Ticks] = OrderedDict()

    def chunk_count(self, session: Session) -> int:
        """Chunks in a session."""
        return -(-(session.close_ns - session.open_ns) // CHUNK_NS)

    def chunk_at(self, session: Session, ns: int) -> int:
        """The chunk of a session that `ns` lies in."""
        return (ns - session.open_ns) // CHUNK_NS

    def shown(self, con_id: int, session: Session, chunk: int) -> Ticks:
        """The ticks that clients see: a currency has no prints, an index no quotes."""
        style = self.styles.of(con_id)
        ticks = self.ticks(con_id, session, chunk)
        if not style.shows_prints:
            return ticks.only(~ticks.is_trade)
        return ticks if style.shows_quotes else ticks.only(ticks.is_trade)

    def ticks(self, con_id: int, session: Session, chunk: int) -> Ticks:
        """Every tick of one instrument in one chunk."""
        key = (con_id, session.index, chunk)
        kept = self._kept.get(key)
        if kept is None:
            kept = self._kept[key] = self._make(con_id, session, chunk)
            if len(self._kept) > max(_KEPT_CHUNKS, 4 * len(self.styles)):
                self._kept.popitem(last=False)
        return kept

    def _make(self, con_id: int, session: Session, chunk: int) -> Ticks:
        start = session.open_ns + chunk * CHUNK_NS
        minutes = self._source.minutes(con_id, session).between(start, start + CHUNK_NS)
        rng = generator(self._seed, con_id, session.date.toordinal(), chunk, _STREAM)
        return ticks_of(minutes, self.styles.of(con_id), rng)


class RecordedTicks(TickMaker):
    """Ticks of a file, by con_id, cut into the same chunks."""

    def __init__(self, source: MinuteSource, seed: int, styles: StyleBook, recorded: Mapping[int, Ticks]) -> None:
        super().__init__(source, seed, styles)
        self._recorded = recorded

    def _make(self, con_id: int, session: Session, chunk: int) -> Ticks:
        start = session.open_ns + chunk * CHUNK_NS
        return self._recorded[con_id].between(start, min(start + CHUNK_NS, session.close_ns))
