"""Faults of the gateway's life (S1 to S6): restarts, log-ins, resets, moved ports, ids that linger.

Invariant: what the venue knows survives every one of them; only the conversation is lost.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from tradetui.gateway.faults.fault import Fault, Parameter
from tradetui.gateway.faults.injection import Injection
from tradetui.gateway.faults.muting import BARS, TICKS, mute, stop_streams
from tradetui.gateway.session.client import ClientSession
from tradetui.gateway.session.connection import Connection
from tradetui.gateway.session.faults import Admission
from tradetui.gateway.venue.events import CommissionEvent, ExecutionEvent, OpenOrderEvent, OrderStatusEvent, VenueEvent
from tradetui.gateway.wire.place_order import PLACE_ORDER
from tradetui.gateway.wire.record import Record

LOST_TEXT: Final = "Connectivity between IBKR and Trader Workstation has been lost."
DATA_LOST_TEXT: Final = (
    "Connectivity between IBKR and Trader Workstation has been restored - data lost."
    " *Market and account data subscription requests must be resubmitted*"
)
DATA_KEPT_TEXT: Final = (
    "Connectivity between IBKR and Trader Workstation has been restored - data maintained."
    " All data farms are connected: usfarm; ushmds; secdefil."
)
_SECONDS: Final = Parameter("seconds", 20.0, "market seconds until it is over")


def client_id_lingers(fault: Injection) -> None:
    """The gateway lets go of a client's id only some time after the client has gone."""
    seconds, hub = fault.number("seconds"), fault.hub

    def left(client_id: int) -> None:
        if fault.integer("client") in (-1, client_id) and fault.acts():
            hub.taken_ids.add(client_id)
            asyncio.get_running_loop().call_later(seconds, hub.taken_ids.discard, client_id)

    fault.hub.faults.departures[fault.key] = left
    fault.at_end(lambda: fault.hub.faults.remove(fault.key))
    fault.at_end(hub.taken_ids.clear)


def restart(fault: Injection) -> None:
    """The gateway goes away and comes back, now or at the next order."""
    order = fault.choice("order", ("none", "lost", "live"))
    if order == "none":
        _go_away(fault)
        return

    def strike(client: ClientSession, request: Record) -> bool:
        if not fault.acts(client, request.text("symbol"), request.integer("orderId") or 0):
            return False
        # Nothing more reaches the client, whatever the order causes before the socket dies.
        client.outbox.pause()
        fault.soon(lambda: _go_away(fault))
        return order == "lost"

    fault.on_request(PLACE_ORDER, strike)


def _go_away(fault: Injection) -> None:
    gateway = fault.gateway
    gateway.drop_clients()
    login_s = fault.number("login_seconds")
    down_s = fault.number("seconds")
    if down_s > 0:
        gateway.close_port(down_s)
    if login_s <= 0:
        fault.end()
        return
    up_at = asyncio.get_running_loop().time() + down_s + login_s

    def not_yet(_connection: Connection) -> Admission | None:
        return Admission.NO_LOGIN if asyncio.get_running_loop().time() < up_at else None

    fault.on_connection(not_yet)
    fault.later_by_wall(down_s + login_s, fault.end)


def nightly_reset(fault: Injection) -> None:
    """1100, silence, then 1101 (subscriptions gone) or 1102 (kept)."""
    lost, executions = fault.flag("lost"), fault.choice("executions", ("late", "lost", "now"))
    for number in range(max(fault.integer("repeats"), 1)):
        fault.later(number * fault.number("seconds") / 10, lambda: _announce(fault, 1100, LOST_TEXT))
    mute(fault, TICKS + BARS)
    held: list[VenueEvent] = []
    if executions != "now":
        fault.on_events(lambda events: _hold(events, held))

    def over() -> None:
        if lost:
            for client in fault.clients():
                stop_streams(fault.hub, client)
        told = held if executions == "late" else []
        fault.end()
        _announce(fault, *((1101, DATA_LOST_TEXT) if lost else (1102, DATA_KEPT_TEXT)))
        fault.hub.tell(told)

    fault.later(fault.number("seconds"), lambda: None if fault.is_over else over())


def _hold(events: Sequence[VenueEvent], held: list[VenueEvent]) -> Sequence[VenueEvent]:
    kept = [event for event in events if isinstance(event, _ORDER_NEWS)]
    held += kept
    return [event for event in events if not isinstance(event, _ORDER_NEWS)]


_ORDER_NEWS: Final = (ExecutionEvent, CommissionEvent, OpenOrderEvent, OrderStatusEvent)


def reset_then_drop(fault: Injection) -> None:
    """1100, then the socket dies before anything was restored."""
    _announce(fault, 1100, LOST_TEXT)
    mute(fault, TICKS + BARS)

    def drop() -> None:
        fault.end()
        fault.gateway.drop_clients()

    fault.later(fault.number("seconds"), drop)


def port_moved(fault: Injection) -> None:
    """1300, then the connection closes in good order."""
    port = fault.integer("port")
    text = (
        "TWS socket port has been reset and this connection is being dropped. Please reconnect on the new port"
        f" - {port}"
    )
    for client in fault.clients():
        client.error(None, 1300, text)
    for connection in tuple(fault.gateway.connections):
        connection.close()
    fault.end()


def server_broken(fault: Injection) -> None:
    """2110: the gateway has lost its server."""
    _announce(
        fault, 2110, "Connectivity between Trader Workstation and server is broken. It will be restored automatically."
    )
    fault.end()


def _announce(fault: Injection, code: int, text: str) -> None:
    for client in fault.clients():
        client.error(None, code, text)


RESTARTS: Final = (
    Fault(
        "S1",
        "client_id_lingers",
        "a client id stays in use after its client has gone: 326",
        client_id_lingers,
        (Parameter("seconds", 10.0, "wall seconds"),),
    ),
    Fault(
        "S2",
        "restart",
        "every socket dies without a word, then connecting is refused",
        restart,
        (
            Parameter("seconds", 60.0, "wall seconds until it listens again"),
            Parameter("order", "none", "none: at once; lost or live: with the next order, which is lost or works on"),
            Parameter("login_seconds", 0.0, "wall seconds after that during which nobody is logged in"),
        ),
        1,
    ),
    Fault(
        "S3",
        "weekly_login",
        "the gateway is down and then waits for a human to log in",
        restart,
        (
            Parameter("seconds", 3600.0, "wall seconds until it listens again"),
            Parameter("order", "none", "as for restart"),
            Parameter("login_seconds", 7200.0, "wall seconds after that during which nobody is logged in"),
        ),
        1,
    ),
    Fault(
        "S4",
        "nightly_reset",
        "1100 (repeated), no data, then 1101 with subscriptions lost or 1102 with them kept",
        nightly_reset,
        (
            _SECONDS,
            Parameter("lost", True, "1101 instead of 1102: every subscription is gone"),
            Parameter("repeats", 3.0, "how often 1100 is sent"),
            Parameter("executions", "late", "order news meanwhile: late, lost (only reqExecutions knows), or now"),
        ),
    ),
    Fault("S5", "reset_then_drop", "1100, and the socket dies before 1101", reset_then_drop, (_SECONDS,)),
    Fault(
        "S6",
        "port_moved",
        "1300 with another port, then the connection closes",
        port_moved,
        (Parameter("port", 4003.0, "the port it names"),),
    ),
    Fault("S6b", "server_broken", "2110: the gateway has lost its server", server_broken),
)
