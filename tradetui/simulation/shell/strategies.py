"""Strategies of the simulation: they want something at most bars, by a seed of their own, and answer late at times."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from random import Random

from tradetui.domain.actions import DeliverBar
from tradetui.domain.events import Event, SignalsProposed, StrategyStatus
from tradetui.domain.order import OrderType, Side, Signal

WARMUP_BARS = 5
#: Part of the bars that it wants something at, and of its answers that come late.
WANTS = 0.6
LATE = 0.05


class SimulatedStrategy:
    """A `StrategyPort` in this process. `wish` decides; every bar is checked to be new."""

    def __init__(self, name: str, seed: int, report: Callable[[Event], None], broken: Callable[[str], None]) -> None:
        self.name = name
        self.warmup_bars: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._seed = seed
        self._report = report
        self._broken = broken
        self._newest: dict[str, int] = {}
        self._warm = asyncio.Event()
        self._live = False
        self._wanted = True

    async def run(self) -> None:
        """Load, warm up, then run while it is wanted; never returns."""
        if not self.warmup_bars.done():
            self.warmup_bars.set_result(WARMUP_BARS)
        await self._warm.wait()
        self._report(StrategyStatus(self.name, "running"))
        self._live = True
        await asyncio.get_running_loop().create_future()

    def deliver(self, action: DeliverBar) -> None:
        """Take a bar; answer it when it asks for a decision."""
        bar = action.bar
        if bar.end_ns <= self._newest.get(bar.symbol, 0):
            self._broken(f"I22: {self.name} sees the bar of {bar.symbol} at {bar.end_ns} again or out of order")
        self._newest[bar.symbol] = bar.end_ns
        if not action.decide or not (self._wanted and self._live):
            return
        # Every bar has its own randomness: what was wished before changes nothing about it.
        rng = Random(f"{self._seed}/{self.name}/{bar.symbol}/{bar.end_ns}")  # noqa: S311 (repeatable)
        delay_s = rng.uniform(0.2, 3.0) if rng.random() < LATE else rng.uniform(0.001, 0.01)
        answer = SignalsProposed(self.name, bar.symbol, bar.end_ns, self._wish(rng, action))
        asyncio.get_running_loop().call_later(delay_s, self._report, answer)

    def history_complete(self) -> None:
        """Go live."""
        self._warm.set()

    def switch(self, *, run: bool, reason: str) -> None:
        """Start or stop."""
        self._wanted = run
        self._report(StrategyStatus(self.name, "running" if run else "stopped", reason))

    def _wish(self, rng: Random, action: DeliverBar) -> tuple[Signal, ...]:
        if rng.random() > WANTS:
            return ()
        bar, held = action.bar, action.position.qty
        if held > 0 and rng.random() < 0.6:
            qty = held if rng.random() < 0.7 else max(1.0, float(int(held * rng.random())))
            return (Signal(symbol=bar.symbol, side=Side.SELL, qty=qty, reason="simulated"),)
        qty = float(rng.randint(1, 60)) if rng.random() < 0.2 else float(rng.randint(1, 30))
        if rng.random() < 0.4:
            price = round(bar.close * rng.choice((0.98, 0.995, 1.0, 1.005)), 2)
            return (
                Signal(
                    symbol=bar.symbol,
                    side=Side.BUY,
                    qty=qty,
                    order_type=OrderType.LIMIT,
                    limit_price=price,
                    reason="simulated",
                ),
            )
        return (Signal(symbol=bar.symbol, side=Side.BUY, qty=qty, reason="simulated"),)
