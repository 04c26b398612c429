"""The broker's truth (`B` of the invariants): orders, executions, positions and cash of one account.

It does what it is told to, including everything a real broker does that nobody wants: corrections, busted trades, late
and foreign orders, fills above the quantity, executions that yesterday took with it. It never lies about the past: an
order it calls cancelled is dead, a position it lists is held.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from tradetui.domain.account import AccountValues, BrokerPosition
from tradetui.domain.events import BrokerSnapshot
from tradetui.domain.fill import Commission, Fill
from tradetui.domain.ids import exec_key
from tradetui.domain.order import BrokerOrder, Intent, Side
from tradetui.simulation.setting import ACCOUNT

LIVE = ("Submitted", "PreSubmitted", "PendingCancel", "PendingSubmit")


@dataclass
class BrokerModel:
    """Orders by permId, executions, positions and cash of one account.

    `outside` is the largest quantity by which others than this program may have lowered each position; `yesterday` are
    executions, `archived` orders that the broker lists no more; `hidden` tells until when an order is not shown yet; an
    Inactive order in `held` is not dead, it may work again; `multipliers` are in the cost of a unit, as IB has it.
    """

    cash: float = 1_000_000.0
    next_order_id: int = 1
    next_perm_id: int = 9000
    orders: dict[int, BrokerOrder] = field(default_factory=dict)
    fills: list[Fill] = field(default_factory=list)
    commissions: list[Commission] = field(default_factory=list)
    positions: dict[str, float] = field(default_factory=dict)
    multipliers: dict[str, float] = field(default_factory=dict)
    outside: dict[str, float] = field(default_factory=dict)
    yesterday: int = 0
    archived: set[int] = field(default_factory=set)
    hidden: dict[int, int] = field(default_factory=dict)
    held: set[int] = field(default_factory=set)
    executions: int = 0

    def accept(self, intent: Intent, order_ref: str, client_id: int = 7, *, order_id: int | None = None) -> BrokerOrder:
        """Take an order in, under the next order id unless it has one; return it as openOrder would show it."""
        if order_id is None:
            order_id = self.next_order_id
            self.next_order_id += 1
        order = BrokerOrder(
            order_ref=order_ref,
            perm_id=self.next_perm_id,
            order_id=order_id,
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
        self.orders[order.perm_id] = order
        return order

    def fill(self, perm_id: int, qty: float, price: float, ts_ns: int, commission: float = 1.0) -> Fill:
        """Execute part of an order, or more than all of it; positions and cash follow."""
        order = self.orders[perm_id]
        fill = Fill(
            exec_id=f"0000e0d5.{self.executions:08x}.01.01",
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
        self.executions += 1
        filled = (order.filled or 0.0) + qty
        status = "Filled" if filled >= order.qty and self.is_live(order) else order.status
        self.orders[perm_id] = replace(order, filled=filled, status=status)
        self.positions[order.symbol] = self.positions.get(order.symbol, 0.0) + fill.signed_qty
        self.cash -= fill.signed_qty * price + commission
        self.fills.append(fill)
        self.commissions.append(Commission(exec_id=fill.exec_id, amount=commission))
        over = max(0.0, filled - max(order.qty, (order.filled or 0.0)))
        if order.side is Side.SELL and over:
            self._moved_outside(order.symbol, over)
        self.executed(perm_id, qty)
        return fill

    def executed(self, perm_id: int, qty: float) -> None:
        """Let an execution of `qty` have its effect on other orders: none where no order belongs to another."""

    def correct(self, fill: Fill, qty: float, price: float) -> Fill:
        """Revise an execution: another quantity (0: the trade is busted) or price; positions and cash follow."""
        key = exec_key(fill.exec_id)
        revised = replace(fill, exec_id=f"{key.base}.{key.revision + 1:02d}", qty=qty, price=price)
        self.fills[self.fills.index(fill)] = revised
        order = self.orders[fill.perm_id]
        filled = (order.filled or 0.0) + qty - fill.qty
        status = "Filled" if filled >= order.qty and self.is_live(order) else order.status
        self.orders[fill.perm_id] = replace(order, filled=filled, status=status)
        moved = revised.signed_qty - fill.signed_qty
        self.positions[fill.symbol] = self.positions.get(fill.symbol, 0.0) + moved
        self.cash -= revised.signed_qty * price - fill.signed_qty * fill.price
        if moved < 0:
            self._moved_outside(fill.symbol, -moved)
        return revised

    def end(self, perm_id: int, status: str = "Cancelled") -> BrokerOrder:
        """End an order without a fill."""
        self.orders[perm_id] = replace(self.orders[perm_id], status=status)
        return self.orders[perm_id]

    def change(self, perm_id: int, **fields: object) -> BrokerOrder:
        """Change fields of an order, as a person at the broker's own screen can."""
        before = self.orders[perm_id]
        after = self.orders[perm_id] = replace(before, **fields)  # type: ignore[arg-type]
        if after.side is Side.SELL and after.qty > before.qty:
            self._moved_outside(after.symbol, after.qty - before.qty)
        return after

    def manual_order(self, symbol: str, side: Side, qty: float, limit_price: float | None = None) -> BrokerOrder:
        """Place an order by hand in TWS: no order reference, no order id of ours."""
        order = BrokerOrder(
            order_ref="",
            perm_id=self.next_perm_id,
            order_id=0,
            client_id=0,
            account=ACCOUNT,
            symbol=symbol,
            side=side,
            qty=qty,
            order_type="MKT" if limit_price is None else "LMT",
            status="Submitted",
            limit_price=limit_price,
            filled=0.0,
        )
        self.next_perm_id += 1
        self.orders[order.perm_id] = order
        if side is Side.SELL:
            self._moved_outside(symbol, qty)
        return order

    def manual_trade(self, symbol: str, side: Side, qty: float, price: float, ts_ns: int) -> Fill:
        """Trade by hand in TWS."""
        return self.fill(self.manual_order(symbol, side, qty).perm_id, qty, price, ts_ns)

    def _moved_outside(self, symbol: str, qty: float) -> None:
        self.outside[symbol] = self.outside.get(symbol, 0.0) + qty

    def new_day(self) -> None:
        """Midnight: executions and ended orders of the day are listed no more."""
        self.yesterday = len(self.fills)
        self.archived |= {perm for perm, order in self.orders.items() if not self.is_live(order)}

    def live(self) -> list[BrokerOrder]:
        """Return orders that can still fill."""
        return [order for order in self.orders.values() if self.is_live(order)]

    def is_live(self, order: BrokerOrder) -> bool:
        """Return whether an order may still fill."""
        return order.status in LIVE or (order.status == "Inactive" and order.perm_id in self.held)

    def shown(self, mono_ns: int) -> list[BrokerOrder]:
        """Return the orders that a look at `mono_ns` can see."""
        return [order for perm, order in self.orders.items() if self.hidden.get(perm, 0) <= mono_ns]

    def snapshot(
        self, mono_ns: int, market_ns: int, *, without: Iterable[str] = (), started_mono_ns: int | None = None
    ) -> BrokerSnapshot:
        """Return the account's truth; parts named in `without` did not reach their end marker."""
        missing = frozenset(without)
        shown = self.shown(mono_ns)
        ended = tuple(order for order in shown if not self.is_live(order) and order.perm_id not in self.archived)
        positions = tuple(
            BrokerPosition(
                account=ACCOUNT, symbol=symbol, con_id=1, qty=qty, avg_cost=100.0 * self.multipliers.get(symbol, 1.0)
            )
            for symbol, qty in self.positions.items()
        )
        return BrokerSnapshot(
            started_mono_ns=mono_ns if started_mono_ns is None else started_mono_ns,
            open_orders=None if "open" in missing else tuple(order for order in shown if self.is_live(order)),
            completed_orders=None if "completed" in missing else ended,
            fills=None if "fills" in missing else tuple(self.fills[self.yesterday :]),
            commissions=() if "fills" in missing else tuple(self.commissions[self.yesterday :]),
            positions=None if "positions" in missing else positions,
            account=None if "account" in missing else self.account(market_ns),
        )

    def account(self, market_ns: int) -> AccountValues:
        """Return account figures with ample funds."""
        return AccountValues(
            account=ACCOUNT, ts_ns=market_ns, cash=self.cash, net_liquidation=self.cash, available_funds=self.cash
        )
