"""The top of one instrument's book and the working orders at it.

Invariants: the size taken from one displayed quote never exceeds what that quote displayed (at each price); an order
is filed in at most one place: the ladder of its side, the orders that wait for a trigger, or an auction.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from tradetui.gateway.venue.fees import CommissionSchedule
from tradetui.gateway.venue.hours import Hours
from tradetui.gateway.venue.ladder import Ladder
from tradetui.gateway.venue.margin import MarginRule
from tradetui.gateway.venue.model import Contract, ContractDetails
from tradetui.gateway.venue.money import to_micros
from tradetui.gateway.venue.ticks import TickRule
from tradetui.gateway.venue.working import WorkingOrder

Filed = dict[int, WorkingOrder]


@dataclass(slots=True)
class Book:
    """State of one instrument. Float fields are as fed; micro-dollar values are derived only when needed.

    `bid`/`ask` are None outside a session and before its first quote; `bid_left`/`ask_left` is what remains of the
    displayed sizes, in units. `last` is the last print or the reference price, of a currency (`by_quote`), which nobody
    prints, the middle of the last quote; `volume` is the session's. `printed` says that this session has printed, `met`
    that its first quote has been worked through, `opened` that its opening auction is over. While `halted` nothing
    trades. `short_limit` is how many units all accounts together may be short, None for any number.
    """

    details: ContractDetails
    hours: Hours
    ticks: TickRule
    fees: CommissionSchedule
    margin: MarginRule
    multiplier: int
    lots: int = 1
    by_quote: bool = False
    short_limit: int | None = None
    bid: float | None = None
    ask: float | None = None
    bid_left: int = 0
    ask_left: int = 0
    last: float | None = None
    previous_close: float | None = None
    volume: int = 0
    printed: bool = False
    met: bool = False
    opened: bool = False
    halted: bool = False
    expired: bool = False
    orders: Filed = field(default_factory=dict)
    waiting: Filed = field(default_factory=dict)
    pegged: Filed = field(default_factory=dict)
    for_open: Filed = field(default_factory=dict)
    for_close: Filed = field(default_factory=dict)
    ladders: dict[int, Ladder] = field(default_factory=lambda: {-1: Ladder(-1), 1: Ladder(1)})
    _shown: tuple[int, int] = (0, 0)
    _taken: dict[tuple[int, int], int] = field(default_factory=dict)
    _routed: dict[str, Contract] = field(default_factory=dict)
    _marked: float | None = None
    _mark: int | None = None

    def routed(self, exchange: str) -> Contract:
        """The listed contract with the exchange a client routed to."""
        contract = self._routed.get(exchange)
        if contract is None:
            listed = self.details.contract
            contract = listed if exchange == listed.exchange else replace(listed, exchange=exchange)
            self._routed[exchange] = contract
        return contract

    @property
    def is_tradable(self) -> bool:
        """Whether it is an instrument that is traded at all, rather than computed."""
        return self.details.contract.sec_type != "IND"

    def value(self, units: int, price: int) -> int:
        """What `units` are worth at `price`, micro-dollars."""
        return units * price * self.multiplier // self.lots

    def forget_market(self) -> None:
        """The session ended or trading stopped: no quote is good any more and stops need a new print."""
        self.bid = self.ask = None
        self.bid_left = self.ask_left = 0
        self.printed = self.met = False
        for order in self.orders.values():
            order.lose_place()

    def show(self, bid: float, ask: float, bid_size: int, ask_size: int) -> None:
        """A new quote, sizes in shares, contracts or coins."""
        lots = self.lots
        self.bid, self.ask = bid, ask
        self.bid_left, self.ask_left = bid_size * lots, ask_size * lots
        self._shown = (self.bid_left, self.ask_left)
        if self.by_quote:
            self.last = (bid + ask) / 2
        if self._taken:
            self._taken.clear()

    def opposite(self, side: int) -> int | None:
        """The price an aggressor of `side` trades at, micro-dollars; None without a quote."""
        price = self.ask if side > 0 else self.bid
        return None if price is None else to_micros(price)

    def left(self, side: int) -> int:
        """Displayed size left for an aggressor of `side`."""
        return self.ask_left if side > 0 else self.bid_left

    def take(self, side: int, units: int) -> None:
        """Use up displayed size."""
        if side > 0:
            self.ask_left -= units
        else:
            self.bid_left -= units

    def deeper(self, side: int, level: int) -> int:
        """Size left `level` ticks behind the touch: books grow thicker away from it, here by the displayed size."""
        displayed = self._shown[1 if side > 0 else 0]
        return displayed * (level + 1) - self._taken.get((side, level), 0)

    def levels(self, side: int, price: int, depth: int) -> Iterator[tuple[int, int, int]]:
        """(level, price, units left) an aggressor of `side` meets: the touch at `price` and `depth` behind it."""
        yield 0, price, self.left(side)
        for level in range(1, depth + 1):
            price = self.ticks.up(price + 1) if side > 0 else self.ticks.down(price - 1)
            if price <= 0:
                return
            yield level, price, self.deeper(side, level)

    def take_deeper(self, side: int, level: int, units: int) -> None:
        """Use up size behind the touch."""
        self._taken[side, level] = self._taken.get((side, level), 0) + units

    def mark(self) -> int | None:
        """Price that values holdings: the last print, else the middle of the quote; None if nothing is known."""
        if self.last is not None:
            if self.last != self._marked:
                self._marked, self._mark = self.last, to_micros(self.last)
            return self._mark
        if self.bid is not None and self.ask is not None:
            return (to_micros(self.bid) + to_micros(self.ask)) // 2
        return None

    def change_percent(self) -> float | None:
        """Change of the last print since the previous close; None while either is unknown."""
        if self.last is None or not self.previous_close:
            return None
        return (self.last / self.previous_close - 1.0) * 100.0

    def file(self, order: WorkingOrder) -> None:
        """Put an order where it now belongs, and nowhere else."""
        self.unfile(order)
        if not order.is_live:
            return
        kind = order.terms.kind
        if order.is_for_open:
            self.for_open[order.perm_id] = order
        elif kind.at_close:
            self.for_close[order.perm_id] = order
        elif order.awaits_trigger:
            self.waiting[order.perm_id] = order
        else:
            self.ladders[order.side].file(order)
            if kind.is_pegged:
                self.pegged[order.perm_id] = order

    def unfile(self, order: WorkingOrder) -> None:
        """Take an order out of where it is filed; it stays one of the instrument's orders."""
        perm_id = order.perm_id
        self.ladders[order.side].remove(order)
        for place in (self.waiting, self.pegged, self.for_open, self.for_close):
            if place:
                place.pop(perm_id, None)

    def remove(self, order: WorkingOrder) -> None:
        """The order is done."""
        self.unfile(order)
        self.orders.pop(order.perm_id, None)

    def in_priority(self) -> list[WorkingOrder]:
        """Orders that may trade, sells first, each side in price-time priority."""
        return [*self.ladders[-1].all(), *self.ladders[1].all()]
