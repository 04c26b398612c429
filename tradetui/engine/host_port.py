"""What the shell needs of whatever runs a strategy: a host process when trading, plain objects in a simulation."""

from __future__ import annotations

import asyncio
from typing import Protocol

from tradetui.domain.actions import DeliverBar


class StrategyPort(Protocol):
    """One strategy. Everything but `run` returns at once."""

    warmup_bars: asyncio.Future[int]
    """How many bars of the past it needs, known once it has loaded."""

    def deliver(self, action: DeliverBar) -> None:
        """Hand a closed bar over."""

    def history_complete(self) -> None:
        """Say that every bar of the past was delivered: the strategy may go live."""

    def switch(self, *, run: bool, reason: str) -> None:
        """Start or stop the strategy by the operator's will."""

    async def run(self) -> None:
        """Keep the strategy running while it is wanted; never returns."""
