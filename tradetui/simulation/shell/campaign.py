"""Many episodes of the whole shell: what they did, where they were blind, and the shortest schedule of a failure."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from tradetui.simulation.coverage import Coverage, possible_transitions
from tradetui.simulation.report import Json
from tradetui.simulation.shell.episode import Planned, ShellEpisode, ShellFailed
from tradetui.simulation.shell.kinds import KINDS
from tradetui.simulation.shrink import invariant_of, shortest

SESSION_DAY_S = 390 * 60
#: Replays that shrinking one schedule may cost; each takes seconds.
REPLAYS = 60


@dataclass
class ShellCampaign:
    """What a number of episodes did. `market_s` is simulated market time; `failure` ends it."""

    episodes: int = 0
    orders: int = 0
    market_s: float = 0.0
    elapsed_s: float = 0.0
    strikes: Counter[str] = field(default_factory=Counter)
    coverage: Coverage = field(default_factory=Coverage)
    trace: str = ""
    failure: ShellFailed | None = None

    @property
    def days_per_minute(self) -> float:
        """Simulated trading days per minute of wall time."""
        return self.market_s / SESSION_DAY_S / self.elapsed_s * 60 if self.elapsed_s else 0.0

    def silent_kinds(self) -> list[str]:
        """Return the kinds that never struck."""
        return [name for name in KINDS if not self.strikes[name]]


def run_campaign(
    seeds: Iterable[int], *, seconds: float | None = None, clock: Callable[[], float] = time.monotonic
) -> ShellCampaign:
    """Run one episode per seed until the seeds, or `seconds` of wall time, are used up or an episode fails."""
    campaign = ShellCampaign()
    began = clock()
    for seed in seeds:
        episode = ShellEpisode(seed)
        try:
            episode.run()
        except ShellFailed as failed:
            campaign.failure = failed
        campaign.episodes += 1
        campaign.orders += episode.orders
        campaign.market_s += episode.market_s
        campaign.strikes.update(episode.strikes)
        campaign.coverage.add(episode.coverage)
        campaign.trace = episode.trace_hash
        campaign.elapsed_s = clock() - began
        if campaign.failure is not None or (seconds is not None and campaign.elapsed_s >= seconds):
            break
    return campaign


def shrink(failed: ShellFailed) -> ShellFailed:
    """Return the failure of the shortest schedule found that breaks the same invariant."""

    def fails(plan: Sequence[Planned]) -> ShellFailed | None:
        try:
            ShellEpisode(failed.seed, plan).run()
        except ShellFailed as found:
            return found if invariant_of(found.reason) == invariant_of(failed.reason) else None
        return None

    return shortest(failed, lambda found: found.plan, fails, REPLAYS)


def text_of(campaign: ShellCampaign) -> str:
    """Return the figures, what struck in which session and order state, and what was not reached."""
    coverage = campaign.coverage
    made = sum(1 for move in possible_transitions() if coverage.transitions[move])
    lines = [
        f"{campaign.episodes} episodes of the whole shell, {campaign.orders} orders, {sum(campaign.strikes.values())} "
        f"strikes in {campaign.elapsed_s:.1f} s: {campaign.days_per_minute:.1f} trading days/min",
        "",
        f"{'strike':<20}{'in all':>8}  sessions and order states met",
    ]
    for name in KINDS:
        sessions = sorted({str(session) for kind, session in coverage.sessions if kind == name})
        states = sorted({str(state) for kind, state in coverage.faults if kind == name})
        lines.append(f"{name:<20}{campaign.strikes[name]:>8}  {', '.join(sessions)}; {', '.join(states)}")
    lines += ["", f"order transitions: {made} of {len(possible_transitions())}"]
    if campaign.silent_kinds():
        lines.append(f"never struck: {', '.join(campaign.silent_kinds())}")
    return "\n".join(lines)


def failure_text(failed: ShellFailed, shrunk: ShellFailed) -> str:
    """Return how an episode failed and the shortest schedule that shows it."""
    plan = "\n".join(f"  {planned}" for planned in shrunk.plan)
    again = f"replay: tradetui simulate --level shell --seed {failed.seed}"
    return f"{failed}\n{again}\n{len(shrunk.plan)} strikes do it:\n{plan}"


def json_of(campaign: ShellCampaign, shrunk: ShellFailed | None) -> Json:
    """Return the same as plain data."""
    failed = campaign.failure
    failure: Json | None = None
    if failed is not None:
        plan = [str(planned) for planned in (shrunk or failed).plan]
        failure = {"seed": failed.seed, "reason": failed.reason, "plan": plan}
    return {
        "level": "shell",
        "episodes": campaign.episodes,
        "orders": campaign.orders,
        "seconds": campaign.elapsed_s,
        "trading_days_per_minute": campaign.days_per_minute,
        "strikes": dict(sorted(campaign.strikes.items())),
        "silent": campaign.silent_kinds(),
        "trace": campaign.trace,
        "failure": failure,
    }
