"""One life of the core: it ends in good order within its time, leaves no process, and there is only one at a time."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.box import Box, wait_for
from tests.e2e.players import HANG, REST, config_of
from tests.e2e.processes import processes_of
from tests.e2e.test_kill9 import compare, quiet_books

pytestmark = pytest.mark.slow

STOP_LIMIT_S = 20.0
AT_ONCE = 10


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    """A gateway and a home; the test starts the core."""
    box = Box(tmp_path)
    box.start_gateway()
    try:
        yield box
    finally:
        box.close()


def terminate(box: Box) -> tuple[int, float]:
    """Send SIGTERM to the core; return its exit code and the seconds it took."""
    assert box.core is not None
    began = time.monotonic()
    box.core.send_signal(signal.SIGTERM)
    code = box.core.wait(2 * STOP_LIMIT_S)
    return code, time.monotonic() - began


def wait_for_no_process_but_the_gateway(box: Box) -> None:
    assert box.gateway is not None
    gateway = box.gateway.pid
    wait_for("an end of every process of the core", lambda: set(processes_of(box.home)) == {gateway}, 5)


def test_sigterm_ends_the_core_and_its_children_and_a_restart_goes_on_with_the_same_books(box: Box) -> None:
    box.start_core()
    box.wait_ready()
    box.wait_orders(6)
    kinds = " ".join(processes_of(box.home).values())
    assert "tradetui.engine.strategy_host" in kinds
    assert "tradetui.alerts.watcher" in kinds
    code, took = terminate(box)
    assert code == 0
    assert took <= STOP_LIMIT_S
    assert box.log() == ""
    wait_for_no_process_but_the_gateway(box)
    assert not box.statement()["open_orders"], "entries were left at the broker"

    box.start_core()
    box.wait_ready()
    box.wait_orders(4)
    box.command("pause")
    state, truth = wait_for("quiet books", lambda: quiet_books(box), 60)
    compare(state, truth)
    refs = [order["request"]["order_ref"] for order in truth["completed_orders"]]
    assert len(refs) == len(set(refs)), "an order was sent twice"


def test_sigterm_ends_the_core_in_time_while_the_broker_is_silent_and_a_strategy_hangs(tmp_path: Path) -> None:
    box = Box(tmp_path, config=config_of(["rest", "stuck"]), strategies={"rest": REST, "stuck": HANG})
    box.start_gateway()
    try:
        box.start_core()
        box.wait_ready()
        box.wait_orders(4)
        box.gateway_command(cmd="silence", seconds=60)
        code, took = terminate(box)
        assert code == 0
        assert took <= STOP_LIMIT_S
        wait_for_no_process_but_the_gateway(box)
    finally:
        box.close()


def test_a_second_core_for_the_same_profile_is_refused_in_one_line(box: Box) -> None:
    box.start_core()
    box.wait_ready()
    assert box.core is not None
    second = box.cli("run")
    assert (second.returncode, second.stdout) == (1, "")
    assert second.stderr == (
        f"tradetui: a core for profile demo of {box.home} runs already (process {box.core.pid}); "
        "attach to it or stop it first\n"
    )
    assert box.row("core")["pid"] == box.core.pid


def test_a_second_core_for_the_same_account_is_refused_in_one_line(
    box: Box, tmp_path_factory: pytest.TempPathFactory
) -> None:
    box.start_core()
    box.wait_ready()
    assert box.core is not None
    # The same user's second home, with another client id: the gateway itself would let both in.
    other = Box(
        tmp_path_factory.mktemp("other"),
        config=config_of(["flip"]).replace("client_id = 7", "client_id = 8"),
        environ={"HOME": str(box.home)},
    )
    other.port = box.port
    ended = other.cli("run")
    assert ended.returncode == 1
    assert ended.stderr == (
        f"tradetui: a core for account DU1234567 (profile demo of {box.home}) runs already "
        f"(process {box.core.pid}); attach to it or stop it first\n"
    )
    box.wait_orders(4)
    assert {order["client_id"] for order in box.statement()["completed_orders"]} == {7}
    assert box.row("core")["state"] == "RUN"


def test_of_ten_cores_started_at_once_one_runs(box: Box) -> None:
    command = [sys.executable, "-m", "tradetui", "--home", str(box.home), "--profile", "demo", "run"]
    started = [
        subprocess.Popen(command, cwd=box.home, env=box.child_environ(), stderr=subprocess.PIPE) for _ in range(AT_ONCE)
    ]
    try:
        box.wait_ready(60)
        wait_for("nine refusals", lambda: sum(process.poll() is not None for process in started) == AT_ONCE - 1)
        (survivor,) = [process for process in started if process.poll() is None]
        assert box.row("core")["pid"] == survivor.pid
        for process in started:
            if process is not survivor:
                words = process.communicate()[1].decode()
                assert process.returncode == 1
                assert words.count("\n") == 1
                assert "runs already" in words
    finally:
        for process in started:
            if process.poll() is None:
                process.terminate()
            process.communicate(timeout=30)
    lock = box.paths.lock.read_text()
    assert lock.split()[0] == str(survivor.pid), json.dumps(lock)
