"""Runs many episodes and adds up what they reached; a failure stops the campaign and is shrunk.

The figures tell how much was simulated, and where the simulation is blind: empty cells of the fault matrix, moves of
the order table never made, rare situations never met.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from tradetui.domain.order_state import OrderState
from tradetui.simulation.coverage import Coverage, possible_transitions
from tradetui.simulation.episode import MOVES, Episode, EpisodeFailed
from tradetui.simulation.faults import FAULTS

#: Rare situations that a campaign of some hundred episodes must have met, or it proves nothing about them.
SOMETIMES = (
    "a busted trade",
    "a correction sold more than was known",
    "a crash in the middle of a step",
    "a crash with a cancel under way",
    "a kill between journal and send",
    "a kill while the journal fails",
    "a kill without a READY link",
    "a liquidation by the broker",
    "a look of a flatten while an own order works",
    "a restart while killed",
    "an accepted order is shown late",
    "an overfill",
    "fill before the note of writing",
    "fill while disconnected",
    "Inactive, then working again",
    "midnight",
    "midnight with executions nobody has told",
    "order ids went backwards",
    "the close with orders working",
    "the daily loss breaker tripped",
)
SESSION_DAY_S = 390 * 60


@dataclass
class Campaign:
    """What a number of episodes did. `simulated_s` is market time that passed in sessions; `failure` ends it."""

    episodes: int = 0
    moves: int = 0
    simulated_s: float = 0.0
    elapsed_s: float = 0.0
    coverage: Coverage = field(default_factory=Coverage)
    seeds: list[int] = field(default_factory=list)
    failure: EpisodeFailed | None = None

    @property
    def episodes_per_minute(self) -> float:
        """Episodes per minute of wall time."""
        return self.episodes / self.elapsed_s * 60 if self.elapsed_s else 0.0

    @property
    def days_per_minute(self) -> float:
        """Simulated trading days per minute of wall time."""
        return self.simulated_s / SESSION_DAY_S / self.elapsed_s * 60 if self.elapsed_s else 0.0

    def empty_cells(self) -> list[tuple[str, OrderState]]:
        """Return the legal cells of the fault matrix that were not hit."""
        hit = self.coverage.faults
        return [(name, state) for name, fault in FAULTS.items() for state in fault.states if not hit[name, state]]

    def silent_faults(self) -> list[str]:
        """Return the faults that were never injected."""
        used = {name for name, _ in self.coverage.sessions}
        return [name for name in FAULTS if name not in used]

    def missed_transitions(self) -> list[str]:
        """Return the moves of the order table that were not made."""
        made = self.coverage.transitions
        return [f"{state} on {fact.value}" for state, fact in possible_transitions() if not made[state, fact]]

    def missed_situations(self) -> list[str]:
        """Return the rare situations that were not met."""
        return [name for name in SOMETIMES if not self.coverage.sometimes[name]]


def run_campaign(
    seeds: Iterable[int],
    *,
    moves: int = MOVES,
    seconds: float | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Campaign:
    """Run one episode per seed until the seeds, or `seconds` of wall time, are used up or an episode fails."""
    campaign = Campaign()
    began = clock()
    for seed in seeds:
        episode = Episode(seed)
        market_ns = episode.scene.world.market_ns
        try:
            episode.run(moves)
        except EpisodeFailed as failed:
            campaign.failure = failed
        campaign.episodes += 1
        campaign.seeds.append(seed)
        campaign.moves += len(episode.moves)
        campaign.simulated_s += _in_sessions(episode, market_ns)
        campaign.coverage.add(episode.coverage)
        campaign.elapsed_s = clock() - began
        if campaign.failure is not None or (seconds is not None and campaign.elapsed_s >= seconds):
            break
    return campaign


def _in_sessions(episode: Episode, began_ns: int) -> float:
    """Return the market seconds that passed while the exchange was open."""
    world = episode.scene.world
    total, at = 0, began_ns
    while at < world.market_ns:
        session = world.config.calendar.current_or_next(at)
        total += max(0, min(session.close_ns, world.market_ns) - max(session.open_ns, at))
        at = session.close_ns
    return total / 1e9
