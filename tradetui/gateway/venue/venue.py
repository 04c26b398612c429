"""The exchange and the broker's back office behind the paper gateway, as one pure deterministic object.

No clock, no sockets, no randomness: every call carries market time and returns the events it caused, in IB's order.
Invariants: cash and positions change only by executions, to the micro-dollar; no order trades through its limit.
"""

from __future__ import annotations

from collections.abc import Sequence

from tradetui.gateway.venue.events import VenueEvent
from tradetui.gateway.venue.model import (
    AccountRow,
    AccountValues,
    CommissionReport,
    Execution,
    ExecutionFilter,
    OrderRequest,
    PositionRow,
    VenueOrder,
)


class Venue:
    """Orders in, market data in, events out. All times are market time in UTC ns and must not go backwards."""

    # --- orders -----------------------------------------------------------------------------------------------
    def next_order_id(self, client_id: int) -> int:
        """The smallest order id this client may use next (nextValidId)."""
        raise NotImplementedError

    def place(self, client_id: int, order_id: int, request: OrderRequest, now_ns: int) -> list[VenueEvent]:
        """New order, modification (same client and id of a working order), or what-if. Refusals are ErrorEvents."""
        raise NotImplementedError

    def place_manual(self, request: OrderRequest, now_ns: int) -> tuple[VenueOrder, list[VenueEvent]]:
        """An order typed into TWS by a human: client 0, order id 0, found by others only by perm_id."""
        raise NotImplementedError

    def cancel(self, client_id: int, order_id: int, now_ns: int) -> list[VenueEvent]:
        """Cancel by the owner. Errors 10147 (unknown) and 10148 (not cancellable) come back as events."""
        raise NotImplementedError

    def cancel_all(self, now_ns: int) -> list[VenueEvent]:
        """reqGlobalCancel: every working order of every client, manual ones included."""
        raise NotImplementedError

    def bind_manual_orders(self, client_id: int) -> list[VenueEvent]:
        """reqAutoOpenOrders / reqOpenOrders of client 0: give working manual orders negative ids of client 0."""
        raise NotImplementedError

    # --- market data and time ---------------------------------------------------------------------------------
    def on_quote(
        self, con_id: int, bid: float, ask: float, bid_size: int, ask_size: int, now_ns: int
    ) -> list[VenueEvent]:
        """A new top of the book; working orders may fill against it."""
        raise NotImplementedError

    def on_trade(self, con_id: int, price: float, size: int, now_ns: int) -> list[VenueEvent]:
        """A print; triggers stops and fills resting limits it trades through."""
        raise NotImplementedError

    def advance(self, now_ns: int) -> list[VenueEvent]:
        """Time passes without data: opens, closes, GTD/DAY expiry, day roll, delayed acknowledgements."""
        raise NotImplementedError

    def next_wake_ns(self) -> int | None:
        """Market time at which `advance` has something to do even if no data arrives."""
        raise NotImplementedError

    # --- queries ----------------------------------------------------------------------------------------------
    @property
    def accounts(self) -> tuple[str, ...]:
        """Account codes, e.g. ('DU1234567',)."""
        raise NotImplementedError

    def open_orders(self, client_id: int | None = None) -> list[VenueOrder]:
        """Working orders in order of arrival; of one client, or of everybody with None (reqAllOpenOrders)."""
        raise NotImplementedError

    def completed_orders(self, api_only: bool = False) -> list[VenueOrder]:
        """Orders done in the current trading day, oldest first; `api_only` leaves manual ones out."""
        raise NotImplementedError

    def executions(self, wanted: ExecutionFilter) -> list[tuple[Execution, CommissionReport]]:
        """Executions of the current trading day (since midnight exchange time), oldest first."""
        raise NotImplementedError

    def positions(self, account: str | None = None) -> list[PositionRow]:
        """Open positions (quantity != 0), of one account or all."""
        raise NotImplementedError

    def position(self, account: str, con_id: int) -> PositionRow | None:
        """One holding, also when it went flat today; None if never held."""
        raise NotImplementedError

    def portfolio(self, account: str) -> list[PositionRow]:
        """Open positions and those closed today (quantity 0), for updatePortfolio."""
        raise NotImplementedError

    def account_values(self, account: str) -> AccountValues:
        """The account's numbers at the last known prices."""
        raise NotImplementedError

    def account_rows(self, account: str) -> Sequence[AccountRow]:
        """Every IB account line (tag, formatted value, currency) of updateAccountValue."""
        raise NotImplementedError

    def summary_rows(self, account: str, tags: Sequence[str]) -> Sequence[AccountRow]:
        """The lines for reqAccountSummary; `tags` as sent by the client, incl. $LEDGER, $LEDGER:USD, $LEDGER:ALL."""
        raise NotImplementedError

    # --- state ------------------------------------------------------------------------------------------------
    def to_state(self) -> dict[str, object]:
        """Everything needed to continue, as JSON-serialisable data (see `state.save`, `state.load`)."""
        raise NotImplementedError
