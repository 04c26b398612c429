"""Shrinks a failing list of moves (ddmin): leaves out ever smaller parts as long as the same invariant still fails."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from tradetui.simulation.episode import Episode, EpisodeFailed, Played

T = TypeVar("T")
F = TypeVar("F")

#: Replays that one shrinking may cost.
REPLAYS = 600


def invariant_of(reason: str) -> str:
    """Return what makes two failures the same: the invariant's number, or the error's type."""
    return reason.partition(":")[0]


def failure_of(seed: int, moves: Sequence[Played]) -> EpisodeFailed | None:
    """Replay `moves` in the world of `seed`; return how it failed, None when it held."""
    try:
        Episode(seed).replay(moves)
    except EpisodeFailed as failed:
        return failed
    return None


def shrink(failed: EpisodeFailed, replays: int = REPLAYS) -> EpisodeFailed:
    """Return the failure of the shortest list of moves found that breaks the same invariant."""

    def fails(moves: Sequence[Played]) -> EpisodeFailed | None:
        found = failure_of(failed.seed, moves)
        return found if found is not None and invariant_of(found.reason) == invariant_of(failed.reason) else None

    return shortest(failed, lambda found: found.moves, fails, replays)


def shortest(
    failed: F, parts_of: Callable[[F], Sequence[T]], fails: Callable[[Sequence[T]], F | None], replays: int = REPLAYS
) -> F:
    """Return the failure with the fewest parts that `fails` still shows, after at most `replays` of them."""
    best = failed
    parts = 2
    while replays > 0 and len(parts_of(best)) > 1:
        items = parts_of(best)
        size = max(1, len(items) // parts)
        shorter = None
        for start in range(0, len(items), size):
            replays -= 1
            shorter = fails([*items[:start], *items[start + size :]])
            if shorter is not None or replays <= 0:
                break
        if shorter is not None:
            best, parts = shorter, max(2, parts - 1)
        elif size == 1:
            break
        else:
            parts = min(len(items), parts * 2)
    return best
