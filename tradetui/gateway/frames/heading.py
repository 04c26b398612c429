"""What a frame log says of the gateway that wrote it: enough to build the same one again.

Invariant: the same heading, played the same frames at the same market times, gives the same replies.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tradetui.gateway.faults.schedule import Schedule

if TYPE_CHECKING:
    from tradetui.gateway.assembly import GatewayOptions

REPLAY: Final = "replay:"
#: Options that say where the gateway runs, not what its clients see.
ELSEWHERE: Final = frozenset({"host", "port", "allow_remote", "control_port", "state", "faults", "frame_log"})


def heading_of(
    options: GatewayOptions, state: Mapping[str, object] | None, schedule: Schedule, wall_ns: int
) -> dict[str, object]:
    """The heading of a gateway built with these at `wall_ns` (UTC ns)."""
    told: dict[str, object] = {
        each.name: getattr(options, each.name) for each in fields(options) if each.name not in ELSEWHERE
    }
    if options.market.startswith(REPLAY):
        told["market"] = f"{REPLAY}{Path(options.market.removeprefix(REPLAY)).resolve()}"
    if options.rules is not None:
        told["rules"] = str(options.rules.resolve())
    return {
        "wall_ns": wall_ns,
        "options": told,
        "state": state,
        "schedule": {"seed": schedule.seed, "faults": list(schedule.faults)},
    }
