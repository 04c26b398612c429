"""The tables of a run as Arrow columns: bars, orders, fills, round trips, refusals and the equity curve.

Times are the ends of bars (UTC). `order` numbers an order within the run, `intent` is its id as live trading gives it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from tradetui.backtest.arrow_columns import UTC_NS, floats, ints, numbers, texts, times
from tradetui.backtest.orders import SimOrder
from tradetui.backtest.outcome import Outcome
from tradetui.domain.ids import intent_id

Columns = Mapping[str, Any]
_SIDES = {1: "BUY", -1: "SELL"}


def run_tables(outcome: Outcome) -> dict[str, Columns]:
    """Return every table of the run by name."""
    return {
        "bars": _bars(outcome),
        "orders": _orders(outcome),
        "fills": _fills(outcome),
        "trades": _trades(outcome),
        "refusals": _refusals(outcome),
        "equity": _equity(outcome),
    }


def _bars(outcome: Outcome) -> Columns:
    parts = [outcome.bars[symbol] for symbol in sorted(outcome.bars)]
    names = [part.symbol for part in parts for _ in range(len(part))]
    columns = {"symbol": texts(names), "end": numbers(np.concatenate([part.end_ns for part in parts]), UTC_NS)}
    for name in ("open", "high", "low", "close", "volume"):
        columns[name] = numbers(np.concatenate([getattr(part, name) for part in parts]), pa.float64())
    return columns


def _orders(outcome: Outcome) -> Columns:
    lanes = outcome.result.lanes
    rows = [(lanes[index], order) for index, order in outcome.result.log.orders]
    return {
        "order": ints(order.number for _, order in rows),
        "intent": texts(intent_id(lane.owner, lane.symbol, order.decided_ns, order.leg) for lane, order in rows),
        "strategy": texts(lane.owner for lane, _ in rows),
        "symbol": texts(lane.symbol for lane, _ in rows),
        "decided": times(order.decided_ns for _, order in rows),
        "side": texts(_SIDES[order.sign] for _, order in rows),
        "qty": floats(order.qty for _, order in rows),
        "type": texts(order.order_type.value for _, order in rows),
        "limit": floats(order.limit for _, order in rows),
        "stop": floats(order.stop for _, order in rows),
        "tif": texts(order.tif.value for _, order in rows),
        "purpose": texts(order.purpose.value for _, order in rows),
        "leg": texts(order.leg for _, order in rows),
        "reason": texts(order.reason for _, order in rows),
        "state": texts(order.state.value for _, order in rows),
        "ended": times(order.ended_ns or None for _, order in rows),
        "filled": floats(order.filled for _, order in rows),
        "avg_price": floats(_avg_price(order) for _, order in rows),
        "commission": floats(order.commission for _, order in rows),
    }


def _avg_price(order: SimOrder) -> float | None:
    return order.value / order.filled if order.filled else None


def _fills(outcome: Outcome) -> Columns:
    lanes, rows = outcome.result.lanes, list(outcome.result.log.fill_rows())
    return {
        "order": ints(row.order.number for row in rows),
        "strategy": texts(lanes[row.lane].owner for row in rows),
        "symbol": texts(lanes[row.lane].symbol for row in rows),
        "end": times(row.end_ns for row in rows),
        "signed_qty": floats(row.signed_qty for row in rows),
        "price": floats(row.price for row in rows),
        "commission": floats(row.commission for row in rows),
        "slippage": floats(row.slippage for row in rows),
        "realized": floats(row.realized for row in rows),
        "cash": floats(outcome.spec.cash + row.flow for row in rows),
        "position": floats(row.position for row in rows),
    }


def _trades(outcome: Outcome) -> Columns:
    lanes, rows = outcome.result.lanes, outcome.trades
    return {
        "strategy": texts(lanes[row.lane].owner for row in rows),
        "symbol": texts(lanes[row.lane].symbol for row in rows),
        "side": texts("LONG" if row.sign > 0 else "SHORT" for row in rows),
        "qty": floats(row.qty for row in rows),
        "entry": times(row.entry_ns for row in rows),
        "exit": times(row.exit_ns for row in rows),
        "entry_price": floats(row.entry_price for row in rows),
        "exit_price": floats(row.exit_price for row in rows),
        "profit": floats(row.profit for row in rows),
        "commission": floats(row.commission for row in rows),
    }


def _refusals(outcome: Outcome) -> Columns:
    lanes, rows = outcome.result.lanes, outcome.result.log.refused
    return {
        "strategy": texts(lanes[row.lane].owner for row in rows),
        "symbol": texts(lanes[row.lane].symbol for row in rows),
        "end": times(row.end_ns for row in rows),
        "side": texts(_SIDES[row.sign] for row in rows),
        "qty": floats(row.qty for row in rows),
        "codes": texts(row.codes for row in rows),
        "text": texts(row.text for row in rows),
    }


def _equity(outcome: Outcome) -> Columns:
    curve = outcome.curve
    money = {"equity": curve.equity, "cash": curve.cash, "gross": curve.gross}
    return {
        "end": numbers(curve.end_ns, UTC_NS),
        **{name: numbers(values, pa.float64()) for name, values in money.items()},
    }
