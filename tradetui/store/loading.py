"""Builds the image a restart begins from.

Invariant: loading what was committed gives the same image as keeping it in memory. What is bounded is bounded relative
to the newest row, not to a clock: a stopped day, or a demo market years away, loads the same.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from tradetui.domain.alert import Alert
from tradetui.domain.clock import SECOND_NS
from tradetui.domain.fill import Commission
from tradetui.domain.latch import Latch
from tradetui.domain.ledger import Adjustment
from tradetui.domain.order import OrderRecord
from tradetui.domain.order_state import LIVE_STATES
from tradetui.domain.records import (
    ArmedSaved,
    BarConsumed,
    CommandSaved,
    DayFigureSaved,
    DayStarted,
    FillSaved,
    JournalImage,
    LimitSaved,
    StrategyRearmed,
)
from tradetui.store.columns import SqlValue, select
from tradetui.store.plain import from_plain
from tradetui.store.statements import (
    ADJUSTMENT,
    ALERT,
    ARMED,
    BAR_CONSUMED,
    COMMAND,
    COMMISSION,
    DAY,
    DAY_FIGURE,
    FILL,
    FILL_OWNER,
    INTENT,
    LATCH,
    LIMIT,
    OPENING_CASH,
    ORDER,
    REARM,
)

#: Orders that ended are kept in the image this long after their last change.
ORDER_DAYS_NS = 7 * 86_400 * SECOND_NS
#: Commands a client may still send again after a restart.
COMMANDS = 1000


#: Delivery states after which nothing happens to an alert any more.
DELIVERY_ENDED = ("DELIVERED", "UNDELIVERED", "FAILED", "SUPPRESSED", "FOLDED")


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenAlert:
    """An alert on its way: queued at `wall_ns` (real time), its delivery state, the carrier's id if there is one."""

    alert: Alert
    wall_ns: int
    state: str
    sid: str | None


def load_open_alerts(connection: sqlite3.Connection) -> list[OpenAlert]:
    """Return the alerts whose delivery has not ended, oldest first."""
    ended = ", ".join("?" * len(DELIVERY_ENDED))
    rows = connection.execute(
        select("alerts", ALERT.listed(), "queued_wall_ns", "delivery", "sid")
        + f" WHERE delivery NOT IN ({ended}) ORDER BY number",
        DELIVERY_ENDED,
    )
    return [OpenAlert(alert=ALERT.read(row), wall_ns=row[-3], state=row[-2], sid=row[-1]) for row in rows]


def load_image(connection: sqlite3.Connection) -> JournalImage:
    """Return the image of the whole journal, read in one transaction."""
    connection.execute("BEGIN")
    try:
        return JournalImage(
            orders=_orders(connection),
            fills=_fills(connection),
            commissions=_commissions(connection),
            adjustments=_adjustments(connection),
            opening_cash=_opening_cash(connection),
            latches=_latches(connection),
            consumed=_consumed(connection),
            day=_day(connection),
            peak_equity=_scalar(connection, "SELECT peak_equity FROM equity ORDER BY seq DESC LIMIT 1"),
            day_high=_day_high(connection),
            day_figures=_day_figures(connection),
            rearms=_rearms(connection),
            limits=_limits(connection),
            commands=_commands(connection),
            armed=_armed(connection),
            next_alert_number=int(_scalar(connection, "SELECT max(number) FROM alerts") or 0) + 1,
        )
    finally:
        connection.execute("COMMIT")


def order_of(row: Sequence[SqlValue]) -> OrderRecord:
    """Return the order held by a row of `SELECT_ORDERS`."""
    return ORDER.read(row[len(INTENT.names) :], intent=INTENT.read(row))


def fill_of(row: Sequence[SqlValue]) -> FillSaved:
    """Return the fill held by a row of `SELECT_FILLS`."""
    return FILL_OWNER.read(row[len(FILL.names) :], fill=FILL.read(row))


SELECT_ORDERS = select("orders JOIN intents USING (intent_id)", INTENT.listed("intents"), ORDER.listed("orders"))
SELECT_FILLS = select("fills", FILL.listed(), FILL_OWNER.listed())


def _orders(connection: sqlite3.Connection) -> tuple[OrderRecord, ...]:
    live = ", ".join(f"'{state}'" for state in sorted(LIVE_STATES))
    newest = "(SELECT max(updated_ns) FROM orders)"
    rows = connection.execute(
        SELECT_ORDERS + f" WHERE state IN ({live}) OR updated_ns >= {newest} - ? ORDER BY orders.rowid",
        (ORDER_DAYS_NS,),
    )
    return tuple(order_of(row) for row in rows)


def _fills(connection: sqlite3.Connection) -> tuple[FillSaved, ...]:
    return tuple(fill_of(row) for row in connection.execute(SELECT_FILLS + " ORDER BY rowid"))


def _commissions(connection: sqlite3.Connection) -> tuple[Commission, ...]:
    rows = connection.execute(select("commissions", COMMISSION.listed()) + " ORDER BY rowid")
    return tuple(COMMISSION.read(row) for row in rows)


def _adjustments(connection: sqlite3.Connection) -> tuple[Adjustment, ...]:
    rows = connection.execute(select("adjustments", ADJUSTMENT.listed()) + " ORDER BY rowid")
    return tuple(ADJUSTMENT.read(row) for row in rows)


def _opening_cash(connection: sqlite3.Connection) -> float | None:
    value = connection.execute("SELECT value FROM meta WHERE key = ?", (OPENING_CASH,)).fetchone()
    return None if value is None else float(value[0])


def _armed(connection: sqlite3.Connection) -> ArmedSaved | None:
    value = connection.execute("SELECT value FROM meta WHERE key = ?", (ARMED,)).fetchone()
    return None if value is None else from_plain(ArmedSaved, json.loads(value[0]))


def _latches(connection: sqlite3.Connection) -> tuple[Latch, ...]:
    rows = connection.execute(select("latches", LATCH.listed()) + " ORDER BY key")
    return tuple(LATCH.read(row) for row in rows)


def _consumed(connection: sqlite3.Connection) -> tuple[BarConsumed, ...]:
    # Bars reach a strategy in time order, so the newest consumed bar says that all older ones are.
    rows = connection.execute(
        "SELECT strategy, symbol, max(bar_end_ns) FROM consumed_bars GROUP BY strategy, symbol"
        " ORDER BY strategy, symbol"
    )
    return tuple(BAR_CONSUMED.read(row) for row in rows)


def _day(connection: sqlite3.Connection) -> DayStarted | None:
    row = connection.execute(select("days", DAY.listed()) + " ORDER BY seq DESC LIMIT 1").fetchone()
    return None if row is None else DAY.read(row)


_LATEST_DATE = "(SELECT date FROM days ORDER BY seq DESC LIMIT 1)"


def _day_high(connection: sqlite3.Connection) -> float | None:
    return _scalar(connection, f"SELECT max(day_high) FROM equity WHERE date = {_LATEST_DATE}")  # noqa: S608 (constant)


def _day_figures(connection: sqlite3.Connection) -> tuple[DayFigureSaved, ...]:
    rows = connection.execute(select("day_figures", DAY_FIGURE.listed()) + f" WHERE date = {_LATEST_DATE}")
    return tuple(DAY_FIGURE.read(row) for row in rows)


def _rearms(connection: sqlite3.Connection) -> tuple[StrategyRearmed, ...]:
    newest = " WHERE seq IN (SELECT max(seq) FROM rearms GROUP BY strategy) ORDER BY strategy"
    return tuple(REARM.read(row) for row in connection.execute(select("rearms", REARM.listed()) + newest))


def _limits(connection: sqlite3.Connection) -> tuple[LimitSaved, ...]:
    rows = connection.execute(select("limits", LIMIT.listed()) + " ORDER BY name")
    return tuple(LIMIT.read(row) for row in rows)


def _commands(connection: sqlite3.Connection) -> tuple[CommandSaved, ...]:
    rows = connection.execute(select("commands", COMMAND.listed()) + " ORDER BY seq DESC LIMIT ?", (COMMANDS,))
    return tuple(COMMAND.read(row) for row in rows)[::-1]


def _scalar(connection: sqlite3.Connection, sql: str) -> float | None:
    row = connection.execute(sql).fetchone()
    return None if row is None else row[0]
