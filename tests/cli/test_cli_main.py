"""The command line's promises: one line and exit code 1 on failure, 2 on wrong usage, nothing imported needlessly."""

from __future__ import annotations

import argparse
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from tradetui import __version__
from tradetui.cli import main as cli
from tradetui.cli.context import paths_of
from tradetui.domain.errors import OperatorError

Plug = Callable[[Callable[[argparse.Namespace], int]], None]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "config.toml").touch()
    monkeypatch.chdir(tmp_path)
    for name in ("TRADETUI_HOME", "TRADETUI_PROFILE", "TRADETUI_DEBUG"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def plug(monkeypatch: pytest.MonkeyPatch, home: Path) -> Plug:
    """Plug in a module with the verbs `attach`, `probe` and `twin` that does what the test says."""

    def install(run: Callable[[argparse.Namespace], int]) -> None:
        module = ModuleType("tradetui.cli.probing")

        def add_parser(subparsers: cli.Subparsers) -> None:
            subparsers.add_parser("attach")
            subparsers.add_parser("probe")
            subparsers.add_parser("twin").add_argument("--json", action="store_true")

        vars(module).update(add_parser=add_parser, run=run)
        monkeypatch.setitem(sys.modules, module.__name__, module)
        for verb in ("attach", "probe", "twin"):
            monkeypatch.setitem(cli.VERBS, verb, cli.Verb("probing", "probe the command line", json=True))

    return install


def _run(*words: str, cwd: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tradetui", *words],
        cwd=cwd,
        env={**os.environ, **environ},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_module_and_the_command_are_the_same_program(home: Path) -> None:
    command = subprocess.run(
        [str(Path(sys.executable).with_name("tradetui")), "--version"], capture_output=True, text=True, check=True
    )
    assert command.stdout == _run("--version", cwd=home).stdout == f"tradetui {__version__}\n"


def test_the_verb_gets_its_exit_code_through(plug: Plug) -> None:
    plug(lambda args: 0 if args.verb == "probe" else 1)
    assert cli.main(["probe"]) == 0
    assert cli.main(["twin"]) == 1


@pytest.mark.parametrize(
    "words",
    [
        ["--profile", "demo", "probe", "--json"],
        ["probe", "--profile", "demo", "--json"],
        ["twin", "--profile=demo", "--json"],
    ],
)
def test_common_options_stand_before_or_after_the_verb(plug: Plug, home: Path, words: list[str]) -> None:
    seen: list[tuple[Path, str, bool]] = []

    def run(args: argparse.Namespace) -> int:
        paths = paths_of(args)
        seen.append((paths.home, paths.profile, args.json))
        return 0

    plug(run)
    assert cli.main(words) == 0
    assert seen == [(home, "demo", True)]


def test_no_verb_means_attach(plug: Plug) -> None:
    seen: list[tuple[str, str]] = []

    def run(args: argparse.Namespace) -> int:
        seen.append((args.verb, args.profile))
        return 0

    plug(run)
    assert cli.main(["--profile", "live"]) == 0
    assert seen == [("attach", "live")]


def test_the_verb_is_told_from_the_values_of_options() -> None:
    assert cli.verb_of(["--profile", "live", "--home=/x"]) is None
    assert cli.verb_of(["--home", "status", "why", "SPY"]) == "why"


def test_a_refusal_is_one_line_and_exit_code_1(plug: Plug, capsys: pytest.CaptureFixture[str]) -> None:
    def run(_: argparse.Namespace) -> int:
        raise OperatorError("SPY\x1b[2J: no such symbol")

    plug(run)
    assert cli.main(["probe"]) == 1
    captured = capsys.readouterr()
    assert captured.err == "tradetui: SPY?[2J: no such symbol\n"
    assert captured.out == ""


def test_an_interrupt_is_quiet(plug: Plug, capsys: pytest.CaptureFixture[str]) -> None:
    def run(_: argparse.Namespace) -> int:
        raise KeyboardInterrupt

    plug(run)
    assert cli.main(["probe"]) == 130
    assert capsys.readouterr() == ("", "")


def test_a_crash_is_one_line_and_a_private_report_without_values(
    plug: Plug, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(_: argparse.Namespace) -> int:
        secret = "canary-4711"
        raise ZeroDivisionError("bug" * len(secret))

    plug(run)
    monkeypatch.chdir("/")
    assert cli.main(["probe", "--home", str(home), "--profile", "demo"]) == 1
    (report,) = (home / "data" / "demo" / "logs").glob("crash-*.log")
    error = capsys.readouterr().err
    assert error == f"tradetui: internal error (ZeroDivisionError); details are in {report}, please report it\n"
    assert stat.S_IMODE(report.stat().st_mode) == 0o600
    text = report.read_text(encoding="utf-8")
    assert "ZeroDivisionError" in text
    assert "command: probe" in text
    assert str(os.environ["PATH"]) not in text


def test_a_crash_without_a_home_is_still_reported(
    plug: Plug, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(_: argparse.Namespace) -> int:
        raise ZeroDivisionError

    plug(run)
    monkeypatch.setenv("TRADETUI_HOME", "/nowhere")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert cli.main(["probe"]) == 1
    (report,) = tmp_path.glob("crash-*.log")
    assert str(report) in capsys.readouterr().err


def test_debugging_shows_the_traceback(plug: Plug, monkeypatch: pytest.MonkeyPatch) -> None:
    def run(_: argparse.Namespace) -> int:
        raise ZeroDivisionError

    plug(run)
    monkeypatch.setenv("TRADETUI_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        cli.main(["probe"])


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["stauts"], "unknown command 'stauts'; did you mean 'status'?"),
        (["xxxxxx"], "unknown command 'xxxxxx'; see tradetui --help"),
        (["--profile", "lvie", "config", "check"], "invalid choice: 'lvie'"),
        (["config", "chekc"], "invalid choice: 'chekc'"),
        (["config"], "arguments are required"),
        (["--nonsense", "config", "check"], "unrecognized arguments: --nonsense"),
    ],
)
def test_wrong_usage_is_exit_code_2(home: Path, words: list[str], error: str) -> None:
    result = _run(*words, cwd=home)
    assert result.returncode == 2
    assert error in result.stderr
    assert result.stdout == ""


def test_a_reader_that_goes_away_gives_no_traceback(home: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    process = subprocess.Popen(
        [sys.executable, "-m", "tradetui", "config", "show"], cwd=home, stdout=writer, stderr=subprocess.PIPE, text=True
    )
    os.close(writer)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 141
    assert error == ""


def test_no_file_of_ours_is_open_to_others(plug: Plug, home: Path) -> None:
    def run(_: argparse.Namespace) -> int:
        (home / "made").touch()
        return 0

    before = os.umask(0o022)
    try:
        plug(run)
        cli.main(["probe"])
    finally:
        os.umask(before)
    assert stat.S_IMODE((home / "made").stat().st_mode) == 0o600


def test_no_home_is_one_line(tmp_path: Path) -> None:
    result = _run("config", "check", cwd=tmp_path, TRADETUI_HOME=str(tmp_path / "none"))
    assert result.returncode == 1
    assert result.stderr == f"tradetui: TRADETUI_HOME {tmp_path / 'none'}: there is no config.toml in it\n"
