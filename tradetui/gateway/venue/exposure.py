"""What working orders could still add to each account, kept as running totals.

Invariant: for every account and contract the totals equal the sum over its counted orders at any time, so a credit
check costs the same whether one order works or ten thousand.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping
from dataclasses import dataclass, field

from tradetui.gateway.venue.working import WorkingOrder


@dataclass(slots=True)
class Tally:
    """Units that working orders could buy and sell, and the highest own price among the buys."""

    bought: int = 0
    sold: int = 0
    _own: dict[int, int] = field(default_factory=dict)
    _dearest: list[tuple[int, int]] = field(default_factory=list)

    def price(self) -> int:
        """The highest own price of a counted buy order, 0 if none has one."""
        heap = self._dearest
        while heap and self._own.get(heap[0][1]) != -heap[0][0]:
            heapq.heappop(heap)
        return -heap[0][0] if heap else 0

    def note(self, perm_id: int, price: int) -> None:
        """The own price of one buy order, 0 for none."""
        if price == 0:
            self._own.pop(perm_id, None)
            return
        self._own[perm_id] = price
        heapq.heappush(self._dearest, (-price, perm_id))
        if len(self._dearest) > 2 * len(self._own) + 64:
            # A trailing order leaves a stale entry per move; without this they would pile up.
            self._dearest = [(-own, perm) for perm, own in self._own.items()]
            heapq.heapify(self._dearest)


class Exposures:
    """Tallies by account and contract."""

    def __init__(self) -> None:
        self._accounts: dict[str, dict[int, Tally]] = {}

    def of(self, account: str) -> Mapping[int, Tally]:
        """The tallies of one account by con_id."""
        return self._accounts.setdefault(account, {})

    def put(self, order: WorkingOrder, size: int, price: int) -> None:
        """Count an order with `size` units at its own `price` (0 without one) from now on."""
        if size == order.counted and price == order.counted_price:
            return
        tallies = self._accounts.setdefault(order.account, {})
        tally = tallies.get(order.con_id)
        if tally is None:
            tally = tallies[order.con_id] = Tally()
        if order.side > 0:
            tally.bought += size - order.counted
            tally.note(order.perm_id, price if size else 0)
        else:
            tally.sold += size - order.counted
        order.counted, order.counted_price = size, price

    def recount(self, order: WorkingOrder) -> None:
        """Bring an order's share up to date after anything about it changed."""
        if counts(order):
            self.put(order, max(order.leaves, 0), own_price(order))
        elif order.counted:
            self.put(order, 0, 0)

    def restore(self, order: WorkingOrder) -> None:
        """Count an order that was counted before a restart."""
        size, price = order.counted, order.counted_price
        order.counted = order.counted_price = 0
        self.put(order, size, price)


def counts(order: WorkingOrder) -> bool:
    """Whether an order can still open something: sent, alive, and not waiting for a parent that has not traded."""
    return order.completed_ns is None and order.transmitted and not (order.parent_perm_id != 0 and order.release == 0)


def own_price(order: WorkingOrder) -> int:
    """The price an order itself names, 0 without one."""
    return order.limit or order.stop or order.terms.limit or 0
