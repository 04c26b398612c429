"""Lists out of the journal: orders, fills, refusals, log, equity, alerts, commands; newest first, bounded."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping

from tradetui.domain.errors import OperatorError
from tradetui.domain.order_state import LIVE_STATES
from tradetui.store.columns import SqlValue

Cell = None | bool | int | float | str
Row = dict[str, Cell]
Args = Mapping[str, object]
Answer = Callable[[sqlite3.Connection, Args], list[Row]]

DEFAULT_LIMIT = 200
MAX_LIMIT = 5000

_ORDERS = """
    SELECT intents.intent_id AS id, strategy AS owner, symbol, side, qty, filled, order_type, limit_price, stop_price,
        tif, purpose, state, avg_price, commission, perm_id, order_id, broker_status, last_code, last_text, reason,
        created_ns, updated_ns
    FROM orders JOIN intents USING (intent_id)
    WHERE (:symbol IS NULL OR symbol = :symbol) ORDER BY orders.rowid DESC
"""
_FILLS = """
    SELECT fills.exec_base AS id, ts_ns, owner, symbol, side, qty, price, amount AS commission, orders.intent_id,
        fills.perm_id
    FROM fills
    LEFT JOIN commissions USING (exec_base)
    LEFT JOIN orders ON fills.order_ref <> '' AND orders.order_ref = fills.order_ref
    WHERE (:symbol IS NULL OR symbol = :symbol) ORDER BY fills.rowid DESC LIMIT :limit
"""
_REFUSALS = """
    SELECT ts_ns, strategy, symbol, intent_id, side, qty, code, measured, "limit", text FROM refusals
    WHERE (:symbol IS NULL OR symbol = :symbol) ORDER BY seq DESC LIMIT :limit
"""
_LOG = """
    SELECT seq, ts_ns, level, topic, text, symbol FROM notes
    WHERE (:symbol IS NULL OR symbol = :symbol) AND (:level IS NULL OR level = :level) AND seq > :after
    ORDER BY seq DESC LIMIT :limit
"""
_EQUITY = """
    SELECT ts_ns, date, equity, cash, realized, unrealized, peak_equity FROM equity ORDER BY seq DESC LIMIT :limit
"""
_ALERTS = """
    SELECT number, severity, cause, text, detail, symbol, market_ns AS ts_ns, delivery, attempts, sid, code, outcome,
        queued_wall_ns, delivery_wall_ns
    FROM alerts ORDER BY number DESC LIMIT :limit
"""
_COMMANDS = "SELECT ts_ns, command_id AS id, kind, who, detail, result FROM commands ORDER BY seq DESC LIMIT :limit"


def rows_of(connection: sqlite3.Connection, sql: str, values: Mapping[str, SqlValue]) -> list[Row]:
    """Return the rows of a query as dictionaries."""
    return [dict(row) for row in connection.execute(sql, dict(values))]


def limit_of(args: Args) -> int:
    """Return the number of rows asked for.

    Raises:
        OperatorError: it is no whole number from 1 to MAX_LIMIT.
    """
    limit = args.get("limit", DEFAULT_LIMIT)
    if not isinstance(limit, int) or isinstance(limit, bool) or not 1 <= limit <= MAX_LIMIT:
        raise OperatorError(f"limit is {limit!r}; it is a whole number from 1 to {MAX_LIMIT}")
    return limit


def text_of(args: Args, name: str) -> str | None:
    """Return the text argument `name`, None when it is absent or empty.

    Raises:
        OperatorError: it is no text.
    """
    value = args.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise OperatorError(f"{name} is {value!r}; it is a text")
    return value


def _orders(connection: sqlite3.Connection, args: Args) -> list[Row]:
    limit = limit_of(args)
    # Live orders are few and recent: filtering while reading beats an index on every write.
    found = rows_of(connection, _ORDERS + f" LIMIT {MAX_LIMIT}", {"symbol": text_of(args, "symbol")})
    orders = [{**row, "live": row["state"] in LIVE_STATES} for row in found]
    return [row for row in orders if row["live"] or not args.get("live")][:limit]


def _listing(sql: str) -> Answer:
    def answer(connection: sqlite3.Connection, args: Args) -> list[Row]:
        after = args.get("after", 0)
        values = {
            "symbol": text_of(args, "symbol"),
            "level": text_of(args, "level"),
            "after": after if isinstance(after, int) else 0,
            "limit": limit_of(args),
        }
        return rows_of(connection, sql, values)

    return answer


#: By question.
ANSWERS: dict[str, Answer] = {
    "orders": _orders,
    "fills": _listing(_FILLS),
    "refusals": _listing(_REFUSALS),
    "log": _listing(_LOG),
    "equity": _listing(_EQUITY),
    "alerts": _listing(_ALERTS),
    "commands": _listing(_COMMANDS),
}
