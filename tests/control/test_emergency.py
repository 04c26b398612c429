"""The kill without the socket: the STOP file is written, and only the lock's holder is signalled."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tradetui.control.emergency import stop_without_socket
from tradetui.home import Paths

# Holds the lock as a core does, says so, and ends by the kill signal with a code of its own.
_HOLDER = """
import fcntl, os, signal, sys
lock = open(sys.argv[1], "w")
fcntl.flock(lock, fcntl.LOCK_EX)
lock.write(f"{os.getpid()}\\n")
lock.flush()
signal.signal(signal.SIGUSR1, lambda *_: os._exit(55))
print("ready", flush=True)
signal.pause()
"""


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    paths = Paths(tmp_path, "demo")
    paths.prepare()
    return paths


@pytest.fixture
def core(paths: Paths) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen([sys.executable, "-c", _HOLDER, str(paths.lock)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_the_running_core_is_signalled_and_the_stop_file_written(paths: Paths, core: subprocess.Popen[str]) -> None:
    stop = stop_without_socket(paths, who="ann", stamp="2026-03-12T10:00:00+00:00")
    assert core.wait(5) == 55
    assert stop.signalled_pid == core.pid
    assert "ann" in paths.stop_file.read_text()
    assert "NOT CONFIRMED" in stop.text


def test_without_a_running_core_no_process_is_signalled_whatever_the_lock_file_says(paths: Paths) -> None:
    bystander = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
    paths.lock.write_text(f"{bystander.pid}\n")
    stop = stop_without_socket(paths, who="ann", stamp="now")
    assert stop.signalled_pid is None
    assert not stop.core_runs
    assert "may still be live" in stop.text
    assert bystander.poll() is None
    bystander.kill()
    bystander.wait()
    assert paths.stop_file.exists()


@pytest.mark.parametrize("content", ["", "not a number\n", "0\n", "1\n", "-5\n"])
def test_a_lock_without_a_usable_process_id_is_said_so(paths: Paths, content: str) -> None:
    paths.lock.write_text(content)
    descriptor = os.open(paths.lock, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    stop = stop_without_socket(paths, who="ann", stamp="now")
    os.close(descriptor)
    assert stop.core_runs
    assert stop.signalled_pid is None
    assert "no signal" in stop.text


def test_repeating_it_changes_nothing(paths: Paths) -> None:
    first = stop_without_socket(paths, who="ann", stamp="1")
    second = stop_without_socket(paths, who="ann", stamp="2")
    assert first == second


def test_an_unwritable_home_is_said_so_and_the_signal_still_goes(paths: Paths, core: subprocess.Popen[str]) -> None:
    # A folder in the place of the home makes the write fail for every user, root too.
    broken = Paths(paths.home / "missing", "demo")
    stop = stop_without_socket(broken, who="ann", stamp="now")
    assert stop.stop_problem
    assert "NOT written" in stop.text
    assert core.poll() is None
