"""An order inside the venue: mutable, in micro-dollars, with everything matching and grouping need to know.

Invariant: filled <= quantity, and a done order is never touched again. Clients only ever see `snapshot()`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from tradetui.gateway.venue.fees import FeeMeter
from tradetui.gateway.venue.model import OrderRequest, OrderStatus, VenueOrder
from tradetui.gateway.venue.money import MICROS, to_dollars, to_micros


class Kind(Enum):
    """Order types the venue works, with IB's spelling."""

    MARKET = "MKT"
    LIMIT = "LMT"
    STOP = "STP"
    STOP_LIMIT = "STP LMT"

    @property
    def has_limit(self) -> bool:
        """Whether the order carries a limit price."""
        return self in (Kind.LIMIT, Kind.STOP_LIMIT)

    @property
    def has_stop(self) -> bool:
        """Whether the order waits for a trigger price (aux price)."""
        return self in (Kind.STOP, Kind.STOP_LIMIT)


@dataclass(slots=True, eq=False)
class WorkingOrder:
    """One order from acceptance to its end. `side` is +1 buy, -1 sell; prices in micro-dollars.

    `live` means the exchange (or IB's trigger server) works it: transmitted, its parent filled enough, its start time
    reached. `resting` means it already met a quote and joined the book; `queue_ahead` is the displayed size in front
    of it, None while its price is not yet the best. `release` caps what a child may trade by its parent's fills;
    `reduced` is what fills of its OCA siblings took off its size.
    """

    perm_id: int
    client_id: int
    order_id: int
    account: str
    con_id: int
    request: OrderRequest
    side: int
    kind: Kind
    quantity: int
    limit: int | None
    stop: int | None
    placed_ns: int
    status: OrderStatus = OrderStatus.PENDING_SUBMIT
    filled: int = 0
    filled_value: int = 0
    last_price: int = 0
    commission: int = 0
    meter: FeeMeter = field(default_factory=FeeMeter)
    parent_perm_id: int = 0
    oca_key: str = ""
    oca_type: int = 0
    transmitted: bool = True
    activated: bool = True
    triggered: bool = False
    resting: bool = False
    queue_ahead: int | None = None
    release: int = 0
    reduced: int = 0
    expires_ns: int | None = None
    completed_ns: int | None = None
    completed_text: str = ""

    @property
    def leaves(self) -> int:
        """Units that may still trade in total."""
        return self.quantity - self.filled

    @property
    def tradable(self) -> int:
        """Units that may trade now: a child only as much as its parent's fills released."""
        return min(self.quantity, self.release) - self.filled if self.parent_perm_id else self.leaves

    @property
    def is_done(self) -> bool:
        """Whether the order ended."""
        return self.completed_ns is not None

    @property
    def is_live(self) -> bool:
        """Whether it may trigger or trade now, the session permitting."""
        return self.transmitted and self.activated and self.completed_ns is None and self.tradable > 0

    @property
    def awaits_trigger(self) -> bool:
        """Whether it is a stop that has not been triggered."""
        return self.stop is not None and not self.triggered

    @property
    def why_held(self) -> str:
        """IB's reason for a held order: 'child', 'trigger', both, or nothing."""
        if self.completed_ns is not None:
            return ""
        reasons = ["child"] if self.parent_perm_id and self.release == 0 else []
        if self.awaits_trigger:
            reasons.append("trigger")
        return ",".join(reasons)

    def release_by(self, parent: WorkingOrder | None) -> None:
        """Let this child trade its share of what `parent` filled, less what its siblings already traded of it.

        A parent that is done (or long gone) releases all that is left of its children.
        """
        if parent is None or parent.is_done:
            self.release = self.quantity
        else:
            whole = self.quantity + self.reduced
            self.release = whole * parent.filled // parent.quantity - self.reduced

    def add_fill(self, units: int, price: int) -> None:
        """Count a fill; the caller has checked `units <= tradable`."""
        self.filled += units
        self.filled_value += units * price
        self.last_price = price

    def average_price(self) -> float:
        """Average fill price in dollars, 0 before the first fill."""
        return self.filled_value / (self.filled * MICROS) if self.filled else 0.0

    def apply_request(self, request: OrderRequest) -> None:
        """Take over what a modification may change: quantity, prices, type, time in force, flags."""
        self.request = request
        self.kind = Kind(request.order_type)
        self.quantity = int(request.quantity)
        self.limit, self.stop = prices_of(request, self.kind)
        self.resting = False
        self.queue_ahead = None
        if self.stop is None:
            self.triggered = False

    def snapshot(self, *, with_commission: bool = True) -> VenueOrder:
        """The order as clients see it now; without its commission while that is not yet known."""
        return VenueOrder(
            client_id=self.client_id,
            order_id=self.order_id,
            perm_id=self.perm_id,
            parent_perm_id=self.parent_perm_id,
            request=self.request,
            status=self.status,
            filled=self.filled,
            remaining=self.leaves,
            avg_fill_price=self.average_price(),
            last_fill_price=to_dollars(self.last_price),
            why_held=self.why_held,
            commission=to_dollars(self.commission) if self.filled and with_commission else None,
            placed_ns=self.placed_ns,
            completed_ns=self.completed_ns,
            completed_text=self.completed_text,
        )


def prices_of(request: OrderRequest, kind: Kind) -> tuple[int | None, int | None]:
    """(limit, stop) of a validated request in micro-dollars; None where the type has none."""
    limit = to_micros(request.limit_price) if kind.has_limit and request.limit_price is not None else None
    stop = to_micros(request.aux_price) if kind.has_stop and request.aux_price is not None else None
    return limit, stop
