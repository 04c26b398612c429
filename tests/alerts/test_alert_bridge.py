"""The core's side with real watcher processes: nothing waits, nothing is lost, nothing is sent twice."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from tests.alerts.twilio_server import ACCOUNT, TOKEN, Fault, Twilio
from tradetui.alerts.bridge import AlertBridge
from tradetui.alerts.delivery import DeliveryState
from tradetui.alerts.outbox import Prior
from tradetui.alerts.process import WatcherLaunch, watcher_environ
from tradetui.alerts.settings import AlertSettings
from tradetui.alerts.wire import Report, Status, Submission, encode
from tradetui.domain.alert import Alert, Severity

pytestmark = pytest.mark.slow

S = DeliveryState
LIMIT_S = 20.0


def _alert(number: int, cause: str = "kill", severity: Severity = Severity.CRITICAL) -> Alert:
    return Alert(number=number, severity=severity, cause=cause, text="killed by the operator", market_ns=0)


@dataclass
class Core:
    """What the engine does with a bridge: submit, and note what is reported."""

    bridge: AlertBridge
    reports: list[Report] = field(default_factory=list)
    statuses: list[Status] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def until(self, condition: Callable[[], bool], limit_s: float = LIMIT_S) -> None:
        async with asyncio.timeout(limit_s):
            while not condition():
                self.changed.clear()
                await self.changed.wait()

    async def reached(self, number: int, state: DeliveryState) -> Report:
        await self.until(lambda: any(r.number == number and r.state is state for r in self.reports))
        return next(r for r in self.reports if r.number == number and r.state is state)

    async def running(self) -> int:
        """Return the process id of a watcher that answered."""
        await self.until(lambda: any(status.topic in ("on", "off") for status in self.statuses))
        pid = self.bridge.watcher_pid
        assert pid is not None
        return pid


def _launch(state: Path, environ: dict[str, str] | None = None) -> WatcherLaunch:
    secrets = {"TWILIO_ACCOUNT_SID": ACCOUNT, "TWILIO_AUTH_TOKEN": TOKEN}
    return WatcherLaunch(
        state_dir=state,
        heartbeat=state / "heartbeat",
        env_file=state / ".env",
        environ={**os.environ, **(secrets if environ is None else environ)},
        look_every_s=0.02,
    )


@asynccontextmanager
async def core_of(settings: AlertSettings, launch: WatcherLaunch, **more: object) -> AsyncIterator[Core]:
    def note_report(report: Report) -> None:
        core.reports.append(report)
        core.changed.set()

    def note_status(status: Status) -> None:
        core.statuses.append(status)
        core.changed.set()

    bridge = AlertBridge(
        settings,
        launch,
        on_report=note_report,
        on_status=note_status,
        mono_ns=time.monotonic_ns,
        wall_ns=time.time_ns,
        backoff_s=(0.05,),
        **more,  # type: ignore[arg-type]
    )
    core = Core(bridge)
    bridge.start()
    try:
        yield core
    finally:
        assert await bridge.close(wait_s=LIMIT_S)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_an_alert_reaches_the_phone_and_the_watcher_ends_with_the_core(
    settings: AlertSettings, state: Path, twilio: Twilio
) -> None:
    async with core_of(settings, _launch(state)) as core:
        assert core.bridge.health().state == "starting"
        assert core.bridge.submit(_alert(17))
        report = await core.reached(17, S.DELIVERED)
        assert report.sid == twilio.messages[0].sid
        pid = await core.running()
        assert core.bridge.health().state == "on"
        assert core.bridge.health().undelivered == 0
    assert not _is_alive(pid)
    assert not any(status.topic == "watcher" for status in core.statuses)


async def test_without_credentials_the_core_is_told_once_and_trades_on(settings: AlertSettings, state: Path) -> None:
    async with core_of(settings, _launch(state, {})) as core:
        core.bridge.submit(_alert(1))
        await core.reached(1, S.SUPPRESSED)
    assert [(s.topic, s.level, s.text) for s in core.statuses] == [
        ("off", "WARNING", "alerts off: no Twilio credentials (set TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN)")
    ]
    assert core.bridge.health().state == "off"


async def test_credentials_that_others_can_read_are_refused_with_the_remedy(
    settings: AlertSettings, state: Path
) -> None:
    open_file = state / "token"
    open_file.write_text(TOKEN)
    open_file.chmod(0o644)
    environ = {"TWILIO_ACCOUNT_SID": ACCOUNT, "TWILIO_AUTH_TOKEN_FILE": str(open_file)}
    async with core_of(settings, _launch(state, environ)) as core:
        await core.running()
    (status,) = core.statuses
    assert status.text.startswith("alerts off: ")
    assert "chmod 600" in status.text


async def test_credentials_from_a_private_file_work(settings: AlertSettings, state: Path) -> None:
    private = state / "token"
    private.touch(mode=0o600)
    private.write_text(TOKEN + "\n")
    environ = {"TWILIO_ACCOUNT_SID": ACCOUNT, "TWILIO_AUTH_TOKEN_FILE": str(private)}
    async with core_of(settings, _launch(state, environ)) as core:
        core.bridge.submit(_alert(1))
        await core.reached(1, S.DELIVERED)


async def test_a_killed_watcher_is_replaced_and_what_it_had_in_hand_is_sent_exactly_once(
    settings: AlertSettings, state: Path, twilio: Twilio
) -> None:
    twilio.script_send.append(Fault.ACCEPTED_THEN_HANG)
    async with core_of(replace(settings, read_s=10.0), _launch(state)) as core:
        core.bridge.submit(_alert(1))
        assert await asyncio.to_thread(twilio.wait_until, lambda: len(twilio.messages) == 1)
        os.kill(await core.running(), signal.SIGKILL)
        await core.until(lambda: any(status.topic == "watcher" for status in core.statuses))
        core.bridge.submit(_alert(2, "breaker"))
        await core.reached(1, S.DELIVERED)
        await core.reached(2, S.DELIVERED)
    assert len(twilio.messages) == 2
    (died,) = [status for status in core.statuses if status.topic == "watcher"]
    assert died.text == "alert watcher ended (exit code -9); starting it again in 0.05 s"


async def test_a_watcher_that_stops_answering_is_replaced(settings: AlertSettings, state: Path) -> None:
    async with core_of(settings, _launch(state), silence_s=5.0) as core:
        os.kill(await core.running(), signal.SIGSTOP)
        await core.until(lambda: any("stopped answering" in status.text for status in core.statuses))
        core.bridge.submit(_alert(1))
        await core.reached(1, S.DELIVERED)


async def test_a_watcher_that_cannot_be_started_costs_the_core_a_line_and_no_alert(
    settings: AlertSettings, tmp_path: Path
) -> None:
    state = tmp_path / "later"
    async with core_of(settings, _launch(state)) as core:
        assert core.bridge.submit(_alert(1))
        await core.until(lambda: len(core.statuses) >= 2)
        assert core.statuses[0].text.startswith("alert watcher cannot be started: No such file")
        assert core.bridge.health().state == "down"
        state.mkdir(mode=0o700)
        await core.reached(1, S.DELIVERED)


async def test_a_full_queue_gives_up_the_least_important_alert_and_says_so(
    settings: AlertSettings, tmp_path: Path
) -> None:
    async with core_of(settings, _launch(tmp_path / "missing"), max_open=2) as core:
        assert core.bridge.submit(_alert(1, severity=Severity.WARNING))
        assert core.bridge.submit(_alert(2))
        assert core.bridge.submit(_alert(3))
        assert not core.bridge.submit(_alert(4))
        assert core.reports == []  # nobody is called back in the middle of submitting
        await core.until(lambda: len(core.reports) == 2)
        assert [(r.number, r.state) for r in core.reports] == [(1, S.FAILED), (4, S.FAILED)]
        assert core.bridge.health().undelivered == 2


async def test_the_same_alert_is_not_taken_twice(settings: AlertSettings, tmp_path: Path) -> None:
    async with core_of(settings, _launch(tmp_path / "missing")) as core:
        assert core.bridge.submit(_alert(1))
        assert not core.bridge.submit(_alert(1))


async def test_rows_that_an_earlier_run_left_open_are_finished_after_a_look_at_the_carrier(
    settings: AlertSettings, state: Path, twilio: Twilio
) -> None:
    async with core_of(settings, _launch(state)) as core:
        core.bridge.submit(_alert(1))
        await core.reached(1, S.DELIVERED)
    now_ns = time.time_ns()
    rows = [
        Submission(alert=_alert(1), wall_ns=now_ns, prior=Prior(S.SENDING)),
        Submission(alert=_alert(2), wall_ns=now_ns, prior=Prior(S.SENT, twilio.messages[0].sid)),
        Submission(alert=_alert(3, "breaker"), wall_ns=now_ns),
        Submission(alert=_alert(4, "drawdown"), wall_ns=now_ns - 7200 * 10**9),
    ]
    async with core_of(settings, _launch(state)) as core:
        assert core.bridge.resubmit(rows) == 4
        for number in (1, 2, 3):
            await core.reached(number, S.DELIVERED)
        assert (await core.reached(4, S.FAILED)).reason.startswith("too old to be sent")
    assert len(twilio.messages) == 2


async def test_a_receiver_that_raises_does_not_lose_the_reports_that_follow(
    settings: AlertSettings, state: Path, caplog: pytest.LogCaptureFixture
) -> None:
    seen: list[DeliveryState] = []
    done = asyncio.Event()

    def receive(report: Report) -> None:
        seen.append(report.state)
        if report.state is S.DELIVERED:
            done.set()
        raise ValueError("the receiver is broken")

    bridge = AlertBridge(
        settings,
        _launch(state),
        on_report=receive,
        on_status=lambda status: None,
        mono_ns=time.monotonic_ns,
        wall_ns=time.time_ns,
    )
    bridge.start()
    bridge.submit(_alert(1))
    async with asyncio.timeout(LIMIT_S):
        await done.wait()
    assert await bridge.close(wait_s=LIMIT_S)
    assert S.QUEUED in seen
    assert "alert report was not processed" in caplog.text


async def test_closing_a_bridge_that_never_ran_is_immediate(settings: AlertSettings, state: Path) -> None:
    bridge = AlertBridge(
        settings,
        _launch(state),
        on_report=lambda report: None,
        on_status=lambda status: None,
        mono_ns=time.monotonic_ns,
        wall_ns=time.time_ns,
    )
    assert await bridge.close()
    assert not bridge.submit(_alert(1))


async def test_a_close_that_cannot_wait_leaves_the_watcher_to_finish_on_its_own(
    settings: AlertSettings, state: Path, twilio: Twilio
) -> None:
    twilio.script_send.append(Fault.RATE_LIMITED)
    async with core_of(settings, _launch(state)) as core:
        core.bridge.submit(_alert(1))
        await core.reached(1, S.QUEUED)
        pid = await core.running()
        assert not await core.bridge.close(wait_s=0.0)
        assert await asyncio.to_thread(twilio.wait_until, lambda: len(twilio.messages) == 1)
        await _gone(pid)


async def test_an_end_without_goodbye_is_reported_as_the_cores_death(
    settings: AlertSettings, state: Path, twilio: Twilio
) -> None:
    async with core_of(settings, _launch(state)) as core:
        await core.running()
        assert await core.bridge.close(bye=False, wait_s=LIMIT_S)
    assert "core is dead" in twilio.bodies()[0]


CORE = """
import asyncio, os, signal, sys, time
from pathlib import Path
from tradetui.alerts.bridge import AlertBridge
from tradetui.alerts.process import WatcherLaunch
from tradetui.alerts.settings import AlertSettings
from tradetui.alerts.wire import decode_to_watcher
from tradetui.domain.alert import Alert, Severity

state, settings = Path(sys.argv[1]), decode_to_watcher(sys.stdin.buffer.readline())
secrets = {name: os.environ.pop(name) for name in ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN")}

async def main():
    queued = asyncio.Event()
    bridge = AlertBridge(
        settings,
        WatcherLaunch(
            state_dir=state, heartbeat=state / "heartbeat", env_file=state / ".env",
            environ={**os.environ, **secrets}, look_every_s=0.02,
        ),
        on_report=lambda report: queued.set(), on_status=lambda status: None,
        mono_ns=time.monotonic_ns, wall_ns=time.time_ns,
    )
    bridge.start()
    bridge.submit(Alert(number=1, severity=Severity.CRITICAL, cause="kill", text="killed", market_ns=0))
    await queued.wait()
    print(bridge.watcher_pid, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""


def _killed_core(settings: AlertSettings, state: Path) -> int:
    """Run a core that is killed -9 as soon as its watcher has its alert; return the watcher's process id."""
    environ = {**os.environ, "TWILIO_ACCOUNT_SID": ACCOUNT, "TWILIO_AUTH_TOKEN": TOKEN}
    core = subprocess.run(
        [sys.executable, "-c", CORE, str(state)],
        input=encode(settings),
        stdout=subprocess.PIPE,
        env=environ,
        timeout=LIMIT_S,
        check=False,
    )
    assert core.returncode == -signal.SIGKILL
    return int(core.stdout)


async def test_after_kill_9_of_the_core_its_last_alert_and_its_death_still_arrive(
    settings: AlertSettings, state: Path, twilio: Twilio
) -> None:
    pid = await asyncio.to_thread(_killed_core, settings, state)
    assert await asyncio.to_thread(twilio.wait_until, lambda: len(twilio.messages) == 2)
    assert ["kill: killed" in twilio.bodies()[0], "core is dead" in twilio.bodies()[1]] == [True, True]
    await _gone(pid)


async def test_a_core_started_again_after_kill_9_takes_over_and_no_alert_is_sent_twice(
    settings: AlertSettings, state: Path, twilio: Twilio
) -> None:
    pid = await asyncio.to_thread(_killed_core, replace(settings, grace_s=60.0), state)
    await _gone(pid, meanwhile=(state / "heartbeat").touch)
    row = Submission(alert=_alert(1), wall_ns=time.time_ns(), prior=Prior(S.QUEUED))
    async with core_of(settings, _launch(state)) as core:
        core.bridge.resubmit([row])
        await core.reached(1, S.DELIVERED)
    assert len(twilio.messages) == 1
    assert "core is dead" not in twilio.bodies()[0]


async def test_signals_of_a_terminal_do_not_end_the_watcher(settings: AlertSettings, state: Path) -> None:
    async with core_of(settings, _launch(state)) as core:
        pid = await core.running()
        assert os.getsid(pid) == pid
        for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
            os.kill(pid, number)
        core.bridge.submit(_alert(1))
        await core.reached(1, S.DELIVERED)
        assert core.bridge.watcher_pid == pid


def test_the_watcher_gets_credentials_and_what_a_process_needs_and_nothing_else() -> None:
    environ = {"PATH": "/bin", "TWILIO_AUTH_TOKEN": "t", "AWS_SECRET_ACCESS_KEY": "k", "LD_PRELOAD": "x"}
    assert watcher_environ(environ) == {"PATH": "/bin", "TWILIO_AUTH_TOKEN": "t"}


@pytest.mark.parametrize("lines", [b"", b"garbage\n", b'{"t":"bye"}\n'])
def test_a_watcher_without_settings_ends_with_a_reason_and_no_traceback(state: Path, lines: bytes) -> None:
    ended = subprocess.run(
        _launch(state).argv(), input=lines, capture_output=True, timeout=LIMIT_S, check=False, env=dict(os.environ)
    )
    assert ended.returncode == 2
    assert b"Traceback" not in ended.stderr


def test_a_watcher_started_by_hand_says_that_it_needs_pipes(state: Path) -> None:
    with (state / "in").open("wb+") as plain:
        ended = subprocess.run(
            _launch(state).argv(), stdin=plain, capture_output=True, timeout=LIMIT_S, check=False, env=dict(os.environ)
        )
    assert ended.returncode == 2
    assert ended.stderr == b"tradetui.alerts.watcher: standard input and output must be pipes\n"


async def _gone(pid: int, meanwhile: Callable[[], None] = lambda: None) -> None:
    await asyncio.to_thread(_wait_gone, pid, meanwhile)


def _wait_gone(pid: int, meanwhile: Callable[[], None]) -> None:
    deadline = time.monotonic() + LIMIT_S
    while _running(pid) and time.monotonic() < deadline:
        meanwhile()
        time.sleep(0.01)
    assert not _running(pid)


def _running(pid: int) -> bool:
    # An orphan that nobody reaps stays as a zombie in a container: that counts as ended.
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"
