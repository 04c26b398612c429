"""A live core takes no new exposure until it is armed, for one session, with what was shown."""

from __future__ import annotations

from tests.trading.world import World, settings
from tradetui.domain.clock import MINUTE_NS
from tradetui.domain.events import CommandKind
from tradetui.domain.latch import TradingState
from tradetui.domain.order import Side
from tradetui.domain.records import ArmedSaved
from tradetui.simulation.setting import ACCOUNT, OPEN
from tradetui.trading.arming import NOT_ARMED, arming_digest, arming_rows, is_armed, last_armed
from tradetui.trading.state import CoreState
from tradetui.trading.view import view

FACTS = {"risk.max_order_qty": "10", "strategies.cross.qty": "5"}


def live(**changes: object) -> World:
    world = World(settings(live=True, arming=FACTS, **changes))
    world.connect()
    return world


def state(world: World) -> CoreState:
    return world.core.state


def arm(world: World, **fields: object) -> str:
    wanted: dict[str, object] = {
        "target": arming_digest(state(world).settings.arming),
        "confirm": ACCOUNT[-4:],
        "reason": "monday",
        **fields,
    }
    return world.command(CommandKind.ARM, **wanted)


def test_a_live_core_starts_disarmed_and_takes_new_exposure_only_when_armed() -> None:
    world = live()
    assert is_armed(state(world)) is False
    assert world.decide() is None
    assert "TRADING_STATE" in world.refusals()
    assert world.command(CommandKind.RESUME).startswith("done: still PAUSED: NOT ARMED")
    assert arm(world) == "done: ARMED until the session 2026-03-02 ends; the trading state is RUN"
    assert world.decide() is not None
    assert arm(world) == "done: armed already, until the session 2026-03-02 ends"
    saved = [record for record in world.records if isinstance(record, ArmedSaved)]
    assert [(item.who, item.date) for item in saved] == [("test", "2026-03-02")]


def test_exits_go_while_it_is_not_armed() -> None:
    world = live()
    arm(world)
    world.buy_and_fill()
    world.restart()
    world.connect()
    assert is_armed(state(world)) is False
    assert world.decide(symbol="QQQ") is None
    assert world.decide(Side.SELL, 100) is not None


def test_it_is_refused_with_the_wrong_word_another_configuration_or_an_unproved_account() -> None:
    world = live()
    assert arm(world, confirm="flatten") == "denied: type the last four characters of the account to confirm"
    assert arm(world, target="0123").startswith("denied: what was shown is not what this core runs")
    world.cut()
    assert arm(world).startswith("denied: not synced with the broker, so the account is not proved")
    assert is_armed(state(world)) is False


def test_arming_ends_with_the_process_and_the_next_one_shows_what_changed() -> None:
    world = live()
    assert last_armed(state(world)) == ""
    assert arming_rows(state(world))["risk.max_order_qty"] == {"now": "10", "armed": None}
    arm(world)
    world.config = settings(live=True, arming={"risk.max_order_qty": "20", "file new.py": "ab12"})
    world.restart()
    world.connect()
    assert NOT_ARMED in state(world).latches
    assert last_armed(state(world)) == "2026-03-02 by test"
    assert arming_rows(state(world)) == {
        "file new.py": {"now": "ab12", "armed": None},
        "risk.max_order_qty": {"now": "20", "armed": "10"},
        "strategies.cross.qty": {"now": None, "armed": "5"},
    }
    shown = view(state(world), world.now)
    assert shown["arming"]["risk.max_order_qty"] == {"now": "20", "armed": "10"}
    assert (shown["core"]["core"]["armed"], shown["core"]["core"]["last_armed"]) == (False, "2026-03-02 by test")


def test_arming_ends_when_its_session_has_closed_and_entries_are_cancelled() -> None:
    world = live()
    arm(world)
    intent_id, _ = world.working()
    world.market_ns = OPEN + 389 * MINUTE_NS
    world.wait(1)
    assert is_armed(state(world))
    world.market_ns = OPEN + 391 * MINUTE_NS
    world.wait(1)
    assert state(world).latches[NOT_ARMED].why == "NOT ARMED: the armed session 2026-03-02 has ended"
    assert intent_id in [cancel.intent_id for cancel in world.cancels]
    assert arm(world).startswith("done: ARMED until the session 2026-03-03 ends")
    world.market_ns = OPEN + 24 * 60 * MINUTE_NS
    world.wait(1)
    assert is_armed(state(world))


def test_arming_does_not_end_a_kill_or_a_pause() -> None:
    world = live()
    world.command(CommandKind.KILL)
    assert arm(world).endswith("the trading state is KILLED")
    assert state(world).trading_state is TradingState.KILLED


def test_the_operator_disarms_again() -> None:
    world = live()
    assert world.command(CommandKind.DISARM) == "done: not armed already"
    arm(world)
    assert world.command(CommandKind.DISARM).startswith("done: NOT ARMED")
    assert world.decide() is None
    assert state(world).latches[NOT_ARMED].why == "NOT ARMED: disarmed by test"


def test_paper_needs_no_arming() -> None:
    world = World(settings())
    world.connect()
    assert is_armed(state(world)) is None
    assert world.command(CommandKind.ARM, confirm=ACCOUNT[-4:]).startswith("denied: this is no live profile")
    assert world.command(CommandKind.DISARM).startswith("denied: this is no live profile")
    shown = view(state(world), world.now)
    assert (shown["arming"], shown["core"]["core"]["armed"]) == ({}, None)
    assert world.decide() is not None
