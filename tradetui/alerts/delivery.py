"""The nouns of delivering one message: its states, its policy, and what can happen to it.

Invariant: these are values; only `lifecycle.advance` makes a new one from an old one.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum

from tradetui.domain.alert import Severity
from tradetui.domain.clock import SECOND_NS


class DeliveryState(StrEnum):
    """Where a message is. SENT means the carrier accepted it, which proves nothing about the phone."""

    QUEUED = "QUEUED"
    SENDING = "SENDING"
    SENT = "SENT"
    DELIVERED = "DELIVERED"
    UNDELIVERED = "UNDELIVERED"
    FAILED = "FAILED"
    SUPPRESSED = "SUPPRESSED"
    FOLDED = "FOLDED"


TERMINAL = frozenset(
    {
        DeliveryState.DELIVERED,
        DeliveryState.UNDELIVERED,
        DeliveryState.FAILED,
        DeliveryState.SUPPRESSED,
        DeliveryState.FOLDED,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryPolicy:
    """Times in seconds. `poll_after_s` counts from acceptance; its last value repeats until `confirm_within_s`."""

    poll_after_s: tuple[float, ...] = (5.0, 15.0, 60.0)
    confirm_within_s: float = 660.0
    backoff_s: float = 2.0
    backoff_cap_s: float = 60.0
    max_resends: int = 1
    max_resends_critical: int = 3
    max_age_s: float = 900.0
    max_age_critical_s: float = 3600.0

    def resends(self, severity: Severity) -> int:
        """Return how often a message may be sent again after an attempt with unknown or failed outcome."""
        return self.max_resends_critical if severity is Severity.CRITICAL else self.max_resends

    def max_age_ns(self, severity: Severity) -> int:
        """Return the age after which a message is not sent any more: old news misleads."""
        return int((self.max_age_critical_s if severity is Severity.CRITICAL else self.max_age_s) * SECOND_NS)

    def backoff_ns(self, failures: int, jitter: float) -> int:
        """Return the wait after `failures` failures in a row; `jitter` in [0, 1) spreads it over half its length."""
        full = min(self.backoff_cap_s, self.backoff_s * 2.0 ** min(max(failures - 1, 0), 16))
        return int(full * (0.5 + 0.5 * jitter) * SECOND_NS)

    def poll_ns(self, polls: int) -> int:
        """Return when, counted from acceptance, the status is asked for after `polls` questions."""
        if polls < len(self.poll_after_s):
            return int(self.poll_after_s[polls] * SECOND_NS)
        return int(self.poll_after_s[-1] * (polls - len(self.poll_after_s) + 2) * SECOND_NS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One message's way. Times ending in `_ns` are monotonic; `read_back` asks to look before sending."""

    key: str
    number: int | None
    severity: Severity
    expires_ns: int
    due_ns: int
    state: DeliveryState = DeliveryState.QUEUED
    attempts: int = 0
    resends: int = 0
    failures: int = 0
    polls: int = 0
    read_back: bool = False
    sid: str | None = None
    accepted_ns: int = 0
    code: int | None = None
    reason: str = ""

    @property
    def is_terminal(self) -> bool:
        """Whether nothing will happen to this message any more."""
        return self.state in TERMINAL


class Refusal(Enum):
    """What a definite "no" of the carrier asks for."""

    RETRY = "the same request may succeed later"
    GIVE_UP = "this message can never be sent"
    STOP = "no message can be sent: credentials or account refused"


@dataclass(frozen=True, slots=True)
class SendStarted:
    """The request is about to be written."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """The carrier took the message and named it `sid`."""

    sid: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The message was certainly not taken."""

    kind: Refusal
    code: int | None
    reason: str
    retry_after_s: float | None = None


@dataclass(frozen=True, slots=True)
class Doubtful:
    """The request may or may not have been carried out."""

    reason: str


@dataclass(frozen=True, slots=True)
class Located:
    """The carrier's list holds the message."""

    sid: str


@dataclass(frozen=True, slots=True)
class NotLocated:
    """The carrier's list was read and does not hold the message."""


@dataclass(frozen=True, slots=True)
class CheckFailed:
    """The list or the status could not be read; nothing is known. `stop` as in Refusal.STOP."""

    reason: str
    code: int | None = None
    stop: bool = False


@dataclass(frozen=True, slots=True)
class StatusSeen:
    """The carrier's status: `arrived` True or False when final, None while on the way."""

    arrived: bool | None
    status: str
    code: int | None = None
    reason: str = ""
    may_pass: bool = False


@dataclass(frozen=True, slots=True)
class Expired:
    """The message is too old to be sent."""


@dataclass(frozen=True, slots=True)
class Abandoned:
    """The message will not be sent, for a reason outside itself."""

    reason: str
    code: int | None = None


@dataclass(frozen=True, slots=True)
class Suppressed:
    """Alerts are off."""

    reason: str


DeliveryEvent = (
    SendStarted
    | Accepted
    | Refused
    | Doubtful
    | Located
    | NotLocated
    | CheckFailed
    | StatusSeen
    | Expired
    | Abandoned
    | Suppressed
)
