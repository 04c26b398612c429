"""The STOP file: KILLED within a second of real time whatever the market does, and nothing but an unkill ends it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.box import Box, wait_for
from tests.e2e.players import REST, config_of

pytestmark = pytest.mark.slow

PROMISE_S = 1.0


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    box = Box(tmp_path, config=config_of(["rest"]), strategies={"rest": REST})
    box.start_gateway()
    try:
        yield box
    finally:
        box.close()


def seconds_until_killed(box: Box) -> float:
    """Touch STOP and return the real seconds until the core says KILLED."""
    with box.client() as client:
        touched = time.monotonic()
        box.paths.stop_file.touch()
        while client.state(("core",))["core"]["core"].get("state") != "KILLED":
            assert time.monotonic() - touched < 10 * PROMISE_S, "the STOP file was not seen"
        return time.monotonic() - touched


def resting(box: Box) -> int:
    return len(box.statement()["open_orders"])


def bars(box: Box) -> int:
    return int(box.row("core").get("bars") or 0)  # type: ignore[arg-type]


def wait_for_more_bars(box: Box, count: int) -> None:
    seen = bars(box)
    wait_for(f"{count} more bars", lambda: bars(box) >= seen + count)


def test_a_stop_file_kills_within_a_second_and_the_orders_are_cancelled(box: Box) -> None:
    box.start_core()
    box.wait_ready()
    wait_for("a resting order in each symbol", lambda: resting(box) == 4)
    assert seconds_until_killed(box) <= PROMISE_S
    wait_for("every order cancelled at the broker", lambda: resting(box) == 0, 5)
    said = box.status("trading")
    assert said.startswith("KILLED")
    assert f"{box.paths.stop_file} exists" in said
    sent = box.row("core")["orders_sent"]
    wait_for_more_bars(box, 4)
    assert box.row("core")["orders_sent"] == sent


def test_a_stop_file_kills_within_a_second_while_the_broker_is_away(box: Box) -> None:
    box.start_core()
    box.wait_ready()
    wait_for("a resting order in each symbol", lambda: resting(box) == 4)
    assert box.gateway is not None
    box.gateway.kill()
    wait_for("the loss of the link", lambda: box.row("link").get("state") == "DISCONNECTED")
    assert seconds_until_killed(box) <= PROMISE_S
    assert "NOT CONFIRMED" in box.status("trading")


def test_a_stop_file_that_is_there_at_the_start_keeps_the_core_from_trading_and_it_says_why(box: Box) -> None:
    box.paths.stop_file.touch()
    box.start_core()
    wait_for("the link", lambda: box.row("link").get("state") == "READY")
    wait_for_more_bars(box, 8)
    core = box.row("core")
    assert (core["state"], core["orders_sent"]) == ("KILLED", 0)
    assert resting(box) == 0
    why = f"{box.paths.stop_file} exists: it was there at the start"
    assert why in str(core["why"])
    assert why in box.status("trading")
    assert why in box.cli("logs").stdout
    assert box.log() == f"tradetui: not trading: {box.paths.stop_file} exists; remove it, then unkill\n"


def test_removing_the_stop_file_does_not_resume_but_a_typed_unkill_does(box: Box) -> None:
    box.paths.stop_file.touch()
    box.start_core()
    wait_for("the link", lambda: box.row("link").get("state") == "READY")
    box.paths.stop_file.unlink()
    wait_for_more_bars(box, 4)
    assert box.row("core")["state"] == "KILLED"

    box.kill_core()
    box.start_core()
    wait_for("the books compared", lambda: box.row("account").get("reconciled_ns"))
    assert box.row("core")["state"] == "KILLED", "a restart ended a kill"

    tail = str(box.row("core")["account"])[-4:]
    for words, reason in (
        (("resume",), "only unkill, typed and with a reason, ends that"),
        (("resume", "--unkill", "--confirm", tail), "give a reason"),
        (("resume", "--unkill", "--confirm", "0000", "--reason", "checked"), "type the last four characters"),
    ):
        refused = box.cli(*words)
        assert refused.returncode == 1
        assert reason in refused.stderr
        assert refused.stderr.count("\n") == 1
    assert box.row("core")["state"] == "KILLED"

    ended = box.cli("resume", "--unkill", "--confirm", tail, "--reason", "looked at everything")
    assert (ended.returncode, ended.stdout) == (0, "no longer KILLED; PAUSED until you resume\n")
    assert "looked at everything" in box.cli("logs").stdout
    assert box.cli("resume").returncode == 0
    wait_for("orders again", lambda: resting(box) == 4)


def test_an_unkill_under_a_stop_file_gives_no_order(box: Box) -> None:
    box.paths.stop_file.touch()
    box.start_core()
    wait_for("the books compared", lambda: box.row("account").get("reconciled_ns"))
    tail = str(box.row("core")["account"])[-4:]
    box.cli("resume", "--unkill", "--confirm", tail, "--reason", "forgot the file")
    box.cli("resume")
    wait_for_more_bars(box, 8)
    assert box.row("core")["state"] == "KILLED"
    assert resting(box) == 0
    assert not box.statement()["completed_orders"]
