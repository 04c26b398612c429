"""The lines between core and watcher: one JSON object each, core to watcher on its stdin, back on its stdout.

Invariant: a line that does not decode raises WireError naming the field and is skipped by the reader; it never ends the
conversation, and it never holds a credential.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TypeVar

from tradetui.alerts.delivery import Delivery, DeliveryPolicy, DeliveryState
from tradetui.alerts.outbox import Prior
from tradetui.alerts.settings import AlertSettings
from tradetui.domain.alert import Alert, Severity
from tradetui.domain.errors import OperatorError, TradetuiError

MAX_LINE = 64 * 1024
MAX_TEXT = 2000

_T = TypeVar("_T")


class WireError(TradetuiError):
    """A line from the other side does not decode: it is logged and skipped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """An alert to deliver, raised at `wall_ns` (UTC). `prior` tells what an earlier watcher may have done with it."""

    alert: Alert
    wall_ns: int
    prior: Prior | None = None


@dataclass(frozen=True, slots=True)
class Bye:
    """The core ends on purpose: its silence is no incident."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What became of a message. `number` is the outbox row, None for what the watcher says on its own account.

    `into` names the alert whose incident a FOLDED one was counted in.
    """

    key: str
    number: int | None
    severity: Severity
    state: DeliveryState
    wall_ns: int
    attempts: int = 0
    resends: int = 0
    sid: str | None = None
    code: int | None = None
    reason: str = ""
    into: int | None = None


@dataclass(frozen=True, slots=True)
class Status:
    """Something about alerting as a whole. `topic` is on, off, core, log, ping or watcher; `level` as in logs."""

    topic: str
    level: str
    text: str


@dataclass(frozen=True, slots=True)
class Pulse:
    """The watcher is alive."""


ToWatcher = AlertSettings | Submission | Bye
FromWatcher = Report | Status | Pulse


def report_of(delivery: Delivery, wall_ns: int) -> Report:
    """Return the report about `delivery` as it is now."""
    return Report(
        key=delivery.key,
        number=delivery.number,
        severity=delivery.severity,
        state=delivery.state,
        wall_ns=wall_ns,
        attempts=delivery.attempts,
        resends=delivery.resends,
        sid=delivery.sid,
        code=delivery.code,
        reason=delivery.reason,
    )


def encode(message: ToWatcher | FromWatcher) -> bytes:
    """Return `message` as one line."""
    body: dict[str, object] = {"t": type(message).__name__.lower(), **asdict(message)}
    if isinstance(message, Submission):
        # Free text is bounded here so that a line always fits the reader's limit.
        body["alert"] = {**asdict(message.alert), **_cut(message.alert)}
    return json.dumps(body, ensure_ascii=True, separators=(",", ":")).encode() + b"\n"


def decode_to_watcher(line: bytes) -> ToWatcher:
    """Return what the core said.

    Raises:
        WireError: the line does not decode.
    """
    kind, body = _parse(line)
    if kind == "submission":
        return _submission(body)
    if kind == "bye":
        return Bye()
    if kind == "alertsettings":
        return _settings(body)
    raise WireError(f"unknown line {kind!r}")


def decode_from_watcher(line: bytes) -> FromWatcher:
    """Return what the watcher said.

    Raises:
        WireError: the line does not decode.
    """
    kind, body = _parse(line)
    if kind == "report":
        return _report(body)
    if kind == "status":
        return Status(_get(body, "topic", str), _get(body, "level", str), _get(body, "text", str))
    if kind == "pulse":
        return Pulse()
    raise WireError(f"unknown line {kind!r}")


def _cut(alert: Alert) -> dict[str, str]:
    return {"text": alert.text[:MAX_TEXT], "detail": alert.detail[:MAX_TEXT], "cause": alert.cause[:64]}


def _parse(line: bytes) -> tuple[str, Mapping[str, object]]:
    try:
        body = json.loads(line)
    except (ValueError, RecursionError):
        raise WireError("a line is not JSON") from None
    if not isinstance(body, dict):
        raise WireError("a line is not an object")
    return _get(body, "t", str), body


def _submission(body: Mapping[str, object]) -> Submission:
    alert = _object(body, "alert")
    prior = None
    if body.get("prior") is not None:
        raw = _object(body, "prior")
        prior = Prior(_state(raw), _maybe(raw, "sid", str))
    return Submission(
        alert=Alert(
            number=_get(alert, "number", int),
            severity=_severity(alert),
            cause=_get(alert, "cause", str),
            text=_get(alert, "text", str),
            market_ns=_get(alert, "market_ns", int),
            symbol=_maybe(alert, "symbol", str),
            detail=_get(alert, "detail", str),
            closes=_get(alert, "closes", bool),
        ),
        wall_ns=_get(body, "wall_ns", int),
        prior=prior,
    )


def _report(body: Mapping[str, object]) -> Report:
    return Report(
        key=_get(body, "key", str),
        number=_maybe(body, "number", int),
        severity=_severity(body),
        state=_state(body),
        wall_ns=_get(body, "wall_ns", int),
        attempts=_get(body, "attempts", int),
        resends=_get(body, "resends", int),
        sid=_maybe(body, "sid", str),
        code=_maybe(body, "code", int),
        reason=_get(body, "reason", str),
        into=_maybe(body, "into", int),
    )


def _settings(body: Mapping[str, object]) -> AlertSettings:
    # Both sides are the same program, so the fields' types are those of the dataclass that was encoded.
    fields = {name: value for name, value in body.items() if name != "t"}
    try:
        policy = dict(_object(fields, "policy"))
        policy["poll_after_s"] = tuple(policy["poll_after_s"])  # type: ignore[arg-type]
        fields["policy"] = DeliveryPolicy(**policy)  # type: ignore[arg-type]
        fields["recipients"] = tuple(fields["recipients"])  # type: ignore[arg-type]
        return AlertSettings(**fields)  # type: ignore[arg-type]
    except (TypeError, KeyError, OperatorError) as error:
        raise WireError(f"settings: {error}") from None


def _severity(body: Mapping[str, object]) -> Severity:
    try:
        return Severity(_get(body, "severity", int))
    except ValueError:
        raise WireError(f"severity {body.get('severity')!r} is unknown") from None


def _state(body: Mapping[str, object]) -> DeliveryState:
    try:
        return DeliveryState(_get(body, "state", str))
    except ValueError:
        raise WireError(f"state {body.get('state')!r} is unknown") from None


def _object(body: Mapping[str, object], name: str) -> Mapping[str, object]:
    value = body.get(name)
    if not isinstance(value, dict):
        raise WireError(f"{name} is not an object")
    return value


def _get(body: Mapping[str, object], name: str, kind: type[_T]) -> _T:
    value = body.get(name)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise WireError(f"{name} is missing or not of type {kind.__name__}")
    return value


def _maybe(body: Mapping[str, object], name: str, kind: type[_T]) -> _T | None:
    return None if body.get(name) is None else _get(body, name, kind)
