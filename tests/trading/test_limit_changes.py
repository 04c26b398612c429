"""Limits in two phases: tighter at once, looser in a second step or with the next session, and a restart keeps both."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.trading.world import ACCOUNT, STRATEGY, World, limits, settings
from tradetui.domain.clock import MINUTE_NS
from tradetui.domain.errors import OperatorError
from tradetui.domain.events import CommandKind
from tradetui.domain.records import LimitSaved
from tradetui.risk.limit_names import carried_over, changed, is_tighter, numbers, tightened
from tradetui.risk.limits import Limits, SymbolLimits
from tradetui.trading.settings import CoreSettings
from tradetui.trading.state import CoreState
from tradetui.trading.view import view

SET, CONFIRM, DROP = CommandKind.LIMIT_SET, CommandKind.LIMIT_CONFIRM, CommandKind.LIMIT_DROP


def ready(config: CoreSettings | None = None) -> World:
    world = World(config)
    world.connect()
    return world


def state(world: World) -> CoreState:
    return world.core.state


def again(world: World, config: CoreSettings | None = None) -> World:
    """Restart, with a changed configuration if one is given."""
    world.config = config or world.config
    world.restart()
    world.connect()
    world.wait(1)
    return world


def next_session(world: World) -> None:
    world.market_ns += 24 * 60 * MINUTE_NS
    world.wait(1)


def test_a_tighter_limit_holds_for_the_next_order_and_over_a_restart() -> None:
    world = ready()
    answer = world.command(SET, target="max_order_qty", qty=50.0)
    assert answer == "done: max_order_qty 1,000 -> 50; holds now (limits version 2)"
    assert world.decide(qty=51) is None
    again(world)
    assert world.decide(qty=51) is None
    assert world.decide(qty=50) is not None
    assert view(state(world), world.now)["limits"]["max_order_qty"]["value"] == 50


def test_a_looser_limit_waits_for_the_typed_second_step() -> None:
    world = ready()
    assert world.command(SET, target="max_order_qty", qty=1_500.0).endswith("give a reason")
    staged = world.command(SET, target="max_order_qty", qty=1_500.0, reason="bigger account")
    assert staged.startswith("done: max_order_qty 1,000 -> 1,500 is looser and waits: `tradetui risk confirm")
    assert world.decide(qty=1_200) is None
    row = view(state(world), world.now)["limits"]["max_order_qty"]
    assert (row["value"], row["staged"], row["who"], row["reason"]) == (1_000, 1_500, "test", "bigger account")
    again(world)
    assert world.command(CONFIRM, target="max_order_qty", confirm="nope").startswith("denied: type the last four")
    done = world.command(CONFIRM, target="max_order_qty", confirm=ACCOUNT[-4:])
    assert done == "done: max_order_qty 1,000 -> 1,500; holds now (limits version 2)"
    assert world.decide(qty=1_200) is not None
    assert world.command(CONFIRM, target="max_order_qty", confirm=ACCOUNT[-4:]).startswith("denied: nothing is staged")
    again(world)
    assert state(world).limits.account.max_order_qty == 1_500, "what was confirmed is kept"


def test_a_staged_limit_holds_from_the_next_session_on() -> None:
    world = ready()
    world.command(SET, target="daily_loss_limit", qty=9_000.0, reason="as agreed")
    world.wait(60)
    assert state(world).limits.account.daily_loss_limit == 5_000
    next_session(world)
    assert state(world).limits.account.daily_loss_limit == 9_000
    assert not state(world).limit_book.staged
    again(world)
    assert state(world).limits.account.daily_loss_limit == 9_000


def test_what_is_staged_after_the_close_waits_for_the_session_after_the_next() -> None:
    world = ready()
    world.wait(1)
    world.market_ns += 8 * 60 * MINUTE_NS  # the evening counts for the next session
    world.command(SET, target="daily_loss_limit", qty=9_000.0, reason="as agreed")
    world.market_ns += 16 * 60 * MINUTE_NS
    world.wait(1)
    assert state(world).limits.account.daily_loss_limit == 5_000
    next_session(world)
    assert state(world).limits.account.daily_loss_limit == 9_000


def test_a_staged_limit_can_be_dropped_and_is_replaced_by_a_tighter_one() -> None:
    world = ready()
    world.command(SET, target="max_positions", qty=20.0, reason="more symbols")
    assert world.command(DROP, target="max_positions") == "done: max_positions stays 10"
    assert world.command(DROP, target="max_positions").startswith("denied: nothing is staged")
    world.command(SET, target="max_positions", qty=20.0, reason="more symbols")
    world.command(SET, target="max_positions", qty=5.0)
    next_session(world)
    assert state(world).limits.account.max_positions == 5


def test_setting_a_staged_limit_back_to_what_holds_ends_the_waiting() -> None:
    world = ready()
    world.command(SET, target="max_positions", qty=20.0, reason="more symbols")
    assert world.command(SET, target="max_positions", qty=10.0).startswith("done")
    next_session(world)
    assert state(world).limits.account.max_positions == 10
    assert world.command(SET, target="max_positions", qty=10.0) == "done: max_positions is 10 already"


def test_a_tighter_outer_limit_takes_the_inner_ones_with_it() -> None:
    world = ready()
    answer = world.command(SET, target="max_gross_notional", qty=50_000.0)
    assert "max_position_notional too, max_order_notional too" in answer
    again(world)
    account = state(world).limits.account
    assert (account.max_gross_notional, account.max_position_notional, account.max_order_notional) == (50_000,) * 3


def test_a_staged_limit_that_contradicts_a_later_tightening_is_dropped_with_a_note() -> None:
    world = ready()
    world.command(SET, target="max_order_notional", qty=300_000.0, reason="larger orders")
    world.command(SET, target="max_position_notional", qty=250_000.0)
    assert world.command(CONFIRM, target="max_order_notional", confirm=ACCOUNT[-4:]).startswith(
        "denied: risk.max_order"
    )
    next_session(world)
    assert state(world).limits.account.max_order_notional == 200_000
    assert any("was dropped" in note.text for _, note in state(world).notes)


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("max_order_qyt", 5.0, "did you mean max_order_qty?"),
        ("nonsense", 5.0, "`tradetui risk limits` lists them"),
        ("max_order_qty", 0.0, "it must be a positive finite number"),
        ("max_order_qty", float("nan"), "has to be a number of at most 1e+09"),
        ("max_leverage", 11.0, "has to be a number of at most 10"),
        ("max_drawdown_pct", 101.0, "has to be a number of at most 100"),
        ("orders_per_day", 2.5, "is a whole number"),
        ("strategy.nobody.max_order_qty", 5.0, "no strategy 'nobody' here"),
        ("symbol.IBM.max_order_qty", 5.0, "no symbol 'IBM' here"),
        ("symbol.SPY.orders_per_day", 5.0, "no limit 'symbol.SPY.orders_per_day'"),
        ("max_order_notional", 500_000.0, "above risk.max_position_notional"),
        ("max_order_qty", None, "give the new value"),
    ],
)
def test_a_change_that_cannot_be_is_denied_with_the_reason(name: str, value: float | None, why: str) -> None:
    world = ready()
    before = state(world).limits.account
    assert why in world.command(SET, target=name, qty=value, reason="test")
    assert state(world).limits.account == before


def test_limits_of_a_symbol_and_a_strategy_can_be_set_where_there_were_none() -> None:
    world = ready()
    assert world.command(SET, target="symbol.SPY.max_order_qty", qty=10.0).startswith(
        "done: symbol.SPY.max_order_qty none"
    )
    assert world.command(SET, target=f"strategy.{STRATEGY}.orders_per_day", qty=1.0).startswith("done")
    again(world)
    assert world.decide(qty=11) is None
    assert world.decide(qty=9) is not None
    assert world.decide(symbol="QQQ") is None
    assert world.refusals()[-1] == "STRATEGY_RATE"


def test_every_order_and_every_refusal_names_the_limits_it_was_judged_by() -> None:
    world = ready()
    world.command(SET, target="max_order_qty", qty=50.0)
    assert world.decide(qty=51) is None
    assert state(world).refusals[-1].limits_version == 2
    intent_id = world.decide(qty=50)
    assert intent_id is not None
    assert world.order(intent_id).limits_version == 2
    again(world)
    assert world.order(intent_id).limits_version == 2


def test_a_configuration_loosened_between_runs_holds_and_is_said_aloud() -> None:
    world = ready()
    again(world, settings(limits=limits(max_order_qty=1_200.0, daily_loss_limit=4_000.0)))
    account = state(world).limits.account
    assert (account.max_order_qty, account.daily_loss_limit) == (1_200, 4_000)
    alerts = [alert for alert in state(world).alerts if alert.cause == "limits"]
    assert [alert.text for alert in alerts] == ["the configuration loosened limits: max_order_qty"]
    assert alerts[0].detail == "max_order_qty 1,000 -> 1,200"
    again(world)
    assert len([alert for alert in state(world).alerts if alert.cause == "limits"]) == 0, "once"


def test_a_change_by_command_ends_where_the_configuration_says_something_new() -> None:
    world = ready()
    world.command(SET, target="max_order_qty", qty=50.0)
    world.command(SET, target="max_positions", qty=20.0, reason="waits")
    again(world, settings(limits=limits(max_order_qty=400.0, max_positions=9)))
    assert state(world).limits.account.max_order_qty == 400
    assert not state(world).limit_book.staged


def test_a_limit_that_the_configuration_no_longer_has_is_looser() -> None:
    world = ready(settings(limits=limits(symbol={"SPY": SymbolLimits(max_order_qty=10)})))
    again(world, settings())
    assert "the configuration loosened limits: symbol.SPY.max_order_qty" in [item.text for item in state(world).alerts]


def test_a_looser_change_that_no_longer_fits_the_configuration_is_given_up() -> None:
    world = ready()
    world.command(SET, target="max_order_notional", qty=300_000.0, reason="larger")
    world.command(CONFIRM, target="max_order_notional", confirm=ACCOUNT[-4:])
    again(world, settings(limits=limits(max_position_notional=250_000.0)))
    assert state(world).limits.account.max_order_notional == 200_000


def test_a_new_journal_takes_the_configuration_without_an_alert() -> None:
    world = ready()
    assert [item for item in state(world).alerts if item.cause == "limits"] == []
    saved = [record for record in world.records if isinstance(record, LimitSaved)]
    assert {record.name for record in saved} == set(numbers(world.config.limits))
    assert {(record.what, record.version) for record in saved} == {("file", 1)}


NAMES = st.sampled_from(sorted(numbers(limits())))


@given(NAMES, st.floats(0.1, 200).map(lambda value: float(max(1, round(value)))))
def test_a_tightened_limit_never_contradicts_and_never_loosens_another(name: str, value: float) -> None:
    before = limits()
    old = numbers(before)[name]
    if not is_tighter(name, old, value) or not _alone(before, name, value):
        return
    after = changed(before, tightened(before, name, value))
    for other, number in numbers(after).items():
        assert number == numbers(before)[other] or is_tighter(other, numbers(before)[other], number)


@given(st.dictionaries(NAMES, st.floats(0.1, 2_000_000).map(lambda value: float(max(1, round(value))))))
def test_earlier_changes_never_keep_a_core_from_starting(values: dict[str, float]) -> None:
    sound = {name: value for name, value in values.items() if _alone(limits(), name, value)}
    after, lost = carried_over(limits(), sound)
    for name, value in sound.items():
        if is_tighter(name, numbers(limits())[name], value):
            held = numbers(after)[name]
            assert name not in lost
            assert held == value or is_tighter(name, value, held)


def _alone(account: Limits, name: str, value: float) -> bool:
    try:
        changed(replace(account), tightened(account, name, value))
    except OperatorError:
        return False
    return True
