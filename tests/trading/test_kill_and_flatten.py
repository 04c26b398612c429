"""Kill, pause, breaker and flatten: they work when much else does not, and claim nothing that is not proved."""

from __future__ import annotations

import pytest

from tests.trading.world import ACCOUNT, STRATEGY, World, limits, settings
from tradetui.domain.actions import CancelOrder, StopCore, SwitchStrategy
from tradetui.domain.clock import MINUTE_NS
from tradetui.domain.events import (
    BrokerMessage,
    Command,
    CommandKind,
    CommandReceived,
    HealthChanged,
    OrderSeen,
    OrderWritten,
    StopFileSeen,
)
from tradetui.domain.latch import TradingState
from tradetui.domain.order import Purpose, Side
from tradetui.domain.order_state import OrderState
from tradetui.risk.limits import BreakerAction
from tradetui.trading.state import CoreState
from tradetui.trading.view import view


def ready(**changes: object) -> World:
    world = World(settings(**changes))
    world.connect()
    return world


def state(world: World) -> CoreState:
    return world.core.state


def end_cancelled(world: World) -> None:
    """Let the broker carry out every cancel it was sent."""
    for action in world.cancels:
        order = world.order(action.intent_id)
        if order.perm_id is not None and order.is_live:
            world.give(OrderSeen(world.broker.end(order.perm_id)))
    world.cancels.clear()


def test_kill_cancels_at_once_and_is_done_when_the_broker_confirms() -> None:
    world = ready()
    intent_id, _ = world.working()
    answer = world.command(CommandKind.KILL)
    assert answer == "accepted: KILLED; cancelling 1 orders"
    assert [action.intent_id for action in world.cancels] == [intent_id]
    assert world.order(intent_id).state is OrderState.CANCEL_WANTED
    assert view(state(world), world.now)["core"]["core"]["kill_pending"] is True
    end_cancelled(world)
    assert world.replies[-1].status == "done"
    assert "kill" in world.alerts()


def test_the_cancels_of_a_kill_are_the_first_actions_of_its_step() -> None:
    world = ready()
    world.working()
    command = Command(command_id="k", kind=CommandKind.KILL, who="test")
    actions = world.give(CommandReceived(command))
    assert isinstance(actions[0], CancelOrder)


def test_nothing_but_a_flatten_order_is_sent_while_killed_also_after_a_restart() -> None:
    world = ready()
    world.buy_and_fill()
    assert world.command(CommandKind.KILL).startswith("done")
    assert world.decide(Side.SELL, 100) is None
    assert world.decide(symbol="QQQ") is None
    world.restart()
    world.connect()
    world.wait(1)
    assert state(world).trading_state is TradingState.KILLED
    assert world.decide(symbol="QQQ") is None
    assert world.command(CommandKind.RESUME).startswith("denied")
    assert len(world.sent) == 1


def test_a_kill_while_disconnected_says_so_and_cancels_first_when_the_link_is_back() -> None:
    world = ready()
    intent_id, _ = world.working()
    world.cut()
    assert "NOT CONFIRMED: 1 orders may be live" in world.command(CommandKind.KILL)
    world.cancels.clear()
    world.connect()
    assert intent_id in [action.intent_id for action in world.cancels]


def test_a_kill_catches_an_order_whose_write_was_not_noted_yet() -> None:
    world = ready()
    intent_id = world.decide()
    assert intent_id is not None
    world.command(CommandKind.KILL)
    assert world.cancels[-1].order_id is None
    world.cancels.clear()
    world.give(OrderWritten(intent_id, 12, 7))
    assert world.cancels[-1].order_id == 12


def test_cancels_that_the_gateway_threw_away_for_their_rate_are_sent_again_within_seconds() -> None:
    world = ready()
    intent_id, _ = world.working()
    world.command(CommandKind.KILL)
    assert [action.intent_id for action in world.cancels] == [intent_id]
    world.give(BrokerMessage(100, "Max rate of messages per second has been exceeded"))
    for number in range(2, 6):
        world.wait(1.5)
        assert len(world.cancels) == number, "also beyond the usual number of tries"
        world.give(BrokerMessage(100, "Max rate of messages per second has been exceeded"))
    end_cancelled(world)
    assert world.replies[-1].status == "done"


def test_killing_twice_is_one_kill() -> None:
    world = ready()
    world.command(CommandKind.KILL)
    assert world.command(CommandKind.KILL) == "done: KILLED already; no order of ours is live"
    assert world.alerts().count("kill") == 1


def test_everyone_who_killed_is_told_when_the_last_order_has_ended() -> None:
    world = ready()
    world.working()
    for command_id in ("mine", "yours"):
        world.give(CommandReceived(Command(command_id=command_id, kind=CommandKind.KILL, who="test")))
        assert world.status(command_id).startswith("accepted")
    end_cancelled(world)
    assert world.status("mine") == world.status("yours") == "done: KILLED; every order has ended"


def test_a_kill_that_was_ended_is_not_told_to_be_done_later() -> None:
    world = ready()
    world.working()
    world.give(CommandReceived(Command(command_id="kill", kind=CommandKind.KILL, who="test")))
    assert world.command(CommandKind.UNKILL, confirm=ACCOUNT[-4:], reason="a mistake").startswith("done")
    end_cancelled(world)
    assert world.status("kill").startswith("accepted")
    assert view(state(world), world.now)["core"]["core"]["kill_pending"] is False


def test_the_same_command_delivered_twice_is_carried_out_once() -> None:
    world = ready()
    world.buy_and_fill()
    command = Command(command_id="p", kind=CommandKind.PAUSE, who="test")
    world.give(CommandReceived(command))
    world.command(CommandKind.RESUME)
    world.give(CommandReceived(command))
    assert world.replies[-1].text.startswith("PAUSED")
    assert state(world).trading_state is TradingState.RUN
    world.restart()
    world.give(CommandReceived(command))
    assert world.replies[-1].status == "done"


def test_the_stop_file_kills() -> None:
    world = ready()
    world.working()
    world.give(StopFileSeen("STOP exists"))
    assert state(world).trading_state is TradingState.KILLED
    assert world.cancels


def test_unkill_needs_the_account_a_reason_and_a_clean_reconcile_and_leaves_a_pause() -> None:
    world = ready()
    assert world.command(CommandKind.UNKILL).startswith("denied: trading is not killed")
    world.command(CommandKind.KILL)
    last4 = ACCOUNT[-4:]
    assert "last four" in world.command(CommandKind.UNKILL, reason="checked")
    assert "reason" in world.command(CommandKind.UNKILL, confirm=last4, reason=" ")
    world.cut()
    assert "not synced" in world.command(CommandKind.UNKILL, confirm=last4, reason="checked")
    world.connect()
    world.broker.positions["SPY"] = 5
    world.look()
    assert "position differs" in world.command(CommandKind.UNKILL, confirm=last4, reason="checked")
    world.broker.positions["SPY"] = 0
    world.look()
    assert world.command(CommandKind.UNKILL, confirm=last4, reason="checked").startswith("done")
    assert state(world).trading_state is TradingState.PAUSED
    assert world.command(CommandKind.RESUME) == "done: RUN: trading goes on"


def test_a_pause_cancels_entries_but_lets_exits_work_and_go() -> None:
    world = ready()
    world.buy_and_fill()
    exit_id = world.decide(Side.SELL, 100)
    assert exit_id is not None
    world.acknowledge(world.write(exit_id))
    entry_id, _ = world.working(symbol="QQQ")
    world.command(CommandKind.PAUSE)
    assert [action.intent_id for action in world.cancels] == [entry_id]
    assert world.order(exit_id).state is OrderState.WORKING
    assert world.decide(symbol="QQQ") is None
    assert world.command(CommandKind.PAUSE) == "done: PAUSED already"


def test_flatten_needs_its_word_and_live_the_account() -> None:
    world = ready()
    assert world.command(CommandKind.FLATTEN).startswith("denied: type flatten")
    assert world.command(CommandKind.FLATTEN, symbols=("MSFT",), confirm="flatten").startswith("denied: MSFT")
    live = ready(live=True)
    assert live.command(CommandKind.FLATTEN, confirm="flatten").startswith("denied: this is LIVE")
    assert live.command(CommandKind.FLATTEN, confirm=ACCOUNT[-4:]).startswith("accepted")


def flatten(world: World, symbols: tuple[str, ...] = ()) -> None:
    assert world.command(CommandKind.FLATTEN, symbols=symbols, confirm="flatten").startswith("accepted")


def serve(world: World, seconds: float, *, price: float = 100.0) -> None:
    """Let time pass with a broker that answers looks, cancels and market orders at once."""
    done = len(world.sent)
    for _ in range(int(seconds * 2)):
        world.wait(0.5)
        end_cancelled(world)
        for place in world.sent[done:]:
            perm_id = world.write(place.intent.intent_id)
            world.acknowledge(perm_id)
            world.fill(perm_id, place.intent.qty, price)
        done = len(world.sent)
        if state(world).snapshot_asked_mono_ns is not None:
            world.look()


def test_flatten_cancels_closes_what_the_broker_holds_and_proves_it_twice() -> None:
    world = ready()
    world.buy_and_fill(qty=100)
    world.working(symbol="QQQ")
    flatten(world)
    serve(world, 20)
    run = state(world).flatten
    assert run is not None
    assert run.outcome == "FLAT"
    closing = [place.intent for place in world.sent if place.intent.purpose is Purpose.FLATTEN]
    assert [(item.symbol, item.side, item.qty) for item in closing] == [("SPY", Side.SELL, 100)]
    assert world.replies[-1].text.startswith("FLAT")
    assert world.broker.positions["SPY"] == 0
    assert state(world).ledger.position_of(STRATEGY, "SPY").qty == 0
    assert view(state(world), world.now)["core"]["core"]["flatten"] == "FLAT"


def test_flatten_goes_by_the_brokers_position_not_by_ours() -> None:
    world = ready()
    world.buy_and_fill(qty=100)
    world.broker.positions["SPY"] = 130.0
    flatten(world, ("SPY",))
    serve(world, 20)
    assert world.broker.positions["SPY"] == 0


def test_no_closing_order_goes_out_while_an_own_order_on_the_symbol_is_unconfirmed() -> None:
    world = ready()
    world.buy_and_fill(qty=100)
    exit_id = world.decide(Side.SELL, 100)
    assert exit_id is not None
    perm_id = world.write(exit_id)
    world.acknowledge(perm_id)
    sent = len(world.sent)
    flatten(world)
    for _ in range(20):
        world.wait(0.5)
        world.look()
    assert len(world.sent) == sent, "the exit may still fill"
    world.fill(perm_id, 100)
    serve(world, 20)
    assert state(world).flatten is not None
    assert state(world).flatten.outcome == "FLAT"  # type: ignore[union-attr]
    assert world.broker.positions["SPY"] == 0


def test_flatten_works_while_killed_and_entries_stay_off() -> None:
    world = ready()
    world.buy_and_fill(qty=100)
    world.command(CommandKind.KILL)
    flatten(world)
    serve(world, 20)
    assert world.broker.positions["SPY"] == 0
    assert world.decide(symbol="QQQ") is None


def test_flatten_that_cannot_close_is_loud_and_goes_on() -> None:
    world = ready()
    world.buy_and_fill(qty=100)
    world.cut()
    flatten(world)
    world.wait(70)
    assert "not_flat" in world.alerts()
    assert world.replies[-1].text.startswith("NOT FLAT")
    world.connect()
    serve(world, 20)
    assert world.broker.positions["SPY"] == 0


def test_flatten_outside_hours_waits_for_the_open_and_says_so() -> None:
    world = ready()
    world.buy_and_fill(qty=100)
    world.market_ns += 8 * 60 * MINUTE_NS
    flatten(world)
    serve(world, 5)
    run = state(world).flatten
    assert run is not None
    assert run.phase.startswith("NOT FLAT")
    assert "not_flat" in world.alerts()
    world.market_ns += 17 * 60 * MINUTE_NS
    serve(world, 20)
    assert world.broker.positions["SPY"] == 0


def refuse_flattens(world: World, seconds: float = 30) -> None:
    """Let the broker end every closing order unfilled."""
    for _ in range(int(seconds * 2)):
        world.wait(0.5)
        for place in [place for place in world.sent[1:] if world.order(place.intent.intent_id).perm_id is None]:
            perm_id = world.write(place.intent.intent_id)
            world.acknowledge(perm_id)
            world.give(OrderSeen(world.broker.end(perm_id)))
        if state(world).snapshot_asked_mono_ns is not None:
            world.look()


def test_flatten_is_loud_after_its_passes_and_tries_less_often() -> None:
    world = ready()
    world.buy_and_fill(qty=100)
    flatten(world, ("SPY",))
    refuse_flattens(world)
    run = state(world).flatten
    assert run is not None
    assert run.passes["SPY"] == 10
    assert "closing orders" in run.phase
    assert "not_flat" in world.alerts()
    refuse_flattens(world, 65)
    assert run.passes["SPY"] == 11


def test_who_flattens_again_after_all_passes_gets_new_ones_and_the_proof() -> None:
    world = ready()
    world.buy_and_fill(qty=100)
    flatten(world, ("SPY",))
    refuse_flattens(world)
    run = state(world).flatten
    assert run is not None
    assert run.phase.startswith("NOT FLAT: SPY: 100 held after 10 closing orders")
    again = Command(command_id="again", kind=CommandKind.FLATTEN, who="test", symbols=("SPY",), confirm="flatten")
    world.give(CommandReceived(again))
    assert world.status("again").startswith("accepted: this flatten is in progress already")
    serve(world, 20)
    assert world.status("again") == "done: FLAT: the broker's own list shows nothing held in SPY"
    assert world.broker.positions["SPY"] == 0


def test_a_second_flatten_joins_the_first() -> None:
    world = ready()
    world.buy_and_fill(qty=100)
    flatten(world, ("SPY",))
    flatten(world, ("SPY",))
    flatten(world, ("QQQ",))
    run = state(world).flatten
    assert run is not None
    assert run.symbols == ("QQQ", "SPY")
    assert world.decide(symbol="QQQ") is None
    flatten(world)
    serve(world, 20)
    assert run.outcome == "FLAT"
    assert world.replies[-1].text.endswith("nothing held in QQQ, SPY")
    flatten(world)
    assert state(world).flatten is not run


def test_an_incomplete_look_is_no_proof() -> None:
    world = ready()
    world.buy_and_fill(qty=100)
    flatten(world)
    for _ in range(10):
        world.wait(0.5)
        world.look(without=["positions"])
    assert state(world).flatten is not None
    assert state(world).flatten.outcome == ""  # type: ignore[union-attr]


def lose(world: World, price: float, seconds: float = 1.0) -> None:
    """Let prices fall to `price` and stay there."""
    for _ in range(int(seconds * 4)):
        world.mono_ns += 250_000_000
        for symbol in world.config.instruments:
            world.quote(symbol, price)
        world.connected = False
        world.wait(0.25)
        world.connected = True


def test_the_daily_loss_breaker_halts_cancels_and_survives_until_the_next_session() -> None:
    world = ready(limits=limits(daily_loss_limit=500.0))
    world.buy_and_fill(qty=100)
    entry_id, _ = world.working(symbol="QQQ")
    lose(world, 94.0)
    assert state(world).trading_state is TradingState.HALTED
    assert "daily_loss" in world.alerts()
    assert entry_id in [action.intent_id for action in world.cancels]
    world.restart()
    world.connect()
    world.wait(1)
    assert "daily_loss" in state(world).latches
    assert world.command(CommandKind.RESUME).startswith("done: still HALTED")
    assert world.decide(Side.SELL, 100) is not None, "exits go on"
    world.market_ns += 24 * 60 * MINUTE_NS
    world.wait(1)
    assert "daily_loss" not in state(world).latches


def test_one_bad_price_does_not_trip_the_breaker() -> None:
    world = ready(limits=limits(daily_loss_limit=500.0))
    world.buy_and_fill(qty=100)
    world.connected = False
    world.quote("SPY", 50.0)
    world.wait(0.25)
    world.quote("SPY", 100.0)
    world.wait(0.5)
    assert state(world).trading_state is TradingState.RUN


def test_a_breaker_set_to_block_leaves_working_entries_alone() -> None:
    world = ready(limits=limits(daily_loss_limit=500.0, breaker_action=BreakerAction.BLOCK))
    world.buy_and_fill(qty=100)
    world.working(symbol="QQQ")
    lose(world, 94.0)
    assert state(world).trading_state is TradingState.HALTED
    assert world.cancels == []


def test_a_breaker_set_to_flatten_flattens() -> None:
    world = ready(limits=limits(daily_loss_limit=500.0, breaker_action=BreakerAction.FLATTEN))
    world.buy_and_fill(qty=100)
    lose(world, 94.0)
    assert state(world).flatten is not None
    assert state(world).flatten.who == "breaker"  # type: ignore[union-attr]
    serve(world, 10)
    assert world.broker.positions["SPY"] == 0


def test_the_drawdown_breaker_waits_for_the_operator_and_measures_anew_after_him() -> None:
    world = ready(limits=limits(max_drawdown_pct=0.05, daily_loss_limit=100_000.0))
    world.buy_and_fill(qty=100)
    lose(world, 94.0)
    assert "drawdown" in state(world).latches
    assert world.command(CommandKind.RESUME) == "done: RUN: trading goes on"
    lose(world, 94.0)
    assert "drawdown" not in state(world).latches


def test_single_orders_and_all_orders_can_be_cancelled() -> None:
    world = ready()
    one, _ = world.working()
    two, _ = world.working(symbol="QQQ")
    assert world.command(CommandKind.CANCEL, target="nonsense").startswith("denied")
    assert world.command(CommandKind.CANCEL, target=one) == "accepted: cancelling 1 order"
    assert world.command(CommandKind.CANCEL_ALL, symbols=("QQQ",)) == "accepted: cancelling 1 order"
    assert [action.intent_id for action in world.cancels] == [one, two]
    assert world.command(CommandKind.CANCEL_ALL) == "accepted: cancelling 2 orders"


def test_an_unconfirmed_cancel_is_sent_again_a_few_times_and_never_assumed() -> None:
    world = ready()
    intent_id, _ = world.working()
    world.command(CommandKind.CANCEL, target=intent_id)
    world.wait(40)
    assert len(world.cancels) == 3
    assert world.order(intent_id).state is OrderState.CANCEL_WANTED


def test_strategies_are_switched_by_name() -> None:
    world = ready()
    assert world.command(CommandKind.STRATEGY_STOP, target="nobody").startswith("denied")
    command = Command(command_id="s", kind=CommandKind.STRATEGY_STOP, who="me", target=STRATEGY)
    actions = world.give(CommandReceived(command))
    assert SwitchStrategy(STRATEGY, run=False, reason="by me") in actions
    assert state(world).strategies[STRATEGY].stopped_by == "me"
    assert world.command(CommandKind.STRATEGY_START, target=STRATEGY) == f"accepted: starting {STRATEGY}"
    assert state(world).strategies[STRATEGY].stopped_by == ""


def test_stop_ends_the_core_and_keeps_what_is_held() -> None:
    world = ready()
    command = Command(command_id="x", kind=CommandKind.STOP, who="me")
    actions = world.give(CommandReceived(command))
    assert StopCore("stop ordered by me") in actions


def test_bad_health_blocks_entries_until_it_ends() -> None:
    world = ready()
    world.give(HealthChanged("clock", healthy=False, detail="the clock is 5.0 s off"))
    world.give(HealthChanged("clock", healthy=False, detail="the clock is 6.0 s off"))
    assert world.decide() is None
    assert "HEALTH" in world.refusals()
    world.give(HealthChanged("clock", healthy=True))
    world.give(HealthChanged("clock", healthy=True))
    assert world.decide() is not None
    assert world.alerts().count("health_clock") == 2


@pytest.mark.parametrize("known", [True, False])
def test_equity_is_unknown_while_a_needed_mark_is(known: bool) -> None:
    world = ready()
    world.buy_and_fill()
    if not known:
        state(world).quotes.clear()
        state(world).last_bars.clear()
    rows = view(state(world), world.now)
    for key in ("equity", "unrealized", "gross", "day_pnl", "leverage"):
        assert (rows["account"]["account"][key] is not None) is known
    assert (rows["risk"]["GROSS_EXPOSURE"]["measured"] is not None) is known
    assert (rows["strategies"][STRATEGY]["unrealized"] is not None) is known
    assert world.decide(symbol="QQQ") is not None or not known


def test_an_alert_read_on_one_screen_is_read_for_all_and_on_record() -> None:
    world = ready()
    world.command(CommandKind.KILL)
    newest = state(world).alert_number - 1
    for wrong in ("", "x", "0", str(newest + 1)):
        assert world.command(CommandKind.ACK, target=wrong) == f"denied: no alert {wrong!r}"
    assert world.command(CommandKind.ACK, target=str(newest)) == f"done: alerts up to {newest} are read"
    assert world.command(CommandKind.ACK, target=str(newest)).endswith("are read already, by test")
    row = view(state(world), world.now)["core"]["core"]
    assert (row["acknowledged"], row["acknowledged_by"]) == (newest, "test")
