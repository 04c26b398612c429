"""Invariants of what is believed: ledger, orders and latches against what was told and against the broker's truth."""

from __future__ import annotations

from collections.abc import Sequence

from tradetui.domain.actions import Action, Commit, Reply
from tradetui.domain.alert import Severity
from tradetui.domain.events import Event, TimerFired
from tradetui.domain.latch import TradingState
from tradetui.domain.order import OrderRecord, Purpose
from tradetui.domain.order_state import TRANSITIONS, Fact, OrderState, is_reopening
from tradetui.domain.records import AlertQueued, OrderSaved
from tradetui.simulation.scene import Scene, Violation
from tradetui.trading.invariants import BREACH

DEAD = (OrderState.REJECTED, OrderState.CANCELLED, OrderState.EXPIRED, OrderState.LOST)
#: What the core notes when the broker's lists lack an order that was acknowledged.
ABSENT = "the broker no longer shows it"
_FACTS = {fact.value: fact for fact in Fact}


def check_moves(scene: Scene, actions: Sequence[Action]) -> None:
    """I14: every journaled change of an order is a move of the table; a reopening is alerted. Before `watch`.

    Raises:
        Violation: an invariant does not hold.
    """
    for action in actions:
        if not isinstance(action, Commit):
            continue
        alerted = any(
            isinstance(item, AlertQueued)
            and item.alert.cause == "order_reopened"
            and item.alert.severity is Severity.CRITICAL
            for item in action.records
        )
        states = {key: order.state for key, order in scene.evidence.journaled.items()}
        for record in action.records:
            if isinstance(record, OrderSaved):
                _check_move(scene, record, states.get(record.order.intent.intent_id), alerted=alerted)
                states[record.order.intent.intent_id] = record.order.state


def _check_move(scene: Scene, record: OrderSaved, before: OrderState | None, *, alerted: bool) -> None:
    after, fact = record.order.state, _FACTS.get(record.fact)
    if before is None or (fact is None and before is after):
        return
    if fact is None or TRANSITIONS.get((before, fact)) is not after:
        raise Violation(f"I14: {before} became {after} by {record.fact!r}")
    scene.coverage.moved(before, record.fact)
    _check_absence(scene, record)
    if is_reopening(before, fact) and not alerted:
        raise Violation(f"I14: {before} was reopened without an alert")


def _check_absence(scene: Scene, record: OrderSaved) -> None:
    """I11: absence is concluded only from looks that listed everything, as many as the grace rule asks for."""
    concluded = record.fact == Fact.PROVED_ABSENT.value or record.detail == ABSENT
    needed = scene.world.config.timing.grace_looks
    seen = scene.evidence.misses.get(record.order.order_ref, 0) + 1  # the look of this very step is not counted yet
    if concluded and seen < needed:
        raise Violation(f"I11: {record.order.intent.intent_id} is called absent after {seen} looks that listed orders")


def check_books(scene: Scene, actions: Sequence[Action], event: Event | None = None) -> None:
    """Judge the state after a step.

    Raises:
        Violation: an invariant does not hold.
    """
    no_breach(scene)
    i6_latched(scene)
    i9_identity(scene)
    i14_not_dead(scene)
    i16_position(scene)
    i20_proof(scene)
    if isinstance(event, TimerFired):
        i20_cancels(scene)
    for action in actions:
        if isinstance(action, Reply):
            i37_kill_proved(scene, action)
    if scene.evidence.money_changed:
        scene.evidence.money_changed = False
        i10_positions(scene)
        i12_saved(scene)
        i13_filled(scene)
        i15_money(scene)


def no_breach(scene: Scene) -> None:
    """The core's own checks, which also run in production, found nothing."""
    latch = scene.world.core.state.latches.get(BREACH)
    if latch is not None:
        raise Violation(latch.why.removeprefix("internal check "))


def i6_latched(scene: Scene) -> None:
    """I6: a kill that was answered holds until it is ended by its own command, restarts included; it wants cancels."""
    state = scene.world.core.state
    if not scene.killed or scene.world.stop_file:
        return
    if state.trading_state is not TradingState.KILLED:
        raise Violation(f"I6: killed, and the state is {state.trading_state.name}")
    for order in state.book.live():
        spared = order.intent.purpose in (Purpose.STOP, Purpose.FLATTEN)
        if not spared and order.cancel_mono_ns is None:
            raise Violation(f"I18: {order.intent.intent_id} stays {order.state} while killed, and no cancel is wanted")


def i9_identity(scene: Scene) -> None:
    """I9: a permId is taken for an order of ours only when the broker has that order under our reference."""
    for held in scene.world.broker.live():
        known = scene.world.core.state.book.find(perm_id=held.perm_id)
        if known is not None and known.perm_id == held.perm_id and known.order_ref != held.order_ref:
            raise Violation(f"I9: permId {held.perm_id} is {held.order_ref}, taken for {known.order_ref}")


def i14_not_dead(scene: Scene) -> None:
    """I14, I29: what the broker works is not dead here."""
    for held in scene.world.broker.live():
        ours = scene.ours(held)
        if ours is not None and ours.state in DEAD:
            raise Violation(f"I14: {ours.intent.intent_id} is {ours.state} while the broker has it {held.status}")


def i16_position(scene: Scene) -> None:
    """I16: nothing this program does makes a position short."""
    broker = scene.world.broker
    for symbol, qty in broker.positions.items():
        if qty < -broker.outside.get(symbol, 0.0) - 1e-6:
            raise Violation(f"I16: {symbol} is short {qty:g}")


def i20_proof(scene: Scene) -> None:
    """I20: FLAT is said only after two readings of the broker's own list that are flat."""
    run = scene.world.core.state.flatten
    flat = run is not None and run.outcome == "FLAT"
    if run is not None and flat and not scene.flat_before:
        targets = run.symbols or tuple(scene.world.config.instruments)
        readings = scene.evidence.readings[-2:]
        if len(readings) < 2 or any(abs(reading.get(name, 0.0)) > 1e-9 for reading in readings for name in targets):
            raise Violation(f"I20: FLAT is claimed with readings {readings}")
    scene.flat_before = flat


def i20_cancels(scene: Scene) -> None:
    """I20: with each beat of a flatten every other order is wanted cancelled."""
    run = scene.world.core.state.flatten
    targets = run.symbols or tuple(scene.world.config.instruments) if run is not None and not run.outcome else ()
    for order in scene.world.core.state.book.live():
        mine = order.intent.purpose is Purpose.FLATTEN or order.intent.symbol not in targets
        if not mine and order.cancel_mono_ns is None:
            raise Violation(f"I20: flattening, and {order.intent.intent_id} is {order.state} without a cancel wanted")


def i37_kill_proved(scene: Scene, reply: Reply) -> None:
    """I37: a kill is called done only when no order of ours works at the broker."""
    if reply.status != "done" or not reply.text.startswith("KILLED"):
        return
    for held in scene.world.broker.live():
        ours = scene.ours(held)
        # Until a look has shown a change by hand, an order filled to its old quantity counts as ended.
        changed = ours is not None and held.qty != ours.qty
        if ours is not None and not changed and ours.intent.purpose not in (Purpose.STOP, Purpose.FLATTEN):
            raise Violation(f"I37: kill is done while the broker works {held.order_ref}")


def i10_positions(scene: Scene) -> None:
    """I10, I12: each told execution counts once, in its latest revision, and nothing else does."""
    ledger, evidence = scene.world.core.state.ledger, scene.evidence
    for symbol in scene.world.config.instruments:
        expected, ours = evidence.position(symbol), ledger.position(symbol).qty
        if abs(expected - ours) > 1e-6:
            raise Violation(f"I10: {symbol} is {ours:g} in the ledger, {expected:g} by what was told")
        parts = sum(part.qty for _, part in ledger.owner_positions() if part.symbol == symbol)
        if abs(parts - ours) > 1e-6:
            raise Violation(f"I10: the owners hold {parts:g} of {ours:g} {symbol}")


def i12_saved(scene: Scene) -> None:
    """I12, I28: what was told is in the records, so that a restart knows it."""
    unsaved = scene.evidence.unsaved()
    if unsaved:
        raise Violation(f"I12: {unsaved[0]} is in no record")


def i13_filled(scene: Scene) -> None:
    """I13: an order's filled quantity is the sum of its executions, above its own only when it is OVERFILL."""
    for order in scene.world.core.state.book.all():
        _check_filled(scene, order)


def _check_filled(scene: Scene, order: OrderRecord) -> None:
    expected = scene.evidence.filled(order)
    if abs(expected - order.filled) > 1e-6:
        raise Violation(f"I13: {order.intent.intent_id} has {order.filled:g} filled, {expected:g} by what was told")
    over = order.filled > order.qty + 1e-6
    if over and order.state is not OrderState.OVERFILL and not order.foreign_changed:
        raise Violation(f"I13: {order.intent.intent_id} is {order.state} with {order.filled:g} of {order.qty:g}")
    if order.state is OrderState.FILLED and order.filled <= 0 and not scene.evidence.corrected(order):
        raise Violation(f"I13: {order.intent.intent_id} is FILLED without a fill")


def i15_money(scene: Scene) -> None:
    """I15: cash follows from what was told; it is provisional exactly while a commission is missing."""
    ledger, evidence = scene.world.core.state.ledger, scene.evidence
    if ledger.is_provisional is not evidence.provisional():
        raise Violation(f"I15: provisional is {ledger.is_provisional}, by what was told {evidence.provisional()}")
    expected = evidence.cash()
    if (expected is None) is not (ledger.cash is None):
        raise Violation(f"I15: cash is {ledger.cash}, by what was told {expected}")
    if expected is not None and ledger.cash is not None and abs(expected - ledger.cash) > 0.005:
        raise Violation(f"I15: cash is {ledger.cash:.2f}, by what was told {expected:.2f}")
