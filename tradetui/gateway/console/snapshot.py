"""What the console shows, read from a running gateway in a moment.

Invariant: reading costs the same however many orders the day has had.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tradetui.gateway.control.command import Json
from tradetui.gateway.session import times
from tradetui.gateway.venue.model import Execution, VenueOrder

if TYPE_CHECKING:
    from tradetui.gateway.server import GatewayServer

ROWS: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientRow:
    """One client. Rates are messages per wall second since the snapshot before."""

    client_id: int
    peer: str
    version: int
    asked_rate: float
    told_rate: float
    conflated: int
    slow: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Everything on the console. `symbol` is the instrument that the keys act on."""

    where: str
    market_time: str
    speed: float
    behind_s: float
    clients: tuple[ClientRow, ...]
    orders: tuple[VenueOrder, ...]
    working: int
    executions: tuple[Execution, ...]
    faults: tuple[Json, ...]
    log: tuple[str, ...]
    symbol: str
    price: str


class Observer:
    """Takes snapshots of one gateway; remembers counts, for the rates."""

    def __init__(
        self, gateway: GatewayServer, log: deque[str], monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._gateway = gateway
        self._log = log
        self._monotonic = monotonic
        self._counts: dict[int, tuple[int, int]] = {}
        self._at = monotonic()

    def look(self, symbol: str) -> Snapshot:
        """The gateway as it is now."""
        gateway, hub = self._gateway, self._gateway.hub
        now_ns = hub.clock.now_ns()
        orders, executions = hub.venue.latest(ROWS)
        control = "" if gateway.control is None else f", control on {gateway.control.port}"
        return Snapshot(
            where=f"{gateway.host}:{gateway.port}{control}",
            market_time=times.zoned(now_ns),
            speed=hub.clock.speed,
            behind_s=(now_ns - hub.reached_ns) / 1e9,
            clients=self._clients(),
            orders=tuple(orders),
            working=hub.venue.working_count,
            executions=tuple(executions),
            faults=tuple(gateway.injected.listing()),
            log=tuple(self._log),
            symbol=symbol,
            price=self._price(symbol),
        )

    def _clients(self) -> tuple[ClientRow, ...]:
        now = self._monotonic()
        passed, self._at = max(now - self._at, 1e-9), now
        before, self._counts = self._counts, {}
        rows: list[ClientRow] = []
        for client_id, client in sorted(self._gateway.hub.clients.items()):
            counts = client.received, client.outbox.sent
            asked, told = before.get(client_id, counts)
            self._counts[client_id] = counts
            rows.append(
                ClientRow(
                    client_id=client_id,
                    peer=client.peer,
                    version=client.version,
                    # A client id that came back begins again at nothing.
                    asked_rate=max(counts[0] - asked, 0) / passed,
                    told_rate=max(counts[1] - told, 0) / passed,
                    conflated=client.outbox.conflated,
                    slow=client.outbox.paused,
                )
            )
        return tuple(rows)

    def _price(self, symbol: str) -> str:
        market = self._gateway.hub.market
        for contract in market.contracts():
            if contract.symbol == symbol:
                last = market.day_stats(contract.con_id).last
                return "" if last is None else f"{last:g}"
        return ""
