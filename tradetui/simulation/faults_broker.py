"""Faults of executions, commissions, positions and the broker's day (catalogue parts D and E)."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from tradetui.domain.account import AccountValues, BrokerPosition
from tradetui.domain.clock import SECOND_NS
from tradetui.domain.events import AccountSeen, CommissionSeen, FillSeen, PositionSeen
from tradetui.domain.fill import Fill
from tradetui.domain.order import Side
from tradetui.domain.order_state import OrderState
from tradetui.simulation.moves import pick_trading
from tradetui.simulation.scene import Scene
from tradetui.simulation.setting import ACCOUNT, SYMBOLS

States = list[OrderState] | None


def _states(scene: Scene, fill: Fill) -> list[OrderState]:
    order = scene.world.core.state.book.find(fill.order_ref, fill.perm_id)
    return [order.state] if order is not None else []


def fill_again(scene: Scene, rng: Random) -> States:
    """An execution of today is reported again."""
    today = scene.world.broker.fills[scene.world.broker.yesterday :]
    if not today:
        return None
    fill = rng.choice(today)
    met = _states(scene, fill)
    scene.wire.inbox.append(FillSeen(fill))
    return met


def _todays(scene: Scene, rng: Random) -> Fill | None:
    broker = scene.world.broker
    fills = [fill for fill in broker.fills[broker.yesterday :] if fill.qty > 0]
    return rng.choice(fills) if fills else None


def correction(scene: Scene, rng: Random) -> States:
    """The broker corrects price or quantity of an execution; the correction may come before the original."""
    fill = _todays(scene, rng)
    if fill is None:
        return None
    met = _states(scene, fill)
    qty = fill.qty if rng.random() < 0.7 else fill.qty + 1.0
    revised = scene.world.broker.correct(fill, qty, round(fill.price + rng.choice((-0.01, 0.0, 0.02)), 2))
    if scene.world.broker.orders[fill.perm_id].side is Side.SELL and qty > fill.qty:
        scene.coverage.sometimes["a correction sold more than was known"] += 1
    scene.wire.inbox.append(FillSeen(revised))
    if rng.random() < 0.3:
        scene.wire.inbox.append(FillSeen(fill))
    return met


def bust(scene: Scene, rng: Random) -> States:
    """A trade is busted: its execution is revised to nothing."""
    fill = _todays(scene, rng)
    if fill is None or rng.random() < 0.5:
        return None
    met = _states(scene, fill)
    revised = scene.world.broker.correct(fill, 0.0, fill.price)
    scene.wire.inbox.append(FillSeen(revised))
    scene.coverage.sometimes["a busted trade"] += 1
    return met


def late_commission(scene: Scene, rng: Random) -> States:
    """The commission comes long after its execution."""
    return _fill_with(scene, rng, "late")


def early_commission(scene: Scene, rng: Random) -> States:
    """The commission comes before its execution."""
    return _fill_with(scene, rng, "early")


def missing_commission(scene: Scene, rng: Random) -> States:
    """The commission is never reported; only a look has it."""
    return _fill_with(scene, rng, "missing")


def _fill_with(scene: Scene, rng: Random, commission: str) -> States:
    order = pick_trading(scene, rng)
    if order is None:
        return None
    met, broker = scene.state_of(order), scene.world.broker
    left = broker.left(order)
    qty = left if rng.random() < 0.3 else max(1.0, float(int(left / 3)))
    cost = rng.choice((0.35, 1.0, 7.5))
    price = scene.world.prices[order.symbol]
    fill = broker.fill(order.perm_id, min(qty, left), price, scene.world.market_ns, cost)
    seen = CommissionSeen(broker.commissions[-1])
    if commission == "early":
        scene.wire.inbox.append(seen)
    elif commission == "late":
        scene.wire.tell_later(rng.choice((2.0, 30.0)), seen)
    scene.wire.inbox.append(FillSeen(fill))
    return met


def many_fills(scene: Scene, rng: Random) -> States:
    """An order is filled in many small parts at once."""
    order = pick_trading(scene, rng)
    if order is None:
        return None
    met, broker = scene.state_of(order), scene.world.broker
    left = broker.left(order)
    for _ in range(min(12, int(left) - 1)):
        price = scene.world.prices[order.symbol]
        fill = broker.fill(order.perm_id, 1.0, price, scene.world.market_ns, 0.01)
        scene.wire.tell_fill(fill, broker.commissions[-1])
    return met


def overfill(scene: Scene, rng: Random) -> States:
    """More is executed than was ordered."""
    order = pick_trading(scene, rng)
    if order is None or rng.random() < 0.5:
        return None
    met, broker = scene.state_of(order), scene.world.broker
    if order.perm_id in broker.parents or order.perm_id in broker.groups:
        return None  # it would open a position by itself, and no rule of ours can keep it from that
    qty = order.qty - (order.filled or 0.0) + rng.choice((1.0, 10.0))
    fill = broker.fill(order.perm_id, qty, scene.world.prices[order.symbol], scene.world.market_ns)
    scene.wire.tell_fill(fill, broker.commissions[-1])
    scene.coverage.sometimes["an overfill"] += 1
    return met


def liquidation(scene: Scene, rng: Random) -> States:
    """The broker closes a part of a position by itself."""
    world = scene.world
    held = [symbol for symbol in SYMBOLS if world.broker.positions.get(symbol, 0.0) >= 1]
    if not held or not world.connected or rng.random() < 0.7:
        return None
    symbol = rng.choice(held)
    fill = world.broker.manual_trade(symbol, Side.SELL, 1.0, world.prices[symbol], world.market_ns)
    world.broker.fills[-1] = replace(fill, liquidation=True)
    scene.wire.tell_fill(world.broker.fills[-1], world.broker.commissions[-1])
    scene.coverage.sometimes["a liquidation by the broker"] += 1
    return []


def manual_trade(scene: Scene, rng: Random) -> States:
    """A person trades by hand; the execution may be told, or found by a look."""
    world, symbol = scene.world, rng.choice(SYMBOLS)
    held = world.broker.positions.get(symbol, 0.0)
    side = Side.SELL if held > 1 and rng.random() < 0.5 else Side.BUY
    qty = float(rng.randint(1, 20)) if side is Side.BUY else float(rng.randint(1, int(held)))
    fill = world.broker.manual_trade(symbol, side, qty, world.prices[symbol], world.market_ns)
    if rng.random() < 0.5:
        scene.wire.tell_fill(fill, world.broker.commissions[-1])
    return []


def manual_order(scene: Scene, rng: Random) -> States:
    """A person places an order by hand; it is shown and works."""
    world, symbol = scene.world, rng.choice(SYMBOLS)
    side, qty = rng.choice(list(Side)), float(rng.randint(1, 50))
    order = world.broker.manual_order(symbol, side, qty, world.prices[symbol])
    if rng.random() < 0.7:
        scene.wire.tell_order(order)
    return []


def position_hint(scene: Scene, rng: Random) -> States:
    """A position line comes outside a look, true or old."""
    world, symbol = scene.world, rng.choice(SYMBOLS)
    if not world.connected:
        return None
    qty = world.broker.positions.get(symbol, 0.0)
    old = scene.evidence.readings[0].get(symbol, 0.0) if scene.evidence.readings and rng.random() < 0.3 else qty
    world.give(PositionSeen(BrokerPosition(account=ACCOUNT, symbol=symbol, con_id=1, qty=old, avg_cost=100.0)))
    return []


def no_account(scene: Scene, rng: Random) -> States:
    """Account figures come without their values."""
    if not scene.world.connected:
        return None
    scene.world.give(AccountSeen(AccountValues(account=ACCOUNT, ts_ns=scene.world.market_ns)))
    return []


def midnight(scene: Scene, rng: Random) -> States:
    """The trading day ends: DAY orders expire, tomorrow the broker lists neither today's executions nor ended orders.

    The link is lost over night, as the nightly reset does it; what was not seen by then is never listed again.
    """
    world, broker = scene.world, scene.world.broker
    if rng.random() < 0.7:
        return None
    met = scene.live_states()
    scene.wire.flush()
    scene.wire.lose(rng, crashed=False)
    for order in broker.live():
        if order.tif != "GTC":
            broker.end(order.perm_id, "Cancelled")
    world.cut()
    broker.new_day()
    scene.coverage.sometimes["midnight"] += 1
    if any(fill.exec_id.rpartition(".")[0] not in scene.evidence.fills for fill in broker.fills):
        scene.coverage.sometimes["midnight with executions nobody has told"] += 1
    _tomorrow(scene)
    return met


def _tomorrow(scene: Scene) -> None:
    world = scene.world
    session = world.config.calendar.session_at(world.market_ns)
    after = session.close_ns if session is not None else world.market_ns
    opened = world.config.calendar.current_or_next(after).open_ns
    world.mono_ns += opened + 1800 * SECOND_NS - world.market_ns
    world.market_ns = opened + 1800 * SECOND_NS


def session_end(scene: Scene, rng: Random) -> States:
    """The session ends with orders working: DAY orders expire; then a while after the close."""
    world, broker = scene.world, scene.world.broker
    session = world.config.calendar.session_at(world.market_ns)
    if session is None or rng.random() < 0.5:
        return None
    scene.wire.flush()
    met = scene.live_states()
    world.mono_ns += session.close_ns + SECOND_NS - world.market_ns
    world.market_ns = session.close_ns + SECOND_NS
    for order in broker.live():
        if order.tif == "DAY":
            ended = broker.end(order.perm_id)
            if rng.random() < 0.5:
                scene.wire.tell_status(ended)
    scene.coverage.sometimes["the close with orders working"] += bool(met)
    return met
