"""`tradetui alerts test` says "delivered" only when the phone has it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.alerts.twilio_server import ACCOUNT, OTHER_RECIPIENT, RECIPIENT, SENDER, TEMPLATE, TOKEN, Fault, Twilio
from tradetui.alerts.channels.whatsapp import WhatsAppChannel
from tradetui.alerts.delivery import DeliveryPolicy
from tradetui.alerts.settings import AlertSettings
from tradetui.alerts.trial import Trial, TrialResult
from tradetui.cli.main import main
from tradetui.config.secret import TwilioSecrets
from tradetui.domain.clock import SECOND_NS

Command = Callable[..., int]


@pytest.fixture
def command(tmp_path: Path, twilio: Twilio, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Run `tradetui alerts test` in a home of its own, with waits that take no time."""
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    for name in ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN"):
        monkeypatch.delenv(name, raising=False)

    def run(*options: str, credentials: bool = True, recipients: tuple[str, ...] = (RECIPIENT,)) -> int:
        (tmp_path / "config.toml").write_text(
            f"""
[alerts]
whatsapp = true
content_sid = "{TEMPLATE}"
whatsapp_from = "{SENDER}"
recipients = {json.dumps(recipients)}
api_url = "{twilio.url}"
"""
        )
        env_file = tmp_path / ".env"
        env_file.touch(mode=0o600)
        env_file.write_text(f"TWILIO_ACCOUNT_SID={ACCOUNT}\nTWILIO_AUTH_TOKEN={TOKEN}\n" if credentials else "")
        return main(["alerts", "test", "--home", str(tmp_path), *options])

    return run


def test_a_test_alert_that_arrives_ends_well(
    command: Command, twilio: Twilio, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command() == 0
    out, err = capsys.readouterr()
    assert out.startswith("recipient 1: delivered after 0.")
    assert err == ""
    assert "this is a test" in twilio.bodies()[0]


def test_results_can_be_read_by_a_program(command: Command, capsys: pytest.CaptureFixture[str]) -> None:
    assert command("--json", recipients=(RECIPIENT, OTHER_RECIPIENT)) == 0
    results = json.loads(capsys.readouterr().out)
    assert [(result["recipient"], result["delivered"], result["status"]) for result in results] == [
        (0, True, "delivered"),
        (1, True, "delivered"),
    ]


def test_a_test_alert_that_fails_at_delivery_gives_one_line_and_exit_code_1(
    command: Command, twilio: Twilio, capsys: pytest.CaptureFixture[str]
) -> None:
    twilio.life = (("undelivered", 63015),)
    assert command() == 1
    err = capsys.readouterr().err
    assert err.startswith("tradetui: test alert not delivered to recipient 1: 63015: ")
    assert err.count("\n") == 1


def test_without_credentials_it_says_what_to_set(command: Command, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(credentials=False) == 1
    expected = "tradetui: alerts off: no Twilio credentials (set TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN)\n"
    assert capsys.readouterr().err == expected


@pytest.mark.parametrize("fault", [Fault.UNAUTHORIZED, Fault.RESET, Fault.RATE_LIMITED])
def test_a_carrier_that_does_not_take_it_is_one_line(
    command: Command, twilio: Twilio, capsys: pytest.CaptureFixture[str], fault: Fault
) -> None:
    twilio.script_send.append(fault)
    assert command() == 1
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert not [secret for secret in (ACCOUNT, TOKEN, RECIPIENT) if secret in err]
    assert twilio.sends == 1


def test_a_message_that_is_never_confirmed_is_not_called_delivered(
    secrets: TwilioSecrets, settings: AlertSettings, twilio: Twilio
) -> None:
    twilio.life = (("sent", None),) * 9
    clock = [0]

    def sleep(seconds: float) -> None:
        clock[0] += int(seconds * SECOND_NS)

    twilio.script_status.append(Fault.SERVER_ERROR)
    trial = Trial(WhatsAppChannel(secrets, settings), DeliveryPolicy(), mono_ns=lambda: clock[0], sleep=sleep)
    (result,) = trial.run(wall_ns=0, recipients=1)
    assert result == TrialResult(
        recipient=0,
        delivered=False,
        sid=twilio.messages[0].sid,
        status="accepted, but not confirmed as delivered (last status: sent)",
        took_s=60.0,
    )
    assert twilio.questions == 3


def test_a_status_that_cannot_be_asked_for_is_told_as_it_is(
    secrets: TwilioSecrets, settings: AlertSettings, twilio: Twilio
) -> None:
    twilio.script_status.extend([Fault.SERVER_ERROR] * 3)
    trial = Trial(WhatsAppChannel(secrets, settings), DeliveryPolicy(), mono_ns=lambda: 0, sleep=lambda seconds: None)
    (result,) = trial.run(wall_ns=0, recipients=1)
    assert (result.delivered, result.status) == (False, "Twilio answered HTTP 503")
