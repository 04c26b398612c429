"""A campaign: so many frames at so many sessions of one gateway after another, and what went wrong.

Invariant: a seed gives the same frames in the same order; an exception of the gateway, even one that it caught and
answered, is a finding with the frame that caused it; every gateway must still serve an honest client at its end.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Final

from tradetui.domain.clock import SECOND_NS, to_ns
from tradetui.gateway.assembly import GatewayOptions, build
from tradetui.gateway.fuzz import mutation
from tradetui.gateway.fuzz.corpus import Corpus
from tradetui.gateway.memory_link import MemoryClient
from tradetui.gateway.server import GatewayServer
from tradetui.gateway.wire.framing import frame
from tradetui.gateway.wire.replies_account import CURRENT_TIME
from tradetui.gateway.wire.requests import GLOBAL_CANCEL, REQ_CURRENT_TIME
from tradetui.gateway.wire.versions import CEILING, FLOOR

LIFE: Final = 250_000
"""Frames one gateway gets before the next one is built."""
TURN: Final = 25
"""Frames between two turns of the event loop, in which replies leave and market time passes."""
CLIENTS: Final = 4
SPEED: Final = 1_000.0
"""A fast market makes fewer prices for each market minute: the frames are what is tested here."""
_WALL_STEP_NS: Final = SECOND_NS // 2_000
_DAY_FRAMES: Final = 60_000
_START: Final = "2026-03-16T10:00-04:00"
_MOST_FINDINGS: Final = 20
HONEST: Final = 99


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A frame that the gateway could not deal with."""

    number: int
    reason: str
    data: bytes


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What a campaign saw. Times are wall seconds, memory is in megabytes (None where /proc is absent)."""

    frames: int = 0
    connections: int = 0
    reply_bytes: int = 0
    seconds: float = 0.0
    slowest_s: float = 0.0
    slowest: bytes = b""
    rss_mb: list[float] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


class _Ears(logging.Handler):
    """Hears what the gateway logs as an error: an exception that it caught."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.heard: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        self.heard.append(f"{record.getMessage()}: {error!r}")


class _Time:
    """Monotonic time that moves by hand."""

    def __init__(self) -> None:
        self.ns = 0

    def __call__(self) -> int:
        return self.ns


class Campaign:
    """Runs `frames` frames of `seed`."""

    def __init__(
        self, *, frames: int, seed: int, life: int = LIFE, progress: Callable[[Outcome], object] | None = None
    ) -> None:
        self._frames = frames
        self._life = life
        self._progress = progress
        self._rng = Random(seed)  # noqa: S311 - a seeded choice, not a secret
        self._corpus = Corpus(self._rng)
        self._ears = _Ears()
        self._clients: list[MemoryClient] = []
        self._last_order_id = 0
        self._version = CEILING
        self.outcome = Outcome()

    async def run(self) -> Outcome:
        """Throw all frames; findings are in the outcome, nothing is raised for them."""
        log = logging.getLogger("tradetui.gateway")
        before = log.propagate
        log.addHandler(self._ears)
        log.propagate = False
        asyncio.get_running_loop().set_exception_handler(self._loop_error)
        begin = time.perf_counter()
        try:
            while self.outcome.frames < self._frames and len(self.outcome.findings) < _MOST_FINDINGS:
                await self._one_life(min(self._life, self._frames - self.outcome.frames))
        finally:
            log.removeHandler(self._ears)
            log.propagate = before
        self.outcome.seconds = time.perf_counter() - begin
        return self.outcome

    async def _one_life(self, frames: int) -> None:
        clock = _Time()
        gateway = build(
            GatewayOptions(start=_START, limits=False, speed=SPEED, max_version=CEILING),
            wall_ns=lambda: to_ns(datetime(2026, 3, 16, 15, tzinfo=UTC)),
            monotonic_ns=clock,
        )
        self._last_order_id = 0
        for number in range(frames):
            if number % TURN == 0:
                clock.ns += _WALL_STEP_NS
                await self._turn(gateway)
            if number % _DAY_FRAMES == _DAY_FRAMES - 1:
                gateway.hub.clock.jump_to(gateway.hub.clock.now_ns() + 86_400 * SECOND_NS)
            self._throw(gateway)
            if len(self.outcome.findings) >= _MOST_FINDINGS:
                break
        await self._turn(gateway)
        await self._honest(gateway)
        self._hang_up()
        await asyncio.sleep(0)
        memory = rss_mb()
        if memory is not None:
            self.outcome.rss_mb.append(memory)
        if self._progress is not None:
            self._progress(self.outcome)

    async def _turn(self, gateway: GatewayServer) -> None:
        """Let replies leave and the market move, and look whether either failed."""
        await asyncio.sleep(0)
        try:
            gateway.pump.step()
        except Exception as error:
            self._found(f"the market stopped: {error!r}", b"")
        await asyncio.sleep(0)
        self._listen(b"")

    def _throw(self, gateway: GatewayServer) -> None:
        client, data = self._client(gateway), self._draw()
        begin = time.perf_counter()
        try:
            self._deliver(client, data)
        except Exception as error:
            self._found(repr(error), data)
            client.close()
        took = time.perf_counter() - begin
        if took > self.outcome.slowest_s:
            self.outcome.slowest_s, self.outcome.slowest = took, data[:200]
        self._listen(data)
        self.outcome.frames += 1

    def _deliver(self, client: MemoryClient, data: bytes) -> None:
        if self._rng.random() < 0.02:
            at = self._rng.randrange(len(data) + 1)
            client.feed(data[:at])
            data = data[at:]
        client.feed(data)

    def _draw(self) -> bytes:
        """One frame: mostly a request with something wrong, sometimes a right one, sometimes rubbish."""
        rng, chance = self._rng, self._rng.random()
        if chance < 0.005:
            return mutation.false_opening(rng)
        if chance < 0.06:
            return frame(mutation.noise(rng))
        # Now and then in another version's layout, as a client does that negotiates one and writes another.
        version = self._version if rng.random() < 0.95 else rng.choice((FLOOR, CEILING))
        fields = self._corpus.request(version, self._id())
        if chance < 0.55:
            mutation.spoil(rng, fields)
        body = mutation.body_of(fields)
        if chance > 0.93:
            body = mutation.flip(rng, body)
        elif chance > 0.90:
            body += mutation.body_of(self._corpus.request(self._version, self._id()))
        framed = frame(body)
        return mutation.false_length(rng, framed) if 0.55 <= chance < 0.557 else framed

    def _id(self) -> int:
        if self._rng.random() < 0.3:
            self._last_order_id += 1
        return self._last_order_id

    def _client(self, gateway: GatewayServer) -> MemoryClient:
        """Any of the sessions; one that was closed makes room for a new one."""
        place = self._rng.randrange(CLIENTS)
        if place >= len(self._clients):
            self._clients.append(self._connect(gateway, len(self._clients)))
            return self._clients[-1]
        if not self._clients[place].is_open or not self._clients[place].is_ready:
            self._close(self._clients[place])
            self._clients[place] = self._connect(gateway, place)
        self._version = self._clients[place].version or CEILING
        return self._clients[place]

    def _connect(self, gateway: GatewayServer, place: int) -> MemoryClient:
        self.outcome.connections += 1
        client = MemoryClient(gateway)
        if self._rng.random() < 0.95:
            # A number of its own: the session it follows may not have gone yet.
            client.log_in(place + CLIENTS * self.outcome.connections, self._rng.randint(FLOOR, CEILING))
        return client

    async def _honest(self, gateway: GatewayServer) -> None:
        """Afterwards an honest client must still be served."""
        client = MemoryClient(gateway, keep=True)
        client.log_in(HONEST, FLOOR)
        client.feed(GLOBAL_CANCEL.encode(FLOOR, {}) + REQ_CURRENT_TIME.encode(FLOOR, {}))
        await self._turn(gateway)
        if not any(body.startswith(f"{CURRENT_TIME.id}\0".encode()) for body in client.replies):
            self._found("an honest client is not served any more", b"")
        if gateway.hub.venue.open_orders():
            self._found("orders survive the global cancel", b"")
        client.close()

    def _hang_up(self) -> None:
        for client in self._clients:
            self._close(client)
        self._clients.clear()

    def _close(self, client: MemoryClient) -> None:
        client.close()
        self.outcome.reply_bytes += client.told

    def _listen(self, data: bytes) -> None:
        for text in self._ears.heard:
            self._found(text, data)
        self._ears.heard.clear()

    def _loop_error(self, _loop: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
        self._found(f"{context.get('message')}: {context.get('exception')!r}", b"")

    def _found(self, reason: str, data: bytes) -> None:
        self.outcome.findings.append(Finding(number=self.outcome.frames, reason=reason, data=data))


def rss_mb() -> float | None:
    """Resident memory of this process, None where /proc does not tell."""
    try:
        text = Path("/proc/self/status").read_text(encoding="ascii")
    except OSError:
        return None
    return next((int(line.split()[1]) / 1024 for line in text.splitlines() if line.startswith("VmRSS")), None)
