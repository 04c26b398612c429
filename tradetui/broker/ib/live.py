"""One session from greeting to loss: account check, verified sync, heartbeat, and what breaks its link.

Invariant: READY is reported only right after a complete snapshot was handed out on this session, with the link in no
doubt and no message about orders unread since that snapshot began.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from random import Random

from tradetui.broker.ib.account import AccountFeed
from tradetui.broker.ib.answers import Answers, measured_time
from tradetui.broker.ib.backoff import Backoff
from tradetui.broker.ib.collector import PART_OF_MESSAGE
from tradetui.broker.ib.contracts import ContractBook
from tradetui.broker.ib.desk import ErrorDesk
from tradetui.broker.ib.feed import Feed
from tradetui.broker.ib.greeting import SessionRefused, chosen_account
from tradetui.broker.ib.market import OWN_CODE, MarketData
from tradetui.broker.ib.orders import OrderIds
from tradetui.broker.ib.pacing import Pacer
from tradetui.broker.ib.requests import Requests
from tradetui.broker.ib.session import Session
from tradetui.broker.ib.settings import IBSettings
from tradetui.broker.ib.status import LinkStatus
from tradetui.broker.ib.sync import Sync
from tradetui.broker.ib.tap import Handler
from tradetui.broker.ib.text import clean_text
from tradetui.broker.port import EventSink
from tradetui.domain.clock import SECOND_NS, Now
from tradetui.domain.errors import BrokerTimeout, NotConnected
from tradetui.domain.events import BrokerMessage, BrokerSnapshot, SessionState, SnapshotTaken

#: Heartbeats in a row without an answer that end a session.
MISSES_ALLOWED = 2

#: How long READY waits for the answers of the market data lines, real seconds; a line may never answer.
LINES_PATIENCE_S = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """What outlives a session."""

    settings: IBSettings
    status: LinkStatus
    contracts: ContractBook
    market: MarketData
    pacer: Pacer
    order_ids: OrderIds
    sink: EventSink
    clock: Callable[[], Now]
    rng: Random


class LiveSession:
    """Everything that lives and dies with one TCP connection."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._settings = settings = shared.settings
        self._status = shared.status
        self._need_sync = asyncio.Event()
        self._refusal: SessionRefused | None = None
        self._unread: Counter[str] = Counter()
        self._pnl_asked = False
        self._misses = 0
        self.logged_in = False
        requests = Requests()
        self._feed = Feed(shared.contracts, requests, shared.sink, settings.client_id)
        self._account = AccountFeed(requests, shared.sink, lambda: shared.clock().market_ns)
        self._desk = ErrorDesk(self, requests, shared.market.on_error, shared.sink)
        routes: dict[str, Handler] = {
            **self._feed.routes(),
            **self._account.routes(),
            **shared.market.routes(),
            **Answers(requests).routes(),
            "error": self._desk.take,
            "tcpDataArrived": shared.market.packet_arrived,
            "tcpDataProcessed": self._packet_processed,
        }
        self.session = Session(settings, shared.pacer, requests, routes, self._on_fault)
        self._sync = Sync(self.session, self._feed, self._account, lambda: shared.clock().mono_ns)

    async def run(self) -> str:
        """Open the session, keep it synced and alive, and return why it was lost.

        Raises:
            SessionRefused: this gateway must not be traded through.
            BrokerError: the session could not be opened.
        """
        hello = await self.session.open()
        if self._refusal is not None:
            raise self._refusal
        account = chosen_account(self._settings, hello.accounts, self._status.account)
        self._feed.account = self._account.account = self._status.account = account
        self._shared.order_ids.raise_to(hello.next_order_id or 0)
        self.logged_in = True
        self._status.change(SessionState.SYNCING, f"logged in to {self._settings.host}:{self._settings.port}")
        self._need_sync.set()
        async with asyncio.TaskGroup() as group:
            work = [self._shared.market.subscribe(self.session), self._keep_synced(), self._keep_alive()]
            tasks = [group.create_task(self._until_lost(part)) for part in work]
            await asyncio.wait({self.session.lost})
            for task in tasks:
                task.cancel()
        if self._refusal is not None:
            raise self._refusal
        return self.session.lost.result()

    def close(self, reason: str) -> None:
        """End the session at once."""
        self.session.close(reason)

    async def finish(self, reason: str) -> None:
        """End the session in good order."""
        await self.session.finish(reason)

    async def snapshot(self, timeout_s: float) -> BrokerSnapshot:
        """Take a snapshot; a complete one covers every break before it began."""
        breaks = self._status.breaks
        snapshot = await self._sync.take(timeout_s, lambda: self._status.gap_touched)
        if snapshot.is_complete:
            self._status.cover(breaks)
        return snapshot

    # --- what the link says ------------------------------------------------------------------------------------
    def link_lost(self, code: int, text: str) -> None:
        """TWS lost its server: orders wait until it says how it came back."""
        self._status.begin_doubt()
        self._status.change(SessionState.DEGRADED, text, code)

    def link_back(self, code: int, text: str, *, data_lost: bool) -> None:
        """TWS is back: look at everything again; subscribe again only when it lost our subscriptions."""
        self._status.end_doubt()
        if data_lost:
            self._sync.forget_subscriptions()
            self._pnl_asked = False
            self._shared.market.forget_subscriptions()
        if self.session.lost.done() or not self._feed.account:
            return
        self._status.change(SessionState.SYNCING, text, code)
        self._need_sync.set()

    def port_moved(self, text: str) -> None:
        """The gateway moved to another port, which may be another kind of account: stop and ask."""
        self._refusal = SessionRefused(f"{text}; correct broker.port and start again")
        self.session.close(text)

    def turned_away(self, code: int, text: str) -> None:
        """The client id is taken; the gateway closes the connection next."""
        self.session.note_refusal(code, text)

    # --- tasks of the session ----------------------------------------------------------------------------------
    async def _until_lost(self, work: Coroutine[None, None, None]) -> None:
        try:
            await work
        except NotConnected:
            # The socket went while a request was on its way; the session ends in a moment.
            await asyncio.wait({self.session.lost})

    async def _keep_synced(self) -> None:
        backoff = Backoff(self._settings.reconnect_first_s, self._settings.reconnect_max_s, self._shared.rng)
        while True:
            await self._need_sync.wait()
            self._need_sync.clear()
            snapshot = await self.snapshot(self._settings.sync_timeout_s)
            self.session.check_open()
            self._shared.sink(SnapshotTaken(snapshot))
            if self._status.in_doubt:
                continue  # 1101 or 1102 asks again
            if snapshot.is_complete:
                backoff.reset()
                await self._shared.market.all_heard(LINES_PATIENCE_S)
                if not self._need_sync.is_set() and not self._status.in_doubt:
                    self._become_ready()
                    await self._ask_pnl()
                continue
            reason = self._desk.read_only or self._sync.missing
            self._status.change(SessionState.SYNCING, f"the broker's answer is not complete: {reason}")
            await asyncio.sleep(backoff.next_s())
            self._need_sync.set()

    def _become_ready(self) -> None:
        settings = self._settings
        self._status.change(
            SessionState.READY, f"in sync with {settings.host}:{settings.port} as client {settings.client_id}"
        )

    async def _ask_pnl(self) -> None:
        if not self._pnl_asked:
            self._pnl_asked = True
            await self.session.data_slot()
            self.session.client.reqPnL(self.session.requests.new_id(), self._feed.account, "")

    async def _keep_alive(self) -> None:
        while True:
            if not self._misses:
                await asyncio.sleep(self._settings.heartbeat_s)
            self._end_long_doubt()
            with suppress(BrokerTimeout):
                await self.server_time_s(self._settings.heartbeat_limit_s)

    def _end_long_doubt(self) -> None:
        since = self._status.doubt_since_mono_ns
        limit_s = self._settings.doubt_limit_s
        if since is not None and self._shared.clock().mono_ns - since > limit_s * SECOND_NS:
            self.session.close(f"the gateway was without its server for {limit_s:g} s; connecting anew")

    async def server_time_s(self, timeout_s: float) -> int:
        """Return the broker's clock, whole UTC seconds, and measure round trip and skew.

        Raises:
            BrokerTimeout, NotConnected: there is no answer.
        """
        await self.session.data_slot()
        try:
            seconds, round_trip_s, skew_s = await measured_time(self.session, timeout_s, self._shared.clock)
        except BrokerTimeout:
            # Whoever asked: questions for the time go one by one, so each one that waits keeps a heartbeat waiting.
            self._misses += 1
            if self._misses >= MISSES_ALLOWED:
                self.session.close(f"the gateway did not answer {self._misses} heartbeats; the link is dead")
            raise
        self._misses = 0
        self._status.round_trip_ms = round_trip_s * 1000
        self._status.clock_skew_s = skew_s
        return seconds

    # --- messages ----------------------------------------------------------------------------------------------
    def _packet_processed(self) -> None:
        self._shared.market.flush()
        self._account.flush()

    def _on_fault(self, message: str, reason: str) -> None:
        """A message could not be read. About orders or money: look at the broker again before anything is sent."""
        self._unread[message] += 1
        count = self._unread[message]
        if count in (1, 10, 100) or count % 1000 == 0:
            text = f"message {message} could not be read ({count} so far): {reason}"
            self._shared.sink(BrokerMessage(OWN_CODE, clean_text(text)))
        part = PART_OF_MESSAGE.get(message)
        if part is None:
            return
        self._status.note_break()
        if self._feed.collector is not None:
            self._feed.collector.failed[part] = f"message {message} could not be read"
        if self._status.is_ready:
            self._status.change(SessionState.DEGRADED, f"a message about {part} could not be read; looking again")
        self._need_sync.set()
