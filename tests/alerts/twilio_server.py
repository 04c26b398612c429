"""A loopback HTTP server that behaves like Twilio's Messages API, faults included.

It checks the account, the basic authentication and the parameters as Twilio does, answers 201 with status queued, moves
each message through `life` by one status per question, and lists messages newest first. Faults are queued per request
with `script_send`, `script_list` and `script_status`; without one the request is served.
"""

from __future__ import annotations

import base64
import json
import re
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import formatdate
from enum import Enum, auto
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

ACCOUNT = "AC" + "0123456789abcdef" * 2
TOKEN = "canary-token-5f1e7c0d9b"
TEMPLATE = "HX" + "a" * 32
SENDER = "+15005550006"
RECIPIENT = "+14155550177"
OTHER_RECIPIENT = "+14155550199"


class Fault(Enum):
    """What can go wrong with one request."""

    RATE_LIMITED = auto()
    SERVER_ERROR = auto()
    ACCEPTED_THEN_SERVER_ERROR = auto()
    UNAUTHORIZED = auto()
    HANG = auto()
    ACCEPTED_THEN_HANG = auto()
    RESET = auto()
    ACCEPTED_THEN_RESET = auto()
    GARBAGE = auto()
    ACCEPTED_THEN_GARBAGE = auto()
    REDIRECT = auto()
    BAD_REQUEST = auto()


_ACCEPTS = {
    Fault.ACCEPTED_THEN_SERVER_ERROR: Fault.SERVER_ERROR,
    Fault.ACCEPTED_THEN_HANG: Fault.HANG,
    Fault.ACCEPTED_THEN_RESET: Fault.RESET,
    Fault.ACCEPTED_THEN_GARBAGE: Fault.GARBAGE,
}


@dataclass
class Stored:
    """A message that Twilio took."""

    sid: str
    to: str
    sender: str
    body: str
    validity: int
    created: float
    life: deque[tuple[str, int | None]]
    status: tuple[str, int | None] = ("queued", None)


@dataclass
class Twilio:
    """The server's state; use as a context manager. `life` is given to messages taken from now on."""

    token: str = TOKEN
    life: tuple[tuple[str, int | None], ...] = (("sent", None), ("delivered", None))
    messages: list[Stored] = field(default_factory=list)
    sends: int = 0
    lists: int = 0
    questions: int = 0
    script_send: deque[Fault] = field(default_factory=deque)
    script_list: deque[Fault] = field(default_factory=deque)
    script_status: deque[Fault] = field(default_factory=deque)
    changed: threading.Condition = field(default_factory=threading.Condition)
    released: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Twilio:
        state = self

        class Handler(_Handler):
            twilio = state

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def bodies(self) -> list[str]:
        with self.changed:
            return [message.body for message in self.messages]

    def wait_until(self, condition: Callable[[], bool], limit_s: float = 10.0) -> bool:
        """Wait for a condition on this state; it is looked at after every request."""
        with self.changed:
            return self.changed.wait_for(condition, limit_s)

    def take(self, form: dict[str, str]) -> Stored:
        variables = json.loads(form["ContentVariables"])
        body = "tradetui {{1}} {{2}}: {{3}} (sent automatically)"
        for name, value in variables.items():
            body = body.replace("{{" + name + "}}", value)
        stored = Stored(
            sid=f"SM{len(self.messages):032x}",
            to=form["To"],
            sender=form["From"],
            body=body,
            validity=int(form["ValidityPeriod"]),
            created=time.time(),
            life=deque(self.life),
        )
        self.messages.append(stored)
        return stored


class _Handler(BaseHTTPRequestHandler):
    twilio: Twilio
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
        form = {name: values[0] for name, values in parse_qs(raw).items()}
        twilio = self.twilio
        with twilio.changed:
            twilio.sends += 1
            fault = twilio.script_send.popleft() if twilio.script_send else None
            twilio.changed.notify_all()
        if not self._known() or self._spoiled(fault if fault not in _ACCEPTS else None):
            return
        problem = _problem(form)
        if problem is not None:
            self._answer(400, {"code": problem[0], "message": problem[1], "status": 400})
            return
        with twilio.changed:
            stored = twilio.take(form)
            twilio.changed.notify_all()
        if not self._spoiled(_ACCEPTS.get(fault) if fault else None):
            self._answer(201, _resource(stored))

    def do_GET(self) -> None:
        twilio, path = self.twilio, urlsplit(self.path)
        one = re.fullmatch(rf"/2010-04-01/Accounts/{ACCOUNT}/Messages/(\w+)\.json", path.path)
        with twilio.changed:
            script = twilio.script_status if one else twilio.script_list
            fault = script.popleft() if script else None
            twilio.questions += one is not None
            twilio.lists += one is None
            twilio.changed.notify_all()
        if not self._known() or self._spoiled(fault):
            return
        if one:
            self._status(one[1])
        else:
            self._list({name: values[0] for name, values in parse_qs(path.query).items()})

    def _status(self, sid: str) -> None:
        with self.twilio.changed:
            found = next((message for message in self.twilio.messages if message.sid == sid), None)
            if found is not None and found.life:
                found.status = found.life.popleft()
            self.twilio.changed.notify_all()
        if found is None:
            self._answer(404, {"code": 20404, "message": "not found", "status": 404})
        else:
            self._answer(200, _resource(found))

    def _list(self, query: dict[str, str]) -> None:
        with self.twilio.changed:
            found = [
                message
                for message in reversed(self.twilio.messages)
                if message.to == query.get("To", message.to) and message.sender == query.get("From", message.sender)
            ]
        size = int(query.get("PageSize", "50"))
        self._answer(200, {"messages": [_resource(message) for message in found[:size]], "next_page_uri": None})

    def _known(self) -> bool:
        expected = "Basic " + base64.b64encode(f"{ACCOUNT}:{self.twilio.token}".encode()).decode()
        if self.headers.get("Authorization") == expected and f"/Accounts/{ACCOUNT}/" in self.path:
            return True
        self._answer(401, {"code": 20003, "message": f"Authenticate as {ACCOUNT}", "status": 401})
        return False

    def _spoiled(self, fault: Fault | None) -> bool:
        if fault is None:
            return False
        if fault is Fault.HANG:
            self.twilio.released.wait()
            self.close_connection = True
        elif fault is Fault.RESET:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            self.close_connection = True
        elif fault is Fault.GARBAGE:
            self._raw(201, b"<html>not json")
        elif fault is Fault.REDIRECT:
            self._raw(302, b"", {"Location": "http://127.0.0.1:1/login"})
        elif fault is Fault.RATE_LIMITED:
            self._answer(429, {"code": 20429, "message": "Too Many Requests", "status": 429}, {"Retry-After": "1"})
        elif fault is Fault.UNAUTHORIZED:
            self._answer(401, {"code": 20003, "message": f"Authenticate as {ACCOUNT}", "status": 401})
        elif fault is Fault.BAD_REQUEST:
            self._answer(400, {"code": 21211, "message": "The 'To' number is not valid", "status": 400})
        else:
            self._raw(503, b"upstream failed")
        return True

    def _answer(self, status: int, body: dict[str, object], headers: dict[str, str] | None = None) -> None:
        self._raw(status, json.dumps(body).encode(), {"Content-Type": "application/json", **(headers or {})})

    def _raw(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _problem(form: dict[str, str]) -> tuple[int, str] | None:
    if "Body" in form:
        return 63016, "free text outside the allowed window"
    if not re.fullmatch(r"whatsapp:\+\d+", form.get("To", "")):
        return 21211, "The 'To' number is not valid"
    if not re.fullmatch(r"whatsapp:\+\d+", form.get("From", "")):
        return 63007, "Twilio could not find a Channel with the specified From address"
    if form.get("ContentSid") != TEMPLATE:
        return 21655, "The ContentSid is invalid"
    if not 1 <= int(form.get("ValidityPeriod", "36000")) <= 36000:
        return 21638, "The ValidityPeriod is invalid"
    try:
        variables = json.loads(form["ContentVariables"])
    except (KeyError, ValueError):
        return 21656, "The ContentVariables parameter is invalid"
    texts = variables.values()
    bad = set(variables) != {"1", "2", "3"} or any(not text or re.search(r"[\n\t\r']| {4}", text) for text in texts)
    return (21656, "The ContentVariables parameter is invalid") if bad else None


def _resource(stored: Stored) -> dict[str, object]:
    return {
        "sid": stored.sid,
        "account_sid": ACCOUNT,
        "to": stored.to,
        "from": stored.sender,
        "body": stored.body,
        "status": stored.status[0],
        "error_code": stored.status[1],
        "error_message": None,
        "date_created": formatdate(stored.created),
        "date_sent": None,
        "date_updated": formatdate(stored.created),
        "direction": "outbound-api",
        "num_segments": "1",
        "num_media": "0",
        "price": None,
        "price_unit": "USD",
        "api_version": "2010-04-01",
        "uri": f"/2010-04-01/Accounts/{ACCOUNT}/Messages/{stored.sid}.json",
    }
