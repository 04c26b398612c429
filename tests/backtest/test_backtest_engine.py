"""The engine: reference results, money to the last bit, and results that depend on the inputs alone."""

from __future__ import annotations

import gc
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.backtest.support import (
    FREE,
    LIMITS,
    START_NS,
    Scripted,
    Wanted,
    columns,
    cost_models,
    daily_walk,
    fills_of,
    load_bench,
    log_of,
    markets,
    run_script,
    scripts,
    sessions_of,
    tight,
    tight_limits,
)
from tradetui.backtest.costs import Costs, PerOrder
from tradetui.backtest.engine import Player, RunResult, RunSpec, run
from tradetui.backtest.equity import equity_curve
from tradetui.backtest.keeper import Keeper
from tradetui.backtest.sessions import Sessions, each_bar, utc_days
from tradetui.backtest.trades import round_trips
from tradetui.domain.bar import Bar
from tradetui.domain.errors import OperatorError, StrategyError
from tradetui.domain.fill import Commission, Fill
from tradetui.domain.instrument import Instrument
from tradetui.domain.ledger import Ledger
from tradetui.domain.order import Side
from tradetui.marketdata.bar_columns import BarColumns
from tradetui.risk.limits import Limits
from tradetui.strategy.api import Context, Strategy
from tradetui.strategy.indicator import Stepped
from tradetui.strategy.indicators import ATR, EMA, ROC, RSI, SMA, STDEV, VWAP, Highest, Lowest

Script = Mapping[int, Sequence[Wanted]]


# --- reference results ------------------------------------------------------------------------------------------------
def cross(bars: BarColumns, *, daily: bool) -> tuple[RunResult, float]:
    bench = load_bench()
    strategy = bench.LevelCross(bars.symbol)
    sessions = each_bar(bars.end_ns) if daily else utc_days(bars.end_ns)
    spec = RunSpec(limits=bench.roomy_limits(bars.symbol), sessions=sessions, costs=Costs(PerOrder(1.0), 1.0))
    result = run([Player("cross", strategy, Instrument(symbol=bars.symbol))], {bars.symbol: bars}, spec)
    return result, result.account.equity()


@pytest.mark.slow
def test_a_million_minutes_give_the_exact_reference_result() -> None:
    result, final = cross(load_bench().minute_bars(1_000_000), daily=False)
    assert len(result.log.orders) == 22_378
    assert final == pytest.approx(55_198.3278, abs=1e-4)


def test_five_thousand_days_give_the_exact_reference_result() -> None:
    result, final = cross(daily_walk(), daily=True)
    assert len(result.log.orders) == 113
    assert final == pytest.approx(98_418.3666, abs=1e-4)


# --- money ------------------------------------------------------------------------------------------------------------
def ledger_of(result: RunResult, cash: float) -> Ledger:
    ledger = Ledger()
    ledger.open_cash(cash)
    for number, (lane, order, end_ns, signed, price, commission, *_) in enumerate(result.log.fills):
        fill = Fill(
            exec_id=f"{number}.01",
            account="DU1",
            symbol=result.lanes[lane].symbol,
            side=Side.BUY if signed > 0 else Side.SELL,
            qty=abs(signed),
            price=price,
            ts_ns=end_ns,
        )
        ledger.book_fill(fill, result.lanes[lane].owner)
        ledger.book_commission(Commission(exec_id=fill.exec_id, amount=commission))
        assert order.qty >= abs(signed)
    return ledger


@given(markets(), scripts, cost_models)
def test_the_ledger_of_live_trading_gives_the_same_money_bit_by_bit(
    bars: BarColumns, script: Script, costs: Costs
) -> None:
    result, _ = run_script(bars, script, costs=costs)
    ledger = ledger_of(result, 100_000.0)
    assert ledger.cash == result.account.cash
    position = ledger.position("AAA")
    lane = result.lanes[0]
    assert (position.qty, position.avg_cost, position.realized) == (lane.qty, lane.avg_cost, lane.realized)
    assert position.commission == lane.commission


@given(markets(), scripts, cost_models)
def test_the_equity_curve_equals_what_the_strategy_saw_at_every_bar(
    bars: BarColumns, script: Script, costs: Costs
) -> None:
    by_symbol = {"AAA": bars}
    result, made = run_script(bars, script, costs=costs)
    spec = RunSpec(limits=LIMITS, sessions=sessions_of(by_symbol))
    curve = equity_curve(result, by_symbol, spec)
    assert curve.equity.tolist() == [seen[4] for seen in made["AAA"].seen]
    assert curve.end_ns.tolist() == [seen[0].end_ns for seen in made["AAA"].seen]


@given(markets(), scripts, cost_models)
def test_round_trips_add_up_to_the_realised_profit(bars: BarColumns, script: Script, costs: Costs) -> None:
    result, _ = run_script(bars, script, costs=costs)
    trades = round_trips(result.log.fills)
    if result.lanes[0].qty == 0:
        assert sum(trade.profit for trade in trades) == pytest.approx(result.lanes[0].realized, abs=1e-6)
        assert sum(trade.commission for trade in trades) == pytest.approx(result.lanes[0].commission, abs=1e-9)
    assert all(trade.entry_ns <= trade.exit_ns and trade.qty > 0 for trade in trades)


def test_a_reversal_ends_one_round_trip_and_begins_the_next() -> None:
    rows = [[100.0, 101.0, 99.0, 100.0]] * 2 + [[103.0, 104.0, 102.0, 103.0]] * 3
    script = {0: [Wanted(Side.BUY, 10.0)], 1: [Wanted(Side.SELL, 25.0)], 3: [Wanted(None)]}
    result, _ = run_script(columns(rows), script)
    trades = round_trips(result.log.fills)
    assert [(trade.sign, trade.qty, trade.entry_price, trade.exit_price) for trade in trades] == [
        (1, 10.0, 100.0, 103.0),
        (-1, 15.0, 103.0, 103.0),
    ]
    assert [trade.profit for trade in trades] == [30.0, 0.0]


# --- fills ------------------------------------------------------------------------------------------------------------
@given(markets(), scripts, cost_models, st.none() | st.sampled_from([0.1, 1.0]))
def test_no_fill_is_outside_its_bar_or_beyond_its_limit_or_larger_than_its_order(
    bars: BarColumns, script: Script, costs: Costs, cap: float | None
) -> None:
    result, _ = run_script(bars, script, costs=costs, volume_cap=cap)
    by_end = {bar.end_ns: bar for bar in bars.bars()}
    for row in result.log.fill_rows():
        bar, order = by_end[row.end_ns], row.order
        slip = costs.slippage_bps / 10_000 if order.takes_liquidity else 0.0
        price = row.price / (1 + order.sign * slip)
        assert bar.low - 1e-9 <= price <= bar.high + 1e-9
        assert order.decided_ns < row.end_ns
        if order.limit is not None:
            assert order.sign * (row.price - order.limit) <= 0
    for _, order in result.log.orders:
        assert 0.0 <= order.left <= order.qty
    if cap is not None:
        for end_ns, bar in by_end.items():
            filled = sum(abs(row.signed_qty) for row in result.log.fill_rows() if row.end_ns == end_ns)
            assert filled <= cap * bar.volume + 1e-9


# --- the same result whatever the way ---------------------------------------------------------------------------------
@given(markets(), scripts, cost_models, tight_limits, st.integers(min_value=1, max_value=60))
def test_the_chunk_size_does_not_show(
    bars: BarColumns, script: Script, costs: Costs, limits: Limits, size: int
) -> None:
    whole, _ = run_script(bars, script, costs=costs, limits=limits)
    parts, _ = run_script(bars, script, costs=costs, limits=limits, chunk=size)
    assert log_of(whole) == log_of(parts)


@given(markets(), markets("BBB"), scripts, cost_models, tight_limits, st.integers(min_value=1, max_value=60))
@settings(max_examples=60)
def test_two_lanes_do_not_depend_on_the_chunk_size_either(
    one: BarColumns, two: BarColumns, script: Script, costs: Costs, limits: Limits, size: int
) -> None:
    bars = {"AAA": one, "BBB": two}
    whole, _ = run_script(bars, script, costs=costs, limits=limits)
    parts, _ = run_script(bars, script, costs=costs, limits=limits, chunk=size)
    assert log_of(whole) == log_of(parts)


@given(markets(), scripts, cost_models, tight_limits)
def test_the_fast_loop_for_one_lane_equals_the_general_loop(
    bars: BarColumns, script: Script, costs: Costs, limits: Limits
) -> None:
    alone, _ = run_script(bars, script, costs=costs, limits=limits)
    # A second strategy that never wants anything sends the run through the general loop.
    players = [
        Player("scripted", Scripted("AAA", script), Instrument(symbol="AAA")),
        Player("silent", Scripted("AAA", {}), Instrument(symbol="AAA")),
    ]
    by_symbol = {"AAA": bars}
    spec = RunSpec(limits=limits, sessions=sessions_of(by_symbol), costs=costs)
    assert log_of(run(players, by_symbol, spec)) == log_of(alone)


@given(markets(), markets("BBB"), scripts, cost_models)
def test_symbols_together_trade_as_each_alone_when_no_limit_binds(
    one: BarColumns, two: BarColumns, script: Script, costs: Costs
) -> None:
    together, _ = run_script({"AAA": one, "BBB": two}, script, costs=costs)
    alone = [run_script(bars, script, costs=costs)[0] for bars in (one, two)]
    for index, single in enumerate(alone):
        mine = [(fill[2], fill[3], fill[4], fill[5]) for fill in together.log.fills if fill[0] == index]
        assert mine == [(fill[2], fill[3], fill[4], fill[5]) for fill in single.log.fills]
    assert together.account.flow == pytest.approx(sum(single.account.flow for single in alone), abs=1e-6)


class Everything(Strategy):
    """Trades on every indicator at once, so that one wrong bit shows in the orders."""

    name = "everything"
    by_bar: bool = False

    def setup(self) -> None:
        """Declare all indicators, more than the loop has slots for."""
        made: list[Stepped] = [SMA(3), EMA(3), RSI(2), ATR(2), ROC(2), Highest(3), Lowest(3), STDEV(3), VWAP()]
        self.all = [self.use(indicator) for indicator in made]
        self.seen: list[list[float | None]] = []

    def on_bar(self, bar: Bar, ctx: Context) -> None:
        """Note every value; buy and sell by their sum."""
        values = [indicator.value for indicator in self.all]
        self.seen.append(values)
        total = sum(value for value in values if value is not None)
        if round(total * 1000) % 2 and ctx.position == 0:
            ctx.buy(5.0)
        elif not round(total * 1000) % 2:
            ctx.close()


class EverythingByBar(Everything):
    """The same, with an update of its own, which rules out columns."""

    name = "everything_by_bar"

    def update(self, bar: Bar) -> None:
        """Update bar by bar, as live."""
        super().update(bar)


@given(markets(least=3), st.integers(min_value=0, max_value=20))
def test_indicators_over_columns_give_the_decisions_of_live_updates(bars: BarColumns, first: int) -> None:
    runs = []
    for cls in (Everything, EverythingByBar):
        strategy = cls("AAA")
        start_ns = int(bars.end_ns[min(first, len(bars) - 1)])
        spec = RunSpec(limits=LIMITS, sessions=sessions_of({"AAA": bars}), costs=FREE, start_ns=start_ns)
        result = run([Player("same", strategy, Instrument(symbol="AAA"))], {"AAA": bars}, spec)
        runs.append((log_of(result), strategy.seen))
    assert runs[0] == runs[1]


def test_averages_too_large_for_64_bits_fall_back_to_exact_integers() -> None:
    huge = replace(columns([[9e7, 9e7, 9e7, 9e7]] * 40), close=np.linspace(8e7, 9e7, 40))
    by_columns, by_bar = Everything("AAA"), EverythingByBar("AAA")
    for strategy in (by_columns, by_bar):
        spec = RunSpec(limits=LIMITS, sessions=sessions_of({"AAA": huge}), costs=FREE)
        run([Player("same", strategy, Instrument(symbol="AAA"))], {"AAA": huge}, spec)
    assert by_columns.seen == by_bar.seen


def test_bars_before_the_start_only_warm_up() -> None:
    bars = columns([[100.0, 101.0, 99.0, 100.0]] * 6)
    start_ns = START_NS + 4 * 60_000_000_000
    result, made = run_script(bars, {0: [Wanted(Side.BUY)]}, start_ns=start_ns)
    assert len(made["AAA"].seen) == 3
    assert fills_of(result) == [(5, 10.0, 100.0)]


def test_the_collector_is_on_again_after_a_run() -> None:
    run_script(columns([[100.0, 101.0, 99.0, 100.0]] * 3), {})
    assert gc.isenabled()


# --- the gate ---------------------------------------------------------------------------------------------------------
@given(markets(), markets("BBB"), scripts, cost_models, tight_limits)
@settings(max_examples=100)
def test_the_short_cut_past_the_gate_never_lets_through_what_the_gate_refuses(
    one: BarColumns, two: BarColumns, script: Script, costs: Costs, limits: Limits
) -> None:
    short_cut = Keeper.passes
    with pytest.MonkeyPatch.context() as patch:
        for bars in (one, {"AAA": one, "BBB": two}):
            quick, _ = run_script(bars, script, costs=costs, limits=limits)
            patch.setattr(Keeper, "passes", lambda *_: False)
            full, _ = run_script(bars, script, costs=costs, limits=limits)
            patch.setattr(Keeper, "passes", short_cut)
            assert log_of(quick) == log_of(full)


def test_the_short_cut_is_taken_by_an_ordinary_entry_and_exit() -> None:
    asked: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Keeper, "judge", lambda *_, **__: asked.append("gate"))
        script = {0: [Wanted(Side.BUY)], 2: [Wanted(None)]}
        result, _ = run_script(columns([[100.0, 101.0, 99.0, 100.0]] * 5), script, limits=tight(long_only=True))
    assert len(result.log.fills) == 2
    assert asked == []


def test_a_refused_order_is_logged_with_the_gates_reason_and_the_strategy_may_ask_again() -> None:
    script = {0: [Wanted(Side.BUY, 20.0)], 1: [Wanted(Side.BUY, 5.0)]}
    limits = tight(max_order_notional=1_000.0)
    result, _ = run_script(columns([[100.0, 101.0, 99.0, 100.0]] * 4), script, limits=limits)
    assert [row.codes for row in result.log.refused] == ["ORDER_SIZE"]
    assert "notional 2,000.00, limit 1,000.00" in result.log.refused[0].text
    assert fills_of(result) == [(3, 5.0, 100.0)]


@pytest.mark.parametrize("qty", [0.0, -5.0, float("nan"), float("inf"), 0.4])
def test_an_unsound_quantity_is_refused_not_traded(qty: float) -> None:
    result, _ = run_script(columns([[100.0, 101.0, 99.0, 100.0]] * 3), {0: [Wanted(Side.BUY, qty)]})
    assert result.log.orders == []
    assert result.log.refusals == {"FIELDS": 1}


def test_a_long_only_account_sells_no_more_than_it_holds() -> None:
    script = {0: [Wanted(Side.SELL, 5.0)], 1: [Wanted(Side.BUY, 5.0)], 3: [Wanted(Side.SELL, 6.0)]}
    result, _ = run_script(columns([[100.0, 101.0, 99.0, 100.0]] * 6), script, limits=tight(long_only=True))
    assert result.log.refusals == {"LONG_ONLY": 2}
    assert result.lanes[0].qty == 0.0
    assert [fill.signed_qty for fill in result.log.fill_rows()] == [5.0, -5.0]


# --- failing strategies -----------------------------------------------------------------------------------------------
class Failing(Strategy):
    """Fails at its third bar."""

    name = "failing"

    def setup(self) -> None:
        """Count bars."""
        self.count = 0

    def on_bar(self, bar: Bar, ctx: Context) -> None:
        """Divide by zero in time."""
        self.count += 1
        if self.count == 3:
            raise ZeroDivisionError("no luck")


class Leaving(Strategy):
    """Tries to end the process."""

    name = "leaving"

    def on_bar(self, bar: Bar, ctx: Context) -> None:
        """Leave at once."""
        raise SystemExit(0)


class FailingUpdate(Strategy):
    """Fails while it updates."""

    name = "failing_update"

    def update(self, bar: Bar) -> None:
        """Fail at once."""
        raise KeyError("gone")

    def on_bar(self, bar: Bar, ctx: Context) -> None:
        """Never reached."""


@pytest.mark.parametrize("symbols", [["AAA"], ["AAA", "BBB"]])
@pytest.mark.parametrize(
    ("cls", "reason"),
    [
        (Failing, r"strategy failing failed on AAA at the bar ending 2020-01-01 00:03 UTC: ZeroDivisionError: no luck"),
        (Leaving, r"strategy leaving failed on AAA at the bar ending 2020-01-01 00:01 UTC: SystemExit"),
        (FailingUpdate, r"strategy failing_update failed on AAA at the bar ending 2020-01-01 00:01 UTC: KeyError"),
    ],
)
def test_a_failing_strategy_names_symbol_bar_file_and_line(
    symbols: list[str], cls: type[Strategy], reason: str
) -> None:
    bars = {symbol: columns([[100.0, 101.0, 99.0, 100.0]] * 5, symbol) for symbol in symbols}
    players = [Player(cls.name, cls(symbol), Instrument(symbol=symbol), Path(__file__)) for symbol in symbols]
    with pytest.raises(StrategyError, match=reason + r".*\(test_backtest_engine.py:\d+\)"):
        run(players, bars, RunSpec(limits=LIMITS, sessions=sessions_of(bars)))


@pytest.mark.parametrize(("cash", "cap"), [(0.0, None), (float("nan"), None), (1.0, 0.0), (1.0, 1.5)])
def test_impossible_run_settings_are_refused(cash: float, cap: float | None) -> None:
    with pytest.raises(OperatorError, match="must be"):
        RunSpec(limits=LIMITS, sessions=utc_days(np.array([START_NS])), cash=cash, volume_cap=cap)


def test_a_position_of_two_strategies_in_one_symbol_is_one_exposure() -> None:
    bars = {"AAA": columns([[100.0, 101.0, 99.0, 100.0]] * 6)}
    scripts_by_owner = {
        "first": {0: [Wanted(Side.BUY, 6.0)], 2: [Wanted(Side.BUY, 4.0)]},
        "second": {0: [Wanted(Side.BUY, 5.0)], 2: [Wanted(Side.BUY, 3.0)]},
    }
    players = [
        Player(owner, Scripted("AAA", script), Instrument(symbol="AAA")) for owner, script in scripts_by_owner.items()
    ]
    result = run(players, bars, RunSpec(limits=tight(max_position_qty=12.0), sessions=sessions_of(bars)))
    assert [lane.qty for lane in result.lanes] == [6.0, 5.0]
    assert result.lanes[0].held() == 11.0
    assert result.log.refusals == {"POSITION_SIZE": 2}


def test_two_strategies_may_want_the_same_at_one_bar_but_one_may_not_repeat_itself() -> None:
    bars = {"AAA": columns([[100.0, 101.0, 99.0, 100.0]] * 4)}
    players = [
        Player(owner, Scripted("AAA", {0: [Wanted(Side.BUY, 6.0)]}), Instrument(symbol="AAA")) for owner in ("a", "b")
    ]
    result = run(players, bars, RunSpec(limits=LIMITS, sessions=sessions_of(bars)))
    assert result.log.refusals == {}
    assert result.lanes[0].held() == 12.0
    twice = [Player("a", Scripted("AAA", {0: [Wanted(Side.BUY, 6.0)] * 2}), Instrument(symbol="AAA"))]
    result = run(twice, bars, RunSpec(limits=LIMITS, sessions=sessions_of(bars)))
    assert result.log.refusals == {"DUPLICATE_INTENT": 1}
    assert result.lanes[0].held() == 6.0


def test_at_five_minutes_to_the_close_less_than_five_are_left() -> None:
    # As live, where an order leaves some milliseconds after its bar: the last allowed bar ends before that minute.
    bars = {"AAA": columns([[100.0, 101.0, 99.0, 100.0]] * 10)}
    close_ns = int(bars["AAA"].end_ns[-1])
    sessions = Sessions([close_ns], [START_NS])
    for minutes_left, orders in ((6, 1), (5, 0)):
        players = [Player("a", Scripted("AAA", {9 - minutes_left: [Wanted(Side.BUY)]}), Instrument(symbol="AAA"))]
        spec = RunSpec(limits=tight(no_entry_last_minutes=5.0), sessions=sessions)
        assert len(run(players, bars, spec).log.orders) == orders


def test_the_bench_measures_equal_work() -> None:
    figures = load_bench().measure(5_000, 1)
    assert figures["orders"] > 50
    assert figures["engine_bars_per_s"] > 0
