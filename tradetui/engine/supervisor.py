"""Owner of every background task: none ends unnoticed.

Invariant: a part that ends without being asked is reported as unhealthy (which blocks entries), started again with
growing pauses, and reported healthy only after it has held for a while.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tradetui.domain.events import HealthChanged

_log = logging.getLogger(__name__)

BACKOFF_S = (0.2, 1.0, 5.0, 30.0)
#: A part that has run this long since its last failure counts as healthy again.
STABLE_S = 10.0

Part = Callable[[], Awaitable[None]]
HealthSink = Callable[[HealthChanged], None]


@dataclass(frozen=True, slots=True)
class Patience:
    """Pauses between restarts and the time that proves health, real seconds."""

    backoff_s: tuple[float, ...] = BACKOFF_S
    stable_s: float = STABLE_S


class Supervisor:
    """Runs named parts until it is closed."""

    def __init__(self, report: HealthSink, patience: Patience | None = None) -> None:
        self._report = report
        self._patience = patience or Patience()
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def start(self, name: str, part: Part) -> None:
        """Run `part` and keep it running. `name` is unique among the parts."""
        if name in self._tasks:
            raise ValueError(f"there is a part {name!r} already")
        self._tasks[name] = asyncio.get_running_loop().create_task(self._keep(name, part), name=name)

    async def stop(self, name: str) -> None:
        """End one part and wait for its end; unknown names are ignored."""
        task = self._tasks.pop(name, None)
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def close(self) -> None:
        """End every part, the latest started first."""
        for name in reversed(list(self._tasks)):
            await self.stop(name)

    async def _keep(self, name: str, part: Part) -> None:
        failures = 0
        while True:
            proof = asyncio.create_task(self._prove(name)) if failures else None
            began = asyncio.get_running_loop().time()
            reason = await self._run_once(name, part)
            if proof is not None:
                proof.cancel()
            held = asyncio.get_running_loop().time() - began >= self._patience.stable_s
            failures = 1 if held else failures + 1
            self._report(HealthChanged(name, healthy=False, detail=f"{name} failed: {reason}"))
            await asyncio.sleep(self._patience.backoff_s[min(failures, len(self._patience.backoff_s)) - 1])

    async def _run_once(self, name: str, part: Part) -> str:
        try:
            await part()
        except Exception as error:
            _log.exception("part %s failed", name)
            return f"{type(error).__name__}: {error}"
        _log.error("part %s ended without being asked", name)
        return "it ended without being asked"

    async def _prove(self, name: str) -> None:
        await asyncio.sleep(self._patience.stable_s)
        self._report(HealthChanged(name, healthy=True, detail=f"{name} runs again"))
