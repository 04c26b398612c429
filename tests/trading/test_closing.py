"""The end of a session: looked at before the close, settled after it, once, with what is not proved."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.trading.world import World
from tradetui.domain.clock import MINUTE_NS
from tradetui.domain.events import FillSeen, OrderNotWritten, SnapshotTaken
from tradetui.domain.records import AlertQueued
from tradetui.simulation.setting import OPEN

CLOSE = OPEN + 390 * MINUTE_NS


def near_the_close(minutes: float = 3) -> World:
    world = World()
    world.connect()
    world.market_ns = CLOSE - int(minutes * MINUTE_NS)
    world.wait(1)
    world.look()
    world.looks.clear()
    return world


def told(world: World) -> list[str]:
    alerts = [record.alert for record in world.records if isinstance(record, AlertQueued)]
    return [f"{item.text} | {item.detail}" for item in alerts if item.cause == "day_end"]


def test_the_broker_is_looked_at_shortly_before_the_close_and_once() -> None:
    world = near_the_close(minutes=2.1)
    world.wait(30)
    assert world.looks.count("before the close") == 1
    world.look()
    world.wait(30)
    assert world.looks.count("before the close") == 1


def test_a_look_under_way_does_not_replace_the_one_before_the_close() -> None:
    world = near_the_close(minutes=2.1)
    world.core.state.snapshot_asked_mono_ns = world.mono_ns
    world.wait(10)
    assert world.looks == []
    world.look()
    world.wait(1)
    assert world.looks == ["before the close"]


def test_a_settled_day_is_told_with_its_figures() -> None:
    world = near_the_close()
    world.buy_and_fill(qty=100)
    world.wait(120)
    world.look()
    world.wait(65)
    world.look()
    assert told(world) == [
        "trading day 2026-03-02 ended | P&L -1.00, equity 999,999.00, holding 100 SPY, 0 working order(s)"
    ]
    world.wait(120)
    world.look()
    assert len(told(world)) == 1


def test_a_look_that_began_before_the_close_or_lacks_a_part_settles_nothing() -> None:
    world = near_the_close(minutes=1)
    early = world.broker.snapshot(world.mono_ns, world.market_ns)
    world.wait(70)
    world.look(without=["fills"])
    assert told(world) == []
    world.give(SnapshotTaken(early))
    assert told(world) == []
    world.look()
    assert told(world) == ["trading day 2026-03-02 ended | P&L +0.00, equity 1,000,000.00, flat, 0 working order(s)"]


def in_doubt(world: World) -> None:
    intent_id = world.decide(qty=5)
    assert intent_id is not None
    world.give(OrderNotWritten(intent_id, "socket broke", certain=False))


def without_commission(world: World) -> None:
    _, perm_id = world.working(qty=10)
    world.give(FillSeen(world.broker.fill(perm_id, 10, 99.0, world.market_ns)))
    world.broker.commissions.clear()


def without_executions(world: World) -> None:
    world.core.state.reported_filled["0000000000000000"] = 3.0


def other_cash(world: World) -> None:
    world.broker.cash += 12.0


def other_position(world: World) -> None:
    world.broker.positions["QQQ"] = 3.0


@pytest.mark.parametrize(
    ("spoil", "point"),
    [
        (in_doubt, "1 UNKNOWN order(s)"),
        (without_commission, "commissions are missing"),
        (without_executions, "executions of 1 order(s) are missing"),
        (other_cash, "cash differs"),
        (other_position, "position of QQQ differs"),
    ],
)
def test_what_is_not_proved_is_named(spoil: Callable[[World], None], point: str) -> None:
    world = near_the_close()
    spoil(world)
    world.market_ns = CLOSE + MINUTE_NS
    world.wait(1)
    world.look()
    assert [text.split(" | ")[0] for text in told(world)] == [f"trading day 2026-03-02 ended, not settled: {point}"]


def test_figures_that_are_not_known_are_called_so() -> None:
    world = near_the_close()
    world.buy_and_fill(qty=10)
    world.market_ns = CLOSE
    world.wait(1)
    world.core.state.quotes.clear()
    world.core.state.last_bars.clear()
    world.look()
    assert told(world)[0].split(" | ")[1].startswith("P&L unknown, equity unknown, holding 10 SPY")


def test_a_core_that_started_after_the_close_settles_no_day() -> None:
    world = World()
    world.market_ns = CLOSE + 5 * MINUTE_NS
    world.connect()
    world.wait(120)
    world.look()
    assert told(world) == []


def test_the_next_session_begins_anew() -> None:
    world = near_the_close(minutes=1)
    world.wait(61)
    world.market_ns = OPEN + 24 * 60 * MINUTE_NS
    world.wait(1)
    world.look()
    assert told(world) == []
    world.market_ns = CLOSE + 24 * 60 * MINUTE_NS + MINUTE_NS
    world.wait(1)
    world.look()
    assert [text.split(" | ")[0] for text in told(world)] == ["trading day 2026-03-03 ended"]
