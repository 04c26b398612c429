"""Credentials in the environment stay with the core and its watcher, whatever the run writes, starts or reports."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.e2e.box import Box, wait_for
from tests.e2e.players import HANG, RAISE, REST, config_of
from tests.e2e.processes import environ_of, processes_of
from tests.tui.terminal import on_terminal

pytestmark = pytest.mark.slow

SID = "AC" + "5ec2e7ca" * 4
TOKEN = "7011e7ca5e" * 3 + "aa"
#: No credentials, but nothing that belongs into a file that may be handed to somebody else either.
SENDER, RECIPIENT, PING = "+14155557001", "+14155557002", "ping-5ec2e7ca"
CANARIES = {"sid": SID, "token": TOKEN, "sender": SENDER, "recipient": RECIPIENT, "ping address": PING}


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Box]:
    """A core with credentials in its environment, whose carrier of alerts is dead."""
    with closing(socket.socket()) as dead:
        dead.bind(("127.0.0.1", 0))  # bound and not listening: refused at once, and nobody else gets the port
        box = Box(
            tmp_path,
            config=config_of(["rest", "broken", "stuck"]),
            strategies={"rest": REST, "broken": RAISE, "stuck": HANG},
            environ={
                "TWILIO_ACCOUNT_SID": SID,
                "TWILIO_AUTH_TOKEN": TOKEN,
                "TWILIO_WHATSAPP_FROM": SENDER,
                "TWILIO_WHATSAPP_TO": RECIPIENT,
                "TWILIO_CONTENT_SID": "HX0123456789abcdef0123456789abcdef",
                "TRADETUI_ALERTS__WHATSAPP": "true",
                "TRADETUI_ALERTS__API_URL": f"http://127.0.0.1:{dead.getsockname()[1]}",
                "TRADETUI_ALERTS__HEARTBEAT_URL": f"http://127.0.0.1:{dead.getsockname()[1]}/{PING}",
            },
        )
        box.start_gateway()
        try:
            yield box
        finally:
            box.close()


def leaks(place: str, content: bytes) -> list[str]:
    return [f"{name} in {place}" for name, text in CANARIES.items() if text.encode() in content]


def leaks_in_files(home: Path) -> list[str]:
    files = [path for path in home.rglob("*") if path.is_file()]
    return [leak for path in files for leak in leaks(str(path), path.read_bytes())]


def leaks_on_command_lines() -> list[str]:
    """Look at every process of this machine."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found += leaks(str(path), path.read_bytes())
        except OSError:
            continue
    return found


def holders(box: Box) -> set[str]:
    """Return what kinds of processes of the box have a credential in their environment."""
    kinds = set()
    for pid, command in processes_of(box.home).items():
        if {SID, TOKEN} & set(environ_of(pid).values()):
            names = ("strategy_host", "alerts.watcher", "gateway", "attach", "run")
            kinds.add(next((name for name in names if name in command), command))
    return kinds


async def test_credentials_reach_no_file_no_command_line_no_screen_and_no_strategy(box: Box) -> None:
    box.start_core()
    box.wait_ready()
    wait_for("resting orders", lambda: len(box.statement()["open_orders"]) == 4)
    command = ["-m", "tradetui", "--home", str(box.home), "--profile", "demo"]
    async with on_terminal(command, size=(120, 40), cwd=box.home, environ=box.child_environ()) as terminal:
        await terminal.wait_for("RUN", 30)
        assert not {SID, TOKEN} & set(environ_of(terminal.pid).values())
        terminal.type("\x18")  # Ctrl+X: kill
        await terminal.wait_for("KILLED", 10)
        assert box.cli("alerts", "test").returncode == 1
        wait_for("a failed attempt to send", lambda: any(told(box)), 30)
        assert holders(box) <= {"run", "alerts.watcher", "gateway"}
        assert "alerts.watcher" in holders(box), "the watcher has no credentials: the test proves nothing"
        assert not leaks("the screen", terminal.glass.text.encode())
    assert not leaks_on_command_lines()
    assert box.cli("stop").returncode == 0
    assert not leaks_in_files(box.home)


def told(box: Box) -> list[str]:
    """Return what became of alerts that could not be sent."""
    alerts = (box.state("alerts") or {}).get("alerts", {})
    return [
        str(row["detail"])
        for row in alerts.values()
        if row["delivery"] in ("queued", "sending", "failed") and row["detail"]
    ]
