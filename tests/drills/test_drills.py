"""Drills: every one passes on the real processes, leaves evidence and nothing else, and can fail."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.processes import processes_of
from tradetui.bench.stage import Play
from tradetui.cli.drill import NAMES
from tradetui.cli.main import main
from tradetui.control.messages import State
from tradetui.drills import perform as performing
from tradetui.drills.exercises import EXERCISES
from tradetui.drills.record import DrillFailed, Record, verdict
from tradetui.drills.rig import Rig

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    made = tmp_path / "home"
    made.mkdir()
    (made / "config.toml").touch()
    return made


def evidence(home: Path) -> list[Path]:
    return sorted((home / "data" / "paper" / "drills").iterdir())


def test_the_command_line_names_every_drill() -> None:
    assert set(NAMES) == set(EXERCISES)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_each_drill_passes_for_real_and_leaves_dated_private_evidence_and_no_process(
    home: Path, capsys: Captured, name: str
) -> None:
    code = main(["--home", str(home), "--profile", "paper", "drill", name])
    said = capsys.readouterr()
    assert code == 0, said
    assert f"drill {name} passed; evidence: " in said.err
    data, text = evidence(home)
    assert (data.stat().st_mode & 0o777, text.stat().st_mode & 0o777) == (0o600, 0o600)
    facts = json.loads(data.read_text())
    assert (facts["drill"], facts["passed"]) == (name, True)
    assert all(step["passed"] for step in facts["steps"])
    assert len(facts["steps"]) == len(said.out.splitlines()) >= 5
    assert data.name.startswith(facts["began"][:10])
    assert f"drill {name} passed" in text.read_text()
    assert not list((home.parent / "temporary").iterdir())
    assert processes_of(home.parent / "temporary") == {}


def test_live_is_refused_with_the_reason(home: Path, capsys: Captured) -> None:
    assert main(["--home", str(home), "--profile", "live", "drill", "kill"]) == 1
    assert "drill: refused in the live profile: drills trade on a paper gateway" in capsys.readouterr().err
    assert not (home / "data").exists()


class StubbornRig(Rig):
    """A core that trades and then does nothing it is told."""

    def __init__(self) -> None:
        """Need no process."""

    def start(self, play: Play) -> None:
        """Trade."""

    def tradetui(self, *words: str, code: int = 0, says: str = "") -> str:
        raise DrillFailed(f"tradetui {words[0]} ended with 1")

    def state(self) -> State:
        return {}

    def log_tail(self) -> str:
        return "core.log: it is stubborn"


def test_a_step_that_fails_ends_the_drill_and_is_in_the_evidence(
    home: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def rig() -> Iterator[tuple[Rig, Play]]:
        yield StubbornRig(), Play(symbols=(), speed=1.0)

    monkeypatch.setattr(performing, "open_rig", rig)
    assert main(["--home", str(home), "--profile", "paper", "drill", "flatten"]) == 1
    said = capsys.readouterr()
    assert [line.split()[2] for line in said.out.splitlines()] == ["ok", "FAIL"]
    assert "drill flatten FAILED" in said.err
    data, text = evidence(home)
    facts = json.loads(data.read_text())
    assert [step["passed"] for step in facts["steps"]] == [True, False]
    assert facts["steps"][1]["said"] == "tradetui pause ended with 1"
    assert (facts["passed"], facts["log"]) == (False, "core.log: it is stubborn")
    assert "core.log: it is stubborn" in text.read_text()


def test_a_drill_that_could_not_begin_has_not_passed(
    home: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def rig() -> Iterator[tuple[Rig, Play]]:
        raise DrillFailed("the gateway did not start")
        yield

    monkeypatch.setattr(performing, "open_rig", rig)
    assert main(["--home", str(home), "--profile", "paper", "drill", "kill"]) == 1
    assert json.loads(evidence(home)[0].read_text())["log"] == "the gateway did not start"


def test_an_interrupted_step_has_not_passed() -> None:
    lines: list[str] = []
    record = Record("kill", lines.append, clock=iter((0.0, 1.0, 3.5)).__next__)

    def interrupted() -> str:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        record.step("wait", interrupted)
    assert (record.passed, lines) == (False, ["   1.00 s  FAIL  wait (2.50 s): interrupted"])
    assert verdict("kill", passed=record.passed) == "drill kill FAILED"


def test_evidence_that_cannot_be_written_is_one_line(home: Path, capsys: Captured) -> None:
    (home / "data").mkdir(mode=0o700)
    (home / "data" / "paper").mkdir(mode=0o700)
    (home / "data" / "paper" / "drills").touch()
    record = Record("kill", print)
    with pytest.raises(Exception, match="the evidence cannot be written"):
        record.write(home / "data" / "paper" / "drills")
