"""The broker's own account figures. None means the broker has not said it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountValues:
    """Figures of one account in its base currency, as of `ts_ns` (market time)."""

    account: str
    ts_ns: int
    currency: str = "USD"
    net_liquidation: float | None = None
    cash: float | None = None
    buying_power: float | None = None
    available_funds: float | None = None
    excess_liquidity: float | None = None
    gross_position_value: float | None = None
    realized_pnl: float | None = None
    unrealized_pnl: float | None = None
    daily_pnl: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerPosition:
    """A position line of the broker: signed quantity and average cost per unit (multiplied for futures, as IB does)."""

    account: str
    symbol: str
    con_id: int
    qty: float
    avg_cost: float


def is_paper_account(account: str) -> bool:
    """Return whether an IB account id is a simulated one: ids that begin with D (DU, DF, DI) are paper.

    Source: IB account numbering, paper trading user guide; the port proves nothing.
    """
    return account.upper().startswith("D")


def mask_account(account: str) -> str:
    """Return the account id fit for logs and alerts: `DU1234567` becomes `DU***567`."""
    return account if len(account) <= 5 else f"{account[:2]}***{account[-3:]}"
