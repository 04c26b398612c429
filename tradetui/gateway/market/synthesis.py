"""Synthetic minutes: correlated prices with intraday shape, and volumes, from the seed, the symbol and the date alone.

A session's minutes are a bridge between its opening and closing level: one path of the common factor times the
symbol's beta plus a path of its own. Volatility and volume are U-shaped over the day and follow the day's regime.
Invariant: asking for a session's minutes gives the same columns always, whatever was asked before.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Sequence
from datetime import date
from functools import lru_cache

import numpy as np

from tradetui.domain.clock import MINUTE_NS
from tradetui.domain.errors import OperatorError
from tradetui.gateway.market.instruments import Profile
from tradetui.gateway.market.levels import EPOCH_ORDINAL, LevelProcess, generator, key_of, regime_path, weekday_index
from tradetui.gateway.market.minutes import Floats, Ints, Minutes
from tradetui.marketdata.calendar import Session, TradingCalendar

FACTOR_VOLATILITY = 0.15
_KEPT_SESSIONS = 512
_SHARES_PER_TRADE = 160
#: Independent random streams of one (name, session).
_PATH, _EXTREMES, _VOLUME = 11, 12, 13


class SyntheticSource:
    """MinuteSource of the synthetic market."""

    def __init__(self, seed: int, profiles: Sequence[Profile], calendar: TradingCalendar) -> None:
        if seed < 0:
            raise OperatorError(f"seed {seed} is negative; give 0 or more")
        self._seed = seed
        self._calendar = calendar
        self._profiles = {profile.con_id: profile for profile in profiles}
        regimes = regime_path(seed)
        self._factor = LevelProcess(seed, "factor", FACTOR_VOLATILITY, regimes)
        self._own = {p.con_id: LevelProcess(seed, p.symbol, p.volatility, regimes) for p in profiles}
        self._kept: OrderedDict[tuple[int, int], Minutes] = OrderedDict()
        self._factor_path = lru_cache(maxsize=16)(self._new_factor_path)

    def first_session(self, con_id: int) -> Session | None:
        """The first session of the synthetic world or of the calendar, whichever is later."""
        epoch_ns = int((EPOCH_ORDINAL - date(1970, 1, 1).toordinal()) * 86_400 * 1e9)
        first = self._calendar.session(0)
        return first if first.open_ns > epoch_ns else self._calendar.current_or_next(epoch_ns)

    def last_session(self) -> Session | None:
        """Never ends."""
        return None

    def minutes(self, con_id: int, session: Session) -> Minutes:
        """The session's minutes."""
        key = (con_id, session.index)
        kept = self._kept.get(key)
        if kept is None:
            kept = self._kept[key] = self._make(self._profiles[con_id], session)
            if len(self._kept) > _KEPT_SESSIONS:
                self._kept.popitem(last=False)
        return kept

    def _make(self, profile: Profile, session: Session) -> Minutes:
        day = session.date.toordinal()
        index = weekday_index(day)
        count = (session.close_ns - session.open_ns) // MINUTE_NS
        own = self._own[profile.con_id]
        name = key_of(profile.symbol)
        shape = _shape(count)
        own_path = _bridge(generator(self._seed, name, day, _PATH), shape, own, index)
        log_path = profile.beta * self._factor_path(session.index, day, count) + own_path
        noise = math.hypot(profile.beta * self._factor.intraday_volatility(index), own.intraday_volatility(index))
        per_dollar = round(1 / profile.tick)
        ticks = np.rint(np.exp(log_path) * (profile.price * per_dollar)).astype(np.int64)
        opens, closes = _opens_and_closes(generator(self._seed, name, day, _EXTREMES), ticks)
        spread = profile.price * per_dollar * noise * np.sqrt(shape)
        highs, lows = _extremes(generator(self._seed, name, day, _EXTREMES + 100), opens, closes, spread)
        volume = self._volume(profile, day, index, shape)
        return Minutes(
            start=session.open_ns + np.arange(count, dtype=np.int64) * MINUTE_NS,
            open=opens / per_dollar,
            high=highs / per_dollar,
            low=lows / per_dollar,
            close=closes / per_dollar,
            volume=volume,
            count=np.maximum(4, volume // _SHARES_PER_TRADE),
        )

    def _new_factor_path(self, _: int, day: int, count: int) -> Floats:
        rng = generator(self._seed, key_of("factor"), day, _PATH)
        return _bridge(rng, _shape(count), self._factor, weekday_index(day))

    def _volume(self, profile: Profile, day: int, index: int, shape: Floats) -> Ints:
        rng = generator(self._seed, key_of(profile.symbol), day, _VOLUME)
        busy = 1.0 + 0.5 * (self._factor.intraday_volatility(index) * math.sqrt(252) / FACTOR_VOLATILITY - 1.0)
        day_total = profile.daily_volume * busy * math.exp(0.2 * rng.standard_normal())
        noise = np.exp(0.45 * rng.standard_normal(len(shape)))
        return np.maximum(100, np.rint(day_total * shape * noise)).astype(np.int64)


@lru_cache(maxsize=8)
def _shape(count: int) -> Floats:
    """Share of the day's variance and volume in each minute: high at the open and the close, sums to 1."""
    middle = (np.arange(count) + 0.5) / count
    weight = 0.55 + 2.2 * np.exp(-middle * 14.0) + 1.1 * np.exp(-(1.0 - middle) * 18.0) + 0.5 * (2 * middle - 1) ** 2
    return np.asarray(weight / weight.sum())


def _bridge(rng: np.random.Generator, shape: Floats, levels: LevelProcess, index: int) -> Floats:
    """Log-levels at the session's minute boundaries, length n + 1, from its opening to its closing level."""
    elapsed = np.concatenate(([0.0], np.cumsum(shape)))
    walk = np.concatenate(([0.0], np.cumsum(rng.standard_normal(len(shape)) * np.sqrt(shape))))
    start, end = levels.at_open(index), levels.at_close(index)
    free = walk * levels.intraday_volatility(index)
    return np.asarray(start + free + elapsed * (end - start - free[-1]))


def _opens_and_closes(rng: np.random.Generator, ticks: Ints) -> tuple[Ints, Ints]:
    # A minute mostly opens where the last one closed, sometimes a tick beside it.
    opens = ticks[:-1].copy()
    opens[1:] += rng.choice([-1, 0, 0, 0, 1], size=len(opens) - 1)
    return opens, ticks[1:]


def _extremes(rng: np.random.Generator, opens: Ints, closes: Ints, spread: Floats) -> tuple[Ints, Ints]:
    """Highest and lowest tick of a Brownian path from open to close with standard deviation `spread`."""
    change = (closes - opens).astype(np.float64)
    up, down = -2.0 * spread**2 * np.log(1.0 - rng.random((2, len(opens))))
    high = opens + (change + np.sqrt(change**2 + up)) / 2
    low = opens + (change - np.sqrt(change**2 + down)) / 2
    highs = np.maximum(np.floor(high).astype(np.int64), np.maximum(opens, closes))
    lows = np.minimum(np.ceil(low).astype(np.int64), np.minimum(opens, closes))
    return highs, np.maximum(lows, 1)
