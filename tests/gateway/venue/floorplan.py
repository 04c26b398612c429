"""A venue with two instruments and shorthands for orders, so that a test reads as a story."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TypeVar

from tradetui.domain.clock import MINUTE_NS, SECOND_NS
from tradetui.gateway.venue.config import VenueConfig
from tradetui.gateway.venue.events import (
    CommissionEvent,
    ErrorEvent,
    ExecutionEvent,
    OpenOrderEvent,
    OrderStatusEvent,
    VenueEvent,
)
from tradetui.gateway.venue.model import Contract, ContractDetails, OrderRequest, OrderStatus
from tradetui.gateway.venue.venue import Venue
from tradetui.marketdata.calendar import TradingCalendar

CALENDAR = TradingCalendar.load(first_year=2015, last_year=2027)
_FRIDAY, _MONDAY = CALENDAR.session_on(date(2026, 11, 20)), CALENDAR.session_on(date(2026, 11, 23))
if _FRIDAY is None or _MONDAY is None:
    raise LookupError("the test week has no sessions")
FRIDAY, MONDAY = _FRIDAY, _MONDAY
NOON = FRIDAY.open_ns + 150 * MINUTE_NS
ACCOUNT = "DU1234567"
SPY = Contract(con_id=756733, symbol="SPY", primary_exchange="ARCA", local_symbol="SPY", trading_class="SPY")
QQQ = Contract(con_id=320227571, symbol="QQQ", primary_exchange="NASDAQ", local_symbol="QQQ", trading_class="NMS")
DETAILS = [ContractDetails(contract=contract, market_name="NMS", long_name=contract.symbol) for contract in (SPY, QQQ)]
Event = TypeVar("Event", bound=VenueEvent)


def order(
    action: str = "BUY",
    quantity: float = 100,
    order_type: str = "MKT",
    *,
    limit: float | None = None,
    stop: float | None = None,
    contract: Contract = SPY,
    **fields: object,
) -> OrderRequest:
    return OrderRequest(
        contract=contract,
        action=action,
        quantity=quantity,
        order_type=order_type,
        limit_price=limit,
        aux_price=stop,
        **fields,  # type: ignore[arg-type]
    )


def of_kind(events: Sequence[VenueEvent], kind: type[Event]) -> list[Event]:
    return [event for event in events if isinstance(event, kind)]


class Desk:
    """A venue at noon of a Friday with SPY at 500.00/500.01 and QQQ at 400.00/400.02, 300 shares a side."""

    def __init__(self, venue: Venue | None = None, now_ns: int = NOON, **config: object) -> None:
        self.now_ns = now_ns
        self.venue = venue or Venue(
            config=VenueConfig(**config),  # type: ignore[arg-type]
            calendar=CALENDAR,
            instruments=DETAILS,
        )
        self._next_id = 1
        self.venue.advance(now_ns)
        if CALENDAR.is_open(now_ns):
            self.quote(500.00, 500.01)
            self.quote(400.00, 400.02, contract=QQQ)

    def quote(
        self, bid: float, ask: float, bid_size: int = 300, ask_size: int = 300, contract: Contract = SPY
    ) -> list[VenueEvent]:
        return self.venue.on_quote(contract.con_id, bid, ask, bid_size, ask_size, self.now_ns)

    def trade(self, price: float, size: int = 100, contract: Contract = SPY) -> list[VenueEvent]:
        return self.venue.on_trade(contract.con_id, price, size, self.now_ns)

    def send(self, request: OrderRequest, order_id: int | None = None, client: int = 1) -> list[VenueEvent]:
        if order_id is None:
            order_id, self._next_id = self._next_id, self._next_id + 1
        else:
            self._next_id = max(self._next_id, order_id + 1)
        return self.venue.place(client, order_id, request, self.now_ns)

    def cancel(self, order_id: int, client: int = 1) -> list[VenueEvent]:
        return self.venue.cancel(client, order_id, self.now_ns)

    def pass_s(self, seconds: float) -> list[VenueEvent]:
        return self.pass_to(self.now_ns + round(seconds * SECOND_NS))

    def pass_to(self, now_ns: int) -> list[VenueEvent]:
        self.now_ns = now_ns
        return self.venue.advance(now_ns)

    def status(self, order_id: int, client: int = 1) -> OrderStatus:
        orders = self.venue.open_orders() + self.venue.completed_orders()
        return next(o.status for o in orders if (o.client_id, o.order_id) == (client, order_id))

    def held(self, contract: Contract = SPY) -> float:
        row = self.venue.position(ACCOUNT, contract.con_id)
        return row.quantity if row else 0

    def cash(self) -> float:
        return self.venue.account_values(ACCOUNT).cash


def story(events: Sequence[VenueEvent]) -> list[str]:
    """Order events in short: 'open Submitted', 'status Filled', 'fill 100 @ 500.01', 'commission 1.0', 'error 202'."""
    lines = []
    for event in events:
        match event:
            case OpenOrderEvent():
                lines.append(f"open {event.order.status.value}")
            case OrderStatusEvent():
                lines.append(f"status {event.order.status.value}")
            case ExecutionEvent():
                lines.append(f"fill {event.execution.shares} @ {event.execution.price}")
            case CommissionEvent():
                lines.append(f"commission {event.report.commission}")
            case ErrorEvent():
                lines.append(f"error {event.code}")
            case _:
                continue
    return lines
