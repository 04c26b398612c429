"""Money as integers: one micro-dollar (a millionth) is the unit of every amount inside the venue.

Invariant: no float takes part in accounting, so cash, cost and profit conserve exactly. Floats appear only in the
values handed to clients.
"""

from __future__ import annotations

MICROS = 1_000_000


def to_micros(amount: float) -> int:
    """`amount` in whole micro-dollars, to the nearest (prices have at most six decimals, money two)."""
    return round(amount * MICROS)


def to_dollars(micros: int) -> float:
    """`micros` as the nearest float."""
    return micros / MICROS


def share_of(amount: int, part: int, whole: int) -> int:
    """`amount * part / whole` to the nearest unit, exact when part == whole; whole > 0, 0 <= part <= whole."""
    return (2 * amount * part + whole) // (2 * whole)


def shown(units: int, lots: int) -> float:
    """A quantity as clients see it, from `units` of which `lots` make one share, contract or coin."""
    return units if lots == 1 else units / lots
