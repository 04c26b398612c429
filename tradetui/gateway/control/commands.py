"""What the control channel can do.

Invariant: `statement` is the venue's own account truth, computed without any client; tests compare ledgers with it.
"""

from __future__ import annotations

import asyncio
import math
from dataclasses import asdict
from enum import Enum
from typing import TYPE_CHECKING, Final

from tradetui.gateway.control import timekeeping
from tradetui.gateway.control.command import Arguments, Command, CommandError, Json
from tradetui.gateway.faults.catalogue import FAULTS
from tradetui.gateway.session import times
from tradetui.gateway.venue.events import ErrorEvent
from tradetui.gateway.venue.model import Contract, ExecutionFilter, OrderRequest

if TYPE_CHECKING:
    from tradetui.gateway.server import GatewayServer


def clock(gateway: GatewayServer, arguments: Arguments) -> Json:
    """Market time and how far the gateway has come, after what the arguments change (see `timekeeping.change`)."""
    timekeeping.change(gateway, arguments)
    hub = gateway.hub
    now_ns = hub.clock.now_ns()
    return {
        "market_ns": now_ns,
        "market_time": times.zoned(now_ns),
        "reached_ns": hub.now_ns(),
        "speed": "max" if math.isinf(hub.clock.speed) else hub.clock.speed,
        "paused": not hub.clock.speed,
    }


def clients(gateway: GatewayServer, _arguments: Arguments) -> Json:
    """Who is connected."""
    return {
        "clients": [
            {
                "client_id": client.client_id,
                "peer": client.peer,
                "version": client.version,
                "requests": client.received,
                "sent": client.outbox.sent,
                "conflated": client.outbox.conflated,
                "slow": client.outbox.paused,
            }
            for client in gateway.hub.clients.values()
        ]
    }


def statement(gateway: GatewayServer, arguments: Arguments) -> Json:
    """Cash, positions, executions and orders of one account as the venue's books have them."""
    hub = gateway.hub
    hub.catch_up()
    account = arguments.text("account", hub.account)
    if account not in hub.venue.accounts:
        raise CommandError(f"unknown account {account!r}; known: {', '.join(hub.venue.accounts)}")
    return {
        "account": account,
        "market_ns": hub.now_ns(),
        "values": asdict(hub.venue.account_values(account)),
        "positions": [_plain(row) for row in hub.venue.positions(account)],
        "executions": [
            {"execution": _plain(execution), "commission": _plain(report)}
            for execution, report in hub.venue.executions(ExecutionFilter(account=account))
        ],
        "open_orders": [_plain(order) for order in hub.venue.open_orders()],
        "completed_orders": [_plain(order) for order in hub.venue.completed_orders()],
    }


def _plain(value: object) -> object:
    """A venue value as JSON: dataclasses by field, enums by value."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if hasattr(value, "__dataclass_fields__"):
        return {name: _plain(getattr(value, name)) for name in value.__dataclass_fields__}
    return value


def manual_order(gateway: GatewayServer, arguments: Arguments) -> Json:
    """An order as if a human had typed it into TWS."""
    hub = gateway.hub
    hub.catch_up()
    request = OrderRequest(
        contract=_contract(gateway, arguments),
        action=arguments.text("action").upper(),
        quantity=arguments.number("quantity"),
        order_type=arguments.text("order_type", "MKT").upper(),
        limit_price=arguments.number("limit_price") if arguments.has("limit_price") else None,
        aux_price=arguments.number("aux_price") if arguments.has("aux_price") else None,
        tif=arguments.text("tif", "DAY"),
        account=arguments.text("account", hub.account),
    )
    order, events = hub.venue.place_manual(request, hub.now_ns())
    hub.deliver(events)
    if order is None:
        raise CommandError("; ".join(event.text for event in events if isinstance(event, ErrorEvent)) or "refused")
    return {"perm_id": order.perm_id, "status": order.status.value}


def set_price(gateway: GatewayServer, arguments: Arguments) -> Json:
    """A quote and a print at a price, now; with `hold` the market's own prices stay out until `release`."""
    hub = gateway.hub
    price = arguments.number("price")
    if price <= 0:
        raise CommandError("price must be above zero")
    contract = _contract(gateway, arguments)
    size = arguments.integer("size", 100)
    hub.catch_up()
    gateway.pump.hold(contract.con_id, arguments.flag("hold", False))
    tick = gateway.hub.market.contract_details(contract, gateway.hub.now_ns())[0].min_tick
    bid, ask = gateway.pump.show_price(contract.con_id, price, size, spread=2 * tick)
    return {"con_id": contract.con_id, "bid": bid, "ask": ask, "last": price}


def release(gateway: GatewayServer, arguments: Arguments) -> Json:
    """Let the market's own prices of one instrument in again."""
    contract = _contract(gateway, arguments)
    gateway.pump.hold(contract.con_id, False)
    return {"con_id": contract.con_id}


def halt(gateway: GatewayServer, arguments: Arguments) -> Json:
    """Stop or resume trading in one instrument, and say so with the halted tick."""
    contract = _contract(gateway, arguments)
    halted = arguments.flag("halted", True)
    gateway.pump.halt(contract.con_id, halted)
    return {"con_id": contract.con_id, "halted": halted}


def drop_clients(gateway: GatewayServer, _arguments: Arguments) -> Json:
    """Cut every socket without a word."""
    return {"dropped": gateway.drop_clients()}


def refuse_connections(gateway: GatewayServer, arguments: Arguments) -> Json:
    """Close every new connection at once for some wall seconds."""
    seconds = arguments.number("seconds")
    gateway.hub.faults.refuse_until = asyncio.get_running_loop().time() + seconds
    return {"seconds": seconds}


def silence(gateway: GatewayServer, arguments: Arguments) -> Json:
    """Keep every socket open but neither read nor write for some wall seconds."""
    seconds = arguments.number("seconds")
    return {"silenced": gateway.silence(seconds)}


def send_error(gateway: GatewayServer, arguments: Arguments) -> Json:
    """Send an error or notice to one client or to all."""
    code, text = arguments.integer("code"), arguments.text("text", "")
    request_id = arguments.integer("req_id", -1)
    chosen = arguments.integer("client") if arguments.has("client") else None
    told = [client for client in gateway.hub.clients.values() if chosen in (None, client.client_id)]
    for client in told:
        client.error(request_id, code, text)
    return {"told": len(told)}


def fault(gateway: GatewayServer, arguments: Arguments) -> Json:
    """Start a fault of the catalogue, now or when its timing says."""
    return {"key": gateway.injected.start(arguments.fields)}


def faults(gateway: GatewayServer, _arguments: Arguments) -> Json:
    """What runs or waits, and what there is."""
    known = [{"id": each.id, "kind": each.name, "summary": each.summary} for each in FAULTS]
    return {"faults": gateway.injected.listing(), "known": known}


def end_fault(gateway: GatewayServer, arguments: Arguments) -> Json:
    """End one fault."""
    gateway.injected.end(arguments.text("key"))
    return {}


def clear_faults(gateway: GatewayServer, _arguments: Arguments) -> Json:
    """End every fault."""
    gateway.injected.clear()
    gateway.hub.faults.clear()
    return {}


def _contract(gateway: GatewayServer, arguments: Arguments) -> Contract:
    symbol = arguments.text("symbol").upper()
    for contract in gateway.hub.market.contracts():
        if symbol in (contract.symbol, contract.local_symbol):
            return contract
    # Futures, options and the like go by their local symbol, such as ESZ6.
    named = gateway.hub.venue.instrument(Contract.called(symbol))
    if named is None:
        raise CommandError(f"unknown symbol {symbol!r}")
    return named


COMMANDS: Final[dict[str, Command]] = {
    "clock": clock,
    "clients": clients,
    "statement": statement,
    "manual_order": manual_order,
    "set_price": set_price,
    "release": release,
    "halt": halt,
    "drop_clients": drop_clients,
    "refuse_connections": refuse_connections,
    "silence": silence,
    "send_error": send_error,
    "fault": fault,
    "faults": faults,
    "end_fault": end_fault,
    "clear_faults": clear_faults,
}
