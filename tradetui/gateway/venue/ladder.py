"""One side of an instrument's working orders in price-time priority.

Invariant: an order is in at most one place, found by the key it was filed under; orders without a limit come first,
then better limits, then earlier ranks.
"""

from __future__ import annotations

from bisect import bisect_left, insort

from tradetui.gateway.venue.working import WorkingOrder

_MARKET = -(1 << 62)
Entry = tuple[int, int, WorkingOrder]


class Ladder:
    """Orders of one side (+1 buy, -1 sell), best first."""

    __slots__ = ("_entries", "_filed", "_side")

    def __init__(self, side: int) -> None:
        self._side = side
        self._entries: list[Entry] = []
        self._filed: dict[int, tuple[int, int]] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def file(self, order: WorkingOrder) -> None:
        """Put an order where its limit and rank belong, taking it from where it was."""
        key = (_MARKET if order.limit is None else -self._side * order.limit, order.rank)
        known = self._filed.get(order.perm_id)
        if known == key:
            return
        if known is not None:
            self._drop(known)
        insort(self._entries, (*key, order))
        self._filed[order.perm_id] = key

    def remove(self, order: WorkingOrder) -> None:
        """Take an order out; one that is not in changes nothing."""
        known = self._filed.pop(order.perm_id, None)
        if known is not None:
            self._drop(known)

    def all(self) -> list[WorkingOrder]:
        """Every order, best first."""
        return [entry[2] for entry in self._entries]

    def reaching(self, price: int) -> list[WorkingOrder]:
        """Orders whose limit is at `price` or better for the other side (or that have none), best first."""
        entries = self._entries
        if not entries:
            return []
        worst = -self._side * price
        if entries[0][0] > worst:
            return []
        return [entry[2] for entry in entries[: bisect_left(entries, (worst + 1,))]]

    def _drop(self, key: tuple[int, int]) -> None:
        del self._entries[bisect_left(self._entries, key)]
