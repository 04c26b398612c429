"""Starting the core: it outlives the terminal, and a failed start shows the core's own last words."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tradetui.control.client import ControlClient
from tradetui.control.launch import CoreStartFailed, core_command, is_answering, start_core
from tradetui.home import Paths

_CORE = """
import asyncio, sys
from pathlib import Path
from tests.control.small_core import SmallCore

async def main():
    async with SmallCore({"core": {"core": {"state": "RUN"}}}).serving(Path(sys.argv[1])):
        print("serving", flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""
ROOT = Path(__file__).parents[2]


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return Paths(tmp_path, "demo")


@pytest.fixture
def started(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> Iterator[subprocess.Popen[bytes]]:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    paths.prepare()
    process = start_core(paths, command=[sys.executable, "-c", _CORE, str(paths.socket_for_core())])
    yield process
    process.kill()
    process.wait()


def test_start_returns_once_the_core_says_hello(started: subprocess.Popen[bytes], paths: Paths) -> None:
    socket = paths.socket_for_clients()
    assert socket is not None
    with ControlClient.connect(socket, client="test") as client:
        assert client.hello["version"] == "9.9"


def test_the_core_has_a_session_of_its_own_and_no_terminal(started: subprocess.Popen[bytes], paths: Paths) -> None:
    assert os.getsid(started.pid) == started.pid != os.getsid(0)
    assert Path(f"/proc/{started.pid}/fd/0").readlink() == Path("/dev/null")
    assert Path(f"/proc/{started.pid}/fd/1").readlink() == paths.logs / "core.out"
    assert (paths.logs / "core.out").stat().st_mode & 0o077 == 0


def test_a_core_that_ends_at_once_leaves_its_last_words_in_the_error(paths: Paths) -> None:
    paths.prepare()
    (paths.logs / "core.out").write_text("words of an older run\n")
    with pytest.raises(CoreStartFailed, match=r"config.toml:3: no such key 'prot'") as failed:
        start_core(paths, command=[sys.executable, "-c", "import sys; sys.exit(\"config.toml:3: no such key 'prot'\")"])
    assert "older run" not in str(failed.value)


def test_a_core_that_stays_silent_is_given_up_after_the_time_limit(paths: Paths) -> None:
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    command = [sys.executable, "-c", "import signal; signal.pause()"]
    with pytest.raises(CoreStartFailed, match="did not answer within 10 s") as failed:
        start_core(paths, command=command, sleep=sleep, clock=lambda: now[0])
    assert failed.value.process.poll() is None
    failed.value.process.kill()
    failed.value.process.wait()


def test_no_core_answers_before_one_is_started(paths: Paths) -> None:
    assert not is_answering(paths)


def test_the_command_names_home_and_profile(paths: Paths) -> None:
    command = core_command(paths)
    assert command[1:3] == ["-m", "tradetui"]
    assert command[-1] == "run"
    assert str(paths.home) in command
    assert "demo" in command
