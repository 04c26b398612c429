"""Inputs of the trading core. Everything that can change its mind arrives as one of these, in one order."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from tradetui.domain.account import AccountValues, BrokerPosition
from tradetui.domain.bar import Bar
from tradetui.domain.fill import Commission, Fill
from tradetui.domain.instrument import Instrument
from tradetui.domain.order import BrokerOrder, Signal
from tradetui.domain.tick import Quote


class SessionState(StrEnum):
    """The link to the broker. Only READY allows a new order to be written."""

    DISCONNECTED = "DISCONNECTED"
    CONNECTING = "CONNECTING"
    SYNCING = "SYNCING"
    READY = "READY"
    DEGRADED = "DEGRADED"
    REFUSED = "REFUSED"


class BarSource(StrEnum):
    """Where a closed bar comes from. Only a LIVE bar may lead to an order."""

    LIVE = "live"
    WARMUP = "warmup"
    BACKFILL = "backfill"


@dataclass(frozen=True, slots=True)
class BarClosed:
    """A bar closed. `size` is the bar size's text, such as 1m; `complete` is False when ticks were missed inside it."""

    bar: Bar
    size: str
    source: BarSource
    complete: bool = True


@dataclass(frozen=True, slots=True)
class QuoteChanged:
    """The latest quote of a symbol, conflated: only the newest matters."""

    quote: Quote


@dataclass(frozen=True, slots=True)
class SignalsProposed:
    """A strategy's answer to one closed bar; empty `signals` is a decision too and consumes the bar."""

    strategy: str
    symbol: str
    bar_end_ns: int
    signals: tuple[Signal, ...]


@dataclass(frozen=True, slots=True)
class StrategyStatus:
    """A strategy host changed state (loading, warming, running, failed, stopped, hung)."""

    strategy: str
    state: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class SessionChanged:
    """The link changed. `account` is set once known; `code` is IB's code where one caused the change."""

    state: SessionState
    reason: str
    account: str = ""
    code: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerSnapshot:
    """The broker's truth at one moment. None in a field means the query failed or did not reach its end marker.

    `started_mono_ns` is when the first request was written: orders younger than that prove nothing by their absence.
    `gap_touched` tells that the link broke or was in doubt (1100) since the previous complete snapshot.
    """

    started_mono_ns: int
    open_orders: tuple[BrokerOrder, ...] | None = None
    completed_orders: tuple[BrokerOrder, ...] | None = None
    fills: tuple[Fill, ...] | None = None
    commissions: tuple[Commission, ...] = ()
    positions: tuple[BrokerPosition, ...] | None = None
    account: AccountValues | None = None
    gap_touched: bool = False

    @property
    def is_complete(self) -> bool:
        """Whether every part reached its end marker."""
        return None not in (self.open_orders, self.completed_orders, self.fills, self.positions, self.account)


@dataclass(frozen=True, slots=True)
class SnapshotTaken:
    """A sync with the broker ended, complete or not."""

    snapshot: BrokerSnapshot


@dataclass(frozen=True, slots=True)
class OrderSeen:
    """An openOrder message outside a sync."""

    order: BrokerOrder


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderStatusSeen:
    """An orderStatus message. It carries no orderRef: `perm_id`, else (client_id, order_id), names the order."""

    order_id: int
    client_id: int
    perm_id: int
    status: str
    filled: float
    remaining: float
    avg_price: float
    why_held: str = ""


@dataclass(frozen=True, slots=True)
class FillSeen:
    """An execDetails message outside a sync."""

    fill: Fill


@dataclass(frozen=True, slots=True)
class CommissionSeen:
    """A commissionReport message."""

    commission: Commission


@dataclass(frozen=True, slots=True)
class BrokerMessage:
    """An error or notice. `order_id` is set when the id belongs to an order of this connection."""

    code: int
    text: str
    order_id: int | None = None
    symbol: str | None = None


@dataclass(frozen=True, slots=True)
class PositionSeen:
    """A position line outside a sync: a hint that something traded, never proof of the ledger."""

    position: BrokerPosition


@dataclass(frozen=True, slots=True)
class InstrumentKnown:
    """The broker named a contract: its id, price steps and multiplier hold from now on."""

    instrument: Instrument


@dataclass(frozen=True, slots=True)
class AccountSeen:
    """New account figures."""

    values: AccountValues


@dataclass(frozen=True, slots=True)
class OrderWritten:
    """The bytes of an order were handed to the socket under `order_id` of client `client_id`."""

    intent_id: str
    order_id: int
    client_id: int


@dataclass(frozen=True, slots=True)
class OrderNotWritten:
    """An order was not written. `certain` is True when no byte can have left."""

    intent_id: str
    reason: str
    certain: bool


@dataclass(frozen=True, slots=True)
class JournalFailed:
    """A commit failed: the intents in it were not sent."""

    reason: str
    intent_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class JournalRestored:
    """The journal takes commits again."""


@dataclass(frozen=True, slots=True)
class TimerFired:
    """The regular beat (4 per real second); deadlines and calendar rules are looked at."""


class CommandKind(StrEnum):
    """What an operator can order the core to do."""

    PAUSE = "pause"
    RESUME = "resume"
    KILL = "kill"
    UNKILL = "unkill"
    FLATTEN = "flatten"
    CANCEL = "cancel"
    CANCEL_ALL = "cancel-all"
    STRATEGY_STOP = "strategy-stop"
    STRATEGY_START = "strategy-start"
    STRATEGY_REARM = "strategy-rearm"
    LIMIT_SET = "limit-set"
    LIMIT_CONFIRM = "limit-confirm"
    LIMIT_DROP = "limit-drop"
    ADOPT = "adopt"
    ASSIGN = "assign"
    ADJUST = "adjust"
    UNLOCK = "unlock"
    ARM = "arm"
    DISARM = "disarm"
    ACK = "ack"
    CLOSE_UNKNOWN = "close-unknown"
    STOP = "stop"


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """An operator's order to the core. The same `command_id` is carried out once, whatever the number of deliveries.

    `confirm` is what was typed where a command asks for it. `qty` (signed units), `price` (per unit) and `cash` (signed
    money) belong to the bookkeeping commands, `qty` is also the value of a limit; None where they were not given.
    """

    command_id: str
    kind: CommandKind
    who: str
    symbols: tuple[str, ...] = ()
    target: str = ""
    reason: str = ""
    confirm: str = ""
    owner: str = ""
    qty: float | None = None
    price: float | None = None
    cash: float | None = None


@dataclass(frozen=True, slots=True)
class CommandReceived:
    """A command arrived."""

    command: Command


@dataclass(frozen=True, slots=True)
class StopFileSeen:
    """The STOP file was found, or its absence could not be established, which counts the same."""

    detail: str


@dataclass(frozen=True, slots=True)
class HealthChanged:
    """The shell measured something that must block entries (clock skew, loop lag, process pause) or that ended."""

    key: str
    healthy: bool
    detail: str = field(default="")


Event = (
    BarClosed
    | QuoteChanged
    | SignalsProposed
    | StrategyStatus
    | SessionChanged
    | SnapshotTaken
    | OrderSeen
    | OrderStatusSeen
    | FillSeen
    | CommissionSeen
    | BrokerMessage
    | PositionSeen
    | InstrumentKnown
    | AccountSeen
    | OrderWritten
    | OrderNotWritten
    | JournalFailed
    | JournalRestored
    | TimerFired
    | CommandReceived
    | StopFileSeen
    | HealthChanged
)
