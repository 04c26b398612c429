"""Seeded episodes of the core against a misbehaving broker; a failure prints its seed and last moves."""

from __future__ import annotations

import pytest

from tests.trading.episode import Episode

#: Seeds that once found a fault, kept for ever.
KEPT = (51, 129)


@pytest.mark.parametrize("block", range(20))
def test_invariants_hold_in_seeded_episodes(block: int) -> None:
    for seed in range(block * 10, block * 10 + 10):
        episode = Episode(seed)
        try:
            episode.run(150)
        except Exception as error:
            error.add_note(f"seed {seed}, after {len(episode.moves)} moves: ... {' '.join(episode.moves[-12:])}")
            raise


@pytest.mark.parametrize("seed", KEPT)
def test_a_seed_that_once_failed_holds(seed: int) -> None:
    Episode(seed).run(150)
