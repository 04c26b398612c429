"""Fixtures of the alert tests: a Twilio on this machine, credentials with canary values, quick policies."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.alerts.twilio_server import ACCOUNT, RECIPIENT, SENDER, TEMPLATE, TOKEN, Twilio
from tradetui.alerts.delivery import DeliveryPolicy
from tradetui.alerts.model import Message
from tradetui.alerts.settings import AlertSettings
from tradetui.config.secret import Secret, TwilioSecrets
from tradetui.domain.alert import Severity

# The ages also end a watcher that a failed test leaves behind without its Twilio.
QUICK = DeliveryPolicy(
    poll_after_s=(0.01, 0.02, 0.04),
    confirm_within_s=2.0,
    backoff_s=0.01,
    backoff_cap_s=0.05,
    max_age_s=30.0,
    max_age_critical_s=30.0,
)


@pytest.fixture
def twilio() -> Iterator[Twilio]:
    with Twilio() as server:
        yield server


@pytest.fixture
def settings(twilio: Twilio) -> AlertSettings:
    return AlertSettings(
        label="PAPER",
        enabled=True,
        content_sid=TEMPLATE,
        sender=SENDER,
        recipients=(RECIPIENT,),
        api_url=twilio.url,
        connect_s=4.0,
        read_s=4.0,
        policy=QUICK,
        heartbeat_timeout_s=30.0,
        grace_s=0.2,
    )


@pytest.fixture
def secrets() -> TwilioSecrets:
    return TwilioSecrets(account_sid=Secret(ACCOUNT), auth_token=Secret(TOKEN))


@pytest.fixture
def state(tmp_path: Path) -> Path:
    folder = tmp_path / "state"
    folder.mkdir(mode=0o700)
    (folder / "heartbeat").touch()
    return folder


@pytest.fixture
def make_message() -> Callable[..., Message]:
    plain = Message(
        key="17",
        number=17,
        severity=Severity.WARNING,
        cause="disconnect",
        symbol=None,
        text="connection to the gateway lost",
        detail="",
        wall_ns=1_790_000_000_000_000_000,
    )

    def make(**changes: object) -> Message:
        return replace(plain, **changes)  # type: ignore[arg-type]

    return make
