"""Families of orders as the broker keeps them: children behind a parent, and OCA groups of type 2.

A family whose last order was not transmitted never works and goes with its connection. Children trade no more than
their parent has filled; they end with a parent that filled nothing, and shrink to what one has filled that ends early.
A fill of one order in a group takes its quantity off the others, which end when nothing is left. Source: IB's pages on
attached orders and on one-cancels-all groups, ocaType 2 ("proportionately reduced in size with block").
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from tradetui.domain.actions import PlaceOrder
from tradetui.domain.ids import intent_of_ref
from tradetui.domain.order import BrokerOrder, Side
from tradetui.simulation.broker_model import BrokerModel

_DEAD = ("Cancelled", "ApiCancelled", "Inactive")


@dataclass
class FamilyBroker(BrokerModel):
    """A broker that knows families.

    `untransmitted` holds what waits for the last of its family, by the parent's intent; `touched` are orders that a
    family changed and that nobody has told of yet. `prices` trigger stops. IB does two things one way or the other:
    `group_ends`: a cancel of one order ends its group; `orphans_end`: children end with any cancelled parent.
    """

    prices: dict[str, float] = field(default_factory=dict)
    untransmitted: dict[str, list[tuple[PlaceOrder, int]]] = field(default_factory=dict)
    parents: dict[int, int] = field(default_factory=dict)
    groups: dict[int, str] = field(default_factory=dict)
    triggered: set[int] = field(default_factory=set)
    touched: list[int] = field(default_factory=list)
    group_ends: bool = False
    orphans_end: bool = False

    # --- how they come -----------------------------------------------------------------------------------------
    def take(self, place: PlaceOrder, order_id: int, client_id: int = 7) -> list[BrokerOrder]:
        """Take an order in; return those that exist from now on: none before the family is transmitted."""
        intent = place.intent
        head = intent.parent_id or intent.intent_id
        if intent.parent_id and head not in self.untransmitted:
            return []  # its parent is not here
        if not place.transmit:
            self.untransmitted.setdefault(head, []).append((place, order_id))
            return []
        members = [*self.untransmitted.pop(head, []), (place, order_id)]
        return [self._begin(member, number, client_id) for member, number in members]

    def _begin(self, place: PlaceOrder, order_id: int, client_id: int) -> BrokerOrder:
        intent = place.intent
        order = self.accept(intent, place.order_ref, client_id, order_id=order_id)
        if intent.oca_group:
            self.groups[order.perm_id] = intent.oca_group
        parent = next(
            (held for held in self.orders.values() if intent_of_ref(held.order_ref) == intent.parent_id), None
        )
        if intent.parent_id and parent is not None:
            self.parents[order.perm_id] = parent.perm_id
        if intent.stop_price is not None or intent.parent_id:
            order = self.change(order.perm_id, stop_price=intent.stop_price, status="PreSubmitted")
        return order

    def drop_untransmitted(self, late: Iterable[PlaceOrder] = ()) -> None:
        """Lose the connection: what was not transmitted is gone, unless the rest of it is `late`."""
        coming = {place.intent.parent_id for place in late}
        self.untransmitted = {head: members for head, members in self.untransmitted.items() if head in coming}

    def withdraw(self, order_id: int) -> bool:
        """Cancel an order that was not transmitted yet, with its family; return whether there is one."""
        for head, members in self.untransmitted.items():
            if any(number == order_id for _, number in members):
                del self.untransmitted[head]
                return True
        return False

    # --- what they may trade -----------------------------------------------------------------------------------
    def left(self, order: BrokerOrder) -> float:
        """Return what an order may trade now: nothing of a stop that its price has not reached."""
        return self._open(order) if self._is_reached(order) else 0.0

    def closes(self, order: BrokerOrder) -> float:
        """Return what an order may still trade, at whatever price, before its parent fills any more."""
        return self._open(order) if self.is_live(order) else 0.0

    def _open(self, order: BrokerOrder) -> float:
        rest = order.qty - (order.filled or 0.0)
        parent = self.orders.get(self.parents.get(order.perm_id, 0))
        if parent is None or not self.is_live(parent):
            return rest
        return max(0.0, min(rest, self._uncovered(parent)))

    def _uncovered(self, parent: BrokerOrder) -> float:
        """Return what a parent has filled less what its children have closed of it."""
        closed = sum(self.orders[child].filled or 0.0 for child in self._children(parent.perm_id))
        return (parent.filled or 0.0) - closed

    def _is_reached(self, order: BrokerOrder) -> bool:
        price = self.prices.get(order.symbol)
        if order.stop_price is not None:
            if order.perm_id not in self.triggered and price is not None:
                beyond = price <= order.stop_price if order.side is Side.SELL else price >= order.stop_price
                if beyond and self._open(order) > 0:
                    self.triggered.add(order.perm_id)
            return order.perm_id in self.triggered
        if order.perm_id not in self.parents and order.perm_id not in self.groups:
            return True
        limit = order.limit_price
        return limit is None or price is None or (price >= limit if order.side is Side.SELL else price <= limit)

    # --- how they follow each other ----------------------------------------------------------------------------
    def executed(self, perm_id: int, qty: float) -> None:
        """Children of a filled order come to life, its group has less left."""
        for child in self._children(perm_id):
            if self.orders[child].stop_price is None and self.orders[child].status == "PreSubmitted":
                self._set(child, status="Submitted")
        for other in self._siblings(perm_id):
            order = self.orders[other]
            if order.qty - qty <= (order.filled or 0.0) + 1e-9:
                self.end(other)
                self.touched.append(other)
            else:
                self._set(other, qty=order.qty - qty)

    def end(self, perm_id: int, status: str = "Cancelled") -> BrokerOrder:
        """End an order without a fill; its family follows."""
        was_live = self.is_live(self.orders[perm_id])
        ended = super().end(perm_id, status)
        if not was_live or status not in _DEAD or self.is_live(ended):
            return ended
        for child in self._children(perm_id):
            self._orphan(child, ended)
        if self.group_ends and status == "Cancelled":
            for other in self._siblings(perm_id):
                self.end(other)
                self.touched.append(other)
        return self.orders[perm_id]

    def _orphan(self, child: int, parent: BrokerOrder) -> None:
        order = self.orders[child]
        if not self.is_live(order):
            return
        left = min(order.qty - (order.filled or 0.0), self._uncovered(parent))
        if left <= 0 or self.orphans_end:
            self.end(child)
            self.touched.append(child)
        else:
            self._set(child, qty=(order.filled or 0.0) + left)

    def _set(self, perm_id: int, **fields: object) -> None:
        before = self.orders[perm_id]
        after = replace(before, **fields)  # type: ignore[arg-type]
        if after != before:
            self.orders[perm_id] = after
            self.touched.append(perm_id)

    def _children(self, perm_id: int) -> list[int]:
        return [child for child, parent in self.parents.items() if parent == perm_id]

    def _siblings(self, perm_id: int) -> list[int]:
        group = self.groups.get(perm_id)
        if group is None:
            return []
        return [
            other
            for other, name in self.groups.items()
            if name == group and other != perm_id and self.is_live(self.orders[other])
        ]
