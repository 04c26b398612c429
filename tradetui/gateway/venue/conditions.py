"""Watches the conditions of conditional orders and acts when they hold.

Invariant: conditions are looked at only after everything else an event caused is done, in the order the orders came, so
an order that comes alive meets the same market as one that arrived a moment later.
AND binds tighter than OR, each condition being joined to the next one. A price condition holds while the last price
its trigger method looks at satisfies it (two in a row for the double methods); an execution condition holds for ever
once the trade happened.
"""

from __future__ import annotations

from tradetui.gateway.venue.book import Book
from tradetui.gateway.venue.condition import Condition, ConditionKind
from tradetui.gateway.venue.floor import Due, Floor
from tradetui.gateway.venue.kinds import TriggerMethod, trigger_method
from tradetui.gateway.venue.model import Contract
from tradetui.gateway.venue.money import to_micros
from tradetui.gateway.venue.working import WorkingOrder

Watched = dict[int, WorkingOrder]


class Conditions:
    """Conditional orders by what they watch. `due` hands out those whose conditions hold."""

    def __init__(self, floor: Floor) -> None:
        self._floor = floor
        self._all: Watched = {}
        self._by_contract: dict[int, Watched] = {}
        self._stirred: Watched = {}

    def watch(self, order: WorkingOrder) -> None:
        """Begin to watch an order that has conditions; what the market shows now counts."""
        conditions = order.request.conditions
        self.forget(order)
        if not conditions or order.is_done:
            return
        if len(order.condition_hits) != len(conditions):
            order.condition_hits = tuple(self._first_hits(each) for each in conditions)
        self._all[order.perm_id] = order
        for each in conditions:
            if each.kind.watches_contract:
                self._by_contract.setdefault(each.con_id, {})[order.perm_id] = order
            elif each.kind is ConditionKind.TIME:
                self._floor.timers.at(each.time_ns, Due.CONDITION, order.perm_id)
        self._stirred[order.perm_id] = order

    def forget(self, order: WorkingOrder) -> None:
        """Stop watching an order."""
        if self._all.pop(order.perm_id, None) is None:
            return
        self._stirred.pop(order.perm_id, None)
        for con_id, watched in tuple(self._by_contract.items()):
            watched.pop(order.perm_id, None)
            if not watched:
                del self._by_contract[con_id]

    def market_moved(self, book: Book, *, by_print: bool) -> None:
        """A print or a quote of an instrument came."""
        for order in self._by_contract.get(book.details.contract.con_id, {}).values():
            if self._hears(order, book):
                order.condition_hits = tuple(
                    self._hits(each, book, before, by_print)
                    for each, before in zip(order.request.conditions, order.condition_hits, strict=True)
                )
                self._stirred[order.perm_id] = order

    def time_passed(self, order: WorkingOrder) -> None:
        """A moment that an order waits for has come."""
        if order.perm_id in self._all:
            self._stirred[order.perm_id] = order

    def traded(self, account: str, contract: Contract, exchange: str) -> None:
        """The account traded: execution and margin conditions may hold now."""
        for order in self._all.values():
            if order.account == account:
                order.condition_hits = tuple(
                    1 if each.kind is ConditionKind.EXECUTION and _is_of(each, contract, exchange) else before
                    for each, before in zip(order.request.conditions, order.condition_hits, strict=True)
                )
                self._stirred[order.perm_id] = order

    def session_opened(self) -> None:
        """Conditions that are deaf outside the session listen again."""
        self._stirred.update(self._all)

    def margin_moved(self) -> None:
        """Prices of holdings changed: margin conditions may hold now."""
        for order in self._all.values():
            if any(each.kind is ConditionKind.MARGIN for each in order.request.conditions):
                self._stirred[order.perm_id] = order

    @property
    def is_idle(self) -> bool:
        """Whether there is nothing to look at."""
        return not self._stirred

    @property
    def any_watched(self) -> bool:
        """Whether there is any conditional order at all."""
        return bool(self._all)

    def due(self) -> WorkingOrder | None:
        """The next order whose conditions hold now; it is no longer watched. None when there is none."""
        while self._stirred:
            order = self._stirred.pop(next(iter(self._stirred)))
            if order.is_done:
                self.forget(order)
            elif order.transmitted and self._hears(order, self._floor.books[order.con_id]) and self._hold(order):
                self.forget(order)
                return order
        return None

    def _hears(self, order: WorkingOrder, book: Book) -> bool:
        return book.hours.is_open or order.request.conditions_ignore_rth

    def _hold(self, order: WorkingOrder) -> bool:
        met = True
        for each, hits in zip(order.request.conditions, order.condition_hits, strict=True):
            met = met and self._holds(order, each, hits)
            if not each.and_next:
                if met:
                    return True
                met = True
        return met and order.request.conditions[-1].and_next

    def _holds(self, order: WorkingOrder, condition: Condition, hits: int) -> bool:
        floor = self._floor
        match condition.kind:
            case ConditionKind.PRICE:
                return hits >= self._method(condition).needed
            case ConditionKind.EXECUTION:
                return hits > 0
            case ConditionKind.TIME:
                return _compares(floor.now_ns, condition.time_ns, condition.is_more)
            case ConditionKind.VOLUME:
                return _compares(floor.books[condition.con_id].volume, condition.volume, condition.is_more)
            case ConditionKind.PERCENT_CHANGE:
                change = floor.books[condition.con_id].change_percent()
                return change is not None and _compares(change, condition.percent, condition.is_more)
            case ConditionKind.MARGIN:
                return _compares(floor.office.cushion_percent(order.account), condition.percent, condition.is_more)

    def _first_hits(self, condition: Condition) -> int:
        if condition.kind is not ConditionKind.PRICE:
            return 0
        book = self._floor.books[condition.con_id]
        # A print counts before a quote does, as it does for a stop that arrives.
        first = self._hits(condition, book, 0, by_print=True) if book.printed else 0
        return first or self._hits(condition, book, 0, by_print=False)

    def _hits(self, condition: Condition, book: Book, before: int, by_print: bool) -> int:
        """How many prices in a row satisfied a price condition after this event; other kinds keep their count."""
        if condition.kind is not ConditionKind.PRICE or condition.con_id != book.details.contract.con_id:
            return before
        method = self._method(condition)
        price = _price(book, method, condition.is_more, by_print)
        if price is None:
            return before
        return before + 1 if _compares(price, to_micros(condition.price), condition.is_more) else 0

    def _method(self, condition: Condition) -> TriggerMethod:
        contract = self._floor.books[condition.con_id].details.contract
        return trigger_method(condition.trigger_method, contract.sec_type)


def _price(book: Book, method: TriggerMethod, is_more: bool, by_print: bool) -> int | None:
    """The price of this event that a method compares; None if it does not look at such events."""
    if by_print:
        return to_micros(book.last) if method.by_last and book.last is not None else None
    if not method.by_quote or book.bid is None or book.ask is None:
        return None
    bid, ask = to_micros(book.bid), to_micros(book.ask)
    if method is TriggerMethod.MIDPOINT:
        return (bid + ask) // 2
    return bid if is_more else ask


def _compares(value: float, threshold: float, is_more: bool) -> bool:
    return value >= threshold if is_more else value <= threshold


def _is_of(condition: Condition, contract: Contract, exchange: str) -> bool:
    return (
        condition.symbol == contract.symbol
        and condition.sec_type in ("", contract.sec_type)
        and condition.exchange in ("", "SMART", exchange, contract.exchange)
    )
