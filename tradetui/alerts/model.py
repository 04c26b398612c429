"""What is told to the operator: the causes this program knows and the message that one channel delivers once.

Invariant: a message's `key` never changes and is part of the text that is sent, so the carrier's list can be searched
for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from tradetui.domain.alert import Severity


class Cause(StrEnum):
    """Incident keys in use. `Alert.cause` is a plain string: an unknown cause is folded like these."""

    KILL = "kill"
    BREAKER = "breaker"
    ORDER_FAILURE = "order_failure"
    DISCONNECT = "disconnect"
    STALE_DATA = "stale_data"
    DRAWDOWN = "drawdown"
    CORE_RESTART = "core_restart"
    MISMATCH = "mismatch"
    CORE_DEAD = "core_dead"
    CORE_HANGS = "core_hangs"
    TEST = "test"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message to deliver to the recipient at place `recipient` of the settings. `number` is the
    alert's row in the outbox, None for what the watcher says itself.

    `wall_ns` is when it was raised, UTC nanoseconds of real time (not of the market clock).
    """

    key: str
    number: int | None
    severity: Severity
    cause: str
    symbol: str | None
    text: str
    detail: str
    wall_ns: int
    recipient: int = 0
