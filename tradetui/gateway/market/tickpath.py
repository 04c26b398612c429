"""From minute bars to ticks: trades whose aggregate is exactly the bar, with quotes around them.

A minute's path starts at its open, visits high and low (in an order drawn from the seed, likelier against the minute's
direction first) and ends at its close. Invariants, to the last bit: first trade = open, highest = high, lowest = low,
last = close, sum of sizes = volume; every event lies inside its minute; for one symbol times strictly increase.
A trade that carries no volume is dropped unless it is one of those four prices.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tradetui.domain.clock import MINUTE_NS, SECOND_NS
from tradetui.gateway.market.minutes import Floats, Ints, Minutes

#: Fewest trades that can show open, high, low and close.
MIN_TRADES = 4
#: Gap from a bar's start to its first quote, and from that to the first trade.
_FIRST_NS = 1_000_000
_LAST_NS = 500_000_000
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Style:
    """How an instrument ticks: trades per minute (>= 4), usual spread in ticks, displayed size, offset in ns.

    The offset (below a millisecond) keeps instruments from ticking at the same nanosecond. Displayed sizes are whole
    `lot`s. A currency shows quotes only, an index prints only.
    """

    trades: int
    spread: int
    depth: int
    offset_ns: int
    tick: float = 0.01
    lot: int = 100
    shows_quotes: bool = True
    shows_prints: bool = True

    @property
    def digits(self) -> int:
        """Decimals of a price."""
        return max(2, len(f"{self.tick:f}".rstrip("0").partition(".")[2]))


@dataclass(frozen=True, slots=True)
class Ticks:
    """Columns in time order: time (UTC ns), whether it is a trade, and four numbers.

    A quote's numbers are bid, ask, bid size, ask size; a trade's are price, size, 0, 0.
    """

    time: Ints
    is_trade: Bools
    first: Floats
    second: Floats
    third: Ints
    fourth: Ints

    def between(self, start_ns: int, end_ns: int) -> Ticks:
        """Rows at start_ns <= time < end_ns."""
        low, high = np.searchsorted(self.time, (start_ns, end_ns)).tolist()
        return self.only(slice(low, high))

    def only(self, rows: Bools | slice) -> Ticks:
        """The chosen rows."""
        return Ticks(
            self.time[rows], self.is_trade[rows], self.first[rows], self.second[rows], self.third[rows],
            self.fourth[rows],
        )  # fmt: skip


def ticks_of(minutes: Minutes, style: Style, rng: np.random.Generator) -> Ticks:
    """Every quote and trade of `minutes`, in time order."""
    if len(minutes) == 0:
        none = np.empty(0, dtype=np.int64)
        return Ticks(none, none.astype(bool), none.astype(float), none.astype(float), none, none)
    price, is_key = _prices(minutes, style, rng)
    size = _sizes(minutes.volume, style.trades, rng)
    time = _times(minutes.start, style, rng)
    before, after = _quote_times(time, style)
    keep = is_key | (size > 0)
    bid, ask = _quotes_at(price, style, rng)
    later = np.concatenate((price[:, 1:], minutes.close[:, None]), axis=1)
    next_bid, next_ask = _quotes_at(np.rint((price + later) / (2 * style.tick)) * style.tick, style, rng)
    shown = _depths((4, *price.shape), style, rng)
    return _in_order(
        times=(before[keep], time[keep], after[keep]),
        first=(bid[keep], price[keep], next_bid[keep]),
        second=(ask[keep], size[keep].astype(np.float64), next_ask[keep]),
        third=(shown[0][keep], shown[2][keep]),
        fourth=(shown[1][keep], shown[3][keep]),
    )


def _prices(minutes: Minutes, style: Style, rng: np.random.Generator) -> tuple[Floats, Bools]:
    """Trade prices (minutes x trades) and which of them are the bar's own open, high, low, close."""
    rows, n, tick = len(minutes), style.trades, style.tick
    one, two = _two_inner_columns(rows, n, rng)
    low_first = rng.random(rows) < np.where(minutes.close >= minutes.open, 0.7, 0.3)
    extreme_one = np.where(low_first, minutes.low, minutes.high)
    extreme_two = np.where(low_first, minutes.high, minutes.low)
    column = np.arange(n)
    stage = (column >= one[:, None]).astype(np.int64) + (column >= two[:, None])
    knots = np.stack((np.zeros(rows, dtype=np.int64), one, two, np.full(rows, n - 1)), axis=1)
    values = np.stack((minutes.open, extreme_one, extreme_two, minutes.close), axis=1)
    left, right = np.take_along_axis(knots, stage, 1), np.take_along_axis(knots, stage + 1, 1)
    from_, to = np.take_along_axis(values, stage, 1), np.take_along_axis(values, stage + 1, 1)
    share = (column - left) / np.maximum(right - left, 1)
    wiggle = rng.standard_normal((rows, n)) * share * (1 - share) * (minutes.high - minutes.low)[:, None] * 0.6
    # Whole ticks inside the bar's range; a bar narrower than a tick has only its own prices.
    price = np.round(np.rint((from_ + share * (to - from_) + wiggle) / tick) * tick, style.digits)
    price = np.clip(price, minutes.low[:, None], minutes.high[:, None])
    row = np.arange(rows)
    is_key = np.zeros((rows, n), dtype=bool)
    for at, value in ((one, extreme_one), (two, extreme_two)):
        price[row, at] = value
        is_key[row, at] = True
    price[:, 0], price[:, -1] = minutes.open, minutes.close
    is_key[:, 0] = is_key[:, -1] = True
    return price, is_key


def _two_inner_columns(rows: int, n: int, rng: np.random.Generator) -> tuple[Ints, Ints]:
    one = rng.integers(1, n - 2, size=rows, endpoint=False)
    two = one + 1 + np.floor(rng.random(rows) * (n - 2 - one)).astype(np.int64)
    return one, two


def _sizes(volume: Ints, n: int, rng: np.random.Generator) -> Ints:
    """Whole sizes (minutes x n) that add up to each minute's volume."""
    weight = rng.exponential(size=(len(volume), n))
    share = np.cumsum(weight, axis=1) / weight.sum(axis=1)[:, None]
    so_far = np.floor(share * volume[:, None]).astype(np.int64)
    so_far[:, -1] = volume
    return np.asarray(np.diff(so_far, axis=1, prepend=0))


def _times(start: Ints, style: Style, rng: np.random.Generator) -> Ints:
    """Trade times (minutes x n): the first at the bar's start, the last shortly before its end."""
    n = style.trades
    step = MINUTE_NS // n
    jitter = (rng.random((len(start), n)) * (0.6 * step)).astype(np.int64)
    jitter[:, 0] = 2 * _FIRST_NS
    time = start[:, None] + np.arange(n, dtype=np.int64) * step + jitter
    time[:, -1] = start + MINUTE_NS - min(_LAST_NS, 2 * step // 5)
    return np.asarray(time + style.offset_ns)


def _quote_times(time: Ints, style: Style) -> tuple[Ints, Ints]:
    """When the quote that a trade hits appears, and when the book moves on after it."""
    step = MINUTE_NS // style.trades
    before = time - step // 10
    before[:, 0] = time[:, 0] - _FIRST_NS
    return before, time + min(step // 5, SECOND_NS // 4)


def _quotes_at(price: Floats, style: Style, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Bid and ask around a price: a buyer lifted the ask or a seller hit the bid there."""
    bought = rng.random(price.shape) < 0.5
    wider = rng.random(price.shape) < 0.15
    spread = style.spread + wider
    below, above = np.floor(price / style.tick + 1e-6), np.ceil(price / style.tick - 1e-6)
    bid = np.maximum(np.where(bought, above - spread, below), 1.0)
    ask = np.where(bought, above, below + spread)
    asked = np.maximum(ask, bid + 1)
    return np.round(bid * style.tick, style.digits), np.round(asked * style.tick, style.digits)


def _depths(shape: tuple[int, ...], style: Style, rng: np.random.Generator) -> Ints:
    """Displayed sizes in whole lots."""
    lots = np.ceil(rng.exponential(scale=style.depth / style.lot, size=shape)).astype(np.int64)
    return np.asarray(np.maximum(lots, 1) * style.lot)


def _in_order(
    *,
    times: tuple[Ints, Ints, Ints],
    first: tuple[Floats, Floats, Floats],
    second: tuple[Floats, Floats, Floats],
    third: tuple[Ints, Ints],
    fourth: tuple[Ints, Ints],
) -> Ticks:
    count = len(times[1])
    zeros = np.zeros(count, dtype=np.int64)
    time = np.concatenate(times)
    order = np.argsort(time, kind="stable")
    is_trade = np.zeros(3 * count, dtype=bool)
    is_trade[count : 2 * count] = True
    return Ticks(
        time[order],
        is_trade[order],
        np.concatenate(first)[order],
        np.concatenate(second)[order],
        np.concatenate((third[0], zeros, third[1]))[order],
        np.concatenate((fourth[0], zeros, fourth[1]))[order],
    )
