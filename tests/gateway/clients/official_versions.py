"""The newest official build at every version whose layouts differ: its decoder knows them all.

It is told to know no more than a version, so the gateway speaks that one. Prints the outcomes by version as JSON.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable

import ibapi.client

from tests.gateway.clients.official_actor import OfficialActor
from tests.gateway.clients.play import Play, outcome_of
from tests.gateway.clients.stage import Control

QUESTIONS = (
    "account sync",
    "contract details",
    "historical bars",
    "historical ticks",
    "schedule",
    "options",
    "depth",
    "scanner",
    "news",
    "executions",
)


def acts(actor: OfficialActor, play: Play) -> dict[str, Callable[[], None]]:
    """A short play that makes the gateway send every message whose layout depends on the version."""
    every = play.acts(["LMT", "MKT", "TRAIL LIMIT"])
    wanted = [f"ask {name}" for name in QUESTIONS] + ["order LMT", "order MKT", "order TRAIL LIMIT", "whatIf"]
    return {name: every[name] for name in [*wanted, "condition price"]}


def main(arguments: list[str]) -> None:
    """Arguments: port, control port, the versions as JSON."""
    control = Control(int(arguments[1]))
    outcomes = {}
    for number, version in enumerate(json.loads(arguments[2])):
        ibapi.client.MAX_CLIENT_VER = version
        actor = OfficialActor(client_id=100 + number)
        outcomes[version] = outcome_of(actor, int(arguments[0]), acts(actor, Play(actor, control)))
    sys.stdout.write(json.dumps(outcomes) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
