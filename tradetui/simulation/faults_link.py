"""Faults of the link and of looks at the broker (catalogue part A)."""

from __future__ import annotations

from random import Random

from tradetui.domain.actions import PlaceOrder
from tradetui.domain.clock import SECOND_NS
from tradetui.domain.events import BrokerSnapshot, SessionChanged, SessionState, SnapshotTaken
from tradetui.domain.order import Side
from tradetui.domain.order_state import OrderState
from tradetui.simulation.moves import pick_trading
from tradetui.simulation.scene import Scene
from tradetui.simulation.wire import CLIENT_ID, LATE_S

#: Seconds after which the gateway may still pass on an order that its own broken link (1100) held back.
GAP_LATE_S = 20
States = list[OrderState] | None


def cut(scene: Scene, rng: Random) -> States:
    """The socket dies; the next moves reconnect."""
    if not scene.world.connected:
        return None
    met = scene.live_states()
    scene.wire.lose(rng, crashed=False)
    scene.world.cut()
    scene.happened("gap")
    return met


def gap(scene: Scene, rng: Random) -> States:
    """The broker loses its own link (1100); messages in flight stay."""
    if scene.world.session is not SessionState.READY:
        return None
    met = scene.live_states()
    due = scene.world.mono_ns + GAP_LATE_S * SECOND_NS
    for entry in list(scene.wire.socket):
        place, order_id = entry
        if not isinstance(place, PlaceOrder) or place.intent.parent_id or not place.transmit:
            continue  # a family goes as a whole
        if rng.random() < 0.5:  # held by the gateway until its own link is back
            scene.wire.socket.remove(entry)
            scene.wire.late_orders.append((due, place, order_id))
    scene.world.give(SessionChanged(SessionState.DEGRADED, "1100", code=1100))
    scene.happened("gap")
    return met


def fill_untold(scene: Scene, rng: Random) -> States:
    """An execution that only a look will show."""
    order = pick_trading(scene, rng)
    if order is None:
        return None
    met = scene.state_of(order)
    left = scene.world.broker.left(order)
    qty = left if rng.random() < 0.5 else max(1.0, float(int(left / 2)))
    scene.world.broker.fill(order.perm_id, min(qty, left), scene.world.prices[order.symbol], scene.world.market_ns)
    if not scene.world.connected:
        scene.coverage.sometimes["fill while disconnected"] += 1
    return met


def partial_look(scene: Scene, rng: Random) -> States:
    """A look of which parts never reach their end marker."""
    world = scene.world
    if world.core.state.snapshot_asked_mono_ns is None or world.session is not SessionState.READY:
        return None
    scene.wire.due()
    scene.wire.flush()
    parts = ("open", "completed", "fills", "positions", "account")
    # The list of open orders is the part whose absence could be taken for an empty one.
    missing = ("open",) if rng.random() < 0.4 else tuple(rng.sample(parts, rng.randint(1, 3)))
    if rng.random() < 0.7:
        scene.blind = [missing] * rng.randint(3, 8)  # the part stays silent for a while
    world.look(without=missing)
    return []


def slow_look(scene: Scene, rng: Random) -> States:
    """A look whose answer is older than an execution that was told in between."""
    world = scene.world
    if world.core.state.snapshot_asked_mono_ns is None or not world.connected:
        return None
    scene.wire.due()
    scene.wire.flush()
    scene.wire.drain()
    answer = world.broker.snapshot(world.mono_ns, world.market_ns)
    world.mono_ns += SECOND_NS // 100
    order = pick_trading(scene, rng)
    met: list[OrderState] = []
    if order is not None:
        met = scene.state_of(order)
        left = scene.world.broker.left(order)
        fill = world.broker.fill(order.perm_id, left, world.prices[order.symbol], world.market_ns)
        scene.wire.tell_fill(fill, world.broker.commissions[-1])
    else:
        held = [symbol for symbol, qty in world.broker.positions.items() if qty >= 1]
        for symbol in held:
            qty = world.broker.positions[symbol]
            fill = world.broker.manual_trade(symbol, Side.SELL, qty, world.prices[symbol], world.market_ns)
            scene.wire.tell_fill(fill, world.broker.commissions[-1])
    scene.wire.drain()
    world.give(SnapshotTaken(answer))
    return met


def silent_look(scene: Scene, rng: Random) -> States:
    """A look that ends in a time-out, with nothing."""
    world = scene.world
    if world.core.state.snapshot_asked_mono_ns is None or not world.connected:
        return None
    world.give(SnapshotTaken(BrokerSnapshot(started_mono_ns=world.mono_ns, gap_touched=True)))
    return []


def refused(scene: Scene, rng: Random) -> States:
    """The broker refuses the session: wrong account, read-only, client id taken."""
    if not scene.world.connected:
        return None
    met = scene.live_states()
    scene.wire.lose(rng, crashed=False)
    scene.world.give(SessionChanged(SessionState.REFUSED, "321 Read-Only mode", code=321))
    return met


def ids_back(scene: Scene, rng: Random) -> States:
    """The gateway restarts and gives order ids out again that it gave before."""
    broker = scene.world.broker
    if not scene.world.connected or broker.next_order_id < 4:
        return None
    scene.wire.lose(rng, crashed=False)
    scene.world.cut()
    in_use = max((order.order_id for order in broker.live()), default=0)
    broker.next_order_id = max(in_use + 1, broker.next_order_id - rng.randint(1, 4))
    scene.coverage.sometimes["order ids went backwards"] += 1
    return []


def hidden_order(scene: Scene, rng: Random) -> States:
    """The broker takes an order, the link breaks, and for a while the order is not shown."""
    world = scene.world
    place = next((item for item, _ in scene.wire.socket if isinstance(item, PlaceOrder)), None)
    if place is None or not world.connected or not place.transmit:
        return None
    order_id = next(number for item, number in scene.wire.socket if item is place)
    scene.wire.socket = [entry for entry in scene.wire.socket if entry[0] is not place]
    ours = world.core.state.book.get(place.intent.intent_id)
    met = [ours.state] if ours is not None else []
    for order in world.broker.take(place, order_id, CLIENT_ID):
        world.broker.hidden[order.perm_id] = world.mono_ns + int(LATE_S * SECOND_NS)
    scene.wire.lose(rng, crashed=False)
    world.cut()
    scene.coverage.sometimes["an accepted order is shown late"] += 1
    return met
