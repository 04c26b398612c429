"""The broker port over one TWS or IB Gateway: connects, stays connected, and answers for what it wrote.

Invariant: an order is written only in state READY, under an id never used before, and is on the transport when `place`
returns; what the broker says comes back as events, in the order it said it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from random import Random
from typing import cast

from tradetui.broker.ib.backoff import Backoff
from tradetui.broker.ib.contracts import ContractBook, contract_of
from tradetui.broker.ib.errors import Meaning, meaning_of
from tradetui.broker.ib.greeting import SessionRefused
from tradetui.broker.ib.history import History
from tradetui.broker.ib.library import ContractDetails
from tradetui.broker.ib.live import LiveSession, Shared
from tradetui.broker.ib.market import MarketData, Sinks
from tradetui.broker.ib.orders import OrderIds
from tradetui.broker.ib.pacing import Pacer
from tradetui.broker.ib.qualify import NO_CONTRACT, Rules, price_steps, qualified, rule_of
from tradetui.broker.ib.rate import Rate
from tradetui.broker.ib.settings import IBSettings
from tradetui.broker.ib.status import NOT_STARTED, LinkStatus
from tradetui.broker.ib.writer import OrderWriter
from tradetui.broker.port import EventSink, LinkFacts, QuoteSink, TradeSink, Written
from tradetui.domain.bar import Bar, BarSize
from tradetui.domain.clock import SECOND_NS, Now
from tradetui.domain.errors import BrokerError, BrokerRefused, BrokerTimeout, NotConnected
from tradetui.domain.events import BrokerSnapshot, SessionState
from tradetui.domain.instrument import Instrument
from tradetui.domain.order import Intent
from tradetui.marketdata.calendar import TradingCalendar

#: How long cancels held for the broker's message limit may take to leave at the end, real seconds.
DRAIN_S = 2.0


class IBConnector:
    """A BrokerPort.

    `clock` gives market and monotonic time, `rng` the jitter of pauses. `first_order_id` is one above the highest order
    id in the journal.
    """

    def __init__(
        self,
        settings: IBSettings,
        calendar: TradingCalendar,
        *,
        events: EventSink,
        trades: TradeSink,
        quotes: QuoteSink,
        clock: Callable[[], Now],
        rng: Random,
        first_order_id: int = 1,
    ) -> None:
        def mono_ns() -> int:
            return clock().mono_ns

        self._settings = settings
        self._clock = clock
        self._status = LinkStatus(events, mono_ns)
        self._contracts = ContractBook()
        self._rules: Rules = {}
        self._market = MarketData(settings, Sinks(events, trades, quotes), clock)
        self._history = History(calendar, mono_ns, lambda: clock().market_ns)
        self._pacer = Pacer(settings.max_messages_per_s, mono_ns)
        self._shared = Shared(
            settings=settings,
            status=self._status,
            contracts=self._contracts,
            market=self._market,
            pacer=self._pacer,
            order_ids=OrderIds(first_order_id),
            sink=events,
            clock=clock,
            rng=rng,
        )
        self._writer = OrderWriter(settings, self._status, self._contracts, self._pacer, self._shared.order_ids)
        self._backoff = Backoff(settings.reconnect_first_s, settings.reconnect_max_s, rng)
        self._rate = Rate(mono_ns)
        self._live: LiveSession | None = None
        self._closing = asyncio.Event()
        self._taken_since_mono_ns: int | None = None
        self._was_logged_in = False

    # --- the link ----------------------------------------------------------------------------------------------
    async def run(self) -> None:
        """Connect and stay connected until cancelled or closed."""
        self._closing.clear()
        try:
            while not self._closing.is_set():
                await self._one_session()
                await self._pause(self._backoff.next_s())
        except SessionRefused as refused:
            self._status.change(SessionState.REFUSED, str(refused))
            # Only the operator can mend it: nothing is tried again, and nothing is ever written.
            await asyncio.get_running_loop().create_future()
        finally:
            await self.close()

    async def close(self) -> None:
        """End the session in good order; idempotent."""
        self._closing.set()
        live, self._live = self._live, None
        await self._writer.drain(DRAIN_S)
        self._writer.detach()
        if live is not None:
            await live.finish("closed by us")
            if self._status.state is not SessionState.REFUSED:
                self._status.change(SessionState.DISCONNECTED, "closed by us")

    @property
    def link(self) -> LinkFacts:
        """Facts about the link now."""
        status, settings = self._status, self._settings
        session = self._live.session if self._live is not None else None
        is_open = session is not None and session.is_open
        return LinkFacts(
            state=status.state,
            host=settings.host,
            port=settings.port,
            client_id=settings.client_id,
            account=status.account,
            server_version=session.hello.server_version if session is not None and is_open else None,
            since_mono_ns=status.since_mono_ns,
            reconnects=status.reconnects,
            messages_per_s=self._rate.per_s(session.messages_received if session is not None and is_open else 0),
            round_trip_ms=status.round_trip_ms,
            clock_skew_s=status.clock_skew_s,
            reason=status.reason,
        )

    async def _one_session(self) -> None:
        """Live through one session; returns when another attempt is due."""
        if self._status.state is not SessionState.DISCONNECTED or self._status.reason == NOT_STARTED:
            self._status.change(SessionState.CONNECTING, f"connecting to {self._settings.host}:{self._settings.port}")
        live = self._live = LiveSession(self._shared)
        self._writer.attach(live.session)
        try:
            reason = await live.run()
        except SessionRefused:
            live.close("refused by us")
            raise
        except BrokerError as error:
            live.close("the attempt failed")
            reason = self._failure(error)
        if self._closing.is_set():
            return
        self._writer.detach()
        self._note_loss(live)
        self._status.change(SessionState.DISCONNECTED, reason)

    async def _pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._closing.wait()

    def _failure(self, error: BrokerError) -> str:
        """Return why the attempt failed; a client id that stays taken is refused."""
        if not (isinstance(error, BrokerRefused) and meaning_of(error.code) is Meaning.CLIENT_ID_TAKEN):
            self._taken_since_mono_ns = None
            return str(error)
        now = self._clock().mono_ns
        since = self._taken_since_mono_ns = self._taken_since_mono_ns or now
        client_id, settings = self._settings.client_id, self._settings
        patience_s = settings.client_id_reclaim_s if self._was_logged_in else settings.client_id_patience_s
        if now - since >= patience_s * SECOND_NS:
            raise SessionRefused(
                f"client id {client_id} is in use by another program; end it, or set another broker.client_id "
                "(orders of this id can then not be cancelled from here)"
            )
        return f"client id {client_id} is still in use at the gateway; trying the same id again"

    def _note_loss(self, live: LiveSession) -> None:
        status = self._status
        if live.logged_in:
            self._was_logged_in = True
            self._taken_since_mono_ns = None
            status.note_break()
            status.reconnects += 1
            stable_ns = self._settings.stable_after_s * SECOND_NS
            if status.is_ready and self._clock().mono_ns - status.since_mono_ns >= stable_ns:
                self._backoff.reset()
        status.end_doubt()
        status.round_trip_ms = status.clock_skew_s = None

    # --- orders ------------------------------------------------------------------------------------------------
    def place(self, intent: Intent, order_ref: str, *, transmit: bool = True) -> Written:
        """Write one order to the socket; one that is not transmitted works only when the last of its family is.

        Raises:
            NotConnected: nothing was written.
            BrokerError: the write failed part-way; the order may be live.
        """
        return self._writer.place(intent, order_ref, transmit=transmit)

    def cancel(self, order_id: int, client_id: int) -> None:
        """Write a cancel for an order of this program; allowed whenever there is a session.

        Raises:
            NotConnected: nothing was written; ask again after the reconnect.
            BrokerRefused: the order belongs to another client id, which alone can cancel it.
        """
        self._writer.cancel(order_id, client_id)

    # --- questions ---------------------------------------------------------------------------------------------
    async def snapshot(self, timeout_s: float) -> BrokerSnapshot:
        """Ask for orders, completed orders, executions, positions and account; each part to its end marker or None."""
        live = self._live
        if live is None or not live.logged_in:
            return BrokerSnapshot(started_mono_ns=self._clock().mono_ns, gap_touched=True)
        return await live.snapshot(timeout_s)

    def watch(self, instruments: Sequence[Instrument]) -> None:
        """Set the symbols whose quotes and trades stream; kept across reconnects."""
        for instrument in instruments:
            self._contracts.register(instrument)
        self._market.want(instruments)

    async def qualify(self, instrument: Instrument) -> Instrument:
        """Return the instrument with contract id and price increments from the broker, and know it from now on.

        Without an answer about the increments the contract's smallest one holds at every price: IB refuses a price that
        is off its grid (110), it does not trade at another one.

        Raises:
            BrokerRefused: no such contract, or several match.
            BrokerTimeout, NotConnected: no complete answer.
        """
        session = self._logged_in().session
        await session.data_slot()
        request_id, contract = session.requests.new_id(), contract_of(instrument)
        rows = await session.requests.ask(
            request_id,
            lambda: session.client.reqContractDetails(request_id, contract),
            self._settings.request_timeout_s,
        )
        answers = cast(list[ContractDetails], rows)
        found = qualified(instrument, answers)
        rule_id = rule_of(found, answers[0])
        if rule_id is not None:
            with suppress(BrokerTimeout):
                steps = await price_steps(session, self._rules, rule_id, self._settings.request_timeout_s)
                found = replace(found, price_steps=steps)
        self._contracts.register(found)
        return found

    async def history(self, symbol: str, size: BarSize, count: int, end_ns: int | None = None) -> list[Bar]:
        """Return up to `count` closed bars of a known symbol that end at or before `end_ns` (None: now), oldest first.

        Raises:
            BrokerError: refused, timed out or not connected; an empty list means that the broker has no such bars.
        """
        contract = self._contracts.contract(symbol)
        if contract is None:
            raise BrokerRefused(NO_CONTRACT, f"{symbol} is not watched; add it to market.symbols")
        session = self._logged_in().session
        return await self._history.bars(
            session, symbol, contract, size, count, end_ns, self._settings.history_timeout_s
        )

    async def server_time_ns(self) -> int:
        """Return the broker's clock, UTC nanoseconds (whole seconds at IB).

        Raises:
            BrokerTimeout, NotConnected: there is no answer.
        """
        return await self._logged_in().server_time_s(self._settings.request_timeout_s) * SECOND_NS

    def _logged_in(self) -> LiveSession:
        if self._live is None or not self._live.logged_in:
            raise NotConnected(f"there is no session with the gateway: {self._status.reason}")
        return self._live
