"""Faults of sending, order messages and cancels (catalogue parts B and C)."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from tradetui.domain.actions import CancelOrder, PlaceOrder
from tradetui.domain.bar import Bar
from tradetui.domain.events import (
    BarClosed,
    BarSource,
    BrokerMessage,
    Event,
    FillSeen,
    OrderNotWritten,
    OrderSeen,
    OrderStatusSeen,
    OrderWritten,
    SignalsProposed,
)
from tradetui.domain.order import BrokerOrder, OrderRecord, Side, Signal
from tradetui.domain.order_state import OrderState
from tradetui.simulation.moves import pick_live, pick_trading
from tradetui.simulation.scene import Scene
from tradetui.simulation.setting import SYMBOLS
from tradetui.simulation.wire import CLIENT_ID, status_of

States = list[OrderState] | None


def _next_place(scene: Scene) -> PlaceOrder | None:
    outbound = scene.world.outbound
    return outbound[0] if outbound and isinstance(outbound[0], PlaceOrder) else None


def _known(scene: Scene, place: PlaceOrder) -> list[OrderState]:
    order = scene.world.core.state.book.get(place.intent.intent_id)
    return [order.state] if order is not None else []


def unwritten(scene: Scene, rng: Random) -> States:
    """The socket takes no byte of an order."""
    place = _next_place(scene)
    if place is None:
        return None
    met = _known(scene, place)
    scene.world.outbound.pop(0)
    scene.wire.belongs(place)
    scene.world.give(OrderNotWritten(place.intent.intent_id, "not connected", certain=True))
    return met


def doubt(scene: Scene, rng: Random) -> States:
    """Writing fails in the middle: the broker may have the order."""
    place = _next_place(scene)
    if place is None:
        return None
    met = _known(scene, place)
    scene.world.outbound.pop(0)
    if not scene.wire.belongs(place):
        scene.world.give(OrderNotWritten(place.intent.intent_id, "its parent was not written", certain=True))
        return met
    if rng.random() < 0.5:
        order_id = scene.world.broker.next_order_id
        scene.world.broker.next_order_id += 1
        scene.wire.socket.append((place, order_id))
    scene.world.give(OrderNotWritten(place.intent.intent_id, "broken pipe", certain=False))
    return met


def ack_before_note(scene: Scene, rng: Random) -> States:
    """The broker's answer, perhaps a fill, overtakes the note that the order was written."""
    place = _next_place(scene)
    if place is None or not scene.world.connected or scene.wire.socket:
        return None
    if place.intent.parent_id or not place.transmit:
        return None
    met = _known(scene, place)
    world = scene.world
    world.outbound.pop(0)
    order_id = world.broker.next_order_id
    world.broker.next_order_id += 1
    (order,) = world.broker.take(place, order_id)
    order = world.broker.end(order.perm_id, rng.choice(("Submitted", "PreSubmitted", "PendingSubmit")))
    events: list[Event] = [OrderSeen(order), status_of(order)]
    if world.broker.left(order) > 0 and rng.random() < 0.5:
        qty = order.qty if rng.random() < 0.5 else 1.0
        price = world.prices[order.symbol]
        events.append(FillSeen(world.broker.fill(order.perm_id, min(qty, order.qty), price, world.market_ns)))
        scene.coverage.sometimes["fill before the note of writing"] += 1
    rng.shuffle(events)
    for event in events:
        world.give(event)
    world.give(OrderWritten(place.intent.intent_id, order.order_id, CLIENT_ID))
    return met


def _of(scene: Scene, event: Event) -> OrderRecord | None:
    book = scene.world.core.state.book
    match event:
        case OrderSeen(order):
            return book.find(order.order_ref, order.perm_id)
        case OrderStatusSeen():
            return book.find(perm_id=event.perm_id) or book.at(event.client_id, event.order_id)
        case FillSeen(fill):
            return book.find(fill.order_ref, fill.perm_id)
        case _:
            return None


def _states(scene: Scene, events: Sequence[Event]) -> list[OrderState]:
    orders = [_of(scene, event) for event in events]
    return [order.state for order in orders if order is not None]


def drop_status(scene: Scene, rng: Random) -> States:
    """An order's status never comes."""
    inbox = scene.wire.inbox
    droppable = [item for item in inbox if isinstance(item, OrderSeen | OrderStatusSeen | BrokerMessage)]
    if not droppable:
        return None
    chosen = rng.choice(droppable)
    met = _states(scene, [chosen])
    del inbox[next(place for place, item in enumerate(inbox) if item is chosen)]
    return met


def repeat_message(scene: Scene, rng: Random) -> States:
    """A message comes two to four times."""
    if not scene.wire.inbox:
        return None
    place = rng.randrange(len(scene.wire.inbox))
    event = scene.wire.inbox[place]
    scene.wire.inbox[place:place] = [event] * rng.randint(1, 3)
    return _states(scene, [event])


def reorder(scene: Scene, rng: Random) -> States:
    """Messages come in another order."""
    if len(scene.wire.inbox) < 2:
        return None
    met = _states(scene, scene.wire.inbox[:4])
    head = scene.wire.inbox[:4]
    rng.shuffle(head)
    scene.wire.inbox[:4] = head
    return met


def stale_status(scene: Scene, rng: Random) -> States:
    """A status from before comes again: Submitted after a fill, less filled than before."""
    filled = [order for order in scene.world.broker.orders.values() if order.filled and order.status != "Cancelled"]
    if not filled:
        return None
    order = rng.choice(filled)
    old = BrokerOrder(**{**_fields(order), "status": "Submitted", "filled": 0.0})  # type: ignore[arg-type]
    scene.wire.inbox.append(status_of(old))
    return scene.state_of(order)


def _fields(order: BrokerOrder) -> dict[str, object]:
    return {name: getattr(order, name) for name in order.__dataclass_fields__}


def stranger(scene: Scene, rng: Random) -> States:
    """A status of an order that is nobody's here."""
    unknown = OrderStatusSeen(
        order_id=rng.randint(900_000, 900_100),
        client_id=rng.choice((0, 3, CLIENT_ID)),
        perm_id=rng.randint(1, 100),
        status=rng.choice(("Submitted", "Cancelled", "Filled")),
        filled=rng.choice((0.0, 5.0)),
        remaining=0.0,
        avg_price=0.0,
    )
    scene.wire.inbox.append(unknown)
    return []


def reject(scene: Scene, rng: Random) -> States:
    """The broker refuses an order that it never acknowledged."""
    place = next((entry for entry in scene.wire.socket if isinstance(entry[0], PlaceOrder)), None)
    if place is None or (isinstance(place[0], PlaceOrder) and (place[0].intent.parent_id or not place[0].transmit)):
        return None
    scene.wire.socket.remove(place)
    item, order_id = place
    if not isinstance(item, PlaceOrder):
        return None
    met = _known(scene, item)
    for order in scene.world.broker.take(item, order_id, CLIENT_ID):
        scene.world.broker.end(order.perm_id, "Inactive")
    code = rng.choice((201, 203, 110, 321, 10289, 10293))
    scene.wire.inbox.append(BrokerMessage(code, "Order rejected - reason: margin", order_id))
    return met


def _message(scene: Scene, rng: Random, codes: Sequence[int]) -> States:
    order = pick_live(scene, rng)
    ours = scene.ours(order) if order is not None else None
    if order is None or ours is None or ours.order_id != order.order_id:
        return None
    if not ours.perm_id:
        return None  # a refusal of an order that was never acknowledged is taken as final, and the broker means it so
    scene.wire.inbox.append(BrokerMessage(rng.choice(codes), "simulated", order.order_id))
    return [ours.state]


def error_on_live(scene: Scene, rng: Random) -> States:
    """An error about an order that the broker goes on holding."""
    return _message(scene, rng, (100, 103, 104, 161, 200, 201, 203, 321, 10147, 10148, 10197, 12345))


def notice(scene: Scene, rng: Random) -> States:
    """A notice about an order that stays as it is."""
    return _message(scene, rng, (202, 399, 404, 2109, 10349))


def inactive(scene: Scene, rng: Random) -> States:
    """An order becomes Inactive: held, not dead."""
    order = pick_live(scene, rng)
    if order is None:
        return None
    met = scene.state_of(order)
    scene.world.broker.held.add(order.perm_id)
    held = scene.world.broker.end(order.perm_id, "Inactive")
    scene.wire.tell_status(held)
    if rng.random() < 0.5:
        scene.wire.tell_order(held)
    return met


def inactive_back(scene: Scene, rng: Random) -> States:
    """An Inactive order works again."""
    held = [order for order in scene.world.broker.live() if order.status == "Inactive"]
    if not held:
        return None
    order = rng.choice(held)
    met = scene.state_of(order)
    scene.wire.tell_status(scene.world.broker.end(order.perm_id, "Submitted"))
    scene.coverage.sometimes["Inactive, then working again"] += 1
    return met


def changed_by_hand(scene: Scene, rng: Random) -> States:
    """A person changes quantity or limit at the broker's screen."""
    order = pick_live(scene, rng)
    if order is None or not order.order_ref:
        return None
    met = scene.state_of(order)
    qty = max((order.filled or 0.0) + 1.0, float(int(order.qty * rng.choice((0.5, 1.5)))))
    limit = None if order.limit_price is None else round(order.limit_price * 1.01, 2)
    scene.wire.tell_order(scene.world.broker.change(order.perm_id, qty=qty, limit_price=limit))
    return met


def cancelled_by_hand(scene: Scene, rng: Random) -> States:
    """Somebody else, or the broker, ends an order; it may be told or not."""
    order = pick_live(scene, rng)
    if order is None:
        return None
    met = scene.state_of(order)
    ended = scene.world.broker.end(order.perm_id)
    if rng.random() < 0.6:
        scene.wire.tell_status(ended)
    if rng.random() < 0.4:
        scene.wire.tell_order(BrokerOrder(**{**_fields(ended), "filled": None}))  # type: ignore[arg-type]
    return met


def bar_again(scene: Scene, rng: Random) -> States:
    """Bars that were decided on come again, live or as a backfill, and an answer to one comes again, too."""
    consumed = sorted(scene.evidence.consumed)[-10:]
    if not consumed:
        return None
    strategy, symbol, end_ns = rng.choice(consumed)
    price = scene.world.prices[symbol]
    bar = Bar(symbol, end_ns, price, price, price, price, 100.0)
    scene.world.give(BarClosed(bar, "1m", rng.choice((BarSource.LIVE, BarSource.BACKFILL))))
    wish = Signal(symbol=symbol, side=Side.BUY, qty=10.0, reason="again")
    scene.world.give(SignalsProposed(strategy, symbol, end_ns, (wish,)))
    return []


def runaway(scene: Scene, rng: Random) -> States:
    """A strategy that wants many things at once, on both sides and on a symbol that is not its own."""
    world, symbol = scene.world, rng.choice(SYMBOLS)
    world.market_ns += 60_000_000_000
    world.mono_ns += 1
    bar = world.bar(symbol)
    sides = [rng.choice(list(Side)) for _ in range(rng.randint(3, 14))]
    names = (symbol, symbol, symbol, *SYMBOLS, "XYZ")
    wishes = tuple(
        Signal(symbol=rng.choice(names), side=side, qty=float(rng.randint(1, 100)), leg=f"leg{number}", reason="again")
        for number, side in enumerate(sides)
    )
    strategy = rng.choice([item.name for item in world.config.strategies])
    world.give(SignalsProposed(strategy, symbol, bar.end_ns, wishes))
    return []


def _next_cancel(scene: Scene) -> tuple[CancelOrder, int] | None:
    entry = next((item for item in scene.wire.socket if isinstance(item[0], CancelOrder)), None)
    return None if entry is None or not isinstance(entry[0], CancelOrder) else (entry[0], entry[1])


def _take_cancel(scene: Scene) -> tuple[BrokerOrder, list[OrderState]] | None:
    entry = _next_cancel(scene)
    order = scene.wire.addressed(entry[1]) if entry is not None else None
    if entry is None or order is None:
        return None
    scene.wire.socket.remove(entry)
    return order, scene.state_of(order)


def cancel_lost(scene: Scene, rng: Random) -> States:
    """A cancel is lost, or carried out and never confirmed."""
    taken = _take_cancel(scene)
    if taken is None:
        return None
    if rng.random() < 0.5:
        scene.world.broker.end(taken[0].perm_id)
    return taken[1]


def cancel_refused(scene: Scene, rng: Random) -> States:
    """A cancel is answered with an error while the order works on."""
    taken = _take_cancel(scene)
    if taken is None:
        return None
    scene.wire.inbox.append(BrokerMessage(rng.choice((161, 10147, 10148)), "not cancellable", taken[0].order_id))
    return taken[1]


def slow_cancel(scene: Scene, rng: Random) -> States:
    """The exchange takes seconds over a cancel: looks in between still show the order, and it may still fill."""
    taken = _take_cancel(scene)
    if taken is None:
        return None
    order, met = taken
    broker = scene.world.broker
    scene.wire.tell_status(broker.end(order.perm_id, "PendingCancel"))
    scene.wire.end_later(rng.choice((1.0, 3.0)), order.perm_id)
    return met


def fill_races_cancel(scene: Scene, rng: Random) -> States:
    """A part is filled between the arrival of the cancel and its confirmation."""
    taken = _take_cancel(scene)
    if taken is None or taken[0].status == "Inactive" or scene.world.broker.left(taken[0]) < 1:
        return None
    order, met = taken
    broker = scene.world.broker
    left = broker.left(order)
    fill = broker.fill(order.perm_id, max(1.0, float(int(left / 2))), scene.world.prices[order.symbol], 0)
    ended = broker.orders[order.perm_id]
    if broker.is_live(ended):
        ended = broker.end(order.perm_id)
    scene.wire.inbox.append(FillSeen(fill))
    scene.wire.tell_status(ended)
    return met


def late_fill(scene: Scene, rng: Random) -> States:
    """A part is filled, the order is cancelled, and the execution is told seconds after the cancel."""
    order = pick_trading(scene, rng)
    if order is None or scene.world.broker.left(order) < 2:
        return None
    met = scene.state_of(order)
    fill = scene.world.broker.fill(order.perm_id, 1.0, scene.world.prices[order.symbol], scene.world.market_ns)
    ended = scene.world.broker.end(order.perm_id)
    told = BrokerOrder(**{**_fields(ended), "filled": (ended.filled or 0.0) - 1.0})  # type: ignore[arg-type]
    # A sale whose execution nobody has told of cannot be known; a purchase does no harm by coming late.
    scene.wire.tell_status(told if order.side is Side.BUY and rng.random() < 0.5 else ended)
    scene.wire.tell_later(rng.choice((1.0, 4.0)), FillSeen(fill))
    return met
