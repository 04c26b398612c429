"""The indicators that strategies use, each one step function over plain numbers.

Invariant: the value after n bars depends on those bars alone, bit by bit, whatever fed them. Every class states its
operation order, because a different order of the same formula differs in the last bit and breaks ties differently.
Means are taken over integers (prices in units of 1e-8), so equal averages compare equal; recurrences use floats.
"""

from __future__ import annotations

import math
from collections import deque
from typing import ClassVar

from tradetui.domain.bar import Bar
from tradetui.domain.clock import SECOND_NS

#: Integer units per unit of currency: an eighth decimal is exact, as far as any exchange quotes.
PRICE_UNITS = 100_000_000
#: Bars further apart than this belong to different sessions (equities: the shortest night is 8 hours).
SESSION_GAP_NS = 6 * 3600 * SECOND_NS


def ema_step(previous: float, x: float, k: float) -> float:
    """Return the exponential average after `x` with weight `k`: previous + k * (x - previous)."""
    return previous + k * (x - previous)


def wilder_step(previous: float, x: float, n: int) -> float:
    """Return Wilder's average of length `n` after `x`: (previous * (n - 1) + x) / n."""
    return (previous * (n - 1) + x) / n


def true_range(high: float, low: float, previous_close: float) -> float:
    """Return the bar's range, the gap from the previous close included."""
    return max(high, previous_close) - min(low, previous_close)


def relative_strength(gain: float, loss: float) -> float:
    """Return 100 * gain / (gain + loss), 50 when nothing moved."""
    total = gain + loss
    return 100.0 * (gain / total) if total else 50.0


def _length(name: str, n: int, least: int = 1) -> int:
    if n < least:
        raise ValueError(f"{name} needs a length of at least {least}, not {n}")
    return n


class SMA:
    """Simple average of the last `n` closes, exact: the integer sum divided once, correctly rounded."""

    __slots__ = ("_divisor", "_sum", "_window", "n", "value", "warmup")
    inputs: ClassVar[tuple[str, ...]] = ("close",)

    def __init__(self, n: int) -> None:
        self.n = self.warmup = _length("SMA", n)
        self.value: float | None = None
        self._divisor = n * PRICE_UNITS
        self._window: deque[int] = deque()
        self._sum = 0

    def step(self, close: float) -> float | None:
        """Take one close and return the average."""
        units = round(close * PRICE_UNITS)
        window = self._window
        window.append(units)
        self._sum += units
        if len(window) > self.n:
            self._sum -= window.popleft()
        if len(window) == self.n:
            self.value = self._sum / self._divisor
        return self.value

    def update(self, bar: Bar) -> None:
        """Take one closed bar."""
        self.step(bar.close)


class EMA:
    """Exponential average of closes, weight 2 / (n + 1), seeded with the exact average of the first `n`."""

    __slots__ = ("_k", "_seed", "n", "value", "warmup")
    inputs: ClassVar[tuple[str, ...]] = ("close",)

    def __init__(self, n: int) -> None:
        self.n = self.warmup = _length("EMA", n)
        self.value: float | None = None
        self._k = 2.0 / (n + 1)
        self._seed = SMA(n)

    def step(self, close: float) -> float | None:
        """Take one close and return the average."""
        value = self.value
        self.value = self._seed.step(close) if value is None else ema_step(value, close, self._k)
        return self.value

    def update(self, bar: Bar) -> None:
        """Take one closed bar."""
        self.step(bar.close)


class WilderMean:
    """Wilder's average of any series: the mean of the first `n` values, then `wilder_step`."""

    __slots__ = ("_count", "_sum", "n", "value")

    def __init__(self, n: int) -> None:
        self.n = n
        self.value: float | None = None
        self._count = 0
        self._sum = 0.0

    def step(self, x: float) -> float | None:
        """Take one value and return the average, None before `n` of them."""
        value = self.value
        if value is not None:
            self.value = wilder_step(value, x, self.n)
            return self.value
        self._sum += x
        self._count += 1
        if self._count == self.n:
            self.value = self._sum / self.n
        return self.value


class RSI:
    """Wilder's relative strength of closes, 0..100; first value after `n` changes (n + 1 bars)."""

    __slots__ = ("_gain", "_last", "_loss", "n", "value", "warmup")
    inputs: ClassVar[tuple[str, ...]] = ("close",)

    def __init__(self, n: int = 14) -> None:
        self.n = _length("RSI", n)
        self.warmup = n + 1
        self.value: float | None = None
        self._last: float | None = None
        self._gain = WilderMean(n)
        self._loss = WilderMean(n)

    def step(self, close: float) -> float | None:
        """Take one close and return the strength."""
        last, self._last = self._last, close
        if last is None:
            return None
        change = close - last
        gain = self._gain.step(change if change > 0 else 0.0)
        loss = self._loss.step(-change if change < 0 else 0.0)
        if gain is not None and loss is not None:
            self.value = relative_strength(gain, loss)
        return self.value

    def update(self, bar: Bar) -> None:
        """Take one closed bar."""
        self.step(bar.close)


class ATR:
    """Wilder's average true range, in price units; the first bar has no true range, so warm after n + 1 bars."""

    __slots__ = ("_last", "_mean", "n", "value", "warmup")
    inputs: ClassVar[tuple[str, ...]] = ("high", "low", "close")

    def __init__(self, n: int = 14) -> None:
        self.n = _length("ATR", n)
        self.warmup = n + 1
        self.value: float | None = None
        self._last: float | None = None
        self._mean = WilderMean(n)

    def step(self, high: float, low: float, close: float) -> float | None:
        """Take one bar's prices and return the average range."""
        last, self._last = self._last, close
        if last is not None:
            self.value = self._mean.step(true_range(high, low, last))
        return self.value

    def update(self, bar: Bar) -> None:
        """Take one closed bar."""
        self.step(bar.high, bar.low, bar.close)


class VWAP:
    """Volume-weighted average of typical prices (H + L + C) / 3 since the session began.

    A session begins after a pause longer than `gap_ns` between bar ends: right for equities anywhere; give 30 minutes
    for futures, whose daily pause is an hour. Until volume was traded the value is the latest typical price.
    """

    __slots__ = ("_end_ns", "_money", "_volume", "gap_ns", "value", "warmup")
    inputs: ClassVar[tuple[str, ...]] = ("end_ns", "high", "low", "close", "volume")

    def __init__(self, gap_ns: int = SESSION_GAP_NS) -> None:
        self.gap_ns = _length("VWAP gap", gap_ns)
        self.warmup = 1
        self.value: float | None = None
        self._end_ns = 0
        self._money = 0.0
        self._volume = 0.0

    def step(self, end_ns: int, high: float, low: float, close: float, volume: float) -> float | None:
        """Take one bar and return the session's average price."""
        if end_ns - self._end_ns > self.gap_ns:
            self._money = self._volume = 0.0
        self._end_ns = end_ns
        typical = (high + low + close) / 3.0
        self._money += typical * volume
        self._volume += volume
        self.value = self._money / self._volume if self._volume else typical
        return self.value

    def update(self, bar: Bar) -> None:
        """Take one closed bar."""
        self.step(bar.end_ns, bar.high, bar.low, bar.close, bar.volume)


class ROC:
    """Rate of change over `n` bars as a fraction: close / close n bars ago - 1."""

    __slots__ = ("_window", "n", "value", "warmup")
    inputs: ClassVar[tuple[str, ...]] = ("close",)

    def __init__(self, n: int) -> None:
        self.n = _length("ROC", n)
        self.warmup = n + 1
        self.value: float | None = None
        self._window: deque[float] = deque(maxlen=n + 1)

    def step(self, close: float) -> float | None:
        """Take one close and return the change."""
        window = self._window
        window.append(close)
        if len(window) > self.n:
            self.value = close / window[0] - 1.0
        return self.value

    def update(self, bar: Bar) -> None:
        """Take one closed bar."""
        self.step(bar.close)


class Highest:
    """Highest high of the last `n` bars, the current one included."""

    __slots__ = ("_count", "_peaks", "n", "value", "warmup")
    inputs: ClassVar[tuple[str, ...]] = ("high",)

    def __init__(self, n: int) -> None:
        self.n = self.warmup = _length("Highest", n)
        self.value: float | None = None
        self._count = 0
        # Falling candidates only, oldest first: each bar enters and leaves once.
        self._peaks: deque[tuple[int, float]] = deque()

    def step(self, high: float) -> float | None:
        """Take one high and return the highest."""
        peaks = self._peaks
        while peaks and peaks[-1][1] <= high:
            peaks.pop()
        peaks.append((self._count, high))
        self._count += 1
        if peaks[0][0] < self._count - self.n:
            peaks.popleft()
        if self._count >= self.n:
            self.value = peaks[0][1]
        return self.value

    def update(self, bar: Bar) -> None:
        """Take one closed bar."""
        self.step(bar.high)


class Lowest:
    """Lowest low of the last `n` bars, the current one included."""

    __slots__ = ("_highest", "n", "value", "warmup")
    inputs: ClassVar[tuple[str, ...]] = ("low",)

    def __init__(self, n: int) -> None:
        self.n = self.warmup = _length("Lowest", n)
        self.value: float | None = None
        self._highest = Highest(n)

    def step(self, low: float) -> float | None:
        """Take one low and return the lowest."""
        highest = self._highest.step(-low)
        self.value = None if highest is None else -highest
        return self.value

    def update(self, bar: Bar) -> None:
        """Take one closed bar."""
        self.step(bar.low)


class STDEV:
    """Population standard deviation of the last `n` closes.

    Two passes over the window each bar, oldest first: a running sum of squares would drift.
    """

    __slots__ = ("_window", "n", "value", "warmup")
    inputs: ClassVar[tuple[str, ...]] = ("close",)

    def __init__(self, n: int) -> None:
        self.n = self.warmup = _length("STDEV", n)
        self.value: float | None = None
        self._window: deque[float] = deque(maxlen=n)

    def step(self, close: float) -> float | None:
        """Take one close and return the deviation."""
        window = self._window
        window.append(close)
        if len(window) == self.n:
            total = 0.0
            for x in window:
                total += x
            mean = total / self.n
            squares = 0.0
            for x in window:
                squares += (x - mean) * (x - mean)
            self.value = math.sqrt(squares / self.n)
        return self.value

    def update(self, bar: Bar) -> None:
        """Take one closed bar."""
        self.step(bar.close)
