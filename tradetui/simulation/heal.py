"""The end of an episode: faults stop, and within two minutes all must agree, with the operator's help where it is due.

Then the account is flattened and one small order must go: what trades no more after the faults have ended is broken,
too. I36, I11, I20.
"""

from __future__ import annotations

from random import Random

from tradetui.domain.events import AccountSeen, CommandKind, HealthChanged, JournalRestored, SessionState, StopFileSeen
from tradetui.domain.latch import TradingState
from tradetui.domain.order import BrokerOrder, OrderRecord, Purpose, Side
from tradetui.domain.order_state import OrderState
from tradetui.simulation.invariants_books import check_books
from tradetui.simulation.invariants_protection import check_rest, rests
from tradetui.simulation.moves import reconnect
from tradetui.simulation.scene import Scene, Violation
from tradetui.simulation.setting import ACCOUNT, SYMBOLS

#: Simulated seconds in which the system must have recovered.
HEAL_S = 60


def heal(scene: Scene, rng: Random) -> None:
    """Stop the faults; demand agreement, a flat account and a working order.

    Raises:
        Violation: something did not recover.
    """
    _stop_faults(scene, rng)
    _settle(scene)
    if scene.protects:
        _settle(scene)  # what ended last may have left a position without its stop
    check_rest(scene)
    _check_unresolved(scene)
    _operate(scene, rng)
    _settle(scene)
    _check_agreement(scene)
    _flatten(scene)
    _trade_again(scene)


def _stop_faults(scene: Scene, rng: Random) -> None:
    world = scene.world
    world.dies_after = None
    world.muted.clear()
    scene.blind.clear()
    for key in sorted(scene.unhealthy):
        world.give(HealthChanged(key, healthy=True))
    scene.unhealthy.clear()
    if world.journal.failing:
        world.journal.failing = False
        world.journal.flush()
        world.give(JournalRestored())
    scene.wire.late_orders = [(0, place, order_id) for _, place, order_id in scene.wire.late_orders]
    scene.wire.ending = [(0, perm_id) for _, perm_id in scene.wire.ending]
    world.broker.hidden.clear()
    if world.stop_file:
        world.give(StopFileSeen(world.stop_file))
        world.stop_file = ""
    while world.session is not SessionState.READY:
        reconnect(scene, rng)


def _settle(scene: Scene) -> None:
    """Let the wire empty and time pass; the broker obeys, fills what closes, and ends what works too long."""
    world = scene.world
    quiet = 0
    for second in range(HEAL_S):
        scene.wire.due()
        scene.wire.flush()
        for order in world.broker.live():
            _serve(scene, order, second)
        scene.wire.drain()
        world.wait(1.0)
        if world.core.state.snapshot_asked_mono_ns is not None or second % 5 == 4:
            world.look()
        quiet = quiet + 1 if _is_quiet(scene) else 0
        if quiet > (8 if scene.protects else 4):  # longer than the grace that a missing stop has
            return


def _serve(scene: Scene, order: BrokerOrder, second: int) -> None:
    world = scene.world
    ours = scene.ours(order)
    if ours is not None and ours.intent.purpose is Purpose.FLATTEN:
        left = order.qty - (order.filled or 0.0)
        fill = world.broker.fill(order.perm_id, left, world.prices[order.symbol], world.market_ns)
        scene.wire.tell_fill(fill, world.broker.commissions[-1])
    elif ours is None or (second > 10 and not (rests(ours) and scene.protects)):
        scene.wire.tell_status(world.broker.end(order.perm_id))


def _is_quiet(scene: Scene) -> bool:
    state = scene.world.core.state
    return (
        not any(order.state is not OrderState.UNKNOWN and not rests(order) for order in state.book.live())
        and not scene.wire.inbox
        and not any(not _rests(scene, order) for order in scene.world.broker.live())
        and (state.flatten is None or bool(state.flatten.outcome))
        and all(item.confirmed for item in state.mismatches.values())
        and not any(
            order.checks < scene.world.config.timing.grace_looks for order in state.book.live() if not rests(order)
        )
    )


def _rests(scene: Scene, order: BrokerOrder) -> bool:
    ours = scene.ours(order)
    return ours is not None and rests(ours)


def _check_unresolved(scene: Scene) -> None:
    """What only the operator can resolve is what no look can prove: gaps of the broker, and yesterday."""
    world, state = scene.world, scene.world.core.state
    for ours in state.book.live():
        if rests(ours):
            continue
        if ours.state is not OrderState.UNKNOWN:
            raise Violation(f"I36: an order stays {ours.state} for ever")
        if not _unprovable(scene, ours):
            raise Violation("I36: an order stays UNKNOWN for ever")
    for symbol in SYMBOLS:
        held = world.broker.positions.get(symbol, 0.0)
        if abs(state.ledger.position(symbol).qty - held) < 1e-6:
            if symbol in state.mismatches:
                raise Violation(f"I11: {symbol} is called a mismatch and is none")
        elif symbol not in state.mismatches:
            raise Violation(f"I11: {symbol} is {state.ledger.position(symbol).qty:g} here, {held:g} there, untold")
        elif not _has_lost_executions(scene):
            raise Violation(f"I36: {symbol} differs for ever though the broker lists every execution")


def _unprovable(scene: Scene, ours: OrderRecord) -> bool:
    broker = scene.world.broker
    forgotten = any(
        order.order_ref == ours.order_ref and perm in broker.archived for perm, order in broker.orders.items()
    )
    return ours.touched_by_gap or forgotten or scene.evidence.corrected(ours)


def _has_lost_executions(scene: Scene) -> bool:
    broker = scene.world.broker
    told = {item.fill.exec_id for item in scene.evidence.fills.values()}
    return any(fill.exec_id not in told for fill in broker.fills[: broker.yesterday])


def _operate(scene: Scene, rng: Random) -> None:
    """Do what an operator does in the morning: adopt, mark dead with evidence, end the kill, resume."""
    world, state = scene.world, scene.world.core.state
    for ours in [order for order in state.book.live() if not rests(order)]:
        world.command(CommandKind.CLOSE_UNKNOWN, target=ours.intent.intent_id, reason="the broker's log shows its end")
    if state.mismatches and rng.random() < 0.5:
        _flatten(scene)  # a flatten closes what the broker holds, whatever our books say
    differing = tuple(sorted(state.mismatches))
    if differing:
        scene.adopted = True
        world.command(CommandKind.ADOPT, symbols=differing, reason="yesterday's executions")
    elif _has_lost_executions(scene):
        scene.adopted = True  # the quantities cancel out; the money does not
    _end_halts(scene)


def _end_halts(scene: Scene) -> None:
    world = scene.world
    scene.stop_file = False
    world.command(CommandKind.UNKILL, confirm=ACCOUNT[-4:], reason="simulated operator")
    world.command(CommandKind.RESUME)
    for name in world.core.state.strategies:
        world.command(CommandKind.STRATEGY_REARM, target=name, reason="simulated operator")


def _check_agreement(scene: Scene) -> None:
    world, state = scene.world, scene.world.core.state
    check_books(scene, ())
    unresolved = [order for order in state.book.live() if not rests(order)]
    if unresolved or state.mismatches or (state.reported_filled and not scene.adopted):
        raise Violation(f"I36: unresolved after the operator's work: {unresolved} {state.mismatches}")
    for symbol in SYMBOLS:
        held = world.broker.positions.get(symbol, 0.0)
        if abs(state.ledger.position(symbol).qty - held) > 1e-6:
            raise Violation(f"I11: {symbol} differs after the heal")
    cash = state.ledger.cash
    exact = not scene.adopted and not scene.evidence.provisional()
    if cash is None or (exact and abs(cash - world.broker.cash) > 0.005):
        raise Violation(f"I11: cash is {cash}, the broker's {world.broker.cash}")


def _flatten(scene: Scene) -> None:
    world, state = scene.world, scene.world.core.state
    _into_session(scene)
    world.command(CommandKind.FLATTEN, confirm="flatten")
    _settle(scene)
    if state.flatten is None or state.flatten.outcome != "FLAT":
        raise Violation(f"I20: not flat: {state.flatten}")
    for symbol in SYMBOLS:
        if abs(world.broker.positions.get(symbol, 0.0)) > 1e-6:
            raise Violation(f"I20: FLAT, and the broker holds {world.broker.positions[symbol]:g} {symbol}")


def _into_session(scene: Scene) -> None:
    """Go to the middle of the next session: what is over with its day is over then."""
    world, calendar = scene.world, scene.world.config.calendar
    session = calendar.session_at(world.market_ns)
    after = session.close_ns if session is not None else world.market_ns
    opened = calendar.current_or_next(after).open_ns
    world.market_ns = opened + 3_600_000_000_000
    world.mono_ns += 120_000_000_000
    world.wait(1.0)
    _settle(scene)


def _trade_again(scene: Scene) -> None:
    world, state = scene.world, scene.world.core.state
    _end_halts(scene)
    world.wait(1.0)
    if state.trading_state is not TradingState.RUN:
        raise Violation(f"I36: trading stays {state.trading_state.name}: {state.trading_why}")
    for symbol in SYMBOLS:
        world.mono_ns += 60_000_000_000
        world.give(AccountSeen(world.broker.account(world.market_ns)))
        state.refusals.clear()
        if world.decide(Side.BUY, 10.0, symbol) is None:
            raise Violation(f"I36: {symbol} trades no more: {[item.text for item in state.refusals]}")
        _settle(scene)
