"""Money in a backtest: the ledger's arithmetic, in the ledger's order of operations.

    flow   -= signed quantity * price * multiplier        then   flow -= commission
    cash    = opening + flow
    equity  = cash, then per symbol in name order: + quantity * close * multiplier     (flat symbols left out)

Positions follow `domain.position.Position`; its two most frequent moves, from flat and back to flat, are written out
here with the same operations, for speed. Invariant: replaying the fills through `domain.ledger.Ledger` gives the same
cash, positions and realised profit, bit by bit (property-tested).
"""

from __future__ import annotations

from collections.abc import Sequence

from tradetui.backtest.lane import Lane


class Account:
    """Cash and the positions of all lanes."""

    __slots__ = ("_per_symbol", "flow", "held_lanes", "opening")

    def __init__(self, opening: float) -> None:
        self.opening = opening
        self.flow = 0.0
        #: Number of lanes that hold something.
        self.held_lanes = 0
        self._per_symbol: tuple[Lane, ...] = ()

    def attach(self, lanes: Sequence[Lane]) -> None:
        """Take the lanes whose positions count; lanes of one symbol become peers."""
        by_symbol: dict[str, list[Lane]] = {}
        for lane in lanes:
            by_symbol.setdefault(lane.symbol, []).append(lane)
        for peers in by_symbol.values():
            for lane in peers:
                lane.peers = tuple(peers)
        self._per_symbol = tuple(by_symbol[symbol][0] for symbol in sorted(by_symbol))

    @property
    def symbols(self) -> tuple[Lane, ...]:
        """One lane per symbol, in name order."""
        return self._per_symbol

    @property
    def cash(self) -> float:
        """Cash now."""
        return self.opening + self.flow

    def equity(self) -> float:
        """Cash and positions at the latest closes."""
        total = self.opening + self.flow
        if not self.held_lanes:
            return total
        for lane in self._per_symbol:
            qty, bar = lane.held(), lane.bar
            if qty and bar is not None:
                total += qty * bar.close * lane.multiplier
        return total

    def book(self, lane: Lane, signed_qty: float, price: float, commission: float) -> float:
        """Book a fill and return the profit it realised (0 when it opened)."""
        multiplier, held, realized = lane.multiplier, lane.qty, lane.realized
        self.flow -= signed_qty * price * multiplier
        self.flow -= commission
        if held == 0.0:
            cost = 0.0 * multiplier + signed_qty * price * multiplier + commission
            lane.qty = signed_qty
            lane.avg_cost = cost / (signed_qty * multiplier)
            lane.commission += commission
            self.held_lanes += 1
        elif held == -signed_qty:
            closing = abs(held)
            direction = 1.0 if held > 0 else -1.0
            share = commission * closing / closing  # not always `commission` in floating point
            lane.realized += direction * closing * (price - lane.avg_cost) * multiplier - share
            lane.qty = lane.avg_cost = 0.0
            lane.commission += share
            self.held_lanes -= 1
        else:
            after = lane.position.after_trade(signed_qty, price, commission, multiplier)
            lane.qty, lane.avg_cost = after.qty, after.avg_cost
            lane.realized, lane.commission = after.realized, after.commission
            self.held_lanes -= after.qty == 0
        return lane.realized - realized
