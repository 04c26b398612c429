"""Library objects to domain values: the anti-corruption layer of orders, fills, money and positions.

Invariant: no IB sentinel passes. Unset (max-float), not finite, -1 and empty become None; text is cleaned.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from tradetui.broker.ib.contracts import ContractBook
from tradetui.broker.ib.library import (
    UNSET_DOUBLE,
    UNSET_INTEGER,
    CommissionReport,
    Contract,
    Execution,
    Order,
    OrderState,
)
from tradetui.broker.ib.text import clean_text
from tradetui.domain.account import BrokerPosition
from tradetui.domain.clock import to_ns
from tradetui.domain.fill import Commission, Fill
from tradetui.domain.order import BrokerOrder, Side

SymbolOf = Callable[[Contract], str]

_BUYING = frozenset({"BUY", "BOT"})
_SELLING = frozenset({"SELL", "SLD", "SSHORT", "SLONG"})


def number(value: float | None) -> float | None:
    """Return `value` when it is a number the broker meant, else None."""
    if value is None or not math.isfinite(value) or abs(value) >= UNSET_DOUBLE:
        return None
    return float(value)


def numeric_text(text: str) -> float | None:
    """Return the number written as `text` (account values), None when it is none."""
    try:
        return number(float(text))
    except ValueError:
        return None


def price(value: float | None) -> float | None:
    """Return a price field of an order: None when unset or zero, because IB writes 0.0 for "has none"."""
    return number(value) or None


def side_of(action: str) -> Side:
    """Return the side that IB's action or execution word means.

    Raises:
        ValueError: the word is not known; guessing a side could double a position.
    """
    if action in _BUYING:
        return Side.BUY
    if action in _SELLING:
        return Side.SELL
    raise ValueError(f"side {clean_text(action)!r} is not known")


def broker_order(contracts: ContractBook, contract: Contract, order: Order, state: OrderState) -> BrokerOrder:
    """Translate openOrder or completedOrder. `filled` is what the message says, None when it says nothing."""
    return BrokerOrder(
        order_ref=clean_text(order.orderRef),
        perm_id=order.permId,
        order_id=order.orderId,
        client_id=order.clientId,
        account=clean_text(order.account),
        symbol=contracts.symbol_of(contract),
        side=side_of(order.action),
        qty=order.totalQuantity,
        order_type=clean_text(order.orderType),
        status=clean_text(state.status),
        limit_price=price(order.lmtPrice),
        stop_price=price(order.auxPrice),
        tif=clean_text(order.tif),
        filled=number(order.filledQuantity),
        completed_status=clean_text(state.completedStatus),
    )


def fill_of(contracts: ContractBook, contract: Contract, execution: Execution) -> Fill:
    """Translate execDetails. TWS leaves the order id of manual trades unset: it becomes 0.

    Raises:
        ValueError: side, quantity or price cannot be booked.
    """
    if not (math.isfinite(execution.shares) and math.isfinite(execution.price)):
        raise ValueError(f"execution of {execution.shares} at {execution.price} is not finite")
    return Fill(
        exec_id=execution.execId,
        account=clean_text(execution.acctNumber),
        symbol=contracts.symbol_of(contract),
        side=side_of(execution.side),
        qty=execution.shares,
        price=execution.price,
        ts_ns=to_ns(execution.time),
        order_ref=clean_text(execution.orderRef),
        perm_id=execution.permId,
        order_id=0 if execution.orderId == UNSET_INTEGER else execution.orderId,
        client_id=execution.clientId,
        liquidation=execution.liquidation == 1,
    )


def commission_of(report: CommissionReport) -> Commission | None:
    """Translate commissionReport; None when the amount is no number: the true one comes later."""
    amount = number(report.commission)
    if amount is None:
        return None
    return Commission(
        exec_id=report.execId,
        amount=amount,
        currency=clean_text(report.currency),
        realized_pnl=number(report.realizedPNL),
    )


def position_of(
    contracts: ContractBook, account: str, contract: Contract, qty: float, avg_cost: float
) -> BrokerPosition:
    """Translate a position line.

    Raises:
        ValueError: the quantity is no finite number.
    """
    if not math.isfinite(qty):
        raise ValueError(f"position quantity {qty} is not finite")
    return BrokerPosition(
        account=clean_text(account),
        symbol=contracts.symbol_of(contract),
        con_id=contract.conId,
        qty=qty,
        avg_cost=number(avg_cost) or 0.0,
    )
