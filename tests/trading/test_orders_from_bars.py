"""From a closed bar to an order on the wire, and what the core believes of it afterwards."""

from __future__ import annotations

from dataclasses import replace

from tests.trading.world import STRATEGY, World, settings
from tradetui.domain.actions import Commit, PlaceOrder
from tradetui.domain.clock import MINUTE_NS, SECOND_NS
from tradetui.domain.events import (
    BarClosed,
    BarSource,
    BrokerMessage,
    FillSeen,
    InstrumentKnown,
    JournalFailed,
    JournalRestored,
    OrderNotWritten,
    OrderSeen,
    OrderStatusSeen,
    OrderWritten,
    SessionChanged,
    SessionState,
    SignalsProposed,
    StrategyStatus,
)
from tradetui.domain.instrument import Instrument, PriceStep
from tradetui.domain.order import OrderType, Purpose, Side, Signal
from tradetui.domain.order_state import OrderState
from tradetui.domain.records import BarConsumed, OrderSaved
from tradetui.trading.settings import Execution, Timing, UnfilledPolicy


def ready() -> World:
    world = World()
    world.connect()
    return world


def test_the_intent_and_the_consumed_bar_are_committed_together_before_the_order_goes_out() -> None:
    world = ready()
    world.market_ns += MINUTE_NS
    world.quote("SPY")
    bar = world.bar()
    signal = Signal(symbol="SPY", side=Side.BUY, qty=100)
    actions = world.give(SignalsProposed(STRATEGY, "SPY", bar.end_ns, (signal,)))
    commit = next(index for index, action in enumerate(actions) if isinstance(action, Commit))
    place = next(index for index, action in enumerate(actions) if isinstance(action, PlaceOrder))
    assert commit < place
    committed = actions[commit]
    assert isinstance(committed, Commit)
    assert committed.durable
    kinds = {type(record) for record in committed.records}
    assert {BarConsumed, OrderSaved} <= kinds


def test_a_filled_order_moves_the_position_of_its_strategy() -> None:
    world = ready()
    intent_id = world.buy_and_fill(qty=100, price=100.0)
    order = world.order(intent_id)
    assert order.state is OrderState.FILLED
    assert (order.filled, order.avg_price, order.commission) == (100, 100.0, 1.0)
    position = world.core.state.ledger.position_of(STRATEGY, "SPY")
    assert position.qty == 100
    assert position.avg_cost == 100.01
    assert world.core.state.equity() == world.broker.cash + 100 * 100.0


def test_the_same_bar_is_decided_on_once_even_after_a_restart() -> None:
    world = ready()
    world.buy_and_fill()
    bar = world.core.state.last_bars["SPY"]
    world.restart()
    world.connect()
    world.give(BarClosed(bar, "1m", BarSource.LIVE))
    assert world.bars[-1].decide is False
    world.give(SignalsProposed(STRATEGY, "SPY", bar.end_ns, (Signal(symbol="SPY", side=Side.BUY, qty=1),)))
    assert len(world.sent) == 1


def test_an_answer_nobody_asked_for_sends_nothing() -> None:
    world = ready()
    signal = Signal(symbol="SPY", side=Side.BUY, qty=1)
    world.give(SignalsProposed(STRATEGY, "SPY", world.market_ns, (signal,)))
    world.give(SignalsProposed("nobody", "SPY", world.market_ns, (signal,)))
    assert world.sent == []


def test_a_late_answer_consumes_its_bar_and_sends_nothing() -> None:
    world = ready()
    bar = world.bar()
    world.market_ns += 3 * MINUTE_NS
    world.give(SignalsProposed(STRATEGY, "SPY", bar.end_ns, (Signal(symbol="SPY", side=Side.BUY, qty=1),)))
    assert world.sent == []
    assert world.core.state.consumed[STRATEGY, "SPY"] == bar.end_ns


def test_a_signal_for_another_symbol_is_dropped() -> None:
    world = ready()
    bar = world.bar()
    signals = (Signal(symbol="QQQ", side=Side.BUY, qty=1), Signal(symbol="MSFT", side=Side.BUY, qty=1))
    world.give(SignalsProposed(STRATEGY, "SPY", bar.end_ns, signals))
    assert world.sent == []


def test_warmup_and_gapped_bars_reach_the_strategy_but_ask_for_no_decision() -> None:
    world = ready()
    bar = world.bar(source=BarSource.WARMUP)
    assert world.bars[-1].decide is False
    world.give(BarClosed(bar._replace(end_ns=bar.end_ns + MINUTE_NS), "1m", BarSource.LIVE, complete=False))
    assert world.bars[-1].decide is False
    world.give(BarClosed(bar._replace(end_ns=bar.end_ns + 2 * MINUTE_NS, low=200.0), "1m", BarSource.LIVE))
    assert len(world.bars) == 2
    world.give(BarClosed(bar, "5m", BarSource.LIVE))
    assert len(world.bars) == 2


def test_a_strategy_that_failed_is_not_asked_again_until_it_runs() -> None:
    world = ready()
    world.bar()
    world.give(StrategyStatus(STRATEGY, "failed", "ValueError in on_bar"))
    assert "strategy" in world.alerts()
    assert world.core.state.pending == {}
    world.market_ns += MINUTE_NS
    world.bar()
    assert world.bars[-1].decide is False
    world.give(StrategyStatus(STRATEGY, "failed", "ValueError in on_bar"))
    world.give(StrategyStatus("nobody", "failed"))
    assert world.alerts().count("strategy") == 1


def test_prices_go_to_the_passive_tick_and_quantities_to_whole_lots() -> None:
    world = ready()
    intent_id = world.decide(Side.BUY, 10.7, order_type=OrderType.LIMIT, limit_price=99.999)
    assert intent_id is not None
    intent = world.order(intent_id).intent
    assert (intent.qty, intent.limit_price) == (10, 99.99)


def test_a_broken_number_is_refused_by_name() -> None:
    world = ready()
    assert world.decide(Side.BUY, float("nan")) is None
    assert world.decide(Side.BUY, 1, order_type=OrderType.LIMIT, limit_price=float("inf")) is None
    assert set(world.refusals()) == {"FIELDS"}


def test_a_sale_of_what_the_strategy_holds_is_an_exit() -> None:
    world = ready()
    world.buy_and_fill(qty=100)
    intent_id = world.decide(Side.SELL, 100)
    assert intent_id is not None
    assert world.order(intent_id).intent.purpose is Purpose.EXIT


def test_an_order_that_was_certainly_not_written_is_lost_and_another_may_follow() -> None:
    world = ready()
    intent_id = world.decide()
    assert intent_id is not None
    world.give(OrderNotWritten(intent_id, "not connected", certain=True))
    assert world.order(intent_id).state is OrderState.LOST
    assert "order_failure" in world.alerts()
    world.give(OrderNotWritten(intent_id, "again", certain=True))
    world.give(OrderNotWritten("unheard of", "again", certain=True))
    assert world.decide() is not None


def test_an_order_that_may_have_left_is_unknown_and_blocks_its_symbol_only() -> None:
    world = ready()
    intent_id = world.decide()
    assert intent_id is not None
    world.give(OrderNotWritten(intent_id, "write failed", certain=False))
    assert world.order(intent_id).state is OrderState.UNKNOWN
    assert world.decide() is None
    assert "UNRESOLVED" in world.refusals()
    assert world.decide(symbol="QQQ") is not None


def test_a_journal_failure_sends_nothing_and_blocks_entries_until_it_works_again() -> None:
    world = ready()
    world.buy_and_fill()
    intent_id = world.decide(symbol="QQQ")
    assert intent_id is not None
    world.give(JournalFailed("disk full", (intent_id, "unheard of")))
    assert world.order(intent_id).state is OrderState.LOST
    world.give(JournalFailed("disk full"))
    assert world.alerts().count("journal") == 1
    assert world.decide(symbol="QQQ") is None
    assert "HEALTH" in world.refusals()
    assert world.decide(Side.SELL, 100) is not None, "an exit is never refused by a broken journal"
    world.give(JournalRestored())
    assert world.decide(symbol="QQQ") is not None


def test_an_acknowledgement_that_overtakes_the_note_of_the_write_is_kept() -> None:
    world = ready()
    intent_id = world.decide()
    assert intent_id is not None
    order = world.broker.accept(world.sent[-1].intent, world.sent[-1].order_ref)
    world.give(OrderSeen(order))
    world.give(OrderWritten(intent_id, order.order_id, order.client_id))
    assert world.order(intent_id).state is OrderState.WORKING
    world.give(OrderWritten("unheard of", 1, 1))


def test_statuses_may_come_twice_and_out_of_order() -> None:
    world = ready()
    intent_id, perm_id = world.working()
    order = world.broker.orders[perm_id]
    for status in ("PreSubmitted", "Submitted", "PendingSubmit", "Submitted"):
        world.give(_status(order.order_id, perm_id, status))
    assert world.order(intent_id).state is OrderState.WORKING
    world.fill(perm_id, 100, 99.0)
    world.give(_status(order.order_id, perm_id, "Submitted"))
    assert world.order(intent_id).state is OrderState.FILLED


def _status(order_id: int, perm_id: int, status: str, filled: float = 0.0) -> OrderStatusSeen:
    return OrderStatusSeen(
        order_id=order_id, client_id=7, perm_id=perm_id, status=status, filled=filled, remaining=0, avg_price=0
    )


def test_a_filled_status_without_its_execution_books_nothing_but_looks() -> None:
    world = ready()
    intent_id, perm_id = world.working()
    world.looks.clear()
    world.give(_status(world.broker.orders[perm_id].order_id, perm_id, "Filled", 100))
    assert world.order(intent_id).filled == 0
    assert len(world.looks) == 1


def test_a_status_under_a_reused_order_id_does_not_touch_our_order() -> None:
    world = ready()
    intent_id, perm_id = world.working()
    world.give(_status(world.broker.orders[perm_id].order_id, perm_id + 500, "Cancelled"))
    assert world.order(intent_id).state is OrderState.WORKING
    world.give(_status(999, 0, "Cancelled"))


def test_an_error_about_a_live_order_is_only_a_reason_to_look() -> None:
    for code in (161, 10147, 10148, 10197, 104):
        world = ready()
        intent_id, perm_id = world.working()
        world.looks.clear()
        message = BrokerMessage(code, "whatever it says", order_id=world.broker.orders[perm_id].order_id)
        world.give(message)
        assert world.order(intent_id).state is OrderState.WORKING
        assert len(world.looks) == 1


def test_a_notice_about_a_live_order_changes_nothing() -> None:
    world = ready()
    intent_id, perm_id = world.working()
    world.looks.clear()
    world.give(BrokerMessage(399, "will not be placed until 09:30", order_id=world.broker.orders[perm_id].order_id))
    assert world.order(intent_id).state is OrderState.WORKING
    assert world.order(intent_id).last_code == 399
    assert world.looks == []


def test_a_refusal_of_an_order_that_was_never_acknowledged_is_final() -> None:
    world = ready()
    intent_id = world.decide()
    assert intent_id is not None
    world.give(OrderWritten(intent_id, 55, 7))
    world.give(BrokerMessage(201, "Order rejected - reason: margin", order_id=55))
    assert world.order(intent_id).state is OrderState.REJECTED
    assert "order_failure" in world.alerts()
    world.give(BrokerMessage(201, "again", order_id=55))
    world.give(BrokerMessage(2104, "farm is OK"))


def test_a_fill_after_the_cancel_is_booked_and_alerted() -> None:
    world = ready()
    intent_id, perm_id = world.working()
    world.give(OrderSeen(world.broker.end(perm_id)))
    assert world.order(intent_id).state is OrderState.CANCELLED
    world.fill(perm_id, 40, 99.0)
    assert world.order(intent_id).state is OrderState.LATE_FILL
    assert world.core.state.ledger.position("SPY").qty == 40
    assert "late_fill" in world.alerts()


def test_a_closed_order_that_the_broker_shows_alive_is_alive_and_alerted() -> None:
    world = ready()
    intent_id, perm_id = world.working()
    world.give(OrderSeen(replace(world.broker.orders[perm_id], status="Cancelled")))
    world.acknowledge(perm_id)
    assert world.order(intent_id).state is OrderState.WORKING
    assert "order_reopened" in world.alerts()


def test_an_overfill_is_booked_and_alerted() -> None:
    world = ready()
    intent_id, perm_id = world.working()
    world.fill(perm_id, 100, 99.0)
    world.fill(perm_id, 50, 99.0)
    assert world.order(intent_id).state is OrderState.OVERFILL
    assert world.core.state.ledger.position("SPY").qty == 150
    assert "overfill" in world.alerts()


def test_the_same_execution_counts_once_and_a_correction_replaces_it() -> None:
    world = ready()
    intent_id, perm_id = world.working()
    world.fill(perm_id, 60, 99.0)
    fill = world.broker.fills[-1]
    world.give(FillSeen(fill))
    assert world.order(intent_id).filled == 60
    corrected = replace(fill, exec_id=fill.exec_id[:-2] + "02", qty=50.0)
    world.give(FillSeen(corrected))
    assert world.order(intent_id).filled == 50
    assert world.core.state.ledger.position("SPY").qty == 50
    assert "fill_correction" in world.alerts()
    world.give(FillSeen(replace(fill, exec_id=fill.exec_id[:-2] + "03", qty=50.0, price=98.5)))
    assert world.order(intent_id).avg_price == 98.5


def test_a_busted_execution_counts_for_nothing() -> None:
    world = ready()
    intent_id = world.buy_and_fill()
    fill = world.broker.fills[-1]
    world.give(FillSeen(replace(fill, exec_id=fill.exec_id[:-2] + "02", qty=0.0)))
    assert world.core.state.ledger.position("SPY").qty == 0
    assert world.order(intent_id).avg_price is None


def test_a_liquidation_halts_everything() -> None:
    world = ready()
    world.buy_and_fill()
    fill = world.broker.manual_trade("SPY", Side.SELL, 100, 99.0, world.market_ns)
    world.give(FillSeen(replace(fill, liquidation=True)))
    assert "liquidation" in world.alerts()
    assert world.decide() is None
    assert "TRADING_STATE" in world.refusals()


def test_a_short_position_in_a_long_only_account_blocks_the_symbol() -> None:
    world = ready()
    fill = world.broker.manual_trade("SPY", Side.SELL, 10, 99.0, world.market_ns)
    world.give(FillSeen(fill))
    assert {"external_fill", "short"} <= set(world.alerts())
    assert world.decide() is None
    assert world.decide(symbol="QQQ") is not None


def test_a_fill_with_our_mark_that_the_journal_does_not_know_is_booked_as_external() -> None:
    world = ready()
    fill = world.broker.manual_trade("SPY", Side.BUY, 10, 99.0, world.market_ns)
    world.give(FillSeen(replace(fill, order_ref="tt:old:feedfeedfeedfeed")))
    assert world.core.state.ledger.position_of("EXTERNAL", "SPY").qty == 10
    assert "external_fill" in world.alerts()


def test_orders_of_others_are_shown_and_counted_never_touched() -> None:
    world = ready()
    intent_id = world.decide()
    assert intent_id is not None
    foreign = world.broker.accept(replace(world.sent[-1].intent, symbol="QQQ", qty=3000), "")
    world.give(OrderSeen(foreign))
    world.give(OrderSeen(foreign))
    assert world.alerts().count("external_order") == 1
    assert world.decide(symbol="QQQ") is None
    assert "POSITION_SIZE" in world.refusals()
    world.give(OrderSeen(replace(foreign, status="Cancelled")))
    assert world.core.state.externals == {}
    world.give(OrderSeen(replace(foreign, order_ref="tt:cross:0123456789abcdef")))
    assert world.alerts().count("external_order") == 2


def test_an_order_changed_by_hand_is_measured_by_the_brokers_quantity() -> None:
    world = ready()
    intent_id, perm_id = world.working(qty=100)
    world.broker.orders[perm_id] = replace(world.broker.orders[perm_id], qty=40.0)
    world.acknowledge(perm_id)
    world.acknowledge(perm_id)
    assert world.alerts().count("foreign_change") == 1
    assert world.order(intent_id).foreign_changed
    world.fill(perm_id, 40, 99.0)
    assert world.order(intent_id).state is OrderState.FILLED


def test_an_inactive_order_is_looked_at_and_final_only_when_completed() -> None:
    world = ready()
    intent_id, perm_id = world.working()
    inactive = world.broker.end(perm_id, "Inactive")
    world.looks.clear()
    world.give(OrderSeen(inactive))
    assert world.order(intent_id).is_live
    assert world.looks
    world.look()
    assert world.order(intent_id).state is OrderState.REJECTED


def test_a_pending_submit_acknowledges() -> None:
    world = ready()
    intent_id = world.decide()
    assert intent_id is not None
    perm_id = world.write(intent_id)
    world.give(OrderSeen(replace(world.broker.orders[perm_id], status="PendingSubmit")))
    assert world.order(intent_id).state is OrderState.ACKED


def unfilled(policy: UnfilledPolicy, **changes: object) -> tuple[World, str, int]:
    execution = Execution(unfilled_policy=policy, unfilled_timeout_s=5.0, **changes)  # type: ignore[arg-type]
    world = World(settings(execution=execution, timing=Timing(cancel_retry_s=60.0)))
    world.connect()
    intent_id, perm_id = world.working(limit=99.0)
    world.wait(6)
    return world, intent_id, perm_id


def test_an_unfilled_limit_is_cancelled_after_its_time() -> None:
    world, intent_id, perm_id = unfilled(UnfilledPolicy.CANCEL)
    assert world.cancels[-1].intent_id == intent_id
    world.give(OrderSeen(world.broker.end(perm_id)))
    world.wait(1)
    assert len(world.sent) == 1


def test_an_unfilled_limit_can_stay() -> None:
    world, _, _ = unfilled(UnfilledPolicy.KEEP)
    assert world.cancels == []


def test_an_unfilled_limit_turns_into_a_market_order_for_the_rest_only_after_its_cancel() -> None:
    world, intent_id, perm_id = unfilled(UnfilledPolicy.MARKET)
    world.fill(perm_id, 30, 99.0)
    world.wait(1)
    assert len(world.sent) == 1, "nothing new before the cancel is confirmed"
    world.give(OrderSeen(world.broker.end(perm_id)))
    world.wait(1)
    again = world.sent[-1].intent
    assert (again.order_type, again.qty, again.side) == (OrderType.MARKET, 70, Side.BUY)
    assert again.intent_id != intent_id


def test_an_unfilled_limit_is_repriced_at_most_so_often_and_then_goes_to_market() -> None:
    world, _, perm_id = unfilled(UnfilledPolicy.REPRICE, max_reprices=1)
    world.give(OrderSeen(world.broker.end(perm_id)))
    world.wait(0.25)
    second = world.sent[-1].intent
    assert (second.order_type, second.limit_price) == (OrderType.LIMIT, 100.01)
    perm_id = world.write(second.intent_id)
    world.acknowledge(perm_id)
    world.wait(6)
    world.give(OrderSeen(world.broker.end(perm_id)))
    world.wait(0.25)
    assert world.sent[-1].intent.order_type is OrderType.MARKET


def test_a_finished_unfilled_limit_is_not_sent_again() -> None:
    world, _, perm_id = unfilled(UnfilledPolicy.MARKET)
    world.fill(perm_id, 100, 99.0)
    world.wait(1)
    assert len(world.sent) == 1


def test_order_rates_count_per_second_minute_and_day() -> None:
    world = ready()
    world.core.state.day = None
    for _ in range(2):
        assert world.decide() is None
    world.wait(0.5)
    assert world.core.state.day is not None
    assert world.decide() is not None


def test_the_wait_for_the_acknowledgement_ends_in_a_look() -> None:
    world = ready()
    intent_id = world.decide()
    assert intent_id is not None
    world.give(OrderWritten(intent_id, 55, 7))
    world.looks.clear()
    world.wait(4)
    assert world.looks == []
    world.wait(4)
    assert len(world.looks) == 1
    assert world.mono_ns > SECOND_NS


def test_prices_follow_the_increments_that_the_broker_names() -> None:
    world = ready()
    world.give(InstrumentKnown(Instrument(symbol="SPY", price_steps=(PriceStep(0.0, 0.01), PriceStep(50.0, 0.05)))))
    world.decide(order_type=OrderType.LIMIT, limit_price=99.99)
    assert world.sent[-1].intent.limit_price == 99.95
    assert world.config.instruments["SPY"].price_steps == ()


def test_an_unfilled_order_of_an_earlier_run_has_its_time_from_the_restart() -> None:
    world = World(settings(execution=Execution(unfilled_policy=UnfilledPolicy.CANCEL, unfilled_timeout_s=5.0)))
    world.connect()
    intent_id, _ = world.working(limit=99.0)
    world.restart()
    world.connect()
    world.wait(4)
    assert world.cancels == []
    world.wait(2)
    assert [cancel.intent_id for cancel in world.cancels] == [intent_id]


def test_what_is_left_of_an_unfilled_order_is_sent_again_only_over_a_link_that_is_up() -> None:
    world, _, perm_id = unfilled(UnfilledPolicy.MARKET)
    world.give(SessionChanged(SessionState.DEGRADED, "1100"))
    world.give(OrderSeen(world.broker.end(perm_id)))
    world.wait(5)
    assert len(world.sent) == 1
    assert world.refusals() == []
    world.give(SessionChanged(SessionState.READY, "1102"))
    world.wait(1)
    assert [place.intent.order_type for place in world.sent] == [OrderType.LIMIT, OrderType.MARKET]


def test_nothing_is_sent_again_while_the_cancelled_order_is_in_doubt() -> None:
    world, intent_id, _ = unfilled(UnfilledPolicy.MARKET)
    world.give(OrderNotWritten(intent_id, "the socket broke", certain=False))
    world.wait(20)
    assert world.order(intent_id).state is OrderState.UNKNOWN
    assert len(world.sent) == 1
