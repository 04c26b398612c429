"""What an order asks for, in micro-dollars: the fixed part of a working order.

Invariant: terms follow from the request and the instrument alone; what the market does to an order (a trailing stop, a
pegged limit) changes the order, never its terms.
"""

from __future__ import annotations

from dataclasses import dataclass

from tradetui.gateway.venue.kinds import Kind, TriggerMethod, trigger_method
from tradetui.gateway.venue.model import OrderRequest
from tradetui.gateway.venue.money import to_micros


@dataclass(frozen=True, slots=True)
class Terms:
    """Type and prices of an order; None where the type has none or the client left it to the market.

    `limit` is the limit price, or the cap of a pegged order. `stop` is the trigger price; for a trailing order where
    the client wants it to begin. A trailing order follows at `trail` micro-dollars or `trail_share` parts per million
    of the price; `gap` is how far the limit of a TRAIL LIMIT lies beyond its stop. `offset` is how far a REL order
    lies inside the quote, or `offset_share` parts per million of it.
    """

    kind: Kind
    method: TriggerMethod
    limit: int | None
    stop: int | None = None
    trail: int | None = None
    trail_share: int | None = None
    gap: int | None = None
    offset: int = 0
    offset_share: int | None = None


def terms_of(request: OrderRequest) -> Terms:
    """The terms of a validated request."""
    kind = Kind(request.order_type)
    method = trigger_method(request.trigger_method, request.contract.sec_type)
    if kind.trails:
        return _trailing(request, kind, method)
    limit = _price(request.limit_price) if kind.needs_limit or kind.may_limit else None
    if not kind.is_pegged:
        return Terms(kind, method, limit, _price(request.aux_price) if kind.needs_stop else None)
    return Terms(
        kind,
        method,
        limit or None,
        offset=_price(request.aux_price) or 0 if kind is Kind.RELATIVE else 0,
        offset_share=_share(request.percent_offset, 1.0) if kind is Kind.RELATIVE else None,
    )


def _trailing(request: OrderRequest, kind: Kind, method: TriggerMethod) -> Terms:
    limit, stop = _price(request.limit_price), _price(request.trail_stop_price)
    gap = None
    if kind is Kind.TRAIL_LIMIT:
        gap = _price(request.limit_offset)
        if gap is None and limit is not None and stop is not None:
            gap = limit - stop if request.action == "BUY" else stop - limit
    return Terms(
        kind,
        method,
        None,
        stop,
        trail=_price(request.aux_price),
        trail_share=_share(request.trailing_percent, 0.01),
        gap=gap,
    )


def _price(price: float | None) -> int | None:
    return None if price is None else to_micros(price)


def _share(value: float | None, unit: float) -> int | None:
    """`value` in parts per million, None for nothing; TWS sends the trail in percent and the peg as a fraction."""
    return to_micros(value * unit) if value else None
