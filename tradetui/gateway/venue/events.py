"""What the venue tells its clients, in the order IB tells it.

Each event names its addressee: `client_id` of the order's owner (0 also stands for manual orders, which only client
0 is told of), or, for positions and accounts, everybody who subscribed. The session layer translates one event into
one message and never reorders events of one list.
"""

from __future__ import annotations

from dataclasses import dataclass

from tradetui.gateway.venue.model import CommissionReport, Execution, PositionRow, VenueOrder


@dataclass(frozen=True, slots=True)
class OpenOrderEvent:
    """openOrder (5) to the owner."""

    client_id: int
    order: VenueOrder


@dataclass(frozen=True, slots=True)
class OrderStatusEvent:
    """orderStatus (3) to the owner; status, filled, remaining and prices are those of `order`."""

    client_id: int
    order: VenueOrder


@dataclass(frozen=True, slots=True)
class ExecutionEvent:
    """execDetails (11) with request id -1, to the owner."""

    client_id: int
    execution: Execution


@dataclass(frozen=True, slots=True)
class CommissionEvent:
    """commissionReport (59), to the owner."""

    client_id: int
    report: CommissionReport


@dataclass(frozen=True, slots=True)
class ErrorEvent:
    """error (4) with the order id, to the client that asked. Codes 202, 399, 404 and 21xx are notices."""

    client_id: int
    order_id: int
    code: int
    text: str
    reject_json: str = ""


@dataclass(frozen=True, slots=True)
class PositionEvent:
    """A holding changed by a trade: position (61) and portfolioValue (7), to every subscriber."""

    row: PositionRow


@dataclass(frozen=True, slots=True)
class AccountEvent:
    """Cash or margin of `account` changed: re-send account values to whoever subscribed to them."""

    account: str


VenueEvent = (
    OpenOrderEvent | OrderStatusEvent | ExecutionEvent | CommissionEvent | ErrorEvent | PositionEvent | AccountEvent
)
