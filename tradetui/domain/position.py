"""A position by average cost, commissions included in the cost as IB does.

Source for the convention: IB's avgCost field "average cost of the position, commissions included"; realised P&L of a
closing trade is proceeds less average cost less its own commission.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Position:
    """Signed `qty`, `avg_cost` per unit (commission included), `realized` money so far, `commission` paid so far."""

    symbol: str
    qty: float = 0.0
    avg_cost: float = 0.0
    realized: float = 0.0
    commission: float = 0.0

    def after_trade(self, signed_qty: float, price: float, commission: float, multiplier: float) -> Position:
        """Return the position after buying (+) or selling (-) `signed_qty` at `price`.

        A trade through zero closes the old side at its cost and opens the rest; its commission is shared by quantity.
        """
        if self.qty == 0 or (self.qty > 0) == (signed_qty > 0):
            return self._opened(signed_qty, price, commission, multiplier)
        closing = min(abs(signed_qty), abs(self.qty))
        close_commission = commission * closing / abs(signed_qty)
        closed = self._closed(closing, price, close_commission, multiplier)
        rest = abs(signed_qty) - closing
        if rest <= 1e-9:
            return closed
        direction = 1.0 if signed_qty > 0 else -1.0
        return closed._opened(direction * rest, price, commission - close_commission, multiplier)

    def unrealized(self, mark: float, multiplier: float) -> float:
        """Return open profit at price `mark`."""
        return self.qty * (mark - self.avg_cost) * multiplier

    def _opened(self, signed_qty: float, price: float, commission: float, multiplier: float) -> Position:
        qty = self.qty + signed_qty
        cost = self.qty * self.avg_cost * multiplier + signed_qty * price * multiplier + commission
        return Position(self.symbol, qty, cost / (qty * multiplier), self.realized, self.commission + commission)

    def _closed(self, closing: float, price: float, commission: float, multiplier: float) -> Position:
        direction = 1.0 if self.qty > 0 else -1.0
        profit = direction * closing * (price - self.avg_cost) * multiplier - commission
        qty = self.qty - direction * closing
        flat = abs(qty) <= 1e-9
        return Position(
            self.symbol,
            0.0 if flat else qty,
            0.0 if flat else self.avg_cost,
            self.realized + profit,
            self.commission + commission,
        )
