"""The lines between core and watcher survive anything and carry everything."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradetui.alerts.delivery import DeliveryPolicy, DeliveryState
from tradetui.alerts.outbox import Prior
from tradetui.alerts.settings import AlertSettings
from tradetui.alerts.wire import (
    MAX_LINE,
    MAX_TEXT,
    Bye,
    Pulse,
    Report,
    Status,
    Submission,
    WireError,
    decode_from_watcher,
    decode_to_watcher,
    encode,
)
from tradetui.domain.alert import Alert, Severity

numbers = st.integers(-(2**62), 2**62)
texts = st.text(max_size=100)
alerts = st.builds(
    Alert,
    number=numbers,
    severity=st.sampled_from(Severity),
    cause=st.text(max_size=60),
    text=texts,
    market_ns=numbers,
    symbol=st.none() | st.text(max_size=20),
    detail=texts,
    closes=st.booleans(),
)
priors = st.none() | st.builds(Prior, st.sampled_from(DeliveryState), st.none() | texts)
settings_values = st.builds(
    AlertSettings,
    label=texts,
    enabled=st.booleans(),
    content_sid=st.none() | texts,
    sender=st.none() | texts,
    recipients=st.lists(texts, max_size=3).map(tuple),
    policy=st.builds(DeliveryPolicy, poll_after_s=st.lists(st.floats(1, 9), min_size=1, max_size=4).map(tuple)),
)
to_watcher = st.builds(Submission, alert=alerts, wall_ns=numbers, prior=priors) | settings_values | st.just(Bye())
reports = st.builds(
    Report,
    key=texts,
    number=st.none() | numbers,
    severity=st.sampled_from(Severity),
    state=st.sampled_from(DeliveryState),
    wall_ns=numbers,
    attempts=st.integers(0, 99),
    resends=st.integers(0, 3),
    sid=st.none() | texts,
    code=st.none() | st.integers(1, 99999),
    reason=texts,
    into=st.none() | numbers,
)
from_watcher = reports | st.builds(Status, texts, texts, texts) | st.just(Pulse())


@given(to_watcher)
def test_what_the_core_says_arrives_as_it_was(message: AlertSettings | Submission | Bye) -> None:
    line = encode(message)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert decode_to_watcher(line) == message


@given(from_watcher)
def test_what_the_watcher_says_arrives_as_it_was(message: Report | Status | Pulse) -> None:
    assert decode_from_watcher(encode(message)) == message


@given(st.binary(max_size=200))
def test_no_bytes_make_the_reader_fail_otherwise(line: bytes) -> None:
    for decode in (decode_to_watcher, decode_from_watcher):
        with pytest.raises(WireError):
            decode(line)


SUBMISSION = encode(
    Submission(
        alert=Alert(number=1, severity=Severity.INFO, cause="c", text="t", market_ns=0),
        wall_ns=0,
        prior=Prior(DeliveryState.SENT, "SM1"),
    )
)


@pytest.mark.parametrize("name", ["alert", "wall_ns", "prior"])
def test_a_field_of_the_wrong_type_is_named_not_guessed(name: str) -> None:
    with pytest.raises(WireError, match=name):
        decode_to_watcher(json.dumps({**json.loads(SUBMISSION), name: [1]}).encode())


@pytest.mark.parametrize("name", ["number", "severity", "cause", "text", "market_ns", "symbol", "detail", "closes"])
@pytest.mark.parametrize("wrong", [[], 1.5, {"a": 1}])
def test_an_alert_with_a_field_of_the_wrong_type_is_refused(name: str, wrong: object) -> None:
    body = json.loads(SUBMISSION)
    body["alert"][name] = wrong
    with pytest.raises(WireError, match=name):
        decode_to_watcher(json.dumps(body).encode())


@pytest.mark.parametrize(("name", "wrong"), [("severity", 9), ("number", True)])
def test_a_value_outside_its_range_is_refused(name: str, wrong: object) -> None:
    body = json.loads(SUBMISSION)
    body["alert"][name] = wrong
    with pytest.raises(WireError, match=name):
        decode_to_watcher(json.dumps(body).encode())


def test_the_longest_alert_fits_the_readers_limit() -> None:
    worst = "\U0001f4a5" * (MAX_TEXT * 3)
    alert = Alert(number=1, severity=Severity.INFO, cause=worst, text=worst, detail=worst, market_ns=0)
    line = encode(Submission(alert=alert, wall_ns=0))
    assert len(line) < MAX_LINE
    decoded = decode_to_watcher(line)
    assert isinstance(decoded, Submission)
    assert decoded.alert.text == worst[:MAX_TEXT]


@pytest.mark.parametrize("url", ["http://api.twilio.com", "http://example.org", "ftp://127.0.0.1", "127.0.0.1"])
def test_credentials_go_nowhere_without_encryption(url: str) -> None:
    line = encode(AlertSettings(label="X")).replace(b"https://api.twilio.com", url.encode())
    with pytest.raises(WireError, match="must be https"):
        decode_to_watcher(line)
