"""Loss breakers: when they trip, what they stop, and when trading goes on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.backtest.support import DAY_NS, START_NS, Wanted, columns, fills_of, run_script, tight
from tradetui.backtest.engine import RunResult
from tradetui.backtest.watch import HaltScope
from tradetui.domain.clock import MINUTE_NS
from tradetui.domain.order import Side
from tradetui.domain.order_state import OrderState
from tradetui.marketdata.bar_columns import BarColumns
from tradetui.risk.limits import BreakerAction

BUY = Side.BUY


def flat(price: float) -> list[float]:
    return [price, price + 0.1, price - 0.1, price]


def two_days(prices: list[float], second_day: list[float]) -> BarColumns:
    made = columns([flat(price) for price in [*prices, *second_day]])
    ends = [START_NS + MINUTE_NS * (index + 1) for index in range(len(prices))]
    ends += [START_NS + DAY_NS + MINUTE_NS * (index + 1) for index in range(len(second_day))]
    return replace(made, end_ns=np.array(ends, dtype=np.int64))


def trips(result: RunResult) -> list[tuple[int, str]]:
    return [((trip.end_ns - START_NS) // MINUTE_NS, trip.key) for trip in result.log.trips]


def test_the_daily_loss_breaker_trips_at_the_first_close_at_its_limit() -> None:
    bars = columns([flat(price) for price in (100.0, 100.0, 99.0, 95.01, 95.0, 94.0)])
    result, _ = run_script(bars, {0: [Wanted(BUY, 10.0)]}, limits=tight(daily_loss_limit=50.0))
    assert trips(result) == [(5, "daily_loss")]


def test_no_entry_after_the_trip_but_exits_go_and_the_next_session_trades_again() -> None:
    bars = two_days([100.0, 100.0, 90.0, 90.0, 90.0], [90.0, 90.0, 90.0])
    script = {0: [Wanted(BUY, 10.0)], 2: [Wanted(BUY, 1.0)], 3: [Wanted(None)], 5: [Wanted(BUY, 2.0)]}
    result, _ = run_script(bars, script, limits=tight(daily_loss_limit=50.0))
    assert [(fill[1], fill[2]) for fill in fills_of(result)] == [(10.0, 100.0), (-10.0, 90.0), (2.0, 90.0)]
    assert "HALTED (the day's loss reached 100.00)" in result.log.refused[0].text


def test_with_the_run_scope_the_breaker_stops_entries_for_good() -> None:
    bars = two_days([100.0, 100.0, 90.0, 90.0, 90.0], [90.0, 90.0, 90.0])
    script = {0: [Wanted(BUY, 10.0)], 3: [Wanted(None)], 5: [Wanted(BUY, 2.0)]}
    limits = tight(daily_loss_limit=50.0)
    result, _ = run_script(bars, script, limits=limits, halt_scope=HaltScope.RUN)
    assert [fill[1] for fill in fills_of(result)] == [10.0, -10.0]
    assert sum(result.log.refusals.values()) == 1


def test_a_days_loss_is_measured_from_the_last_close_before_it() -> None:
    # 30 lost yesterday and 30 today: neither day reaches 50.
    bars = two_days([100.0, 100.0, 97.0, 97.0], [97.0, 95.0, 94.0, 94.0])
    result, _ = run_script(bars, {0: [Wanted(BUY, 10.0)]}, limits=tight(daily_loss_limit=50.0))
    assert trips(result) == []
    # The gap over the night belongs to the new day.
    bars = two_days([100.0, 100.0, 97.0, 97.0], [94.0, 92.0, 92.0])
    result, _ = run_script(bars, {0: [Wanted(BUY, 10.0)]}, limits=tight(daily_loss_limit=50.0))
    assert trips(result) == [(1442, "daily_loss")]


def test_the_drawdown_breaker_measures_from_the_highest_equity_and_is_never_cleared() -> None:
    bars = two_days([100.0, 100.0, 110.0, 104.0, 99.0], [99.0, 99.0, 99.0])
    script = {0: [Wanted(BUY, 100.0)], 4: [Wanted(None)], 6: [Wanted(BUY, 1.0)]}
    result, _ = run_script(bars, script, limits=tight(max_drawdown_pct=1.0))
    assert trips(result) == [(5, "drawdown")]
    assert result.log.refusals == {"TRADING_STATE": 1}


@pytest.mark.parametrize(
    ("action", "state", "qty"),
    [
        (BreakerAction.BLOCK, OrderState.FILLED, 12.0),
        (BreakerAction.CANCEL, OrderState.CANCELLED, 10.0),
        (BreakerAction.FLATTEN, OrderState.CANCELLED, 0.0),
    ],
)
def test_the_action_decides_about_working_entries_and_positions(
    action: BreakerAction, state: OrderState, qty: float
) -> None:
    bars = columns([flat(price) for price in (100.0, 100.0, 93.0, 90.0, 90.0)])
    script = {0: [Wanted(BUY, 10.0)], 1: [Wanted(BUY, 2.0, limit=90.0)]}
    result, _ = run_script(bars, script, limits=tight(daily_loss_limit=50.0, breaker_action=action))
    assert result.log.orders[1][1].state is state
    assert result.lanes[0].qty == qty


def test_working_exits_survive_a_trip_that_cancels_entries() -> None:
    bars = columns([flat(price) for price in (100.0, 100.0, 93.0, 90.0, 101.0)])
    script = {0: [Wanted(BUY, 10.0)], 1: [Wanted(Side.SELL, 10.0, limit=101.0)]}
    result, _ = run_script(bars, script, limits=tight(daily_loss_limit=50.0))
    assert [fill[1:] for fill in fills_of(result)] == [(10.0, 100.0), (-10.0, 101.0)]
