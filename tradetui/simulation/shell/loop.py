"""An event loop whose time is virtual: nothing waits, and the same callbacks run in the same order every time.

Invariant: time moves only to the next scheduled callback (and creeps by a microsecond a turn, because the IB library's
throttle spins while time stands still). A process that was killed runs no callback any more, not even a `finally`.
"""

from __future__ import annotations

import asyncio
import contextvars
import selectors
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Any, TypeVar, TypeVarTuple, Unpack

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

CREEP_S = 1e-6


class Deadlock(Exception):
    """Nothing is ready and nothing is scheduled: everything waits for something that never comes."""


@dataclass(eq=False)
class Life:
    """One life of a simulated process. What it still wanted to run when it died is kept for the undertaker."""

    name: str
    dead: bool = False
    left: list[tuple[Callable[..., object], tuple[object, ...], contextvars.Context]] = field(default_factory=list)


LIFE: contextvars.ContextVar[Life | None] = contextvars.ContextVar("LIFE", default=None)


class _NoWait(selectors.SelectSelector):
    """A selector that never waits: it moves the loop's time instead."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Pass `timeout` seconds at once."""
        if timeout is None:
            raise Deadlock("nothing is scheduled any more")
        self.now_s += timeout if timeout > 0 else CREEP_S
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """`network` makes its connections; `run_in_executor` runs at once, because threads break determinism."""

    def __init__(self) -> None:
        self._clockwork = _NoWait()
        super().__init__(self._clockwork)
        self.network: Any = None

    def time(self) -> float:
        """Return virtual seconds since the loop was made."""
        return self._clockwork.now_s

    def mono_ns(self) -> int:
        """Return the same in nanoseconds."""
        return int(self._clockwork.now_s * 1_000_000_000)

    def call_soon(
        self, callback: Callable[[Unpack[Ts]], object], *args: *Ts, context: contextvars.Context | None = None
    ) -> asyncio.Handle:
        """Run `callback` in the next turn, unless its process has died by then."""
        context = contextvars.copy_context() if context is None else context  # an empty one is false
        life = context.get(LIFE)
        if life is None:
            return super().call_soon(callback, *args, context=context)
        return super().call_soon(_alive, life, callback, args, context, context=context)

    def call_at(
        self,
        when: float,
        callback: Callable[[Unpack[Ts]], object],
        *args: *Ts,
        context: contextvars.Context | None = None,
    ) -> asyncio.TimerHandle:
        """Run `callback` at `when`, unless its process has died by then."""
        context = contextvars.copy_context() if context is None else context  # an empty one is false
        life = context.get(LIFE)
        if life is None:
            return super().call_at(when, callback, *args, context=context)
        return super().call_at(when, _alive, life, callback, args, context, context=context)

    def run_in_executor(
        self, executor: Executor | None, func: Callable[[Unpack[Ts]], T], *args: *Ts
    ) -> asyncio.Future[T]:
        """Run `func` here and now."""
        future: asyncio.Future[T] = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:
            future.set_exception(error)
        return future

    async def create_connection(self, protocol_factory: Any, host: Any = None, port: Any = None, **_: Any) -> Any:
        """Connect to a listener of the simulated network."""
        return await self.network.connect(protocol_factory, port)

    async def create_server(self, protocol_factory: Any, host: Any = None, port: Any = None, **_: Any) -> Any:
        """Listen on the simulated network."""
        return self.network.listen(protocol_factory, port)

    def bury(self, life: Life) -> None:
        """Let a dead process run its pending callbacks, so that its tasks can be ended; only after the episode."""
        life.dead = False
        for callback, args, context in life.left:
            super().call_soon(callback, *args, context=context)
        life.left.clear()


def _alive(life: Life, callback: Callable[..., object], args: tuple[object, ...], context: contextvars.Context) -> None:
    if life.dead:
        life.left.append((callback, args, context))
    else:
        callback(*args)


def context_of(life: Life) -> contextvars.Context:
    """Return a context in which everything belongs to `life`."""
    context = contextvars.copy_context()
    context.run(LIFE.set, life)
    return context


def report_of(context: Mapping[str, Any]) -> str:
    """Return what an exception handler of the loop was told, in one line."""
    error = context.get("exception")
    return f"{context.get('message', '')}: {type(error).__name__}: {error}" if error else str(context.get("message"))
