"""What one sync gathers while its questions are under way.

Invariant: a part is handed out only if its own end marker came and no message of it was lost on the way.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum

from tradetui.domain.account import BrokerPosition
from tradetui.domain.fill import Commission, Fill
from tradetui.domain.order import BrokerOrder


class Part(StrEnum):
    """The five questions of a sync."""

    OPEN_ORDERS = "open orders"
    COMPLETED_ORDERS = "completed orders"
    EXECUTIONS = "executions"
    POSITIONS = "positions"
    ACCOUNT = "account values"


#: Which part a message that could not be read belongs to, by wire number and by callback name.
PART_OF_MESSAGE = {
    "3": Part.OPEN_ORDERS,
    "5": Part.OPEN_ORDERS,
    "6": Part.ACCOUNT,
    "11": Part.EXECUTIONS,
    "59": Part.EXECUTIONS,
    "61": Part.POSITIONS,
    "101": Part.COMPLETED_ORDERS,
    "orderStatus": Part.OPEN_ORDERS,
    "openOrder": Part.OPEN_ORDERS,
    "updateAccountValue": Part.ACCOUNT,
    "execDetails": Part.EXECUTIONS,
    "commissionReport": Part.EXECUTIONS,
    "position": Part.POSITIONS,
    "completedOrder": Part.COMPLETED_ORDERS,
}


@dataclass(slots=True)
class Collector:
    """Rows of a sync. Repeated rows replace each other: TWS sends many things two or three times."""

    open_orders: dict[tuple[int, int, int], BrokerOrder] = field(default_factory=dict)
    filled: dict[int, float] = field(default_factory=dict)
    completed_orders: list[BrokerOrder] = field(default_factory=list)
    fills: dict[str, Fill] = field(default_factory=dict)
    commissions: dict[str, Commission] = field(default_factory=dict)
    positions: dict[int, BrokerPosition] = field(default_factory=dict)
    failed: dict[Part, str] = field(default_factory=dict)

    def add_open(self, order: BrokerOrder) -> None:
        """Keep an openOrder row."""
        self.open_orders[(order.perm_id, order.client_id, order.order_id)] = order

    def open_orders_filled(self) -> tuple[BrokerOrder, ...]:
        """Return the open orders, each with the filled quantity its orderStatus told."""
        return tuple(
            replace(order, filled=self.filled.get(order.perm_id, order.filled)) for order in self.open_orders.values()
        )

    def held_positions(self) -> tuple[BrokerPosition, ...]:
        """Return the positions; rows of quantity zero say that one is closed."""
        return tuple(position for position in self.positions.values() if position.qty)

    def commissions_of_fills(self) -> tuple[Commission, ...]:
        """Return the commissions that belong to the executions gathered."""
        return tuple(report for exec_id, report in self.commissions.items() if exec_id in self.fills)
