"""Orders: what is asked of the broker, and what is known of it.

`order_state.py` holds the whole life cycle. Here are the nouns only: a Signal is what a strategy wants, an Intent is a
signal with identity that passed the gate and is journaled before it is sent, an OrderRecord is everything known of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from tradetui.domain.order_state import LIVE_STATES, OrderState


class Side(StrEnum):
    """Direction, with IB's action words."""

    BUY = "BUY"
    SELL = "SELL"

    @property
    def sign(self) -> int:
        """+1 for BUY, -1 for SELL."""
        return 1 if self is Side.BUY else -1

    @property
    def opposite(self) -> Side:
        """The other side."""
        return Side.SELL if self is Side.BUY else Side.BUY


class OrderType(StrEnum):
    """Order types with IB's codes."""

    MARKET = "MKT"
    LIMIT = "LMT"
    STOP = "STP"
    STOP_LIMIT = "STP LMT"


class TimeInForce(StrEnum):
    """How long an order stays, with IB's codes."""

    DAY = "DAY"
    GTC = "GTC"
    IOC = "IOC"
    FOK = "FOK"
    OPG = "OPG"


class Purpose(StrEnum):
    """Why an order exists; exits, stops and flatten orders pass the gate's exit path.

    STOP is protection: a stop-loss, and the take-profit that rests in one OCA group with it.
    """

    ENTRY = "entry"
    EXIT = "exit"
    STOP = "stop"
    FLATTEN = "flatten"
    MANUAL = "manual"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """What a strategy wants done at a closed bar. Quantities are positive units, prices in the currency.

    `stop_loss` and `take_profit` are the prices of the orders that protect what an entry fills. `protects` asks for a
    protective stop at `stop_price` (and a target at `take_profit`) around what is held, in place of those there are.
    """

    symbol: str
    side: Side
    qty: float
    order_type: OrderType = OrderType.MARKET
    limit_price: float | None = None
    stop_price: float | None = None
    tif: TimeInForce = TimeInForce.DAY
    outside_rth: bool = False
    leg: str = "main"
    reason: str = ""
    stop_loss: float | None = None
    take_profit: float | None = None
    protects: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """An order we decided to send, in full. `bar_end_ns` is the bar it was decided on (0 for operator orders).

    `parent_id` names the intent whose fills bring this one to life; of the orders in one `oca_group` a fill of one
    takes its quantity off the others.
    """

    intent_id: str
    strategy: str
    symbol: str
    side: Side
    qty: float
    purpose: Purpose
    order_type: OrderType
    tif: TimeInForce
    limit_price: float | None = None
    stop_price: float | None = None
    outside_rth: bool = False
    bar_end_ns: int = 0
    leg: str = "main"
    reason: str = ""
    decided_ns: int = 0
    reference_price: float | None = None
    parent_id: str = ""
    oca_group: str = ""

    @property
    def is_stop_loss(self) -> bool:
        """Whether this is a protective stop; the take-profit beside it limits no loss."""
        return self.purpose is Purpose.STOP and self.stop_price is not None

    @property
    def signed_qty(self) -> float:
        """Quantity with the side's sign."""
        return self.qty * self.side.sign


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRecord:
    """Everything known of one order of ours. `filled` is the sum of effective fills, never a reported status figure.

    `order_id` addresses the order on the connection of client `client_id`; `perm_id` is the broker's identity.
    `limits_version` is the set of limits under which the gate let it pass (0: before limits were numbered).
    `sent_mono_ns` belongs to the running process only. `checks` counts looks at the broker that
    did not find the order.
    """

    intent: Intent
    state: OrderState
    order_ref: str
    order_id: int | None = None
    client_id: int | None = None
    perm_id: int | None = None
    filled: float = 0.0
    avg_price: float | None = None
    commission: float | None = None
    broker_status: str = ""
    last_code: int | None = None
    last_text: str = ""
    created_ns: int = 0
    updated_ns: int = 0
    sent_mono_ns: int | None = None
    cancel_mono_ns: int | None = None
    cancel_tries: int = 0
    checks: int = 0
    touched_by_gap: bool = False
    foreign_changed: bool = False
    changed_qty: float | None = None
    limits_version: int = 0

    @property
    def qty(self) -> float:
        """Quantity at the broker: the intent's, unless somebody changed it by hand."""
        return self.intent.qty if self.changed_qty is None else self.changed_qty

    @property
    def remaining(self) -> float:
        """Quantity that may still fill; 0 when the order cannot be live."""
        if self.state not in LIVE_STATES:
            return 0.0
        return max(0.0, self.qty - self.filled)

    @property
    def is_live(self) -> bool:
        """Whether the order may be live at the broker, UNKNOWN included."""
        return self.state in LIVE_STATES


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerOrder:
    """An order as the broker reports it (openOrder or completedOrder), ours or somebody else's."""

    order_ref: str
    perm_id: int
    order_id: int
    client_id: int
    account: str
    symbol: str
    side: Side
    qty: float
    order_type: str
    status: str
    limit_price: float | None = None
    stop_price: float | None = None
    tif: str = ""
    filled: float | None = None
    completed_status: str = ""
