"""Invariants of protection: it never closes more than is held, it is there or its absence is told, it outlives a kill.

Judged by the broker's orders and by what was journaled and told; of the core's memory only the ledger and the records
of orders are used, which other invariants hold against the truth.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tradetui.domain.actions import Action, CancelOrder
from tradetui.domain.alert import Severity
from tradetui.domain.events import CommandKind, CommandReceived, Event, StopFileSeen
from tradetui.domain.order import BrokerOrder, Intent, OrderRecord, Purpose, Side
from tradetui.domain.order_state import ACKNOWLEDGED_STATES, OrderState
from tradetui.domain.records import AlertQueued
from tradetui.simulation.moves_protection import protective
from tradetui.simulation.scene import Pair, Scene, Violation

_HALTING = (CommandKind.KILL, CommandKind.PAUSE)


def rests(order: OrderRecord) -> bool:
    """Return whether an order is protection that the broker has confirmed and nobody wants cancelled."""
    return order.intent.purpose is Purpose.STOP and order.state in ACKNOWLEDGED_STATES and order.cancel_mono_ns is None


def is_behind(intent: Intent) -> bool:
    """Return whether an order goes with another one: the rates count the first of them."""
    return bool(intent.parent_id) or (
        intent.purpose is Purpose.STOP and bool(intent.oca_group) and not intent.is_stop_loss
    )


def on_sale(orders: Iterable[OrderRecord], parents: dict[str, OrderRecord]) -> float:
    """Return what live orders may sell: of a group only its largest, of children what their parent has filled."""
    total, groups = 0.0, dict[str, float]()
    for order in orders:
        intent = order.intent
        if intent.side is not Side.SELL:
            continue
        if intent.purpose is not Purpose.STOP:
            total += order.remaining
            continue
        parent = parents.get(intent.parent_id)
        held_back = parent is not None and parent.is_live
        active = min(order.remaining, parent.filled) if parent is not None and held_back else order.remaining
        key = intent.oca_group or intent.intent_id
        groups[key] = max(groups.get(key, 0.0), active)
    return total + sum(groups.values())


def follow(scene: Scene) -> None:
    """Note which positions are to be protected: those held since one of their stops came to life."""
    journaled = scene.evidence.journaled
    for order in journaled.values():
        intent = order.intent
        if not intent.is_stop_loss or intent.intent_id in scene.spent_stops:
            continue
        parent = journaled.get(intent.parent_id)
        if order.state in (OrderState.LOST, OrderState.JOURNALED) or (parent is not None and not parent.filled):
            continue
        pair = (intent.strategy, intent.symbol)
        if scene.world.core.state.ledger.position_of(*pair).qty > 0:
            scene.to_protect.add(pair)
        else:
            scene.spent_stops.add(intent.intent_id)
            scene.to_protect.discard(pair)


def check_protection(scene: Scene, event: Event, actions: Sequence[Action]) -> None:
    """Judge one step: neither a kill nor a pause takes the protection of a position away.

    Raises:
        Violation: an invariant does not hold.
    """
    follow(scene)
    halting = isinstance(event, StopFileSeen) or (isinstance(event, CommandReceived) and event.command.kind in _HALTING)
    if not halting:
        return
    book = scene.world.core.state.book
    for action in actions:
        order = book.get(action.intent_id) if isinstance(action, CancelOrder) else None
        if order is not None and order.intent.purpose is Purpose.STOP and order.cancel_tries == 1:
            raise Violation(f"I18: {order.intent.intent_id} protects a position and is cancelled with a kill or pause")


def check_attached(scene: Scene, intent: Intent) -> None:
    """I16: a child closes no more than its parent opens, and on the other side.

    Raises:
        Violation: an invariant does not hold.
    """
    parent = scene.world.core.state.book.get(intent.parent_id)
    if parent is None or parent.intent.side is intent.side or intent.qty > parent.intent.qty:
        raise Violation(f"I16: {intent.intent_id} closes {intent.qty:g} behind {parent}")


def check_rest(scene: Scene) -> None:
    """After quiet: stops close no more than is held, every position that had one is protected, or told of.

    Raises:
        Violation: an invariant does not hold.
    """
    state = scene.world.core.state
    pairs = {pair for pair in scene.to_protect if state.ledger.position_of(*pair).qty > 0}
    resting: dict[Pair, list[BrokerOrder]] = {pair: [] for pair in sorted(pairs)}
    for held in protective(scene):
        ours = scene.ours(held)
        if ours is not None:
            resting.setdefault((ours.intent.strategy, ours.intent.symbol), []).append(held)
    for pair, orders in resting.items():
        if not _is_in_doubt(scene, pair[1]):
            _check_pair(scene, pair, orders, wanted=pair in pairs)


def _is_in_doubt(scene: Scene, symbol: str) -> bool:
    """Return whether an operator has to say what is true first: until then nothing is placed or cancelled."""
    state = scene.world.core.state
    run = state.flatten
    if run is not None and not run.outcome and (not run.symbols or symbol in run.symbols):
        return True  # it closes the position
    if symbol in state.mismatches or any(latch.symbol == symbol for latch in state.latches.values()):
        return True
    missing = (state.book.get(intent_id) for intent_id in state.reported_filled)
    if any(order is not None and order.intent.symbol == symbol for order in missing):
        return True
    return any(order.state is OrderState.UNKNOWN for order in state.book.live(symbol))


def _check_pair(scene: Scene, pair: Pair, orders: Sequence[BrokerOrder], *, wanted: bool) -> None:
    strategy, symbol = pair
    broker, state = scene.world.broker, scene.world.core.state
    held = max(0.0, state.ledger.position_of(*pair).qty)
    stops = sum(broker.closes(order) for order in orders if order.stop_price is not None)
    targets = sum(broker.closes(order) for order in orders if order.stop_price is None)
    if max(stops, targets) > held + 1e-6:
        raise Violation(f"I16: {strategy} holds {held:g} {symbol}, its protection closes {max(stops, targets):g}")
    free = min(held, max(0.0, broker.positions.get(symbol, 0.0)) - _others(scene, pair))
    if wanted and stops < free - 1e-6 and not _is_told(scene, pair):
        raise Violation(f"I36: {strategy} holds {held:g} {symbol}, {stops:g} is protected, and nobody was told")


def _others(scene: Scene, pair: Pair) -> float:
    """Return what other strategies hold of the symbol: it is theirs to protect."""
    owned = scene.world.core.state.ledger.owner_positions()
    return sum(part.qty for owner, part in owned if part.symbol == pair[1] and owner != pair[0] and part.qty > 0)


def _is_told(scene: Scene, pair: Pair) -> bool:
    """Return whether the last word about the protection of a position is that it lacks."""
    strategy, symbol = pair
    said = [
        record.alert
        for record in scene.world.records
        if isinstance(record, AlertQueued) and record.alert.cause == "unprotected" and record.alert.symbol == symbol
    ]
    mine = [alert for alert in said if f" of {strategy}" in alert.text]
    return bool(mine) and mine[-1].severity is Severity.CRITICAL
