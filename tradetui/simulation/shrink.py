"""Shrinks a failing list of moves (ddmin): leaves out ever smaller parts as long as the same invariant still fails."""

from __future__ import annotations

from collections.abc import Sequence

from tradetui.simulation.episode import Episode, EpisodeFailed, Played

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
    best = failed
    parts = 2
    while replays > 0 and len(best.moves) > 1:
        size = max(1, len(best.moves) // parts)
        shorter = None
        for start in range(0, len(best.moves), size):
            replays -= 1
            rest = best.moves[:start] + best.moves[start + size :]
            found = failure_of(failed.seed, rest)
            if found is not None and invariant_of(found.reason) == invariant_of(failed.reason):
                shorter = found
                break
            if replays <= 0:
                break
        if shorter is not None:
            best, parts = shorter, max(2, parts - 1)
        elif size == 1:
            break
        else:
            parts = min(len(best.moves), parts * 2)
    return best
