"""The core's checks of itself: each planted bug is caught within its step, keeps exposure out and halts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.trading.world import ACCOUNT, STRATEGY, World, limits, settings
from tradetui.domain.account import BrokerPosition
from tradetui.domain.events import (
    BarSource,
    CommandKind,
    FillSeen,
    OrderSeen,
    PositionSeen,
    SessionChanged,
    SessionState,
    SignalsProposed,
)
from tradetui.domain.fill import Fill
from tradetui.domain.latch import ClearedBy, Latch, TradingState
from tradetui.domain.ledger import Ledger
from tradetui.domain.order import Intent, Side, Signal
from tradetui.domain.order_state import OrderState
from tradetui.domain.records import OrderSaved, Record
from tradetui.risk.gate import Decision, Gate
from tradetui.risk.view import RiskView
from tradetui.trading import invariants
from tradetui.trading.invariants import BREACH, Invariants
from tradetui.trading.out import Out


def ready(**changes: object) -> World:
    world = World(settings(**changes))
    world.connect()
    return world


def let_all_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    def check(_gate: Gate, _intent: Intent, _view: RiskView) -> Decision:
        return Decision(())

    monkeypatch.setattr(Gate, "check", check)


def pause(world: World, state: TradingState = TradingState.PAUSED) -> None:
    latch = Latch(key="test", state=state, who="test", why="test", ts_ns=world.market_ns, cleared_by=ClearedBy.OPERATOR)
    world.core.state.latches["test"] = latch


def breach(world: World) -> str:
    """Return the breach that halted the core; fails when there is none."""
    latch = world.core.state.latches[BREACH]
    assert (latch.state, latch.cleared_by) == (TradingState.HALTED, ClearedBy.OPERATOR)
    assert BREACH in world.alerts()
    return latch.why.removeprefix("internal check ")


@pytest.mark.parametrize(
    ("spoil", "number"),
    [
        (pause, "I6"),
        (lambda world: world.give(SessionChanged(SessionState.DEGRADED, "1100")), "I7"),
        (lambda world: world.working(), "I4"),
    ],
)
def test_an_entry_that_a_broken_gate_lets_pass_is_held_back(
    monkeypatch: pytest.MonkeyPatch, spoil: Callable[[World], object], number: str
) -> None:
    world = ready()
    spoil(world)
    let_all_pass(monkeypatch)
    before = len(world.sent)
    assert world.decide() is None
    assert breach(world).startswith(f"{number}: ")
    assert len(world.sent) == before
    assert [order.state for order in world.core.state.book.all()][-1] is OrderState.LOST


def test_an_entry_beyond_the_position_limit_is_held_back(monkeypatch: pytest.MonkeyPatch) -> None:
    world = ready()
    world.buy_and_fill(qty=50)
    let_all_pass(monkeypatch)
    most = world.config.limits.max_position_qty
    assert world.decide(qty=most) is None
    assert breach(world) == f"I17: SPY could reach {most + 50:g} units, above {most:g}"


def test_an_entry_without_any_price_is_held_back(monkeypatch: pytest.MonkeyPatch) -> None:
    world = ready()
    let_all_pass(monkeypatch)
    world.quotes.clear()
    bar = world.bar(source=BarSource.LIVE)
    world.core.state.quotes.clear()
    world.core.state.last_bars.clear()
    world.give(SignalsProposed(STRATEGY, "SPY", bar.end_ns, (Signal(symbol="SPY", side=Side.BUY, qty=1),)))
    assert world.sent == []
    assert breach(world).startswith("I17: entry ")


def test_an_order_of_no_quantity_is_held_back(monkeypatch: pytest.MonkeyPatch) -> None:
    world = ready()
    let_all_pass(monkeypatch)
    assert world.decide(qty=float("nan")) is None
    assert breach(world).startswith("I8: ")


def test_an_intent_is_not_sent_a_second_time(monkeypatch: pytest.MonkeyPatch) -> None:
    world = ready()
    let_all_pass(monkeypatch)
    intent_id = world.decide()
    assert intent_id is not None
    world.give(OrderSeen(world.broker.end(world.write(intent_id))))
    end_ns = world.order(intent_id).intent.bar_end_ns
    world.core.state.pending[STRATEGY, "SPY"] = end_ns
    world.give(SignalsProposed(STRATEGY, "SPY", end_ns, (Signal(symbol="SPY", side=Side.BUY, qty=100),)))
    assert len(world.sent) == 1
    assert breach(world) == f"I2: intent {intent_id} is sent again"


def test_only_the_latest_intents_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(invariants, "REMEMBERED", 1)
    world = ready()
    for symbol in ("SPY", "QQQ"):
        world.buy_and_fill(symbol)
    assert BREACH not in world.core.state.latches


def test_an_order_that_is_not_in_the_journal_is_held_back(monkeypatch: pytest.MonkeyPatch) -> None:
    world = ready()
    keep = Out.record

    def forgetful(out: Out, record: Record, *, durable: bool = False) -> None:
        if not isinstance(record, OrderSaved):
            keep(out, record, durable=durable)

    monkeypatch.setattr(Out, "record", forgetful)
    assert world.decide() is None
    assert breach(world).startswith("I3: ")


def test_an_exit_while_killed_is_told_but_not_held_back(monkeypatch: pytest.MonkeyPatch) -> None:
    world = ready()
    world.buy_and_fill(qty=100)
    world.command(CommandKind.KILL)
    let_all_pass(monkeypatch)
    assert world.decide(Side.SELL, 100) is not None
    assert breach(world).startswith("I6: exit ")


def test_a_ledger_that_counts_an_execution_twice_halts(monkeypatch: pytest.MonkeyPatch) -> None:
    book = Ledger.book_fill

    def twice(ledger: Ledger, fill: Fill, owner: str, multiplier: float = 1.0) -> bool:
        book(ledger, replace(fill, exec_id=f"again.{fill.exec_id}"), owner, multiplier)
        return book(ledger, fill, owner, multiplier)

    world = ready()
    _, perm_id = world.working(qty=100)
    monkeypatch.setattr(Ledger, "book_fill", twice)
    world.fill(perm_id, 10)
    assert breach(world) == "I10: the ledger holds 20 SPY, its executions make 10"


def test_corrections_busts_and_adoptions_count_as_the_ledger_counts_them() -> None:
    world = ready()
    intent_id, perm_id = world.working(qty=100)
    fill = world.broker.fill(perm_id, 40, 99.0, world.market_ns)
    world.give(FillSeen(fill))
    world.give(FillSeen(world.broker.correct(fill, 30.0, 99.0)))
    world.broker.positions["QQQ"] = 7.0
    for _ in range(4):
        world.wait(6)
        world.look()
    assert world.command(CommandKind.ADOPT, symbols=("QQQ",), reason="bought by hand").startswith("done")
    world.restart()
    world.connect()
    world.fill(perm_id, 70, 99.0)
    assert world.order(intent_id).state is OrderState.FILLED
    assert BREACH not in world.core.state.latches


def test_an_order_filled_beyond_its_quantity_must_be_called_so() -> None:
    world = ready()
    intent_id = world.buy_and_fill(qty=100)
    checks, out = Invariants(world.core.state), Out()
    out.record(OrderSaved(replace(world.order(intent_id), filled=101.0), "test"))
    assert [str(item) for item in checks.check(out, world.now)] == [f"I13: order {intent_id} has 101 filled of 100"]


def short(qty: float = -5.0) -> PositionSeen:
    return PositionSeen(BrokerPosition(con_id=1, symbol="SPY", qty=qty, avg_cost=100.0, account=ACCOUNT))


@pytest.mark.parametrize(("long_only", "blocks"), [(True, True), (False, False)])
def test_a_short_position_at_the_broker_blocks_the_symbol_of_a_long_only_account(long_only: bool, blocks: bool) -> None:
    world = ready(limits=limits(long_only=long_only))
    world.give(short())
    world.give(short(-6.0))
    assert ("short:SPY" in world.core.state.latches) is blocks
    assert world.alerts().count("short") == blocks


def test_a_short_position_that_only_the_look_shows_blocks_the_symbol() -> None:
    world = ready()
    world.broker.positions["SPY"] = -5.0
    world.look()
    assert "short:SPY" in world.core.state.latches


def test_two_breaches_of_one_step_are_both_written_down(monkeypatch: pytest.MonkeyPatch) -> None:
    world = ready()
    pause(world)
    world.give(SessionChanged(SessionState.DEGRADED, "1100"))
    let_all_pass(monkeypatch)
    world.decide()
    told = [note.text for _, note in world.core.state.notes if note.topic == BREACH]
    assert [text.split(": ")[-2][-2:] for text in told] == ["I6", "I7"]


def test_trading_goes_on_when_the_operator_has_looked(monkeypatch: pytest.MonkeyPatch) -> None:
    world = ready()
    with monkeypatch.context() as broken:
        let_all_pass(broken)
        assert world.decide(qty=float("nan")) is None
    assert world.decide(symbol="QQQ") is None
    assert world.command(CommandKind.RESUME, reason="looked into it").startswith("done")
    assert world.decide(symbol="QQQ") is not None
