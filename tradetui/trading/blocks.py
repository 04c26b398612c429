"""What the gate would say to an entry now, for each strategy in each of its symbols.

Invariant: it asks the gate itself with the smallest order there is, so that the answer cannot differ from what happens.
"""

from __future__ import annotations

from tradetui.domain.clock import Now
from tradetui.domain.order import Intent, OrderType, Purpose, Side, TimeInForce
from tradetui.risk.gate import Gate
from tradetui.trading.exposure import view_for
from tradetui.trading.state import CoreState

BlockRow = dict[str, str]


def entry_blocks(state: CoreState, gate: Gate, now: Now, symbol: str | None = None) -> list[BlockRow]:
    """Return every reason against buying one lot now: `strategy`, `symbol`, `code`, `measured`, `limit`, `clears`."""
    return [
        row
        for setting in state.settings.strategies
        for traded in setting.symbols
        if symbol in (None, traded)
        for row in _blocks(state, gate, now, setting.name, traded)
    ]


def _blocks(state: CoreState, gate: Gate, now: Now, strategy: str, symbol: str) -> list[BlockRow]:
    instrument = state.instruments[symbol]
    probe = Intent(
        intent_id=f"probe:{strategy}:{symbol}",
        strategy=strategy,
        symbol=symbol,
        side=Side.BUY,
        qty=instrument.lot,
        purpose=Purpose.ENTRY,
        order_type=OrderType.MARKET,
        tif=TimeInForce.DAY,
    )
    decision = gate.check(probe, view_for(state, now, probe, instrument))
    return [
        {
            "strategy": strategy,
            "symbol": symbol,
            "code": refusal.code,
            "measured": refusal.measured,
            "limit": refusal.limit,
            "clears": refusal.clears,
        }
        for refusal in decision.refusals
    ]
