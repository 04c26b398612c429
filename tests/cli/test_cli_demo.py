"""`tradetui demo`: given again it finds what runs, given --stop it leaves nothing behind."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.live import REPOSITORY, processes_of
from tradetui.cli.demo import demo_home
from tradetui.cli.main import main
from tradetui.control.client import connect_core
from tradetui.control.demo import DemoGateway
from tradetui.domain.errors import OperatorError
from tradetui.home import HomeError, Paths

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Paths]:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    shutil.copy(REPOSITORY / "config.toml", home)
    shutil.copytree(REPOSITORY / "strategies", home / "strategies", ignore=shutil.ignore_patterns("__py*"))
    for path in (home / "strategies", *(home / "strategies").iterdir()):
        path.chmod(0o700)
    monkeypatch.setenv("TRADETUI_HOME", str(home))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "xdg"))
    monkeypatch.delenv("TRADETUI_DEMO__PORT", raising=False)
    yield Paths(home, "demo")
    main(["demo", "--stop"])
    os.environ.pop("TRADETUI_DEMO__PORT", None)


def gone(home: Path) -> bool:
    """Return whether no process of `home` is left, children that are ours to bury included."""
    while True:
        try:
            if os.waitpid(-1, os.WNOHANG) == (0, 0):
                break
        except ChildProcessError:
            break
    return processes_of(home) == []


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:subprocess .* is still running:ResourceWarning")
def test_the_demo_starts_once_is_found_again_and_leaves_no_process_behind(paths: Paths, capsys: Captured) -> None:
    assert main(["demo", "--no-ui"]) == 0
    first = capsys.readouterr()
    assert (first.out, "starting the paper gateway" in first.err) == ("", True)
    assert main(["demo", "--no-ui"]) == 0
    assert "starting" not in capsys.readouterr().err
    with connect_core(paths, client="test") as client:
        assert client.hello["profile"] == "demo"
    gateway = DemoGateway(paths)
    port, pid = gateway.port, gateway._recorded("pid")
    if pid is None:
        raise AssertionError("no gateway")
    # A gateway that died is started again where the core looks for it.
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    assert main(["demo", "--no-ui"]) == 0
    assert "starting the paper gateway" in capsys.readouterr().err
    assert gateway.port == port
    assert main(["demo", "--stop"]) == 0
    assert capsys.readouterr().out == "the demo has ended\n"
    deadline = time.monotonic() + 5
    while not gone(paths.home):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert main(["demo", "--stop"]) == 0
    assert capsys.readouterr().out == "no demo is running\n"


def test_a_gateway_that_cannot_start_is_one_line_with_its_last_words(paths: Paths) -> None:
    paths.prepare()
    with pytest.raises(OperatorError, match=r"ended at its start: .*no-such-file"):
        DemoGateway(paths).start(["--market", "replay:/no-such-file.csv"], 0, os.environ)
    assert not DemoGateway(paths).is_running


def test_a_demo_with_a_broken_configuration_starts_nothing(paths: Paths, capsys: Captured) -> None:
    with paths.config_file.open("a", encoding="utf-8") as config:
        config.write("\n[market]\nsymbol = 5\n")
    assert main(["demo", "--no-ui"]) == 1
    assert capsys.readouterr().err.startswith("tradetui: ")
    assert processes_of(paths.home) == []


def test_without_a_home_the_demo_makes_one_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/")
    monkeypatch.delenv("TRADETUI_HOME", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    home = demo_home(None)
    assert home == tmp_path / "tradetui-demo"
    assert (home / "config.toml").is_file()
    assert (home / "strategies" / "momentum.py").is_file()
    assert demo_home(None) == home
    with pytest.raises(HomeError):
        demo_home(str(tmp_path))
    monkeypatch.setenv("TRADETUI_HOME", "/nowhere")
    with pytest.raises(HomeError):
        demo_home(None)
