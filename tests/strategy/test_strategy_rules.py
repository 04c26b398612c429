"""Sizing, exit rules and the sample strategies' decisions."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradetui.domain.bar import Bar
from tradetui.domain.order import Side
from tradetui.strategy.api import Context, Strategy
from tradetui.strategy.exits import AtrStop, Holding, TimeStop, TrailingLock, first_reason, track
from tradetui.strategy.loader import load_strategy
from tradetui.strategy.sizing import by_notional, by_risk, whole_lots

SAMPLES = Path(__file__).parents[2] / "strategies"
amounts = st.floats(min_value=0.01, max_value=1e7, allow_nan=False)


def bar_at(close: float, index: int = 0) -> Bar:
    return Bar("SPY", index, close, close + 0.1, close - 0.1, close, 100.0)


# --- sizing -----------------------------------------------------------------------------------------------------------
@given(amounts, st.floats(min_value=0.5, max_value=1000), st.sampled_from([1.0, 10.0, 0.001]))
def test_a_size_by_money_never_costs_more_and_one_more_lot_would(money: float, price: float, lot: float) -> None:
    qty = by_notional(money, price, lot=lot)
    assert qty * price <= money * (1 + 1e-8) + lot * price * 1e-8
    assert (qty + lot) * price > money * (1 - 1e-8)


@given(amounts, st.floats(min_value=0.001, max_value=0.1), st.floats(min_value=0.01, max_value=100))
def test_a_size_by_risk_never_loses_more_than_its_share(equity: float, fraction: float, distance: float) -> None:
    assert by_risk(equity, fraction, distance) * distance <= equity * fraction * (1 + 1e-8) + distance * 1e-8


@pytest.mark.parametrize(("equity", "distance"), [(None, 1.0), (0.0, 1.0), (-5.0, 1.0), (1000.0, 0.0)])
def test_unknown_risk_gives_no_size(equity: float | None, distance: float) -> None:
    assert by_risk(equity, 0.01, distance) == 0.0


@pytest.mark.parametrize(("qty", "lots"), [(2.9999999999, 3.0), (2.9, 2.0), (0.4, 0.0), (float("nan"), 0.0), (-3, 0.0)])
def test_quantities_are_cut_to_whole_lots(qty: float, lots: float) -> None:
    assert whole_lots(qty) == lots


# --- exits ------------------------------------------------------------------------------------------------------------
def test_holding_begins_with_the_position_and_ends_with_it() -> None:
    assert track(None, 0.0, 0.0, bar_at(100.0), 2.0) is None
    first = track(None, 10.0, 99.5, bar_at(100.0), 2.0)
    assert first == Holding(1, 99.5, 2.0, best=100.0, bars=0)
    second = track(first, 10.0, 99.5, bar_at(103.0), 9.0)
    assert second == Holding(1, 99.5, 2.0, best=103.0, bars=1)
    assert track(second, 0.0, 0.0, bar_at(101.0), 2.0) is None


def test_a_turned_position_is_a_new_holding() -> None:
    long = track(None, 10.0, 100.0, bar_at(100.0), 2.0)
    assert track(long, -5.0, 98.0, bar_at(97.0), 1.0) == Holding(-1, 98.0, 1.0, best=97.0)


def test_atr_stop_fires_at_its_distance_and_not_without_a_unit() -> None:
    stop = AtrStop(2.0)
    held = Holding(1, 100.0, 1.5, best=100.0)
    assert stop.reason(held, bar_at(97.01)) is None
    assert stop.reason(held, bar_at(97.0)) == "stop: 2 ATR against the entry"
    assert stop.reason(Holding(1, 100.0, 0.0, best=100.0), bar_at(50.0)) is None
    assert stop.reason(Holding(-1, 100.0, 1.5, best=100.0), bar_at(103.0)) is not None


def test_time_stop_counts_bars() -> None:
    assert TimeStop(3).reason(Holding(1, 100.0, 1.0, best=100.0, bars=2), bar_at(100.0)) is None
    assert TimeStop(3).reason(Holding(1, 100.0, 1.0, best=100.0, bars=3), bar_at(100.0)) == "time stop: 3 bars"


def test_trailing_lock_waits_for_its_profit_and_then_keeps_a_share() -> None:
    lock = TrailingLock(after=2.0, keep=0.5)
    assert lock.reason(Holding(1, 100.0, 1.0, best=101.5), bar_at(100.1)) is None
    assert lock.reason(Holding(1, 100.0, 1.0, best=104.0), bar_at(102.5)) is None
    assert lock.reason(Holding(1, 100.0, 1.0, best=104.0), bar_at(102.0)) is not None


def test_the_first_rule_in_order_gives_the_reason() -> None:
    held = Holding(1, 100.0, 1.0, best=100.0, bars=9)
    assert first_reason((TimeStop(5), AtrStop(1.0)), held, bar_at(90.0)) == "time stop: 5 bars"
    assert first_reason((TimeStop(50), AtrStop(20.0)), held, bar_at(90.0)) is None


# --- sample strategies ------------------------------------------------------------------------------------------------
def decide(strategy: Strategy, closes: list[float], ctx: Context) -> None:
    for index, close in enumerate(closes):
        bar = bar_at(close, index)
        strategy.update(bar)
        if strategy.is_warm:
            strategy.on_bar(bar, ctx)


def test_crossover_buys_above_sells_below_and_waits_while_an_order_works() -> None:
    strategy = load_strategy("ma_crossover", SAMPLES).make("SPY", {"fast": 2, "slow": 3, "qty": 7})
    ctx = Context("SPY")
    decide(strategy, [10.0, 10.0, 11.0], ctx)
    assert [(signal.side, signal.qty) for signal in ctx.signals] == [(Side.BUY, 7.0)]
    ctx = Context("SPY", working=True)
    decide(strategy, [12.0], ctx)
    assert ctx.signals == []
    ctx = Context("SPY", position=7.0)
    decide(strategy, [5.0, 4.0], ctx)
    assert {signal.side for signal in ctx.signals} == {Side.SELL}


def test_crossover_changes_nothing_on_equal_averages() -> None:
    strategy = load_strategy("ma_crossover", SAMPLES).make("SPY", {"fast": 2, "slow": 3})
    flat, held = Context("SPY"), Context("SPY", position=10.0)
    decide(strategy, [10.0, 10.0, 10.0], flat)
    decide(strategy, [10.0], held)
    assert flat.signals == held.signals == []


def test_momentum_enters_on_strength_and_leaves_on_its_stop() -> None:
    strategy = load_strategy("momentum", SAMPLES).make("SPY", {"lookback": 2, "trend": 3, "atr": 2, "notional": 1000.0})
    ctx = Context("SPY")
    decide(strategy, [100.0, 100.0, 100.0, 100.5], ctx)
    assert [(signal.side, signal.qty) for signal in ctx.signals] == [(Side.BUY, 9.0)]
    ctx = Context("SPY", position=9.0, avg_cost=100.6)
    decide(strategy, [100.7], ctx)
    assert ctx.signals == []
    decide(strategy, [99.0], ctx)
    assert [signal.side for signal in ctx.signals] == [Side.SELL]


def test_momentum_puts_its_stop_and_target_at_the_broker_when_asked_to() -> None:
    params = {"lookback": 2, "trend": 3, "atr": 2, "hard_stop_atr": 2.0, "target_atr": 4.0}
    strategy = load_strategy("momentum", SAMPLES).make("SPY", params)
    ctx = Context("SPY")
    decide(strategy, [100.0, 100.0, 100.0, 100.5], ctx)
    (signal,) = ctx.signals
    assert signal.stop_loss is not None
    assert signal.take_profit is not None
    assert 100.5 - signal.stop_loss == pytest.approx((signal.take_profit - 100.5) / 2)
    assert signal.stop_loss < 100.5


def test_a_stop_is_asked_for_around_what_is_held_and_not_when_flat() -> None:
    flat, held = Context("SPY"), Context("SPY", position=-5.0)
    flat.protect(99.0)
    held.protect(101.0, target=95.0, reason="trail")
    assert flat.signals == []
    (signal,) = held.signals
    assert (signal.side, signal.qty, signal.stop_price, signal.take_profit) == (Side.BUY, 5.0, 101.0, 95.0)
    assert signal.protects
