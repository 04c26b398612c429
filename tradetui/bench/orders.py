"""The whole core at work: from a closed bar to an order's bytes, its event loop while clients misbehave, its memory.

A real gateway process, a real core process and a real strategy host process; the core itself measures the latency from
the moment it finds a bar closed to the moment the order's bytes are with the socket, journal commit between them.
"""

from __future__ import annotations

import socket
from contextlib import ExitStack

from tradetui.bench.measure import Measurement, Unmeasured, at_most
from tradetui.bench.players import flip
from tradetui.bench.stage import Play, Stage, open_stage
from tradetui.control.client import client_hello
from tradetui.control.codec import encode
from tradetui.control.messages import Row, State

ORDERS_ALONE = 250
ORDERS_TOGETHER = 600
FOUR = ("SPY", "QQQ", "DIA", "IWM")
STALLED_CLIENTS = 3
LIMIT_S = 60.0


def measure(scale: float) -> list[Measurement]:
    """Return latencies with one symbol and with four that close together, loop lag and memory."""
    alone = _trade(("SPY",), max(5, int(ORDERS_ALONE * scale)), stalled=0)
    together = _trade(FOUR, max(10, int(ORDERS_TOGETHER * scale)), stalled=STALLED_CLIENTS)
    return [
        *_latencies("orders.1", "one symbol", alone),
        *_latencies("orders.4", "four symbols whose bars close together", together),
        Measurement(
            name="orders.loop_lag_p99",
            what=f"core loop lag while {STALLED_CLIENTS} clients subscribe at 10 Hz, do not read, and die",
            value=_number(together, "loop_lag_ms"),
            unit="ms",
            budget=at_most(10),
        ),
        Measurement(
            name="orders.core_rss",
            what=f"memory of the core after {_number(together, 'orders_sent'):.0f} orders",
            value=_number(together, "rss_mb"),
            unit="MB",
            budget=at_most(200),
        ),
    ]


def _trade(symbols: tuple[str, ...], orders: int, stalled: int) -> Row:
    """Trade until `orders` were sent and return the core's row of the state."""
    play = Play(symbols=symbols, speed=60, player=flip)

    def sent(count: float) -> object:
        return stage.until(lambda state: _number(_core(state), "orders_sent") >= count, f"{count:.0f} orders", LIMIT_S)

    with open_stage() as stage:
        stage.start_core(play, stage.start_gateway(play))
        with ExitStack() as clients:
            for _ in range(stalled):
                clients.enter_context(_stalled_client(stage))
            sent(orders * 0.7)
        sent(orders)
        return _core(stage.state())


def _stalled_client(stage: Stage) -> socket.socket:
    """Return a client of the core that asks for everything and reads nothing."""
    path = stage.paths.socket_for_clients()
    if path is None:
        raise Unmeasured("the core has no control socket")
    client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    client.connect(str(path))
    client.sendall(encode(client_hello("bench-stalled")) + encode({"t": "subscribe", "hz": 10.0}))
    return client


def _latencies(name: str, whose: str, core: Row) -> list[Measurement]:
    what = f"bar close to order bytes, commit included; {whose}, {_number(core, 'orders_sent'):.0f} orders"
    return [
        Measurement(
            name=f"{name}.p50", what=what, value=_number(core, "order_latency_p50_ms"), unit="ms", budget=at_most(2)
        ),
        Measurement(
            name=f"{name}.p99", what=what, value=_number(core, "order_latency_p99_ms"), unit="ms", budget=at_most(10)
        ),
    ]


def _core(state: State) -> Row:
    return state.get("core", {}).get("core", {})


def _number(core: Row, column: str) -> float:
    value = core.get(column)
    return float(value) if isinstance(value, int | float) else 0.0
