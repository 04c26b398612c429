"""The wire between the core and the broker: bytes on their way out, messages on their way in, first in first out.

What is on it when the link breaks is lost, has arrived unseen, or arrives late, but never later than LATE_S: the grace
rule promises a verdict only for a broker that shows what it took within that time.
"""

from __future__ import annotations

from random import Random

from tradetui.domain.actions import CancelOrder, PlaceOrder
from tradetui.domain.clock import SECOND_NS
from tradetui.domain.events import (
    BrokerMessage,
    CommissionSeen,
    Event,
    FillSeen,
    OrderNotWritten,
    OrderSeen,
    OrderStatusSeen,
    OrderWritten,
)
from tradetui.domain.fill import Commission, Fill
from tradetui.domain.order import BrokerOrder
from tradetui.simulation.world import World

#: Seconds after a break by which the broker has taken or shown what was on its way. The grace rule's shortest verdict
#: comes later (see episode.FAST).
LATE_S = 1.5
CLIENT_ID = 7


class Wire:
    """`socket` holds what was written and not read by the broker, `inbox` what the broker sent and we did not read."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.socket: list[tuple[PlaceOrder | CancelOrder, int]] = []
        self.inbox: list[Event] = []
        self.later: list[tuple[int, Event]] = []
        self.late_orders: list[tuple[int, PlaceOrder, int]] = []
        self.ending: list[tuple[int, int]] = []
        self.families: set[str] = set()

    # --- out ---------------------------------------------------------------------------------------------------
    def write(self) -> bool:
        """Let the shell write the next order or cancel; return False when there is none."""
        world = self.world
        if not world.outbound:
            return False
        item = world.outbound.pop(0)
        if isinstance(item, CancelOrder):
            if item.order_id is not None and world.connected:
                self.socket.append((item, item.order_id))
            return True
        if not world.connected:
            world.give(OrderNotWritten(item.intent.intent_id, "not connected", certain=True))
            return True
        if not self.belongs(item):
            world.give(OrderNotWritten(item.intent.intent_id, "its parent or a sibling was not written", certain=True))
            return True
        order_id = world.broker.next_order_id
        world.broker.next_order_id += 1
        self.socket.append((item, order_id))
        self.follow(item)
        world.give(OrderWritten(item.intent.intent_id, order_id, CLIENT_ID))
        return True

    def belongs(self, place: PlaceOrder) -> bool:
        """Return whether the order may be written: all of its family before it was. It must then be followed."""
        head = place.intent.parent_id
        known = head in self.families
        self.families.discard(head)
        return known or not head

    def follow(self, place: PlaceOrder) -> None:
        """Note that an order was written whose family goes on."""
        if not place.transmit:
            self.families.add(place.intent.parent_id or place.intent.intent_id)

    def arrive(self, status: str = "Submitted") -> bool:
        """Let the broker read the next order or cancel; return False when there is none."""
        if not self.socket:
            return False
        item, order_id = self.socket.pop(0)
        if isinstance(item, PlaceOrder):
            self._take_order(item, order_id, status)
        else:
            self._take_cancel(order_id)
        return True

    def _take_order(self, place: PlaceOrder, order_id: int, status: str) -> None:
        broker = self.world.broker
        taken = broker.take(place, order_id, CLIENT_ID)
        if not taken and place.transmit:
            self.inbox.append(BrokerMessage(201, "Order rejected - reason: Parent order is being cancelled.", order_id))
        for order in taken:
            if order.status == "Submitted":
                broker.end(order.perm_id, status)
            self.tell_status(broker.orders[order.perm_id])
            self.tell_order(broker.orders[order.perm_id])

    def _take_cancel(self, order_id: int) -> None:
        if self.world.broker.withdraw(order_id):
            self.inbox.append(BrokerMessage(202, "Order Canceled - reason:", order_id))
            gone = OrderStatusSeen(
                order_id=order_id,
                client_id=CLIENT_ID,
                perm_id=0,
                status="Cancelled",
                filled=0.0,
                remaining=0.0,
                avg_price=0.0,
            )
            self.inbox.append(gone)
            return
        order = self.addressed(order_id)
        if order is None:
            self.inbox.append(BrokerMessage(10147, "OrderId that needs to be cancelled is not found", order_id))
            return
        ended = self.world.broker.end(order.perm_id)
        self.tell_status(ended)
        self.inbox.append(BrokerMessage(202, "Order Canceled - reason:", order_id))

    def addressed(self, order_id: int) -> BrokerOrder | None:
        """Return the live order that a cancel of `order_id` means: the newest under that id."""
        live = [order for order in self.world.broker.live() if order.order_id == order_id]
        return live[-1] if live else None

    def flush(self) -> None:
        """Let everything that was sent arrive."""
        while self.write() or self.arrive():
            pass

    # --- in ----------------------------------------------------------------------------------------------------
    def tell_order(self, order: BrokerOrder) -> None:
        """Send an openOrder."""
        self.inbox.append(OrderSeen(order))

    def tell_status(self, order: BrokerOrder) -> None:
        """Send an orderStatus."""
        self.inbox.append(status_of(order))

    def tell_fill(self, fill: Fill, commission: Commission | None) -> None:
        """Send a status, the execution and its commission."""
        self.tell_status(self.world.broker.orders[fill.perm_id])
        self.inbox.append(FillSeen(fill))
        if commission is not None:
            self.inbox.append(CommissionSeen(commission))

    def tell_later(self, seconds: float, event: Event) -> None:
        """Send a message after some seconds."""
        self.later.append((self.world.mono_ns + int(seconds * SECOND_NS), event))

    def end_later(self, seconds: float, perm_id: int) -> None:
        """Let a cancel that the exchange has taken act after some seconds."""
        self.ending.append((self.world.mono_ns + int(seconds * SECOND_NS), perm_id))

    def due(self) -> None:
        """Let what is late come, if its time has come."""
        now = self.world.mono_ns
        for due, perm_id in self.ending:
            if due <= now and self.world.broker.orders[perm_id].status == "PendingCancel":
                ended = self.world.broker.end(perm_id)
                if self.world.connected:
                    self.tell_status(ended)
        self.ending = [item for item in self.ending if item[0] > now]
        self.inbox += [event for due, event in self.later if due <= now]
        self.later = [item for item in self.later if item[0] > now]
        for due, place, order_id in self.late_orders:
            if due <= now:
                self.world.broker.take(place, order_id, CLIENT_ID)
        self.late_orders = [item for item in self.late_orders if item[0] > now]

    def deliver(self) -> bool:
        """Let the core read the next message; return False when there is none."""
        self._tell_touched()
        if not self.inbox or not self.world.connected:
            return False
        self.world.give(self.inbox.pop(0))
        return True

    def _tell_touched(self) -> None:
        broker = self.world.broker
        for perm_id in broker.touched:
            self.tell_order(broker.orders[perm_id])
            self.tell_status(broker.orders[perm_id])
        broker.touched.clear()

    def drain(self) -> None:
        """Let the core read every message."""
        while self.deliver():
            pass

    # --- the link breaks ---------------------------------------------------------------------------------------
    def lose(self, rng: Random, *, crashed: bool) -> None:
        """Break the link: what is on the wire is lost, taken unseen, or taken late. A dead core is told nothing."""
        world = self.world
        unwritten = [item for item in world.outbound if isinstance(item, PlaceOrder)]
        world.outbound.clear()
        due = world.mono_ns + int(LATE_S * SECOND_NS)
        fates: dict[str, str] = {}
        for item, order_id in self.socket:
            head = item.intent.parent_id if isinstance(item, PlaceOrder) else ""
            fate = fates.get(head) or rng.choice(("lost", "taken", "late"))
            if isinstance(item, PlaceOrder):
                fates[item.intent.parent_id or item.intent.intent_id] = fate  # bytes of one family go in order
            if isinstance(item, PlaceOrder) and fate == "taken":
                world.broker.take(item, order_id, CLIENT_ID)
            elif isinstance(item, PlaceOrder) and fate == "late":
                self.late_orders.append((due, item, order_id))
            elif isinstance(item, CancelOrder) and fate == "taken":
                order = self.addressed(order_id)
                if order is not None:
                    world.broker.end(order.perm_id)
        whole = {place.intent.parent_id or place.intent.intent_id for _, place, _ in self.late_orders if place.transmit}
        self.late_orders = [
            item for item in self.late_orders if (item[1].intent.parent_id or item[1].intent.intent_id) in whole
        ]
        world.broker.drop_untransmitted(place for _, place, _ in self.late_orders)
        world.broker.touched.clear()
        self.families.clear()
        self.socket.clear()
        self.inbox.clear()
        self.later.clear()
        world.connected = False
        for item in unwritten:
            if not crashed:
                world.give(OrderNotWritten(item.intent.intent_id, "not connected", certain=True))


def status_of(order: BrokerOrder) -> OrderStatusSeen:
    """Return the orderStatus that tells how an order stands."""
    filled = order.filled or 0.0
    return OrderStatusSeen(
        order_id=order.order_id,
        client_id=order.client_id,
        perm_id=order.perm_id,
        status=order.status,
        filled=filled,
        remaining=max(0.0, order.qty - filled),
        avg_price=0.0,
    )
