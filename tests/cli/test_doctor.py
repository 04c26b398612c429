"""`tradetui doctor`: what is wrong is named with its remedy, nothing is disturbed, and no secret is shown."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.control.small_core import SmallCore
from tests.gateway.session.desk import start_desk
from tradetui.bench.terminal import Terminal
from tradetui.cli.main import main
from tradetui.config import load_config
from tradetui.control.messages import State
from tradetui.doctor import alerting, clock, core, disk, files, gateway, service, settings, software, strategies
from tradetui.doctor.examine import AFTER_CONFIG, BEFORE_CONFIG, examine
from tradetui.doctor.finding import Case, Finding, Status
from tradetui.home import Paths

STRATEGY = """
from tradetui.strategy.api import Strategy, register

@register("calm")
class Calm(Strategy):
    qty: float = 1.0

    def on_bar(self, bar, ctx):
        pass
"""
CONFIG = '[market]\nsymbols = ["SPY"]\n[strategies.calm]\n'


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    tmp_path.chmod(0o700)
    (tmp_path / "strategies").mkdir(mode=0o700)
    (tmp_path / "strategies" / "calm.py").write_text(STRATEGY, encoding="utf-8")
    (tmp_path / "config.toml").write_text(CONFIG, encoding="utf-8")
    for file in (tmp_path / "config.toml", tmp_path / "strategies" / "calm.py"):
        file.chmod(0o600)
    monkeypatch.chdir(tmp_path)
    for name in ("TRADETUI_HOME", "TRADETUI_PROFILE", "TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def case(home: Path, profile: str = "demo", config: str = "", **environ: str) -> Case:
    if config:
        (home / "config.toml").write_text(CONFIG + config, encoding="utf-8")
    return Case(
        paths=Paths(home, profile),
        environ={**os.environ, **environ},
        config=load_config(home, profile, environ),
        root=home / "root",
    )


def only(found: Iterator[Finding]) -> Finding:
    findings = list(found)
    assert len(findings) == 1, findings
    return findings[0]


# --- the command -----------------------------------------------------------------------------------------------------
def test_a_sound_demo_home_passes(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--profile", "demo", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["ok"] is True
    assert report["profile"] == "demo"
    assert {"python", "home", "disk", "config", "calendar", "strategy calm", "gateway", "core"} <= {
        row["check"] for row in report["checks"]
    }
    assert all(set(row) == {"check", "status", "text", "remedy"} for row in report["checks"])


def test_a_failed_check_is_told_with_its_remedy_and_costs_the_exit_code(
    home: Path, capsys: pytest.CaptureFixture[str], unused_tcp_port: int
) -> None:
    (home / "config.toml").write_text(f"{CONFIG}[broker]\nport = {unused_tcp_port}\n", encoding="utf-8")
    assert main(["doctor"]) == 1
    captured = capsys.readouterr()
    assert f"FAIL  gateway          nothing listens on 127.0.0.1:{unused_tcp_port}\n" in captured.out
    assert "-> start TWS or IB Gateway" in captured.out
    assert captured.err.endswith("checks failed: gateway\n")
    assert captured.err.count("\n") == 1


def test_a_refused_configuration_does_not_keep_the_rest_from_being_checked(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "config.toml").write_text("[risk]\nmax_leverag = 1\n", encoding="utf-8")
    assert main(["doctor", "--json"]) == 1
    captured = capsys.readouterr()
    rows = {row["check"]: row for row in json.loads(captured.out)["checks"]}
    assert rows["config"]["status"] == "fail"
    assert "did you mean 'max_leverage'?" in rows["config"]["text"]
    assert {rows[name]["status"] for name in ("gateway", "account", "strategies", "alerts", "calendar")} == {"skip"}
    assert rows["core"]["status"] == "ok"
    assert "Traceback" not in captured.err


def test_a_check_that_breaks_is_a_finding_and_the_others_still_run(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def check_wonders(_: Case) -> Iterator[Finding]:
        raise ZeroDivisionError("no wonder")
        yield

    monkeypatch.setattr("tradetui.doctor.examine.BEFORE_CONFIG", (check_wonders, *BEFORE_CONFIG))
    found = list(examine(Case(paths=Paths(home, "demo"), environ={})))
    assert found[0].status is Status.FAIL
    assert found[0].text == "could not be looked at: ZeroDivisionError: no wonder"
    assert len(found) > len(BEFORE_CONFIG) + len(AFTER_CONFIG) - 2


def test_on_a_terminal_the_report_says_what_it_can_show(home: Path) -> None:
    command = [sys.executable, "-m", "tradetui", "--home", str(home), "--profile", "demo", "doctor"]
    with Terminal(command, dict(os.environ)) as terminal:
        terminal.seconds_until("xterm-256color, 120x40, true colour", 30.0)


# --- the way to the broker -------------------------------------------------------------------------------------------
async def test_the_gateway_is_greeted_without_using_a_client_id(home: Path) -> None:
    desk = await start_desk()
    try:
        looked = case(home, "paper", f"[broker]\nport = {desk.port}\n")
        found = await asyncio.to_thread(lambda: list(gateway.check_gateway(looked)))
        assert found[0].status is Status.OK
        assert "server version 178" in found[0].text
        assert desk.gateway.hub.clients == {}
        # An id that the doctor had taken would be refused to the next client.
        await desk.connect(client_id=looked.config.broker.client_id if looked.config else 0)
    finally:
        await desk.close()


@pytest.mark.parametrize(
    ("answer", "text", "remedy"),
    [
        (b"", "closed the connection before its greeting", "ActiveX and Socket Clients"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "not as a TWS or IB Gateway does", "broker.port"),
        (b"\0\0\0\x05hello", "not as a TWS or IB Gateway does", "broker.port"),
        (b"\0\0\0\x1c100\x0020260316 10:00:00 EST\0\0\0\0\0", "too old", "update"),
        (None, "does not answer within", "gateway's screen"),
    ],
)
async def test_whatever_else_listens_there_is_told_apart(
    home: Path, monkeypatch: pytest.MonkeyPatch, answer: bytes | None, text: str, remedy: str
) -> None:
    monkeypatch.setattr(gateway, "LIMIT_S", 0.3)
    done = asyncio.Event()

    async def attend(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        if answer is None:
            await done.wait()
        else:
            writer.write(answer)
        writer.close()

    server = await asyncio.start_server(attend, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        looked = case(home, "paper", f"[broker]\nport = {port}\n")
        found = await asyncio.to_thread(lambda: list(gateway.check_gateway(looked)))
    finally:
        done.set()
        server.close()
        await server.wait_closed()
    assert found[0].status is Status.FAIL
    assert text in found[0].text
    assert remedy in found[0].remedy


@pytest.mark.parametrize(
    ("theirs", "apart"),
    [
        ("2026-03-16T14:00:00", 0.0),  # UTC
        ("2026-03-16T10:00:03", 3.0),  # New York, ahead
        ("2026-03-16T19:29:58", -2.0),  # India, behind
    ],
)
def test_clocks_are_compared_whatever_zone_the_gateway_writes(theirs: str, apart: float) -> None:
    ours = datetime(2026, 3, 16, 14, 0, 0, tzinfo=UTC)
    assert gateway.skew_s(datetime.fromisoformat(theirs), ours) == apart


def test_a_gateway_on_another_machine_is_warned_about(home: Path) -> None:
    found = only(gateway.check_neighbours(case(home, "paper", '[broker]\nhost = "10.0.0.7"\n')))
    assert found.status is Status.WARN
    assert "whoever reaches its port can trade" in found.text


@pytest.mark.parametrize(
    ("broker", "status"),
    [
        ("port = 4002", Status.OK),
        ('port = 7497\naccount = "DU1234567"', Status.OK),
        ("port = 5555", Status.WARN),
    ],
)
def test_profile_port_and_account_are_looked_at_together(home: Path, broker: str, status: Status) -> None:
    found = only(settings.check_account(case(home, "paper", f"[broker]\n{broker}\n")))
    assert found.status is status
    assert "DU1234567" not in found.text


def test_a_live_account_under_the_paper_profile_fails(home: Path) -> None:
    sound = case(home, "paper")
    assert sound.config is not None
    for change in ({"account": "U7654321"}, {"port": 7496}):
        broker = sound.config.broker.model_copy(update=change)
        wrong = replace(sound, config=sound.config.model_copy(update={"broker": broker}))
        assert only(settings.check_account(wrong)).status is Status.FAIL


# --- files and disk --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", [".", "config.toml", "strategies"])
def test_a_home_that_others_can_change_fails(home: Path, name: str) -> None:
    (home / name).chmod(0o770)
    found = only(files.check_home(case(home)))
    assert found.status is Status.FAIL
    assert found.remedy == f"run: chmod go-w {(home / name).resolve()}"


def test_an_env_file_that_others_can_read_fails(home: Path) -> None:
    (home / ".env").touch()
    (home / ".env").chmod(0o644)
    found = only(files.check_env_file(Case(paths=Paths(home, "demo"), environ={})))
    assert found.status is Status.FAIL
    assert "chmod 600" in found.remedy


def test_state_that_others_can_read_is_found(home: Path) -> None:
    looked = case(home)
    looked.paths.prepare()
    assert only(files.check_state(looked)).status is Status.OK
    (looked.paths.state / "journal.db").touch()
    (looked.paths.state / "journal.db").chmod(0o644)
    assert only(files.check_state(looked)).status is Status.WARN
    looked.paths.state.chmod(0o755)
    assert only(files.check_state(looked)).status is Status.FAIL


def test_a_disk_that_cannot_be_written_fails() -> None:
    found = only(disk.check_disk(Case(paths=Paths(Path("/proc"), "demo"), environ={})))
    assert found.status is Status.FAIL


def test_a_slow_disk_is_warned_about(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk, "SLOW_SYNC_MS", -1.0)
    found = only(disk.check_disk(case(home)))
    assert found.status is Status.WARN
    assert "every order waits for one sync" in found.remedy


def test_two_ib_libraries_in_one_environment_are_warned_about(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(software, "_IB_LIBRARIES", ("json", "asyncio"))
    assert only(software.check_ib_library(case(home))).status is Status.WARN
    monkeypatch.setattr(software, "_IB_LIBRARIES", ("no_such_module",))
    assert only(software.check_ib_library(case(home))).status is Status.FAIL


def test_an_unsupported_python_fails(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(software, "SUPPORTED", ((3, 99), (4, 0)))
    assert only(software.check_python(case(home))).status is Status.FAIL


# --- strategies ------------------------------------------------------------------------------------------------------
def test_an_enabled_strategy_is_loaded_with_its_parameters(home: Path) -> None:
    found = only(strategies.check_strategies(case(home)))
    assert found.status is Status.OK
    assert found.text.startswith("calm.py loads for SPY; 0 bars of warm-up")


def test_what_a_strategy_prints_or_does_at_its_import_stays_in_its_own_process(home: Path) -> None:
    file = home / "strategies" / "calm.py"
    file.write_text("print('noise')\nimport sys\nprint('more', file=sys.stderr)\n" + STRATEGY, encoding="utf-8")
    assert only(strategies.check_strategies(case(home))).text.startswith("calm.py loads")
    file.write_text("raise SystemExit(3)\n", encoding="utf-8")
    found = only(strategies.check_strategies(case(home)))
    assert found.status is Status.FAIL


def test_a_strategy_that_hangs_while_loading_costs_only_its_limit(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strategies, "LIMIT_S", 0.5)
    (home / "strategies" / "calm.py").write_text("import time\ntime.sleep(60)\n", encoding="utf-8")
    found = only(strategies.check_strategies(case(home)))
    assert found.status is Status.FAIL
    assert "does not load within 0.5 s" in found.text


def test_a_strategy_that_others_can_change_or_that_has_a_wrong_parameter_fails(home: Path) -> None:
    found = only(strategies.check_strategies(case(home, config="params = { qyt = 2.0 }\n")))
    assert found.status is Status.FAIL
    assert "did you mean 'qty'?" in found.text
    (home / "config.toml").write_text(CONFIG, encoding="utf-8")
    (home / "strategies" / "calm.py").chmod(0o666)
    found = only(strategies.check_strategies(case(home)))
    assert "can be written by other users" in found.text


def test_without_an_enabled_strategy_nothing_will_trade(home: Path) -> None:
    assert only(strategies.check_strategies(case(home, config="enabled = false\n"))).status is Status.WARN


# --- alerts ----------------------------------------------------------------------------------------------------------
ALERTS = """
[alerts]
whatsapp = true
content_sid = "HX0123456789abcdef0123456789abcdef"
whatsapp_from = "{sender}"
recipients = ["+4915112345678"]
"""
CANARY = {"TWILIO_ACCOUNT_SID": "ACcanary4711", "TWILIO_AUTH_TOKEN": "tokencanary4711"}


def test_credentials_are_found_and_never_shown(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in CANARY.items():
        monkeypatch.setenv(name, value)
    found = only(alerting.check_alerting(case(home, config=ALERTS.format(sender="+4930123456"), **CANARY)))
    assert found.status is Status.OK
    main(["doctor", "--profile", "demo"])
    main(["doctor", "--profile", "demo", "--json"])
    captured = capsys.readouterr()
    assert "canary4711" not in captured.out + captured.err


def test_alerts_without_credentials_fail_and_the_sandbox_is_warned_about(home: Path) -> None:
    text = ALERTS.format(sender="+4930123456")
    assert only(alerting.check_alerting(case(home, config=text))).status is Status.FAIL
    sandbox = case(home, config=ALERTS.format(sender=alerting.SANDBOX), **CANARY)
    assert only(alerting.check_alerting(sandbox)).status is Status.WARN
    half = case(home, config=text, TWILIO_ACCOUNT_SID="ACx")
    assert "TWILIO_AUTH_TOKEN is not set" in only(alerting.check_alerting(half)).text


# --- the core --------------------------------------------------------------------------------------------------------
def core_state(**changes: Any) -> State:
    row = {"pid": 4242, "state": "RUN", "why": "", "journal": "ok", "health": "", **changes}
    return {"core": {"core": row}, "link": {"link": {"state": "READY", "reason": ""}}}


async def ask_core(home: Path, served: SmallCore) -> list[Finding]:
    looked = case(home)
    looked.paths.prepare()
    looked.paths.heartbeat.touch()
    async with served.serving(looked.paths.socket_for_core()):
        return await asyncio.to_thread(lambda: list(core.check_core(looked)))


async def test_a_healthy_core_is_ok(home: Path) -> None:
    found = await ask_core(home, SmallCore(core_state()))
    assert [finding.status for finding in found] == [Status.OK, Status.OK]
    assert found[0].text == "process 4242 is RUN, link READY"


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"state": "KILLED", "why": "by hand"}, Status.WARN),
        ({"journal": "failing"}, Status.FAIL),
        ({"health": "the clock is wrong"}, Status.WARN),
    ],
)
async def test_what_keeps_a_core_from_trading_is_told(home: Path, change: dict[str, str], status: Status) -> None:
    found = await ask_core(home, SmallCore(core_state(**change)))
    assert found[0].status is status


async def test_a_core_without_a_link_is_warned_about(home: Path) -> None:
    state = core_state()
    state["link"]["link"] = {"state": "DISCONNECTED", "reason": "the gateway closed the connection"}
    found = await ask_core(home, SmallCore(state))
    assert "the gateway closed the connection" in found[0].text


async def test_a_core_that_does_not_answer_fails(home: Path) -> None:
    found = await ask_core(home, SmallCore(core_state(), silent=True))
    assert found[0].status is Status.FAIL
    assert "kill" in found[0].remedy


async def test_an_old_heartbeat_fails(home: Path) -> None:
    looked = case(home)
    looked.paths.prepare()
    looked.paths.heartbeat.touch()
    os.utime(looked.paths.heartbeat, (1, 1))
    async with SmallCore(core_state()).serving(looked.paths.socket_for_core()):
        found = await asyncio.to_thread(lambda: list(core.check_core(looked)))
    assert found[1].status is Status.FAIL


def test_a_stop_file_is_warned_about(home: Path) -> None:
    assert only(core.check_stop_file(case(home))).status is Status.OK
    (home / "STOP").symlink_to(home / "nowhere")
    found = only(core.check_stop_file(case(home)))
    assert found.status is Status.WARN
    assert found.remedy.endswith(f"rm {home / 'STOP'}")


# --- the system ------------------------------------------------------------------------------------------------------
def test_a_core_that_ends_with_the_login_is_warned_about(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "_user_name", lambda _: "trader")
    looked = case(home)
    assert "no systemd" in only(service.check_service(looked)).text
    (looked.root / "run/systemd/system").mkdir(parents=True)
    (looked.root / "etc/systemd/logind.conf.d").mkdir(parents=True)
    assert "does not linger" in only(service.check_service(looked)).text
    (looked.root / "etc/systemd/logind.conf").write_text("#KillUserProcesses=no\nKillUserProcesses=no\n")
    (looked.root / "etc/systemd/logind.conf.d/90-mine.conf").write_text("[Login]\nKillUserProcesses=yes\n")
    found = only(service.check_service(looked))
    assert "ends your processes" in found.text
    assert "loginctl enable-linger trader" in found.remedy
    (looked.root / "var/lib/systemd/linger").mkdir(parents=True)
    (looked.root / "var/lib/systemd/linger/trader").touch()
    assert only(service.check_service(looked)).status is Status.OK


def test_a_machine_without_a_time_service_is_warned_about(home: Path) -> None:
    looked = case(home)
    assert only(clock.check_clock(looked)).status is Status.WARN
    mark = looked.root / "run/systemd/timesync/synchronized"
    mark.parent.mkdir(parents=True)
    mark.touch()
    assert only(clock.check_clock(looked)).status is Status.OK


def test_the_calendar_names_todays_session_and_refuses_an_unknown_exchange(home: Path) -> None:
    assert "XNYS: session of " in only(clock.check_sessions(case(home))).text
    unknown = case(home)
    assert unknown.config is not None
    market = unknown.config.market.model_copy(update={"calendar": "XNOWHERE"})
    wrong = replace(unknown, config=unknown.config.model_copy(update={"market": market}))
    assert only(clock.check_sessions(wrong)).status is Status.FAIL
