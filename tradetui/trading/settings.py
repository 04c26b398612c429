"""What the core is told once, at start: the account, the limits, who trades what, and its time limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Protocol

from tradetui.domain.instrument import Instrument
from tradetui.risk.limits import Limits


class SessionTimes(Protocol):
    """One exchange session: half-open [open_ns, close_ns), UTC nanoseconds."""

    @property
    def date(self) -> date:
        """Exchange date."""

    @property
    def open_ns(self) -> int:
        """First nanosecond of the session."""

    @property
    def close_ns(self) -> int:
        """First nanosecond after it."""


class Calendar(Protocol):
    """Exchange sessions as a pure function of market time."""

    def session_at(self, ns: int) -> SessionTimes | None:
        """Return the session in progress, None when closed."""

    def current_or_next(self, ns: int) -> SessionTimes:
        """Return the session in progress, else the next one."""

    def session_date(self, ns: int) -> date:
        """Return the trading date `ns` counts for."""


class UnfilledPolicy(StrEnum):
    """What happens to a limit order that is not filled in time."""

    KEEP = "keep"
    CANCEL = "cancel"
    MARKET = "market"
    REPRICE = "reprice"


class AfterClose(StrEnum):
    """What happens to a market order that a strategy on daily bars decides when the market is closed."""

    REFUSE = "refuse"
    NEXT_OPEN = "next_open"


class Unprotected(StrEnum):
    """What happens to a position whose protective stop is gone or was refused."""

    REPLACE = "replace"
    CLOSE = "close"
    ALERT = "alert"


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategySetting:
    """One running strategy: its unique name, what it trades, and on which bars."""

    name: str
    symbols: tuple[str, ...]
    bar_size: str
    max_errors: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """How orders are worked. `outside_rth` is set on purpose on every order.

    `unprotected`: a lost protective stop is placed again up to `max_protects` times, and the position closed when that
    fails; or the position is closed at once; or an alert is all. `after_close`: whether the market orders of daily
    bars wait at the broker for the next session's opening auction.
    """

    unfilled_policy: UnfilledPolicy = UnfilledPolicy.CANCEL
    unfilled_timeout_s: float = 60.0
    max_reprices: int = 3
    outside_rth: bool = False
    after_close: AfterClose = AfterClose.REFUSE
    unprotected: Unprotected = Unprotected.REPLACE
    max_protects: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Time limits in real seconds.

    Grace rule (start values after NautilusTrader's defaults): an order missing from `grace_looks` complete looks, each
    at least `grace_interval_s` apart and none younger than `ack_timeout_s`, was proved never to have arrived.
    """

    ack_timeout_s: float = 5.0
    grace_looks: int = 5
    grace_interval_s: float = 2.0
    position_quiet_s: float = 5.0
    reconcile_every_s: float = 60.0
    watch_every_s: float = 10.0
    close_look_s: float = 120.0
    cancel_retry_s: float = 5.0
    rate_retry_s: float = 1.0
    cancel_tries: int = 3
    flatten_alarm_s: float = 60.0
    flatten_passes: int = 10
    stale_alert_s: float = 30.0
    protect_grace_s: float = 5.0
    link_alert_s: float = 60.0
    equity_every_s: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CoreSettings:
    """Everything the core needs to know about its world. `auto_resume`: trade again after a restart found all clean.

    `arming` names what an operator arms a live core with: settings and strategy files, as text by name.
    """

    account: str
    live: bool
    instruments: Mapping[str, Instrument]
    limits: Limits
    strategies: tuple[StrategySetting, ...]
    calendar: Calendar
    execution: Execution = field(default_factory=Execution)
    timing: Timing = field(default_factory=Timing)
    auto_resume: bool = True
    arming: Mapping[str, str] = field(default_factory=dict)
