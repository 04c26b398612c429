"""What the journal keeps. The core emits records; the store writes those of one step in one transaction.

Upserts carry the whole new value, so replaying a record twice changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from tradetui.domain.alert import Alert
from tradetui.domain.fill import Commission, Fill
from tradetui.domain.latch import Latch
from tradetui.domain.ledger import Adjustment
from tradetui.domain.order import OrderRecord


@dataclass(frozen=True, slots=True)
class OrderSaved:
    """An order's new whole value, with the fact that moved it (for the audit trail)."""

    order: OrderRecord
    fact: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class BarConsumed:
    """`strategy` has decided on the bar of `symbol` that ended at `bar_end_ns`; it never will again."""

    strategy: str
    symbol: str
    bar_end_ns: int


@dataclass(frozen=True, slots=True)
class FillSaved:
    """An execution report in the revision that counts now."""

    fill: Fill
    owner: str
    multiplier: float


@dataclass(frozen=True, slots=True)
class CommissionSaved:
    """A commission report."""

    commission: Commission


@dataclass(frozen=True, slots=True)
class AdjustmentSaved:
    """An operator's adjustment."""

    adjustment: Adjustment


@dataclass(frozen=True, slots=True)
class OpeningCashSaved:
    """The cash balance before the first booked flow."""

    amount: float


@dataclass(frozen=True, slots=True)
class LatchSaved:
    """A latch was set."""

    latch: Latch


@dataclass(frozen=True, slots=True)
class LatchCleared:
    """A latch was cleared by `who`, for `reason`."""

    key: str
    who: str
    reason: str
    ts_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DayStarted:
    """A trading day began: the figures that daily limits are measured from. `date` is the exchange's session date."""

    date: str
    equity: float
    realized: float
    ts_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EquityMarked:
    """Equity, cash and profit at one moment (about once a market minute)."""

    ts_ns: int
    date: str
    equity: float
    cash: float
    realized: float
    unrealized: float
    peak_equity: float
    day_high: float | None = None


@dataclass(frozen=True, slots=True)
class DayFigureSaved:
    """What a day's profit of one strategy or symbol (`kind`) is measured from: its total when the day began."""

    date: str
    kind: str
    name: str
    value: float


@dataclass(frozen=True, slots=True)
class StrategyRearmed:
    """The operator let a strategy trade again: what happened before `ts_ns` does not count against it any more."""

    strategy: str
    who: str
    reason: str
    ts_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitSaved:
    """A limit changed, or will. `what` names the change; `version` numbers the set of limits that holds from here on.

    `file_value` is what the configuration said, `value` what holds, `staged` a looser value that waits for the operator
    or for the session after `staged_date`. None: the limit is not set, or nothing is staged.
    """

    name: str
    version: int
    what: str
    file_value: float | None
    value: float | None
    staged: float | None
    staged_date: str
    who: str
    reason: str
    ts_ns: int


@dataclass(frozen=True, slots=True)
class AlertQueued:
    """An alert for the outbox."""

    alert: Alert


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliverySaved:
    """What became of the alert `number` at its channel: the state's name, `sid` and `code` of the carrier."""

    number: int
    state: str
    attempts: int = 0
    sid: str | None = None
    code: int | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusalSaved:
    """An order the gate refused: code, what was measured, the limit, in one line; under which set of limits."""

    ts_ns: int
    strategy: str
    symbol: str
    intent_id: str
    side: str
    qty: float
    code: str
    measured: str
    limit: str
    text: str
    limits_version: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandSaved:
    """An operator's command and what came of it; append-only."""

    command_id: str
    kind: str
    who: str
    detail: str
    result: str
    ts_ns: int


@dataclass(frozen=True, slots=True)
class ArmedFact:
    """One setting that was armed, by its name in the configuration."""

    name: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmedSaved:
    """New exposure was armed for the exchange session `date`, under these settings. The latest one counts."""

    date: str
    who: str
    ts_ns: int
    facts: tuple[ArmedFact, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A line of the event log: level INFO, WARNING or ERROR."""

    ts_ns: int
    level: str
    topic: str
    text: str
    symbol: str = ""


Record = (
    OrderSaved
    | BarConsumed
    | FillSaved
    | CommissionSaved
    | AdjustmentSaved
    | OpeningCashSaved
    | LatchSaved
    | LatchCleared
    | DayStarted
    | EquityMarked
    | DayFigureSaved
    | StrategyRearmed
    | LimitSaved
    | AlertQueued
    | DeliverySaved
    | RefusalSaved
    | CommandSaved
    | ArmedSaved
    | Note
)


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalImage:
    """What a restart begins from: every live order, orders of the last days, all fills, latches and marks."""

    orders: tuple[OrderRecord, ...] = ()
    fills: tuple[FillSaved, ...] = ()
    commissions: tuple[Commission, ...] = ()
    adjustments: tuple[Adjustment, ...] = ()
    opening_cash: float | None = None
    latches: tuple[Latch, ...] = ()
    consumed: tuple[BarConsumed, ...] = ()
    day: DayStarted | None = None
    peak_equity: float | None = None
    day_high: float | None = None
    day_figures: tuple[DayFigureSaved, ...] = ()
    rearms: tuple[StrategyRearmed, ...] = ()
    limits: tuple[LimitSaved, ...] = ()
    commands: tuple[CommandSaved, ...] = ()
    next_alert_number: int = 1
    armed: ArmedSaved | None = None
