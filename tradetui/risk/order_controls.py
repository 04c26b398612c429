"""Controls for every order, exits and flatten orders too: sound fields, identity, state, no crossing of zero.

An exit is never refused by an entry limit, a rate limit or a broken journal; what is here protects against orders that
would not be exits, or not be orders at all.
"""

from __future__ import annotations

import math

from tradetui.domain.latch import TradingState
from tradetui.domain.order import Intent, OrderType, Purpose
from tradetui.risk.control import Refusal, quantity
from tradetui.risk.limits import Limits
from tradetui.risk.view import RiskView

_NEEDS_LIMIT = frozenset({OrderType.LIMIT, OrderType.STOP_LIMIT})
_NEEDS_STOP = frozenset({OrderType.STOP, OrderType.STOP_LIMIT})


class SoundFields:
    """Quantity and prices are finite, positive, on lot and tick, and exactly those that the order type needs."""

    code = "FIELDS"

    def check(self, intent: Intent, view: RiskView, limits: Limits) -> Refusal | None:
        """Refuse a malformed order."""
        fault = _qty_fault(intent, view) or _price_fault(intent, view)
        return Refusal(self.code, fault, "a sound order", "when the strategy sends a sound order") if fault else None


def _qty_fault(intent: Intent, view: RiskView) -> str:
    if not math.isfinite(intent.qty) or intent.qty <= 0:
        return f"quantity {intent.qty!r}"
    if abs(view.instrument.round_qty(intent.qty) - intent.qty) > 1e-9:
        return f"quantity {quantity(intent.qty)} is no multiple of the lot {quantity(view.instrument.lot)}"
    return ""


def _price_fault(intent: Intent, view: RiskView) -> str:
    wanted = (
        ("limit", intent.limit_price, intent.order_type in _NEEDS_LIMIT),
        ("stop", intent.stop_price, intent.order_type in _NEEDS_STOP),
    )
    for name, price, needed in wanted:
        if (price is not None) != needed:
            return f"{intent.order_type} order {'without' if needed else 'with'} a {name} price"
        if price is None:
            continue
        if not math.isfinite(price) or price <= 0:
            return f"{name} price {price!r}"
        if not view.instrument.is_on_tick(price):
            return f"{name} price {price!r} is off the tick {view.instrument.tick_at(price):g}"
    return ""


class KnownIntent:
    """The same decision is never sent twice."""

    code = "DUPLICATE_INTENT"

    def check(self, intent: Intent, view: RiskView, limits: Limits) -> Refusal | None:
        """Refuse an intent id that the journal holds."""
        if not view.known_intent:
            return None
        return Refusal(self.code, f"intent {intent.intent_id} is in the journal", "once", "never")


class LinkReady:
    """Nothing is sent before a full sync with the broker on this connection."""

    code = "LINK_NOT_READY"

    def check(self, intent: Intent, view: RiskView, limits: Limits) -> Refusal | None:
        """Refuse while the link is not READY."""
        if view.link_ready:
            return None
        return Refusal(self.code, "the broker link is not synced", "READY", "after the next full sync")


class TradingAllowed:
    """The trading state: PAUSED and HALTED let only reducing orders pass, KILLED only the operator's flatten."""

    code = "TRADING_STATE"

    def check(self, intent: Intent, view: RiskView, limits: Limits) -> Refusal | None:
        """Refuse what the state forbids."""
        if view.state is TradingState.RUN or intent.purpose is Purpose.FLATTEN:
            return None
        if view.state is not TradingState.KILLED and is_reducing(intent, view):
            return None
        measured = f"{view.state.name} ({view.state_why})" if view.state_why else view.state.name
        clears = f"when cleared by: {view.state_clears}" if view.state_clears else "when the state is RUN again"
        return Refusal(self.code, measured, TradingState.RUN.name, clears)


class NoCrossing:
    """Long-only accounts never sell more than is held less what own orders may still sell."""

    code = "LONG_ONLY"

    def check(self, intent: Intent, view: RiskView, limits: Limits) -> Refusal | None:
        """Refuse a sale that could open a short position."""
        if not limits.long_only or intent.side.sign > 0:
            return None
        closable = view.exposure.closable(-1)
        if intent.qty <= closable + 1e-9:
            return None
        held = f"sell {quantity(intent.qty)} with {quantity(closable)} free to sell"
        return Refusal(self.code, held, "no short position", "when enough is held")


class ReduceOnly:
    """Exits, protective stops and flatten orders must reduce what is held at the broker."""

    code = "REDUCE_ONLY"

    def check(self, intent: Intent, view: RiskView, limits: Limits) -> Refusal | None:
        """Refuse an exit that is larger than the position."""
        if intent.purpose not in (Purpose.EXIT, Purpose.STOP, Purpose.FLATTEN) or is_reducing(intent, view):
            return None
        closable = view.exposure.closable(intent.side.sign)
        measured = f"{intent.side} {quantity(intent.qty)} with {quantity(closable)} to close"
        return Refusal(self.code, measured, "the open position", "when the position is that large")


def is_reducing(intent: Intent, view: RiskView) -> bool:
    """Return whether the order can only bring the position nearer to zero, own live orders counted."""
    return intent.qty <= view.exposure.closable(intent.side.sign) + 1e-9
