"""Commands from another shell against a trading core: what they print, what they do, how they end.

Exit code 0 means done, 1 refused or failed with one line of reason, 2 wrong usage.
"""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.box import Box, wait_for
from tests.e2e.players import REST, config_of
from tests.e2e.processes import processes_of

pytestmark = pytest.mark.slow

Ended = subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def shared_box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    yield from life_of(Box(tmp_path_factory.mktemp("trading")))


@pytest.fixture
def trading(shared_box: Box) -> Box:
    """A core that trades, whatever the test before has done to it, unless it killed it."""
    shared_box.command("resume")
    shared_box.wait_ready()
    return shared_box


@pytest.fixture
def resting(tmp_path: Path) -> Iterator[Box]:
    """A core with one resting order in each of four symbols."""
    yield from life_of(Box(tmp_path, config=config_of(["rest"]), strategies={"rest": REST}))


@pytest.fixture
def flipping(tmp_path: Path) -> Iterator[Box]:
    """A core of its own that buys and sells at every bar."""
    yield from life_of(Box(tmp_path))


def life_of(box: Box) -> Iterator[Box]:
    try:
        box.start_gateway()
        box.start_core()
        box.wait_ready()
        box.wait_orders(4)
        yield box
    finally:
        box.close()


def data_of(ended: Ended) -> Any:
    assert (ended.returncode, ended.stderr) == (0, "")
    return json.loads(ended.stdout)


def one_line_of(ended: Ended, code: int = 1) -> str:
    assert (ended.returncode, ended.stdout) == (code, "")
    assert ended.stderr.count("\n") == 1, ended.stderr
    return ended.stderr.strip()


def held_at_the_gateway(box: Box) -> dict[str, float]:
    return {row["contract"]["symbol"]: row["quantity"] for row in box.statement()["positions"] if row["quantity"]}


def live_orders(box: Box) -> list[object]:
    return [row for row in (box.state("orders") or {}).get("orders", {}).values() if row["live"]]


def pause_until_quiet(box: Box) -> None:
    assert box.cli("pause").returncode == 0
    wait_for("no live order", lambda: not live_orders(box) and not box.statement()["open_orders"])
    wait_for("every commission", lambda: not box.row("account")["provisional"])


# --- what they print ---------------------------------------------------------------------------------------------


def test_what_the_shell_shows_is_what_the_gateway_has_in_its_books(trading: Box) -> None:
    pause_until_quiet(trading)

    def at_rest() -> tuple[dict[str, float], dict[str, float]] | None:
        # Exits still go while paused: what is compared must have stood still meanwhile.
        before = held_at_the_gateway(trading)
        shown = {row["symbol"]: row["qty"] for row in data_of(trading.cli("positions", "--json")) if row["qty"]}
        return (shown, before) if before == held_at_the_gateway(trading) else None

    shown, held = wait_for("a moment at rest", at_rest)
    assert shown == held
    wait_for("the last exit", lambda: not held_at_the_gateway(trading) and not live_orders(trading))
    truth = trading.statement()
    fills = data_of(trading.cli("fills", "--json", "-n", "1000"))
    assert {row["id"] for row in fills} == {
        row["execution"]["exec_id"].rpartition(".")[0] for row in truth["executions"]
    }
    status = data_of(trading.cli("status", "--json"))
    assert (status["core"]["state"], status["link"]["state"]) == ("PAUSED", "READY")
    assert status["account"]["cash"] == pytest.approx(truth["values"]["cash"], abs=0.005)


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        (("status",), dict),
        (("positions",), list),
        (("orders",), list),
        (("orders", "--live"), list),
        (("orders", "SPY", "-n", "3"), list),
        (("fills", "SPY"), list),
        (("risk",), dict),
        (("why",), list),
        (("why", "SPY"), list),
        (("logs",), list),
    ],
)
def test_every_question_is_answered_as_text_and_as_json(trading: Box, words: tuple[str, ...], kind: type) -> None:
    text = trading.cli(*words)
    assert (text.returncode, text.stderr) == (0, "")
    assert text.stdout.strip()
    assert isinstance(data_of(trading.cli(*words, "--json")), kind)


def test_explain_tells_the_story_of_an_order_from_the_decision_to_the_commission(trading: Box) -> None:
    order = data_of(trading.cli("fills", "--json", "-n", "1"))[0]["intent_id"]
    story = data_of(trading.cli("explain", order, "--json"))
    told = " ".join(str(row["text"]) for row in story)
    for part in ("flip wanted", "journaled", "written to the socket", "execution", "commission 1.00"):
        assert part in told, told
    assert trading.cli("explain", order).stdout.startswith(f"order {order}")


# --- how they refuse ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("explain", "no-such-order"), "no-such-order"),
        (("why", "TSLA"), "TSLA is not watched; symbols are DIA, IWM, QQQ, SPY"),
        (("flatten",), "flatten has to be confirmed"),
        (("flatten", "TSLA", "--yes"), "TSLA is not traded here"),
        (("flatten", "--confirm", "wrong"), "type flatten to confirm"),
        (("resume", "--unkill", "--reason", "why not"), "trading is not killed"),
    ],
)
def test_what_cannot_be_done_is_refused_in_one_line(trading: Box, words: tuple[str, ...], reason: str) -> None:
    refused = trading.cli(*words)
    assert refused.returncode == 1
    assert reason in refused.stderr
    assert refused.stderr.count("\n") == 1
    assert trading.row("core")["state"] == "RUN"


@pytest.mark.parametrize("words", [("stauts",), ("orders", "--life"), ("orders", "-n", "many"), ("explain",)])
def test_wrong_usage_ends_with_2_and_touches_nothing(trading: Box, words: tuple[str, ...]) -> None:
    wrong = trading.cli(*words)
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "Traceback" not in wrong.stderr
    assert trading.row("core")["state"] == "RUN"


@pytest.mark.parametrize("verb", ["status", "positions", "risk", "pause", "resume", "flatten", "stop"])
def test_without_a_core_a_command_says_so_in_one_line(tmp_path: Path, verb: str) -> None:
    box = Box(tmp_path)
    line = one_line_of(box.cli(verb))
    assert "no core is running for profile demo" in line
    assert "tradetui --profile demo run" in line


def test_questions_about_the_past_are_answered_from_the_journal_when_no_core_runs(resting: Box) -> None:
    assert resting.cli("stop").returncode == 0
    for verb in ("orders", "fills", "logs", "why"):
        answer = resting.cli(verb, "--json")
        assert (verb, answer.returncode) == (verb, 0)
        assert answer.stderr == "tradetui: no core is running: this is what its journal holds\n"
        assert isinstance(json.loads(answer.stdout), list)
    assert len(json.loads(resting.cli("orders", "--json").stdout)) >= 4


# --- what they do ------------------------------------------------------------------------------------------------


def test_pause_stops_new_exposure_until_resume(trading: Box) -> None:
    paused = trading.cli("pause", "--reason", "lunch")
    assert (paused.returncode, paused.stderr) == (0, "")
    assert paused.stdout.startswith("PAUSED")
    assert "lunch" in trading.cli("status").stdout
    wait_for("the last exit", lambda: not held_at_the_gateway(trading) and not live_orders(trading))
    sent, bars = trading.row("core")["orders_sent"], trading.row("core")["bars"]
    wait_for("eight more bars", lambda: trading.row("core")["bars"] >= bars + 8)  # type: ignore[operator]
    assert trading.row("core")["orders_sent"] == sent
    assert any("PAUSED" in str(row["text"]) for row in data_of(trading.cli("why", "SPY", "--json", "-n", "50")))
    resumed = trading.cli("resume")
    assert (resumed.returncode, resumed.stdout) == (0, "RUN: trading goes on\n")
    wait_for("an order", lambda: trading.row("core")["orders_sent"] > sent)  # type: ignore[operator]


def test_flatten_ends_with_a_proof_and_the_books_agree_with_the_gateway(trading: Box) -> None:
    wait_for("something held", lambda: held_at_the_gateway(trading))
    assert trading.cli("pause").returncode == 0
    ended = trading.cli("flatten", "--yes")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.splitlines()[-1].startswith("FLAT: the broker's own list shows nothing held in DIA, IWM, QQQ")
    assert not held_at_the_gateway(trading)
    wait_for("every commission", lambda: not trading.row("account")["provisional"])
    truth, account = trading.statement()["values"], trading.row("account")
    assert account["cash"] == pytest.approx(truth["cash"], abs=0.005)
    assert account["realized"] == pytest.approx(truth["realized_pnl"], abs=0.015)
    assert not [row for row in (trading.state("positions") or {})["positions"].values() if row["qty"]]


def test_kill_cancels_every_order_and_only_an_unkill_ends_it(resting: Box) -> None:
    killed = resting.cli("kill", "--reason", "odd prices")
    assert (killed.returncode, killed.stderr) == (0, "")
    assert killed.stdout.splitlines()[0] == "KILLED; cancelling 4 orders"
    assert killed.stdout.splitlines()[-1] == "KILLED; every order has ended"
    assert not resting.statement()["open_orders"]
    assert "odd prices" in resting.cli("status").stdout
    again = resting.cli("kill")
    assert (again.returncode, again.stdout) == (0, "KILLED already; no order of ours is live\n")
    assert "unkill" in one_line_of(resting.cli("resume"))


def test_a_killed_core_still_flattens_on_the_operators_word(flipping: Box) -> None:
    wait_for("several symbols held", lambda: len(held_at_the_gateway(flipping)) > 1)
    flipping.cli("kill")
    held = held_at_the_gateway(flipping)
    assert held
    chosen, *others = held
    ended = flipping.cli("flatten", chosen, "--yes")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert set(held_at_the_gateway(flipping)) == set(others)
    assert flipping.row("core")["state"] == "KILLED"


def test_stop_ends_the_core_and_leaves_no_process_of_it(resting: Box) -> None:
    assert resting.core is not None
    assert resting.gateway is not None
    stopped = resting.cli("stop")
    assert (stopped.returncode, stopped.stdout) == (0, "the core of profile demo has ended\n")
    assert resting.core.wait(1) == 0
    gateway = resting.gateway.pid
    wait_for("only the gateway left", lambda: set(processes_of(resting.home)) == {gateway}, 5)
    assert not resting.statement()["open_orders"], "entries were left at the broker"


# --- when the core does not answer -------------------------------------------------------------------------------


def test_a_kill_that_the_core_does_not_answer_falls_back_and_is_carried_out_when_it_wakes(resting: Box) -> None:
    assert resting.core is not None
    resting.core.send_signal(signal.SIGSTOP)
    try:
        began = time.monotonic()
        killed = resting.cli("kill")
        took = time.monotonic() - began
    finally:
        resting.core.send_signal(signal.SIGCONT)
    assert one_line_of(killed) == (
        f"tradetui: the core does not answer: STOP file written, kill signal sent to core {resting.core.pid}. "
        "NOT CONFIRMED by the core"
    )
    assert took < 5
    assert resting.paths.stop_file.exists()
    wait_for("KILLED", lambda: resting.row("core").get("state") == "KILLED", 5)
    wait_for("every order cancelled", lambda: not resting.statement()["open_orders"], 5)


def test_the_kill_signal_alone_kills_a_core_that_woke_without_its_stop_file(resting: Box) -> None:
    assert resting.core is not None
    resting.core.send_signal(signal.SIGSTOP)
    try:
        resting.cli("kill")
        resting.paths.stop_file.unlink()
    finally:
        resting.core.send_signal(signal.SIGCONT)
    wait_for("KILLED", lambda: resting.row("core").get("state") == "KILLED", 5)
    assert "SIGUSR1" in str(resting.state("latches")["latches"]["kill"]["who"])  # type: ignore[index]


@pytest.mark.parametrize("verb", ["status", "positions", "pause", "stop"])
def test_a_question_to_a_core_that_hangs_ends_soon_and_names_the_way_out(trading: Box, verb: str) -> None:
    assert trading.core is not None
    trading.core.send_signal(signal.SIGSTOP)
    try:
        line = one_line_of(trading.cli(verb, limit_s=10))
    finally:
        trading.core.send_signal(signal.SIGCONT)
    assert "does not answer within 1 s" in line
    assert "tradetui --profile demo kill" in line
    wait_for("RUN", lambda: trading.row("core").get("state") == "RUN")


def test_a_kill_without_a_core_keeps_the_next_one_from_trading(tmp_path: Path) -> None:
    box = Box(tmp_path)
    box.start_gateway()
    try:
        box.paths.prepare()
        line = one_line_of(box.cli("kill"))
        assert "STOP file written. No core is running; orders at the broker may still be live" in line
        box.start_core()
        wait_for("KILLED", killed_and_synced(box))
        assert box.row("core")["orders_sent"] == 0
    finally:
        box.close()


def killed_and_synced(box: Box) -> Callable[[], bool]:
    return lambda: box.row("core").get("state") == "KILLED" and box.row("link").get("state") == "READY"
