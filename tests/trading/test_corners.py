"""Rare turns of the core that seeded episodes do not take on purpose."""

from __future__ import annotations

from dataclasses import replace

from tests.trading.world import STRATEGY, World, settings
from tradetui.domain.bar import Bar
from tradetui.domain.clock import MINUTE_NS
from tradetui.domain.events import (
    BarClosed,
    BarSource,
    CommandKind,
    CommissionSeen,
    FillSeen,
    OrderSeen,
    QuoteChanged,
    SessionChanged,
    SessionState,
    SnapshotTaken,
    StrategyStatus,
    TimerFired,
)
from tradetui.domain.fill import Commission
from tradetui.domain.latch import TradingState
from tradetui.domain.ledger import Adjustment
from tradetui.domain.order import Side
from tradetui.domain.order_state import OrderState
from tradetui.domain.records import AdjustmentSaved, JournalImage
from tradetui.trading import book as book_module
from tradetui.trading import day as day_module
from tradetui.trading.core import TradingCore
from tradetui.trading.state import CoreState
from tradetui.trading.view import view


def ready(**changes: object) -> World:
    world = World(settings(**changes))
    world.connect()
    return world


def state(world: World) -> CoreState:
    return world.core.state


def test_a_new_day_forgets_the_oldest_finished_orders_and_answers(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(book_module, "KEEP_FINISHED", 1)
    monkeypatch.setattr(day_module, "KEEP_COMMANDS", 1)
    world = ready()
    first, second = world.buy_and_fill(), world.buy_and_fill(symbol="QQQ")
    lost = world.decide()
    assert lost is not None
    world.command(CommandKind.PAUSE)
    world.command(CommandKind.RESUME)
    world.market_ns += 24 * 60 * MINUTE_NS
    world.wait(1)
    assert state(world).book.get(first) is None
    assert state(world).book.get(second) is not None
    assert set(state(world).executions) == {second}
    assert len(state(world).commands) == 1
    assert state(world).ledger.position("SPY").qty == 100, "positions do not forget"


def test_an_order_that_died_unsent_has_no_names_to_forget(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(book_module, "KEEP_FINISHED", 0)
    world = ready()
    intent_id = world.decide()
    assert intent_id is not None
    book = state(world).book
    book.put(replace(world.order(intent_id), state=OrderState.LOST))
    book.forget_finished()
    assert intent_id not in book


def test_nothing_is_measured_before_equity_is_known() -> None:
    world = World()
    world.give(TimerFired())
    assert state(world).day is None
    assert state(world).equity() is None
    assert view(state(world), world.now)["account"]["account"]["equity"] is None


def test_a_breaker_flatten_that_ends_in_its_own_step_answers_done() -> None:
    world = ready()
    assert world.command(CommandKind.FLATTEN, symbols=("SPY",), confirm="flatten").startswith("accepted")
    for _ in range(8):
        world.wait(0.5)
        world.look()
    assert world.replies[-1].status == "done"


def test_a_kill_is_confirmed_only_when_the_last_order_ended() -> None:
    world = ready()
    _, one = world.working()
    _, two = world.working(symbol="QQQ")
    world.command(CommandKind.KILL)
    world.give(OrderSeen(world.broker.end(one)))
    assert world.replies[-1].status == "accepted"
    world.give(OrderSeen(world.broker.end(two)))
    assert world.replies[-1].status == "done"


def test_a_cancel_without_its_filled_quantity_waits_for_the_look() -> None:
    world = ready()
    intent_id, perm_id = world.working()
    world.broker.fill(perm_id, 30, 99.0, world.market_ns)
    ended = world.broker.end(perm_id)
    world.looks.clear()
    world.give(OrderSeen(replace(ended, filled=None)))
    assert world.order(intent_id).is_live
    assert world.looks
    world.look()
    assert (world.order(intent_id).state, world.order(intent_id).filled) == (OrderState.CANCELLED, 30)


def test_executions_known_only_by_a_status_count_as_exposure_until_they_come() -> None:
    world = ready()
    world.buy_and_fill(qty=100)
    exit_id = world.decide(Side.SELL, 100)
    assert exit_id is not None
    perm_id = world.write(exit_id)
    world.acknowledge(perm_id)
    world.broker.fill(perm_id, 60, 100.0, world.market_ns)
    world.give(OrderSeen(world.broker.end(perm_id)))
    assert world.decide(Side.SELL, 100) is not None
    assert world.sent[-1].intent.qty == 40
    assert world.refusals() == ["LONG_ONLY", "UNRESOLVED"]
    assert world.decide(Side.SELL, 1) is None
    buy_id, buy_perm = world.working(symbol="QQQ")
    world.broker.fill(buy_perm, 60, 99.0, world.market_ns)
    world.give(OrderSeen(world.broker.end(buy_perm)))
    assert world.decide(symbol="QQQ") is None
    assert f"executions of order {buy_id} are missing" in state(world).refusals[-1].measured or any(
        "are missing" in refusal.measured for refusal in state(world).refusals
    )
    world.give(FillSeen(world.broker.fills[-2]))
    world.give(FillSeen(world.broker.fills[-1]))
    assert state(world).reported_filled == {}


def test_adopting_a_difference_ends_the_wait_for_its_executions() -> None:
    world = ready()
    _, perm_id = world.working()
    world.broker.fill(perm_id, 60, 99.0, world.market_ns)
    world.give(OrderSeen(world.broker.end(perm_id)))
    for _ in range(3):
        world.wait(32)  # executions cannot be read, but the difference stays
        world.look(without=["fills"])
    assert state(world).mismatches["SPY"].confirmed
    _, other = world.working(symbol="QQQ")
    world.broker.fill(other, 60, 99.0, world.market_ns)
    world.give(OrderSeen(world.broker.end(other)))
    assert world.command(CommandKind.ADOPT, symbols=("SPY",), reason="seen in TWS").startswith("done")
    assert len(state(world).reported_filled) == 1, "the wait for the other symbol goes on"


def test_an_external_order_on_the_sell_side_counts_against_what_can_be_sold() -> None:
    world = ready()
    world.buy_and_fill(qty=100)
    foreign = world.broker.accept(replace(world.sent[0].intent, side=Side.SELL, qty=60.0), "")
    world.give(OrderSeen(foreign))
    assert world.decide(Side.SELL, 100) is not None
    assert world.sent[-1].intent.qty == 40
    assert world.refusals() == ["LONG_ONLY"]
    rows = view(state(world), world.now)
    assert rows["orders"][f"perm:{foreign.perm_id}"]["owner"] == "EXTERNAL"


def test_exposure_elsewhere_without_a_price_blocks_entries() -> None:
    world = ready()
    world.buy_and_fill(symbol="QQQ")
    state(world).quotes.pop("QQQ")
    state(world).last_bars.pop("QQQ")
    fill = world.broker.manual_trade("IWM", Side.BUY, 10, 200.0, world.market_ns)
    world.give(FillSeen(fill))
    assert world.decide() is None
    assert "GROSS_EXPOSURE" in world.refusals()


def test_one_missing_price_is_enough_to_not_know_the_gross_exposure() -> None:
    world = ready()
    world.buy_and_fill(symbol="QQQ")
    fill = world.broker.manual_trade("IWM", Side.BUY, 10, 200.0, world.market_ns)
    world.give(FillSeen(fill))
    assert world.decide() is None
    assert "GROSS_EXPOSURE" in world.refusals()


def test_an_early_commission_and_one_for_a_stranger_are_kept() -> None:
    world = ready()
    world.give(CommissionSeen(Commission(exec_id="never.01", amount=1.0)))
    world.give(CommissionSeen(Commission(exec_id="never.01", amount=1.0)))
    fill = world.broker.manual_trade("SPY", Side.BUY, 10, 99.0, world.market_ns)
    world.give(FillSeen(fill))
    world.give(CommissionSeen(world.broker.commissions[-1]))
    assert state(world).ledger.commissions == 1.0
    world.give(FillSeen(replace(fill, exec_id=fill.exec_id[:-2] + "02", price=98.0)))
    assert world.alerts().count("external_fill") == 1


def test_flatten_does_not_use_a_reading_older_than_the_newest_fill() -> None:
    world = ready()
    world.buy_and_fill(qty=100)
    assert world.command(CommandKind.FLATTEN, confirm="flatten").startswith("accepted")
    old = world.broker.snapshot(world.mono_ns, world.market_ns)
    world.mono_ns += 1
    fill = world.broker.manual_trade("SPY", Side.SELL, 100, 99.0, world.market_ns)
    world.give(FillSeen(fill))
    sent = len(world.sent)
    world.give(SnapshotTaken(old))
    assert len(world.sent) == sent


def test_a_refused_closing_order_is_tried_again() -> None:
    world = ready()
    world.buy_and_fill(qty=100)
    world.give(QuoteChanged(replace(state(world).quotes["SPY"], halted=False)))
    assert world.command(CommandKind.FLATTEN, confirm="flatten").startswith("accepted")
    foreign = world.broker.accept(replace(world.sent[0].intent, side=Side.SELL, qty=100.0), "")
    world.wait(0.5)
    world.look()
    assert all(place.intent.strategy != "FLATTEN" for place in world.sent), "the manual order may close it"
    world.give(OrderSeen(world.broker.end(foreign.perm_id)))
    world.wait(0.5)
    world.look()
    assert world.sent[-1].intent.strategy == "FLATTEN"


def test_saying_the_same_link_state_twice_is_noted_once() -> None:
    world = ready()
    notes = len(state(world).notes)
    world.give(SessionChanged(SessionState.SYNCING, "again"))
    world.give(SessionChanged(SessionState.SYNCING, "again"))
    assert len(state(world).notes) == notes + 1


def test_a_restart_pause_stays_while_a_position_differs() -> None:
    world = ready()
    world.buy_and_fill()
    world.restart()
    world.broker.positions["SPY"] = 70.0
    world.connect()
    world.wait(1)
    assert state(world).trading_state is TradingState.PAUSED


def test_a_restart_books_adjustments_where_they_stood_and_loses_none() -> None:
    world = ready()
    world.broker.manual_trade("SPY", Side.BUY, 5, 100.0, world.market_ns)
    world.look()
    later = Adjustment(
        adjustment_id="x", symbol="QQQ", owner="EXTERNAL", qty=3, price=50.0, cash=0.0, reason="r", who="w", ts_ns=1,
        after_fills=99,
    )  # fmt: skip
    core = TradingCore(world.config, JournalImage(adjustments=(later,)))
    assert core.state.ledger.position("QQQ").qty == 3
    assert AdjustmentSaved(later).adjustment.after_fills == 99
    world.restart()
    assert state(world).ledger.position("SPY").qty == 5


def test_orders_of_an_earlier_day_do_not_count_against_today() -> None:
    world = ready()
    world.buy_and_fill()
    world.market_ns += 24 * 60 * MINUTE_NS
    world.wait(1)
    world.restart()
    day = state(world).day
    assert day is not None
    assert state(world).sent.on(day.date) == 0


def test_a_vanished_unfilled_order_is_not_replaced() -> None:
    world = ready()
    state(world).unfilled["gone"] = world.config.execution.unfilled_policy
    world.give(TimerFired())
    assert state(world).unfilled == {}


def test_an_open_only_look_still_adopts_orders() -> None:
    world = ready()
    intent_id, perm_id = world.working()
    world.look(without=["completed"])
    assert world.order(intent_id).state is OrderState.WORKING
    foreign = world.broker.accept(replace(world.sent[0].intent, symbol="QQQ"), "")
    world.look()
    assert foreign.perm_id in state(world).externals
    world.give(StrategyStatus(STRATEGY, "running"))
    assert perm_id


def test_an_unknown_account_confirms_nothing() -> None:
    world = World(settings(account=""))
    assert world.command(CommandKind.FLATTEN, confirm="").startswith("denied")
    world.connect()
    world.command(CommandKind.KILL)
    assert world.command(CommandKind.UNKILL, confirm="", reason="x").startswith("denied")
    assert world.command(CommandKind.UNKILL, confirm="4567", reason="x").startswith("done"), "known from the session"


def test_the_chart_of_a_symbol_draws_its_shortest_bars_only() -> None:
    world = ready()
    for size, close in (("5m", 10.0), ("1m", 20.0), ("5m", 30.0), ("1m", 40.0)):
        world.market_ns += MINUTE_NS
        bar = Bar("SPY", world.market_ns, close, close, close, close, 1.0)
        world.give(BarClosed(bar, size, BarSource.WARMUP))
    assert list(state(world).closes["SPY"]) == [20.0, 40.0]
