"""Daily price levels of the synthetic market: where each session opens and closes, for any date, from the seed alone.

Invariant: a level depends on the seed, the name and the date only: not on the calendar's range, the start of the
simulation, or what was asked before. Levels revert slowly to their usual value, so a century away is still sane.
"""

from __future__ import annotations

import math
import zlib
from functools import cached_property

import numpy as np

from tradetui.domain.errors import OperatorError
from tradetui.gateway.market.minutes import Floats

#: First weekday of the synthetic world (Monday 2000-01-03) and how far it reaches.
EPOCH_ORDINAL = 730_122
WEEKDAYS = 5 * 52 * 60
#: Pull to the usual level per half day: a half-life of about a year.
_REVERSION = math.log(2) / (2 * 260)
_OVERNIGHT_SHARE = 0.3
#: Regimes: yearly volatility multiplier, and the chance per day to leave for a neighbouring one.
REGIMES = (0.65, 1.0, 2.2)
_LEAVE = (0.02, 0.03, 0.10)


def generator(seed: int, *keys: int) -> np.random.Generator:
    """A random generator that belongs to (seed, keys) and nothing else."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, *keys])))


def key_of(name: str) -> int:
    """A stable number for a name."""
    return zlib.crc32(name.encode())


def weekday_index(ordinal: int) -> int:
    """Position of a date among the weekdays since the epoch (a weekend counts as its Friday).

    Raises OperatorError for a date outside 2000..2059.
    """
    weeks, day = divmod(ordinal - EPOCH_ORDINAL, 7)
    index = weeks * 5 + min(day, 4)
    if not 0 <= index < WEEKDAYS:
        raise OperatorError("the synthetic market exists from 2000-01-03 to 2059-12-26; choose a date inside")
    return index


class LevelProcess:
    """Log-levels of one process, two per weekday: at the open and at the close, around 0."""

    def __init__(self, seed: int, name: str, yearly_volatility: float, regimes: Floats) -> None:
        self._seed = seed
        self._name = name
        self._daily = yearly_volatility / math.sqrt(252)
        self._regimes = regimes

    @cached_property
    def _levels(self) -> list[float]:
        noise = generator(self._seed, key_of(self._name), 1).standard_normal(2 * WEEKDAYS)
        scale = np.empty(2 * WEEKDAYS)
        scale[0::2] = self._daily * math.sqrt(_OVERNIGHT_SHARE)
        scale[1::2] = self._daily * math.sqrt(1 - _OVERNIGHT_SHARE)
        scale *= np.repeat(self._regimes, 2)
        steps = (noise * scale).tolist()
        level, levels, keep = 0.0, [], 1.0 - _REVERSION
        for step in steps:
            level = level * keep + step
            levels.append(level)
        return levels

    def at_open(self, index: int) -> float:
        """Log-level at the open of weekday `index`."""
        return self._levels[2 * index]

    def at_close(self, index: int) -> float:
        """Log-level at the close of weekday `index`."""
        return self._levels[2 * index + 1]

    def intraday_volatility(self, index: int) -> float:
        """Standard deviation of the open-to-close log-return on that day."""
        return self._daily * math.sqrt(1 - _OVERNIGHT_SHARE) * float(self._regimes[index])


def regime_path(seed: int) -> Floats:
    """Volatility multiplier per weekday: calm, normal or stormy, each lasting weeks or days."""
    draws = generator(seed, key_of("regimes"), 2).random(WEEKDAYS).tolist()
    state, path = 1, []
    for draw in draws:
        if draw < _LEAVE[state]:
            # Out of the middle both ways are open; the draw's own size decides, so one number suffices.
            state = 1 if state != 1 else (2 if draw < _LEAVE[1] / 3 else 0)
        path.append(REGIMES[state])
    return np.array(path)
