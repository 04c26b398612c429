"""What would keep an entry from being made now is the gate's own answer, control by control."""

from __future__ import annotations

from tests.trading.world import STRATEGY, World, limits, settings
from tradetui.domain.events import CommandKind
from tradetui.trading.settings import CoreSettings


def ready(config: CoreSettings | None = None) -> World:
    world = World(config)
    world.connect()
    return world


def test_nothing_blocks_a_sound_world() -> None:
    world = ready()
    assert world.core.entry_blocks(world.now) == []


def test_every_reason_has_measure_limit_and_what_clears_it() -> None:
    world = ready(settings(limits=limits(max_concentration_pct=0.001)))
    world.command(CommandKind.PAUSE)
    rows = world.core.entry_blocks(world.now, "SPY")
    assert {row["strategy"] for row in rows} == {STRATEGY}
    assert {row["symbol"] for row in rows} == {"SPY"}
    codes = {row["code"]: row for row in rows}
    assert codes["TRADING_STATE"]["clears"] == "when cleared by: operator"
    assert codes["CONCENTRATION"]["limit"] == "0.001 %"
    assert all(row["measured"] and row["limit"] and row["clears"] for row in rows)


def test_asking_changes_nothing() -> None:
    world = ready()
    refusals = world.core.state.counts_refusals
    world.command(CommandKind.PAUSE)
    for _ in range(100):
        world.core.entry_blocks(world.now)
    assert world.core.state.counts_refusals == refusals
    world.command(CommandKind.RESUME)
    assert world.decide() is not None, "no question counts as an order"
