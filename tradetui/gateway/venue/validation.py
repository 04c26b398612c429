"""What IB checks before an order exists: fields, tick, lot, time in force, and what a modification may change.

Invariant: a refused request changes nothing, and a refused modification leaves the old order working.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from tradetui.gateway.venue import refusal
from tradetui.gateway.venue.model import ContractDetails, OrderRequest, OrderStatus
from tradetui.gateway.venue.money import to_micros
from tradetui.gateway.venue.refusal import Refusal, invalid_request
from tradetui.gateway.venue.working import Kind, WorkingOrder

KINDS = {kind.value: kind for kind in Kind}
SIDES = {"BUY": 1, "SELL": -1}
TIFS = frozenset({"DAY", "GTC", "IOC", "FOK", "GTD"})
#: IB's trigger methods the venue evaluates: default and last, both "a print at or through the trigger price".
TRIGGER_METHODS = frozenset({0, 2})


def check_account(request: OrderRequest, accounts: Iterable[str]) -> Refusal | None:
    """The order names one of the login's accounts."""
    if not request.account:
        return refusal.NO_ACCOUNT
    if request.account not in accounts:
        return invalid_request(f"Invalid account code '{request.account}'.")
    return None


def check_request(request: OrderRequest, details: ContractDetails) -> Refusal | None:
    """Every rule that needs the request and the contract alone; None when the order may live."""
    return (
        _check_names(request) or _check_size(request, details) or _check_prices(request, details) or _check_tif(request)
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
    if request.quantity <= order.filled:
        return invalid_request(f"Order size must exceed the filled size {order.filled}.")
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
    if request.quantity != int(request.quantity):
        return refusal.FRACTIONAL
    lot = int(details.size_increment)
    if int(request.quantity) % lot:
        return refusal.rejected(f"Order size {request.quantity:g} does not conform to the lot size {lot}.")
    return None


def _check_prices(request: OrderRequest, details: ContractDetails) -> Refusal | None:
    kind = KINDS[request.order_type]
    wanted = [("limit price", request.limit_price)] if kind.has_limit else []
    if kind.has_stop:
        wanted.append(("stop price", request.aux_price))
    tick = to_micros(details.min_tick)
    for name, price in wanted:
        if price is None or not math.isfinite(price) or price <= 0:
            return invalid_request(f"Please enter a valid {name}.")
        # The price must be a tick to the micro-dollar: 100.001 is refused, float noise around 100.01 is not.
        if to_micros(price) % tick or abs(price - to_micros(price) / 1e6) > 1e-9 * max(1.0, price):
            return refusal.PRICE_VARIATION
    return None


def _check_tif(request: OrderRequest) -> Refusal | None:
    if request.tif not in TIFS:
        return refusal.invalid_tif(request.tif)
    if request.tif == "GTD" and request.good_till is None:
        return refusal.GTD_INVALID
    waits = KINDS[request.order_type].has_stop or request.parent_id or request.good_after is not None
    if request.tif in ("IOC", "FOK") and waits:
        return refusal.TIF_INCOMPATIBLE
    return None
