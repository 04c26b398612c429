"""A small broker for tests of the trading core: it holds orders, fills them on request and can be cut off.

It is the truth (`B` of the invariants) that the core's beliefs are compared with.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from tradetui.domain.account import AccountValues, BrokerPosition
from tradetui.domain.events import BrokerSnapshot
from tradetui.domain.fill import Commission, Fill
from tradetui.domain.order import BrokerOrder, Intent, Side

ACCOUNT = "DU1234567"
LIVE = ("Submitted", "PreSubmitted", "PendingCancel")


@dataclass
class BrokerModel:
    """Orders by permId, executions, positions and cash of one account."""

    cash: float = 1_000_000.0
    next_order_id: int = 1
    next_perm_id: int = 9000
    orders: dict[int, BrokerOrder] = field(default_factory=dict)
    fills: list[Fill] = field(default_factory=list)
    commissions: list[Commission] = field(default_factory=list)
    positions: dict[str, float] = field(default_factory=dict)

    def accept(self, intent: Intent, order_ref: str, client_id: int = 7) -> BrokerOrder:
        """Take an order in; return it as openOrder would show it."""
        order = BrokerOrder(
            order_ref=order_ref,
            perm_id=self.next_perm_id,
            order_id=self.next_order_id,
            client_id=client_id,
            account=ACCOUNT,
            symbol=intent.symbol,
            side=intent.side,
            qty=intent.qty,
            order_type=intent.order_type,
            status="Submitted",
            limit_price=intent.limit_price,
            tif=intent.tif,
            filled=0.0,
        )
        self.next_perm_id += 1
        self.next_order_id += 1
        self.orders[order.perm_id] = order
        return order

    def fill(self, perm_id: int, qty: float, price: float, ts_ns: int, commission: float = 1.0) -> Fill:
        """Execute part of an order; positions and cash follow."""
        order = self.orders[perm_id]
        fill = Fill(
            exec_id=f"0000e0d5.{len(self.fills):08x}.01.01",
            account=ACCOUNT,
            symbol=order.symbol,
            side=order.side,
            qty=qty,
            price=price,
            ts_ns=ts_ns,
            order_ref=order.order_ref,
            perm_id=perm_id,
            order_id=order.order_id,
            client_id=order.client_id,
        )
        filled = (order.filled or 0.0) + qty
        status = "Filled" if filled >= order.qty else order.status
        self.orders[perm_id] = replace(order, filled=filled, status=status)
        self.positions[order.symbol] = self.positions.get(order.symbol, 0.0) + fill.signed_qty
        self.cash -= fill.signed_qty * price + commission
        self.fills.append(fill)
        self.commissions.append(Commission(exec_id=fill.exec_id, amount=commission))
        return fill

    def end(self, perm_id: int, status: str = "Cancelled") -> BrokerOrder:
        """End an order without a fill."""
        self.orders[perm_id] = replace(self.orders[perm_id], status=status)
        return self.orders[perm_id]

    def manual_trade(self, symbol: str, side: Side, qty: float, price: float, ts_ns: int) -> Fill:
        """Trade by hand in TWS: no order reference."""
        order = BrokerOrder(
            order_ref="",
            perm_id=self.next_perm_id,
            order_id=0,
            client_id=0,
            account=ACCOUNT,
            symbol=symbol,
            side=side,
            qty=qty,
            order_type="MKT",
            status="Submitted",
            filled=0.0,
        )
        self.next_perm_id += 1
        self.orders[order.perm_id] = order
        return self.fill(order.perm_id, qty, price, ts_ns)

    def live(self) -> list[BrokerOrder]:
        """Return orders that can still fill."""
        return [order for order in self.orders.values() if order.status in LIVE]

    def snapshot(self, mono_ns: int, market_ns: int, *, without: frozenset[str] = frozenset()) -> BrokerSnapshot:
        """Return the account's truth; parts named in `without` did not reach their end marker."""
        ended = tuple(order for order in self.orders.values() if order.status not in LIVE)
        positions = tuple(
            BrokerPosition(account=ACCOUNT, symbol=symbol, con_id=1, qty=qty, avg_cost=100.0)
            for symbol, qty in self.positions.items()
        )
        return BrokerSnapshot(
            started_mono_ns=mono_ns,
            open_orders=None if "open" in without else tuple(self.live()),
            completed_orders=None if "completed" in without else ended,
            fills=None if "fills" in without else tuple(self.fills),
            commissions=() if "fills" in without else tuple(self.commissions),
            positions=None if "positions" in without else positions,
            account=None if "account" in without else self.account(market_ns),
        )

    def account(self, market_ns: int) -> AccountValues:
        """Return account figures with ample funds."""
        return AccountValues(
            account=ACCOUNT, ts_ns=market_ns, cash=self.cash, net_liquidation=self.cash, available_funds=self.cash
        )
