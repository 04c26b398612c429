"""Limits on what may be held, measured in the core: of one strategy, of a sector, with marks that are missing."""

from __future__ import annotations

from tests.trading.world import ACCOUNT, STRATEGY, World, limits, settings
from tradetui.domain.events import CommandKind
from tradetui.domain.order import Side
from tradetui.risk.limits import StrategyLimits
from tradetui.simulation.setting import SYMBOLS
from tradetui.trading.settings import StrategySetting
from tradetui.trading.view import view

TWO = tuple(StrategySetting(name=name, symbols=SYMBOLS, bar_size="1m") for name in (STRATEGY, "trend"))


def ready(**changes: object) -> World:
    world = World(settings(limits=limits(**changes), strategies=TWO))
    world.connect()
    return world


def forget_price(world: World, symbol: str) -> None:
    """Take every price of a symbol away."""
    state = world.core.state
    state.quotes.pop(symbol)
    state.last_bars.pop(symbol, None)
    world.muted.add(symbol)


def test_a_strategys_gross_counts_its_own_part_in_all_its_symbols() -> None:
    world = ready(strategy={STRATEGY: StrategyLimits(max_gross_notional=15_000.0)})
    world.buy_and_fill("QQQ")
    assert world.decide(qty=60) is None
    assert world.refusals()[-1] == "STRATEGY_SIZE"
    assert world.decide(qty=60, by="trend") is not None, "another strategy has its own room"
    assert world.decide(qty=40) is not None


def test_a_strategys_gross_with_a_part_of_unknown_value_refuses() -> None:
    world = ready(strategy={STRATEGY: StrategyLimits(max_gross_notional=15_000.0)})
    world.buy_and_fill("QQQ")
    forget_price(world, "QQQ")
    assert world.decide(qty=1) is None
    assert "STRATEGY_SIZE" in world.refusals()


def test_a_sector_counts_its_own_symbols_alone() -> None:
    world = ready(max_sector_pct=1.5, sectors={"tech": frozenset({"QQQ"}), "wide": frozenset({"SPY"})})
    world.buy_and_fill("QQQ")
    assert world.decide(qty=100) is not None, "the other sector is empty"
    assert world.decide(symbol="QQQ", qty=100) is None
    assert world.refusals()[-1] == "SECTOR"


def test_a_sector_of_unknown_value_refuses_and_its_meter_says_so() -> None:
    world = ready(sectors={"all": frozenset(SYMBOLS)})
    world.buy_and_fill("QQQ")
    forget_price(world, "QQQ")
    assert world.decide(qty=1) is None
    assert {"SECTOR", "NET_EXPOSURE", "GROSS_EXPOSURE", "FUNDS"} <= set(world.refusals())
    rows = view(world.core.state, world.now)["risk"]
    assert (rows["SECTOR"]["measured"], rows["NET_EXPOSURE"]["measured"]) == (None, None)
    assert world.decide(Side.SELL, 100, "QQQ") is not None, "the exit goes"


def test_a_symbol_that_was_flattened_keeps_the_protection_of_other_orders_there() -> None:
    world = ready()
    _, perm_id = world.working(qty=10)
    world.command(CommandKind.FLATTEN, symbols=("SPY",), confirm=ACCOUNT[-4:])
    assert len(world.cancels) == 1, "the flatten cancels it, once"
    world.wait(0.5)
    assert len(world.cancels) == 1
    assert world.core.state.book.find(perm_id=perm_id) is not None
