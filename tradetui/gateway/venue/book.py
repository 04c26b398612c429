"""The top of one instrument's book and the working orders at it.

Invariant: the size taken from one displayed quote never exceeds what that quote displayed.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tradetui.gateway.venue.model import ContractDetails
from tradetui.gateway.venue.money import to_micros
from tradetui.gateway.venue.working import WorkingOrder


@dataclass(slots=True)
class Book:
    """State of one instrument. Float quote fields are as fed; micro-dollar values are derived only when needed.

    `bid`/`ask` are None outside a session and before its first quote; `bid_left`/`ask_left` is what remains of the
    displayed sizes. `last` is the last print or the reference price, `last_session` whether it is of this session.
    """

    details: ContractDetails
    tick: int
    multiplier: int
    bid: float | None = None
    ask: float | None = None
    bid_left: int = 0
    ask_left: int = 0
    last: float | None = None
    printed: bool = False
    orders: list[WorkingOrder] = field(default_factory=list)

    @classmethod
    def of(cls, details: ContractDetails) -> Book:
        """An empty book for an instrument."""
        multiplier = int(details.contract.multiplier or 1)
        return cls(details, to_micros(details.min_tick), multiplier)

    def forget_market(self) -> None:
        """The session ended: no quote is good any more and stops need a new print."""
        self.bid = self.ask = None
        self.bid_left = self.ask_left = 0
        self.printed = False

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

    def mark(self) -> int | None:
        """Price that values holdings: the last print, else the middle of the quote; None if nothing is known."""
        if self.last is not None:
            return to_micros(self.last)
        if self.bid is not None and self.ask is not None:
            return (to_micros(self.bid) + to_micros(self.ask)) // 2
        return None

    def in_priority(self) -> list[WorkingOrder]:
        """Live orders in price-time priority per side: market first, then better limits, then earlier."""
        live = [order for order in self.orders if order.is_live and not order.awaits_trigger]
        if len(live) > 1:
            live.sort(key=_priority)
        return live


def _priority(order: WorkingOrder) -> tuple[int, int, int]:
    if order.limit is None:
        return (order.side, -1, 0)
    return (order.side, 0, -order.side * order.limit)
