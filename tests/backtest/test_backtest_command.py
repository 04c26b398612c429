"""`tradetui backtest` and its worker: the report, the kept run, and one line for whatever is wrong."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.backtest.support import ROOT, load_bench
from tradetui.backtest import worker
from tradetui.backtest.artifacts import save_run
from tradetui.backtest.identity import git_sha
from tradetui.backtest.outcome import run_prepared
from tradetui.backtest.request import BacktestRequest, prepare
from tradetui.cli.main import main
from tradetui.domain.errors import OperatorError
from tradetui.home import Paths

CONFIG = """
default_profile = "paper"

[market]
symbols = ["SYN"]
calendar = "XNYS"

[strategies.slow_cross]
strategy = "ma_crossover"
qty = 7
params = { fast = 10, slow = 30 }
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An operator's home with the sample strategies and 3,000 synthetic minutes in `bars.parquet`."""
    folder = tmp_path / "home"
    folder.mkdir(mode=0o700)
    (folder / "config.toml").write_text(CONFIG)
    shutil.copytree(ROOT / "strategies", folder / "strategies", ignore=shutil.ignore_patterns("__pycache__"))
    for path in (folder / "strategies", *(folder / "strategies").iterdir()):
        path.chmod(path.stat().st_mode & ~0o022)
    write_bars(folder / "bars.parquet")
    monkeypatch.chdir(folder)
    for name in [name for name in os.environ if name.startswith("TRADETUI_")]:
        monkeypatch.delenv(name)
    return folder


def write_bars(path: Path, count: int = 3_000, symbol: str = "SYN") -> None:
    bars = load_bench().minute_bars(count)
    names = {name: getattr(bars, name) for name in ("open", "high", "low", "close", "volume")}
    pq.write_table(
        pa.table({"symbol": [symbol] * count, "end": pa.array(bars.end_ns, pa.timestamp("ns", tz="UTC")), **names}),
        path,
    )


def command(*more: str) -> list[str]:
    return ["backtest", "ma_crossover", "--symbols", "SYN", "--bars", "bars.parquet", "--calendar", "24x7", *more]


def summary_of(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    return dict(json.loads(capsys.readouterr().out))


# --- what it prints and keeps -----------------------------------------------------------------------------------------
def test_the_report_shows_figures_curve_notes_and_where_the_run_is_kept(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(command("--ascii")) == 0
    out = capsys.readouterr().out
    assert "ma_crossover on SYN, 3,000 bars, 2020-01-01 00:01 to 2020-01-03 02:00 UTC" in out
    for label in ("sharpe", "max drawdown", "hit rate", "buy hold return", "fees", "Sharpe and Sortino are of session"):
        assert label in out
    assert out.isascii()
    assert "*" in out
    saved = Path(out.splitlines()[-1].removeprefix("saved in "))
    assert saved.parent == home / "data" / "paper" / "runs"


def test_the_json_summary_names_everything_the_run_depends_on(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(command("--json", "--param", "fast=3", "--cash", "50000", "--commission", "fixed:0.5")) == 0
    summary = summary_of(capsys)
    assert summary["settings"]["params"] == {"fast": 3, "qty": 10, "slow": 20}
    assert summary["settings"]["cash"] == 50_000.0
    assert summary["settings"]["limits"]["symbols"] == ["SYN"]
    assert summary["settings"]["limits"]["daily_loss_limit"] == 500.0
    assert len(summary["data_sha256"]) == len(summary["strategy_sha256"]) == len(summary["config_hash"]) == 64
    assert summary["metrics"]["bars"] == 3_000
    assert summary["metrics"]["orders"] > 20
    assert Path(summary["run"]).is_dir()


def test_the_run_directory_is_private_complete_and_consistent(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(command("--json")) == 0
    summary = summary_of(capsys)
    run = Path(summary.pop("run"))
    assert stat.S_IMODE(run.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in run.iterdir()} == {0o600}
    assert json.loads((run / "summary.json").read_text()) == summary
    names = ("bars", "orders", "fills", "equity", "trades", "refusals")
    tables = {name: pq.ParquetFile(run / f"{name}.parquet").read() for name in names}
    assert tables["bars"].num_rows == tables["equity"].num_rows == 3_000
    assert tables["orders"].num_rows == summary["metrics"]["orders"]
    assert tables["fills"].num_rows == summary["metrics"]["fills"]
    assert tables["trades"].num_rows == summary["metrics"]["trades"]
    cash = 100_000.0
    for fill in tables["fills"].to_pylist():
        cash -= fill["signed_qty"] * fill["price"] + fill["commission"]
    assert tables["equity"].column("cash")[-1].as_py() == pytest.approx(cash)
    assert str(tables["equity"].schema.field("end").type) == "timestamp[ns, tz=UTC]"
    orders = tables["orders"].to_pylist()
    assert {order["state"] for order in orders} <= {"FILLED", "WORKING", "EXPIRED"}
    assert len({order["intent"] for order in orders}) == len(orders)


def run_bytes(folder: Path) -> dict[str, bytes]:
    (run,) = [path for path in folder.iterdir() if path.is_dir()]
    return {path.name: path.read_bytes() for path in run.iterdir()}


def test_equal_inputs_give_equal_bytes_in_another_process_with_another_hash_seed(home: Path) -> None:
    found = []
    for seed in ("1", "2"):
        out = home / f"out{seed}"
        done = subprocess.run(
            [sys.executable, "-m", "tradetui", *command("--json", "--out", str(out))],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        found.append(run_bytes(out))
    assert found[0] == found[1]
    assert len(found[0]) == 7


def test_a_changed_input_gives_another_run_id(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ids = set()
    for more in ([], ["--param", "fast=4"], ["--slippage-bps", "2"], ["--to", "2020-01-02"], ["--cash", "1e6"]):
        assert main(command("--json", *more)) == 0
        ids.add(summary_of(capsys)["run_id"])
    write_bars(home / "bars.parquet", 2_999)
    assert main(command("--json")) == 0
    ids.add(summary_of(capsys)["run_id"])
    assert len(ids) == 6


def test_a_kept_run_is_never_overwritten(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(command("--json")) == 0
    run = Path(summary_of(capsys)["run"])
    before = {path.name: path.stat().st_mtime_ns for path in run.iterdir()}
    assert main(command("--json")) == 0
    assert {path.name: path.stat().st_mtime_ns for path in run.iterdir()} == before
    (run / "summary.json").write_text("{}")
    capsys.readouterr()
    assert main(command("--json")) == 1
    assert "holds another result of the same inputs" in capsys.readouterr().err
    assert (run / "summary.json").read_text() == "{}"
    assert [path for path in run.parent.iterdir() if path.name.startswith(".")] == []


def test_a_run_need_not_be_kept(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(command("--json", "--no-save")) == 0
    assert summary_of(capsys)["run"] is None
    assert not (home / "data" / "paper" / "runs").exists()


def test_a_configured_strategy_runs_under_its_own_name_and_settings(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["backtest", "slow_cross", "--symbols", "SYN", "--bars", "bars.parquet", "--calendar", "24x7", "--json"]
    assert main(words) == 0
    summary = summary_of(capsys)
    assert summary["strategy"] == "slow_cross"
    assert summary["settings"]["params"] == {"fast": 10, "qty": 7.0, "slow": 30}


def test_bars_before_from_warm_up_and_bars_after_to_are_left_out(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(command("--json", "--from", "2020-01-02", "--to", "2020-01-02T12:00Z")) == 0
    summary = summary_of(capsys)
    assert summary["metrics"]["bars"] == 721  # 00:00 to 12:00, both ends
    first = pq.ParquetFile(Path(summary["run"]) / "orders.parquet").read().column("decided")[0]
    assert str(first.as_py()) < "2020-01-02 00:30"


def test_the_limits_of_the_profile_hold_unless_switched_off(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(command("--json", "--param", "qty=200")) == 0
    held = summary_of(capsys)
    assert held["metrics"]["orders"] == 0
    assert "ORDER_SIZE" in held["notes"][-1]
    assert main(command("--json", "--param", "qty=200", "--no-limits")) == 0
    assert summary_of(capsys)["metrics"]["orders"] > 0


def test_an_exchange_calendar_refuses_orders_outside_its_hours(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["backtest", "ma_crossover", "--symbols", "SYN", "--bars", "bars.parquet", "--json", "--from", "2020-01-01"]
    assert main(words) == 0
    summary = summary_of(capsys)
    assert "MARKET_HOURS" in " ".join(summary["notes"])
    orders = pq.ParquetFile(Path(summary["run"]) / "orders.parquet").read().to_pylist()
    entries = [str(order["decided"]) for order in orders if order["purpose"] == "entry"]
    assert entries
    assert all("2020-01-02 14:31" <= moment < "2020-01-02 20:56" for moment in entries)


# --- one line for what is wrong ---------------------------------------------------------------------------------------
def spoil(home: Path, what: str) -> list[str]:
    if what == "no file":
        return ["backtest", "ma_crossover", "--symbols", "SYN", "--bars", "absent.parquet"]
    if what == "garbage":
        (home / "bars.parquet").write_bytes(b"no parquet at all")
    return command()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda home: spoil(home, "no file"), "bar file absent.parquet does not exist"),
        (lambda home: spoil(home, "garbage"), "bar file bars.parquet cannot be read"),
        (
            lambda _: ["backtest", "ma_cross", "--bars", "bars.parquet"],
            "unknown strategy 'ma_cross'; did you mean 'ma_c",
        ),
        (
            lambda _: ["backtest", "ma_crossover", "--symbols", "XYZ", "--bars", "bars.parquet"],
            "has no bars of XYZ; it h",
        ),
        (lambda _: command("--from", "2021-01-01"), "has no bars of SYN in the range asked for; it holds 2020-01-01"),
        (lambda _: command("--to", "2019-01-01"), "has no bars of SYN in the range"),
        (lambda _: command("--from", "yesterday"), "--from 'yesterday' is no date"),
        (lambda _: command("--from", "2020-01-01T10:00"), "has no time zone; add Z"),
        (lambda _: command("--param", "fats=3"), "no parameter 'fats'; did you mean 'fast'"),
        (lambda _: command("--param", "fast=x"), "parameter fast is 'x', it must be of type int"),
        (lambda _: command("--param", "fast"), "--param 'fast' is not of the form NAME=VALUE"),
        (lambda _: command("--commission", "cheap"), "commission 'cheap' is not known"),
        (lambda _: command("--cash", "-5"), "cash is -5.0; it must be a positive number"),
        (lambda _: command("--volume-cap", "2"), "volume cap is 2.0"),
        (lambda _: command("--calendar", "MARS"), "exchange calendar 'MARS' is not known"),
    ],
)
def test_bad_input_gives_one_line_and_exit_code_1(
    home: Path, capsys: pytest.CaptureFixture[str], change: Callable[[Path], list[str]], reason: str
) -> None:
    assert main(change(home)) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("tradetui: ")
    assert reason in said.err
    assert said.err.count("\n") == 1
    assert "Traceback" not in said.err


def test_a_strategy_that_raises_is_named_with_its_line_and_no_traceback(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = home / "strategies" / "broken_here.py"
    file.write_text(
        "from tradetui.strategy.api import Strategy, register\n\n\n"
        '@register("broken_here")\nclass Broken(Strategy):\n'
        "    def on_bar(self, bar, ctx):\n        return {}['missing']\n"
    )
    file.chmod(0o600)
    words = ["backtest", "broken_here", "--symbols", "SYN", "--bars", "bars.parquet", "--calendar", "24x7"]
    assert main(words) == 1
    said = capsys.readouterr()
    assert "strategy broken_here failed on SYN at the bar ending 2020-01-01 00:01 UTC: KeyError" in said.err
    assert "(broken_here.py:7)" in said.err
    assert said.err.count("\n") == 1


def test_too_few_bars_are_noted(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_bars(home / "bars.parquet", 10)
    assert main(command("--json")) == 0
    assert summary_of(capsys)["notes"][0] == "SYN: 10 bars are fewer than the 20 that ma_crossover needs to begin"


def test_a_failure_while_writing_leaves_nothing_behind(home: Path) -> None:
    request = BacktestRequest(strategy="ma_crossover", bars=home / "bars.parquet", symbols=("SYN",), calendar="24x7")
    outcome = run_prepared(prepare(request, Paths(home, "paper")))
    blocked = home / "blocked"
    blocked.write_text("a file, not a folder")
    with pytest.raises(OperatorError, match="cannot be written"):
        save_run(outcome, blocked)


def test_the_git_commit_is_read_from_files(tmp_path: Path) -> None:
    assert git_sha(tmp_path) is None
    git = tmp_path / ".git"
    git.mkdir()
    (git / "HEAD").write_text("ref: refs/heads/main\n")
    assert git_sha(tmp_path) is None
    (git / "packed-refs").write_text("# pack-refs\nabc123 refs/heads/main\n")
    assert git_sha(tmp_path) == "abc123"
    (git / "refs" / "heads").mkdir(parents=True)
    (git / "refs" / "heads" / "main").write_text("def456\n")
    assert git_sha(tmp_path) == "def456"
    (git / "HEAD").write_text("789fff\n")
    assert git_sha(tmp_path) == "789fff"


# --- strategies -------------------------------------------------------------------------------------------------------
def test_strategies_lists_files_hashes_parameters_and_faults(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = home / "strategies" / "cannot_load.py"
    file.write_text("import nowhere_to_be_found\n")
    file.chmod(0o600)
    assert main(["strategies", "--json"]) == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["ma_crossover"]["params"] == {"fast": 5, "slow": 20, "qty": 10.0}
    assert rows["ma_crossover"]["problem"] is None
    assert len(rows["momentum"]["sha256"]) == 64
    assert "No module named 'nowhere_to_be_found' (cannot_load.py:1)" in rows["cannot_load"]["problem"]
    assert main(["strategies"]) == 0
    text = capsys.readouterr().out
    assert "ma_crossover\n  file" in text
    assert "  invalid  strategy file" in text


def test_a_wrong_settings_file_makes_its_strategy_invalid(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / "strategies" / "momentum.toml").write_text("[params]\nlookbak = 5\n")
    assert main(["strategies", "--json"]) == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert "did you mean 'lookback'" in rows["momentum"]["problem"]


def test_an_empty_strategies_folder_is_said(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.rmtree(home / "strategies")
    assert main(["strategies"]) == 0
    assert "no strategy files in" in capsys.readouterr().err


# --- worker -----------------------------------------------------------------------------------------------------------
def request_of(home: Path, **changes: object) -> dict[str, object]:
    return {
        "strategy": "ma_crossover", "symbols": ["SYN"], "bars": "bars.parquet", "calendar": "24x7", "home": str(home),
        **changes,
    }  # fmt: skip


def serve(home: Path, request: object) -> list[dict[str, Any]]:
    text = request if isinstance(request, str) else json.dumps(request)
    done = subprocess.run(
        [sys.executable, "-m", "tradetui.backtest.worker"],
        input=text + "\n",
        cwd=home,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_the_worker_answers_a_request_line_with_the_result(home: Path) -> None:
    *progress, last = serve(home, request_of(home, params={"fast": 4}))
    assert all(set(line) == {"progress"} for line in progress)
    assert set(last) == {"metrics", "equity", "trades", "run", "notes"}
    assert last["trades"] == last["metrics"]["trades"] > 0
    assert len(last["equity"]) == 300
    assert last["equity"][-1][1] == last["metrics"]["final_equity"]
    assert Path(last["run"]).is_dir()


def test_the_worker_takes_options_as_well(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("signal.signal", lambda *_: None)
    words = ["--home", str(home), "--strategy", "ma_crossover", "--symbols", "SYN", "--bars", "bars.parquet"]
    assert worker.main([*words, "--end", "2020-01-02", "--no-save"]) == 0
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert last["metrics"]["bars"] == 2_880
    assert last["run"] is None


@pytest.mark.parametrize(
    ("request_line", "reason"),
    [
        ("no json", "the request is no JSON line"),
        ("[1]", "the request is no JSON object"),
        ('{"strategie": "x"}', "the request has an unknown key 'strategie'"),
        ('{"symbols": "SPY"}', "symbols must be a list"),
        ('{"params": [1]}', "params must be an object"),
        ('{"strategy": 5}', "the request's strategy is 5; it must be a text"),
        ('{"strategy": "x"}', "the request names no bars"),
        ('{"strategy": "x", "bars": "y", "cash": "much"}', "the request's cash is 'much'; it must be a number"),
        ('{"strategy": "nope", "bars": "bars.parquet"}', "unknown strategy 'nope'"),
    ],
)
def test_the_worker_says_what_is_wrong_in_one_line(
    home: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    request_line: str,
    reason: str,
) -> None:
    import io

    monkeypatch.setattr("signal.signal", lambda *_: None)
    monkeypatch.setattr("sys.stdin", io.StringIO(request_line + "\n"))
    assert worker.main([]) == 1
    (line,) = capsys.readouterr().out.splitlines()
    assert reason in json.loads(line)["error"]


def test_progress_is_reported_at_most_ten_times_a_second(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    moments = iter(np.arange(0.0, 1.0, 0.03).tolist())
    monkeypatch.setattr("time.monotonic", lambda: next(moments))
    report = worker._throttled()
    for step in range(30):
        report(step / 30)
    lines = [json.loads(line)["progress"] for line in capsys.readouterr().out.splitlines()]
    assert len(lines) <= 9
    assert lines == sorted(lines)


@pytest.mark.slow
def test_a_worker_that_is_told_to_end_leaves_no_half_written_run(home: Path) -> None:
    write_bars(home / "many.parquet", 400_000)
    process = subprocess.Popen(
        [sys.executable, "-m", "tradetui.backtest.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=home,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps(request_of(home, bars="many.parquet")) + "\n")
    process.stdin.flush()
    assert set(json.loads(process.stdout.readline())) == {"progress"}
    process.terminate()
    process.communicate(timeout=30)
    assert process.returncode == 143
    runs = home / "data" / "paper" / "runs"
    assert not runs.exists() or list(runs.iterdir()) == []
