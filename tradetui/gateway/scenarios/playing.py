"""Plays a scenario on a gateway, and judges by the venue's books how it ended.

Invariant: what the venue can know is judged by its books, never by asking the client: an order sent twice is there.
"""

from __future__ import annotations

import json
import logging
from collections import Counter
from functools import partial
from typing import Final

from tradetui.domain.clock import SECOND_NS
from tradetui.gateway.control.channel import ControlChannel
from tradetui.gateway.control.command import Json
from tradetui.gateway.scenarios.scenario import Scenario
from tradetui.gateway.server import GatewayServer

log = logging.getLogger("tradetui.gateway")

_WIDTH: Final = 100


def arm(scenario: Scenario, gateway: GatewayServer) -> None:
    """Let the scenario's commands come at their market times. Its faults are the gateway's schedule."""
    control, begin_ns = ControlChannel(gateway, 0), gateway.hub.now_ns()
    for command in scenario.commands:
        seconds = command["after"]
        due_ns = begin_ns + round(float(seconds) * SECOND_NS) if isinstance(seconds, int | float) else begin_ns
        fields = {name: value for name, value in command.items() if name != "after"}
        gateway.hub.agenda.at(due_ns, partial(_give, control, fields))


def _give(control: ControlChannel, fields: Json) -> None:
    answer = control.answer(json.dumps(fields).encode())
    if not answer["ok"]:
        log.warning("the scenario's command %s was refused: %s", fields["cmd"], answer["error"])


def verdict(scenario: Scenario, gateway: GatewayServer) -> list[str]:
    """What is not as it must be in the venue's books; empty when all is well."""
    venue, expect = gateway.hub.venue, scenario.expect
    wrong = [f"order reference {ref} was sent {count} times" for ref, count in sorted(sent_twice(gateway).items())]
    if expect.open_orders is not None and len(venue.open_orders()) != expect.open_orders:
        wrong.append(f"{len(venue.open_orders())} orders work; it must end with {expect.open_orders}")
    if expect.positions is not None:
        held = {row.contract.symbol: row.quantity for row in venue.positions() if row.quantity}
        for symbol in sorted(held.keys() | expect.positions.keys()):
            has, must = held.get(symbol, 0), expect.positions.get(symbol, 0)
            if has != must:
                wrong.append(f"{has:g} {symbol} are held; it must end with {must:g}")
    return wrong


def sent_twice(gateway: GatewayServer) -> dict[str, int]:
    """Order references that more than one order of the venue carries, with how many."""
    venue = gateway.hub.venue
    orders = (*venue.open_orders(), *venue.completed_orders())
    counts = Counter(order.request.order_ref for order in orders if order.request.order_ref)
    return {ref: count for ref, count in counts.items() if count > 1}


def listing(scenarios: list[Scenario]) -> str:
    """Name and title of each, for `--list-scenarios`."""
    return "".join(f"{each.name:<32}{each.title}\n" for each in scenarios)


def told(scenario: Scenario) -> str:
    """The story as the operator reads it when it begins."""
    equal = scenario.expect.books == "equal"
    ending = "your books must equal the venue's" if equal else "your client must show a difference"
    return (
        f"scenario {scenario.name}: {scenario.title}\n{scenario.story}\n"
        f"your client: {scenario.client}\nmust end with: {scenario.expect.client} ({ending})\n"
    )
