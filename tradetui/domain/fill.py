"""Fills and commissions as the broker reports them. A fill without its commission is valid, its money provisional."""

from __future__ import annotations

from dataclasses import dataclass

from tradetui.domain.order import Side


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """One execution report. `qty` positive units, `price` per unit, `ts_ns` execution time UTC.

    `order_ref` is empty for manual trades and orders of other programs. `liquidation` marks a forced close by IB.
    """

    exec_id: str
    account: str
    symbol: str
    side: Side
    qty: float
    price: float
    ts_ns: int
    order_ref: str = ""
    perm_id: int = 0
    order_id: int = 0
    client_id: int = 0
    liquidation: bool = False

    @property
    def signed_qty(self) -> float:
        """Quantity with the side's sign."""
        return self.qty * self.side.sign


@dataclass(frozen=True, slots=True, kw_only=True)
class Commission:
    """Commission of one execution; `realized_pnl` is IB's figure, None on an opening trade."""

    exec_id: str
    amount: float
    currency: str = "USD"
    realized_pnl: float | None = None
