"""No credential is in any argument list, file, report, log or message, whatever goes wrong."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.alerts.test_alert_bridge import Core, core_of
from tests.alerts.twilio_server import ACCOUNT, RECIPIENT, SENDER, TOKEN, Fault, Twilio
from tradetui.alerts.delivery import DeliveryState
from tradetui.alerts.process import WatcherLaunch
from tradetui.alerts.settings import AlertSettings
from tradetui.domain.alert import Alert, Severity

pytestmark = pytest.mark.slow

S = DeliveryState
PING_SECRET = "canary-ping-3b9e"
CANARIES = (TOKEN, ACCOUNT, PING_SECRET, SENDER, RECIPIENT)


def _launch(state: Path) -> WatcherLaunch:
    environ = {**os.environ, "TWILIO_ACCOUNT_SID": ACCOUNT, "TWILIO_AUTH_TOKEN": TOKEN}
    return WatcherLaunch(
        state_dir=state, heartbeat=state / "heartbeat", env_file=state / ".env", environ=environ, look_every_s=0.02
    )


def _leaks(place: str, text: bytes | str) -> list[str]:
    raw = text if isinstance(text, bytes) else text.encode()
    return [f"{canary} in {place}" for canary in CANARIES if canary.encode() in raw]


def _files(folder: Path) -> list[str]:
    return [leak for path in folder.rglob("*") if path.is_file() for leak in _leaks(path.name, path.read_bytes())]


def _modes(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mode & 0o777 for path in folder.glob("alerts*")}


def _command_lines() -> list[str]:
    """Look at every process of this machine."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found += _leaks(str(path), path.read_bytes())
        except OSError:
            continue
    return found


def _alert(number: int, cause: str) -> Alert:
    return Alert(number=number, severity=Severity.CRITICAL, cause=cause, text=f"{cause} of DU1234567", market_ns=0)


async def _go_through_every_fault(core: Core, twilio: Twilio) -> None:
    faults = [
        Fault.ACCEPTED_THEN_RESET,
        Fault.BAD_REQUEST,
        Fault.RATE_LIMITED,
        Fault.SERVER_ERROR,
        Fault.GARBAGE,
        Fault.UNAUTHORIZED,
    ]
    ends = {S.DELIVERED, S.FAILED, S.UNDELIVERED}
    for number, fault in enumerate(faults, start=1):
        twilio.script_send.append(fault)
        core.bridge.submit(_alert(number, f"cause{number}"))
        await core.until(lambda n=number: any(r.number == n and r.state in ends for r in core.reports))  # type: ignore[misc]


async def test_credentials_appear_nowhere_whatever_goes_wrong(
    settings: AlertSettings,
    state: Path,
    twilio: Twilio,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    caplog.set_level(0)
    for name in ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    pinging = replace(settings, ping_url=f"http://127.0.0.1:1/{PING_SECRET}", grace_s=0.1)
    launch = _launch(state)
    async with core_of(pinging, launch) as core:
        await core.running()
        await core.until(lambda: any(status.topic == "ping" for status in core.statuses))
        leaks = await asyncio.to_thread(_command_lines)
        await _go_through_every_fault(core, twilio)
        pid = core.bridge.watcher_pid
        assert pid is not None
        os.kill(pid, signal.SIGABRT)  # a crash, with whatever a crash writes
        await core.until(lambda: any(status.topic == "watcher" for status in core.statuses))
        twilio.token = "changed"  # and refused credentials at the end
        core.bridge.submit(_alert(90, "mismatch"))
        await core.until(lambda: any(r.number == 90 and r.state is S.FAILED for r in core.reports))
    leaks += _files(state)
    leaks += _leaks("reports", repr(core.reports) + repr(core.statuses) + repr(core.bridge.health()))
    leaks += _leaks("settings and launch", repr(pinging) + repr(launch))
    leaks += _leaks("log", caplog.text)
    leaks += [leak for body in twilio.bodies() for leak in _leaks("message", body)]
    assert leaks == []
    assert {"alerts.log", "alerts.err"} <= _modes(state).keys()
    assert all("DU***567" in body for body in twilio.bodies())


async def test_files_of_the_watcher_are_closed_to_other_users(settings: AlertSettings, state: Path) -> None:
    async with core_of(settings, _launch(state)) as core:
        core.bridge.submit(_alert(1, "kill"))
        await core.reached(1, S.DELIVERED)
    assert _modes(state) == {"alerts.log": 0o600, "alerts.lock": 0o600, "alerts.err": 0o600}


def test_a_file_in_the_working_directory_cannot_take_the_place_of_a_module(state: Path) -> None:
    (state / "random.py").write_text("raise SystemExit('hijacked')")
    ended = subprocess.run(
        _launch(state).argv(), input=b"", cwd=state, capture_output=True, timeout=20, check=False, env=dict(os.environ)
    )
    assert b"hijacked" not in ended.stderr
    assert ended.returncode == 2


def test_only_the_channel_needs_the_twilio_package() -> None:
    code = (
        "import sys, tradetui.alerts.bridge, tradetui.alerts.watcher, tradetui.alerts.configured; "
        "print(sorted({'twilio', 'requests', 'pydantic', 'numpy'} & set(sys.modules)))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=20)
    assert out.stdout.strip() == "[]"
