"""WhatsApp through Twilio's Messages API, with an approved template (ContentSid and variables, never a Body).

Invariant: "accepted" is not "delivered", and a request without an answer is not a refusal. Nothing of an exception's
own text is passed on, because it holds the account id: only the HTTP status, Twilio's code and our words for it.

Imports the twilio package: only the watcher and `tradetui alerts test` may import this module.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from requests import exceptions as http
from twilio.base.exceptions import TwilioException, TwilioRestException, TwilioServiceException
from twilio.http.response import Response
from twilio.rest import Client
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from tradetui.alerts.channels.base import LocateAnswer, SendAnswer, StatusAnswer
from tradetui.alerts.channels.codes import CREDENTIALS_REFUSED, MAY_PASS, explain
from tradetui.alerts.channels.twilio_http import TimedHttpClient
from tradetui.alerts.delivery import (
    Accepted,
    CheckFailed,
    Doubtful,
    Located,
    NotLocated,
    Refusal,
    Refused,
    StatusSeen,
)
from tradetui.alerts.model import Message
from tradetui.alerts.settings import AlertSettings, whatsapp_address
from tradetui.alerts.text import Style, clean, names_token, template_variables, token
from tradetui.config.secret import TwilioSecrets
from tradetui.domain.clock import to_datetime

SANDBOX_SENDER = "whatsapp:+14155238886"
_RECENT = 50
# Clocks of two machines differ; an older message with the same mark belongs to an earlier journal.
_SKEW = timedelta(minutes=5)
_ARRIVED = frozenset({"delivered", "read"})
_LOST = frozenset({"undelivered", "failed", "canceled"})


class WhatsAppChannel:
    """Sends templates from the settings' sender to their recipients, with one account's credentials."""

    def __init__(self, secrets: TwilioSecrets, settings: AlertSettings) -> None:
        self._secrets = secrets
        self._settings = settings
        self._style = Style(settings.label, settings.include_figures)
        self._sender = whatsapp_address(settings.sender or "")
        self._recipients = tuple(whatsapp_address(number) for number in settings.recipients)

    def send(self, message: Message) -> SendAnswer:
        """Create the message at Twilio."""
        http_client = self._http()
        try:
            created = self._client(http_client).messages.create(
                from_=self._sender,
                to=self._recipients[message.recipient],
                content_sid=self._settings.content_sid,
                content_variables=json.dumps(template_variables(message, self._style), ensure_ascii=False),
                validity_period=self._settings.validity_s,
            )
        except (TwilioRestException, TwilioServiceException) as error:
            return _refused(error, http_client.retry_after_s)
        except http.RequestException as error:
            return _no_answer(error)
        except (TwilioException, ValueError, TypeError, KeyError, AttributeError) as error:
            return Doubtful(f"Twilio's answer could not be read ({type(error).__name__})")
        return Accepted(created.sid) if created.sid else Doubtful("Twilio's answer names no message")

    def locate(self, message: Message) -> LocateAnswer:
        """Look for the message's mark in Twilio's newest messages to the recipient."""
        mark = token(message, self._style)
        oldest = to_datetime(message.wall_ns) - _SKEW
        try:
            for sid, body, created in self._recent(message.recipient):
                if created >= oldest and names_token(body, mark):
                    return Located(sid)
        except (TwilioException, http.RequestException, ValueError, TypeError, KeyError, AttributeError) as error:
            return _check_failed(error)
        return NotLocated()

    def status(self, sid: str) -> StatusAnswer:
        """Ask Twilio for the message's status."""
        try:
            seen = self._client(self._http()).messages(sid).fetch()
            status, code = str(seen.status), seen.error_code
        except (TwilioException, http.RequestException, ValueError, TypeError, KeyError, AttributeError) as error:
            return _check_failed(error)
        if status in _ARRIVED:
            return StatusSeen(True, status)
        if status in _LOST:
            return StatusSeen(False, status, code, explain(code, status), code in MAY_PASS)
        return StatusSeen(None, clean(status)[:40])

    def _recent(self, recipient: int) -> Iterator[tuple[str, str, datetime]]:
        messages = self._client(self._http()).messages.list(
            to=self._recipients[recipient], from_=self._sender, limit=_RECENT, page_size=_RECENT
        )
        for seen in messages:
            yield seen.sid, seen.body or "", seen.date_created or datetime.now(tz=UTC)

    def _http(self) -> TimedHttpClient:
        settings = self._settings
        return TimedHttpClient(base_url=settings.base_url, connect_s=settings.connect_s, read_s=settings.read_s)

    def _client(self, http_client: TimedHttpClient) -> Client:
        # A client per call: the two lanes call from two threads and its HTTP client keeps no connection anyway.
        return Client(
            self._secrets.account_sid.reveal(),
            self._secrets.auth_token.reveal(),
            environment={},
            http_client=http_client,
        )


def _refused(error: TwilioRestException | TwilioServiceException, retry_after_s: float | None) -> SendAnswer:
    status, code = int(error.status), _code(error.code, int(error.status))
    reason = explain(code, f"Twilio answered HTTP {status}")
    if _stops(status, code):
        return Refused(Refusal.STOP, code or CREDENTIALS_REFUSED, reason)
    if status == 429:
        return Refused(Refusal.RETRY, code, reason, retry_after_s)
    if status >= 500 or status < 400:  # a gateway's error or a portal's redirect: the request may have got through
        return Doubtful(reason)
    return Refused(Refusal.GIVE_UP, code, reason)


def _no_answer(error: http.RequestException) -> SendAnswer:
    if _never_connected(error):
        return Refused(Refusal.RETRY, None, "Twilio cannot be reached (no connection)")
    if isinstance(error, http.Timeout):
        return Doubtful("Twilio did not answer in time")
    return Doubtful(f"the connection to Twilio broke ({type(error).__name__})")


def _never_connected(error: http.RequestException) -> bool:
    if isinstance(error, http.ConnectTimeout):
        return True
    causes = [getattr(cause, "reason", cause) for cause in error.args]
    return any(isinstance(cause, NewConnectionError | ConnectTimeoutError) for cause in causes)


def _check_failed(error: Exception) -> CheckFailed:
    if isinstance(error, http.RequestException):
        answer = _no_answer(error)
        return CheckFailed(answer.reason if isinstance(answer, Refused | Doubtful) else "no answer")
    status, code = _status_and_code(error)
    if status is None:
        return CheckFailed(f"Twilio's answer could not be read ({type(error).__name__})")
    return CheckFailed(explain(code, f"Twilio answered HTTP {status}"), code, stop=_stops(status, code))


def _status_and_code(error: Exception) -> tuple[int | None, int | None]:
    if isinstance(error, TwilioRestException | TwilioServiceException):
        return int(error.status), _code(error.code, int(error.status))
    # For a list the package raises its base class with the whole response as second argument.
    response = error.args[1] if len(error.args) > 1 else None
    if not isinstance(response, Response):
        return None, None
    try:
        body = json.loads(response.text)
    except ValueError:
        body = {}
    return response.status_code, _code(body.get("code") if isinstance(body, dict) else None, response.status_code)


def _code(code: object, status: int) -> int | None:
    # Without a code of its own the package repeats the HTTP status, which explains nothing.
    return code if isinstance(code, int) and code != status else None


def _stops(status: int, code: int | None) -> bool:
    return status in (401, 403) or code == CREDENTIALS_REFUSED
