"""What is worth telling the operator when nobody looks at the screen."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Severity(IntEnum):
    """How soon somebody must know."""

    INFO = 1
    WARNING = 2
    CRITICAL = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One alert. `cause` names the incident it belongs to (kill, breaker, order_failure, disconnect, stale_data, ...).

    `number` is unique per journal and appears in the text that is sent, so that a message can be recognised.
    `text` names no position and no amount: those go into `detail`, which leaves this machine only where the operator
    enabled it. `closes` says that the condition named by `cause` (and `symbol`) has ended.
    """

    number: int
    severity: Severity
    cause: str
    text: str
    market_ns: int
    symbol: str | None = None
    detail: str = ""
    closes: bool = False
