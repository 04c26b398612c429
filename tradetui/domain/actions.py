"""Outputs of the trading core. The shell carries them out in order; a failed Commit stops the orders behind it."""

from __future__ import annotations

from dataclasses import dataclass

from tradetui.domain.bar import Bar
from tradetui.domain.order import Intent
from tradetui.domain.records import Record


@dataclass(frozen=True, slots=True)
class Commit:
    """Write `records` in one transaction. `durable`: later actions wait for it, and orders need it to succeed."""

    records: tuple[Record, ...]
    durable: bool


@dataclass(frozen=True, slots=True)
class PlaceOrder:
    """Write this order to the socket, after the Commit before it succeeded.

    `transmit` is False for all orders of a family but the last: what is not transmitted never works at the broker.
    """

    intent: Intent
    order_ref: str
    transmit: bool = True


@dataclass(frozen=True, slots=True)
class CancelOrder:
    """Write a cancel. Never refused, never waits for the journal."""

    intent_id: str
    order_id: int | None
    client_id: int | None
    perm_id: int | None


@dataclass(frozen=True, slots=True)
class RequestSnapshot:
    """Ask the broker for its truth; the answer comes back as SnapshotTaken."""

    reason: str


@dataclass(frozen=True, slots=True)
class StrategyPosition:
    """What a strategy is told about itself in one symbol."""

    qty: float
    avg_cost: float
    working: bool


@dataclass(frozen=True, slots=True)
class DeliverBar:
    """Hand a closed bar to a strategy host. `decide` is False for bars that may only warm it up."""

    strategy: str
    bar: Bar
    decide: bool
    position: StrategyPosition
    equity: float | None


@dataclass(frozen=True, slots=True)
class SwitchStrategy:
    """Start or stop a strategy host."""

    strategy: str
    run: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Reply:
    """Answer a command: status is accepted, denied or done."""

    command_id: str
    status: str
    text: str


@dataclass(frozen=True, slots=True)
class StopCore:
    """End the process gracefully."""

    reason: str


Action = Commit | PlaceOrder | CancelOrder | RequestSnapshot | DeliverBar | SwitchStrategy | Reply | StopCore
