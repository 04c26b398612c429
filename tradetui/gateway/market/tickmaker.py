"""Ticks of any instrument and ten-minute chunk of a session, made on demand and remembered briefly.

Invariant: a chunk's ticks depend on (seed, instrument, session date, chunk, minutes) only, so live stream, forming bar
and history of seconds all see the same ticks whatever was asked before.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence

from tradetui.domain.clock import MINUTE_NS
from tradetui.domain.errors import OperatorError
from tradetui.gateway.market.levels import generator
from tradetui.gateway.market.minutes import MinuteSource
from tradetui.gateway.market.tickpath import MIN_TRADES, Style, Ticks, ticks_of
from tradetui.gateway.venue.model import Contract
from tradetui.marketdata.calendar import Session

CHUNK_NS = 10 * MINUTE_NS
MAX_TRADES = 600
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

    def __init__(self, source: MinuteSource, seed: int, styles: Mapping[int, Style]) -> None:
        self._source = source
        self._seed = seed
        self._styles = styles
        self._kept: OrderedDict[tuple[int, int, int], Ticks] = OrderedDict()

    def chunk_count(self, session: Session) -> int:
        """Chunks in a session."""
        return -(-(session.close_ns - session.open_ns) // CHUNK_NS)

    def chunk_at(self, session: Session, ns: int) -> int:
        """The chunk of a session that `ns` lies in."""
        return (ns - session.open_ns) // CHUNK_NS

    def ticks(self, con_id: int, session: Session, chunk: int) -> Ticks:
        """Every tick of one instrument in one chunk."""
        key = (con_id, session.index, chunk)
        kept = self._kept.get(key)
        if kept is None:
            start = session.open_ns + chunk * CHUNK_NS
            minutes = self._source.minutes(con_id, session).between(start, start + CHUNK_NS)
            rng = generator(self._seed, con_id, session.date.toordinal(), chunk, _STREAM)
            kept = self._kept[key] = ticks_of(minutes, self._styles[con_id], rng)
            if len(self._kept) > max(_KEPT_CHUNKS, 4 * len(self._styles)):
                self._kept.popitem(last=False)
        return kept


def styles_for(contracts: Sequence[Contract], trades: int, spreads: Mapping[int, int]) -> dict[int, Style]:
    """One style per instrument; spreads in ticks by con_id, 1 where absent. Raises OperatorError for a bad number."""
    if not MIN_TRADES <= trades <= MAX_TRADES:
        raise OperatorError(f"{trades} trades per minute is outside {MIN_TRADES}..{MAX_TRADES}; choose one inside")
    return {
        contract.con_id: Style(
            trades=trades,
            spread=spreads.get(contract.con_id, 1),
            depth=600 if spreads.get(contract.con_id, 1) == 1 else 300,
            offset_ns=position * 10_000,
        )
        for position, contract in enumerate(contracts)
    }
