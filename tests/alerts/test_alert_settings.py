"""When alerts are on, and what the operator must do when they are off."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.alerts.twilio_server import RECIPIENT, SENDER, TEMPLATE
from tradetui.alerts.configured import settings_of
from tradetui.alerts.settings import AlertSettings, whatsapp_address
from tradetui.config import load_config
from tradetui.domain.errors import OperatorError

FULL = AlertSettings(label="LIVE", enabled=True, content_sid=TEMPLATE, sender=SENDER, recipients=(RECIPIENT,))


def test_alerts_are_on_when_all_is_there() -> None:
    assert FULL.off_reason(has_credentials=True) is None


@pytest.mark.parametrize(
    ("settings", "has_credentials", "reason"),
    [
        (replace(FULL, enabled=False), True, "alerts off: alerts.whatsapp is false"),
        (FULL, False, "alerts off: no Twilio credentials (set TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN)"),
        (replace(FULL, content_sid=None), True, "alerts off: alerts.content_sid not set"),
        (
            replace(FULL, sender=None, recipients=()),
            True,
            "alerts off: alerts.whatsapp_from, alerts.recipients not set",
        ),
    ],
)
def test_alerts_that_are_off_say_what_is_missing(settings: AlertSettings, has_credentials: bool, reason: str) -> None:
    assert settings.off_reason(has_credentials=has_credentials) == reason


def test_credentials_travel_only_encrypted_or_within_this_machine() -> None:
    for url in ("https://api.dublin.ie1.twilio.com", "http://127.0.0.1:8080", "http://[::1]:1"):
        assert replace(FULL, api_url=url).base_url == url
    assert FULL.base_url is None
    with pytest.raises(OperatorError, match="must be https"):
        replace(FULL, api_url="http://127.0.0.1.example.org")


def test_telephone_numbers_and_the_ping_address_do_not_print() -> None:
    text = repr(replace(FULL, ping_url="https://hc-ping.com/uuid"))
    assert not [secret for secret in (SENDER, RECIPIENT, "hc-ping") if secret in text]


def test_numbers_get_the_carriers_form_once() -> None:
    assert whatsapp_address("+1555") == whatsapp_address("whatsapp:+1555") == "whatsapp:+1555"


def test_every_alert_key_of_the_configuration_reaches_the_watcher(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(
        f"""
[alerts]
whatsapp = true
content_sid = "{TEMPLATE}"
whatsapp_from = "{SENDER}"
recipients = ["{RECIPIENT}"]
incident_window_s = 60.0
max_messages_per_hour = 7
api_url = "https://api.dublin.ie1.twilio.com"
heartbeat_url = "https://example.org/ping"
heartbeat_every_s = 30.0
"""
    )
    settings = settings_of(load_config(tmp_path, "paper", {}))
    assert settings == AlertSettings(
        label="PAPER",
        enabled=True,
        content_sid=TEMPLATE,
        sender=SENDER,
        recipients=(RECIPIENT,),
        incident_window_s=60.0,
        max_messages_per_hour=7,
        api_url="https://api.dublin.ie1.twilio.com",
        ping_url="https://example.org/ping",
        ping_every_s=30.0,
    )
