"""Faults of order families: what the broker, a person or the wire can do to children and groups (F53)."""

from __future__ import annotations

from random import Random

from tradetui.domain.events import BrokerMessage, OrderSeen, OrderStatusSeen
from tradetui.domain.order_state import OrderState
from tradetui.simulation.moves_protection import protective
from tradetui.simulation.scene import Scene

States = list[OrderState] | None


def child_refused(scene: Scene, rng: Random) -> States:
    """The broker refuses a protective order alone; its family works on."""
    waiting = [order for order in protective(scene) if not order.filled and order.status == "PreSubmitted"]
    if not waiting:
        return None
    order = rng.choice(waiting)
    met = scene.state_of(order)
    ended = scene.world.broker.end(order.perm_id, "Inactive")
    scene.wire.inbox.append(BrokerMessage(201, "Order rejected - reason: margin", order.order_id))
    scene.wire.tell_status(ended)
    scene.coverage.sometimes["a protective order is refused alone"] += 1
    return met


def child_ended(scene: Scene, rng: Random) -> States:
    """A person cancels a protective order by hand, or a parent before it is filled."""
    found = protective(scene)
    if not found:
        return None
    order = rng.choice(found)
    met = scene.state_of(order)
    parent = scene.world.broker.orders.get(scene.world.broker.parents.get(order.perm_id, 0))
    if parent is not None and scene.world.broker.is_live(parent) and rng.random() < 0.5:
        order = parent
    ended = scene.world.broker.end(order.perm_id)
    if rng.random() < 0.7:
        scene.wire.tell_status(ended)
    return met


def child_late(scene: Scene, rng: Random) -> States:
    """What the broker says of protective orders comes seconds later than all else."""
    children = {order.perm_id for order in protective(scene)}
    late = [
        event
        for event in scene.wire.inbox
        if (isinstance(event, OrderSeen) and event.order.perm_id in children)
        or (isinstance(event, OrderStatusSeen) and event.perm_id in children)
    ]
    if not late:
        return None
    scene.wire.inbox = [event for event in scene.wire.inbox if not any(event is item for item in late)]
    seconds = rng.choice((1.0, 4.0, 8.0))
    for event in late:
        scene.wire.tell_later(seconds, event)
    return [state for order in protective(scene) for state in scene.state_of(order)]


def family_torn(scene: Scene, rng: Random) -> States:
    """The core dies or the link breaks while a family is only written in part: what was written never works."""
    world = scene.world
    if not world.broker.untransmitted and not scene.wire.families:
        return None
    met = scene.live_states()
    scene.coverage.sometimes["a family is torn between its orders"] += 1
    if rng.random() < 0.5 and world.connected:
        scene.wire.lose(rng, crashed=False)
        world.cut()
    else:
        world.dies_after = 0
    return met
