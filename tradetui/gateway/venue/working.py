"""An order inside the venue: mutable, in micro-dollars, with everything matching and grouping need to know.

Invariant: filled <= quantity, and a done order is never touched again. Clients only ever see `snapshot()`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from tradetui.gateway.venue.fees import FeeMeter
from tradetui.gateway.venue.kinds import Kind
from tradetui.gateway.venue.model import OrderRequest, OrderStatus, VenueOrder
from tradetui.gateway.venue.money import MICROS, shown, to_dollars
from tradetui.gateway.venue.terms import Terms, terms_of


@dataclass(slots=True, eq=False)
class WorkingOrder:
    """One order from acceptance to its end. `side` is +1 buy, -1 sell; prices in micro-dollars.

    Quantities count units, of which `lots` make one share, contract or coin. `limit` and `stop` are the prices in
    force now; a market order and a pegged order without a quote have no limit.
    `activated` means its start time has come, `conditional` that its conditions are still unmet; `condition_hits`
    counts, per condition, events in a row that satisfied it.
    `resting` means it already met a quote and joined the book; `queue_ahead` is the displayed size in front of it,
    None while its price is not yet the best; `rank` is its time priority. `hits` counts prices in a row that reached
    its trigger. `release` caps what a child may trade by its parent's fills; `reduced` is what fills of its OCA
    siblings took off its size. `counted` and `counted_price` are what the credit check counts it with. `liquidation`
    marks the broker's own; `locating` one that waits for shares to borrow.
    """

    perm_id: int
    client_id: int
    order_id: int
    account: str
    con_id: int
    request: OrderRequest
    side: int
    terms: Terms
    quantity: int
    limit: int | None
    stop: int | None
    placed_ns: int
    lots: int = 1
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
    conditional: bool = False
    condition_hits: tuple[int, ...] = ()
    triggered: bool = False
    hits: int = 0
    resting: bool = False
    queue_ahead: int | None = None
    rank: int = 0
    release: int = 0
    reduced: int = 0
    liquidation: bool = False
    locating: bool = False
    counted: int = 0
    counted_price: int = 0
    expires_ns: int | None = None
    completed_ns: int | None = None
    completed_text: str = ""

    @property
    def kind(self) -> Kind:
        """The order type."""
        return self.terms.kind

    @property
    def leaves(self) -> int:
        """Units that may still trade in total."""
        return self.quantity - self.filled

    @property
    def tradable(self) -> int:
        """Units that may trade now: a child only as much as its parent's fills released."""
        return min(self.quantity, self.release) - self.filled if self.parent_perm_id else self.quantity - self.filled

    @property
    def is_done(self) -> bool:
        """Whether the order ended."""
        return self.completed_ns is not None

    @property
    def is_live(self) -> bool:
        """Whether it may trigger or trade now, the session permitting."""
        return (
            self.completed_ns is None
            and self.transmitted
            and self.activated
            and not self.conditional
            and not self.locating
            and self.tradable > 0
        )

    @property
    def awaits_trigger(self) -> bool:
        """Whether it is of a type that waits for a price, and that price has not come."""
        return not self.triggered and self.terms.kind.waits

    @property
    def is_for_open(self) -> bool:
        """Whether it trades in the opening auction only."""
        return self.request.tif == "OPG"

    @property
    def why_held(self) -> str:
        """IB's reasons for a held order: 'child', 'trigger', 'locate', joined by commas."""
        if self.completed_ns is not None:
            return ""
        reasons = ["child"] if self.parent_perm_id and self.release == 0 else []
        if self.awaits_trigger:
            reasons.append("trigger")
        if self.locating:
            reasons.append("locate")
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

    def lose_place(self) -> None:
        """Forget the place in the queue: the order meets the next quote as if it were new."""
        self.resting = False
        self.queue_ahead = None

    def apply_request(self, request: OrderRequest) -> None:
        """Take over what a modification may change: quantity, prices, type, time in force, flags.

        Less size at the same price keeps the place in the queue, as at an exchange; anything else loses it.
        """
        terms, quantity = terms_of(request), round(request.quantity * self.lots)
        if terms != self.terms:
            self.triggered = self.triggered and terms.kind is self.terms.kind
            self.hits = 0
            self.limit, self.stop = start_prices(terms)
            self.lose_place()
        elif quantity > self.quantity:
            self.lose_place()
        if is_conditioned(request) != is_conditioned(self.request) or request.conditions != self.request.conditions:
            self.conditional = is_conditioned(request)
            self.condition_hits = ()
        self.request, self.terms, self.quantity = request, terms, quantity

    def shown_request(self) -> OrderRequest:
        """The request with the prices in force: what openOrder tells of an order that follows the market."""
        request = self.request
        if not self.terms.kind.trails or self.stop is None:
            return request
        limit = request.limit_price if self.limit is None else to_dollars(self.limit)
        return replace(request, trail_stop_price=to_dollars(self.stop), limit_price=limit)

    def snapshot(self, *, with_commission: bool = True) -> VenueOrder:
        """The order as clients see it now; without its commission while that is not yet known."""
        lots = self.lots
        return VenueOrder(
            client_id=self.client_id,
            order_id=self.order_id,
            perm_id=self.perm_id,
            parent_perm_id=self.parent_perm_id,
            request=self.shown_request(),
            status=self.status,
            filled=shown(self.filled, lots),
            remaining=shown(self.quantity - self.filled, lots),
            avg_fill_price=self.average_price(),
            last_fill_price=to_dollars(self.last_price),
            why_held=self.why_held,
            commission=to_dollars(self.commission) if self.filled and with_commission else None,
            placed_ns=self.placed_ns,
            completed_ns=self.completed_ns,
            completed_text=self.completed_text,
        )


def is_conditioned(request: OrderRequest) -> bool:
    """Whether the order must wait for its conditions (rather than be cancelled by them)."""
    return bool(request.conditions) and not request.conditions_cancel


def start_prices(terms: Terms) -> tuple[int | None, int | None]:
    """(limit, stop) an order with these terms starts with; a pegged order has a limit only once a quote gives it."""
    return (None if terms.kind.is_pegged else terms.limit), terms.stop
