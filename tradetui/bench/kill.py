"""From a kill in another shell to the last cancel on the wire, with twenty orders working."""

from __future__ import annotations

import time

from tradetui.bench.market_file import symbols, write_market
from tradetui.bench.measure import Measurement, Unmeasured, at_most
from tradetui.bench.players import rest
from tradetui.bench.stage import Play, open_stage
from tradetui.bench.wire_tap import WireTap
from tradetui.control.client import command_message
from tradetui.control.messages import State
from tradetui.gateway.wire.requests import CANCEL_ORDER

WORKING = 20
LIMIT_S = 30.0


def measure(scale: float) -> list[Measurement]:
    """Return the seconds to the last cancel on the wire, and to the core's word that every order is dead."""
    names = symbols(max(2, int(WORKING * scale)))
    with open_stage() as stage:
        market = stage.home / "bars.csv"
        write_market(market, names)
        play = Play(symbols=names, speed=20, player=rest, market=f"replay:{market}")
        with WireTap(stage.start_gateway(play)) as tap:
            stage.start_core(play, tap.port)
            stage.until(lambda state: _working(state) >= len(names), f"{len(names)} orders work")
            client = stage.client()
            begin = time.perf_counter()
            statuses = list(client.command(command_message("kill", who="bench", reason="bench"), timeout_s=LIMIT_S))
            confirmed = time.perf_counter() - begin
            cancels = [at for at in tap.times_of(CANCEL_ORDER.id) if at >= begin]
    if statuses[-1][0] != "done" or len(cancels) < len(names):
        raise Unmeasured(f"{len(cancels)} of {len(names)} orders were cancelled; the core said {statuses[-1][1]!r}")
    return [
        Measurement(
            name="kill.last_cancel",
            what=f"kill from another process to the last of {len(names)} cancels written, right after as many orders",
            value=cancels[-1] - begin,
            unit="s",
            budget=at_most(1),
        ),
        Measurement(name="kill.confirmed", what="and to the core's word that all are dead", value=confirmed, unit="s"),
    ]


def _working(state: State) -> int:
    return sum(row.get("state") == "WORKING" for row in state.get("orders", {}).values())
