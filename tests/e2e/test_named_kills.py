"""`kill -9` at named points and in the gateway that reads an order: whole journals, no double, equal books."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from tests.e2e.crash_run import POINTS
from tests.e2e.kills import Killer, campaign, ends

#: One life each in the ordinary run: around the commit, around the socket, and in the broker's hands.
ALWAYS = ("journal.after_commit:3", "socket.after_order:1", "gateway:taken", "reconcile.before:2")


@pytest.mark.slow
def test_a_core_killed_at_named_points_leaves_no_double_and_no_difference(tmp_path: Path) -> None:
    killer = Killer(tmp_path, seed=1)
    try:
        killer.open(seed=1)
        for end in ALWAYS:
            killer.life(end)
        killer.settle()
    finally:
        killer.box.close()
    assert killer.outcome.kills == len(ALWAYS)


@pytest.mark.slow
@pytest.mark.skipif("TRADETUI_KILLS" not in os.environ, reason="takes long: set TRADETUI_KILLS=300")
def test_a_core_killed_again_and_again_leaves_no_double_and_no_difference(tmp_path: Path) -> None:
    outcome = campaign(tmp_path, int(os.environ["TRADETUI_KILLS"]), seed=1)
    assert sum(outcome.ends.values()) == outcome.kills


def test_every_named_point_is_among_the_ends_of_a_long_campaign() -> None:

    chosen = {end.partition(":")[0] for end in ends(random.Random(1), 300)}
    assert set(POINTS) <= chosen
    assert {"random", "gateway", "stop"} <= chosen
