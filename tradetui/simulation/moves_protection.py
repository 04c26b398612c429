"""Moves of strategies that protect what they hold: brackets, stand-alone stops, and the prices that reach them.

Only some episodes have them, so that the others stay what they were.
"""

from __future__ import annotations

from random import Random

from tradetui.domain.order import BrokerOrder, OrderType, Purpose, Side, TimeInForce
from tradetui.simulation.scene import Scene
from tradetui.simulation.setting import SYMBOLS


def bracket(scene: Scene, rng: Random) -> bool:
    """Let a strategy buy behind a stop-loss, a take-profit or both."""
    world, symbol = scene.world, rng.choice(SYMBOLS)
    strategy = rng.choice([item.name for item in world.config.strategies])
    price = world.prices[symbol]
    fields: dict[str, object] = {}
    if rng.random() < 0.5:
        limit = round(price * rng.choice((0.99, 1.0, 1.01)), 2)
        fields = {"order_type": OrderType.LIMIT, "limit_price": limit}
        price = limit
    wanted = rng.choice(("both", "both", "stop", "target"))
    if wanted != "target":
        fields["stop_loss"] = round(price * rng.choice((0.995, 0.98, 0.96)), 2)
    if wanted != "stop":
        fields["take_profit"] = round(price * rng.choice((1.005, 1.02)), 2)
    world.decide(Side.BUY, float(rng.randint(2, 200)), symbol, by=strategy, **fields)
    return True


def protect(scene: Scene, rng: Random) -> bool:
    """Let a strategy ask for a protective stop around what it holds, or for another one."""
    world, symbol = scene.world, rng.choice(SYMBOLS)
    strategy = rng.choice([item.name for item in world.config.strategies])
    held = world.core.state.ledger.position_of(strategy, symbol).qty
    if held <= 0 and rng.random() < 0.9:
        return False
    price = world.prices[symbol]
    world.decide(
        Side.SELL,
        max(1.0, held),
        symbol,
        by=strategy,
        order_type=OrderType.STOP,
        stop_price=round(price * rng.choice((0.995, 0.97)), 2),
        take_profit=round(price * 1.01, 2) if rng.random() < 0.5 else None,
        protects=True,
        tif=TimeInForce.GTC,
        leg="protect",
    )
    return True


def swing(scene: Scene, rng: Random) -> bool:
    """Let a price move so far that a stop or a target is reached, and what is reached be filled in part or whole."""
    world, symbol = scene.world, rng.choice(SYMBOLS)
    world.prices[symbol] = round(
        max(20.0, world.prices[symbol] * rng.choice((0.97, 0.99, 0.995, 1.006, 1.01, 1.02))), 2
    )
    for order in protective(scene):
        left = world.broker.left(order)
        if left <= 0 or order.status == "Inactive" or rng.random() < 0.3:
            continue
        qty = left if rng.random() < 0.5 else max(1.0, float(int(left * rng.random())))
        fill = world.broker.fill(order.perm_id, min(qty, left), world.prices[order.symbol], world.market_ns)
        scene.wire.tell_fill(fill, world.broker.commissions[-1])
        scene.coverage.sometimes["a protective order fills"] += 1
        scene.happened("stop")
        return True
    return True


def protective(scene: Scene) -> list[BrokerOrder]:
    """Return the broker's live orders that this program placed for protection."""
    live = []
    for order in scene.world.broker.live():
        ours = scene.ours(order)
        if ours is not None and ours.intent.purpose is Purpose.STOP:
            live.append(order)
    return live
