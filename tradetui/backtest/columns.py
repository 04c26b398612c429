"""Columns to bars: a fresh bar per step with its indicators set, at C speed.

Indicators that can step over columns are computed before the run, exact averages and window extremes by numpy, the
recurrences by their own step function; either way with the bits that live updates give. Others are updated bar by bar.
"""

from __future__ import annotations

import copy
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import repeat
from operator import itemgetter
from typing import Any, Protocol, cast

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from tradetui.domain.bar import Bar
from tradetui.domain.errors import StrategyError
from tradetui.marketdata.bar_columns import BarColumns
from tradetui.strategy.api import Context, Strategy
from tradetui.strategy.indicator import Stepped
from tradetui.strategy.indicators import PRICE_UNITS, ROC, SMA, STDEV, Highest, Lowest

#: Largest integer up to which every integer is a float64.
_EXACT = 2**53
Floats = NDArray[np.float64]
#: Values from the first warm bar on; None where numpy cannot keep the bits.
Batch = Callable[[Any, BarColumns], "Floats | None"]
#: An indicator, the row of its first value, and its values from there on.
Step = tuple[Stepped, int, "Sequence[float] | Floats"]
#: Indicators that a loop can set as assignment targets.
SLOTS = 3
#: Makes the error to raise when the strategy's code fails at a bar (None: while its columns were computed).
Failure = Callable[[Bar | None, BaseException], StrategyError]


class Slot(Protocol):
    """Something with a value to set."""

    value: float | None


class _Dummy:
    """Takes the place of an indicator that is not there."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value: float | None = None


class _Row(tuple[Any, ...]):
    """Gives `_FastBar` the C constructor of tuple."""

    __slots__ = ()
    __new__ = tuple.__new__


class _FastBar(_Row, Bar):
    """A Bar made from a row without a Python frame: `_Row` comes first, so type.__call__ reaches tuple's own new."""

    __slots__ = ()
    __new__ = tuple.__new__  # type: ignore[assignment]


def sma_batch(indicator: SMA, columns: BarColumns) -> Floats | None:
    """Return the averages of `indicator`: the same integer sums, divided once."""
    units = np.rint(columns.close * PRICE_UNITS)
    n = indicator.n
    peak = float(units.max(initial=0.0))
    if peak * n >= _EXACT or peak * len(units) >= 2.0**62:
        return None
    sums = np.concatenate(([0], np.cumsum(units.astype(np.int64))))
    return (sums[n:] - sums[:-n]) / float(n * PRICE_UNITS)


def _roc_batch(indicator: ROC, columns: BarColumns) -> Floats:
    return columns.close[indicator.n :] / columns.close[: -indicator.n] - 1.0


def _highest_batch(indicator: Highest, columns: BarColumns) -> Floats:
    return cast(Floats, sliding_window_view(columns.high, indicator.n).max(axis=1))


def _lowest_batch(indicator: Lowest, columns: BarColumns) -> Floats:
    return cast(Floats, sliding_window_view(columns.low, indicator.n).min(axis=1))


def _stdev_batch(indicator: STDEV, columns: BarColumns) -> Floats:
    # Window position by window position, oldest first: the additions happen in the step function's order.
    n, closes = indicator.n, columns.close
    size = len(closes) - n + 1
    total = np.zeros(size)
    for offset in range(n):
        total += closes[offset : offset + size]
    mean = total / n
    squares = np.zeros(size)
    for offset in range(n):
        away = closes[offset : offset + size] - mean
        squares += away * away
    return cast(Floats, np.sqrt(squares / n))


_BATCHES: dict[type, Batch] = {
    SMA: sma_batch,
    ROC: _roc_batch,
    Highest: _highest_batch,
    Lowest: _lowest_batch,
    STDEV: _stdev_batch,
}


def indicator_values(indicator: Stepped, columns: BarColumns) -> Sequence[float] | Floats:
    """Return the indicator's value at each bar from its first value on (empty when there are too few bars)."""
    if len(columns) < indicator.warmup:
        return []
    batch = _BATCHES.get(type(indicator))
    values = batch(indicator, columns) if batch is not None else None
    if values is not None:
        return values
    # A copy: the strategy's own object must not be left in the state of the last bar.
    step = copy.deepcopy(indicator).step
    inputs = [getattr(columns, name).tolist() for name in indicator.inputs]
    stepped = list(map(step, *inputs))
    return cast(list[float], stepped[_first_value(stepped) :])


def _first_value(values: Sequence[float | None]) -> int:
    return next((index for index, value in enumerate(values) if value is not None), len(values))


def _can_step(strategy: Strategy) -> bool:
    if type(strategy).update is not Strategy.update or type(strategy).is_warm is not Strategy.is_warm:
        return False
    return all(hasattr(indicator, "step") and hasattr(indicator, "inputs") for indicator in strategy.indicators)


class Feed:
    """The bars of one strategy on one symbol, each with the strategy's indicators up to date.

    `first` is the first row that may be decided on: at or after row `start`, and warm.
    """

    def __init__(self, strategy: Strategy, columns: BarColumns, start: int, failure: Failure) -> None:
        self._strategy = strategy
        self._columns = columns
        self._failure = failure
        self._steps: list[Step] = []
        self.decide: Callable[[Bar, Context], None] = strategy.on_bar
        self._by_bar = not _can_step(strategy)
        self.first = min(start, len(columns))
        if self._by_bar:
            deque(self._updated(self._raw(0, self.first)), maxlen=0)
            self.decide = self._decide_when_warm
            return
        for indicator in cast(tuple[Stepped, ...], strategy.indicators):
            values = self._values(indicator)
            offset = len(columns) - len(values)
            self._steps.append((indicator, offset, values))
            self.first = max(self.first, offset)

    def bars(self, low: int, high: int) -> Iterator[Bar]:
        """Yield rows low..high (low >= first), in order; to be consumed one at a time, as decisions are made."""
        return self._set_along(self._raw(low, high), self._steps, low, high)

    def slots(self, low: int, high: int) -> tuple[Iterator[Bar], list[tuple[Slot, Iterable[float | None]]]]:
        """Return the bars of rows low..high and SLOTS pairs of (object, values) to set `value` from, one per bar.

        A loop that takes the values as assignment targets is faster than `bars`; unused pairs are dummies.
        """
        inline, rest = self._steps[:SLOTS], self._steps[SLOTS:]
        pairs: list[tuple[Slot, Iterable[float | None]]] = [
            (indicator, _items(values, low - offset, high - offset)) for indicator, offset, values in inline
        ]
        pairs += [(_Dummy(), repeat(None))] * (SLOTS - len(inline))
        return self._set_along(self._raw(low, high), rest, low, high), pairs

    def _set_along(self, bars: Iterator[Bar], steps: Sequence[Step], low: int, high: int) -> Iterator[Bar]:
        if self._by_bar:
            return self._updated(bars)
        if not steps:
            return bars
        setters = [
            map(setattr, repeat(indicator), repeat("value"), _items(values, low - offset, high - offset))
            for indicator, offset, values in steps
        ]
        # zip draws the bar first and then sets each indicator, before the bar is seen.
        return map(itemgetter(0), zip(bars, *setters, strict=False))

    def _raw(self, low: int, high: int) -> Iterator[Bar]:
        columns = self._columns
        arrays = (columns.end_ns, columns.open, columns.high, columns.low, columns.close, columns.volume)
        # Iterating a memoryview makes plain numbers one by one: faster and leaner than tolist().
        views = (np.ascontiguousarray(array[low:high]).data for array in arrays)
        return map(cast(Callable[[Any], Bar], _FastBar), zip(repeat(columns.symbol), *views, strict=False))

    def _updated(self, bars: Iterator[Bar]) -> Iterator[Bar]:
        for bar in bars:
            try:
                self._strategy.update(bar)
            except (Exception, SystemExit) as error:
                raise self._failure(bar, error) from None
            yield bar

    def _values(self, indicator: Stepped) -> Sequence[float] | Floats:
        try:
            return indicator_values(indicator, self._columns)
        except (Exception, SystemExit) as error:
            raise self._failure(None, error) from None

    def _decide_when_warm(self, bar: Bar, ctx: Context) -> None:
        if self._strategy.is_warm:
            self._strategy.on_bar(bar, ctx)


def _items(values: Sequence[float] | Floats, low: int, high: int) -> Iterable[float]:
    part = values[low:high]
    return np.ascontiguousarray(part).data if isinstance(part, np.ndarray) else part
