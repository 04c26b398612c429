"""A campaign as text for the terminal and as plain data for scripts."""

from __future__ import annotations

from tradetui.domain.order_state import OrderState
from tradetui.simulation.campaign import SOMETIMES, Campaign
from tradetui.simulation.coverage import possible_transitions
from tradetui.simulation.episode import EpisodeFailed
from tradetui.simulation.faults import FAULTS

Json = dict[str, "bool | int | float | str | list[str] | list[int] | dict[str, int] | Json | None"]

_SHORT = {
    OrderState.JOURNALED: "journ",
    OrderState.SENT: "sent",
    OrderState.ACKED: "acked",
    OrderState.WORKING: "work",
    OrderState.PARTIAL: "part",
    OrderState.CANCEL_WANTED: "cancel",
    OrderState.UNKNOWN: "unkn",
    OrderState.FILLED: "filled",
    OrderState.CANCELLED: "cncld",
}


def text_of(campaign: Campaign) -> str:
    """Return the figures, the fault matrix, and what was not reached."""
    lines = [
        f"{campaign.episodes} episodes, {campaign.moves} moves in {campaign.elapsed_s:.1f} s: "
        f"{campaign.episodes_per_minute:,.0f} episodes/min, {campaign.days_per_minute:,.0f} trading days/min",
        "",
        *_matrix(campaign),
        "",
        _share("order transitions", len(possible_transitions()), campaign.missed_transitions()),
        _share("rare situations", len(SOMETIMES), campaign.missed_situations()),
        "session/trading states: " + ", ".join(sorted(campaign.coverage.trading)),
    ]
    return "\n".join(lines)


def _share(what: str, total: int, missed: list[str]) -> str:
    text = f"{what}: {total - len(missed)} of {total}"
    return text + (f"; missed: {'; '.join(missed)}" if missed else "")


def _matrix(campaign: Campaign) -> list[str]:
    head = f"{'fault':<20}{'in all':>8}" + "".join(f"{name:>8}" for name in _SHORT.values())
    lines = [head]
    for name, fault in FAULTS.items():
        injected = sum(count for (fault_name, _), count in campaign.coverage.sessions.items() if fault_name == name)
        cells = [_cell(campaign, name, state, legal=state in fault.states) for state in _SHORT]
        lines.append(f"{name:<20}{injected:>8}" + "".join(f"{cell:>8}" for cell in cells))
    empty = campaign.empty_cells()
    lines.append(f"empty legal cells: {len(empty)}" + "".join(f"; {name}/{state}" for name, state in empty))
    return lines


def _cell(campaign: Campaign, name: str, state: OrderState, *, legal: bool) -> str:
    count = campaign.coverage.faults[name, state]
    return str(count) if count or legal else "."


def failure_text(failed: EpisodeFailed, shrunk: EpisodeFailed) -> str:
    """Return how an episode failed and the shortest moves that show it."""
    moves = "\n".join(f"  {move.name} {move.seed}" for move in shrunk.moves)
    return f"{failed}\nreplay: tradetui simulate --seed {failed.seed}\n{len(shrunk.moves)} moves do it:\n{moves}"


def json_of(campaign: Campaign, shrunk: EpisodeFailed | None) -> Json:
    """Return the same as plain data."""
    failed = campaign.failure
    faults = {f"{name}/{state}": count for (name, state), count in sorted(campaign.coverage.faults.items())}
    failure: Json | None = None
    if failed is not None:
        moves = [f"{move.name} {move.seed}" for move in (shrunk or failed).moves]
        failure = {"seed": failed.seed, "reason": failed.reason, "moves": moves}
    return {
        "episodes": campaign.episodes,
        "moves": campaign.moves,
        "seconds": campaign.elapsed_s,
        "episodes_per_minute": campaign.episodes_per_minute,
        "trading_days_per_minute": campaign.days_per_minute,
        "faults": faults,
        "empty_cells": [f"{name}/{state}" for name, state in campaign.empty_cells()],
        "transitions_missed": campaign.missed_transitions(),
        "situations": {name: campaign.coverage.sometimes[name] for name in SOMETIMES},
        "situations_missed": campaign.missed_situations(),
        "states": dict(sorted(campaign.coverage.trading.items())),
        "failure": failure,
    }
