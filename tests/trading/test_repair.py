"""The operator's repair verbs: each needs a reason, none trades, none moves the books away from the broker."""

from __future__ import annotations

import pytest

from tests.trading.world import STRATEGY, World, settings
from tradetui.domain.events import CommandKind
from tradetui.domain.instrument import Instrument
from tradetui.domain.latch import ClearedBy, Latch, TradingState
from tradetui.domain.ledger import EXTERNAL
from tradetui.domain.order import Side
from tradetui.domain.records import AdjustmentSaved, CommandSaved
from tradetui.trading.latches import set_latch
from tradetui.trading.out import Out
from tradetui.trading.settings import StrategySetting
from tradetui.trading.state import CoreState


def ready(**changes: object) -> World:
    world = World(settings(**changes))
    world.connect()
    return world


def state(world: World) -> CoreState:
    return world.core.state


def differing(world: World, qty: float, symbol: str = "SPY") -> None:
    """Let the broker hold `qty` that our books lack, and have it seen often enough."""
    world.broker.positions[symbol] = world.broker.positions.get(symbol, 0.0) + qty
    for _ in range(4):
        world.look()
        world.wait(2.5)


def owned(world: World, owner: str = STRATEGY) -> float:
    return state(world).ledger.position_of(owner, "SPY").qty


class TestAssign:
    def test_adopted_units_go_to_the_strategy_at_their_cost_and_it_can_sell_them(self) -> None:
        world = ready()
        differing(world, 70.0)
        assert world.command(CommandKind.ADOPT, symbols=("SPY",), reason="transferred in").startswith("done")
        assert (owned(world, EXTERNAL), owned(world)) == (70.0, 0.0)
        before = state(world).ledger.position("SPY"), state(world).ledger.cash
        answer = world.command(CommandKind.ASSIGN, symbols=("SPY",), target=STRATEGY, reason="it manages them")
        assert answer == f"done: SPY: +70 of EXTERNAL now belong to {STRATEGY}, at 100"
        assert (owned(world, EXTERNAL), owned(world)) == (0.0, 70.0)
        assert (state(world).ledger.position("SPY"), state(world).ledger.cash) == before
        assert world.sent == []
        assert world.decide(Side.SELL, 70) is not None

    def test_an_adopted_future_costs_its_price_and_shows_no_loss_that_is_none(self) -> None:
        world = ready(instruments={"SPY": Instrument(symbol="SPY", multiplier=50.0)})
        world.broker.multipliers["SPY"] = 50.0
        differing(world, 1.0)
        assert world.command(CommandKind.ADOPT, symbols=("SPY",), reason="bought by hand").startswith("done")
        assert state(world).ledger.position("SPY").avg_cost == 100.0
        assert state(world).unrealized() == 0.0

    def test_a_difference_that_executions_may_still_explain_is_not_adopted(self) -> None:
        world = ready()
        world.broker.positions["SPY"] = 70.0
        world.look()
        answer = world.command(CommandKind.ADOPT, symbols=("SPY",), reason="too early")
        assert answer == "denied: SPY: the difference is not confirmed yet; wait for the next looks"
        differing(world, 0.0)
        world.cut()
        answer = world.command(CommandKind.ADOPT, symbols=("SPY",), reason="not connected")
        assert answer == "denied: the broker's positions are not known now; wait for READY"
        assert state(world).ledger.adjustments == ()
        world.connect()
        differing(world, 0.0)
        assert world.command(CommandKind.ADOPT, symbols=("SPY",), reason="transferred in").startswith("done")

    def test_part_of_a_strategys_units_can_go_back_and_a_restart_remembers_it(self) -> None:
        world = ready()
        world.buy_and_fill(qty=100)
        answer = world.command(
            CommandKind.ASSIGN, symbols=("SPY",), owner=STRATEGY, target=EXTERNAL, qty=40.0, reason="mine from now on"
        )
        assert answer.startswith("done: SPY: +40 of cross now belong to EXTERNAL")
        account = state(world).ledger.position("SPY")
        world.restart()
        assert (owned(world), owned(world, EXTERNAL)) == (60.0, 40.0)
        assert state(world).ledger.position("SPY") == account
        assert state(world).ledger.position_of(STRATEGY, "SPY").realized == pytest.approx(0.0)

    @pytest.mark.parametrize(
        ("fields", "said"),
        [
            ({"symbols": ("SPY",), "target": STRATEGY}, "give a reason"),
            ({"symbols": (), "target": STRATEGY, "reason": "x"}, "name one symbol that is traded here: QQQ, SPY"),
            ({"symbols": ("SPY", "QQQ"), "target": STRATEGY, "reason": "x"}, "name one symbol"),
            ({"symbols": ("SPY",), "target": "nobody", "reason": "x"}, "'nobody' does not trade SPY; there is cross"),
            ({"symbols": ("SPY",), "target": STRATEGY, "reason": "x", "qty": 71.0}, "EXTERNAL holds 70 SPY, so 71"),
            ({"symbols": ("SPY",), "target": STRATEGY, "reason": "x", "qty": -5.0}, "so -5 cannot go"),
            ({"symbols": ("QQQ",), "target": STRATEGY, "reason": "x"}, "EXTERNAL holds 0 QQQ, so 0 cannot go"),
            ({"symbols": ("SPY",), "target": EXTERNAL, "reason": "x"}, "cannot go to EXTERNAL"),
        ],
    )
    def test_what_cannot_be_is_refused_with_the_reason(self, fields: dict[str, object], said: str) -> None:
        world = ready()
        differing(world, 70.0)
        world.command(CommandKind.ADOPT, symbols=("SPY",), reason="x")
        assert said in world.command(CommandKind.ASSIGN, **fields)
        assert owned(world, EXTERNAL) == 70.0

    def test_a_symbol_that_no_strategy_trades_says_so(self) -> None:
        world = ready(strategies=(StrategySetting(name=STRATEGY, symbols=("QQQ",), bar_size="1m"),))
        answer = world.command(CommandKind.ASSIGN, symbols=("SPY",), target=STRATEGY, reason="x")
        assert "there is no strategy that does" in answer


class TestAdjust:
    def test_a_missed_trade_is_booked_with_its_money_and_the_symbol_trades_again(self) -> None:
        world = ready()
        world.look()
        differing(world, 30.0)
        world.broker.cash -= 3_030.0
        assert world.decide() is None
        answer = world.command(
            CommandKind.ADJUST, symbols=("SPY",), qty=30.0, price=101.0, owner=STRATEGY, reason="missed at midnight"
        )
        assert answer == "done: SPY: booked +30 at 101 for cross, cash -3,030.00"
        assert owned(world) == 30.0
        assert state(world).ledger.cash == pytest.approx(world.broker.cash)
        assert state(world).latches == {}
        assert world.decide() is not None

    def test_units_that_came_without_money_leave_cash_alone(self) -> None:
        world = ready()
        differing(world, 30.0)
        answer = world.command(CommandKind.ADJUST, symbols=("SPY",), qty=30.0, price=50.0, cash=0.0, reason="split")
        assert answer.endswith("for EXTERNAL, cash +0.00")
        assert state(world).ledger.cash == 1_000_000.0

    def test_the_books_may_come_nearer_in_steps_and_stay_locked_until_they_agree(self) -> None:
        world = ready()
        differing(world, 30.0)
        assert world.command(CommandKind.ADJUST, symbols=("SPY",), qty=10.0, price=100.0, reason="first").startswith(
            "done"
        )
        assert "mismatch:SPY" in state(world).latches
        assert world.command(CommandKind.ADJUST, symbols=("SPY",), qty=20.0, price=102.0, reason="rest").startswith(
            "done"
        )
        assert "mismatch:SPY" not in state(world).latches

    def test_a_booking_is_journaled_with_who_and_why_and_survives_a_restart(self) -> None:
        world = ready()
        differing(world, 30.0)
        world.command(CommandKind.ADJUST, symbols=("SPY",), qty=30.0, price=100.0, reason="found in the statement")
        saved = [record.adjustment for record in world.records if isinstance(record, AdjustmentSaved)]
        assert [(item.who, item.reason, item.qty) for item in saved] == [("test", "found in the statement", 30.0)]
        commands = [record for record in world.records if isinstance(record, CommandSaved)]
        assert commands[-1].detail == "SPY qty 30 price 100 found in the statement"
        world.restart()
        assert state(world).ledger.position("SPY").qty == 30.0

    @pytest.mark.parametrize(
        ("fields", "said"),
        [
            ({"symbols": ("SPY",), "qty": -30.0, "price": 100.0, "reason": "x"}, "would not bring them together"),
            ({"symbols": ("SPY",), "qty": 60.0, "price": 100.0, "reason": "x"}, "the broker holds 30: +60"),
            ({"symbols": ("SPY",), "qty": 30.0, "price": 100.0}, "give a reason"),
            ({"symbols": ("SPY",), "qty": 30.0, "reason": "x"}, "give the price per unit"),
            ({"symbols": ("SPY",), "qty": 30.0, "price": -1.0, "reason": "x"}, "give the price per unit"),
            ({"symbols": ("SPY",), "qty": 30.0, "price": 1.0, "cash": float("inf"), "reason": "x"}, "a finite number"),
            ({"symbols": ("SPY",), "qty": 30.0, "price": 1.0, "owner": "me", "reason": "x"}, "no strategy 'me'"),
            ({"symbols": ("TSLA",), "qty": 30.0, "price": 1.0, "reason": "x"}, "name one symbol that is traded here"),
            ({"reason": "x"}, "give the units or the money to book"),
            ({"cash": 0.0, "reason": "x"}, "give the units or the money to book"),
            ({"cash": 5.0}, "give a reason"),
        ],
    )
    def test_what_cannot_be_is_refused_and_books_nothing(self, fields: dict[str, object], said: str) -> None:
        world = ready()
        differing(world, 30.0)
        assert said in world.command(CommandKind.ADJUST, **fields)
        assert state(world).ledger.adjustments == ()

    def test_units_are_not_booked_while_the_brokers_positions_are_unknown(self) -> None:
        world = ready()
        differing(world, 30.0)
        world.cut()
        answer = world.command(CommandKind.ADJUST, symbols=("SPY",), qty=30.0, price=100.0, reason="x")
        assert answer.startswith("denied: the broker's positions are not known now")

    def test_money_that_moved_is_booked_and_the_difference_is_gone(self) -> None:
        world = ready()
        world.look()
        world.broker.cash += 500.0
        for _ in range(3):
            world.wait(6)
            world.look()
        assert state(world).cash_difference == pytest.approx(500.0)
        assert world.command(CommandKind.ADJUST, cash=500.0, reason="deposit") == "done: booked +500.00 cash: deposit"
        world.look()
        assert state(world).cash_difference == pytest.approx(0.0)
        world.restart()
        assert state(world).ledger.cash == pytest.approx(1_000_500.0)

    def test_money_is_not_booked_before_the_opening_balance_is_known(self) -> None:
        world = World(settings())
        answer = world.command(CommandKind.ADJUST, cash=5.0, reason="x")
        assert answer.startswith("denied: our cash is not known yet")


class TestUnlock:
    def lock(self, world: World, key: str, cleared_by: ClearedBy) -> None:
        latch = Latch(
            key=key,
            state=TradingState.HALTED,
            who="core",
            why=f"{key} happened",
            ts_ns=world.market_ns,
            cleared_by=cleared_by,
            symbol="SPY",
        )
        set_latch(state(world), Out(), world.now, latch, None)

    def test_the_operator_unlocks_one_symbol_with_a_reason(self) -> None:
        world = ready()
        self.lock(world, "short:SPY", ClearedBy.OPERATOR)
        assert world.decide() is None
        assert world.command(CommandKind.UNLOCK, symbols=("SPY",)) == "denied: give a reason"
        assert world.command(CommandKind.UNLOCK, symbols=("QQQ",), reason="x") == "denied: nothing locks QQQ"
        assert world.command(CommandKind.UNLOCK, reason="x") == "denied: nothing locks no symbol"
        assert world.command(CommandKind.UNLOCK, symbols=("SPY",), reason="bought back") == "done: SPY is unlocked"
        assert world.decide() is not None

    def test_a_difference_is_not_unlocked_but_repaired(self) -> None:
        world = ready()
        self.lock(world, "short:SPY", ClearedBy.OPERATOR)
        differing(world, 30.0)
        answer = world.command(CommandKind.UNLOCK, symbols=("SPY",), reason="x")
        assert answer.startswith("denied: SPY stays locked: MISMATCH SPY")
        assert list(state(world).latches) == ["mismatch:SPY"]
