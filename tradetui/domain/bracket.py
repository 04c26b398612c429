"""The orders behind an entry: what they are called, and what they protect.

Invariant: the children of an order close exactly its quantity, carry an identity of their own, and of a stop-loss and a
take-profit a fill of one takes its quantity off the other.
"""

from __future__ import annotations

from dataclasses import replace

from tradetui.domain.ids import intent_id
from tradetui.domain.instrument import Instrument
from tradetui.domain.order import Intent, OrderType, Purpose, TimeInForce

#: Legs of the children, after their parent's own.
STOP_LEG, TARGET_LEG = "/stop", "/target"
#: Leg of the part of a decision that opens a position, where another part closes one.
OPENING_LEG = "+open"


def children(
    parent: Intent, stop_loss: float | None, take_profit: float | None, instrument: Instrument
) -> tuple[Intent, ...]:
    """Return the protective orders that rest behind `parent` until it fills; they outlive the day."""
    wanted = ((STOP_LEG, stop_loss, None), (TARGET_LEG, None, take_profit))
    found = [
        _child(parent, leg, stop, target, instrument)
        for leg, stop, target in wanted
        if stop is not None or target is not None
    ]
    group = f"tt-{parent.intent_id}" if len(found) > 1 else ""
    return tuple(replace(child, oca_group=group) for child in found)


def _child(parent: Intent, leg: str, stop: float | None, target: float | None, instrument: Instrument) -> Intent:
    side = parent.side.opposite
    return replace(
        parent,
        intent_id=intent_id(parent.strategy, parent.symbol, parent.bar_end_ns, parent.leg + leg),
        side=side,
        purpose=Purpose.STOP,
        order_type=OrderType.STOP if target is None else OrderType.LIMIT,
        tif=TimeInForce.GTC,
        stop_price=instrument.order_price(stop, side.sign),
        limit_price=instrument.order_price(target, side.sign),
        leg=parent.leg + leg,
        reason=f"protects {parent.intent_id}",
        parent_id=parent.intent_id,
    )
