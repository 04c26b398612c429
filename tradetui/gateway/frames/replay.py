"""Plays the clients of a frame log to a fresh gateway of the same making and compares its replies with the recorded.

Invariants: market time goes exactly as it went in the log, so nothing depends on this machine's speed; every recorded
request reaches the gateway in its order; fields that must differ between two runs are not compared.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from itertools import zip_longest
from pathlib import Path
from typing import Any, Final

from tradetui.domain.errors import OperatorError
from tradetui.gateway.assembly import GatewayOptions, assemble
from tradetui.gateway.control.channel import ControlChannel
from tradetui.gateway.control.command import CommandError
from tradetui.gateway.faults.schedule import parse as parse_schedule
from tradetui.gateway.frames.heading import ELSEWHERE
from tradetui.gateway.frames.reading import FrameFile
from tradetui.gateway.frames.row import Row, Way
from tradetui.gateway.frames.showing import decoded
from tradetui.gateway.memory_link import MemoryClient
from tradetui.gateway.server import GatewayServer
from tradetui.gateway.wire import replies_account as account
from tradetui.gateway.wire import replies_market as market
from tradetui.gateway.wire.errors import FieldError
from tradetui.gateway.wire.framing import API_PREFIX, frame, split_fields
from tradetui.gateway.wire.record import Record
from tradetui.gateway.wire.replies_research import REPLIES

#: Told when it suits the gateway, not in answer to anything: how often depends on its load.
UNPROMPTED: Final = frozenset(
    message.id
    for message in (
        *(account.ACCOUNT_VALUE, account.PORTFOLIO, account.ACCOUNT_TIME, account.SUMMARY, account.UPDATE_MULTI),
        *(account.PNL, account.PNL_SINGLE),
        *(market.TICK_PRICE, market.TICK_SIZE, market.TICK_GENERIC, market.TICK_STRING, market.TICK_BY_TICK),
        *(market.REALTIME_BAR, market.HISTORY_UPDATE),
    )
)
#: Fields that two runs may spell differently: times, and the ids that a venue gives.
VARYING: Final = frozenset({"time", "permId", "parentPermId", "execId", "completedTime"})
_GREETING: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One reply that is not as recorded; None where one side has no more. `number` counts the link's replies."""

    link: int
    number: int
    recorded: list[str] | None
    now: list[str] | None


@dataclass(slots=True, kw_only=True)
class Comparison:
    """What came of a replay."""

    links: int = 0
    requests: int = 0
    replies: int = 0
    differences: list[Difference] = field(default_factory=list)


class SetClock:
    """Market time is what the log says."""

    speed = 0.0

    def __init__(self, now_ns: int) -> None:
        self._now_ns = now_ns

    def now_ns(self) -> int:
        """Market time, UTC nanoseconds."""
        return self._now_ns

    def delay_until(self, market_ns: int) -> float:
        """Nothing waits for this clock."""
        return 0.0

    def set_speed(self, speed: float) -> None:
        """The log has its own speed."""

    def jump_to(self, market_ns: int) -> None:
        """Go forward at once."""
        self._now_ns = max(self._now_ns, market_ns)


def gateway_of(log: FrameFile) -> GatewayServer:
    """A gateway like the one that wrote the log. Raises OperatorError."""
    heading = log.heading
    options, wall_ns, state = heading.get("options"), heading.get("wall_ns"), heading.get("state")
    if not log.is_whole:
        raise OperatorError(
            f"{log.parts[-1]}: the log's beginning is gone, so that it cannot be played; show it instead"
        )
    if (
        not isinstance(options, dict)
        or not isinstance(wall_ns, int)
        or not (state is None or isinstance(state, Mapping))
    ):
        raise OperatorError(f"{log.parts[0]}: the heading does not tell how the gateway was started")
    try:
        schedule = parse_schedule(heading.get("schedule") or {})
    except CommandError as error:
        raise OperatorError(f"{log.parts[0]}: the schedule of its faults: {error}") from None
    known = {each.name for each in fields(GatewayOptions)} - ELSEWHERE
    # JSON has lists where an option is a tuple.
    told: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in options.items()}
    shaping: dict[str, Any] = {name: value for name, value in told.items() if name in known}
    if isinstance(shaping.get("rules"), str):
        shaping["rules"] = Path(shaping["rules"])
    same = GatewayOptions(**shaping)
    gateway = assemble(same, state=state, schedule=schedule, wall_ns=wall_ns)
    # How fast the clients spoke is not repeated, so neither are the limits on it.
    gateway.hub.settings = replace(gateway.hub.settings, max_messages=0, history_pacing=False)
    gateway.hub.clock = SetClock(gateway.hub.reached_ns)
    return gateway


async def replay(log: FrameFile) -> Comparison:
    """Play the recorded clients. Raises OperatorError for a log that cannot be played."""
    player = _Player(gateway_of(log))
    for row in log.rows():
        await player.play(row)
    return await player.end()


class _Player:
    def __init__(self, gateway: GatewayServer) -> None:
        self._gateway = gateway
        self._control = ControlChannel(gateway, 0)
        self._clients: dict[int, MemoryClient] = {}
        self._recorded: dict[int, list[bytes]] = {}
        self._requests = 0
        gateway.schedule.start(gateway)

    async def play(self, row: Row) -> None:
        """Let market time reach the row's, then do what it tells."""
        self._gateway.hub.clock.jump_to(row.market_ns)
        while not self._gateway.pump.catch_up():
            continue
        self._gateway.pump.step()
        match row.way:
            case Way.OPENED:
                self._clients[row.link] = MemoryClient(self._gateway, keep=True)
                self._recorded[row.link] = []
            case Way.IN:
                self._feed(self._clients[row.link], row.body)
            case Way.OUT:
                self._recorded[row.link].append(row.body)
            case Way.CLOSED:
                self._clients[row.link].close()
            case Way.CONTROL:
                self._control.answer(row.body.rstrip(b"\0"))
        await asyncio.sleep(0)

    def _feed(self, client: MemoryClient, body: bytes) -> None:
        self._requests += 1
        client.feed(frame(body) if client.version else API_PREFIX + frame(body))

    async def end(self) -> Comparison:
        """Hang up and compare."""
        await asyncio.sleep(0)
        result = Comparison(links=len(self._clients), requests=self._requests)
        for link, client in self._clients.items():
            now = _comparable(client.replies)
            recorded = _comparable(self._recorded[link])
            result.replies += len(recorded)
            result.differences += _differences(link, recorded, now)
            client.close()
        await asyncio.sleep(0)
        return result


def _comparable(bodies: list[bytes]) -> list[list[str]]:
    """The fields of each reply that answers something, the varying ones blanked."""
    if not bodies:
        return []
    greeting = split_fields(bodies[0])
    version = int(greeting[0]) if greeting and greeting[0].isdigit() else 0
    told = [split_fields(body) for body in bodies[_GREETING:]]
    return [greeting[:1], *(_blanked(fields, version) for fields in told if not _is_unprompted(fields))]


def _is_unprompted(fields: list[str]) -> bool:
    return bool(fields) and fields[0].isdigit() and int(fields[0]) in UNPROMPTED


def _blanked(fields: list[str], version: int) -> list[str]:
    message = REPLIES.get(int(fields[0])) if fields and fields[0].isdigit() else None
    if message is None:
        return fields
    try:
        record = decoded(message, version, fields)
        return [message.name, *_spelled(record)]
    except FieldError:
        return fields


def _spelled(record: Record) -> Iterator[str]:
    for name, value in record.items():
        if name in VARYING:
            continue
        if isinstance(value, list):
            yield f"{name}=[{'; '.join(' '.join(_spelled(row)) for row in value)}]"
        else:
            yield f"{name}={value}"


def _differences(link: int, recorded: list[list[str]], now: list[list[str]]) -> list[Difference]:
    pairs = zip_longest(recorded, now)
    return [
        Difference(link=link, number=number, recorded=one, now=other)
        for number, (one, other) in enumerate(pairs, start=1)
        if one != other
    ]
