"""When an order fills and at what price: the conventions, one by one."""

from __future__ import annotations

import pytest

from tests.backtest.support import DAY_NS, Wanted, columns, fills_of, run_script
from tradetui.backtest.costs import Costs, PerOrder, PerShare, parse_commission
from tradetui.backtest.engine import RunResult
from tradetui.domain.errors import OperatorError
from tradetui.domain.order import Side, TimeInForce
from tradetui.domain.order_state import OrderState

BUY, SELL = Side.BUY, Side.SELL
CALM = [100.0, 100.5, 99.5, 100.2]


def states(result: RunResult) -> list[OrderState]:
    return [order.state for _, order in result.log.orders]


def test_a_market_order_fills_at_the_next_open() -> None:
    result, _ = run_script(columns([CALM, [101.0, 102.0, 100.0, 101.5], CALM]), {0: [Wanted(BUY)]})
    assert fills_of(result) == [(2, 10.0, 101.0)]


@pytest.mark.parametrize(
    ("wanted", "price"),
    [
        (Wanted(BUY), 101.0 * 1.001),
        (Wanted(SELL), 101.0 * 0.999),
        (Wanted(BUY, stop=102.0), 102.0 * 1.001),
        (Wanted(SELL, stop=100.0), 100.0 * 0.999),
        (Wanted(BUY, limit=100.5), 100.5),
        (Wanted(BUY, stop=102.0, limit=102.5), 102.0),
    ],
)
def test_slippage_moves_market_and_stop_fills_against_the_order_and_never_a_limit(wanted: Wanted, price: float) -> None:
    bars = columns([CALM, [101.0, 103.0, 99.0, 101.5]])
    result, _ = run_script(bars, {0: [wanted]}, costs=Costs(PerOrder(0.0), slippage_bps=10.0))
    assert [fill[2] for fill in fills_of(result)] == [pytest.approx(price, rel=1e-12)]
    slips = wanted.limit is None
    assert result.log.fills[0][6] == pytest.approx(price * 0.001 * 10.0 if slips else 0.0, rel=2e-3)


@pytest.mark.parametrize(
    ("wanted", "bar", "price"),
    [
        pytest.param(Wanted(BUY, limit=99.8), [100.0, 100.5, 99.7, 100.0], 99.8, id="buy limit touched"),
        pytest.param(Wanted(BUY, limit=99.7), [100.0, 100.5, 99.7, 100.0], 99.7, id="buy limit at the low"),
        pytest.param(Wanted(BUY, limit=99.6), [100.0, 100.5, 99.7, 100.0], None, id="buy limit not reached"),
        pytest.param(Wanted(BUY, limit=100.4), [100.0, 100.5, 99.7, 100.0], 100.0, id="buy limit bettered by the open"),
        pytest.param(Wanted(SELL, limit=100.4), [100.0, 100.5, 99.7, 100.0], 100.4, id="sell limit touched"),
        pytest.param(Wanted(SELL, limit=99.9), [100.0, 100.5, 99.7, 100.0], 100.0, id="sell limit bettered"),
        pytest.param(Wanted(BUY, stop=100.3), [100.0, 100.5, 99.7, 100.0], 100.3, id="buy stop triggered"),
        pytest.param(Wanted(BUY, stop=99.9), [100.0, 100.5, 99.7, 100.0], 100.0, id="buy stop through the gap"),
        pytest.param(Wanted(BUY, stop=100.6), [100.0, 100.5, 99.7, 100.0], None, id="buy stop not reached"),
        pytest.param(Wanted(SELL, stop=99.8), [100.0, 100.5, 99.7, 100.0], 99.8, id="sell stop triggered"),
        pytest.param(Wanted(SELL, stop=100.1), [98.0, 98.5, 97.0, 98.0], 98.0, id="sell stop through the gap"),
        pytest.param(Wanted(BUY, stop=100.3, limit=100.4), [100.0, 100.5, 99.7, 100.0], 100.3, id="stop-limit at stop"),
        pytest.param(Wanted(BUY, stop=100.3, limit=100.1), [100.0, 100.5, 99.7, 100.0], None, id="stop-limit waits"),
        pytest.param(Wanted(BUY, stop=99.9, limit=99.8), [100.0, 100.5, 99.7, 100.0], 99.8, id="armed at the open"),
        pytest.param(Wanted(BUY, stop=99.9, limit=99.6), [100.0, 100.5, 99.7, 100.0], None, id="gapped over its limit"),
        pytest.param(Wanted(SELL, stop=99.8, limit=99.7), [100.0, 100.5, 99.6, 100.0], 99.8, id="sell stop-limit"),
    ],
)
def test_price_orders_fill_by_the_gap_and_touch_rules(wanted: Wanted, bar: list[float], price: float | None) -> None:
    result, _ = run_script(columns([CALM, bar]), {0: [wanted]})
    assert [fill[2] for fill in fills_of(result)] == ([] if price is None else [price])


def test_a_stop_limit_armed_in_one_bar_fills_in_a_later_one() -> None:
    bars = columns([CALM, [100.0, 100.5, 99.9, 100.4], [100.4, 100.6, 100.2, 100.5], [100.4, 100.5, 99.0, 99.5]])
    result, _ = run_script(bars, {0: [Wanted(BUY, stop=100.3, limit=100.1)]})
    assert fills_of(result) == [(4, 10.0, 100.1)]


def test_in_one_bar_a_stop_fills_before_a_limit() -> None:
    bars = columns([CALM, CALM, [100.0, 103.0, 97.0, 100.0]])
    script = {0: [Wanted(BUY)], 1: [Wanted(SELL, 5.0, limit=102.0), Wanted(SELL, 5.0, stop=98.0, leg="stop")]}
    result, _ = run_script(bars, script)
    assert [price for _, _, price in fills_of(result)] == [100.0, 98.0, 102.0]


# --- how long an order works ------------------------------------------------------------------------------------------
def test_a_day_order_expires_with_its_session_and_a_gtc_order_does_not() -> None:
    rows = [CALM] * 3 + [[98.0, 98.5, 97.0, 98.0]]
    bars = columns(rows, step_ns=DAY_NS)
    for tif, expected in ((TimeInForce.DAY, OrderState.EXPIRED), (TimeInForce.GTC, OrderState.FILLED)):
        result, made = run_script(bars, {0: [Wanted(BUY, limit=98.2, tif=tif)]}, daily=True)
        assert states(result) == [expected]
        assert [seen[3] for seen in made["AAA"].seen] == [False, True, tif is TimeInForce.GTC, False]


def test_a_day_order_of_the_last_bar_works_in_the_next_session() -> None:
    result, _ = run_script(columns([CALM] * 3, step_ns=DAY_NS), {0: [Wanted(BUY)]}, daily=True)
    assert [fill[2] for fill in fills_of(result)] == [100.0]


@pytest.mark.parametrize("tif", [TimeInForce.IOC, TimeInForce.FOK])
def test_an_immediate_order_gets_one_look_at_the_open(tif: TimeInForce) -> None:
    bars = columns([CALM, [100.0, 100.5, 99.0, 100.0], CALM])
    result, _ = run_script(bars, {0: [Wanted(BUY, limit=99.5, tif=tif)]})
    assert states(result) == [OrderState.CANCELLED]
    result, _ = run_script(bars, {0: [Wanted(BUY, limit=100.5, tif=tif)]})
    assert fills_of(result) == [(2, 10.0, 100.0)]


def test_an_opening_order_waits_for_the_next_session() -> None:
    rows = [CALM] * 4
    bars = columns(rows, step_ns=DAY_NS // 2)
    result, _ = run_script(bars, {0: [Wanted(BUY, tif=TimeInForce.OPG)]})
    assert [fill[2] for fill in result.log.fills] == [int(bars.end_ns[2])]


# --- partial fills ----------------------------------------------------------------------------------------------------
def test_a_volume_cap_fills_an_order_over_several_bars_and_charges_its_minimum_once() -> None:
    bars = columns([CALM, [100.0, 100.5, 99.5, 100.0, 40.0], [101.0, 101.5, 100.5, 101.0, 70.0], CALM])
    result, _ = run_script(bars, {0: [Wanted(BUY, qty=10.0)]}, volume_cap=0.1, costs=Costs(PerShare(0.005, 1.0, 0.01)))
    assert fills_of(result) == [(2, 4.0, 100.0), (3, 6.0, 101.0)]
    assert sum(fill[5] for fill in result.log.fills) == 1.0


def test_a_fill_or_kill_order_larger_than_the_cap_is_killed() -> None:
    bars = columns([CALM, [100.0, 100.5, 99.5, 100.0, 40.0], CALM])
    result, _ = run_script(bars, {0: [Wanted(BUY, tif=TimeInForce.FOK)]}, volume_cap=0.1)
    assert states(result) == [OrderState.CANCELLED]
    assert result.log.fills == []


def test_all_orders_of_a_bar_share_the_cap() -> None:
    bars = columns([CALM, [*CALM, 1000.0], [*CALM, 100.0], CALM])
    script = {0: [Wanted(BUY, 16.0)], 1: [Wanted(SELL, 8.0), Wanted(SELL, 8.0, leg="second")]}
    result, _ = run_script(bars, script, volume_cap=0.1)
    assert [fill[:2] for fill in fills_of(result)] == [(2, 16.0), (3, -8.0), (3, -2.0), (4, -6.0)]


# --- costs ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "qty", "notional", "amount"),
    [
        ("zero", 500.0, 5e4, 0.0),
        ("ibkr_fixed", 100.0, 1e4, 1.0),
        ("ibkr_fixed", 1000.0, 1e5, 5.0),
        ("ibkr_fixed", 10.0, 20.0, 0.2),
        ("ibkr_tiered", 1000.0, 1e5, 3.5),
        ("fixed:2.5", 1.0, 100.0, 2.5),
        ("per_share:0.01,0.5,0.02", 200.0, 1e4, 2.0),
    ],
)
def test_commission_schedules(text: str, qty: float, notional: float, amount: float) -> None:
    assert parse_commission(text).total(qty, notional) == pytest.approx(amount)


@pytest.mark.parametrize("text", ["free", "fixed", "fixed:-1", "fixed:1,2", "per_share:1,2", "fixed:nan", "fixed:inf"])
def test_an_unknown_commission_is_refused_with_the_known_forms(text: str) -> None:
    with pytest.raises(OperatorError, match="use zero, ibkr_fixed"):
        parse_commission(text)


@pytest.mark.parametrize("bps", [-1.0, 10_000.0, float("nan")])
def test_impossible_slippage_is_refused(bps: float) -> None:
    with pytest.raises(OperatorError, match="slippage of"):
        Costs(PerOrder(0.0), bps)
