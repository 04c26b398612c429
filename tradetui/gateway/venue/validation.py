"""What IB checks before an order exists: fields, tick, lot, time in force, and what a modification may change.

Invariant: a refused request changes nothing, and a refused modification leaves the old order working.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

from tradetui.gateway.venue import refusal
from tradetui.gateway.venue.condition import ConditionKind
from tradetui.gateway.venue.kinds import METHODS, Kind
from tradetui.gateway.venue.model import ContractDetails, OrderRequest, OrderStatus
from tradetui.gateway.venue.money import shown, to_micros
from tradetui.gateway.venue.refusal import Refusal, invalid_request
from tradetui.gateway.venue.terms import terms_of
from tradetui.gateway.venue.ticks import TickRule
from tradetui.gateway.venue.working import WorkingOrder

KINDS = {kind.value: kind for kind in Kind}
SIDES = {"BUY": 1, "SELL": -1}
TIFS = frozenset({"DAY", "GTC", "IOC", "FOK", "GTD", "OPG"})
TRIGGER_METHODS = frozenset({0, *METHODS})
#: Times in force that end an order at once, or in an auction.
_SHORT = frozenset({"IOC", "FOK", "OPG"})
#: Security types that have opening and closing auctions.
_AUCTIONED = frozenset({"STK"})


def check_account(request: OrderRequest, accounts: Iterable[str]) -> Refusal | None:
    """The order names one of the login's accounts."""
    if not request.account:
        return refusal.NO_ACCOUNT
    if request.account not in accounts:
        return invalid_request(f"Invalid account code '{request.account}'.")
    return None


def check_request(request: OrderRequest, details: ContractDetails, ticks: TickRule) -> Refusal | None:
    """Every rule that needs the request and the contract alone; None when the order may live."""
    refused = _check_names(request) or _check_size(request, details) or _check_finite(request)
    if refused is not None:
        return refused
    kind = KINDS[request.order_type]
    return (
        _check_prices(request, kind, ticks)
        or (_check_trail(request, kind) if kind.trails else None)
        or _check_tif(request, kind, details.contract.sec_type)
    )


def check_modification(order: WorkingOrder, request: OrderRequest) -> Refusal | None:
    """What placeOrder with the id of an existing order may change."""
    if order.status is OrderStatus.FILLED:
        return refusal.MODIFY_FILLED
    if order.is_done:
        return refusal.DUPLICATE_ID
    if order.status is OrderStatus.PENDING_CANCEL:
        return refusal.rejected("Cannot change an order that is being cancelled")
    same = (
        request.contract.con_id == order.con_id,
        SIDES[request.action] == order.side,
        request.account == order.account,
        request.parent_id in (0, order.request.parent_id),
    )
    if not all(same):
        return refusal.MODIFY_MISMATCH
    if request.oca_group != order.request.oca_group:
        return refusal.OCA_REVISION
    if request.quantity * order.lots <= order.filled:
        return invalid_request(f"Order size must exceed the filled size {shown(order.filled, order.lots):g}.")
    return None


def check_conditions(request: OrderRequest, is_known: Callable[[int], bool]) -> Refusal | None:
    """Every condition names an instrument, a moment or a trade that can be watched."""
    for each in request.conditions:
        if each.kind.watches_contract and not is_known(each.con_id):
            return invalid_request("A condition names a contract that does not exist.")
        if each.kind is ConditionKind.TIME and each.time_ns <= 0:
            return invalid_request("A time condition has no time.")
        if each.kind is ConditionKind.EXECUTION and not each.symbol:
            return invalid_request("An execution condition has no symbol.")
        if each.trigger_method not in TRIGGER_METHODS or not math.isfinite(each.price + each.percent):
            return invalid_request("A condition has an invalid trigger method or threshold.")
    return None


def _check_names(request: OrderRequest) -> Refusal | None:
    if request.action not in SIDES:
        return invalid_request(f"Invalid order action '{request.action}'.")
    if not request.contract.exchange:
        return invalid_request("Missing order exchange")
    if request.order_type not in KINDS:
        return refusal.TYPE_UNSUPPORTED
    if request.trigger_method not in TRIGGER_METHODS:
        return invalid_request(f"Trigger method {request.trigger_method} is not supported.")
    if request.oca_type not in (0, 1, 2, 3):
        return invalid_request(f"Invalid OCA type {request.oca_type}.")
    return None


def _check_size(request: OrderRequest, details: ContractDetails) -> Refusal | None:
    if not math.isfinite(request.quantity) or request.quantity < 0:
        return invalid_request(f"Invalid order size {request.quantity}.")
    if request.quantity == 0:
        return refusal.ZERO_SIZE
    lot = details.size_increment
    lots = round(request.quantity / lot)
    if abs(lots * lot - request.quantity) > 1e-9 * max(1.0, request.quantity):
        if lot == 1:
            return refusal.FRACTIONAL
        return refusal.rejected(f"Order size {request.quantity:g} does not conform to the lot size {lot:g}.")
    return None


def _check_prices(request: OrderRequest, kind: Kind, ticks: TickRule) -> Refusal | None:
    wanted: list[tuple[str, float | None]] = []
    if kind.needs_limit or (kind.may_limit and request.limit_price):
        wanted.append(("limit price", request.limit_price))
    if kind.needs_stop:
        wanted.append(("stop price", request.aux_price))
    if kind.trails and request.trail_stop_price is not None:
        wanted.append(("stop price", request.trail_stop_price))
    for name, price in wanted:
        if price is None or not math.isfinite(price) or price <= 0:
            return invalid_request(f"Please enter a valid {name}.")
        # The price must be a tick to the micro-dollar: 100.001 is refused, float noise around 100.01 is not.
        if not ticks.allows(to_micros(price)) or abs(price - to_micros(price) / 1e6) > 1e-9 * max(1.0, price):
            return refusal.PRICE_VARIATION
    return _check_offset(request) if kind is Kind.RELATIVE else None


def _check_offset(request: OrderRequest) -> Refusal | None:
    for name, value in (("offset", request.aux_price), ("percent offset", request.percent_offset)):
        if value is not None and not (math.isfinite(value) and value >= 0):
            return invalid_request(f"Please enter a valid {name}.")
    return None


def _check_finite(request: OrderRequest) -> Refusal | None:
    """A price may be infinite on the wire even where the order's type does not use it."""
    prices = (request.limit_price, request.aux_price, request.trail_stop_price, request.limit_offset)
    if all(price is None or math.isfinite(price) for price in prices):
        return None
    return invalid_request("Please enter a valid price: it must be a finite number.")


def _check_trail(request: OrderRequest, kind: Kind) -> Refusal | None:
    trails = [each for each in (request.aux_price, request.trailing_percent) if each]
    if len(trails) != 1 or not math.isfinite(trails[0]) or trails[0] < 0 or (request.trailing_percent or 0) >= 100:
        return invalid_request("Please enter either a trailing amount or a trailing percent.")
    if kind is Kind.TRAIL_LIMIT:
        gap = terms_of(request).gap
        if gap is None or gap < 0:
            return invalid_request("Please enter a valid limit price offset.")
    return None


def _check_tif(request: OrderRequest, kind: Kind, sec_type: str) -> Refusal | None:
    if request.tif not in TIFS:
        return refusal.invalid_tif(request.tif)
    if request.tif == "GTD" and request.good_till is None:
        return refusal.GTD_INVALID
    if (kind.at_close or request.tif == "OPG") and sec_type not in _AUCTIONED:
        return refusal.TYPE_UNSUPPORTED
    waits = kind.waits or kind.is_pegged or request.parent_id != 0 or request.good_after is not None
    if request.tif in _SHORT and (waits or kind.at_close):
        return refusal.TIF_INCOMPATIBLE
    if kind.at_close and request.tif != "DAY":
        return refusal.TIF_INCOMPATIBLE
    return None
