"""Faults of data, time, process and storage, and the operator's emergencies (catalogue parts F to K)."""

from __future__ import annotations

from random import Random

from tradetui.domain.bar import Bar
from tradetui.domain.clock import MINUTE_NS, SECOND_NS
from tradetui.domain.events import (
    BarClosed,
    BarSource,
    CommandKind,
    HealthChanged,
    JournalFailed,
    JournalRestored,
    SessionState,
    StopFileSeen,
)
from tradetui.domain.order_state import OrderState
from tradetui.domain.tick import DataType
from tradetui.simulation.scene import Scene
from tradetui.simulation.setting import SYMBOLS

States = list[OrderState] | None


def mute(scene: Scene, rng: Random) -> States:
    """The ticks of a symbol stop, or come again."""
    symbol = rng.choice(SYMBOLS)
    if symbol in scene.world.muted:
        scene.world.muted.discard(symbol)
    else:
        scene.world.muted.add(symbol)
        scene.world.wait(rng.choice((0.25, 11.0, 40.0)))
    return []


def halt(scene: Scene, rng: Random) -> States:
    """A symbol is halted, or its data becomes delayed or frozen, and stays so until the ticks come again."""
    symbol = rng.choice(SYMBOLS)
    scene.world.muted.add(symbol)
    if rng.random() < 0.5:
        scene.world.quote(symbol, halted=True)
    else:
        scene.world.quote(symbol, data_type=rng.choice((DataType.DELAYED, DataType.FROZEN)))
    return []


def broken_bar(scene: Scene, rng: Random) -> States:
    """A bar with impossible prices, or one with ticks missing inside."""
    world, symbol = scene.world, rng.choice(SYMBOLS)
    world.market_ns += MINUTE_NS
    world.mono_ns += SECOND_NS
    price = world.prices[symbol]
    if rng.random() < 0.5:
        bar = Bar(symbol, world.market_ns, price, price - 1, price, price, 10.0)
        world.give(BarClosed(bar, "1m", BarSource.LIVE))
    else:
        bar = Bar(symbol, world.market_ns, price, price, price, price, 10.0)
        world.give(BarClosed(bar, "1m", BarSource.LIVE, complete=False))
    return []


def plunge(scene: Scene, rng: Random) -> States:
    """Prices fall by a tenth, for one mark or for good."""
    world = scene.world
    before = dict(world.prices)
    for symbol in world.prices:
        world.prices[symbol] = round(max(20.0, world.prices[symbol] * 0.9), 2)
    if rng.random() < 0.3:
        world.wait(0.25)
        world.prices.update(before)
        return []
    world.wait(1.0)
    if "daily_loss" in world.core.state.latches:
        scene.coverage.sometimes["the daily loss breaker tripped"] += 1
    return []


def clock_jump(scene: Scene, rng: Random) -> States:
    """The wall clock is found to be wrong, or right again; the shell blocks entries in between."""
    if "clock" in scene.unhealthy:
        scene.unhealthy.discard("clock")
        scene.world.give(HealthChanged("clock", healthy=True))
    else:
        scene.unhealthy.add("clock")
        scene.world.market_ns += rng.choice((3, 60)) * SECOND_NS
        scene.world.give(HealthChanged("clock", healthy=False, detail="the clock jumped"))
    return []


def pause(scene: Scene, rng: Random) -> States:
    """The process stands still for seconds or minutes, the broker does not."""
    met = scene.live_states()
    seconds = rng.choice((6, 31, 120))
    scene.world.mono_ns += seconds * SECOND_NS
    scene.world.market_ns += seconds * SECOND_NS
    return met


def crash(scene: Scene, rng: Random) -> States:
    """The core dies between two steps and comes back from its journal; the next moves reconnect."""
    met = scene.live_states()
    if any(order.cancel_mono_ns is not None for order in scene.world.core.state.book.live()):
        scene.coverage.sometimes["a crash with a cancel under way"] += 1
    restart(scene, rng)
    return met


def restart(scene: Scene, rng: Random) -> None:
    """Kill the core and start it from its journal."""
    world = scene.world
    scene.read_replies()
    scene.wire.lose(rng, crashed=True)
    world.dies_after = None
    world.restart(kept=rng.choice((0.0, 0.5, 1.0)))
    scene.evidence.restarted(world.journal.written)
    scene.journal_known_bad = False
    scene.unhealthy.clear()
    scene.sent_at.clear()  # how long ago the orders of an earlier run left is not known to the new core
    scene.flat_before = False
    if scene.stop_file:
        world.stop_file = "STOP found"
    if scene.killed:
        scene.coverage.sometimes["a restart while killed"] += 1


def crash_in_step(scene: Scene, rng: Random) -> States:
    """The core will die while it carries out one of its next steps: before, between or after commit and sends."""
    if scene.world.dies_after is not None:
        return None
    scene.world.dies_after = rng.randint(0, 4)
    return []


def journal_fails(scene: Scene, rng: Random) -> States:
    """The disk is full: commits fail until it is not."""
    if scene.world.journal.failing:
        return None
    scene.world.journal.failing = True
    if rng.random() < 0.5:
        scene.world.give(JournalFailed("disk full"))
    return scene.live_states()


def journal_back(scene: Scene, rng: Random) -> States:
    """The disk takes writes again."""
    if not scene.world.journal.failing:
        return None
    scene.world.journal.failing = False
    scene.world.journal.flush()
    scene.world.give(JournalRestored())
    return []


def kill(scene: Scene, rng: Random) -> States:
    """The operator kills, perhaps twice."""
    met = scene.live_states()
    world = scene.world
    if world.session is not SessionState.READY:
        scene.coverage.sometimes["a kill without a READY link"] += 1
    if world.journal.failing:
        scene.coverage.sometimes["a kill while the journal fails"] += 1
    if OrderState.JOURNALED in met:
        scene.coverage.sometimes["a kill between journal and send"] += 1
    for _ in range(rng.choice((1, 1, 2))):
        world.command(CommandKind.KILL)
    scene.happened("kill")
    return met


def stop_file(scene: Scene, rng: Random) -> States:
    """A STOP file is found."""
    met = scene.live_states()
    if rng.random() < 0.5:
        return None
    scene.stop_file = True
    scene.world.give(StopFileSeen("STOP found"))
    scene.killed = True
    return met


def flatten(scene: Scene, rng: Random) -> States:
    """The operator flattens one symbol or all."""
    met = scene.live_states()
    symbols = rng.choice(((), (rng.choice(SYMBOLS),)))
    scene.world.command(CommandKind.FLATTEN, confirm="flatten", symbols=symbols)
    scene.happened("flatten")
    return met
