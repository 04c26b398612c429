"""What the core checks about itself after every step, in production as in simulation.

A breach means a bug of ours, so the reaction trusts nothing else of the step: orders that add exposure are held back,
new exposure halts until the operator has looked, and an alert goes out. Exits, cancels and protective stops still go:
they are what gets one out of trouble.

Numbers are those of the list of invariants in docs/invariants.md. Work per step is in proportion to what it changed.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass

from tradetui.domain.actions import PlaceOrder
from tradetui.domain.alert import Severity
from tradetui.domain.clock import Now
from tradetui.domain.events import SessionState
from tradetui.domain.fill import Fill
from tradetui.domain.ids import exec_key
from tradetui.domain.latch import ClearedBy, Latch, TradingState
from tradetui.domain.order import Intent, OrderRecord, Purpose
from tradetui.domain.order_state import Fact, OrderState
from tradetui.domain.records import AdjustmentSaved, FillSaved, OrderSaved
from tradetui.trading.latches import set_latch
from tradetui.trading.orders import move
from tradetui.trading.out import Out
from tradetui.trading.state import CoreState

#: Key of the latch that a breach sets.
BREACH = "invariant"
#: Intent ids remembered to recognise one that is sent again; the journal refuses older ones.
REMEMBERED = 20_000
_ADDS_EXPOSURE = frozenset({Purpose.ENTRY, Purpose.MANUAL})
_MAY_EXCEED = frozenset({OrderState.OVERFILL, OrderState.LATE_FILL})
_NOTHING = 1e-6


@dataclass(frozen=True, slots=True)
class Breach:
    """One invariant that does not hold: its number, and what was seen."""

    number: str
    text: str

    def __str__(self) -> str:
        return f"{self.number}: {self.text}"


class Invariants:
    """Watches one core. It keeps its own count of executions, apart from the ledger that it checks."""

    def __init__(self, state: CoreState) -> None:
        self._state = state
        self._placed: OrderedDict[str, None] = OrderedDict()
        self._counted: dict[str, float] = {}
        self._held: dict[str, float] = {}
        for booked in state.ledger.fills():
            self._count(booked.fill)
        for adjustment in state.ledger.adjustments:
            self._held[adjustment.symbol] = self._held.get(adjustment.symbol, 0.0) + adjustment.qty

    def check(self, out: Out, now: Now) -> tuple[Breach, ...]:
        """Check what a step changed and is about to send; react to every breach and return them."""
        breaches: list[Breach] = []
        for place in out.places:
            faults = self._faults_of(place, out)
            if faults:
                breaches += faults
                self._hold_back(place, out, now)
            self._remember(place.intent.intent_id)
        breaches += self._faults_of_books(out)
        for breach in breaches:
            _react(self._state, out, now, breach)
        return tuple(breaches)

    def _faults_of(self, place: PlaceOrder, out: Out) -> list[Breach]:
        """Return what is wrong with an order that is about to leave."""
        intent = place.intent
        name = intent.intent_id
        faults: list[Breach] = []
        if name in self._placed:
            faults.append(Breach("I2", f"intent {name} is sent again"))
        if not any(_is_journaled(record, name) for record in out.records if isinstance(record, OrderSaved)):
            faults.append(Breach("I3", f"intent {name} is sent without its journal entry"))
        if not _is_sound(intent):
            faults.append(Breach("I8", f"intent {name} has a figure that is no price or quantity"))
        killed = self._state.trading_state is TradingState.KILLED
        if intent.purpose in _ADDS_EXPOSURE and not self._closes(intent):
            faults += self._faults_of_entry(intent)
        elif killed and intent.purpose is Purpose.EXIT:
            faults.append(Breach("I6", f"exit {name} while KILLED"))
        return faults

    def _faults_of_entry(self, intent: Intent) -> list[Breach]:
        state, name = self._state, intent.intent_id
        faults: list[Breach] = []
        if state.trading_state is not TradingState.RUN:
            faults.append(Breach("I6", f"entry {name} while {state.trading_state.name}"))
        if state.session is not SessionState.READY:
            faults.append(Breach("I7", f"entry {name} while the session is {state.session}"))
        working = [order for order in state.book.live(intent.symbol) if _is_entry_of(order, intent)]
        if len(working) > 1:
            faults.append(Breach("I4", f"{intent.strategy} has {len(working)} entries working in {intent.symbol}"))
        return faults + self._faults_of_size(intent)

    def _closes(self, intent: Intent) -> bool:
        """Return whether an order of a strategy that is flat or short in its own book only closes the account's."""
        return -self._state.ledger.position(intent.symbol).qty * intent.side.sign >= intent.qty - _NOTHING

    def _faults_of_size(self, intent: Intent) -> list[Breach]:
        state, symbol = self._state, intent.symbol
        price = intent.limit_price or state.mark(symbol) or intent.reference_price
        same_side = [order for order in state.book.live(symbol) if order.intent.side is intent.side]
        position = state.ledger.position(symbol).qty * intent.side.sign
        worst = abs(position + sum(order.remaining for order in same_side if _adds(order)))
        limit = state.limits.account.max_position_qty
        faults: list[Breach] = []
        if worst > limit + _NOTHING:
            faults.append(Breach("I17", f"{symbol} could reach {worst:g} units, above {limit:g}"))
        if price is None:
            faults.append(Breach("I17", f"entry {intent.intent_id} has no price to measure it by"))
        return faults

    def _faults_of_books(self, out: Out) -> Iterator[Breach]:
        """Yield what is wrong with the positions and orders that the step touched."""
        touched: dict[str, None] = {}
        for record in out.records:
            if isinstance(record, FillSaved):
                self._count(record.fill)
                touched[record.fill.symbol] = None
            elif isinstance(record, AdjustmentSaved):
                symbol = record.adjustment.symbol
                self._held[symbol] = self._held.get(symbol, 0.0) + record.adjustment.qty
                touched[symbol] = None
            elif isinstance(record, OrderSaved) and _exceeds(record.order):
                name, filled = record.order.intent.intent_id, record.order.filled
                yield Breach("I13", f"order {name} has {filled:g} filled of {record.order.qty:g}")
        for symbol in touched:
            ours, counted = self._state.ledger.position(symbol).qty, self._held.get(symbol, 0.0)
            if abs(ours - counted) > _NOTHING:
                yield Breach("I10", f"the ledger holds {ours:g} {symbol}, its executions make {counted:g}")

    def _hold_back(self, place: PlaceOrder, out: Out, now: Now) -> None:
        if place.intent.purpose not in _ADDS_EXPOSURE:
            return
        out.hold_back(place)
        for order in self._state.book.live(place.intent.symbol):
            if order.intent.intent_id == place.intent.intent_id:
                move(self._state, out, now, order, Fact.NOT_WRITTEN, "held back: an invariant does not hold")

    def _remember(self, intent_id: str) -> None:
        self._placed[intent_id] = None
        if len(self._placed) > REMEMBERED:
            self._placed.popitem(last=False)

    def _count(self, fill: Fill) -> None:
        base = exec_key(fill.exec_id).base
        self._held[fill.symbol] = self._held.get(fill.symbol, 0.0) + fill.signed_qty - self._counted.get(base, 0.0)
        self._counted[base] = fill.signed_qty


def _is_journaled(record: OrderSaved, intent_id: str) -> bool:
    return record.order.intent.intent_id == intent_id and record.order.state is OrderState.JOURNALED


def _is_sound(intent: Intent) -> bool:
    prices = [price for price in (intent.limit_price, intent.stop_price) if price is not None]
    return math.isfinite(intent.qty) and intent.qty > 0 and all(math.isfinite(price) for price in prices)


def _is_entry_of(order: OrderRecord, intent: Intent) -> bool:
    # A strategy without a position of its own may sell what the account holds beside it: the other side is no entry.
    same = (order.intent.strategy, order.intent.side) == (intent.strategy, intent.side)
    return same and order.intent.purpose is Purpose.ENTRY


def _adds(order: OrderRecord) -> bool:
    return order.intent.purpose in _ADDS_EXPOSURE


def _exceeds(order: OrderRecord) -> bool:
    # A quantity lowered by hand may already be exceeded when it is first seen: that is alerted as a change by hand.
    changed = order.foreign_changed
    return order.filled > order.qty + _NOTHING and order.state not in _MAY_EXCEED and not changed


def _react(state: CoreState, out: Out, now: Now, breach: Breach) -> None:
    latch = Latch(
        key=BREACH,
        state=TradingState.HALTED,
        who="core",
        why=f"internal check {breach}",
        ts_ns=now.market_ns,
        cleared_by=ClearedBy.OPERATOR,
    )
    if not set_latch(state, out, now, latch, Severity.CRITICAL):
        state.note(out, now, "ERROR", BREACH, f"internal check {breach}")
