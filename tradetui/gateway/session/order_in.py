"""From placeOrder on the wire to the venue's order request.

Invariant: whatever the venue does not interpret is kept in `echo`, so openOrder can give the client its order back.
"""

import json
from typing import Final

from tradetui.gateway.session import times
from tradetui.gateway.venue.condition import Condition, ConditionKind
from tradetui.gateway.venue.model import Contract, Echo, OrderRequest
from tradetui.gateway.wire.record import Record

_INTERPRETED: Final = frozenset(
    (
        "orderId",
        "conId",
        "symbol",
        "secType",
        "expiry",
        "strike",
        "right",
        "multiplier",
        "exchange",
        "primaryExchange",
        "currency",
        "localSymbol",
        "tradingClass",
        "secIdType",
        "secId",
        "action",
        "totalQuantity",
        "orderType",
        "lmtPrice",
        "auxPrice",
        "tif",
        "ocaGroup",
        "account",
        "openClose",
        "orderRef",
        "transmit",
        "parentId",
        "triggerMethod",
        "outsideRth",
        "hidden",
        "goodAfterTime",
        "goodTillDate",
        "ocaType",
        "allOrNone",
        "minQty",
        "displaySize",
        "trailStopPrice",
        "trailingPercent",
        "whatIf",
        "lmtPriceOffset",
        "percentOffset",
    )
)


def order_request(request: Record, contract: Contract, account: str) -> OrderRequest:
    """Build the venue's request; `account` is used where the client named none. Raises ValueError on a bad time."""
    return OrderRequest(
        contract=contract,
        action=request.text("action").upper(),
        quantity=request.number("totalQuantity") or 0.0,
        order_type=request.text("orderType").upper(),
        limit_price=request.number("lmtPrice"),
        aux_price=request.number("auxPrice"),
        tif=request.text("tif").upper() or "DAY",
        account=request.text("account") or account,
        order_ref=request.text("orderRef"),
        parent_id=request.integer("parentId") or 0,
        transmit=request.flag("transmit"),
        oca_group=request.text("ocaGroup"),
        oca_type=request.integer("ocaType") or 0,
        outside_rth=request.flag("outsideRth"),
        good_till=times.parse(request.text("goodTillDate")),
        good_after=times.parse(request.text("goodAfterTime")),
        good_till_text=request.text("goodTillDate"),
        good_after_text=request.text("goodAfterTime"),
        what_if=request.flag("whatIf"),
        hidden=request.flag("hidden"),
        all_or_none=request.flag("allOrNone"),
        min_quantity=request.integer("minQty"),
        display_size=request.integer("displaySize") or None,
        trigger_method=request.integer("triggerMethod") or 0,
        open_close=request.text("openClose") or "O",
        trail_stop_price=request.number("trailStopPrice"),
        trailing_percent=request.number("trailingPercent"),
        limit_offset=request.number("lmtPriceOffset"),
        percent_offset=request.number("percentOffset"),
        conditions=_conditions(request),
        conditions_ignore_rth=request.flag("conditionsIgnoreRth"),
        conditions_cancel=request.flag("conditionsCancelOrder"),
        echo=echo_of(request),
    )


def echo_of(request: Record) -> Echo:
    """Every set field that the venue leaves alone, each value as JSON."""
    return tuple((name, json.dumps(value)) for name, value in request.items() if value and name not in _INTERPRETED)


def echoed(echo: Echo) -> Record:
    """The fields `echo_of` kept, as wire values again."""
    record = Record()
    for name, text in echo:
        value = json.loads(text)
        record[name] = _rows(value) if isinstance(value, list) else value
    return record


def _rows(rows: list[dict[str, object]]) -> list[Record]:
    restored = []
    for row in rows:
        record = Record()
        for name, value in row.items():
            if isinstance(value, list):
                record[name] = _rows(value)
            elif value is None or isinstance(value, str | int | float | bool):
                record[name] = value
        restored.append(record)
    return restored


def _conditions(request: Record) -> tuple[Condition, ...]:
    """The order's conditions. Raises ValueError for a kind that does not exist or a time that is none."""
    return tuple(_condition(row) for row in request.rows("conditions"))


def _condition(row: Record) -> Condition:
    kind = ConditionKind(row.integer("type") or 0)
    percent = row.number("percent") if kind is ConditionKind.MARGIN else row.number("changePercent")
    return Condition(
        kind=kind,
        and_next=row.text("conjunction") != "o",
        is_more=row.flag("isMore"),
        con_id=row.integer("conId") or 0,
        exchange=row.text("exchange"),
        symbol=row.text("symbol"),
        sec_type=row.text("secType"),
        price=row.number("price") or 0.0,
        trigger_method=row.integer("triggerMethod") or 0,
        time_ns=times.parse(row.text("time")) or 0,
        percent=percent or 0.0,
        volume=row.integer("volume") or 0,
    )
