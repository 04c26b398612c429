"""The paper gateway before a crowd: twenty clients, each with a hundred lines, in real time."""

from __future__ import annotations

import json
import selectors
import socket
import time
from contextlib import ExitStack

from tradetui.bench.gateway import NO_LIMITS, stock
from tradetui.bench.market_file import symbols, write_market
from tradetui.bench.measure import Measurement, Unmeasured, at_most
from tradetui.bench.stage import Play, open_stage
from tradetui.bench.wire_client import WireClient
from tradetui.gateway.wire.requests import REQ_MARKET_DATA

CLIENTS = 20
LINES = 100
WATCH_S = 10.0
#: Real seconds that the first pictures may take to be read.
_SETTLE_S = 3.0
_SLOWEST_S = 0.2


def measure(scale: float) -> list[Measurement]:
    """Return how far behind its own clock the gateway is, and the messages it sends meanwhile."""
    names = symbols(LINES)
    with open_stage() as stage, ExitStack() as stack:
        file = stage.home / "market.csv"
        write_market(file, names)
        control = _free_port()
        play = Play(symbols=names, speed=1.0, market=f"replay:{file}")
        port = stage.start_gateway(play, NO_LIMITS, "--control-port", str(control))
        selector = stack.enter_context(selectors.DefaultSelector())
        for number in range(1, CLIENTS + 1):
            client = stack.enter_context(WireClient(port, client_id=number))
            selector.register(client, selectors.EVENT_READ)
            for line, name in enumerate(names, start=1):
                client.send(REQ_MARKET_DATA, reqId=line, genericTicks="233", **stock(name))
        _read(selector, _SETTLE_S)
        seconds = max(2.0, WATCH_S * scale)
        messages = _read(selector, seconds)
        behind = _behind_s(control)
    what = f"{CLIENTS} clients with {LINES} lines each, in real time"
    return [
        Measurement(
            name="crowd.behind", what=f"how far the market is behind its clock: {what}", value=behind, unit="s",
            budget=at_most(_SLOWEST_S),
        ),
        Measurement(name="crowd.ticks", what="tick messages sent meanwhile", value=messages / seconds, unit="/s"),
    ]  # fmt: skip


def _read(selector: selectors.BaseSelector, seconds: float) -> int:
    """Read whatever comes for a while; return how many messages came."""
    end, messages = time.perf_counter() + seconds, 0
    while (left := end - time.perf_counter()) > 0:
        for key, _ in selector.select(left):
            if isinstance(key.fileobj, WireClient):
                messages += len(key.fileobj.read_some())
    return messages


def _behind_s(control: int) -> float:
    """Return by how many market seconds the gateway is behind, as its control channel says."""
    with socket.create_connection(("127.0.0.1", control), timeout=10) as channel:
        channel.sendall(b'{"cmd": "clock"}\n')
        answer = json.loads(channel.makefile().readline())
    if not answer.get("ok"):
        raise Unmeasured(f"the gateway does not tell its clock: {answer}")
    return float(answer["market_ns"] - answer["reached_ns"]) / 1e9


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        return int(unused.getsockname()[1])
