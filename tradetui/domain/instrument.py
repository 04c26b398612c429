"""What is traded, and the one place where prices are rounded to the tick and quantities to the lot."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum


class SecType(StrEnum):
    """Security types with IB's codes."""

    STOCK = "STK"
    FUTURE = "FUT"
    FOREX = "CASH"
    INDEX = "IND"
    OPTION = "OPT"
    CRYPTO = "CRYPTO"


class Rounding(StrEnum):
    """Which neighbouring tick a price goes to."""

    NEAREST = "nearest"
    DOWN = "down"
    UP = "up"


@dataclass(frozen=True, slots=True)
class PriceStep:
    """From the price `low_edge` on, prices lie `increment` apart. Source: IB's marketRule message (93)."""

    low_edge: float
    increment: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument:
    """A tradable contract. `symbol` is the key used everywhere in the program.

    `con_id` is None until the broker has qualified the contract. `multiplier` is money per point and unit,
    `min_tick` the smallest price step, `lot` the smallest quantity step. `price_steps` are the price increments by
    price, lowest first; none means `min_tick` at every price.
    """

    symbol: str
    sec_type: SecType = SecType.STOCK
    exchange: str = "SMART"
    primary_exchange: str = ""
    currency: str = "USD"
    con_id: int | None = None
    expiry: str = ""
    multiplier: float = 1.0
    min_tick: float = 0.01
    lot: float = 1.0
    price_steps: tuple[PriceStep, ...] = ()

    def tick_at(self, price: float) -> float:
        """Return the price increment that holds at `price`."""
        tick = self.min_tick
        for step in self.price_steps:
            if abs(price) < step.low_edge - 1e-9:
                break
            tick = step.increment
        return tick

    def round_price(self, price: float, rounding: Rounding = Rounding.NEAREST) -> float:
        """Return `price` on the tick grid.

        Raises:
            ValueError: `price` is not finite.
        """
        if not math.isfinite(price):
            raise ValueError(f"{self.symbol}: price {price!r} is not a finite number")
        tick = self.tick_at(price)
        steps = price / tick
        nearest = round(steps)
        if abs(steps - nearest) < 1e-6 or rounding is Rounding.NEAREST:
            ticks = nearest
        else:
            ticks = math.floor(steps) if rounding is Rounding.DOWN else math.ceil(steps)
        return round(ticks * tick, 10)

    def round_qty(self, qty: float) -> float:
        """Return `qty` cut down (towards zero) to whole lots.

        Raises:
            ValueError: `qty` is not finite.
        """
        if not math.isfinite(qty):
            raise ValueError(f"{self.symbol}: quantity {qty!r} is not a finite number")
        lots = math.floor(abs(qty) / self.lot + 1e-9)
        return math.copysign(round(lots * self.lot, 10), qty) if lots else 0.0

    def order_price(self, price: float | None, sign: int) -> float | None:
        """Return the limit or stop price of an order of side `sign`, on the tick: a buy goes down, a sale up.

        A limit is then never worse than wished, and a stop never triggers later. A price that is no number is returned
        as it is: the gate refuses it by name.
        """
        if price is None or not math.isfinite(price):
            return price
        return self.round_price(price, Rounding.DOWN if sign > 0 else Rounding.UP)

    def order_qty(self, qty: float) -> float:
        """Return the quantity of an order in whole lots; what is no number is returned for the gate to refuse."""
        return self.round_qty(qty) if math.isfinite(qty) else qty

    def is_on_tick(self, price: float) -> bool:
        """Return whether `price` lies on the tick grid."""
        return math.isfinite(price) and abs(self.round_price(price) - price) < 1e-9

    def notional(self, qty: float, price: float) -> float:
        """Return the unsigned money value of `qty` at `price`, in the instrument's currency."""
        return abs(qty) * price * self.multiplier


def round_money(amount: float) -> float:
    """Return `amount` rounded to the cent: the one place where money is rounded."""
    return round(amount, 2)
