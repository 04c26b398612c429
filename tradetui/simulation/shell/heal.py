"""The end of a shell episode: every fault stops, and within two minutes the box must be sound again.

I36, I11, I20: READY, reconciled, nothing unknown, the ledger equal to the venue's books; then a flatten ends FLAT, and
trading goes on. The operator does what only an operator can: end kills, adopt what differs, close what nobody can
prove.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from tradetui.domain.events import CommandKind, SessionState
from tradetui.domain.ids import intent_of_ref
from tradetui.domain.latch import TradingState
from tradetui.domain.order_state import OrderState
from tradetui.simulation.shell.disk import DiskState
from tradetui.simulation.shell.judge import Judge
from tradetui.simulation.shell.network import Weather
from tradetui.simulation.shell.process import CoreProcess
from tradetui.simulation.shell.stage import Stage

HEAL_S = 120.0
FLAT_S = 60.0
TRADE_S = 60.0
_LOOK_S = 1.0


async def heal(stage: Stage, judge: Judge) -> None:
    """Stop the faults and wait for what must come; what does not is a problem of the stage."""
    _stop_faults(stage)
    if not await _until(stage, HEAL_S, lambda: _is_sound(stage, judge), operate=True):
        stage.broken(f"I36: not sound {HEAL_S:g} s after the faults: {_state_of(stage)}; {judge.differences()}")
        return
    problem = judge.dead_alive()
    if problem:
        stage.broken(f"I14: {problem}")
    if judge.doubled():
        stage.broken(f"I2: {judge.doubled()} is at the venue twice")
    stage.command(CommandKind.FLATTEN, confirm="flatten")
    if not await _until(stage, FLAT_S, lambda: _is_flat(stage)):
        stage.broken(f"I20: not flat after {FLAT_S:g} s: {_state_of(stage)}; {stage.positions()}")
    stage.unkill()
    before = len(judge.entries_at)
    if not await _until(stage, TRADE_S, lambda: len(judge.entries_at) > before, operate=True):
        stage.broken(f"I36: no order within {TRADE_S:g} s after the heal: {_state_of(stage)}")


def _stop_faults(stage: Stage) -> None:
    stage.gateway.injected.clear()
    stage.gateway.hub.faults.clear()
    stage.network.weather = Weather()
    stage.network.stall(False)
    stage.disk.before_s = 0.0002
    broken = stage.disk.state is DiskState.BROKEN
    stage.disk.turn(DiskState.FINE)
    if broken:
        stage.crash(0.1)
    elif stage.process is None or not stage.process.is_alive:
        stage.start_core()


async def _until(stage: Stage, seconds: float, met: Callable[[], bool], *, operate: bool = False) -> bool:
    end = stage.loop.time() + seconds
    while stage.loop.time() < end and not stage.problem:
        await asyncio.sleep(_LOOK_S)
        if met():
            return True
        if operate:
            _operate(stage)
    return bool(stage.problem)


def _operate(stage: Stage) -> None:
    """Do what an operator does who sees the screen."""
    process = stage.process
    core = process.core if process is not None and process.is_alive else None
    if core is None or core.state.session is not SessionState.READY:
        return
    if core.state.latches:
        stage.unkill()
    for strategy in sorted({latch.strategy for latch in core.state.latches.values() if latch.strategy}):
        stage.command(CommandKind.STRATEGY_REARM, target=strategy, reason="simulated operator")
    differing = tuple(sorted(symbol for symbol, item in core.state.mismatches.items() if item.confirmed))
    if differing:
        stage.command(CommandKind.ADOPT, symbols=differing, reason="seen at the broker")
    alive = {ref for ref, _, live in stage.venue_orders if live and intent_of_ref(ref)}
    for order in core.state.book.live():
        if order.state is OrderState.UNKNOWN and order.order_ref not in alive:
            stage.command(CommandKind.CLOSE_UNKNOWN, target=order.intent.intent_id, reason="not at the broker")


def _is_sound(stage: Stage, judge: Judge) -> bool:
    process = stage.process
    core = process.core if process is not None and process.is_alive else None
    if core is None:
        return False
    state = core.state
    return (
        state.session is SessionState.READY
        and state.trading_state is TradingState.RUN
        and state.journal_ok
        and not state.health
        and not state.mismatches
        and state.last_reconcile_ns is not None
        and not any(order.state is OrderState.UNKNOWN for order in state.book.live())
        and not judge.differences()
    )


def _is_flat(stage: Stage) -> bool:
    process = stage.process
    core = process.core if process is not None and process.is_alive else None
    run = core.state.flatten if core is not None else None
    return run is not None and run.outcome == "FLAT"


def _state_of(stage: Stage) -> str:
    process = stage.process
    if process is None or not process.is_alive or process.core is None:
        return f"no core runs ({process.failure!r})" if process is not None else "no core runs"
    state = process.core.state
    orders = [f"{order.intent.intent_id} {order.state}" for order in state.book.live()]
    refusals = [item.text for item in list(state.refusals)[-2:]]
    flat = state.flatten.phase if state.flatten is not None else ""
    return (
        f"{state.session} {state.trading_state.name} {state.trading_why} {dict(state.health)} {list(state.mismatches)} "
        f"{orders} {flat} {refusals} {process.refused} {_link_of(process)}"
    )


def _link_of(process: CoreProcess) -> str:
    return process.shell.broker.link.reason if process.shell is not None else "no shell"
