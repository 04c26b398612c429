"""Every order of the venue and the names it goes by.

Invariant: perm_id is unique for ever; (client_id, order_id) is unique among a client's orders and never reused;
a done order is found until the day rolls.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

from tradetui.gateway.venue.working import WorkingOrder

Filed = dict[int, WorkingOrder]
Key = TypeVar("Key", int, str)


class OrderRegistry:
    """Orders by perm id and by client; families (parent and children) and OCA groups."""

    def __init__(self, first_perm_id: int) -> None:
        self.next_perm_id = first_perm_id
        self._working: Filed = {}
        self._done: Filed = {}
        self._names: dict[tuple[int, int], WorkingOrder] = {}
        self._highest: dict[int, int] = {}
        self._next_bound_id = -1
        self._children: dict[int, Filed] = {}
        self._groups: dict[str, Filed] = {}

    def allocate_perm_id(self) -> int:
        """A new perm id."""
        perm_id = self.next_perm_id
        self.next_perm_id += 1
        return perm_id

    def next_order_id(self, client_id: int) -> int:
        """One more than the highest id the client ever used; 1 for a new client."""
        return self._highest.get(client_id, 0) + 1

    def is_used(self, client_id: int, order_id: int) -> bool:
        """Whether a new order must not take this id: IB wants ids above all earlier ones of the client."""
        return order_id <= self._highest.get(client_id, 0)

    def add(self, order: WorkingOrder) -> None:
        """Register an accepted order; a manual one (order id 0) has no client name."""
        self._working[order.perm_id] = order
        if order.parent_perm_id:
            self._children.setdefault(order.parent_perm_id, {})[order.perm_id] = order
        if order.oca_key:
            self._groups.setdefault(order.oca_key, {})[order.perm_id] = order
        if order.order_id > 0:
            self._names[order.client_id, order.order_id] = order
            self._highest[order.client_id] = max(order.order_id, self._highest.get(order.client_id, 0))
        elif order.order_id < 0:
            self._names[order.client_id, order.order_id] = order
            self._next_bound_id = min(self._next_bound_id, order.order_id - 1)

    def bind(self, order: WorkingOrder, client_id: int) -> None:
        """Give a manual order a negative id of `client_id` (IB: client 0 only)."""
        order.client_id = client_id
        order.order_id = self._next_bound_id
        self._next_bound_id -= 1
        self._names[order.client_id, order.order_id] = order

    def retire(self, order: WorkingOrder) -> None:
        """The order is done: keep it as completed until the day rolls."""
        self._working.pop(order.perm_id, None)
        self._done[order.perm_id] = order
        if order.parent_perm_id:
            _forget(self._children, order.parent_perm_id, order)
        if order.oca_key:
            _forget(self._groups, order.oca_key, order)

    def forget_done(self) -> None:
        """A new day: completed orders are no longer told, their ids stay used."""
        for order in self._done.values():
            self._names.pop((order.client_id, order.order_id), None)
        self._done.clear()

    def find(self, client_id: int, order_id: int) -> WorkingOrder | None:
        """The client's order with this id, working or done today."""
        return self._names.get((client_id, order_id))

    def by_perm_id(self, perm_id: int) -> WorkingOrder | None:
        """An order working or done today."""
        return self._working.get(perm_id) or self._done.get(perm_id)

    def working(self) -> Iterator[WorkingOrder]:
        """Working orders in order of arrival."""
        return iter(tuple(self._working.values()))

    def done(self) -> Iterator[WorkingOrder]:
        """Orders done today in order of their end."""
        return iter(tuple(self._done.values()))

    def children(self, perm_id: int) -> list[WorkingOrder]:
        """Working children of an order."""
        found = self._children.get(perm_id)
        return list(found.values()) if found else []

    def oca_siblings(self, order: WorkingOrder) -> list[WorkingOrder]:
        """The other working orders of its OCA group."""
        if not order.oca_key:
            return []
        return [other for other in self._groups.get(order.oca_key, {}).values() if other is not order]

    def leave_group(self, order: WorkingOrder) -> None:
        """Take an order out of its OCA group."""
        if order.oca_key:
            _forget(self._groups, order.oca_key, order)
            order.oca_key = ""

    def highest_ids(self) -> dict[int, int]:
        """Highest order id used per client."""
        return dict(self._highest)

    def restore(self, highest: dict[int, int]) -> None:
        """Take over the ids that clients used before."""
        self._highest.update(highest)


def _forget(index: dict[Key, Filed], key: Key, order: WorkingOrder) -> None:
    group = index.get(key)
    if group is not None:
        group.pop(order.perm_id, None)
        if not group:
            del index[key]
