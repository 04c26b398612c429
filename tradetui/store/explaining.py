"""Stories out of the journal: what happened to one order (`explain`), what kept a symbol from trading (`why`).

Invariant: every line is a row that was committed at the time; nothing is inferred.
"""

from __future__ import annotations

import sqlite3

from tradetui.domain.errors import OperatorError
from tradetui.domain.ids import intent_of_ref
from tradetui.domain.latch import TradingState
from tradetui.store.answers import Args, Row, limit_of, rows_of, text_of

#: Shorter beginnings of an id would match by chance.
MIN_ID_LENGTH = 4


def explain(connection: sqlite3.Connection, args: Args) -> list[Row]:
    """Return what happened to the order that `args["id"]` names, oldest first: `ts_ns`, `what`, `text`.

    The id is an intent id or its beginning, an orderRef, a permId or an execution id.

    Raises:
        OperatorError: no order, or more than one, has this id.
    """
    given = text_of(args, "id")
    if given is None:
        raise OperatorError("explain needs an id: of an order, its permId, or an execution")
    intent_id = _intent_id(connection, given)
    story = [
        *rows_of(connection, _DECIDED, {"id": intent_id}),
        *rows_of(connection, _PASSED, {"id": intent_id}),
        *rows_of(connection, _REFUSED, {"id": intent_id}),
        *rows_of(connection, _MOVED, {"id": intent_id}),
        *rows_of(connection, _FILLED, {"id": intent_id}),
    ]
    sent_ns = max((int(row["ts_ns"] or 0) for row in story if row["what"] in _BEFORE_FILLS), default=0)
    # Executions come stamped in whole seconds: none of them shows before the order left.
    story.sort(key=lambda row: (max(int(row["ts_ns"] or 0), sent_ns if row["what"] == "fill" else 0), row["rank"]))
    return [{"id": intent_id, "ts_ns": row["ts_ns"], "what": row["what"], "text": row["text"]} for row in story]


def why(connection: sqlite3.Connection, args: Args) -> list[Row]:
    """Return what blocks `args["symbol"]` (all symbols when absent): latches, orders in doubt, the latest refusals.

    Rows have `kind` (latch, unknown, refusal), `ts_ns`, `symbol`, `code`, `text`.
    """
    values = {"symbol": text_of(args, "symbol"), "limit": limit_of(args)}
    latches = rows_of(connection, _LATCHES, values)
    for row in latches:
        state, cleared_by = row.pop("state"), row.pop("cleared_by")
        row["text"] = f"{TradingState(int(state or 0)).name}: {row['text']} (cleared by: {cleared_by})"
    return [*latches, *rows_of(connection, _UNKNOWN, values), *rows_of(connection, _REFUSALS, values)]


def _intent_id(connection: sqlite3.Connection, given: str) -> str:
    wanted = intent_of_ref(given) or given
    number = int(given) if given.isdigit() and len(given) < 19 else None
    values = {
        "id": wanted,
        "begin": f"{given}%" if len(given) >= MIN_ID_LENGTH and given.isalnum() else given,
        "number": number,
    }
    found = [row["id"] for row in rows_of(connection, _FIND, values) if isinstance(row["id"], str)]
    if wanted in found:
        return wanted
    if len(found) == 1:
        return found[0]
    if not found:
        raise OperatorError(f"no order has the id {given!r}; `tradetui orders` lists them")
    listed = ", ".join(found[:5])
    raise OperatorError(f"{given!r} is the beginning of several ids ({listed}); give more of it")


_BEFORE_FILLS = ("decided", "gate", "JOURNALED", "SENT")

_FIND = """
    SELECT intent_id AS id FROM intents WHERE intent_id = :id OR intent_id LIKE :begin
    UNION SELECT intent_id FROM refusals WHERE intent_id = :id OR intent_id LIKE :begin
    UNION SELECT intent_id FROM orders WHERE perm_id = :number
    UNION SELECT orders.intent_id FROM fills JOIN orders USING (order_ref)
        WHERE order_ref <> '' AND (exec_base = :id OR exec_id = :id)
    LIMIT 20
"""
_DECIDED = """
    SELECT decided_ns AS ts_ns, 0 AS rank, 'decided' AS what,
        strategy || ' wanted ' || side || ' ' || printf('%.10g', qty) || ' ' || symbol || ' ' || order_type
        || CASE WHEN limit_price IS NULL THEN '' ELSE printf(' limit %.10g', limit_price) END
        || CASE WHEN stop_price IS NULL THEN '' ELSE printf(' stop %.10g', stop_price) END
        || ' ' || tif || ' (' || purpose || ')' || CASE reason WHEN '' THEN '' ELSE ': ' || reason END AS text
    FROM intents WHERE intent_id = :id
"""
_PASSED = """
    SELECT created_ns AS ts_ns, 1 AS rank, 'gate' AS what, 'passed by limits version ' || limits_version AS text
    FROM orders WHERE intent_id = :id AND limits_version > 0
"""
_REFUSED = """
    SELECT ts_ns, 1 AS rank, 'refused' AS what,
        code || ': ' || text || ' (measured ' || measured || ', limit ' || "limit" || ')'
        || CASE limits_version WHEN 0 THEN '' ELSE ', by limits version ' || limits_version END AS text
    FROM refusals WHERE intent_id = :id
"""
_MOVED = """
    SELECT ts_ns, 2 AS rank, state AS what,
        fact || CASE detail WHEN '' THEN '' ELSE ': ' || detail END
        || CASE broker_status WHEN '' THEN '' ELSE ' [' || broker_status || ']' END
        || coalesce(' permId ' || perm_id, '') AS text
    FROM order_events WHERE intent_id = :id ORDER BY seq
"""
_FILLED = """
    SELECT ts_ns, 3 AS rank, 'fill' AS what,
        printf('%.10g at %.10g', qty, price)
        || CASE WHEN amount IS NULL THEN ', commission not yet reported' ELSE printf(', commission %.2f', amount) END
        || ' (execution ' || fills.exec_id || ')' AS text
    FROM fills JOIN orders USING (order_ref) LEFT JOIN commissions USING (exec_base)
    WHERE orders.intent_id = :id ORDER BY fills.rowid
"""
_LATCHES = """
    SELECT 'latch' AS kind, ts_ns, symbol, key AS code, why AS text, state, cleared_by FROM latches
    WHERE symbol IS NULL OR :symbol IS NULL OR symbol = :symbol ORDER BY latches.state DESC, ts_ns
"""
_UNKNOWN = """
    SELECT 'unknown' AS kind, updated_ns AS ts_ns, symbol, intents.intent_id AS code,
        'order ' || intents.intent_id || ' may be live at the broker: ' || side || ' ' || printf('%.10g', qty) AS text
    FROM orders JOIN intents USING (intent_id)
    WHERE state = 'UNKNOWN' AND (:symbol IS NULL OR symbol = :symbol)
"""
_REFUSALS = """
    SELECT 'refusal' AS kind, ts_ns, symbol, code, text, intent_id AS id FROM refusals
    WHERE :symbol IS NULL OR symbol = :symbol ORDER BY seq DESC LIMIT :limit
"""
