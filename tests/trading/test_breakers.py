"""Post-trade controls: what trips a breaker, whom it stops, what it does, and what clears it."""

from __future__ import annotations

import pytest

from tests.trading.world import ACCOUNT, STRATEGY, World, limits, settings
from tradetui.domain.clock import MINUTE_NS, SECOND_NS
from tradetui.domain.events import BrokerMessage, CommandKind, FillSeen, OrderSeen, OrderWritten, TimerFired
from tradetui.domain.latch import TradingState
from tradetui.domain.order import OrderType, Side
from tradetui.risk.limits import BreakerAction, StrategyLimits
from tradetui.simulation.setting import SYMBOLS
from tradetui.trading.settings import StrategySetting
from tradetui.trading.state import CoreState
from tradetui.trading.view import view

TWO = tuple(StrategySetting(name=name, symbols=SYMBOLS, bar_size="1m") for name in (STRATEGY, "trend"))


def ready(*, two: bool = False, **changes: object) -> World:
    more: dict[str, object] = {"strategies": TWO} if two else {}
    world = World(settings(limits=limits(**changes), **more))
    world.connect()
    return world


def state(world: World) -> CoreState:
    return world.core.state


def trade(world: World, symbol: str = "SPY", *, at: float = 100.0, out_at: float = 100.0, by: str = STRATEGY) -> None:
    """Make one round trip of 10."""
    for side, price in ((Side.BUY, at), (Side.SELL, out_at)):
        world.prices[symbol] = price
        intent_id = world.decide(side, 10.0, symbol, by=by)
        assert intent_id is not None, world.refusals()
        perm_id = world.write(intent_id)
        world.acknowledge(perm_id)
        world.fill(perm_id, 10.0, price)


def serve(world: World, rounds: int = 10) -> None:
    """Let the broker end what is cancelled and fill what is flattened."""
    for _ in range(rounds):
        world.wait(0.5)
        for cancel in list(world.cancels):
            order = world.order(cancel.intent_id)
            if order.perm_id is not None and order.is_live:
                world.give(OrderSeen(world.broker.end(order.perm_id)))
        world.cancels.clear()
        for place in [place for place in world.sent if place.intent.strategy == "FLATTEN"]:
            if not world.order(place.intent.intent_id).perm_id:
                perm_id = world.write(place.intent.intent_id)
                world.fill(perm_id, place.intent.qty, world.prices[place.intent.symbol])
        world.look()


def drop(world: World, price: float, symbol: str = "SPY") -> None:
    """Let the price of one symbol fall, for good."""
    world.prices[symbol] = price
    world.wait(1.0)


def test_a_strategys_loss_stops_that_strategy_and_its_exits_go_on() -> None:
    world = ready(two=True, strategy_loss_limit=300.0)
    world.buy_and_fill()
    drop(world, 96.0)
    latch = state(world).latches[f"strategy_loss:{STRATEGY}"]
    assert (latch.strategy, latch.symbol, latch.who) == (STRATEGY, None, "breaker")
    assert state(world).trading_state is TradingState.RUN
    assert world.decide(Side.BUY, 10, "QQQ") is None
    assert world.decide(Side.BUY, 10, "QQQ", by="trend") is not None, "the other strategy trades on"
    assert world.decide(Side.SELL, 100) is not None, "exits go on"


def test_a_symbols_loss_stops_that_symbol_for_everyone_until_the_next_session() -> None:
    world = ready(symbol_loss_limit=300.0)
    world.buy_and_fill()
    intent_id, _ = world.working(symbol="SPY", qty=10, limit=95.5)
    drop(world, 96.0)
    assert [action.intent_id for action in world.cancels] == [intent_id]
    assert "symbol_loss:SPY" in state(world).latches
    assert world.decide(Side.BUY, 10, "QQQ") is not None
    world.restart()
    world.connect()
    world.wait(1)
    assert "symbol_loss:SPY" in state(world).latches, "it survives a restart"
    world.market_ns += 24 * 60 * MINUTE_NS
    world.wait(1)
    assert "symbol_loss:SPY" not in state(world).latches


def test_losses_are_measured_from_the_days_beginning_over_a_restart_too() -> None:
    world = ready(symbol_loss_limit=300.0, strategy_loss_limit=300.0)
    world.buy_and_fill()
    drop(world, 98.0)  # 200 lost on the first day
    world.market_ns += 24 * 60 * MINUTE_NS
    world.wait(1)
    world.restart()
    world.connect()
    drop(world, 96.5)  # and 150 on the second
    assert not state(world).latches
    drop(world, 94.9)
    assert {"symbol_loss:SPY", f"strategy_loss:{STRATEGY}"} <= set(state(world).latches)


def test_a_journal_without_daily_figures_takes_earlier_losses_for_earlier_ones() -> None:
    world = ready(symbol_loss_limit=50.0)
    trade(world, out_at=98.0)
    world.journal.written = [item for item in world.records if type(item).__name__ != "DayFigureSaved"]
    world.restart()
    world.connect()
    world.wait(1)
    assert not state(world).latches


def test_a_journal_without_daily_figures_knows_what_was_traded_by_hand_too() -> None:
    world = ready(symbol_loss_limit=50.0)
    trade(world, out_at=98.0)
    world.give(FillSeen(world.broker.manual_trade("QQQ", Side.BUY, 5.0, 100.0, world.market_ns)))
    world.journal.written = [item for item in world.records if type(item).__name__ != "DayFigureSaved"]
    world.restart()
    assert set(state(world).day_totals) == {("strategy", STRATEGY), ("symbol", "SPY"), ("symbol", "QQQ")}


def test_a_corrected_execution_is_one_after_a_restart_too() -> None:
    world = ready()
    world.buy_and_fill()
    world.give(FillSeen(world.broker.correct(world.broker.fills[-1], 100.0, 101.0)))
    intent_id = world.decide(Side.SELL, 100)
    assert intent_id is not None
    world.fill(world.write(intent_id), 100.0, 102.0)
    for _ in range(2):
        trips = state(world).round_trips.count(STRATEGY, ("SPY",), "2026-03-02", 0)
        assert trips == {"SPY": 1}
        world.restart()


def test_one_bad_price_trips_nothing_and_sets_no_high() -> None:
    world = ready(daily_loss_limit=500.0, max_day_drawdown_pct=0.3)
    world.buy_and_fill()
    world.connected = False
    for price in (50.0, 150.0):
        world.quote("SPY", price)
        for _ in range(4):
            world.give(TimerFired())
        world.quote("SPY", 100.0)
        world.give(TimerFired())
    world.quote("SPY", 100.0)
    world.wait(0.5)
    assert state(world).latches == {}


def test_a_price_that_stands_for_five_seconds_is_the_markets() -> None:
    world = ready(daily_loss_limit=500.0)
    world.buy_and_fill()
    world.connected = False
    world.quote("SPY", 90.0)
    world.wait(4.5)
    assert "daily_loss" not in state(world).latches
    world.wait(1.0)
    assert "daily_loss" in state(world).latches


def test_a_loss_made_by_fills_trips_at_once() -> None:
    world = ready(daily_loss_limit=150.0)
    world.buy_and_fill()
    intent_id = world.decide(Side.SELL, 100)
    assert intent_id is not None
    world.fill(world.write(intent_id), 100.0, 98.0)
    assert "daily_loss" in state(world).latches


def test_the_days_drawdown_is_measured_from_the_days_high() -> None:
    world = ready(max_day_drawdown_pct=0.01)
    world.buy_and_fill()
    drop(world, 102.0)
    drop(world, 100.5)
    latch = state(world).latches["day_drawdown"]
    assert latch.cleared_by.value == "next session"
    world.wait(61)  # equity and its highs are kept once a minute
    world.restart()
    assert state(world).day_high is not None
    assert state(world).day_high == pytest.approx(world.broker.cash + 100 * 102.0, abs=20.0)


def test_a_losing_streak_turns_a_strategy_off_until_it_is_rearmed_by_name_with_a_reason() -> None:
    world = ready(max_losing_streak=3)
    for _ in range(3):
        trade(world, out_at=99.9)
    latch = state(world).latches[f"losing_streak:{STRATEGY}"]
    assert latch.why == f"the limit on losing streak was reached ({STRATEGY})"
    assert world.decide() is None
    assert world.command(CommandKind.RESUME).endswith(f"still off: {STRATEGY}, see `tradetui why`")
    assert "losing streak" in str(view(state(world), world.now)["strategies"][STRATEGY]["off"])
    world.restart()
    world.connect()
    world.wait(1)
    assert world.decide() is None, "a restart does not arm it"
    assert world.command(CommandKind.STRATEGY_REARM, target="nobody").startswith("denied: no strategy 'nobody'")
    assert world.command(CommandKind.STRATEGY_REARM, target=STRATEGY) == "denied: give a reason"
    armed = world.command(CommandKind.STRATEGY_REARM, target=STRATEGY, reason="looked at it")
    assert armed == f"done: {STRATEGY} is armed again"
    again = world.command(CommandKind.STRATEGY_REARM, target=STRATEGY, reason="again")
    assert again == f"denied: {STRATEGY} waits for no re-arming"
    trade(world, out_at=99.9)
    assert not state(world).latches, "the streak begins anew"
    world.restart()
    world.connect()
    world.wait(1)
    assert not state(world).latches, "and a restart remembers that"


def test_a_winning_round_trip_ends_a_streak_and_its_commission_counts() -> None:
    world = ready(max_losing_streak=2)
    trade(world, out_at=99.0)
    trade(world, out_at=101.0)
    trade(world, out_at=99.0)
    assert not state(world).latches
    trade(world)  # nothing gained, the commission lost
    assert f"losing_streak:{STRATEGY}" in state(world).latches


def test_repeated_execution_is_throttled_per_symbol_and_forgets_with_the_day() -> None:
    world = ready(max_round_trips=2, symbol={})
    trade(world)
    trade(world, "QQQ")
    assert not state(world).latches
    world.market_ns += 24 * 60 * MINUTE_NS
    world.wait(1)
    trade(world)
    assert not state(world).latches, "yesterday's do not count"
    trade(world)
    assert state(world).latches[f"round_trips:{STRATEGY}"].why.endswith(f"({STRATEGY} SPY)")
    assert world.decide(symbol="QQQ") is None, "the strategy is off everywhere"


def test_faulty_orders_in_a_row_turn_a_strategy_off_and_a_sound_one_forgives() -> None:
    world = ready(max_denials=3)
    for qty in (5_000, 5_000, 10, 5_000, 5_000):
        world.decide(qty=qty, symbol="QQQ", order_type=OrderType.LIMIT, limit_price=99.0 if qty == 10 else 98.0)
    world.wait(0.25)
    assert not state(world).latches
    world.decide(qty=5_000)
    world.wait(0.25)
    assert f"denials:{STRATEGY}" in state(world).latches


def test_an_order_refused_for_the_moment_is_no_fault_of_the_strategy() -> None:
    world = ready(max_denials=1)
    world.command(CommandKind.PAUSE)
    assert world.decide() is None
    world.wait(0.25)
    assert f"denials:{STRATEGY}" not in state(world).latches


def reject(world: World) -> None:
    """Have an entry refused by the broker."""
    intent_id = world.decide()
    assert intent_id is not None
    order = world.broker.accept(world.sent[-1].intent, world.sent[-1].order_ref)
    world.give(OrderWritten(intent_id, order.order_id, order.client_id))
    world.give(BrokerMessage(201, "Order rejected", order.order_id))
    world.broker.end(order.perm_id)
    world.wait(0.25)


def test_a_burst_of_rejects_turns_a_strategy_off() -> None:
    world = ready(max_rejects=2)
    reject(world)
    assert not state(world).latches
    reject(world)
    assert f"rejects:{STRATEGY}" in state(world).latches


def test_rejects_far_apart_are_no_burst() -> None:
    world = ready(max_rejects=2, reject_window_s=10.0)
    for _ in range(3):
        reject(world)
        world.mono_ns += 11 * SECOND_NS
    assert not state(world).latches


def test_a_fill_far_from_the_price_at_the_decision_turns_a_strategy_off() -> None:
    world = ready(max_slippage_bps=50.0)
    world.buy_and_fill(price=100.4)
    assert not state(world).latches
    world.buy_and_fill("QQQ", price=100.6)
    assert f"slippage:{STRATEGY}" in state(world).latches


def test_a_fill_better_than_expected_is_no_slippage() -> None:
    world = ready(max_slippage_bps=50.0)
    world.buy_and_fill(price=98.0)
    assert not state(world).latches


def test_too_many_messages_halt_entries_and_never_a_cancel() -> None:
    world = ready(max_messages_per_minute=3)
    world.working(qty=10)
    intent_id, _ = world.working(symbol="QQQ", qty=10)
    world.command(CommandKind.CANCEL, target=intent_id)
    world.wait(0.25)
    assert state(world).trading_state is TradingState.HALTED
    assert {action.intent_id for action in world.cancels} == {item.intent.intent_id for item in world.sent}
    world.mono_ns += 61 * SECOND_NS
    assert world.command(CommandKind.RESUME).startswith("done: RUN")


def test_orders_without_fills_trip_the_efficiency_control() -> None:
    world = ready(max_orders_per_fill=4.0)
    for number in range(4):
        intent_id = world.decide(qty=10 + number, order_type=OrderType.LIMIT, limit_price=99.0)
        if intent_id is None:
            break
        perm_id = world.write(intent_id)
        world.acknowledge(perm_id)
        world.command(CommandKind.CANCEL, target=intent_id)
        world.give(OrderSeen(world.broker.end(perm_id)))
        world.wait(0.25)
    assert "orders_per_fill" in state(world).latches
    world.restart()
    world.connect()
    assert state(world).conduct.messages_today == 4, "two orders and their cancels"


def test_each_breaker_does_what_is_configured_for_it() -> None:
    world = ready(
        breaker_action=BreakerAction.BLOCK, actions={"symbol_loss": BreakerAction.FLATTEN}, symbol_loss_limit=300.0
    )
    world.buy_and_fill()
    world.buy_and_fill("QQQ")
    drop(world, 96.0)
    serve(world)
    assert world.broker.positions["SPY"] == 0
    assert world.broker.positions["QQQ"] == 100, "only what tripped is closed"
    assert not state(world).latches["symbol_loss:SPY"].flatten_pending


def test_a_strategys_breaker_with_flatten_closes_what_the_strategy_holds() -> None:
    world = ready(two=True, actions={"strategy_loss": BreakerAction.FLATTEN}, strategy_loss_limit=300.0)
    world.buy_and_fill()
    intent_id = world.decide(symbol="QQQ", by="trend")
    assert intent_id is not None
    world.fill(world.write(intent_id), 100.0)
    drop(world, 96.0)
    serve(world)
    assert world.broker.positions == {"SPY": 0, "QQQ": 100}


def test_a_breaker_of_a_strategy_that_holds_nothing_has_nothing_to_flatten() -> None:
    world = ready(actions={"losing_streak": BreakerAction.FLATTEN}, max_losing_streak=1)
    trade(world, out_at=99.0)
    world.wait(0.5)
    assert not state(world).latches[f"losing_streak:{STRATEGY}"].flatten_pending
    assert state(world).flatten is None


def test_a_flatten_that_a_breaker_demanded_goes_on_after_a_crash() -> None:
    world = ready(breaker_action=BreakerAction.FLATTEN, daily_loss_limit=300.0)
    world.buy_and_fill()
    drop(world, 96.0)
    assert state(world).latches["daily_loss"].flatten_pending
    world.restart()
    world.connect()
    serve(world, 12)
    assert world.broker.positions["SPY"] == 0
    assert not state(world).latches["daily_loss"].flatten_pending
    started = len(world.sent)
    world.wait(2)
    assert len(world.sent) == started, "flat once is flat"


def near_close(world: World, minutes: float) -> None:
    session = world.config.calendar.session_at(world.market_ns)
    assert session is not None
    world.market_ns = session.close_ns - int(minutes * MINUTE_NS)


def test_the_account_is_flat_before_the_close_and_trades_in_the_next_session() -> None:
    world = ready(flat_minutes_before_close=10.0)
    world.buy_and_fill()
    near_close(world, 10.5)
    world.wait(1)
    assert "flat_at_close" not in state(world).latches
    near_close(world, 9.9)
    serve(world)
    assert world.broker.positions["SPY"] == 0
    assert state(world).trading_state is TradingState.HALTED
    assert world.decide() is None
    world.market_ns += 24 * 60 * MINUTE_NS - 60 * MINUTE_NS
    world.wait(1)
    assert "flat_at_close" not in state(world).latches
    assert world.decide() is not None


def test_an_account_that_is_flat_already_is_only_kept_so() -> None:
    world = ready(flat_minutes_before_close=10.0)
    near_close(world, 5.0)
    world.wait(1)
    assert "flat_at_close" in state(world).latches
    assert state(world).flatten is None


def test_one_strategy_may_have_to_be_flat_while_another_holds_over_night() -> None:
    own = {STRATEGY: StrategyLimits(flat_minutes_before_close=10.0)}
    world = ready(two=True, strategy=own)
    world.buy_and_fill()
    intent_id = world.decide(symbol="QQQ", by="trend")
    assert intent_id is not None
    world.fill(world.write(intent_id), 100.0)
    near_close(world, 9.0)
    serve(world)
    assert world.broker.positions == {"SPY": 0, "QQQ": 100}
    assert world.decide(Side.BUY, 10, "SPY") is None
    assert world.decide(Side.BUY, 10, "QQQ", by="trend") is not None


def test_flat_at_the_close_goes_on_after_a_crash() -> None:
    world = ready(flat_minutes_before_close=10.0)
    world.buy_and_fill()
    near_close(world, 9.0)
    world.wait(0.5)
    world.restart()
    world.connect()
    serve(world, 12)
    assert world.broker.positions["SPY"] == 0


def test_flat_at_the_close_is_not_ordered_again_and_again_for_what_the_broker_does_not_hold() -> None:
    world = ready(flat_minutes_before_close=10.0)
    world.buy_and_fill()
    world.broker.positions.clear()
    near_close(world, 9.0)
    for _ in range(20):
        world.wait(1.0)
        world.look()
    assert world.alerts().count("flatten") <= 1
    assert world.alerts().count("mismatch") == 1, "the difference is told for what it is"
    assert [place for place in world.sent if place.intent.strategy == "FLATTEN"] == []


def test_while_killed_a_breaker_closes_nothing_and_says_so_but_the_operators_flatten_does() -> None:
    world = ready(daily_loss_limit=300.0, breaker_action=BreakerAction.FLATTEN)
    world.buy_and_fill()
    world.command(CommandKind.KILL)
    drop(world, 96.0)
    serve(world, 4)
    assert "daily_loss" in state(world).latches
    assert world.broker.positions["SPY"] == 100
    (told,) = [alert for alert in state(world).alerts if alert.cause == "daily_loss"]
    assert told.detail.endswith("KILLED: nothing is closed unless you flatten")
    world.command(CommandKind.FLATTEN, confirm="flatten")
    serve(world)
    assert world.broker.positions["SPY"] == 0


def test_what_a_breaker_wanted_closed_is_closed_when_the_kill_ends() -> None:
    world = ready(daily_loss_limit=300.0, breaker_action=BreakerAction.FLATTEN)
    world.buy_and_fill()
    world.command(CommandKind.KILL)
    drop(world, 96.0)
    assert world.command(CommandKind.UNKILL, confirm=ACCOUNT[-4:], reason="looked at it").startswith("done")
    serve(world)
    assert world.broker.positions["SPY"] == 0


def test_what_an_operator_flattens_stays_flat_until_he_resumes() -> None:
    world = ready()
    world.buy_and_fill()
    answer = world.command(CommandKind.FLATTEN, confirm="flatten")
    assert answer.endswith("PAUSED until you resume")
    serve(world)
    assert world.broker.positions["SPY"] == 0
    assert world.decide() is None
    world.restart()
    world.connect()
    world.wait(1)
    assert world.decide() is None, "a restart is no resume"
    world.command(CommandKind.RESUME)
    assert world.decide() is not None


def test_flattening_one_symbol_holds_back_entries_in_that_symbol_alone() -> None:
    world = ready()
    world.buy_and_fill()
    answer = world.command(CommandKind.FLATTEN, symbols=("SPY",), confirm=ACCOUNT[-4:])
    assert answer.endswith("no entries in SPY until you resume")
    serve(world)
    assert world.decide() is None
    assert world.decide(symbol="QQQ") is not None
    world.command(CommandKind.RESUME)
    assert world.decide() is not None


def test_every_meter_names_whom_it_is_nearest_for() -> None:
    world = ready(sectors={"us": frozenset(SYMBOLS)}, symbol_loss_limit=1_000.0)
    world.buy_and_fill()
    drop(world, 99.0)
    rows = view(state(world), world.now)["risk"]
    assert rows["SYMBOL_LOSS"]["scope"] == "SPY"
    assert rows["STRATEGY_LOSS"]["scope"] == STRATEGY
    assert rows["SECTOR"]["measured"] == pytest.approx(9_900 / state(world).equity() * 100)  # type: ignore[operator]
    assert rows["CONCENTRATION"]["scope"] == "SPY"
    assert rows["NET_EXPOSURE"]["measured"] == pytest.approx(9_900)
    assert all(isinstance(row["label"], str) for row in rows.values())


def test_meters_that_cannot_be_measured_say_so() -> None:
    world = World(settings(limits=limits(sectors={"us": frozenset(SYMBOLS)})))
    rows = view(state(world), world.now)["risk"]
    assert rows["DAILY_LOSS"]["measured"] is None
    assert rows["DAILY_LOSS"]["breached"] is False
