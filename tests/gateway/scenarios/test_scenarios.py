"""The twenty stories, each played to the real core: its ledger ends as the venue's books, nothing is sent twice."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.gateway.scenarios.trader import SPEED, Trader
from tradetui.gateway.assembly import GatewayOptions, build
from tradetui.gateway.scenarios.playing import sent_twice, verdict
from tradetui.gateway.scenarios.scenario import Scenario, load, names
from tradetui.gateway.server import GatewayServer

pytestmark = pytest.mark.slow

#: The core never modifies an order, so that this story cannot begin.
NEVER_BEGIN = {"two_perm_ids": {"split_on_modify"}}


def acted(gateway: GatewayServer, scenario: Scenario) -> bool:
    """Whether every fault of the scenario that can begin has begun, and those that count have ended."""
    waiting = {str(each["key"]) for each in gateway.injected.listing() if each["state"] == "waiting"}
    idle = {str(each["key"]) for each in gateway.injected.listing() if each["state"] == "running" and not each["acted"]}
    return not (waiting | idle) - NEVER_BEGIN.get(scenario.name, set()) - _instant(scenario)


def _instant(scenario: Scenario) -> set[str]:
    """Faults that act by starting, not on occasions."""
    return {str(each.get("key", each["kind"])) for each in scenario.schedule.faults if each["kind"] in _BY_STARTING}


_BY_STARTING = {"competing_session", "halt", "half_open", "nightly_reset", "reset_then_drop", "restart", "gap"}


def hastened(scenario: Scenario) -> Scenario:
    """The same with a dead socket for seconds, not minutes: the test's core has a watchdog of seconds."""
    faults = tuple({**each, "seconds": 8} if each["kind"] == "half_open" else each for each in scenario.schedule.faults)
    return replace(scenario, schedule=replace(scenario.schedule, faults=faults))


def orders_of(scenario: Scenario) -> str:
    if "holds" in scenario.client:
        return "hold"
    return "resting" if "rest" in scenario.client else "market"


def held_at(gateway: GatewayServer) -> dict[str, float]:
    return {row.contract.symbol: row.quantity for row in gateway.hub.venue.positions() if row.quantity}


@pytest.mark.parametrize("name", names())
async def test_the_core_comes_out_of_the_story_with_the_venues_books(name: str, tmp_path: Path) -> None:
    scenario = hastened(load(name))
    gateway = build(GatewayOptions(speed=SPEED, cash=100_000), scenario=scenario)
    async with gateway, Trader(tmp_path, gateway, orders_of(scenario)) as trader:
        await trader.until("the story", lambda: acted(gateway, scenario))
        await trader.until("a trade or an order", gateway.hub.venue.completed_orders)
        before = trader.settled_bars
        await trader.until("time to react", lambda: trader.settled_bars >= before + 6)
        await trader.pause()
        gateway.injected.clear()
        if scenario.expect.books == "equal":
            await trader.until("agreement", lambda: trader.held == held_at(gateway) and not trader.unsettled)
        else:
            await trader.until("a locked symbol", lambda: trader.mismatches)
        await trader.stop()
        assert verdict(scenario, gateway) == []
        assert sent_twice(gateway) == {}
        if scenario.expect.books == "equal":
            cash = gateway.hub.venue.account_values(gateway.hub.account).cash
            assert trader.ledger().cash == pytest.approx(cash, abs=0.005)
