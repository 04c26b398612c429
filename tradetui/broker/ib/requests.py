"""Questions under way: each has an id or a name, rows, an end marker and a time limit.

Invariant: a question ends in exactly one way: its end marker came (rows, maybe none), the broker refused it, its time
ran out, or the link broke. Only the first is an answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum

from tradetui.broker.ib.errors import mapped_errors
from tradetui.domain.errors import BrokerError, BrokerRefused, NotConnected

#: Request ids begin here, so that the id in an error message tells a request from an order.
FIRST_REQUEST_ID = 1_000_000_000


class Singleton(StrEnum):
    """Requests that IB lets us have one at a time, because their answers carry no id."""

    OPEN_ORDERS = "open orders"
    COMPLETED_ORDERS = "completed orders"
    POSITIONS = "positions"
    ACCOUNT = "account values"
    TIME = "server time"
    MARKET_RULE = "market rule"


Key = int | Singleton


@dataclass(slots=True)
class _Pending:
    future: asyncio.Future[None]
    rows: list[object] = field(default_factory=list)


class Requests:
    """The open questions of one session."""

    def __init__(self) -> None:
        self._pending: dict[Key, _Pending] = {}
        self._next_id = FIRST_REQUEST_ID
        self._locks: dict[Singleton, asyncio.Lock] = {name: asyncio.Lock() for name in Singleton}
        self._broken: str | None = None

    def new_id(self) -> int:
        """Return a request id never used in this session."""
        self._next_id += 1
        return self._next_id - 1

    def is_open(self, key: Key) -> bool:
        """Return whether an answer to `key` is awaited."""
        return key in self._pending

    def add(self, key: Key, row: object) -> bool:
        """Keep one row of an answer; False when nobody asked."""
        pending = self._pending.get(key)
        if pending is None:
            return False
        pending.rows.append(row)
        return True

    def finish(self, key: Key) -> None:
        """The end marker of `key` came."""
        pending = self._pending.get(key)
        if pending is not None and not pending.future.done():
            pending.future.set_result(None)

    def refuse(self, key: Key, code: int, text: str) -> bool:
        """The broker answered `key` with an error; False when nobody asked."""
        return self._fail(key, BrokerRefused(code, text))

    def break_all(self, reason: str) -> None:
        """The link broke: no question gets an answer any more."""
        self._broken = reason
        for key in list(self._pending):
            self._fail(key, NotConnected(f"{key}: {reason}"))

    async def ask(self, key: Key, send: Callable[[], None], timeout_s: float) -> list[object]:
        """Send a question and return its rows once its end marker came.

        Raises:
            BrokerRefused, BrokerTimeout, NotConnected: there is no complete answer.
        """
        if isinstance(key, Singleton):
            # A second one under way would take the first one's end marker for its own.
            async with self._locks[key]:
                return await self._ask(key, send, timeout_s)
        return await self._ask(key, send, timeout_s)

    async def _ask(self, key: Key, send: Callable[[], None], timeout_s: float) -> list[object]:
        if self._broken is not None:
            raise NotConnected(f"{key}: {self._broken}")
        pending = self._pending[key] = _Pending(asyncio.get_running_loop().create_future())
        try:
            with mapped_errors(key if isinstance(key, Singleton) else "request", timeout_s):
                send()
                # Not wait_for: before Python 3.12 it can swallow a cancellation that meets the answer.
                async with asyncio.timeout(timeout_s):
                    await pending.future
        finally:
            del self._pending[key]
        return pending.rows

    def _fail(self, key: Key, error: BrokerError) -> bool:
        pending = self._pending.get(key)
        if pending is None:
            return False
        with suppress(asyncio.InvalidStateError):
            pending.future.set_exception(error)
        return True
