"""What the core was told, kept outside the core: the yardstick for its ledger and its orders.

Built only from the events handed to the core, from the records it made and from the broker's truth, never from the
core's own memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tradetui.domain.actions import Action, Commit
from tradetui.domain.events import BrokerSnapshot, CommissionSeen, Event, FillSeen, OrderSeen, SnapshotTaken
from tradetui.domain.fill import Fill
from tradetui.domain.ids import exec_key, intent_of_ref
from tradetui.domain.ledger import Adjustment
from tradetui.domain.order import BrokerOrder, OrderRecord
from tradetui.domain.records import (
    AdjustmentSaved,
    BarConsumed,
    CommissionSaved,
    FillSaved,
    OpeningCashSaved,
    OrderSaved,
    Record,
)


@dataclass(slots=True)
class ToldFill:
    """The latest revision of an execution that the core was told."""

    fill: Fill
    revision: int


class Evidence:
    """Executions, commissions and adjustments by their identity; the journaled orders; readings of positions."""

    def __init__(self) -> None:
        self.fills: dict[str, ToldFill] = {}
        self.commissions: dict[str, float] = {}
        self.adjustments: list[Adjustment] = []
        self.opening: float | None = None
        self.journaled: dict[str, OrderRecord] = {}
        self.consumed: set[tuple[str, str, int]] = set()
        self.readings: list[dict[str, float]] = []
        self.misses: dict[str, int] = {}
        self.reported: dict[str, float] = {}
        self.saved_fills: set[str] = set()
        self.saved_commissions: set[str] = set()
        self.money_changed = True

    def watch(self, event: Event, actions: Sequence[Action]) -> None:
        """Take in one step."""
        match event:
            case FillSeen(fill):
                self._told(fill)
            case OrderSeen(order):
                self._reported(order)
            case CommissionSeen(commission):
                self.commissions[exec_key(commission.exec_id).base] = commission.amount
                self.money_changed = True
            case SnapshotTaken(snapshot):
                for fill in snapshot.fills or ():
                    self._told(fill)
                for commission in snapshot.commissions:
                    self.commissions[exec_key(commission.exec_id).base] = commission.amount
                for order in (*(snapshot.open_orders or ()), *(snapshot.completed_orders or ())):
                    self._reported(order)
                if snapshot.positions is not None:
                    self.readings.append({item.symbol: item.qty for item in snapshot.positions})
                self._look(snapshot)
                self.money_changed = True
            case _:
                pass
        for action in actions:
            if isinstance(action, Commit):
                self._take(action.records)

    def _look(self, snapshot: BrokerSnapshot) -> None:
        """Count the looks in a row that could have shown an order and did not."""
        if snapshot.open_orders is None or snapshot.completed_orders is None or snapshot.fills is None:
            return
        shown = {order.order_ref for order in snapshot.open_orders}
        for order in self.journaled.values():
            self.misses[order.order_ref] = 0 if order.order_ref in shown else self.misses.get(order.order_ref, 0) + 1

    def _reported(self, order: BrokerOrder) -> None:
        intent_id = intent_of_ref(order.order_ref)
        if intent_id is not None and order.filled is not None:
            self.reported[intent_id] = order.filled

    def _told(self, fill: Fill) -> None:
        key = exec_key(fill.exec_id)
        known = self.fills.get(key.base)
        if known is None or key.revision > known.revision:
            self.fills[key.base] = ToldFill(fill, key.revision)
        else:
            return
        self.money_changed = True

    def _take(self, records: Sequence[Record]) -> None:
        for record in records:
            match record:
                case OrderSaved(order):
                    self.journaled[order.intent.intent_id] = order
                    # An order is proof that its bar was decided on.
                    self.consumed.add((order.intent.strategy, order.intent.symbol, order.intent.bar_end_ns))
                case FillSaved(fill):
                    self.saved_fills.add(fill.exec_id)
                case CommissionSaved(commission):
                    self.saved_commissions.add(exec_key(commission.exec_id).base)
                case AdjustmentSaved(adjustment):
                    self.adjustments.append(adjustment)
                    self.money_changed = True
                case OpeningCashSaved(amount):
                    self.opening = amount
                    self.money_changed = True
                case BarConsumed(strategy, symbol, bar_end_ns):
                    self.consumed.add((strategy, symbol, bar_end_ns))
                case _:
                    pass

    def restarted(self, records: Sequence[Record]) -> None:
        """Forget what the crash took: only what the journal holds was told to the new core."""
        self.fills.clear()
        self.commissions.clear()
        self.adjustments.clear()
        self.journaled.clear()
        self.consumed.clear()
        self.saved_fills.clear()
        self.saved_commissions.clear()
        self.reported.clear()
        self.opening = None
        self._take(records)
        for record in records:
            if isinstance(record, FillSaved):
                self._told(record.fill)
            elif isinstance(record, CommissionSaved):
                self.commissions[exec_key(record.commission.exec_id).base] = record.commission.amount
        self.money_changed = True

    # --- what must follow from it ------------------------------------------------------------------------------
    def position(self, symbol: str) -> float:
        """Return the position that the told executions and adjustments amount to."""
        traded = sum(told.fill.signed_qty for told in self.fills.values() if told.fill.symbol == symbol)
        return traded + sum(item.qty for item in self.adjustments if item.symbol == symbol and not item.source)

    def cash(self) -> float | None:
        """Return the cash that opening balance, executions and commissions amount to; None before the opening."""
        if self.opening is None:
            return None
        spent = sum(told.fill.signed_qty * told.fill.price for told in self.fills.values())
        paid = sum(amount for base, amount in self.commissions.items() if base in self.fills)
        return self.opening - spent - paid + sum(item.cash for item in self.adjustments)

    def provisional(self) -> bool:
        """Return whether an execution lacks its commission."""
        return any(base not in self.commissions for base in self.fills)

    def corrected(self, order: OrderRecord) -> bool:
        """Return whether an execution of the order was revised."""
        return any(told.revision > 1 for told in self.fills.values() if told.fill.order_ref == order.order_ref)

    def unsaved(self) -> list[str]:
        """Return executions and commissions that were told and that no record keeps."""
        fills = [told.fill.exec_id for told in self.fills.values() if told.fill.exec_id not in self.saved_fills]
        return fills + [base for base in self.commissions if base not in self.saved_commissions]

    def filled(self, order: OrderRecord) -> float:
        """Return what was executed of an order, by reference or permId."""
        return sum(
            told.fill.qty
            for told in self.fills.values()
            if told.fill.order_ref == order.order_ref
            or (not told.fill.order_ref and told.fill.perm_id == order.perm_id and order.perm_id)
        )
