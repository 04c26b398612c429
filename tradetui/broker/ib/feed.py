"""Orders, executions, commissions and positions from raw callbacks to events.

Invariant: every message becomes exactly one event or one row of the sync that asked for it; none is dropped because it
is early, late, repeated, corrected, of another client or of a manual order. Messages of other accounts are not ours.
"""

from __future__ import annotations

from tradetui.broker.ib.collector import Collector
from tradetui.broker.ib.contracts import ContractBook
from tradetui.broker.ib.library import CommissionReport, Contract, Execution, Order, OrderState
from tradetui.broker.ib.requests import Requests, Singleton
from tradetui.broker.ib.tap import Handler
from tradetui.broker.ib.text import clean_text
from tradetui.broker.ib.translate import broker_order, commission_of, fill_of, number, position_of
from tradetui.broker.port import EventSink
from tradetui.domain.events import CommissionSeen, FillSeen, OrderSeen, OrderStatusSeen, PositionSeen


class Feed:
    """Callbacks of one session. `collector` is set while a sync is under way."""

    def __init__(self, contracts: ContractBook, requests: Requests, sink: EventSink, client_id: int) -> None:
        self._contracts = contracts
        self._requests = requests
        self._sink = sink
        self._client_id = client_id
        self.account = ""
        self.collector: Collector | None = None

    def routes(self) -> dict[str, Handler]:
        """Return the library callbacks this feed takes."""
        return {
            "openOrder": self._open_order,
            "openOrderEnd": lambda: self._requests.finish(Singleton.OPEN_ORDERS),
            "orderStatus": self._order_status,
            "completedOrder": self._completed_order,
            "completedOrdersEnd": lambda: self._requests.finish(Singleton.COMPLETED_ORDERS),
            "execDetails": self._execution,
            "execDetailsEnd": self._requests.finish,
            "commissionReport": self._commission,
            "position": self._position,
            "positionEnd": lambda: self._requests.finish(Singleton.POSITIONS),
        }

    def _open_order(self, _order_id: int, contract: Contract, order: Order, state: OrderState) -> None:
        if order.whatIf or self._is_foreign(order.account):
            return
        seen = broker_order(self._contracts, contract, order, state)
        if self.collector is not None and self._requests.is_open(Singleton.OPEN_ORDERS):
            self.collector.add_open(seen)
            # The answer to our question and a live change of our own order look alike: the latter must not wait.
            if seen.client_id != self._client_id:
                return
        self._sink(OrderSeen(seen))

    def _order_status(
        self,
        order_id: int,
        status: str,
        filled: float,
        remaining: float,
        avg_price: float,
        perm_id: int,
        _parent_id: int,
        _last_price: float,
        client_id: int,
        why_held: str,
        _cap_price: float = 0.0,
    ) -> None:
        if self.collector is not None:
            self.collector.filled[perm_id] = filled
        event = OrderStatusSeen(
            order_id=order_id,
            client_id=client_id,
            perm_id=perm_id,
            status=clean_text(status),
            filled=number(filled) or 0.0,
            remaining=number(remaining) or 0.0,
            avg_price=number(avg_price) or 0.0,
            why_held=clean_text(why_held),
        )
        self._sink(event)

    def _completed_order(self, contract: Contract, order: Order, state: OrderState) -> None:
        if self.collector is not None and not self._is_foreign(order.account):
            self.collector.completed_orders.append(broker_order(self._contracts, contract, order, state))

    def _execution(self, request_id: int, contract: Contract, execution: Execution) -> None:
        if self._is_foreign(execution.acctNumber):
            return
        fill = fill_of(self._contracts, contract, execution)
        if self.collector is not None and self._requests.is_open(request_id):
            self.collector.fills[fill.exec_id] = fill
        else:
            self._sink(FillSeen(fill))

    def _commission(self, report: CommissionReport) -> None:
        commission = commission_of(report)
        if commission is None:
            return
        collector = self.collector
        if collector is not None:
            collector.commissions[commission.exec_id] = commission
            if commission.exec_id in collector.fills:
                return
        self._sink(CommissionSeen(commission))

    def _position(self, account: str, contract: Contract, qty: float, avg_cost: float) -> None:
        if self._is_foreign(account):
            return
        position = position_of(self._contracts, account, contract, qty, avg_cost)
        if self.collector is not None and self._requests.is_open(Singleton.POSITIONS):
            self.collector.positions[position.con_id] = position
        else:
            self._sink(PositionSeen(position))

    def _is_foreign(self, account: str) -> bool:
        return bool(self.account) and bool(account) and account != self.account
