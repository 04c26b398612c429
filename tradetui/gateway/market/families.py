"""The synthetic market's minutes of every kind of instrument: shares and the like, and what derives from them.

Invariant: one number belongs to one source, so a future or an option never disagrees with what it derives from.
"""

from __future__ import annotations

from collections import OrderedDict

from tradetui.gateway.market.futures import Futures
from tradetui.gateway.market.minutes import Minutes, MinuteSource
from tradetui.gateway.market.options import Options
from tradetui.marketdata.calendar import Session

_KEPT_SESSIONS = 256


class FamilySource:
    """MinuteSource over a base of instruments and the families that derive from it."""

    def __init__(self, base: MinuteSource, futures: Futures, options: Options) -> None:
        self._base = base
        self._families = (futures, options)
        self._kept: OrderedDict[tuple[int, int], Minutes] = OrderedDict()

    def minutes(self, con_id: int, session: Session) -> Minutes:
        """The session's minutes of any instrument."""
        key = (con_id, session.index)
        kept = self._kept.get(key)
        if kept is None:
            kept = self._kept[key] = self._make(con_id, session)
            if len(self._kept) > _KEPT_SESSIONS:
                self._kept.popitem(last=False)
        return kept

    def _make(self, con_id: int, session: Session) -> Minutes:
        for family in self._families:
            made = family.minutes(con_id, session)
            if made is not None:
                return made
        return self._base.minutes(con_id, session)

    def first_session(self, con_id: int) -> Session | None:
        """The earliest session with data: of a derivative, when it was listed."""
        for family in self._families:
            life = family.life(con_id)
            if life is not None:
                return life
        return self._base.first_session(con_id)

    def last_session(self) -> Session | None:
        """The base's end."""
        return self._base.last_session()
