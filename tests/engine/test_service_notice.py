"""A core started by systemd says when it is up, that it lives, and when it ends; any other core says nothing."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tradetui.engine.service_notice import ALIVE_EVERY_S, ServiceNotice


class Manager:
    """The service manager's end."""

    def __init__(self, address: str) -> None:
        self.line = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.line.bind(address)
        self.line.settimeout(20.0)

    def hear(self) -> str:
        return self.line.recv(100).decode()

    def is_silent(self) -> bool:
        self.line.setblocking(False)
        try:
            self.line.recv(100)
        except BlockingIOError:
            return True
        finally:
            self.line.settimeout(20.0)
        return False


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Manager]:
    monkeypatch.chdir(tmp_path)
    made = Manager("notify")
    yield made
    made.line.close()


def test_signs_of_life_are_sent_at_most_once_a_second(manager: Manager) -> None:
    now_s = 100.0
    notice = ServiceNotice({"NOTIFY_SOCKET": "notify"}, clock=lambda: now_s)
    notice.alive()
    assert manager.hear() == "WATCHDOG=1"
    now_s += ALIVE_EVERY_S / 2
    notice.alive()
    assert manager.is_silent()
    now_s += ALIVE_EVERY_S / 2
    notice.alive()
    assert manager.hear() == "WATCHDOG=1"


def test_an_abstract_address_is_understood() -> None:
    address = f"tradetui-test-{os.getpid()}"
    manager = Manager(f"\0{address}")
    try:
        ServiceNotice({"NOTIFY_SOCKET": f"@{address}"}).ready()
        assert manager.hear() == "READY=1"
    finally:
        manager.line.close()


@pytest.mark.parametrize("environ", [{}, {"NOTIFY_SOCKET": "/nowhere/at/all"}, {"NOTIFY_SOCKET": "x" * 300}])
def test_without_a_manager_that_listens_nothing_happens(environ: dict[str, str]) -> None:
    notice = ServiceNotice(environ)
    notice.ready()
    notice.alive()
    notice.stopping()


@pytest.mark.slow
def test_a_core_is_ready_when_it_answers_lives_until_it_is_stopped_and_says_so(
    manager: Manager, tmp_path: Path, unused_tcp_port: int
) -> None:
    text = f'[market]\nsymbols = ["SPY"]\n[broker]\nport = {unused_tcp_port}\n'
    (tmp_path / "config.toml").write_text(text, encoding="utf-8")
    environ = {**os.environ, "NOTIFY_SOCKET": str(tmp_path / "notify"), "XDG_STATE_HOME": str(tmp_path / "state")}
    command = [sys.executable, "-m", "tradetui", "--home", str(tmp_path), "--profile", "paper", "run"]
    core = subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        assert manager.hear() == "READY=1"
        assert manager.hear() == "WATCHDOG=1"
        core.send_signal(signal.SIGTERM)
        while (heard := manager.hear()) == "WATCHDOG=1":
            continue
        assert heard == "STOPPING=1"
        assert core.wait(20) == 0
    finally:
        core.kill()
        core.wait()
