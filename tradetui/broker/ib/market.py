"""Market data lines: what is wanted, what is subscribed, and the way of each tick to its line.

Invariant: wanted symbols survive every loss of the session; a line is subscribed at most once per session; a trade
leaves at once and in order, quotes at most once per symbol and network packet.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from tradetui.broker.ib.contracts import contract_of
from tradetui.broker.ib.errors import Meaning, meaning_of
from tradetui.broker.ib.line import HALTED, RT_VOLUME, Line
from tradetui.broker.ib.session import Session
from tradetui.broker.ib.settings import IBSettings
from tradetui.broker.ib.tap import Handler
from tradetui.broker.port import EventSink, QuoteSink, TradeSink
from tradetui.domain.clock import SECOND_NS, Now
from tradetui.domain.events import BrokerMessage
from tradetui.domain.instrument import Instrument
from tradetui.domain.tick import DataType, Trade

#: Time and sales with each trade's exact time.
GENERIC_TICKS = "233"

#: Code of messages that are this connector's own, not IB's.
OWN_CODE = 0


@dataclass(frozen=True, slots=True)
class Sinks:
    """Where events, trades and quotes go."""

    event: EventSink
    trade: TradeSink
    quote: QuoteSink


class MarketData:
    """All lines of a connector. `subscribe` runs as a task of each session."""

    def __init__(self, settings: IBSettings, sinks: Sinks, clock: Callable[[], Now]) -> None:
        self._settings = settings
        self._sinks = sinks
        self._clock = clock
        self._now = clock()
        self._wanted: dict[str, Instrument] = {}
        self._lines: dict[str, Line] = {}
        self._by_request: dict[int, Line] = {}
        self._dirty: dict[str, Line] = {}
        self._retry_mono_ns: dict[str, int] = {}
        self._dead_ids: dict[str, int] = {}
        self._changed = asyncio.Event()
        self._silent: set[str] = set()
        self._all_heard = asyncio.Event()
        self._all_heard.set()

    def routes(self) -> dict[str, Handler]:
        """Return the library callbacks of ticks."""
        return {
            "priceSizeTick": self._price_tick,
            "tickSize": self._size_tick,
            "tickString": self._string_tick,
            "tickGeneric": self._generic_tick,
            "marketDataType": self._data_type,
            "tickReqParams": self._params,
        }

    def want(self, instruments: Sequence[Instrument]) -> None:
        """Set the symbols to stream."""
        self._wanted = {instrument.symbol: instrument for instrument in instruments}
        for instrument in instruments:
            if instrument.symbol not in self._lines:
                settings = self._settings
                line = Line(instrument.symbol, instrument.sec_type, settings.trade_patience_s, settings.tick_rules)
                self._lines[instrument.symbol] = line
            self._expect(instrument.symbol)
        self._changed.set()

    async def all_heard(self, limit_s: float) -> None:
        """Return once every wanted line was answered, or the limit passed: from then on its trades arrive."""
        with suppress(TimeoutError):
            async with asyncio.timeout(limit_s):
                await self._all_heard.wait()

    def forget_subscriptions(self) -> None:
        """Every line is gone at the broker (new session, or 1101): books become unknown, all are asked for again."""
        self._by_request.clear()
        self._retry_mono_ns.clear()
        self._dead_ids.clear()
        for line in self._lines.values():
            line.reset(0)
            self._dirty[line.symbol] = line
            self._expect(line.symbol)
        self.flush()
        self._changed.set()

    async def subscribe(self, session: Session) -> None:
        """Keep the session's lines equal to what is wanted, refused ones retried, until cancelled."""
        self.forget_subscriptions()
        if self._settings.data_type is not DataType.LIVE:
            await session.data_slot()
            session.client.reqMarketDataType(int(self._settings.data_type))
        while True:
            self._changed.clear()
            await self._drop_unwanted(session)
            for symbol in list(self._wanted):
                await self._ask(session, symbol)
            await self._until_changed()

    def packet_arrived(self) -> None:
        """Stamp what the packet holds with one time."""
        self._now = self._clock()

    def flush(self) -> None:
        """Hand out the quotes that changed in this packet."""
        if not self._dirty:
            return
        dirty, self._dirty = self._dirty, {}
        for line in dirty.values():
            middle = line.middle_trade(self._now)
            if middle is not None:
                self._tell(line, middle)
            self._sinks.quote(line.quote(self._now))

    def on_error(self, request_id: int, code: int) -> str | None:
        """Take an error about a line; return its symbol, None when the id is no line's."""
        line = self._by_request.get(request_id)
        if line is None:
            return None
        self._hear(line)
        if meaning_of(code) is Meaning.LINE_DEAD:
            # The book is unknown from now on, and must be seen to be.
            del self._by_request[request_id]
            self._dead_ids[line.symbol] = request_id
            line.reset(0)
            self._retry_mono_ns[line.symbol] = self._clock().mono_ns + int(self._settings.line_retry_s * SECOND_NS)
            self._dirty[line.symbol] = line
            self._changed.set()
        return line.symbol

    async def _ask(self, session: Session, symbol: str) -> None:
        line = self._lines[symbol]
        if line.request_id or self._clock().mono_ns < self._retry_mono_ns.get(symbol, 0):
            return
        await session.data_slot()
        instrument = self._wanted.get(symbol)
        if instrument is None or line.request_id:
            return
        self._retry_mono_ns.pop(symbol, None)
        dead_id = self._dead_ids.pop(symbol, 0)
        if dead_id:
            # A silenced line may still count at the broker; a second one beside it would be a double.
            session.client.cancelMktData(dead_id)
        line.reset(session.requests.new_id())
        self._by_request[line.request_id] = line
        session.client.reqMktData(line.request_id, contract_of(instrument), GENERIC_TICKS, False, False, [])

    async def _drop_unwanted(self, session: Session) -> None:
        for symbol, line in list(self._lines.items()):
            if symbol in self._wanted:
                continue
            if line.request_id:
                await session.data_slot()
                session.client.cancelMktData(line.request_id)
                self._by_request.pop(line.request_id, None)
            self._hear(line)
            del self._lines[symbol]
            self._dirty.pop(symbol, None)

    async def _until_changed(self) -> None:
        waiting = [due for symbol, due in self._retry_mono_ns.items() if symbol in self._wanted]
        if not waiting:
            await self._changed.wait()
            return
        delay_s = max((min(waiting) - self._clock().mono_ns) / SECOND_NS, 0.01)
        with suppress(TimeoutError):
            async with asyncio.timeout(delay_s):
                await self._changed.wait()

    def _price_tick(self, request_id: int, tick: int, price: float, size: float) -> None:
        line = self._by_request.get(request_id)
        if line is not None:
            self._dirty[line.symbol] = line
            self._tell(line, line.price_tick(tick, price, size, self._now))

    def _size_tick(self, request_id: int, tick: int, size: float) -> None:
        line = self._by_request.get(request_id)
        if line is not None:
            self._dirty[line.symbol] = line
            self._tell(line, line.size_tick(tick, size, self._now))

    def _string_tick(self, request_id: int, tick: int, text: str) -> None:
        line = self._by_request.get(request_id)
        if line is not None and tick == RT_VOLUME:
            self._tell(line, line.rt_volume(text))

    def _generic_tick(self, request_id: int, tick: int, value: float) -> None:
        line = self._by_request.get(request_id)
        if line is not None and tick == HALTED:
            line.halted = value in (1.0, 2.0)
            self._dirty[line.symbol] = line

    def _data_type(self, request_id: int, data_type: int) -> None:
        line = self._by_request.get(request_id)
        if line is not None:
            line.data_type = DataType(data_type)
            self._dirty[line.symbol] = line
            self._hear(line)

    def _params(self, request_id: int, *_: object) -> None:
        line = self._by_request.get(request_id)
        if line is not None:
            self._hear(line)

    def _expect(self, symbol: str) -> None:
        if self._lines[symbol].request_id == 0:
            self._silent.add(symbol)
        self._update_heard()

    def _hear(self, line: Line) -> None:
        if line.symbol in self._silent:
            self._silent.discard(line.symbol)
            self._update_heard()

    def _update_heard(self) -> None:
        if self._silent:
            self._all_heard.clear()
        else:
            self._all_heard.set()

    def _tell(self, line: Line, trade: Trade | None) -> None:
        if trade is None:
            return
        reason = line.sieve.judge(trade, self._now.market_ns, line.prior_close)
        if reason is None:
            self._sinks.trade(trade)
        elif line.sieve.is_first_rejection:
            self._sinks.event(BrokerMessage(OWN_CODE, f"tick not believed: {reason}", symbol=line.symbol))
