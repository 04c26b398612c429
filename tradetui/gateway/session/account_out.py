"""Account figures as messages: one function per message, fields named as in the tables.

Invariant: an unknown price leaves as the protocol's unset value, or as zero where the protocol has none.
"""

from __future__ import annotations

from tradetui.gateway.session import times
from tradetui.gateway.session.client import ClientSession
from tradetui.gateway.session.contracts import at_primary, contract_values
from tradetui.gateway.venue.model import AccountRow, AccountValues, PositionRow
from tradetui.gateway.wire import replies_account as reply
from tradetui.gateway.wire.record import Value


def send_position(client: ClientSession, row: PositionRow) -> None:
    """position (61)."""
    client.send(reply.POSITION, **_holding(row))


def send_position_multi(client: ClientSession, request_id: int, row: PositionRow) -> None:
    """positionMulti (71)."""
    client.send(reply.POSITION_MULTI, **_holding(row), reqId=request_id)


def _holding(row: PositionRow) -> dict[str, Value]:
    return {
        **contract_values(at_primary(row.contract)),
        "account": row.account,
        "position": row.quantity,
        "avgCost": row.avg_cost,
    }


def send_portfolio(client: ClientSession, row: PositionRow) -> None:
    """updatePortfolio (7)."""
    client.send(
        reply.PORTFOLIO,
        **contract_values(row.contract),
        account=row.account,
        position=row.quantity,
        marketPrice=row.market_price or 0.0,
        marketValue=row.market_value or 0.0,
        averageCost=row.avg_cost,
        unrealizedPnl=row.unrealized_pnl or 0.0,
        realizedPnl=row.realized_pnl,
    )


def send_value(client: ClientSession, account: str, row: AccountRow) -> None:
    """updateAccountValue (6)."""
    client.send(reply.ACCOUNT_VALUE, key=row.tag, value=row.value, currency=row.currency, account=account)


def send_multi_value(client: ClientSession, request_id: int, account: str, row: AccountRow) -> None:
    """accountUpdateMulti (73)."""
    client.send(
        reply.UPDATE_MULTI, reqId=request_id, account=account, key=row.tag, value=row.value, currency=row.currency
    )


def send_summary(client: ClientSession, request_id: int, account: str, row: AccountRow) -> None:
    """accountSummary (63)."""
    client.send(reply.SUMMARY, reqId=request_id, account=account, tag=row.tag, value=row.value, currency=row.currency)


def send_account_time(client: ClientSession, now_ns: int) -> None:
    """updateAccountTime (8)."""
    client.send(reply.ACCOUNT_TIME, time=times.local(now_ns).strftime("%H:%M"))


def pnl_values(values: AccountValues) -> dict[str, Value]:
    """Figures of pnl (94)."""
    return {"daily": values.daily_pnl, "unrealized": values.unrealized_pnl, "realized": values.realized_pnl}


def pnl_single_values(row: PositionRow | None) -> dict[str, Value]:
    """Figures of pnlSingle (95); all unknown for an instrument never held."""
    if row is None:
        return {"position": 0}
    return {
        "position": row.quantity,
        "daily": row.daily_pnl,
        "unrealized": row.unrealized_pnl,
        "realized": row.realized_pnl,
        "value": row.market_value,
    }


def send_pnl(client: ClientSession, kind: str, request_id: int, values: dict[str, Value]) -> None:
    """pnl (94) or pnlSingle (95)."""
    message = reply.PNL if kind == "pnl" else reply.PNL_SINGLE
    client.send(message, reqId=request_id, **values)
