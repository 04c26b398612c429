"""L1 market data: who follows which instrument, and each market event spread to them as few bytes as it takes.

Invariant: a subscriber first gets the picture as it is, then every change of it in market order. A message's varying
part is encoded once per event, however many clients follow.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tradetui.domain.clock import SECOND_NS
from tradetui.gateway.market.events import MarketEvent, Quote, Trade
from tradetui.gateway.market.market import Market
from tradetui.gateway.session.client import ClientSession
from tradetui.gateway.session.option_ticks import DELAYED_GREEKS, Quoted, computations
from tradetui.gateway.session.tape import Tape
from tradetui.gateway.wire.kinds import Scalar
from tradetui.gateway.wire.message import Message, framed, template
from tradetui.gateway.wire.replies_market import (
    MARKET_DATA_TYPE,
    TICK_GENERIC,
    TICK_OPTION,
    TICK_PRICE,
    TICK_SIZE,
    TICK_STRING,
)
from tradetui.gateway.wire.versions import FRACTIONAL_SIZES

BID_SIZE, BID, ASK, ASK_SIZE, LAST, LAST_SIZE, HIGH, LOW, VOLUME, CLOSE, OPEN = 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 14
_MS: Final = 1_000_000
_UNKNOWN: Final = b"not built yet"
MARK, LAST_TIME, RT_VOLUME, HALTED, RT_TRADE_VOLUME = 37, 45, 48, 49, 77
GENERIC_TO_TICK: Final = {221: MARK, 232: MARK, 233: RT_VOLUME, 375: RT_TRADE_VOLUME}
_ON_REQUEST: Final = frozenset(GENERIC_TO_TICK.values())
LIVE, FROZEN, DELAYED, DELAYED_FROZEN = 1, 2, 3, 4
DELAYED_TICKS: Final = {
    BID: 66, ASK: 67, LAST: 68, BID_SIZE: 69, ASK_SIZE: 70, LAST_SIZE: 71,
    HIGH: 72, LOW: 73, VOLUME: 74, CLOSE: 75, OPEN: 76, LAST_TIME: 88, HALTED: 90, **DELAYED_GREEKS,
}  # fmt: skip
"""The tick types under which delayed data go; what is not here has no delayed form."""
Part = tuple[Message, int, tuple[Scalar, ...]]
"""A message about to be spread: its table, its tick type, and the values after the tick type."""


class Line:
    """One client's L1 subscription of one instrument."""

    __slots__ = ("_openings", "client", "con_id", "data_type", "option", "request_id", "trade_ticks")

    def __init__(
        self,
        client: ClientSession,
        request_id: int,
        con_id: int,
        trade_ticks: frozenset[int],
        option: Quoted | None = None,
    ) -> None:
        self.client = client
        self.request_id = request_id
        self.con_id = con_id
        self.trade_ticks = trade_ticks
        """Which of the ticks on request that go with a print the client asked for."""
        self.option = option
        """Set for an option: computations go with its prices."""
        self.data_type = LIVE
        self._openings: dict[int, bytes | None] = {}

    def change_data_type(self, data_type: int) -> None:
        """Send live, frozen, delayed or delayed frozen data from now on, and say so."""
        self.data_type = data_type
        self._openings.clear()
        self.client.send(MARKET_DATA_TYPE, reqId=self.request_id, type=data_type)

    def send(self, message: Message, tick_type: int, rest: bytes) -> None:
        """Send one tick whose varying part is encoded already."""
        # No two messages share a tick type.
        opening = self._openings.get(tick_type, _UNKNOWN)
        if opening is _UNKNOWN:
            opening = self._openings[tick_type] = self._opening(message, tick_type)
        if opening is not None:
            self.client.stream(message, opening, framed(opening, rest))

    def _opening(self, message: Message, tick_type: int) -> bytes | None:
        shown = DELAYED_TICKS.get(tick_type) if self.data_type in (DELAYED, DELAYED_FROZEN) else tick_type
        return None if shown is None else template(message, self.client.version).opening(self.request_id, shown)


class TickBoard:
    """All L1 subscriptions, by instrument, and the tapes that feed them."""

    def __init__(self, market: Market) -> None:
        self._market = market
        # Before the first event is polled, so that a tape never counts an event that the market has counted already.
        self._tapes = {contract.con_id: Tape.of(market, contract.con_id) for contract in market.contracts()}
        self._lines: dict[int, list[Line]] = {}
        self._by_request: dict[tuple[ClientSession, int], Line] = {}

    def tape(self, con_id: int) -> Tape:
        """The instrument's running state; one that did not stream does from now on."""
        tape = self._tapes.get(con_id)
        if tape is None:
            self._market.open(con_id)
            tape = self._tapes[con_id] = Tape.of(self._market, con_id)
        return tape

    def has(self, client: ClientSession, request_id: int) -> bool:
        """Whether the client already uses this ticker id."""
        return (client, request_id) in self._by_request

    def con_id(self, client: ClientSession, request_id: int) -> int | None:
        """The instrument of one subscription."""
        line = self._by_request.get((client, request_id))
        return None if line is None else line.con_id

    def count(self, client: ClientSession) -> int:
        """Number of L1 lines the client holds."""
        return sum(1 for owner, _ in self._by_request if owner is client)

    def lines(self, client: ClientSession) -> list[Line]:
        """The subscriptions of a client."""
        return [line for (owner, _), line in self._by_request.items() if owner is client]

    def subscribe(self, line: Line) -> None:
        """Send the picture as it is and follow from here."""
        self._by_request[line.client, line.request_id] = line
        self._lines.setdefault(line.con_id, []).append(line)
        self.show(line)

    def show(self, line: Line) -> None:
        """Send the picture as it is (also for snapshots)."""
        tape = self.tape(line.con_id)
        for message, tick_type, values in _picture(tape):
            if tick_type in _ON_REQUEST and tick_type not in line.trade_ticks:
                continue
            line.send(message, tick_type, template(message, line.client.version).rest(*values))
        if line.option is not None:
            self._compute(line.option, tape, line.client.hub.now_ns(), [line])

    def _compute(self, option: Quoted, tape: Tape, now_ns: int, lines: list[Line]) -> None:
        """Send what an option's prices imply."""
        # Under way the share's own stream must be there to compare with.
        self._market.open(option.under_con_id)
        for tick_type, values in computations(option, tape, self._market, now_ns):
            for line in lines:
                line.send(TICK_OPTION, tick_type, template(TICK_OPTION, line.client.version).rest(*values))

    def unsubscribe(self, client: ClientSession, request_id: int) -> bool:
        """End one subscription; False if there is none."""
        line = self._by_request.pop((client, request_id), None)
        if line is None:
            return False
        self._lines[line.con_id].remove(line)
        return True

    def drop(self, client: ClientSession) -> None:
        """End every subscription of a client."""
        for owner, request_id in [key for key in self._by_request if key[0] is client]:
            self.unsubscribe(owner, request_id)

    def halt(self, con_id: int, halted: int) -> None:
        """Tell subscribers that trading stopped (1: by the exchange, 2: by its volatility) or resumed (0)."""
        self.tape(con_id).halted = halted
        self._spread(con_id, [(TICK_GENERIC, HALTED, (float(halted),))])

    def take(self, event: MarketEvent) -> None:
        """Apply one market event and tell subscribers what it changed."""
        tape = self._tapes.get(event.con_id)
        if tape is None:
            # The market has counted this event already, and nobody follows the instrument yet.
            self.tape(event.con_id)
            return
        if isinstance(event, Quote):
            parts = list(_quote_changes(tape, event))
            tape.take_quote(event)
        else:
            parts = list(_trade_changes(tape, event, self._market))
        lines = self._lines.get(event.con_id)
        if parts and lines:
            self._spread(event.con_id, parts)
            if lines[0].option is not None:
                self._compute(lines[0].option, tape, event.time_ns, lines)

    def _spread(self, con_id: int, parts: list[Part]) -> None:
        lines = self._lines.get(con_id, ())
        for message, tick_type, values in parts:
            rests: dict[bool, bytes] = {}
            on_request = tick_type in _ON_REQUEST
            for line in lines:
                if on_request and tick_type not in line.trade_ticks:
                    continue
                version = line.client.version
                style = version < FRACTIONAL_SIZES
                rest = rests.get(style)
                if rest is None:
                    rest = rests[style] = template(message, version).rest(*values)
                line.send(message, tick_type, rest)


def _picture(tape: Tape) -> Iterator[Part]:
    if tape.bid is not None:
        yield TICK_PRICE, BID, (tape.bid, tape.bid_size, 0)
    if tape.ask is not None:
        yield TICK_PRICE, ASK, (tape.ask, tape.ask_size, 0)
    if tape.last is not None:
        yield TICK_PRICE, LAST, (tape.last, tape.last_size, 0)
        yield TICK_STRING, LAST_TIME, (str(tape.last_ns // SECOND_NS),)
        yield TICK_PRICE, MARK, (tape.last, 0, 0)
    yield TICK_SIZE, VOLUME, (tape.volume,)
    for tick_type, price in ((HIGH, tape.high), (LOW, tape.low), (CLOSE, tape.previous_close), (OPEN, tape.open)):
        if price is not None:
            yield TICK_PRICE, tick_type, (price, 0, 0)
    yield TICK_GENERIC, HALTED, (float(tape.halted),)


def _quote_changes(tape: Tape, quote: Quote) -> Iterator[Part]:
    if quote.bid != tape.bid:
        yield TICK_PRICE, BID, (quote.bid, quote.bid_size, 0)
    elif quote.bid_size != tape.bid_size:
        yield TICK_SIZE, BID_SIZE, (quote.bid_size,)
    if quote.ask != tape.ask:
        yield TICK_PRICE, ASK, (quote.ask, quote.ask_size, 0)
    elif quote.ask_size != tape.ask_size:
        yield TICK_SIZE, ASK_SIZE, (quote.ask_size,)


def _trade_changes(tape: Tape, trade: Trade, market: Market) -> Iterator[Part]:
    before = (tape.last, tape.last_size, tape.high, tape.low, tape.open, tape.last_ns // SECOND_NS)
    tape.take_trade(trade, market)
    last, last_size, high, low, opened, second = before
    if tape.open != opened and tape.open is not None:
        yield TICK_PRICE, OPEN, (tape.open, 0, 0)
        if tape.previous_close is not None:
            yield TICK_PRICE, CLOSE, (tape.previous_close, 0, 0)
    if trade.price != last:
        yield TICK_PRICE, LAST, (trade.price, trade.size, 0)
    elif trade.size != last_size:
        yield TICK_SIZE, LAST_SIZE, (trade.size,)
    if tape.high != high and tape.high is not None:
        yield TICK_PRICE, HIGH, (tape.high, 0, 0)
    if tape.low != low and tape.low is not None:
        yield TICK_PRICE, LOW, (tape.low, 0, 0)
    if trade.size:
        yield TICK_SIZE, VOLUME, (tape.volume,)
    if trade.time_ns // SECOND_NS != second:
        yield TICK_STRING, LAST_TIME, (str(trade.time_ns // SECOND_NS),)
    yield TICK_PRICE, MARK, (trade.price, 0, 0)
    text = f"{trade.price!r};{trade.size};{trade.time_ns // _MS};{tape.volume};{tape.vwap!r};true"
    yield TICK_STRING, RT_VOLUME, (text,)
    yield TICK_STRING, RT_TRADE_VOLUME, (text,)
