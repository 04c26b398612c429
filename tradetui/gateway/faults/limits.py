"""Faults of IB's limits and refusals of data (P1 to P8): lower limits, and refusals out of turn.

Invariant: codes and texts are those the gateway itself uses when a client really breaks the limit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Final

from tradetui.gateway.faults.fault import Fault, Parameter
from tradetui.gateway.faults.general import refuse
from tradetui.gateway.faults.injection import Injection
from tradetui.gateway.session import codes
from tradetui.gateway.session.client import ClientSession
from tradetui.gateway.session.hub import Settings
from tradetui.gateway.wire import requests as ask
from tradetui.gateway.wire.message import Message
from tradetui.gateway.wire.record import Record


def message_rate(fault: Injection) -> None:
    """Fewer messages per second than usual."""
    _keep(fault, replace(fault.hub.settings, max_messages=fault.integer("limit")))


def line_limit(fault: Injection) -> None:
    """Fewer market data lines than usual."""
    _keep(fault, replace(fault.hub.settings, max_lines=fault.integer("limit")))


def _keep(fault: Injection, settings: Settings) -> None:
    """Use other settings until the fault ends."""
    before, fault.hub.settings = fault.hub.settings, settings
    fault.at_end(lambda: setattr(fault.hub, "settings", before))


def history_pacing(fault: Injection) -> None:
    """IB's pacing rules are enforced, or the next request breaks them whatever it is."""
    if not fault.flag("enforce"):
        refuse(fault, ask.REQ_HISTORY, codes.QUERY_FAILED, codes.PACING_TEXT)
        return
    _keep(fault, replace(fault.hub.settings, history_pacing=True))


def no_history(fault: Injection) -> None:
    """A query finds nothing, or is called off."""

    def hook(client: ClientSession, request: Record) -> bool:
        if not fault.acts(client, request.text("symbol")):
            return False
        identity = request.integer("reqId")
        text = codes.no_data(request.text("symbol"), request.text("exchange"), request.text("what"))
        if fault.flag("cancelled"):
            text = f"{codes.HISTORY_PREFIX}API historical data query cancelled: {identity}"
        client.error(identity, codes.QUERY_FAILED, text)
        return True

    fault.on_request(ask.REQ_HISTORY, hook)


def refusal_of(message: Message, code: int, text: str) -> Callable[[Injection], None]:
    """A fault that refuses requests of one kind."""
    return partial(refuse, message=message, code=code, text=text)


_OPEN_HISTORY: Final = f"Error processing request.-'bW' : cause - {codes.OPEN_HISTORY_CAUSE}"

LIMITS: Final = (
    Fault(
        "P1",
        "message_rate",
        "100 above a lower message rate, disconnection when it goes on",
        message_rate,
        (Parameter("limit", 10.0, "requests per wall second"),),
    ),
    Fault(
        "P2",
        "line_limit",
        "101 above fewer market data lines",
        line_limit,
        (Parameter("limit", 1.0, "lines per client"),),
    ),
    Fault(
        "P3",
        "history_pacing",
        "162 pacing violation",
        history_pacing,
        (Parameter("enforce", False, "enforce IB's rules instead of refusing the next request whatever it is"),),
        1,
    ),
    Fault(
        "P4",
        "no_history",
        "162: a historical query returned no data, or was cancelled",
        no_history,
        (Parameter("cancelled", False, "it was cancelled"),),
        1,
    ),
    Fault(
        "P5",
        "no_history_query",
        "366: no such historical query",
        refusal_of(ask.REQ_HISTORY, codes.NO_HISTORY_QUERY, "No historical data query found for ticker id"),
        (),
        1,
    ),
    Fault(
        "P6",
        "summary_limit",
        "322: too many account summaries",
        refusal_of(ask.REQ_SUMMARY, codes.PROCESSING, "Maximum number of account summary requests exceeded"),
        (),
        1,
    ),
    Fault(
        "P7",
        "tick_by_tick_limit",
        "10190: too many tick-by-tick requests",
        refusal_of(
            ask.REQ_TICK_BY_TICK, codes.TICK_BY_TICK_LIMIT, "Max number of tick-by-tick requests has been reached."
        ),
        (),
        1,
    ),
    Fault(
        "P8",
        "open_history_limit",
        "322: too many historical requests at the same time",
        refusal_of(ask.REQ_HISTORY, codes.PROCESSING, _OPEN_HISTORY),
        (),
        1,
    ),
)
