"""The restart review: exact matches are taken over, doubt is shown with a remedy, nothing trades until it is clean."""

from __future__ import annotations

from dataclasses import replace

from tests.trading.world import World, settings
from tradetui.domain.account import BrokerPosition
from tradetui.domain.events import CommandKind, OrderSeen, SessionChanged, SessionState, SnapshotTaken
from tradetui.domain.latch import TradingState
from tradetui.domain.order import Side
from tradetui.trading.latches import RESTART
from tradetui.trading.review import ReviewItem, ReviewKind, is_clean, review_items, review_text
from tradetui.trading.state import CoreState
from tradetui.trading.view import view


def ready(**changes: object) -> World:
    world = World(settings(**changes))
    world.connect()
    return world


def state(world: World) -> CoreState:
    return world.core.state


def items(world: World) -> list[ReviewItem]:
    return review_items(state(world))


def looks(world: World, count: int) -> None:
    for _ in range(count):
        world.wait(2.5)
        world.look()


def test_a_first_start_has_nothing_to_review() -> None:
    world = ready()
    assert (items(world), review_text(state(world))) == ([], "")
    assert is_clean(state(world))


def test_an_order_found_again_exactly_is_listed_as_adopted_and_trading_goes_on() -> None:
    world = ready()
    intent_id, _ = world.working()
    world.restart()
    world.wait(0.25)
    assert review_text(state(world)) == "waiting for a full look at the broker"
    assert not is_clean(state(world))
    world.connect()
    (item,) = items(world)
    assert (item.key, item.kind, item.blocks) == (intent_id, ReviewKind.ADOPTED, False)
    assert item.text == "cross BUY 100 SPY LMT: WORKING, 0 filled"
    assert RESTART not in state(world).latches
    assert world.decide(symbol="QQQ") is not None


def test_an_order_in_doubt_holds_all_trading_until_it_is_proved_absent() -> None:
    world = ready()
    intent_id = world.decide()
    world.restart()
    world.connect()
    (item,) = items(world)
    assert (item.key, item.kind, item.blocks) == (intent_id, ReviewKind.UNKNOWN, True)
    assert item.action == "wait: 1 of 5 looks did not find it"
    assert world.decide(symbol="QQQ") is None
    assert review_text(state(world)) == "1 to resolve"
    looks(world, 4)
    assert RESTART not in state(world).latches
    assert world.decide(symbol="QQQ") is not None


def test_an_order_that_only_the_operator_can_resolve_says_how_and_resume_does_not_go_round_it() -> None:
    world = ready()
    intent_id = world.decide()
    world.give(SessionChanged(SessionState.DEGRADED, "1100 connectivity lost", code=1100))
    world.restart()
    world.connect()
    looks(world, 8)
    (item,) = items(world)
    assert item.action == f"look for it in TWS, then: repair close {intent_id}"
    answer = world.command(CommandKind.RESUME)
    assert answer == "done: still PAUSED: the restart review is not clean (1 to resolve)"
    assert world.command(CommandKind.CLOSE_UNKNOWN, target=intent_id, reason="not in TWS").startswith("done")
    world.wait(1)
    assert state(world).trading_state is TradingState.RUN


def test_a_position_that_differs_holds_trading_until_it_is_adopted() -> None:
    world = ready()
    world.buy_and_fill()
    world.restart()
    world.broker.positions["SPY"] = 170.0
    world.connect()
    looks(world, 4)
    (item,) = items(world)
    assert (item.key, item.kind, item.blocks) == ("position:SPY", ReviewKind.MISMATCH, True)
    assert item.text == "SPY: ours 100, broker 170"
    assert world.decide(symbol="QQQ") is None
    world.command(CommandKind.ADOPT, symbols=("SPY",), reason="transferred in")
    (item,) = items(world)
    assert (item.kind, item.blocks) == (ReviewKind.EXTERNAL, False)
    assert item.action == "leave them, or: repair assign SPY STRATEGY"
    world.wait(1)
    assert world.decide(symbol="QQQ") is not None


def test_executions_that_did_not_come_hold_trading() -> None:
    world = ready()
    _, perm_id = world.working()
    world.restart()
    world.connect()
    filled = replace(world.broker.orders[perm_id], status="Filled", filled=100.0)
    ended = replace(filled, status="Cancelled")
    world.give(OrderSeen(filled))
    world.give(OrderSeen(ended))
    item = next(item for item in items(world) if item.blocks)
    assert item.text == "BUY SPY: executions of 100 are missing"
    assert item.action == "wait for them; else: repair adjust or adopt SPY"


def test_an_order_in_doubt_that_was_filled_meanwhile_is_one_item_and_a_forgotten_one_is_none() -> None:
    world = ready()
    intent_id, perm_id = world.working()
    world.restart()
    world.connect()
    world.give(OrderSeen(replace(world.broker.orders[perm_id], filled=40.0)))
    world.cut()
    del world.broker.orders[perm_id]
    world.connect()
    looks(world, 6)
    assert [(item.key, item.kind) for item in items(world)] == [(intent_id, ReviewKind.UNKNOWN)]
    state(world).live_at_restart = ("an order of long ago",)
    assert [item.key for item in items(world)] == [intent_id]


def test_orders_and_positions_of_others_are_shown_and_hold_nothing() -> None:
    world = ready()
    world.buy_and_fill()
    world.broker.manual_order("SPY", Side.BUY, 5, 90.0)
    world.restart()
    world.connect()
    snapshot = world.broker.snapshot(world.mono_ns, world.market_ns)
    gold = BrokerPosition(account="DU1234567", symbol="GLD", con_id=9, qty=3.0, avg_cost=1.0)
    world.give(SnapshotTaken(replace(snapshot, positions=(*(snapshot.positions or ()), gold))))
    world.wait(1)
    assert {(item.kind, item.symbol, item.blocks) for item in items(world)} == {
        (ReviewKind.EXTERNAL, "SPY", False),
        (ReviewKind.EXTERNAL, "GLD", False),
    }
    assert RESTART not in state(world).latches


def test_an_order_with_our_mark_that_the_journal_lacks_holds_trading_until_it_is_gone() -> None:
    world = ready()
    world.buy_and_fill()
    stray = world.broker.manual_order("SPY", Side.BUY, 5, 90.0)
    world.broker.orders[stray.perm_id] = replace(stray, order_ref="tt:cross:0123456789abcdef")
    world.restart()
    world.connect()
    world.wait(1)
    (item,) = items(world)
    assert (item.kind, item.blocks, item.action) == (ReviewKind.UNKNOWN, True, "cancel it in TWS")
    assert RESTART in state(world).latches
    del world.broker.orders[stray.perm_id]
    world.look()
    assert RESTART not in state(world).latches


def test_a_restart_that_waits_for_the_operator_says_so_when_it_is_clean() -> None:
    world = ready(auto_resume=False)
    world.buy_and_fill()
    world.restart()
    world.connect()
    world.wait(1)
    assert review_text(state(world)) == "clean; waiting for your resume"
    assert world.command(CommandKind.RESUME) == "done: RUN: trading goes on"


def test_the_control_socket_shows_the_review_what_blocks_first() -> None:
    world = ready()
    world.working(symbol="QQQ")
    world.decide()
    world.restart()
    world.connect()
    shown = view(state(world), world.now)
    assert [row["blocks"] for row in shown["review"].values()] == [True, False]
    assert shown["core"]["core"]["review"] == "1 to resolve"
