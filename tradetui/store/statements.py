"""What each record writes: every kind of record as statements with their values.

Invariant: writing a record twice leaves the same current values as writing it once; only histories gain a line.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import assert_never

from tradetui.domain.alert import Alert
from tradetui.domain.fill import Commission, Fill
from tradetui.domain.ids import exec_key
from tradetui.domain.latch import Latch
from tradetui.domain.ledger import Adjustment
from tradetui.domain.order import Intent, OrderRecord
from tradetui.domain.records import (
    AdjustmentSaved,
    AlertQueued,
    ArmedSaved,
    BarConsumed,
    CommandSaved,
    CommissionSaved,
    DayFigureSaved,
    DayStarted,
    DeliverySaved,
    EquityMarked,
    FillSaved,
    LatchCleared,
    LatchSaved,
    LimitSaved,
    Note,
    OpeningCashSaved,
    OrderSaved,
    Record,
    RefusalSaved,
    StrategyRearmed,
)
from tradetui.store.columns import SqlValue, columns_of, stored
from tradetui.store.plain import to_plain

INTENT = columns_of(Intent)
#: The monotonic time of the send means nothing to the next process; that a cancel is wanted does.
ORDER = columns_of(OrderRecord, "intent", "sent_mono_ns")
FILL = columns_of(Fill)
FILL_OWNER = columns_of(FillSaved, "fill")
COMMISSION = columns_of(Commission)
ADJUSTMENT = columns_of(Adjustment)
LATCH = columns_of(Latch)
ALERT = columns_of(Alert)
BAR_CONSUMED = columns_of(BarConsumed)
DAY = columns_of(DayStarted)
EQUITY = columns_of(EquityMarked)
DAY_FIGURE = columns_of(DayFigureSaved)
REARM = columns_of(StrategyRearmed)
LIMIT = columns_of(LimitSaved)
REFUSAL = columns_of(RefusalSaved)
COMMAND = columns_of(CommandSaved)
NOTE = columns_of(Note)

OPENING_CASH = "opening_cash"
ARMED = "armed"


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement with the values of its placeholders."""

    sql: str
    values: tuple[SqlValue, ...]


def _insert(table: str, names: Sequence[str], verb: str = "INSERT") -> str:
    listed = ", ".join(f'"{name}"' for name in names)
    return f"{verb} INTO {table} ({listed}) VALUES ({', '.join('?' * len(names))})"


def _upsert(table: str, names: Sequence[str], key: str, only_if: str = "") -> str:
    changes = ", ".join(f'"{name}" = excluded."{name}"' for name in names if name != key)
    condition = f" WHERE {only_if}" if only_if else ""
    return f"{_insert(table, names)} ON CONFLICT ({key}) DO UPDATE SET {changes}{condition}"


_INTENT = _insert("intents", INTENT.names, "INSERT OR IGNORE")
_ORDER = _upsert("orders", ("intent_id", *ORDER.names), "intent_id")
_ORDER_EVENT = _insert(
    "order_events",
    ("intent_id", "ts_ns", "state", "fact", "detail", "filled", "order_id", "perm_id", "broker_status"),
)
_FILL = _upsert(
    "fills",
    ("exec_base", "revision", *FILL.names, *FILL_OWNER.names),
    "exec_base",
    only_if="excluded.revision >= fills.revision",
)
_FILL_REVISION = _insert("fill_revisions", ("exec_id", "symbol", "side", "qty", "price", "ts_ns", "owner"))
_COMMISSION = _upsert("commissions", ("exec_base", *COMMISSION.names), "exec_base")
_ADJUSTMENT = _insert("adjustments", ADJUSTMENT.names, "INSERT OR IGNORE")
_META = _upsert("meta", ("key", "value"), "key")
_LATCH = _upsert("latches", LATCH.names, "key")
_LATCH_EVENT = _insert("latch_events", ("key", "what", "who", "why", "ts_ns"))
_BAR_CONSUMED = _insert("consumed_bars", BAR_CONSUMED.names, "INSERT OR IGNORE")
# A day that begins again is the latest day again: REPLACE gives it a new seq.
_DAY = _insert("days", DAY.names, "INSERT OR REPLACE")
_EQUITY = _insert("equity", EQUITY.names)
_DAY_FIGURE = _insert("day_figures", DAY_FIGURE.names, "INSERT OR REPLACE")
_REARM = _insert("rearms", REARM.names)
_LIMIT = _upsert("limits", LIMIT.names, "name")
_LIMIT_CHANGE = _insert("limit_changes", LIMIT.names)
_ALERT = _upsert("alerts", (*ALERT.names, "queued_wall_ns"), "number")
_DELIVERY = (
    "UPDATE alerts SET delivery = ?, attempts = ?, sid = ?, code = ?, outcome = ?, delivery_wall_ns = ?"
    " WHERE number = ?"
)
_REFUSAL = _insert("refusals", REFUSAL.names)
_COMMAND = _insert("commands", COMMAND.names)
_NOTE = _insert("notes", NOTE.names)


def statements_for(record: Record, wall_ns: int) -> list[Statement]:
    """Return what `record` writes; `wall_ns` is real time, UTC nanoseconds, for what people ask about in real time.

    Raises:
        ValueError: a value cannot be stored.
    """
    match record:
        case OrderSaved():
            return _order(record)
        case FillSaved():
            return _fill(record)
        case LatchSaved() | LatchCleared():
            return _latch(record)
        case LimitSaved():
            return [Statement(_LIMIT, LIMIT.values(record)), Statement(_LIMIT_CHANGE, LIMIT.values(record))]
        case BarConsumed():
            return [Statement(_BAR_CONSUMED, BAR_CONSUMED.values(record))]
        case CommissionSaved(commission):
            base = exec_key(commission.exec_id).base
            return [Statement(_COMMISSION, (stored("exec_base", base), *COMMISSION.values(commission)))]
        case AdjustmentSaved(adjustment):
            return [Statement(_ADJUSTMENT, ADJUSTMENT.values(adjustment))]
        case OpeningCashSaved(amount):
            return [Statement(_META, (OPENING_CASH, stored("amount", float(amount))))]
        case ArmedSaved():
            return [Statement(_META, (ARMED, stored(ARMED, json.dumps(to_plain(record)))))]
        case _:
            return [_single(record, wall_ns)]


def _single(
    record: DayStarted
    | EquityMarked
    | DayFigureSaved
    | StrategyRearmed
    | AlertQueued
    | DeliverySaved
    | RefusalSaved
    | CommandSaved
    | Note,
    wall_ns: int,
) -> Statement:
    match record:
        case DayStarted():
            return Statement(_DAY, DAY.values(record))
        case EquityMarked():
            return Statement(_EQUITY, EQUITY.values(record))
        case DayFigureSaved():
            return Statement(_DAY_FIGURE, DAY_FIGURE.values(record))
        case StrategyRearmed():
            return Statement(_REARM, REARM.values(record))
        case AlertQueued(alert):
            return Statement(_ALERT, (*ALERT.values(alert), wall_ns))
        case DeliverySaved():
            values = (record.state, record.attempts, record.sid, record.code, record.reason, wall_ns, record.number)
            return Statement(_DELIVERY, tuple(stored("delivery", value) for value in values))
        case RefusalSaved():
            return Statement(_REFUSAL, REFUSAL.values(record))
        case CommandSaved():
            return Statement(_COMMAND, COMMAND.values(record))
        case Note():
            return Statement(_NOTE, NOTE.values(record))
        case _:
            assert_never(record)


def _order(record: OrderSaved) -> list[Statement]:
    order = record.order
    event = (
        order.intent.intent_id,
        order.updated_ns,
        order.state,
        record.fact,
        record.detail,
        order.filled,
        order.order_id,
        order.perm_id,
        order.broker_status,
    )
    return [
        Statement(_INTENT, INTENT.values(order.intent)),
        Statement(_ORDER, (stored("intent_id", order.intent.intent_id), *ORDER.values(order))),
        Statement(_ORDER_EVENT, tuple(stored("order event", value) for value in event)),
    ]


def _fill(record: FillSaved) -> list[Statement]:
    fill = record.fill
    key = exec_key(fill.exec_id)
    identity = (stored("exec_base", key.base), key.revision)
    revision = (fill.exec_id, fill.symbol, fill.side, fill.qty, fill.price, fill.ts_ns, record.owner)
    return [
        Statement(_FILL, (*identity, *FILL.values(fill), *FILL_OWNER.values(record))),
        Statement(_FILL_REVISION, tuple(stored("fill", value) for value in revision)),
    ]


def _latch(record: LatchSaved | LatchCleared) -> list[Statement]:
    if isinstance(record, LatchSaved):
        latch = record.latch
        event = (latch.key, f"set {latch.state.name}", latch.who, latch.why, latch.ts_ns)
        change = Statement(_LATCH, LATCH.values(latch))
    else:
        event = (record.key, "cleared", record.who, record.reason, record.ts_ns)
        change = Statement("DELETE FROM latches WHERE key = ?", (stored("key", record.key),))
    return [change, Statement(_LATCH_EVENT, tuple(stored("latch", value) for value in event))]
