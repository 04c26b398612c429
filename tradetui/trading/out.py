"""Collects what one step wants done, and puts it in the only safe order.

Cancels first (they wait for nothing), then the commit, then the orders that need it, then the rest.
"""

from __future__ import annotations

from tradetui.domain.actions import (
    Action,
    CancelOrder,
    Commit,
    DeliverBar,
    PlaceOrder,
    Reply,
    RequestSnapshot,
    StopCore,
    SwitchStrategy,
)
from tradetui.domain.order import Intent
from tradetui.domain.records import Record


class Out:
    """The actions of one step in the making."""

    def __init__(self) -> None:
        self._cancels: list[CancelOrder] = []
        self._records: list[Record] = []
        self._durable = False
        self._places: list[PlaceOrder] = []
        self._rest: list[DeliverBar | SwitchStrategy | Reply | StopCore] = []
        self._snapshot: RequestSnapshot | None = None

    def record(self, record: Record, *, durable: bool = False) -> None:
        """Keep a record; `durable` makes the whole step's commit awaited."""
        self._records.append(record)
        self._durable = self._durable or durable

    def place(self, intent: Intent, order_ref: str, *, transmit: bool = True) -> None:
        """Send an order after this step's records are committed; one not transmitted waits for the last of its kin."""
        self._places.append(PlaceOrder(intent, order_ref, transmit))
        self._durable = True

    @property
    def records(self) -> tuple[Record, ...]:
        """What is kept so far."""
        return tuple(self._records)

    @property
    def places(self) -> tuple[PlaceOrder, ...]:
        """The orders that are to leave."""
        return tuple(self._places)

    def hold_back(self, place: PlaceOrder) -> None:
        """Do not send an order after all."""
        self._places.remove(place)

    def cancel(self, action: CancelOrder) -> None:
        """Send a cancel before anything else."""
        self._cancels.append(action)

    def ask_snapshot(self, reason: str) -> None:
        """Look at the broker; the state sees to it that one look is under way at a time."""
        self._snapshot = RequestSnapshot(reason)

    def then(self, action: DeliverBar | SwitchStrategy | Reply | StopCore) -> None:
        """Do this after orders and cancels."""
        self._rest.append(action)

    def actions(self) -> list[Action]:
        """Return the actions in the order to carry them out."""
        actions: list[Action] = [*self._cancels]
        if self._records:
            actions.append(Commit(tuple(self._records), self._durable))
        actions += self._places
        actions += self._rest
        if self._snapshot is not None:
            actions.append(self._snapshot)
        return actions
