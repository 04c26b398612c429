"""Indicators: published values, and the same bits whatever feeds them."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradetui.domain.bar import Bar
from tradetui.strategy.indicator import Stepped
from tradetui.strategy.indicators import ATR, EMA, ROC, RSI, SMA, STDEV, VWAP, Highest, Lowest

MINUTE = 60_000_000_000
HOUR = 60 * MINUTE


def bar_of(
    close: float, *, high: float | None = None, low: float | None = None, end_ns: int = 0, volume: float = 1.0
) -> Bar:
    top, bottom = high if high is not None else close, low if low is not None else close
    return Bar("SPY", end_ns, close, top, bottom, close, volume)


def fed(indicator: Any, closes: Sequence[float]) -> list[float | None]:
    values = []
    for close in closes:
        indicator.update(bar_of(close))
        values.append(indicator.value)
    return values


# --- published values -------------------------------------------------------------------------------------------------
def golden_bars(shared_dir: Path) -> list[Bar]:
    with (shared_dir / "golden/inputs/stock_indicators_default_502.csv").open() as file:
        rows = list(csv.DictReader(file))
    return [
        Bar("SPY", index, *(float(row[name]) for name in ("open", "high", "low", "close", "volume")))
        for index, row in enumerate(rows)
    ]


@pytest.mark.parametrize(
    ("column", "make"),
    [
        ("sma_20", lambda: SMA(20)),
        ("ema_20", lambda: EMA(20)),
        ("rsi_14", lambda: RSI(14)),
        ("atr_14", lambda: ATR(14)),
        ("stdev_pop_14", lambda: STDEV(14)),
    ],
)
def test_indicator_agrees_with_502_published_values(shared_dir: Path, column: str, make: Callable[[], Any]) -> None:
    with (shared_dir / "golden/inputs/stock_indicators_expected_502.csv").open() as file:
        expected = [float(row[column]) if row[column] else None for row in csv.DictReader(file)]
    indicator = make()
    compared = 0
    for bar, published in zip(golden_bars(shared_dir), expected, strict=True):
        indicator.update(bar)
        if published is not None:
            assert indicator.value == pytest.approx(published, abs=1e-8)
            compared += 1
        else:
            assert indicator.value is None
    assert compared > 480


def test_rsi_agrees_with_the_textbook_series(shared_dir: Path) -> None:
    golden = json.loads((shared_dir / "golden/rsi_wilder_33.json").read_text())
    values = fed(RSI(14), golden["closes"])
    first = golden["expected"]["first_index"]
    assert values[:first] == [None] * first
    assert values[first:] == pytest.approx(golden["expected"]["rsi_2dp"], abs=0.005)
    assert values[first:] == pytest.approx(golden["expected"]["rsi_talib"], abs=1e-9)


# --- exactness --------------------------------------------------------------------------------------------------------
cents = st.integers(min_value=1, max_value=100_000_00)


@given(st.lists(cents, min_size=1, max_size=60), st.integers(min_value=1, max_value=20))
def test_sma_is_the_correctly_rounded_mean_of_decimal_prices(ticks: list[int], n: int) -> None:
    values = fed(SMA(n), [tick / 100 for tick in ticks])
    for index, value in enumerate(values):
        if index + 1 < n:
            assert value is None
        else:
            assert value == float(Fraction(sum(ticks[index + 1 - n : index + 1]), 100 * n))


@given(st.integers(min_value=1, max_value=10_000), st.integers(min_value=0, max_value=500))
def test_averages_of_different_length_compare_equal_when_their_exact_means_are_equal(tick: int, step: int) -> None:
    # Symmetric around the same mean, so the means over 4 and 10 bars are equal as fractions of a cent.
    ticks = [tick + step * k for k in (0, 3, 1, 2, 3, 0, 0, 3, 1, 2)]
    short, long = SMA(4), SMA(10)
    for value in ticks:
        short.update(bar_of(value / 100))
        long.update(bar_of(value / 100))
    assert Fraction(sum(ticks[-4:]), 4) == Fraction(sum(ticks), 10)
    assert short.value == long.value


# --- one step function, any feeding -----------------------------------------------------------------------------------
prices = st.floats(min_value=0.01, max_value=100_000, allow_nan=False)


@st.composite
def bars(draw: st.DrawFn, least: int = 1) -> list[Bar]:
    end_ns, made = 0, []
    for _ in range(draw(st.integers(min_value=least, max_value=60))):
        end_ns += draw(st.sampled_from([MINUTE, MINUTE, 7 * HOUR]))
        four = sorted(draw(st.lists(prices, min_size=4, max_size=4)))
        volume = draw(st.sampled_from([0.0, 1.0, 1234.5]))
        made.append(Bar("SPY", end_ns, four[1], four[3], four[0], four[2], volume))
    return made


MAKERS: list[Callable[[int], Stepped]] = [
    SMA, EMA, RSI, ATR, ROC, Highest, Lowest, STDEV, lambda _: VWAP(),
]  # fmt: skip


@given(bars(), st.integers(min_value=1, max_value=8), st.sampled_from(MAKERS))
def test_feeding_bars_and_stepping_over_columns_give_the_same_bits(
    history: list[Bar], n: int, make: Callable[[int], Stepped]
) -> None:
    live, columns = make(n), make(n)
    by_bar = []
    for bar in history:
        live.update(bar)
        by_bar.append(live.value)
    by_column = [columns.step(*(getattr(bar, name) for name in columns.inputs)) for bar in history]
    assert by_bar == by_column
    assert [value is not None for value in by_bar] == [index + 1 >= live.warmup for index in range(len(history))]


def batch_ema(closes: list[float], n: int) -> float:
    value = float(sum(Fraction(round(close * 10**8), 10**8) for close in closes[:n]) / n)
    for close in closes[n:]:
        value = value + 2.0 / (n + 1) * (close - value)
    return value


@given(st.lists(prices, min_size=8, max_size=60), st.integers(min_value=1, max_value=8))
def test_ema_equals_its_textbook_loop_bit_by_bit(closes: list[float], n: int) -> None:
    assert fed(EMA(n), closes)[-1] == batch_ema(closes, n)


@given(bars(least=9), st.integers(min_value=1, max_value=8))
def test_extremes_deviation_and_change_equal_their_definitions_over_the_window(history: list[Bar], n: int) -> None:
    highest, lowest, deviation, change = Highest(n), Lowest(n), STDEV(n), ROC(n)
    for bar in history:
        for indicator in (highest, lowest, deviation, change):
            indicator.update(bar)
    window = history[-n:]
    assert highest.value == max(bar.high for bar in window)
    assert lowest.value == min(bar.low for bar in window)
    assert change.value == history[-1].close / history[-1 - n].close - 1.0
    exact = [Fraction(bar.close) for bar in window]
    mean = sum(exact) / n
    variance = float(sum((close - mean) ** 2 for close in exact) / n)
    assert deviation.value == pytest.approx(math.sqrt(variance), rel=1e-9, abs=1e-9 * float(mean))


@given(st.lists(prices, min_size=6, max_size=40))
def test_rsi_and_atr_stay_in_their_ranges(closes: list[float]) -> None:
    strength, atr = RSI(4), ATR(4)
    for close in closes:
        strength.update(bar_of(close))
        atr.update(bar_of(close, high=close * 1.01, low=close * 0.99))
    assert strength.value is not None
    assert 0.0 <= strength.value <= 100.0
    assert atr.value is not None
    assert 0.0 < atr.value <= max(closes) * 1.02


def test_rsi_of_an_unmoved_price_is_fifty() -> None:
    assert fed(RSI(3), [10.0] * 6)[-1] == 50.0


# --- session average --------------------------------------------------------------------------------------------------
def test_vwap_starts_again_after_the_night_and_not_after_a_halt() -> None:
    vwap = VWAP()
    vwap.update(bar_of(10.0, end_ns=HOUR, volume=100))
    vwap.update(bar_of(20.0, end_ns=HOUR + 2 * HOUR, volume=300))
    assert vwap.value == 17.5
    vwap.update(bar_of(40.0, end_ns=HOUR + 20 * HOUR, volume=50))
    assert vwap.value == 40.0


def test_vwap_without_volume_is_the_typical_price() -> None:
    vwap = VWAP()
    vwap.update(bar_of(10.0, high=12.0, low=8.0, end_ns=HOUR, volume=0.0))
    assert vwap.value == 10.0


@pytest.mark.parametrize("make", [SMA, EMA, RSI, ATR, ROC, Highest, Lowest, STDEV])
def test_a_length_below_one_is_refused(make: Callable[[int], object]) -> None:
    with pytest.raises(ValueError, match="length of at least 1"):
        make(0)
