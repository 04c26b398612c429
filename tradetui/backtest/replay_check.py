"""What strategies would have decided over recorded bars: the list to hold against a live day.

A live day and a backtest of the same bars must decide the same orders: same strategy, symbol, side, quantity, type and
bar. Several strategies share one account here as they do live, so that the gate sees the same exposure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from tradetui.backtest.engine import Player, RunSpec, run
from tradetui.backtest.orders import SimOrder
from tradetui.domain.ids import intent_id
from tradetui.domain.instrument import Instrument
from tradetui.domain.order import OrderType, Side
from tradetui.marketdata.bar_columns import BarColumns
from tradetui.strategy.api import ParamValue
from tradetui.strategy.loader import load_strategy


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One running strategy, as configured live: `name` marks its orders, `strategy` is the registered name or file."""

    name: str
    strategy: str
    symbols: tuple[str, ...]
    params: Mapping[str, ParamValue]


class Decided(NamedTuple):
    """An order that was decided at the close `bar_end_ns` and passed the gate. Sorts by time, symbol, strategy."""

    bar_end_ns: int
    symbol: str
    strategy: str
    side: Side
    qty: float
    order_type: OrderType
    limit: float | None
    stop: float | None
    leg: str
    intent_id: str


def decided_orders(
    entries: Sequence[Entry],
    folder: Path,
    bars: Mapping[str, BarColumns],
    spec: RunSpec,
    instruments: Mapping[str, Instrument] | None = None,
) -> list[Decided]:
    """Return the orders that `entries` decide over `bars`, oldest first; bars before `spec.start_ns` only warm up.

    Raises:
        OperatorError: a strategy cannot be loaded or a symbol has no bars.
        StrategyError: strategy code failed.
    """
    known = instruments or {}
    players = []
    for entry in sorted(entries, key=lambda item: item.name):
        loaded = load_strategy(entry.strategy, folder)
        for symbol in entry.symbols:
            instrument = known.get(symbol, Instrument(symbol=symbol))
            players.append(Player(entry.name, loaded.make(symbol, entry.params), instrument, loaded.file))
    result = run(players, dict(bars), spec)
    lanes = result.lanes
    return sorted(_decided(lanes[index].owner, lanes[index].symbol, order) for index, order in result.log.orders)


def _decided(owner: str, symbol: str, order: SimOrder) -> Decided:
    return Decided(
        order.decided_ns,
        symbol,
        owner,
        Side.BUY if order.sign > 0 else Side.SELL,
        order.qty,
        order.order_type,
        order.limit,
        order.stop,
        order.leg,
        intent_id(owner, symbol, order.decided_ns, order.leg),
    )
