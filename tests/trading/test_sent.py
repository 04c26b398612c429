"""Counting orders: exact for every limit, however long the day."""

from __future__ import annotations

from tests.trading.world import World, limits, settings
from tradetui.domain.clock import MINUTE_NS, SECOND_NS, Now
from tradetui.domain.order import Side
from tradetui.risk.view import OrderCounts
from tradetui.trading.sent import REMEMBERED, SentLog, SentOrder

TODAY = "2026-03-02"
START_NS = 1_000 * SECOND_NS


def order(mono_ns: int, strategy: str = "a", *, date: str = TODAY, qty: float = 1.0) -> SentOrder:
    return SentOrder(mono_ns, date, strategy, "SPY", Side.BUY, qty, None)


def at(seconds: float) -> Now:
    return Now(0, START_NS + int(seconds * SECOND_NS))


def test_a_day_of_more_orders_than_are_remembered_is_counted_in_full() -> None:
    log = SentLog()
    for number in range(3 * REMEMBERED):
        log.add(order(START_NS + number * MINUTE_NS, qty=float(number)))
    assert log.on(TODAY) == 3 * REMEMBERED
    assert log.counts(at(0), TODAY, "a").strategy_day == 3 * REMEMBERED


def test_second_minute_and_day_are_counted_for_the_strategy_and_for_all() -> None:
    log = SentLog()
    log.add(order(0, "a"))  # of an earlier run: today, but of unknown age
    log.add(order(START_NS - 59 * SECOND_NS, "b"))
    log.add(order(START_NS - SECOND_NS, "a"))
    log.add(order(START_NS - 1, "b"))
    assert log.counts(at(0), TODAY, "a") == OrderCounts(0, 1, 2, 1, 3, 4)
    assert log.counts(at(0), TODAY, "b") == OrderCounts(1, 2, 2, 1, 3, 4)
    assert log.in_last_minute(at(0)) == 3


def test_an_order_leaves_the_minute_after_sixty_seconds() -> None:
    log = SentLog()
    log.add(order(START_NS))
    assert log.counts(at(59.9), TODAY, "a").minute == 1
    assert log.in_last_minute(at(60)) == 0
    assert log.counts(at(60), TODAY, "a").minute == 0
    assert log.on(TODAY) == 1


def test_a_new_day_begins_at_nothing() -> None:
    log = SentLog()
    log.add(order(START_NS, date="2026-03-02"))
    assert log.counts(at(0), "2026-03-03", "a").day == 0
    log.add(order(START_NS, date="2026-03-03"))
    assert log.on("2026-03-03") == 1
    assert log.on("2026-03-02") == 0


def test_the_age_of_a_like_order_is_that_of_the_latest_one() -> None:
    log = SentLog()
    assert log.age_s(at(0), order(1).likeness) is None
    log.add(order(START_NS))
    log.add(order(START_NS + 2 * SECOND_NS))
    log.add(order(START_NS + 3 * SECOND_NS, qty=2.0))
    assert log.age_s(at(5), order(1).likeness) == 3.0


def test_an_order_of_an_earlier_run_is_no_repetition() -> None:
    log = SentLog()
    log.add(order(0))
    assert log.age_s(at(0), order(0).likeness) is None


def test_the_daily_limit_holds_beyond_five_thousand_orders() -> None:
    world = World(settings(limits=limits(orders_per_day=6_000)))
    world.connect()
    state = world.core.state
    assert state.day is not None
    for _ in range(6_000):
        state.sent.add(SentOrder(0, state.day.date, "cross", "SPY", Side.BUY, 1.0, None))
    assert world.decide() is None
    assert world.refusals() == ["ORDER_RATE"]


def test_two_strategies_that_want_the_same_order_do_not_count_as_one_repeating_itself() -> None:
    log = SentLog()
    log.add(order(START_NS, "a"))
    assert log.age_s(at(3), order(1, "a").likeness) == 3.0
    assert log.age_s(at(3), order(1, "b").likeness) is None
