"""Blocking calls on threads that may be left behind.

Invariant: a caller waits at most its limit, whatever the call does; a call that hangs never keeps the process from
ending, and at most `MAX_LEFT` of them exist.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar

MAX_LEFT = 8

_T = TypeVar("_T")


class CallTimeout(Exception):
    """The call has not answered within its limit; it may still be running."""


class TooManyCalls(Exception):
    """Too many earlier calls still hang: this one was not started."""


class BlockingCalls:
    """Runs each call on a daemon thread of its own. Calls are rare here, threads of a pool could all hang."""

    def __init__(self, max_left: int = MAX_LEFT) -> None:
        self._slots = threading.BoundedSemaphore(max_left)

    async def run(self, call: Callable[[], _T], *, limit_s: float) -> _T:
        """Return what `call` returns, or raise what it raises.

        Raises:
            CallTimeout: no answer within `limit_s`.
            TooManyCalls: the call was not started.
        """
        if not self._slots.acquire(blocking=False):
            raise TooManyCalls
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[_T] = loop.create_future()
        threading.Thread(target=self._carry_out, args=(call, loop, answer), daemon=True, name="alert-call").start()
        try:
            async with asyncio.timeout(limit_s):
                return await answer
        except TimeoutError:
            raise CallTimeout from None

    def _carry_out(self, call: Callable[[], _T], loop: asyncio.AbstractEventLoop, answer: asyncio.Future[_T]) -> None:
        result: _T | None = None
        failure: BaseException | None = None
        try:
            result = call()
        except BaseException as error:  # handed to whoever awaits
            failure = error
        finally:
            self._slots.release()

        def settle() -> None:
            if answer.done():
                return
            if failure is not None:
                answer.set_exception(failure)
            else:
                answer.set_result(result)  # type: ignore[arg-type]  # _T may itself be None

        try:
            loop.call_soon_threadsafe(settle)
        except RuntimeError:
            return  # the loop ended meanwhile: nobody waits
