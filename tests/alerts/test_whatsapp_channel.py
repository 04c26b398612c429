"""The real twilio package against a server that behaves like Twilio, faults included."""

from __future__ import annotations

import socket
import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.alerts.twilio_server import ACCOUNT, OTHER_RECIPIENT, RECIPIENT, TOKEN, Fault, Twilio
from tradetui.alerts.channels.whatsapp import WhatsAppChannel
from tradetui.alerts.delivery import Accepted, CheckFailed, Doubtful, Located, NotLocated, Refusal, Refused, StatusSeen
from tradetui.alerts.model import Message
from tradetui.alerts.settings import AlertSettings
from tradetui.config.secret import Secret, TwilioSecrets
from tradetui.domain.clock import SECOND_NS

MakeMessage = Callable[..., Message]


@pytest.fixture
def channel(secrets: TwilioSecrets, settings: AlertSettings) -> WhatsAppChannel:
    return WhatsAppChannel(secrets, replace(settings, read_s=0.3))


def _sid(answer: object) -> str:
    assert isinstance(answer, Accepted)
    return answer.sid


def test_an_alert_is_sent_as_the_approved_template_with_a_short_validity(
    channel: WhatsAppChannel, twilio: Twilio, make_message: MakeMessage
) -> None:
    sid = _sid(channel.send(make_message()))
    (stored,) = twilio.messages
    assert stored.sid == sid
    assert (stored.to, stored.validity) == (f"whatsapp:{RECIPIENT}", 600)
    assert stored.body == (
        "tradetui PAPER WARNING #paper-17 disconnect: "
        "connection to the gateway lost (2026-09-21 14:13:20 UTC) (sent automatically)"
    )


@pytest.mark.parametrize("text", ["it's [red]bad[/]\n\tand {{1}} long " + "x" * 3000, "\x1b[31m", "\u202e\ud800"])
def test_any_text_of_a_broker_is_taken_by_the_carrier(
    channel: WhatsAppChannel, make_message: MakeMessage, text: str
) -> None:
    assert isinstance(channel.send(make_message(text=text, cause=text, symbol=text)), Accepted)


def test_accepted_is_not_delivered_and_the_status_tells_which(
    channel: WhatsAppChannel, twilio: Twilio, make_message: MakeMessage
) -> None:
    twilio.life = (("sent", None), ("read", None))
    sid = _sid(channel.send(make_message()))
    assert channel.status(sid) == StatusSeen(None, "sent")
    assert channel.status(sid) == StatusSeen(True, "read")


@pytest.mark.parametrize(
    ("code", "says", "may_pass"),
    [(63016, "template", False), (63015, "sandbox", False), (63018, "rate limit", True), (99999, "undelivered", False)],
)
def test_a_delivery_that_failed_later_says_what_to_do(
    channel: WhatsAppChannel, twilio: Twilio, make_message: MakeMessage, code: int, says: str, may_pass: bool
) -> None:
    twilio.life = (("undelivered", code),)
    answer = channel.status(_sid(channel.send(make_message())))
    assert isinstance(answer, StatusSeen)
    assert (answer.arrived, answer.code, answer.may_pass) == (False, code, may_pass)
    assert answer.reason.startswith(f"{code}: ")
    assert says in answer.reason


def test_refused_credentials_stop_and_the_account_is_not_named(
    settings: AlertSettings, twilio: Twilio, make_message: MakeMessage
) -> None:
    wrong = TwilioSecrets(account_sid=Secret(ACCOUNT), auth_token=Secret("revoked"))
    channel = WhatsAppChannel(wrong, settings)
    answer = channel.send(make_message())
    assert isinstance(answer, Refused)
    assert (answer.kind, answer.code) == (Refusal.STOP, 20003)
    for check in (channel.locate(make_message()), channel.status("SM1")):
        assert isinstance(check, CheckFailed)
        assert check.stop
        assert ACCOUNT not in check.reason
    assert ACCOUNT not in answer.reason


def test_a_rate_limit_is_retried_after_the_time_the_carrier_names(
    channel: WhatsAppChannel, twilio: Twilio, make_message: MakeMessage
) -> None:
    twilio.script_send.append(Fault.RATE_LIMITED)
    answer = channel.send(make_message())
    assert answer == Refused(Refusal.RETRY, 20429, "20429: Twilio's request limit is reached", 1.0)


def test_a_request_that_can_never_succeed_is_given_up(
    channel: WhatsAppChannel, twilio: Twilio, make_message: MakeMessage
) -> None:
    twilio.script_send.append(Fault.BAD_REQUEST)
    answer = channel.send(make_message())
    assert isinstance(answer, Refused)
    assert (answer.kind, answer.code) == (Refusal.GIVE_UP, 21211)


@pytest.mark.parametrize(
    ("fault", "taken"),
    [
        (Fault.SERVER_ERROR, False),
        (Fault.ACCEPTED_THEN_SERVER_ERROR, True),
        (Fault.HANG, False),
        (Fault.ACCEPTED_THEN_HANG, True),
        (Fault.RESET, False),
        (Fault.ACCEPTED_THEN_RESET, True),
        (Fault.GARBAGE, False),
        (Fault.ACCEPTED_THEN_GARBAGE, True),
        (Fault.REDIRECT, False),
    ],
)
def test_without_a_clear_answer_the_outcome_is_unknown_until_the_list_was_read(
    channel: WhatsAppChannel, twilio: Twilio, make_message: MakeMessage, fault: Fault, taken: bool
) -> None:
    twilio.script_send.append(fault)
    message = make_message(wall_ns=time.time_ns())
    answer = channel.send(message)
    assert isinstance(answer, Doubtful)
    assert answer.reason
    assert isinstance(channel.locate(message), Located if taken else NotLocated)
    assert twilio.sends == 1


def test_a_carrier_that_hangs_is_left_after_the_time_limit(
    channel: WhatsAppChannel, twilio: Twilio, make_message: MakeMessage
) -> None:
    twilio.script_send.append(Fault.HANG)
    began = time.monotonic()
    assert channel.send(make_message()) == Doubtful("Twilio did not answer in time")
    assert time.monotonic() - began < 5.0


def test_without_a_connection_nothing_was_sent(
    secrets: TwilioSecrets, settings: AlertSettings, make_message: MakeMessage
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        nowhere = replace(settings, api_url=f"http://127.0.0.1:{closed.getsockname()[1]}")
        channel = WhatsAppChannel(secrets, nowhere)
        answer = channel.send(make_message())
        assert answer == Refused(Refusal.RETRY, None, "Twilio cannot be reached (no connection)")
        assert channel.locate(make_message()) == CheckFailed("Twilio cannot be reached (no connection)")


def test_a_name_that_does_not_resolve_means_nothing_was_sent(
    secrets: TwilioSecrets, settings: AlertSettings, make_message: MakeMessage
) -> None:
    channel = WhatsAppChannel(secrets, replace(settings, api_url="https://twilio.invalid"))
    answer = channel.send(make_message())
    assert isinstance(answer, Refused)
    assert answer.kind is Refusal.RETRY


def test_only_a_message_of_this_installation_this_number_and_this_time_is_found(
    channel: WhatsAppChannel, secrets: TwilioSecrets, settings: AlertSettings, twilio: Twilio, make_message: MakeMessage
) -> None:
    message = make_message(wall_ns=time.time_ns())
    channel.send(replace(message, key="170"))
    WhatsAppChannel(secrets, replace(settings, label="LIVE")).send(message)
    channel.send(message)
    twilio.messages[-1].created -= 3600  # an earlier journal's alert 17
    assert channel.locate(message) == NotLocated()
    sid = _sid(channel.send(message))
    assert channel.locate(message) == Located(sid)


def test_each_recipient_is_looked_up_on_its_own(
    secrets: TwilioSecrets, settings: AlertSettings, twilio: Twilio, make_message: MakeMessage
) -> None:
    channel = WhatsAppChannel(secrets, replace(settings, recipients=(RECIPIENT, OTHER_RECIPIENT)))
    message = make_message(wall_ns=time.time_ns())
    channel.send(message)
    assert [stored.to for stored in twilio.messages] == [f"whatsapp:{RECIPIENT}"]
    assert channel.locate(replace(message, key="17@2", recipient=1)) == NotLocated()


@pytest.mark.parametrize("fault", [Fault.SERVER_ERROR, Fault.RATE_LIMITED, Fault.GARBAGE, Fault.RESET, Fault.HANG])
def test_a_question_that_fails_says_nothing_about_the_message(
    channel: WhatsAppChannel, twilio: Twilio, make_message: MakeMessage, fault: Fault
) -> None:
    twilio.script_list, twilio.script_status = deque([fault]), deque([fault])
    assert isinstance(channel.locate(make_message()), CheckFailed)
    assert isinstance(channel.status("SM1"), CheckFailed)


def test_nothing_about_requests_is_logged(
    channel: WhatsAppChannel, make_message: MakeMessage, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(0)
    channel.status(_sid(channel.send(make_message())))
    assert "PAPER" not in caplog.text
    assert not [secret for secret in (TOKEN, ACCOUNT, RECIPIENT) if secret in _without_urllib3(caplog)]


def test_variables_travel_as_json_with_letters_kept(
    channel: WhatsAppChannel, twilio: Twilio, make_message: MakeMessage
) -> None:
    channel.send(make_message(text='Verbindung "weg" \u00e4\u00f6\u00fc', wall_ns=SECOND_NS))
    assert 'Verbindung "weg" \u00e4\u00f6\u00fc (1970-01-01 00:00:01 UTC)' in twilio.messages[0].body


# The library below names the path of a request, and so the account, at DEBUG: the watcher never switches that on.
def _without_urllib3(caplog: pytest.LogCaptureFixture) -> str:
    return "\n".join(record.getMessage() for record in caplog.records if not record.name.startswith("urllib3"))
