"""The moves of an ordinary day: strategies decide, the wire carries, the broker executes, the operator commands.

A move is a function of the scene and of a generator of its own, so that leaving out one move of a list changes nothing
in the others' choices. It returns whether it did anything.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from tradetui.domain.events import (
    AccountSeen,
    CommandKind,
    HealthChanged,
    JournalRestored,
    SessionChanged,
    SessionState,
    StopFileSeen,
    StrategyStatus,
)
from tradetui.domain.latch import TradingState
from tradetui.domain.order import BrokerOrder, OrderType, Side
from tradetui.domain.order_state import OrderState
from tradetui.simulation.moves_protection import bracket, protect, swing
from tradetui.simulation.scene import Scene, Violation
from tradetui.simulation.setting import ACCOUNT, SYMBOLS

Move = Callable[[Scene, Random], bool]


def signal(scene: Scene, rng: Random) -> bool:
    """Let a strategy want something, often an exit of what it holds."""
    world, symbol = scene.world, rng.choice(SYMBOLS)
    strategy = rng.choice([item.name for item in world.config.strategies])
    held = world.core.state.ledger.position_of(strategy, symbol).qty
    if held > 0 and rng.random() < 0.5:
        qty = held if rng.random() < 0.7 else max(1.0, float(int(held * rng.random())))
        must_go = exit_must_go(scene, symbol, qty)
        if world.decide(Side.SELL, qty, symbol, by=strategy) is None and must_go:
            raise Violation(f"I21: an exit of {qty:g} {symbol} was refused: {world.refusals()[-3:]}")
        return True
    fields: dict[str, object] = {}
    if rng.random() < 0.4:
        price = round(world.prices[symbol] * rng.choice((0.94, 0.97, 0.99, 1.0, 1.01, 1.07)), 2)
        fields = {"order_type": OrderType.LIMIT, "limit_price": price}
    qty = rng.choice((float(rng.randint(1, 300)), 1200.0, 2.5, 0.0)) if rng.random() < 0.15 else rng.randint(1, 300)
    side = Side.BUY if rng.random() < 0.8 else Side.SELL
    world.decide(side, qty, symbol, by=strategy, **fields)
    return True


def exit_must_go(scene: Scene, symbol: str, qty: float) -> bool:
    """Return whether nothing may keep an exit back: I21, an exit is not held to the limits of entries."""
    state = scene.world.core.state
    run = state.flatten
    return (
        scene.world.session is SessionState.READY
        and not state.book.live(symbol)
        and not any(item.symbol == symbol for item in state.externals.values())
        and qty <= scene.evidence.position(symbol)
        and not state.reported_filled
        and state.trading_state is not TradingState.KILLED
        and all(facts.state == "running" for facts in state.strategies.values())
        and (run is None or bool(run.outcome))
        and scene.world.dies_after is None
    )


def write(scene: Scene, rng: Random) -> bool:
    """Let the shell write what the core sent, and often the broker read it."""
    if not scene.wire.write():
        return False
    if rng.random() < 0.6:
        scene.wire.arrive(rng.choice(("Submitted", "PreSubmitted", "PendingSubmit")))
    return True


def arrive(scene: Scene, rng: Random) -> bool:
    """Let the broker read the next order or cancel."""
    return scene.wire.arrive(rng.choice(("Submitted", "PreSubmitted", "PendingSubmit")))


def deliver(scene: Scene, rng: Random) -> bool:
    """Let the core read some of what the broker sent."""
    done = False
    for _ in range(rng.randint(1, 4)):
        done = scene.wire.deliver() or done
    return done


def pick_live(scene: Scene, rng: Random) -> BrokerOrder | None:
    """Return one of the broker's live orders that can trade, None when there is none."""
    live = [order for order in scene.world.broker.live() if order.status != "Inactive"]
    return rng.choice(live) if live else None


def pick_trading(scene: Scene, rng: Random) -> BrokerOrder | None:
    """Return one of the broker's orders that can trade at once: no child whose parent waits, no stop out of reach."""
    broker = scene.world.broker
    live = [order for order in broker.live() if order.status != "Inactive" and broker.left(order) > 0]
    return rng.choice(live) if live else None


def execute(scene: Scene, rng: Random) -> bool:
    """Fill an order in part or whole."""
    order = pick_trading(scene, rng)
    if order is None:
        return False
    left = scene.world.broker.left(order)
    qty = left if rng.random() < 0.5 else max(1.0, float(int(left * rng.random())))
    broker = scene.world.broker
    if order.status == "PendingSubmit":
        broker.end(order.perm_id, "Submitted")
    fill = broker.fill(order.perm_id, min(qty, left), scene.world.prices[order.symbol], scene.world.market_ns)
    scene.wire.tell_fill(fill, broker.commissions[-1])
    return True


def work(scene: Scene, rng: Random) -> bool:
    """Let an order that was only taken begin to work."""
    waiting = [order for order in scene.world.broker.live() if order.status == "PendingSubmit"]
    if not waiting:
        return False
    order = scene.world.broker.end(rng.choice(waiting).perm_id, "Submitted")
    scene.wire.tell_order(order)
    scene.wire.tell_status(order)
    return True


def look(scene: Scene, rng: Random) -> bool:
    """Answer a look that was asked for. What was sent before the question arrives before it."""
    world = scene.world
    if world.core.state.snapshot_asked_mono_ns is None or not world.connected:
        return False
    scene.wire.due()
    scene.wire.flush()
    if rng.random() < 0.7:
        scene.wire.drain()
    if world.core.state.snapshot_asked_mono_ns is not None:
        world.look(without=scene.blind.pop() if scene.blind else ())
    return True


def pass_time(scene: Scene, rng: Random) -> bool:
    """Let time pass; prices move a little and what was late comes."""
    world = scene.world
    for symbol in world.prices:
        moved = world.prices[symbol] * (1 + rng.uniform(-0.004, 0.004))
        world.prices[symbol] = round(max(20.0, moved), 2)
    world.wait(rng.choice((0.25, 1.0, 3.0)))
    scene.wire.due()
    return True


def account(scene: Scene, rng: Random) -> bool:
    """Send fresh account figures."""
    world = scene.world
    if not world.connected:
        return False
    world.give(AccountSeen(world.broker.account(world.market_ns)))
    return True


def command(scene: Scene, rng: Random) -> bool:
    """Give one of the operator's commands."""
    kinds = (CommandKind.PAUSE, CommandKind.RESUME, CommandKind.CANCEL_ALL, CommandKind.CANCEL)
    kind = rng.choice(kinds)
    target = ""
    if kind is CommandKind.CANCEL:
        live = scene.world.core.state.book.live()
        if not live:
            return False
        target = rng.choice(live).intent.intent_id
    scene.world.command(kind, target=target)
    return True


def unkill(scene: Scene, rng: Random) -> bool:
    """End a kill and a pause, so that an episode goes on trading."""
    if scene.world.core.state.trading_state is TradingState.RUN:
        return False
    scene.stop_file = False
    scene.world.command(CommandKind.UNKILL, confirm=ACCOUNT[-4:], reason="simulated operator")
    scene.world.command(CommandKind.RESUME)
    return True


def reconnect(scene: Scene, rng: Random) -> bool:
    """Take the next step to a READY link: connecting, syncing with a full look, ready."""
    world = scene.world
    state = world.session
    if world.stop_file:
        scene.stop_file = True  # it lies there until the operator removes it
        world.give(StopFileSeen(world.stop_file))
        world.stop_file = ""
    if state in (SessionState.DISCONNECTED, SessionState.REFUSED):
        world.connected = True
        world.give(SessionChanged(SessionState.CONNECTING, "simulated"))
    elif state is SessionState.CONNECTING:
        world.give(SessionChanged(SessionState.SYNCING, "simulated"))
        for symbol in world.config.instruments:
            world.quote(symbol)
    elif state is SessionState.SYNCING:
        scene.wire.due()
        world.look()
        world.give(SessionChanged(SessionState.READY, "synced", account=ACCOUNT))
        for strategy in world.config.strategies:
            world.give(StrategyStatus(strategy.name, "running"))
    elif state is SessionState.DEGRADED:
        world.give(SessionChanged(SessionState.READY, "1102"))
    else:
        return False
    return True


def calm(scene: Scene, rng: Random) -> bool:
    """Let a trouble of the surroundings end: data come again, the clock is right, the disk has room."""
    world = scene.world
    if world.muted:
        world.muted.clear()
    elif scene.unhealthy:
        for key in sorted(scene.unhealthy):
            world.give(HealthChanged(key, healthy=True))
        scene.unhealthy.clear()
    elif world.journal.failing:
        world.journal.failing = False
        world.journal.flush()
        world.give(JournalRestored())
    else:
        by_hand = [order for order in world.broker.live() if not order.order_ref]
        for order in by_hand:
            scene.wire.tell_order(world.broker.end(order.perm_id))
        return bool(by_hand)
    return True


def repair(scene: Scene, rng: Random) -> bool:
    """Do the operator's repairs: adopt a position that differs, mark an order dead that the broker has not."""
    world, state = scene.world, scene.world.core.state
    confirmed = tuple(sorted(symbol for symbol, item in state.mismatches.items() if item.confirmed))
    if confirmed:
        scene.adopted = True
        world.command(CommandKind.ADOPT, symbols=confirmed, reason="simulated operator")
        return True
    alive = {order.order_ref for order in world.broker.live()}
    alive |= {place.order_ref for _, place, _ in scene.wire.late_orders}
    grace = world.config.timing.grace_looks
    dead = [
        order
        for order in state.book.live()
        if order.state is OrderState.UNKNOWN and order.checks >= grace and order.order_ref not in alive
    ]
    for order in dead:
        world.command(CommandKind.CLOSE_UNKNOWN, target=order.intent.intent_id, reason="not at the broker")
    return bool(dead)


def _not_ready(scene: Scene) -> bool:
    return scene.world.session is not SessionState.READY


def _troubled(scene: Scene) -> bool:
    state = scene.world.core.state
    return bool(state.mismatches) or any(order.state is OrderState.UNKNOWN for order in state.book.live())


@dataclass(frozen=True, slots=True)
class Ordinary:
    """A move of an ordinary day, how often it comes, and when it can do anything."""

    make: Move
    weight: float
    when: Callable[[Scene], bool]


ORDINARY: dict[str, Ordinary] = {
    "signal": Ordinary(signal, 14, lambda scene: True),
    "bracket": Ordinary(bracket, 12, lambda scene: scene.protects),
    "protect": Ordinary(protect, 4, lambda scene: scene.protects),
    "swing": Ordinary(swing, 6, lambda scene: scene.protects),
    "write": Ordinary(write, 16, lambda scene: bool(scene.world.outbound)),
    "arrive": Ordinary(arrive, 10, lambda scene: bool(scene.wire.socket)),
    "deliver": Ordinary(deliver, 16, lambda scene: bool(scene.wire.inbox)),
    "execute": Ordinary(execute, 6, lambda scene: bool(scene.world.broker.live())),
    "work": Ordinary(work, 4, lambda scene: bool(scene.world.broker.live())),
    "look": Ordinary(look, 14, lambda scene: scene.world.core.state.snapshot_asked_mono_ns is not None),
    "time": Ordinary(pass_time, 8, lambda scene: True),
    "account": Ordinary(account, 1, lambda scene: True),
    "command": Ordinary(command, 1, lambda scene: True),
    "unkill": Ordinary(unkill, 6, lambda scene: scene.world.core.state.trading_state is not TradingState.RUN),
    "reconnect": Ordinary(reconnect, 30, _not_ready),
    "calm": Ordinary(calm, 6, lambda scene: True),
    "repair": Ordinary(repair, 8, _troubled),
}
