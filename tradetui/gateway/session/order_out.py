"""From the venue's orders and executions to openOrder, orderStatus, completedOrder, execDetails and commissionReport.

Invariant: permId, clientId and orderRef come from the venue's order, never from the session that asks.
"""

from dataclasses import replace

from tradetui.gateway.session import times
from tradetui.gateway.session.contracts import contract_values
from tradetui.gateway.session.order_in import echoed
from tradetui.gateway.venue.model import CommissionReport, Execution, MarginImpact, VenueOrder
from tradetui.gateway.wire.record import Value


def open_order_values(order: VenueOrder) -> dict[str, Value]:
    """Fields of openOrder."""
    request = order.request
    return {
        **_order_values(order),
        "orderId": order.order_id,
        "clientId": order.client_id,
        "parentId": request.parent_id,
        "sharesAllocation": f"{order.perm_id}.0/{request.account}/{_whole(request.quantity)}",
        "whatIf": request.what_if,
        "warningText": order.warning_text,
        **(_margin_values(order.margin, order.commission_currency) if order.margin else {}),
        **_commission_values(order),
    }


def completed_order_values(order: VenueOrder) -> dict[str, Value]:
    """Fields of completedOrder."""
    done_ns = order.completed_ns if order.completed_ns is not None else order.placed_ns
    return {
        **_order_values(order),
        "filledQuantity": order.filled,
        "parentPermId": order.parent_perm_id,
        "completedTime": times.zoned(done_ns),
        "completedStatus": order.completed_text,
    }


def order_status_values(order: VenueOrder) -> dict[str, Value]:
    """Fields of orderStatus."""
    return {
        "orderId": order.order_id,
        "status": order.status.value,
        "filled": order.filled,
        "remaining": order.remaining,
        "avgFillPrice": order.avg_fill_price,
        "permId": order.perm_id,
        "parentId": order.request.parent_id,
        "lastFillPrice": order.last_fill_price,
        "clientId": order.client_id,
        "whyHeld": order.why_held,
    }


def execution_values(execution: Execution, request_id: int, version: int) -> dict[str, Value]:
    """Fields of execDetails; request id -1 for a live fill."""
    return {
        **contract_values(replace(execution.contract, exchange=execution.exchange)),
        "reqId": request_id,
        "orderId": execution.order_id,
        "execId": execution.exec_id,
        "time": times.stamp(execution.time_ns, version),
        "account": execution.account,
        "execExchange": execution.exchange,
        "side": execution.side,
        "shares": execution.shares,
        "price": execution.price,
        "permId": execution.perm_id,
        "clientId": execution.client_id,
        "liquidation": int(execution.liquidation),
        "cumQty": execution.cum_qty,
        "avgPrice": execution.avg_price,
        "orderRef": execution.order_ref,
        "lastLiquidity": execution.liquidity.value,
    }


def commission_values(report: CommissionReport) -> dict[str, Value]:
    """Fields of commissionReport."""
    return {
        "execId": report.exec_id,
        "commission": report.commission,
        "currency": report.currency,
        "realizedPnl": report.realized_pnl,
    }


def _order_values(order: VenueOrder) -> dict[str, Value]:
    request = order.request
    return {
        **echoed(request.echo),
        **contract_values(request.contract),
        "right": request.contract.right or "?",
        "action": request.action,
        "totalQuantity": request.quantity,
        "orderType": request.order_type,
        "lmtPrice": request.limit_price if request.limit_price is not None else 0.0,
        "auxPrice": request.aux_price if request.aux_price is not None else 0.0,
        "tif": request.tif,
        "ocaGroup": request.oca_group,
        "account": request.account,
        "openClose": "" if request.open_close == "O" else request.open_close,
        "orderRef": request.order_ref,
        "permId": order.perm_id,
        "outsideRth": request.outside_rth,
        "hidden": request.hidden,
        "goodAfterTime": request.good_after_text,
        "goodTillDate": request.good_till_text,
        "displaySize": request.display_size,
        "allOrNone": request.all_or_none,
        "minQty": request.min_quantity,
        "ocaType": request.oca_type or 3,
        "triggerMethod": request.trigger_method,
        "trailStopPrice": request.trail_stop_price,
        "trailingPercent": request.trailing_percent,
        "lmtPriceOffset": request.limit_offset,
        "percentOffset": request.percent_offset,
        "status": order.status.value,
    }


def _commission_values(order: VenueOrder) -> dict[str, Value]:
    if order.commission is None:
        return {}
    return {"commission": order.commission, "commissionCurrency": order.commission_currency}


def _margin_values(margin: MarginImpact, currency: str) -> dict[str, Value]:
    return {
        "initMarginBefore": margin.init_margin_before,
        "maintMarginBefore": margin.maint_margin_before,
        "equityWithLoanBefore": margin.equity_with_loan_before,
        "initMarginChange": margin.init_margin_change,
        "maintMarginChange": margin.maint_margin_change,
        "equityWithLoanChange": margin.equity_with_loan_change,
        "initMarginAfter": margin.init_margin_after,
        "maintMarginAfter": margin.maint_margin_after,
        "equityWithLoanAfter": margin.equity_with_loan_after,
        "commission": margin.commission,
        "commissionCurrency": currency,
        "warningText": margin.warning_text,
    }


def _whole(quantity: float) -> str:
    return str(int(quantity)) if float(quantity).is_integer() else str(quantity)
