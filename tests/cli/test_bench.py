"""`tradetui bench`: each figure comes from the real parts, stands beside its budget, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tradetui.bench import machine, stage
from tradetui.bench.catalogue import BENCHMARKS, load
from tradetui.bench.measure import (
    Bound,
    Budget,
    Measurement,
    Unmeasured,
    at_least,
    at_most,
    percentile,
    readable,
)
from tradetui.bench.stage import Play, open_stage
from tradetui.cli import bench
from tradetui.cli.main import main

#: The least work each benchmark does.
TINY = 0.01


@pytest.fixture
def leftovers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Temporary files of the benchmarks go here; the test looks at what is left."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return tmp_path


def names(figures: list[Measurement]) -> set[str]:
    return {figure.name for figure in figures}


# --- figures and budgets ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("budget", "measured", "share"),
    [
        (at_most(2.0), 1.0, 0.5),
        (at_most(2.0), 3.0, 1.5),
        (at_least(100.0), 200.0, 0.5),
        (at_least(100.0), 50.0, 2.0),
        (at_least(100.0), 0.0, float("inf")),
    ],
)
def test_a_share_below_one_is_within_the_budget_on_either_side(budget: Budget, measured: float, share: float) -> None:
    assert budget.share(measured) == share


def test_a_line_holds_figure_budget_share_and_meaning() -> None:
    figure = Measurement(name="kill.last_cancel", what="kill to cancel", value=0.25, unit="s", budget=at_most(1))
    assert figure.line().split() == ["kill.last_cancel", "0.25", "s", "<=", "1", "0.25", "kill", "to", "cancel"]
    bare = Measurement(name="x", what="of something", value=12345.6, unit="/s")
    assert bare.line().split() == ["x", "12,346", "/s", "of", "something"]


def test_a_measurement_survives_the_way_through_a_pipe() -> None:
    for budget in (None, Budget(Bound.AT_LEAST, 5.0)):
        figure = Measurement(name="n", what="w", value=1.5, unit="u", budget=budget)
        assert Measurement.from_json(json.loads(json.dumps(figure.as_json()))) == figure


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0"), (0.01234, "0.0123"), (7.0, "7"), (99.96, "100"), (1e6, "1,000,000")]
)
def test_figures_have_three_digits(value: float, text: str) -> None:
    assert readable(value) == text


def test_percentiles_need_samples() -> None:
    assert percentile([3.0, 1.0, 2.0], 50) == 2.0
    assert percentile([1.0], 99) == 1.0
    with pytest.raises(Unmeasured):
        percentile([], 50)


def test_the_machine_is_described_without_names_of_its_own() -> None:
    facts = machine.machine_facts()
    line = machine.machine_line(facts)
    assert str(facts["cores"]) in line
    assert os.uname().nodename not in line
    assert "/" not in str(facts["processor"])


# --- the benchmarks, small ------------------------------------------------------------------------------------------
def test_every_benchmark_of_the_catalogue_can_be_loaded() -> None:
    for name in BENCHMARKS:
        assert callable(load(name).measure)


def test_the_gate_is_timed_on_orders_it_lets_through() -> None:
    figures = load("gate").measure(TINY)
    assert names(figures) == {"gate.entry", "gate.exit", "gate.whole"}
    assert all(figure.value > 0 for figure in figures)


def test_a_decision_costs_as_much_after_a_long_day_as_in_the_morning() -> None:
    growth = next(figure for figure in load("step").measure(0.4) if figure.name == "step.growth")
    # A cost that grew with the day's orders was eleven times as high after 4,000 of them.
    assert growth.value < 3


def test_the_journal_is_timed_on_a_file_that_is_gone_afterwards(leftovers: Path) -> None:
    assert names(load("journal").measure(TINY)) == {"journal.p50", "journal.p99"}
    assert list(leftovers.iterdir()) == []


def test_every_tick_sent_comes_through() -> None:
    (rate,) = load("ticks").measure(TINY)
    assert rate.budget == at_least(100_000)
    assert rate.value > 0


def test_the_gateway_is_timed_as_a_process_of_its_own(leftovers: Path) -> None:
    assert names(load("gateway").measure(TINY)) == {"gateway.order_p50", "gateway.order_p99", "gateway.ticks"}
    assert list(leftovers.iterdir()) == []


@pytest.mark.slow
def test_a_kill_is_timed_from_another_process_to_the_last_cancel_on_the_wire(leftovers: Path) -> None:
    last, confirmed = load("kill").measure(0.2)
    assert 0 < last.value <= confirmed.value
    assert list(leftovers.iterdir()) == []


@pytest.mark.slow
def test_the_whole_core_is_timed_from_bar_to_order(leftovers: Path) -> None:
    figures = load("orders").measure(TINY)
    assert {"orders.1.p50", "orders.4.p99", "orders.loop_lag_p99", "orders.core_rss"} <= names(figures)
    assert all(figure.budget is not None and figure.value > 0 for figure in figures)
    assert list(leftovers.iterdir()) == []


@pytest.mark.slow
def test_a_screen_is_watched_on_a_real_terminal(leftovers: Path) -> None:
    figures = {figure.name: figure.value for figure in load("screen").measure(TINY)}
    # Moving prices cost bytes; a screen at rest costs less.
    assert figures["screen.bytes"] > figures["screen.idle"] > 0
    assert list(leftovers.iterdir()) == []


@pytest.mark.slow
def test_waits_are_timed_from_the_start_of_the_process(leftovers: Path) -> None:
    figures = {figure.name: figure.value for figure in load("start").measure(TINY)}
    assert 0 < figures["start.first_paint"] <= figures["start.data"]
    assert figures["start.python"] > 0
    assert figures["start.status"] > 0
    assert list(leftovers.iterdir()) == []


@pytest.mark.slow
def test_the_backtest_is_timed_beside_a_plain_loop_with_equal_results(leftovers: Path) -> None:
    assert names(load("backtest").measure(TINY)) == {"backtest.bars", "backtest.vs_plain", "backtest.process"}
    assert list(leftovers.iterdir()) == []


# --- the stage -------------------------------------------------------------------------------------------------------
def test_a_stage_whose_program_ends_says_what_it_said(leftovers: Path) -> None:
    play = Play(symbols=("SPY", "SPY"), speed=1.0)
    with open_stage() as opened, pytest.raises(Unmeasured, match=r"a process ended before the core trades: .*twice"):
        opened.start_core(play, port=4999)
    assert list(leftovers.iterdir()) == []


def test_a_stage_without_a_market_says_so(leftovers: Path) -> None:
    with open_stage() as opened, pytest.raises(Unmeasured, match="the gateway did not start"):
        opened.start_gateway(Play(symbols=(), speed=1.0, market="replay:nowhere.csv"))
    assert list(leftovers.iterdir()) == []


def test_what_never_comes_to_be_is_given_up(leftovers: Path) -> None:
    with open_stage() as opened, pytest.raises(Unmeasured, match=r"waited 0.1 s until pigs fly"):
        opened.until(lambda _: True, "pigs fly", limit_s=0.1)


def test_a_process_that_does_not_end_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage, "END_S", 0.1)
    code = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); signal.pause()"
    deaf = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert deaf.stdout is not None
    deaf.stdout.readline()
    stage.end(deaf)
    assert deaf.returncode == -signal.SIGKILL


# --- the command -----------------------------------------------------------------------------------------------------
def test_the_command_prints_each_figure_beside_its_budget(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "--quick", "gate"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "cores" in lines[0]
    assert lines[2].split() == ["measured", "budget", "share"]
    assert [line.split()[0] for line in lines[3:]] == ["gate.entry", "gate.exit", "gate.whole"]


def test_scripts_get_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "--quick", "gate", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["quick"] is True
    assert report["machine"]["cores"] == os.cpu_count()
    assert [row["name"] for row in report["results"]] == ["gate.entry", "gate.exit", "gate.whole"]
    assert set(report["results"][0]) == {"name", "what", "value", "unit", "budget", "share"}


def test_an_unknown_benchmark_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "gaet"]) == 1
    captured = capsys.readouterr()
    assert captured.err == "tradetui: unknown benchmark 'gaet'; did you mean 'gate'?\n"
    assert captured.out == ""


def test_a_benchmark_without_a_figure_does_not_keep_the_others_from_theirs(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    # The gateway's own files need a folder; this one takes none.
    (tmp_path / "sitecustomize.py").write_text("import tempfile\ntempfile.tempdir = '/proc'\n", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert main(["bench", "--quick", "gateway", "gate"]) == 1
    captured = capsys.readouterr()
    assert "gate.entry" in captured.out
    assert captured.err.startswith("tradetui: not measured: gateway: ")
    assert captured.err.count("\n") == 1


def test_a_benchmark_that_hangs_is_ended_with_everything_it_started(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, leftovers: Path
) -> None:
    monkeypatch.setattr(bench, "LIMIT_S", 4.0)
    assert main(["bench", "gateway"]) == 1
    assert capsys.readouterr().err == "tradetui: not measured: gateway: no result within 4 s\n"
    assert list(leftovers.iterdir()) == []


def test_an_interrupted_bench_leaves_no_process_behind(leftovers: Path) -> None:
    # A test run in the background ignores the signal, and so would what it starts.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        command = subprocess.Popen(
            [sys.executable, "-m", "tradetui", "bench", "gateway"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
    finally:
        signal.signal(signal.SIGINT, before)
    deadline = time.monotonic() + 30
    while not any(leftovers.glob("tradetui-bench-*/*.err")) and time.monotonic() < deadline:
        time.sleep(0.05)
    command.send_signal(signal.SIGINT)
    said = command.communicate(timeout=30)[1].decode()
    assert (command.returncode, said) == (130, "")
    assert list(leftovers.iterdir()) == []
