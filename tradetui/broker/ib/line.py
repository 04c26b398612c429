"""One market data line: tick messages in, the latest quote and the trades out.

Invariant: a number that cannot be is None, never NaN, -1 or 0; a trade carries the exchange's time where the exchange
gave one (RTVolume), else its arrival in market time.
"""

from __future__ import annotations

from tradetui.domain.clock import SECOND_NS, Now
from tradetui.domain.instrument import SecType
from tradetui.domain.tick import DataType, Quote, Trade
from tradetui.marketdata.quality import TickFilter, TickRules, is_near, sound_book, sound_price, sound_size

#: Positions in Line.values.
BID, ASK, LAST, BID_SIZE, ASK_SIZE, LAST_SIZE, VOLUME, OPEN, HIGH, LOW, CLOSE = range(11)

#: Price ticks with the size that rides in the same message. Source: https://interactivebrokers.github.io/tws-api/
#: tick_types.html; from 66 on the same values delayed.
_PRICES: dict[int, tuple[int, int | None]] = {1: (BID, BID_SIZE), 2: (ASK, ASK_SIZE), 4: (LAST, LAST_SIZE)}
_PRICES |= {6: (HIGH, None), 7: (LOW, None), 9: (CLOSE, None), 14: (OPEN, None)}
_DELAYED_PRICES: dict[int, tuple[int, int | None]] = {66: (BID, BID_SIZE), 67: (ASK, ASK_SIZE), 68: (LAST, LAST_SIZE)}
_DELAYED_PRICES |= {72: (HIGH, None), 73: (LOW, None), 75: (CLOSE, None), 76: (OPEN, None)}
PRICE_TICKS = {**_PRICES, **_DELAYED_PRICES}
SIZE_TICKS = {0: BID_SIZE, 3: ASK_SIZE, 5: LAST_SIZE, 8: VOLUME}
SIZE_TICKS |= {69: BID_SIZE, 70: ASK_SIZE, 71: LAST_SIZE, 74: VOLUME}
LAST_TICKS = frozenset({4, 68})
LAST_SIZE_TICKS = frozenset({5, 71})
RT_VOLUME = 48
HALTED = 49


class Line:
    """State of one symbol's line; `request_id` changes with each subscription, the rest outlives it."""

    __slots__ = (
        "_first_tick_mono_ns",
        "_last_price_size",
        "_last_rt",
        "_patience_ns",
        "_trades_seen",
        "data_type",
        "halted",
        "request_id",
        "sec_type",
        "sieve",
        "symbol",
        "values",
    )

    def __init__(self, symbol: str, sec_type: SecType, trade_patience_s: float, rules: TickRules) -> None:
        self.symbol = symbol
        self.sec_type = sec_type
        self.sieve = TickFilter(rules)
        self.request_id = 0
        self._patience_ns = int(trade_patience_s * SECOND_NS)
        self._last_rt = ""
        self.reset(0)

    def reset(self, request_id: int) -> None:
        """Begin a new subscription with nothing known: an old book must not pass for a new one."""
        self.request_id = request_id
        self.values: list[float | None] = [None] * 11
        self.data_type = DataType.LIVE
        self.halted = False
        self._trades_seen = False
        self._first_tick_mono_ns: int | None = None
        self._last_price_size: float | None = None

    @property
    def prior_close(self) -> float | None:
        """Close of the session before, None until told."""
        return self.values[CLOSE]

    def price_tick(self, tick: int, price: float, size: float, now: Now) -> Trade | None:
        """Take tickPrice; return a trade when the line is fed from last prices."""
        indices = PRICE_TICKS.get(tick)
        if indices is None:
            return None
        self.values[indices[0]] = sound_price(price)
        if indices[1] is not None:
            self.values[indices[1]] = sound_size(size)
        if tick not in LAST_TICKS or not self._is_fed_from_last(now):
            return None
        self._last_price_size = size
        return self._fallback_trade(now)

    def size_tick(self, tick: int, size: float, now: Now) -> Trade | None:
        """Take tickSize; return a trade when the line is fed from last prices and this is a new one at the old price.

        IB repeats the size of each last price as a message of its own: that one is no second trade.
        """
        index = SIZE_TICKS.get(tick)
        if index is None:
            return None
        self.values[index] = sound_size(size)
        if tick not in LAST_SIZE_TICKS:
            return None
        repeated, self._last_price_size = self._last_price_size == size, None
        return None if repeated or not self._is_fed_from_last(now) else self._fallback_trade(now)

    def rt_volume(self, text: str) -> Trade | None:
        """Take an RTVolume string "price;size;time in ms;total;vwap;single"; None when it holds no new trade.

        Raises:
            ValueError: the text is not of that form.
        """
        price, size, time_ms, *_ = text.split(";")
        if not price or text == self._last_rt:
            return None
        self._last_rt = text
        self._trades_seen = True
        return Trade(self.symbol, int(time_ms) * 1_000_000, float(price), float(size or 0))

    def middle_trade(self, now: Now) -> Trade | None:
        """Return the middle of the book as a trade of size 0: forex has quotes only."""
        bid, ask = self.values[BID], self.values[ASK]
        if self.sec_type is not SecType.FOREX or bid is None or ask is None or bid > ask:
            return None
        return Trade(self.symbol, now.market_ns, (bid + ask) / 2, 0.0)

    def quote(self, now: Now) -> Quote:
        """Return the latest quote, without what cannot be true."""
        values = self.values
        good = self.sieve.last_good
        bid, ask = sound_book(values[BID], values[ASK], good)
        last = values[LAST] if is_near(values[LAST], good) else good
        return Quote(
            symbol=self.symbol,
            ts_ns=now.market_ns,
            mono_ns=now.mono_ns,
            bid=bid,
            ask=ask,
            bid_size=values[BID_SIZE] if bid is not None else None,
            ask_size=values[ASK_SIZE] if ask is not None else None,
            last=last,
            last_size=values[LAST_SIZE],
            open=values[OPEN],
            high=values[HIGH],
            low=values[LOW],
            prior_close=values[CLOSE],
            volume=values[VOLUME],
            data_type=self.data_type,
            halted=self.halted,
        )

    def _is_fed_from_last(self, now: Now) -> bool:
        if self._trades_seen:
            return False
        if self._first_tick_mono_ns is None:
            self._first_tick_mono_ns = now.mono_ns
        return now.mono_ns - self._first_tick_mono_ns >= self._patience_ns

    def _fallback_trade(self, now: Now) -> Trade | None:
        price, size = self.values[LAST], self.values[LAST_SIZE]
        return None if price is None else Trade(self.symbol, now.market_ns, price, size or 0.0)
