"""Our orders by every name they have: intent id, orderRef, permId, and (client id, order id) of this connection."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from tradetui.domain.ids import intent_of_ref
from tradetui.domain.order import OrderRecord
from tradetui.domain.order_state import TERMINAL_STATES

#: Finished orders kept in memory for the blotter and for late messages; the journal keeps all.
KEEP_FINISHED = 1000


class OrderBook:
    """Order records with their indexes. A record is frozen; `put` replaces it."""

    def __init__(self) -> None:
        self._orders: dict[str, OrderRecord] = {}
        self._live: dict[str, OrderRecord] = {}
        self._live_in: dict[str, dict[str, OrderRecord]] = {}
        self._changes: Counter[str] = Counter()
        self._by_perm: dict[int, str] = {}
        self._by_address: dict[tuple[int, int], str] = {}

    def put(self, order: OrderRecord) -> None:
        """Insert or replace an order."""
        intent_id = order.intent.intent_id
        self._orders[intent_id] = order
        self._changes[order.intent.symbol] += 1
        in_symbol = self._live_in.setdefault(order.intent.symbol, {})
        if order.is_live:
            self._live[intent_id] = in_symbol[intent_id] = order
        else:
            self._live.pop(intent_id, None)
            in_symbol.pop(intent_id, None)
        if order.perm_id:
            self._by_perm[order.perm_id] = intent_id
        if order.order_id is not None and order.client_id is not None:
            self._by_address[order.client_id, order.order_id] = intent_id

    def get(self, intent_id: str) -> OrderRecord | None:
        """Return the order of an intent."""
        return self._orders.get(intent_id)

    def __contains__(self, intent_id: str) -> bool:
        return intent_id in self._orders

    def find(self, order_ref: str = "", perm_id: int = 0) -> OrderRecord | None:
        """Return the order a broker message speaks of, by our reference, else by permId."""
        intent_id = intent_of_ref(order_ref) if order_ref else None
        if intent_id is not None and intent_id in self._orders:
            return self._orders[intent_id]
        known = self._by_perm.get(perm_id) if perm_id else None
        return self._orders.get(known) if known else None

    def at(self, client_id: int, order_id: int) -> OrderRecord | None:
        """Return the order last sent under this address; only a hint, ids are used again by the broker."""
        known = self._by_address.get((client_id, order_id))
        return self._orders.get(known) if known else None

    def all(self) -> Iterator[OrderRecord]:
        """Yield every order, oldest first."""
        yield from self._orders.values()

    def live(self, symbol: str | None = None) -> list[OrderRecord]:
        """Return orders that may be live at the broker, oldest first."""
        if symbol is None:
            return list(self._live.values())
        return list(self._live_in.get(symbol, {}).values())

    def live_symbols(self) -> set[str]:
        """Return the symbols with an order that may be live."""
        return {symbol for symbol, orders in self._live_in.items() if orders}

    def changes(self, symbol: str) -> int:
        """Return how often an order in `symbol` was put here: the same number means the same orders."""
        return self._changes[symbol]

    def forget_finished(self) -> None:
        """Drop the oldest finished orders beyond KEEP_FINISHED."""
        finished = [key for key, order in self._orders.items() if order.state in TERMINAL_STATES]
        for key in finished[: max(0, len(finished) - KEEP_FINISHED)]:
            order = self._orders.pop(key)
            if order.perm_id:
                self._by_perm.pop(order.perm_id, None)
            if order.order_id is not None and order.client_id is not None:
                self._by_address.pop((order.client_id, order.order_id), None)

    def forget_addresses(self) -> None:
        """Forget order ids that the broker has not confirmed: after a reconnect it may hand the same ids out again."""
        self._by_address.clear()
        for key, order in self._orders.items():
            if order.order_id is not None and (order.state in TERMINAL_STATES or not order.perm_id):
                self._orders[key] = replace(order, order_id=None)
                if key in self._live:
                    self._live[key] = self._live_in[order.intent.symbol][key] = self._orders[key]
